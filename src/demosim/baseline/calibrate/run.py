"""The whole of `demosim calibrate`: read, estimate, write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from demosim.baseline.calibrate import history as read
from demosim.baseline.calibrate import report
from demosim.baseline.calibrate.estimates import LEVEL_WINDOW, Calibration, Waves, Windows, calibrate, write_estimates
from demosim.baseline.calibrate.national import NATION_FILE, national_flows, read_nation
from demosim.baseline.calibrate.sizes import SIZE_CUTS
from demosim.baseline.store import REFUGEE_PROFILE
from demosim.files import replacing, without_formulas, write_text

WAVES_NOTE = (
    "Waves of refugees are not kept apart: that needs a long series of the country (--nation) and a data set whose "
    "source.toml names a refugee_profile."
)
NOTE = (
    "Estimated with `demosim calibrate` from the registered population of municipalities before 1 January {launch}: "
    "cohort residual, age shape by multivariate empirical Bayes over {shape} years, level by restricted maximum "
    "likelihood over {level} years, fertility over {fertility} years; waves of refugees kept apart. "
    "See docs/accuracy.md."
)


def run_calibrate(
    history: Path,
    launch: int,
    output: Path | None = None,
    window: int = 10,
    mortality: Path | None = None,
    fertility: Path | None = None,
    nation: Path | None = None,
    baseline: xr.Dataset | None = None,
    cuts: tuple[float, ...] = SIZE_CUTS,
) -> tuple[Calibration, str]:
    """Estimate from files and, with an output folder, write `estimates.nc`, `steps.csv` and `calibration.txt` there.

    history, mortality, fertility, nation: files, the last three by default those of the usual names beside the
    history. window: years of the age shape. baseline: a data set, whose profile of refugees tells their waves and
    whose mortality stands in, marked rough, where there is no file of mortality. cuts: of the size classes reported on.

    Returns the calibration and its report as text.
    """
    population = read.read_history(history)
    deaths, notes = mortality_or_rough(
        history, mortality, baseline, range(int(population["year"][0]), launch + 1)
    )
    rates = read.read_fertility(read.auxiliary(history, fertility, read.FERTILITY_FILE, read.HOW_FERTILITY))
    series = nation or history.parent / NATION_FILE
    profile = refugee_profile(baseline)
    waves = None
    if profile is None or not series.is_file():
        notes += (WAVES_NOTE,)
    else:
        waves = Waves(national_flows(read_nation(series), deaths), profile)
    windows = Windows(shape=window, level=max(window, LEVEL_WINDOW))
    found = calibrate(population, deaths, rates, launch, windows, waves=waves)
    words = report.text(found, population, notes, cuts=cuts)
    if output is not None:
        note = NOTE.format(launch=launch, shape=windows.shape, level=windows.level, fertility=windows.fertility)
        write_estimates(found, output / "estimates.nc", " ".join((note, *notes)))
        with replacing(output / "steps.csv") as temporary:
            steps = without_formulas(report.step_table(found, population))
            steps.to_csv(temporary, index=False, float_format="%.4g", encoding="utf-8")
        write_text(output / "calibration.txt", words)
    return found, words


def refugee_profile(baseline: xr.Dataset | None) -> np.ndarray | None:
    """Shares of refugees by sex and age, without newborns and without cells where more leave than come; sums to one.

    None where there is no data set, or its `source.toml` names no `refugee_profile`.
    """
    if baseline is None or REFUGEE_PROFILE not in baseline.attrs:
        return None
    profile = np.maximum(baseline["migration_profile"].sel(profile=baseline.attrs[REFUGEE_PROFILE]).values, 0.0)
    profile[:, 0] = 0.0
    result: np.ndarray = profile / profile.sum()
    return result


def mortality_or_rough(
    history: Path, given: Path | None, baseline: xr.Dataset | None, launches: range
) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Mortality by launch year from a file, else rough from a data set, and what a reader must know of it.

    history: a file; `given`: one of mortality, by default that of the usual name beside the history. baseline: the data
    set whose mortality stands in, moved to the launches.
    """
    beside = history.parent / read.MORTALITY_FILE
    if given is not None or beside.is_file() or baseline is None:
        return read.read_mortality(read.auxiliary(history, given, read.MORTALITY_FILE, read.HOW_MORTALITY)), ()
    note = f"Mortality is rough: that of the data set moved back along its own decline; {read.HOW_MORTALITY}."
    return read.rough_mortality(baseline, launches), (note,)
