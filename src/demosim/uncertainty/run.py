"""The whole of `demosim backtest`: read, project from past launches, score, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from demosim.baseline.calibrate import history as read
from demosim.baseline.calibrate.national import NATION_FILE, read_nation
from demosim.baseline.calibrate.run import mortality_or_rough, refugee_profile
from demosim.baseline.calibrate.sizes import SIZE_CUTS
from demosim.files import replacing, without_formulas
from demosim.uncertainty.against import against, read_published
from demosim.uncertainty.backtest import Design, Evidence, as_dataset, backtest


@dataclass(frozen=True)
class BacktestResult:
    """`scores`: one row per launch, years ahead, method, age group and size class; `against`: likewise beside a
    published projection, or None; `notes`: what a reader must know."""

    scores: pd.DataFrame
    against: pd.DataFrame | None
    notes: tuple[str, ...]


def run_backtest(
    history: Path,
    launches: Sequence[int],
    ahead: Sequence[int] = (1, 2, 3, 5, 10),
    cuts: tuple[float, ...] = SIZE_CUTS,
    mortality: Path | None = None,
    fertility: Path | None = None,
    nation: Path | None = None,
    published: Path | None = None,
    baseline: xr.Dataset | None = None,
    output: Path | None = None,
) -> BacktestResult:
    """Back-test from files; with an output path, write the scores as CSV (`.csv`) and NetCDF (`.nc`) of that name.

    history and the files beside it: as for `run_calibrate`; published: municipal projections to compare with;
    baseline: a data set, for the profile of refugees and rough mortality.
    """
    evidence, notes = read_evidence(history, mortality, fertility, nation, baseline)
    design = Design(tuple(launches), tuple(ahead), tuple(cuts))
    scores = backtest(evidence, design)
    beside = None if published is None else against(evidence, design, read_published(published), baseline=baseline)
    if output is not None:
        write_scores(scores, output)
        if beside is not None:
            write_scores(beside, output.with_name(f"{output.stem}-against{output.suffix}"))
    return BacktestResult(scores, beside, notes)


def read_evidence(
    history: Path, mortality: Path | None, fertility: Path | None, nation: Path | None, baseline: xr.Dataset | None
) -> tuple[Evidence, tuple[str, ...]]:
    """All that a back-test looks at, and notes on what is rough or missing."""
    population = read.read_history(history)
    launches = range(int(population["year"][0]), int(population["year"][-1]) + 1)
    deaths, notes = mortality_or_rough(history, mortality, baseline, launches)
    rates = read.read_fertility(read.auxiliary(history, fertility, read.FERTILITY_FILE, read.HOW_FERTILITY))
    beside = nation or history.parent / NATION_FILE
    series = read_nation(beside) if nation is not None or beside.is_file() else None
    if series is None:
        notes += ("No long series of the country (--nation): its mean migration rests on the history alone.",)
    profile = None if series is None else refugee_profile(baseline)
    return Evidence(population, deaths, rates, series, refugee_profile=profile), notes


def write_scores(scores: pd.DataFrame, output: Path) -> None:
    """Write scores as tidy CSV and as NetCDF beside it, each whole or not at all."""
    with replacing(output.with_suffix(".csv")) as temporary:
        without_formulas(scores).to_csv(temporary, index=False, float_format="%.4f", encoding="utf-8")
    with replacing(output.with_suffix(".nc")) as temporary:
        as_dataset(scores).to_netcdf(temporary, engine="netcdf4")
