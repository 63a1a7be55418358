"""National paths from what is known at a launch: migration returns to its mean, fertility has a damped trend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.calibrate.fertility import on_ages
from demosim.baseline.calibrate.flows import Flows, mortality_seen
from demosim.baseline.nation import survivors
from demosim.errors import usage_error
from demosim.files import read_csv

NATION_FILE = "population_norway_1986_2026.csv"


@dataclass(frozen=True)
class PathSettings:
    """How the national paths go on; chosen on launches 2011-2016, see docs/accuracy.md.

    Net migration: `memory` years make the mean, last year's rate returns to it with `half_life`; the ages of the last
    `profile` years. Fertility: the trend of the last `span` years, at most `cap` a year, times `damping` each year.
    """

    memory: int = 20
    half_life: float = 3.0
    profile: int = 10
    span: int = 3
    damping: float = 0.85
    cap: float = 0.02


@dataclass(frozen=True)
class NationalFlows:
    """`net_migration` (year, sex, age at the end of the year) of the country and `persons` (year,) on 1 January."""

    years: np.ndarray
    net_migration: np.ndarray
    persons: np.ndarray


def read_nation(path: Path) -> xr.DataArray:
    """Persons of the country on 1 January as (year, sex, age), from a CSV with year, sex and a column for each age."""
    table = read_csv(path, ("year", "sex"), "a series of the country by sex and age").set_index(["year", "sex"])
    try:
        table.columns = pd.Index([int(str(name)) for name in table.columns], name="age")
    except ValueError as error:
        raise usage_error(f"has a column that is no age ({error})", file=str(path)) from error
    series = xr.DataArray(table.stack().to_xarray()).sel(sex=list(SEXES))
    return series.transpose("year", "sex", "age").astype(float)


def national_flows(nation: xr.DataArray, mortality: xr.Dataset) -> NationalFlows:
    """Residual net migration of the country; years before the first mortality table use it moved back."""
    years = nation["year"].values[:-1].astype(int)
    people = nation.values
    net = np.empty_like(people[:-1])
    for t, year in enumerate(years):
        net[t] = people[t + 1] - survivors(people[t], mortality_seen(mortality, int(year), 0)[0])
    net[:, :, 0] = 0
    return NationalFlows(years, net, people[:-1].sum((1, 2)))


def of_municipalities(flows: Flows) -> NationalFlows:
    """The country as the sum of its municipalities, where no longer series is at hand."""
    net = np.moveaxis(flows.net_migration.sum(0), -1, 0)
    return NationalFlows(flows.years, net, flows.population[..., :-1].sum((0, 1, 2)))


def migration_path(
    nation: NationalFlows, launch: int, years: int, settings: PathSettings | None = None
) -> np.ndarray:
    """Net international migration expected at a launch, persons by (year, sex, age at the end of the year).

    The rate per inhabitant returns from last year's to its mean with the half-life; a level above or below that of
    the recent age profile is laid on the ages that moved in earlier booms.
    """
    s = settings or PathSettings()
    known = nation.years < launch
    net, persons = nation.net_migration[known], nation.persons[known]
    if not len(persons):
        raise usage_error(f"has no year before {launch}", path="national series")
    rates = net / persons[:, None, None]
    recent, total = rates[-s.memory :], rates[-s.memory :].sum((1, 2))
    base = net[-s.profile :].sum(0) / persons[-s.profile :].sum()
    boom = np.einsum("t,tsa->sa", total - total.mean(), recent - recent.mean(0))
    boom = _smooth(boom)
    boom[:, 0] = 0.0  # newborns come by birth alone
    boom = boom / boom.sum() if boom.sum() > 0 else base / base.sum()
    span = min(s.profile, len(persons) - 1)
    growth = (persons[-1] / persons[-1 - span]) ** (1 / max(span, 1))
    ahead = np.arange(years)
    level = total.mean() + (total[-1] - total.mean()) * 0.5 ** ((ahead + 1) / s.half_life)
    people = persons[-1] * growth ** (ahead + 1)
    path: np.ndarray = (base + (level - base.sum())[:, None, None] * boom) * people[:, None, None]
    return path


def _smooth(values: np.ndarray) -> np.ndarray:
    """Mean of three neighbouring ages."""
    kernel = np.ones(3) / 3
    return np.stack([np.convolve(row, kernel, "same") for row in values])


def fertility_path(
    fertility: xr.DataArray, launch: int, years: int, ages: int, settings: PathSettings | None = None
) -> np.ndarray:
    """Fertility rates expected at a launch, births per woman-year by (year, age): a damped trend of the last years."""
    s = settings or PathSettings()
    known = on_ages(fertility, ages).sel(year=fertility["year"] < launch)
    if known.sizes["year"] < s.span + 1:
        raise usage_error(f"has fewer than {s.span + 1} years before {launch}", path="fertility rates")
    total = known.sum("age").values
    trend = np.clip(np.log(total[-1] / total[-1 - s.span]) / s.span, -s.cap, s.cap)
    steps = np.cumsum(s.damping ** np.arange(1, years + 1))
    path: np.ndarray = known.values[-1] * np.exp(trend * steps)[:, None]
    return path
