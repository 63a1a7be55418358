"""Bands against what happened: the fan launched in the past with what was known then, and how often it held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binomtest

from demosim.baseline.calibrate.sizes import SIZE_CUTS, size_classes
from demosim.projection import assumption_arrays
from demosim.uncertainty.backtest import Design, Evidence, estimates_at, honest_assumptions
from demosim.uncertainty.fan import QUANTILES, age_groups
from demosim.uncertainty.fan_draws import Drawn, Sources, simulate
from demosim.uncertainty.fan_history import national_series
from demosim.uncertainty.fan_local import local_from
from demosim.uncertainty.fan_national import estimate_national
from demosim.uncertainty.fan_waves import waves_from
from demosim.uncertainty.scores import AGE_GROUPS, age_group

LEVELS = {0.67: (1, 3), 0.80: (0, 4)}  # of a band, with the places of its ends among the quantiles
FIT, TEST = (2011, 2016), (2017, 2021)
AGES, NEED = "age groups", "need"
GROUPS = (*AGE_GROUPS, NEED)


@dataclass(frozen=True)
class FanDesign:
    """Launches, years ahead, draws, seed, and size classes of a back-test of bands."""

    launches: Sequence[int]
    ahead: Sequence[int] = (1, 3, 5)
    draws: int = 400
    seed: int = 1
    cuts: tuple[float, ...] = SIZE_CUTS


@dataclass(frozen=True)
class Bands:
    """One launch and one number of years ahead: quantiles (quantile, group, municipality) of persons and need, what
    came (group, municipality), and the size class of each municipality."""

    launch: int
    ahead: int
    quantiles: np.ndarray
    truth: np.ndarray
    size: np.ndarray


def launch_fan(evidence: Evidence, design: FanDesign, launch: int, unit_cost: xr.DataArray, threads: int = 1) -> Drawn:
    """Draws from what was known on 1 January of a launch year; unit costs are not uncertain."""
    reach = min(max(design.ahead), evidence.last_date - launch)
    plan = Design(design.launches, design.ahead, design.cuts)
    estimates = estimates_at(evidence, plan, launch)
    assumptions = honest_assumptions(evidence, estimates, reach, plan.paths)
    nation = evidence.nation if evidence.nation is not None else evidence.history["population"].sum("municipality")
    series = national_series(nation, evidence.mortality, evidence.fertility, launch)
    county = evidence.history["county"].values
    local = local_from(estimates.dataset, assumption_arrays(assumptions), county, assumptions["age"].values)
    waves = None
    if estimates.settlement is not None:
        waves = waves_from(estimates.settlement, evidence.national.persons, launch)
    sources = Sources(estimate_national(series), local, waves=waves)
    groups = age_groups(assumptions["age"].values)
    return simulate(assumptions, unit_cost, sources, design.draws, design.seed, groups, threads)


def backtest_bands(
    evidence: Evidence, design: FanDesign, unit_cost: xr.DataArray, threads: int = 1,
    report: Callable[[int, int], None] | None = None,
) -> tuple[list[Bands], pd.DataFrame]:  # fmt: skip
    """Bands of persons and need by launch and years ahead; the country's one-year demographic expenditure beside its.

    unit_cost: kroner (service, age), the same in all years: what is tested is the population. The table has a row for
    each launch: ends of the bands, what came, and whether each held; kroner.
    """
    bands: list[Bands] = []
    rows: list[dict[str, object]] = []
    for number, launch in enumerate(design.launches):
        drawn = launch_fan(evidence, design, launch, unit_cost, threads)
        start = evidence.registered(launch)
        size = np.empty(len(start), object)
        for name, member in list(size_classes(start.sum((1, 2)), design.cuts).items())[1:]:
            size[member] = name
        for ahead in design.ahead:
            if launch + ahead <= evidence.last_date:
                truth = evidence.registered(launch + ahead)
                need = drawn.need[:, ahead].sum(1, keepdims=True, dtype=float)
                ends = np.quantile(np.concatenate([drawn.persons[:, ahead], need], axis=1), QUANTILES, axis=0)
                came = [age_group(truth, ages) for ages in AGE_GROUPS.values()]
                came.append(truth.sum(1) @ unit_cost.transpose("service", "age").values.sum(0))
                bands.append(Bands(launch, ahead, ends, np.stack(came), size))
        rows.append({"launch": launch} | _next_year(drawn, evidence, launch, unit_cost))
        if report is not None:
            report(number + 1, len(design.launches))
    return bands, pd.DataFrame(rows)


def _next_year(drawn: Drawn, evidence: Evidence, launch: int, unit_cost: xr.DataArray) -> dict[str, object]:
    """The country's demographic expenditure of the first budget year: band, what came, and whether it was inside."""
    need = drawn.need[:, :2].sum((2, 3), dtype=float)
    ends = np.quantile(need[:, 1] - need[:, 0], QUANTILES)
    costs = unit_cost.transpose("service", "age").values.sum(0)
    change = evidence.registered(launch + 1) - evidence.registered(launch)
    came = float((change.sum((0, 1)) * costs).sum())
    row: dict[str, object] = {"median": ends[2], "came": came}
    for level, (low, high) in LEVELS.items():
        row[f"low_{level:.0%}"], row[f"high_{level:.0%}"] = ends[low], ends[high]
        row[f"inside_{level:.0%}"] = bool(ends[low] <= came <= ends[high])
    return row


def binomial(inside: Sequence[bool]) -> tuple[float, float, float]:
    """Share of bands that held, and its 95 % interval (Clopper and Pearson 1934)."""
    found = binomtest(int(np.sum(inside)), len(inside))
    interval = found.proportion_ci(0.95, method="exact")
    return float(found.statistic), float(interval.low), float(interval.high)


def coverage(bands: Sequence[Bands]) -> pd.DataFrame:
    """Share of municipalities inside each band by launch, years ahead, size class and age group."""
    rows = []
    for band in bands:
        for size in sorted(set(band.size), key=_first_number):
            here = band.size == size
            for at, group in enumerate(GROUPS):
                row = {"launch": band.launch, "ahead": band.ahead, "size": size, "group": group}
                row["places"] = int(here.sum())
                rows.append(row | _inside(band.quantiles[:, at, here], band.truth[at, here]))
    return pd.DataFrame(rows)


def _first_number(size: str) -> float:
    return float(size.rstrip("+").split("-")[0])


def _inside(quantiles: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Share of places inside each band; a band of persons has half a person of slack at both ends."""
    return {
        f"{level:.0%}": float(((truth >= quantiles[low] - 0.5) & (truth <= quantiles[high] + 0.5)).mean())
        for level, (low, high) in LEVELS.items()
    }


def pooled(table: pd.DataFrame, launches: tuple[int, int]) -> pd.DataFrame:
    """Coverage by size class of totals, of all age groups together and of need, per cent, over launches and years."""
    chosen = table[table["launch"].between(*launches)].copy()
    chosen["kind"] = np.where(chosen["group"].isin(["total", NEED]), chosen["group"], AGES)
    levels = [f"{level:.0%}" for level in LEVELS]
    mean = chosen.groupby(["kind", "size"], sort=False)[levels].mean() * 100
    return mean.reset_index()
