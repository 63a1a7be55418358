"""Assumptions of single municipalities that a tornado moves: the level of net migration, and fertility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.settlement import lean
from demosim.sweep.changes import LANGUAGES, Change, change_of
from demosim.sweep.ranges import Range, read_ranges

YEARS = 5  # over which the yearly noise of a level averages out; the ranges are of five years


def list_municipal_changes(
    assumptions: xr.Dataset, estimates: xr.Dataset, codes: Sequence[str], ranges: Mapping[str, Range] | None = None
) -> list[Change]:
    """For each municipality: persons a year more or fewer, ages as they have moved with the level; its fertility.

    estimates: see `demosim.baseline.calibrate.estimates`. The 10th and 90th percentile of a mean over five years: what
    is not known of the level at the launch, how it wanders on, and the noise of five years; of fertility what is
    not known of the factor, and how it wanders on.
    """
    known = ranges or read_ranges()
    places = [str(code) for code in assumptions["municipality"].values]
    names = assumptions["municipality_name"] if "municipality_name" in assumptions.coords else None
    people = assumptions["jump_off_population"].transpose("municipality", "sex", "age").values
    band = assumptions["deviation_band"].transpose("sex", "age_end_of_year").values.astype(int)
    response = estimates["level_response"].values
    spread, error = level_spread(estimates, people.sum((1, 2))), fertility_spread(estimates)
    found = []
    for code in codes:
        at = places.index(code)
        labels = dict.fromkeys(LANGUAGES, code if names is None else str(names.values[at]))
        persons = float(people[at].sum())
        bands = response / max(float((response[band] * people[at]).sum()), 1e-9)
        level = change_of(f"level.{code}", "level", known["level"], labels, float(spread[at]) * persons)
        found.append(replace(level, municipality=at, bands=bands))
        factor = change_of(f"fertility_factor.{code}", "fertility_factor", known["fertility_factor"], labels)
        ends = np.exp(error[at] * np.array([factor.low, factor.high]))
        found.append(replace(factor, municipality=at, low=float(ends[0]), high=float(ends[1])))
    return found


def fertility_spread(estimates: xr.Dataset) -> np.ndarray:
    """Standard deviation (municipality,) of the mean log fertility factor of five years about its estimate."""
    # a step of year s counts in the years from s on
    steps = float((np.arange(1, YEARS + 1) ** 2).sum()) / YEARS**2 * float(estimates["fertility_step_variance"])
    known = estimates["fertility_factor_variance"].values / estimates["fertility_factor"].values ** 2
    result: np.ndarray = np.sqrt(known + steps)
    return result


def level_spread(estimates: xr.Dataset, population: np.ndarray) -> np.ndarray:
    """Standard deviation (municipality,) of the mean yearly rate of five years about its estimate.

    Unknown lasting, fading and county part, each fading on; what the lasting and the fading part pick up on the way;
    the pull of size in those years; yearly noise.

    population: persons (municipality,).
    """
    half_life = estimates["deviation_half_life"].sel(part=["lasting", "fading"]).values
    process = estimates["level_process_variance"].sel(part=["lasting", "fading"]).values
    kept = 0.5 ** (1 / half_life)
    years = np.arange(YEARS)
    weight = (kept[:, None] ** years).mean(1)
    # a shock that comes in year s counts in the years from s on
    late = np.array([[sum(k ** (t - s) for t in range(s, YEARS)) / YEARS for s in range(1, YEARS)] for k in kept])
    wander = float((process * (1 - kept**2) * (late**2).sum(1)).sum())
    together = kept[0] ** np.abs(years[:, None] - years)
    pull = float(estimates["level_pull_variance"]) * together.mean() * lean(population, population) ** 2
    variance = (
        weight[0] ** 2 * (estimates["level_lasting_variance"].values + estimates["level_county_variance"].values)
        + weight[1] ** 2 * estimates["level_fading_variance"].values
        + 2 * weight[0] * weight[1] * estimates["level_part_covariance"].values
        + wander
        + pull
        + estimates["level_noise_variance"].values / YEARS
    )
    result: np.ndarray = np.sqrt(np.maximum(variance, 0.0))
    return result
