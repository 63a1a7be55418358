"""How unevenly the year-to-year noise of municipal net migration falls on ages."""

from __future__ import annotations

import tomllib

import numpy as np

from demosim.baseline.calibrate.flows import Flows
from demosim.baseline.find import embedded

FILE = ("data", "uncertainty", "noise_by_age.toml")
FROM = (0, 1, 6, 16, 19, 25, 35, 50, 67, 80)  # lower ages of classes with one weight each
TRIM = 0.02


def noise_by_age(flows: Flows) -> np.ndarray:
    """Variance of yearly net migration rates times persons by age class, relative to its mean over persons.

    From the residual flows of municipalities, less their own mean over years and the country's of the year; squares
    beyond the highest two per cent are pulled in. Newborns are not among them (weight 0): theirs is Poisson.
    """
    net = flows.net_migration.sum(1)
    people = flows.exposure.sum(1)
    weights, persons = np.zeros(len(FROM)), np.zeros(len(FROM))
    for at, low in enumerate(FROM):
        ages = slice(low, FROM[at + 1] if at + 1 < len(FROM) else None)
        exposure = np.maximum(people[:, ages].sum(1), 1.0)
        rate = net[:, ages].sum(1) / exposure
        rate = rate - net[:, ages].sum((0, 1)) / exposure.sum(0)
        rate = rate - rate.mean(1, keepdims=True)
        squares = rate**2 * exposure * rate.shape[1] / (rate.shape[1] - 1)
        weights[at] = np.minimum(squares, np.quantile(squares, 1 - TRIM)).mean()
        persons[at] = exposure.sum()
    weights[0] = 0.0
    relative: np.ndarray = weights / (weights @ persons / persons.sum())
    return relative


def read_noise() -> np.ndarray:
    """The embedded weights by age class."""
    with embedded(*FILE).open("rb") as file:
        about = tomllib.load(file)
    return np.array([float(about["weight"][f"{low}"]) for low in FROM])


def at_ages(weights: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """The weight of each age by its lower bound."""
    result: np.ndarray = weights[np.searchsorted(FROM, ages, side="right") - 1]
    return result
