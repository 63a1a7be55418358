"""Death probabilities by year: a starting table, its yearly decline, and what a period life table says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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


def life_expectancy(death_prob: np.ndarray, newborn_survival_prob: np.ndarray, interval: int = 1) -> np.ndarray:
    """Period life expectancy at birth, years.

    Births spread evenly over the interval, deaths evenly within each; the open age group keeps its probability.

    death_prob: (..., A) by age at the start of the interval; newborn_survival_prob: (...) from birth to its end.
    """
    survival = 1.0 - death_prob
    alive = np.cumprod(survival[..., :-1], axis=-1) * newborn_survival_prob[..., None]
    alive = np.concatenate([newborn_survival_prob[..., None], alive], axis=-1)
    with np.errstate(divide="ignore", over="ignore"):  # where nobody dies the last age is without end
        lived = (alive[..., :-1] * (1.0 + survival[..., :-1]) / 2.0).sum(-1)
        last = alive[..., -1] * (1.0 + survival[..., -1]) / (2.0 * death_prob[..., -1])
    result: np.ndarray = interval * ((1.0 + newborn_survival_prob) / 4.0 + lived + last)
    return result


def with_life_expectancy(hazard: np.ndarray, newborn_survival: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Death probabilities (sex, age) where one factor for each sex on the death rates gives its life expectancy.

    hazard: deaths per person-year (sex, age); newborn_survival: probability to 31 December (sex,); wanted: life
    expectancy at birth, years (sex,).
    """

    from scipy.optimize import brentq  # slow to import

    def miss(log_factor: float, rate: np.ndarray, newborn: np.ndarray, target: float) -> float:
        return float(life_expectancy(to_prob(rate * np.exp(log_factor)), newborn)) - target

    by_sex = zip(hazard, newborn_survival, wanted, strict=True)
    factor = np.exp([brentq(miss, -5.0, 5.0, args=one, xtol=1e-14) for one in by_sex])
    return to_prob(hazard * factor[:, None])
