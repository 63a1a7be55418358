"""The whole of `demosim backtest --fan`: read a history, launch fans in the past, say how often their bands held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import xarray as xr

from demosim.baseline.calibrate.sizes import SIZE_CUTS
from demosim.baseline.read import read_facts
from demosim.costs.prices import read_deflator
from demosim.errors import usage_error
from demosim.files import replacing, without_formulas
from demosim.uncertainty.fan_backtest import (
    FIT,
    LEVELS,
    TEST,
    FanDesign,
    backtest_bands,
    binomial,
    coverage,
    pooled,
)
from demosim.uncertainty.run import read_evidence

GOAL = 5.0  # points from the level
LAST = 10  # years of the record in which the estimates that were too high are counted
NORMAL_80 = NormalDist().inv_cdf(0.9)  # standard deviations from the middle to the end of an 80 per cent band
RECORD_PRICES, BILLION = 2020, 1e9


@dataclass(frozen=True)
class FanRecord:
    """How bands of the past held.

    `country`: next year's demographic expenditure by launch, kroner; `held`: share of launches inside by level with
    its 95 % interval; `fit`, `test`: coverage of municipalities by kind and size class on the launches that the draws
    were chosen on and on those that confirm, per cent; `detail`: by launch, years ahead, size and group; `budgets`:
    the record of budget estimates.
    """

    country: pd.DataFrame
    held: pd.DataFrame
    fit: pd.DataFrame
    test: pd.DataFrame
    detail: pd.DataFrame
    budgets: dict[str, float]
    notes: tuple[str, ...]


def run_fan_backtest(
    history: Path, unit_cost: xr.DataArray, launches: Sequence[int] = range(FIT[0], TEST[1] + 1),
    ahead: Sequence[int] = (1, 3, 5), draws: int = 400, seed: int = 1, fit: tuple[int, int] = FIT,
    test: tuple[int, int] = TEST, mortality: Path | None = None, fertility: Path | None = None,
    nation: Path | None = None, baseline: xr.Dataset | None = None, threads: int = 1, output: Path | None = None,
    report: Callable[[int, int], None] | None = None, cuts: tuple[float, ...] = SIZE_CUTS,
) -> FanRecord:  # fmt: skip
    """Back-test of bands from files; see `demosim.uncertainty.run.run_backtest` for the files.

    unit_cost: kroner (service, age), the same in all years. fit, test: first and last launch of either half. cuts: of
    the size classes. With an output path, `detail` is written as CSV. Raises a `DemosimError` (2) where either half
    has no launch.
    """
    for name, (first, last) in {"fit": fit, "test": test}.items():
        if not any(first <= launch <= last for launch in launches):
            raise usage_error(f"no launch in {first}-{last} to {name} on", path="launch")
    evidence, notes = read_evidence(history, mortality, fertility, nation, baseline)
    design = FanDesign(tuple(launches), tuple(ahead), draws, seed, cuts)
    bands, country = backtest_bands(evidence, design, unit_cost, threads, report)
    detail = coverage(bands)
    if output is not None:
        with replacing(output) as temporary:
            without_formulas(detail).to_csv(temporary, index=False, float_format="%.4f", encoding="utf-8")
    chosen, confirmed = pooled(detail, fit), pooled(detail, test)
    return FanRecord(country, _held(country), chosen, confirmed, detail, budget_record(), notes)


def missed(table: pd.DataFrame, goal: float = GOAL) -> pd.DataFrame:
    """The rows of a table of coverage that are farther than some points from either level."""
    far = [np.abs(table[f"{level:.0%}"] - 100 * level) > goal for level in LEVELS]
    return table[np.any(far, axis=0)]


def budget_record() -> dict[str, float]:
    """How budget estimates of demographic expenditure missed, bn 2020-kr: what a band is to be laid beside.

    `half_width`: of an 80 per cent band around estimates that miss as these did, were the misses normal and unbiased.
    """
    facts = read_facts("estimate_vs_outcome").astype(float)
    miss = facts["estimate"] - facts["outcome"]
    rmse = float(np.sqrt((miss**2).mean()))
    return {
        "mean_absolute_miss": float(miss.abs().mean()), "rmse": rmse,
        "mean_estimate": float(facts["estimate"].mean()), "years": float(len(facts)),
        "first": float(facts["year"].min()), "last": float(facts["year"].max()),
        "too_high_last_ten": float((miss[-LAST:] > 0).sum()), "half_width": NORMAL_80 * rmse,
    }  # fmt: skip


def next_year_half_width(fan: xr.Dataset) -> dict[str, float]:
    """Half the width of a fan's 80 per cent band of the first budget year, whole sector, regardless of financing.

    Returns bn kr in the fan's prices, `ours`, and in those of the record, `ours_2020`: NaN where the price index does
    not cover the fan's price year.
    """
    band = fan["demographic_expenditure"].sel(financing="all", service="total", region="country").isel(budget_year=0)
    half = float(band.sel(quantile=0.9) - band.sel(quantile=0.1)) / 2 / BILLION
    index, price_year = read_deflator(), int(fan.attrs["price_year"])
    factor = index.factor(price_year, RECORD_PRICES) if price_year in index.level else float("nan")
    return {"ours": half, "ours_2020": half * factor}


def _held(country: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for level in LEVELS:
        share, low, high = binomial(country[f"inside_{level:.0%}"].tolist())
        rows.append({"level": level, "launches": len(country), "share": share, "low": low, "high": high})
    return pd.DataFrame(rows)
