"""Net migration and births of the past, as what the registered population leaves over once deaths are taken off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.history import YEARS_TO_LAUNCH
from demosim.baseline.mortality import DeclineTable, to_prob
from demosim.baseline.nation import survivors
from demosim.errors import usage_error


def mortality_seen(mortality: xr.Dataset, launch: int, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """Mortality of the year launch + ahead as seen at the launch.

    Returns the probability of death by (sex, age on 1 January) and the survival of newborns (sex,). A launch outside
    the table takes the nearest launch year and moves it along its decline.
    """
    first, last = int(mortality["launch_year"][0]), int(mortality["launch_year"][-1])
    known = min(max(launch, first), last)
    row = mortality.isel(launch_year=known - first)
    table = DeclineTable(
        known - YEARS_TO_LAUNCH, np.minimum(row["death_prob"].values, 1 - 1e-9), row["improvement_rate"].values,
        row["newborn_survival"].values,
    )  # fmt: skip
    return to_prob(table.hazard(launch + ahead)), table.newborn_survival_prob(launch + ahead)


@dataclass(frozen=True)
class Flows:
    """Flows of past years; arrays by (municipality, sex, age at the end of the year, year), years before the launch.

    `exposure`: expected survivors; `net_migration`: registered less expected, age 0 none; `births`: (municipality,
    year), newborns at the end of the year over their survival; `population`: on 1 January, one date more than years;
    `county`: index of each municipality's county.
    """

    years: np.ndarray
    population: np.ndarray
    exposure: np.ndarray
    net_migration: np.ndarray
    births: np.ndarray
    newborn_survival: np.ndarray
    county: np.ndarray

    @cached_property
    def deviation(self) -> np.ndarray:
        """Net migrants above those at the country's rate of the same sex, age and year; sums to zero over places."""
        rate = self.net_migration.sum(0) / np.maximum(self.exposure.sum(0), 1e-9)
        result: np.ndarray = self.net_migration - rate * self.exposure
        return result

    @cached_property
    def size(self) -> np.ndarray:
        """Exposure of all sexes and ages together, (municipality, year)."""
        result: np.ndarray = self.exposure.sum((1, 2))
        return result

    @cached_property
    def level(self) -> np.ndarray:
        """Deviation of the whole net migration rate, (municipality, year)."""
        result: np.ndarray = self.deviation.sum((1, 2)) / self.size
        return result

    def less(self, moved: np.ndarray) -> Flows:
        """The flows without some net migrants, (municipality, sex, age, year)."""
        return replace(self, net_migration=self.net_migration - moved)

    def before(self, launch: int, window: int | None = None) -> Flows:
        """Only what was known on 1 January of a launch year, and of that only the last `window` years."""
        last = int(np.searchsorted(self.years, launch))
        first = 0 if window is None else max(0, last - window)
        if last - first < 3 or launch > int(self.years[-1]) + 1:
            raise usage_error(
                f"has {max(last - first, 0)} years of flows before {launch}", path="launch",
                allowed=f"{int(self.years[0]) + 3} to {int(self.years[-1]) + 1}",
            )  # fmt: skip
        pick = slice(first, last)
        return Flows(
            self.years[pick], self.population[..., first : last + 1], self.exposure[..., pick],
            self.net_migration[..., pick], self.births[:, pick], self.newborn_survival[:, pick], self.county,
        )  # fmt: skip


def derive_flows(history: xr.Dataset, mortality: xr.Dataset) -> Flows:
    """Residual net migration and births of every past year.

    Mortality of each year as it was seen at the year's start, so that nothing later leaks in; the same for every
    municipality, so that net migration holds the differences in mortality.
    """
    people = history["population"].transpose("municipality", "sex", "age", "year").values.astype(float)
    if people.shape[2] != mortality.sizes["age"]:
        raise usage_error(
            f"mortality has {mortality.sizes['age']} ages, the history {people.shape[2]}", path="age",
            allowed="the same ages in both",
        )  # fmt: skip
    years = history["year"].values[:-1].astype(int)
    exposure = np.empty((*people.shape[:3], len(years)))
    newborn = np.empty((2, len(years)))
    for t, year in enumerate(years):
        death_prob, newborn[:, t] = mortality_seen(mortality, int(year), 0)
        exposure[..., t] = survivors(people[..., t], death_prob)
    net = people[..., 1:] - exposure
    net[:, :, 0] = 0
    births = (people[:, :, 0, 1:] / newborn).sum(1)
    county = np.unique(history["county"].values.astype(str), return_inverse=True)[1]
    return Flows(years, people, exposure, net, births, newborn, county)
