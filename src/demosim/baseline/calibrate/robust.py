"""Years that do not fit a municipality's others (moved borders, receptions): pulled in, counted, never deleted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demosim.baseline.calibrate.flows import Flows

LIMIT = 4.0  # robust standard deviations; among 357 x 10 normal numbers one in four runs has a single one beyond it


def pulled_in(rate: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """Yearly rates (..., municipality, year) with those far from the municipality's median brought to the limit.

    The spread of a rate is one over the root of the persons times a factor common to all municipalities, from the
    median of the absolute deviations.
    """
    middle = np.median(rate, axis=-1, keepdims=True)
    error = (rate - middle) * np.sqrt(persons)
    bound = LIMIT * robust_sd(error)
    result: np.ndarray = middle + np.clip(error, -bound, bound) / np.sqrt(persons)
    return result


def robust_sd(error: np.ndarray) -> np.ndarray:
    """Standard deviation from the median absolute deviation over municipalities and years (the last two axes)."""
    years = error.shape[-1]
    middle = np.median(np.abs(error), axis=(-2, -1), keepdims=True)
    result: np.ndarray = 1.4826 * middle * np.sqrt(years / (years - 1))
    return result


@dataclass(frozen=True)
class Step:
    """A year far from the municipality's others.

    `persons`: net migrants above the municipality's median; `deviations`: how many standard deviations; `weight`:
    share of the deviation that the estimate kept.
    """

    municipality: int
    year: int
    persons: float
    deviations: float
    weight: float


def level_spread(noise: float, floor: float, yearly: float, size: np.ndarray) -> np.ndarray:
    """Standard deviation of a year's level around the municipality's median, by municipality."""
    result: np.ndarray = np.sqrt(noise / size + floor + yearly)
    return result


def pull_level(
    level: np.ndarray, flows: Flows, spread: np.ndarray, limit: float
) -> tuple[np.ndarray, list[Step]]:
    """Levels (municipality, year) with far years brought to the limit, and the list of these years."""
    middle = np.median(level, axis=1, keepdims=True)
    score = (level - middle) / spread[:, None]
    steps = []
    for place, t in zip(*np.nonzero(np.abs(score) > limit), strict=True):
        excess = float(score[place, t])
        persons = float((level[place, t] - middle[place, 0]) * flows.size[place, t])
        steps.append(Step(int(place), int(flows.years[t]), persons, excess, limit / abs(excess)))
    return middle + np.clip(score, -limit, limit) * spread[:, None], steps
