"""One country, one year ahead: the equations of the projection without municipalities, for building paths."""

from __future__ import annotations

import numpy as np


def survivors(population: np.ndarray, death_prob: np.ndarray) -> np.ndarray:
    """Persons one year older who lived through the year; (..., age), the last age collects from the last two."""
    alive = population * (1 - death_prob)
    moved: np.ndarray = np.zeros_like(alive)
    moved[..., 1:] = alive[..., :-1]
    moved[..., -1] += alive[..., -1]
    return moved


def mean_births(women_start: np.ndarray, women_end: np.ndarray, fertility_rate: np.ndarray) -> float:
    """Births of a year from the mean of women at both ends; all by completed age."""
    return float(fertility_rate @ (women_start + women_end) / 2)


def newborns(births: float, male_share: float, newborn_survival: np.ndarray) -> np.ndarray:
    """Children (sex,) born in the year and alive on 31 December."""
    result: np.ndarray = births * np.array([male_share, 1 - male_share]) * newborn_survival
    return result
