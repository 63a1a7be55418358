"""Death probabilities by year: a starting table, its yearly decline, and what a period life table says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq


@dataclass(frozen=True)
class DeclineTable:
    """Mortality of one year and how it falls; arrays are (sex, age) by age on 1 January, newborn survival (sex,).

    `decline`: yearly fall of the log death rate, the multiplier of the main alternative already in it.
    """

    year: int
    death_prob: np.ndarray
    decline: np.ndarray
    newborn_survival: np.ndarray

    def hazard(self, year: int) -> np.ndarray:
        """Deaths per person-year along the cohort, -ln(1 - q) exp(-decline (year - start)), as (sex, age)."""
        result: np.ndarray = -np.log1p(-self.death_prob) * np.exp(-self.decline * (year - self.year))
        return result

    def newborn_survival_prob(self, year: int) -> np.ndarray:
        """Survival from birth to 31 December, whose mortality falls as that of age 0; (sex,)."""
        result: np.ndarray = 1 - (1 - self.newborn_survival) * np.exp(-self.decline[:, 0] * (year - self.year))
        return result


def to_prob(hazard: np.ndarray) -> np.ndarray:
    """Probability of dying within the year, 1 - exp(-hazard)."""
    result: np.ndarray = -np.expm1(-hazard)
    return result


def life_expectancy(death_prob: np.ndarray, newborn_survival: np.ndarray) -> np.ndarray:
    """Period life expectancy at birth in years; death_prob (..., age) by age on 1 January, newborn_survival (...).

    A person aged x on 1 January is x + 1/2 years old on average, so survivors stand at half ages and the years
    between are counted by the trapezoid rule; those in the last, open age die at its constant rate.
    """
    alive = newborn_survival[..., None] * np.cumprod(1 - death_prob[..., :-1], axis=-1)
    alive = np.concatenate([newborn_survival[..., None], alive], axis=-1)
    beyond = alive[..., -1] * (1 / np.maximum(death_prob[..., -1], 1e-9) - 1)
    result: np.ndarray = (1 + newborn_survival) / 4 + alive.sum(-1) - newborn_survival / 2 + beyond
    return result


def with_life_expectancy(table: DeclineTable, year: int, wanted: np.ndarray) -> DeclineTable:
    """The table with the decline of each sex multiplied so that life expectancy in a year is as wanted, (sex,)."""

    def miss(multiplier: float, sex: int) -> float:
        moved = replace(table, decline=table.decline * multiplier)
        found = life_expectancy(to_prob(moved.hazard(year)), moved.newborn_survival_prob(year))
        return float(found[sex] - wanted[sex])

    factors = [brentq(miss, -5.0, 10.0, args=(sex,)) for sex in range(len(wanted))]
    return replace(table, decline=table.decline * np.array(factors)[:, None])
