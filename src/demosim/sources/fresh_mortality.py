"""Mortality from the published life table: probabilities by age on 1 January, smoothed beside the carried table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import gaussian_filter1d

from demosim.axes import SEXES
from demosim.baseline.mortality import DeclineTable, to_prob
from demosim.errors import run_error

INFANT_SHARE = 0.1  # of their first year that those who die in it live, where few do
YEARS_TO_LAUNCH = 3  # from the middle of five years before a launch to the launch year


@dataclass(frozen=True)
class FreshMortality:
    """Life tables of many years beside the carried table.

    `exact` (year, sex, exact_age): probability of death between exact ages; `carried`: the table whose shape and
    decline are kept; `persons` (year, sex, age) on 1 January; `pool`, `smoothing`, `oldest`: see `data/fresh.toml`.
    """

    exact: xr.DataArray
    carried: DeclineTable
    persons: xr.DataArray
    pool: int
    smoothing: float
    oldest: int

    @property
    def years(self) -> list[int]:
        """Years that have both a life table and a population, in order."""
        both = set(self.exact["year"].values.tolist()) & set(self.persons["year"].values.tolist())
        return sorted(int(year) for year in both)

    def table(self, first: int, last: int, at: int) -> tuple[np.ndarray, np.ndarray]:
        """Probability of death (sex, age on 1 January) of the year `at`, newborn survival (sex,), from pooled years.

        The carried table moved along its decline to each year, times registered deaths over its expected deaths:
        both smoothed over age, so that a single year's chance does not enter and the ages keep their shape.
        """
        years = [year for year in self.years if first <= year <= last]
        if not years:
            raise run_error(f"the life tables have no year from {first} to {last}", code="missing", file="life-table")
        deaths, expected = np.zeros_like(self.carried.death_prob), np.zeros_like(self.carried.death_prob)
        infants, expected_infants = np.zeros(len(SEXES)), np.zeros(len(SEXES))
        for year in years:
            persons = self.persons.sel(year=year).values
            exact = self.exact.sel(year=year).values
            carried = to_prob(self.carried.hazard(year))
            deaths += persons * on_1_january(exact, persons.shape[-1])
            expected += persons * carried
            infants += exact[:, 0]
            survival = self.carried.newborn_survival_prob(year)
            expected_infants += 1 - survival * (1 - carried[:, 0] / 2)
        beyond = slice(self.oldest + 1, None)  # few persons, and the end of the table
        deaths[:, beyond] = expected[:, beyond] = 0
        ratio = _smooth(deaths, self.smoothing) / np.maximum(_smooth(expected, self.smoothing), 1e-12)
        ratio[:, self.oldest :] = ratio[:, self.oldest][:, None]
        lost = (1 - self.carried.newborn_survival_prob(at)) * infants / expected_infants
        return to_prob(self.carried.hazard(at) * ratio), 1 - lost

    def newest(self) -> tuple[int, np.ndarray, np.ndarray]:
        """The newest year, its table from the years pooled up to it, and its newborn survival."""
        last = self.years[-1]
        return last, *self.table(last - self.pool + 1, last, last)

    def in_year(self) -> xr.DataArray:
        """Probability of death (year, sex, age on 1 January) of every year by itself, smoothed over age."""
        rows = [self.table(year, year, year)[0] for year in self.years]
        coords = {"year": self.years, "sex": list(SEXES), "age": np.arange(rows[0].shape[1])}
        return xr.DataArray(np.stack(rows), coords, ("year", "sex", "age"))

    def by_launch(self, launches: range) -> pd.DataFrame:
        """What was known at each launch: the five years before it, in the form that calibration reads."""
        rows = []
        for launch in launches:
            first = max(launch - 5, self.years[0])
            prob, survival = self.table(first, max(launch - 1, first), launch - YEARS_TO_LAUNCH)
            for s, sex in enumerate(SEXES):
                known = {"launch_year": launch, "sex": sex, "age": np.arange(prob.shape[1]), "death_prob": prob[s]}
                known |= {"improvement_rate": self.carried.decline[s], "newborn_survival": survival[s]}
                rows.append(pd.DataFrame(known))
        return pd.concat(rows, ignore_index=True)


def fresh_mortality(
    life_table: xr.DataArray, persons: xr.DataArray, carried: DeclineTable, settings: Mapping[str, Any]
) -> FreshMortality:
    """Life tables (sex, exact_age, year) and the country's persons (year, sex, age), put into one form.

    Raises where an age is missing in every year; a year with a missing cell is left out.
    """
    exact = life_table.transpose("year", "sex", "exact_age").sel(sex=list(SEXES))
    exact = exact.isel(year=exact.notnull().all(("sex", "exact_age")).values)
    ages = exact["exact_age"].values
    if not exact.sizes["year"] or not np.array_equal(ages, np.arange(len(ages))):
        raise run_error("has no year with all single ages from 0", code="missing", file="life-table")
    kept = persons.transpose("year", "sex", "age").sel(sex=list(SEXES))
    return FreshMortality(
        exact.sortby("year"), carried, kept, settings["pool"], settings["smoothing"], settings["oldest"]
    )


def on_1_january(exact: np.ndarray, ages: int) -> np.ndarray:
    """Probability of death within the year by age on 1 January (..., ages) from q(x) between exact ages (..., x).

    Persons aged x on 1 January are on average x + 1/2: 1 - L(x+1) / L(x) with L(x) = (l(x) + l(x+1)) / 2, L(0) = l(1) +
    0.1 (l(0) - l(1)), the last age by the persons of all ages from it on. Source of L: Preston, Heuveline and Guillot
    (2001), Demography, ch. 3.

    >>> on_1_january(np.array([0.0, 0.5, 0.5, 0.5]), 2).round(4).tolist()
    [0.25, 0.5714]
    """
    alive = np.concatenate([np.ones_like(exact[..., :1]), np.cumprod(1 - np.clip(exact, 0, 1), axis=-1)], axis=-1)
    lived = (alive[..., :-1] + alive[..., 1:]) / 2
    lived[..., 0] = alive[..., 1] + INFANT_SHARE * (alive[..., 0] - alive[..., 1])
    after = np.concatenate([lived[..., 1:], np.zeros_like(lived[..., :1])], axis=-1)
    prob = 1 - np.divide(after, lived, out=np.zeros_like(after), where=lived > 0)
    beyond = np.maximum(lived[..., ages - 1 :].sum(-1), 1e-300)
    result: np.ndarray = prob[..., :ages].copy()
    result[..., -1] = 1 - after[..., ages - 1 :].sum(-1) / beyond
    return result


def _smooth(values: np.ndarray, width: float) -> np.ndarray:
    smoothed: np.ndarray = gaussian_filter1d(values, width, axis=-1, mode="nearest")
    return smoothed
