"""Waves of settled refugees: seen in the country's children, spread towards small places, kept apart from the trend."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demosim.baseline.calibrate.flows import Flows
from demosim.baseline.calibrate.level import LevelVariances, estimate_effect
from demosim.baseline.calibrate.national import NationalFlows
from demosim.baseline.calibrate.robust import pulled_in

CHILDREN = (6, 17)
ADULTS = (22, 39)
LEAST_YEARS = 15  # of the country's flows, for the ordinary relation of children to adults
LEAST_WAVE = 1e-3  # of the inhabitants; smaller ones cannot be told from ordinary years
LEAST_SCORE = 3.0  # standard errors from zero before a tilt is used
ABOVE_WEIGHT = 0.2  # of years with many children, so that the relation follows the ordinary years
ROUNDS = 30
LEAST_CALM = 4  # years without a wave, to know what is usual


@dataclass(frozen=True)
class Settlement:
    """`persons` (year,): settled above the ordinary; `profile` (sex, age): their shares; `tilt`: how much the rate of
    settlement rises as log population falls by one; `tilt_error`: its standard error; `used`: beyond three of them.
    `spread`: variance of the municipalities' rates about that, relative to it, 0 where it is not beyond three standard
    errors."""

    years: np.ndarray
    persons: np.ndarray
    profile: np.ndarray
    tilt: float
    tilt_error: float
    spread: float = 0.0

    @property
    def used(self) -> bool:
        return self.tilt > LEAST_SCORE * self.tilt_error

    def in_year(self, year: int) -> float:
        """Persons settled in a year, none outside the series."""
        return float(self.persons[self.years == year].sum())

    def key(self, population: np.ndarray) -> np.ndarray:
        """Share of each municipality, (municipality,)."""
        return settlement_key(population, self.tilt)


def settlement_key(population: np.ndarray, tilt: float) -> np.ndarray:
    """Shares (municipality,) where the rate of settlement rises by `tilt` as log population falls by one."""
    weight = population * np.maximum(1 + tilt * lean(population, population), 0)
    result: np.ndarray = weight / weight.sum()
    return result


def lean(population: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """How far log population lies below its weighted mean; weight (municipality, ...) gives one mean each."""
    size = np.log(np.maximum(population, 1.0)).reshape(-1, *[1] * (weight.ndim - 1))
    result: np.ndarray = (size * weight).sum(0) / np.maximum(weight.sum(0), 1e-9) - size
    return result


def wave_persons(nation: NationalFlows, launch: int, profile: np.ndarray) -> np.ndarray:
    """Persons settled above the ordinary in every year of the series, as seen at the launch, (year,).

    Refugees bring more children for each adult than other migrants. The ordinary number of children for the adults
    of a year is a line fitted before the launch by asymmetric least squares (waves lie above it); what is above the
    line, over the children that the profile has above that of its own adults, is the wave.
    """
    before = nation.years < launch
    children, adults = (nation.net_migration[:, :, a : b + 1].sum((1, 2)) for a, b in (CHILDREN, ADULTS))
    if before.sum() < LEAST_YEARS:
        return np.zeros(len(nation.years))
    design = np.column_stack([np.ones(len(adults)), adults])
    weight = np.ones(int(before.sum()))
    line = np.zeros(2)
    for _ in range(ROUNDS):
        root = np.sqrt(weight)
        line = np.linalg.lstsq(design[before] * root[:, None], children[before] * root)[0]
        weight = np.where(children[before] > design[before] @ line, ABOVE_WEIGHT, 1.0)
    more = profile[:, CHILDREN[0] : CHILDREN[1] + 1].sum() - line[1] * profile[:, ADULTS[0] : ADULTS[1] + 1].sum()
    wave = (children - design @ line) / more if more > 0 else np.zeros(len(children))
    result: np.ndarray = np.where(wave > LEAST_WAVE * nation.persons, wave, 0.0)
    return result


def estimate_settlement(
    flows: Flows, nation: NationalFlows, launch: int, profile: np.ndarray, variances: LevelVariances | None = None
) -> Settlement:
    """Waves and how much they lean towards small municipalities, from flows before the launch."""
    persons = wave_persons(nation, launch, profile)
    wave = Settlement(nation.years, persons, profile, 0.0, 1.0)
    population = flows.population[..., :-1].sum((1, 2))
    share = np.array([wave.in_year(int(year)) for year in flows.years]) / population.sum(0)
    if not share.any():
        return wave
    column = lean(population[:, -1], population) * share
    found = Settlement(nation.years, persons, profile, *estimate_effect(flows, column, variances))
    if not found.used:
        return found
    spread, error = settlement_spread(flows.less(settled(flows, found)), found)
    return replace(found, spread=spread if spread > LEAST_SCORE * error else 0.0)


def settlement_spread(flows: Flows, wave: Settlement) -> tuple[float, float]:
    """How much municipalities differed in their rates of settlement, as a relative variance, and its standard error.

    Each decides for itself how many it settles. What levels vary more in years with a wave than in years without
    one, over the square of the rate that the tilt gives; years far from the median pulled in. Infinite error where
    there are no years of either kind.

    flows: without what the tilt explains, see `settled`.
    """
    size = flows.size
    came = np.array([wave.in_year(int(year)) for year in flows.years]) / size.sum(0)
    calm = came == 0
    if calm.all() or calm.sum() < LEAST_CALM:
        return 0.0, np.inf
    level = pulled_in(flows.level, size)
    error = level - level[:, calm].mean(1, keepdims=True)
    people = size[:, -1]
    design = np.column_stack([1 / people, np.ones_like(people)])
    usual = (error[:, calm] ** 2).sum(1) / (calm.sum() - 1)
    noise = design @ np.linalg.lstsq(design * people[:, None], usual * people)[0]
    noise = np.maximum(noise, noise.max() * 1e-6)[:, None] * (1 + 1 / calm.sum())
    rate = (np.maximum(1 + wave.tilt * lean(people, people), 0)[:, None] * came[~calm]) ** 2
    more, weight = error[:, ~calm] ** 2 - noise, rate / noise**2
    found = float((weight * more).sum() / (weight * rate).sum())
    scatter = (weight * (more - found * rate)).sum(1)
    return max(found, 0.0), float(np.sqrt((scatter**2).sum()) / (weight * rate).sum())


def settled(flows: Flows, wave: Settlement) -> np.ndarray:
    """Net migrants by (municipality, sex, age, year) that a wave brought above an even spread; sums to zero."""
    population = flows.population[..., -1].sum((1, 2))
    people = np.array([wave.in_year(int(year)) for year in flows.years])
    even = flows.exposure / np.maximum(flows.exposure.sum(0), 1e-9)
    arrivals = wave.profile[:, :, None] * people
    result: np.ndarray = wave.tilt * lean(population, flows.exposure) * even * arrivals
    return result
