"""Arithmetic of national schedules: mortality decline and level, life expectancy, age at childbearing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demosim.baseline.mortality import life_expectancy

FACTORS = (-5.0, 5.0)  # of the log decline; where a life expectancy is looked for
LEVELS = (0.2, 5.0)  # of the death rates of the launch year, likewise


def hazard(prob: np.ndarray) -> np.ndarray:
    """Cumulative death rate over an interval, from the probability of dying in it (constant force)."""
    with np.errstate(divide="ignore"):
        result: np.ndarray = -np.log1p(-prob)
    return result


def scaled_decline(prob: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Probabilities whose log decline since the first year is multiplied by a factor.

    m'(t) = m(0) (m(t) / m(0))^factor, with m the death rate; a factor of one changes no bit, zero freezes mortality.

    prob: (T, ...) per interval. factor: broadcasts with prob.
    """
    rate = hazard(prob)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(rate[0] > 0, rate / rate[0], 1.0)
        moved = -np.expm1(-rate[0] * ratio**factor)
    result: np.ndarray = np.where((factor == 1.0) | (ratio == 1.0) | ~np.isfinite(rate), prob, moved)
    return result


def scaled_level(prob: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Probabilities whose death rates are multiplied by a factor; one changes no bit."""
    with np.errstate(invalid="ignore"):
        moved = -np.expm1(-hazard(prob) * factor)
    result: np.ndarray = np.where((factor == 1.0) | (prob >= 1.0), prob, moved)
    return result


def decline_that_reaches(
    target: float, now: tuple[np.ndarray, float], then: tuple[np.ndarray, float], interval: int
) -> float | None:
    """Factor on the log decline between two years with which life expectancy in the later one is the target.

    now, then: probabilities by age, and newborn survival, of the first year and of the year in question.
    None where no factor within `FACTORS` does it.
    """
    prob = np.stack([np.append(now[0], 1.0 - now[1]), np.append(then[0], 1.0 - then[1])])

    def miss(factor: float) -> float:
        return _expectancy(scaled_decline(prob, np.array(factor))[1], interval) - target

    return _root(miss, FACTORS)


def level_that_reaches(target: float, now: tuple[np.ndarray, float], interval: int) -> float | None:
    """Factor on the death rates of a year (probabilities by age, newborn survival) that gives it the life expectancy.

    None where no factor within `LEVELS` does it.
    """
    prob = np.append(now[0], 1.0 - now[1])

    def miss(log_factor: float) -> float:
        return _expectancy(scaled_level(prob, np.exp(log_factor)), interval) - target

    found = _root(miss, (float(np.log(LEVELS[0])), float(np.log(LEVELS[1]))))
    return None if found is None else float(np.exp(found))


def _expectancy(prob: np.ndarray, interval: int) -> float:
    """Life expectancy from probabilities of death by age, that of the newborn last."""
    return float(life_expectancy(prob[:-1], np.array(1.0 - prob[-1]), interval))


def _root(miss: Callable[[float], float], bounds: tuple[float, float]) -> float | None:
    from scipy.optimize import brentq

    if not miss(bounds[0]) * miss(bounds[1]) <= 0.0:
        return None
    return float(brentq(miss, *bounds, xtol=1e-12, rtol=1e-14))


def shifted_schedule(schedule: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Fertility schedules moved along the age axis, in age classes; totals are kept and the mean age moves exactly.

    Each class is split between the two that it lands on; what passes the ends of the axis stays in the end classes.

    schedule: (T, A). shift: (T,) age classes, upwards where positive.
    """
    result = np.array(schedule, dtype=float)
    last = schedule.shape[-1] - 1
    for t in np.flatnonzero(shift):
        whole = int(np.floor(shift[t]))
        part = shift[t] - whole
        moved = np.zeros(last + 1)
        places = np.arange(last + 1) + whole
        np.add.at(moved, np.clip(places, 0, last), schedule[t] * (1.0 - part))
        np.add.at(moved, np.clip(places + 1, 0, last), schedule[t] * part)
        result[t] = moved
    return result
