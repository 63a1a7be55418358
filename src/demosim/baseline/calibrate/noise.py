"""Year-to-year noise of municipal net migration: how much each age has, and how the ages move together."""

from __future__ import annotations

import numpy as np

from demosim.baseline.calibrate.flows import Flows
from demosim.baseline.calibrate.robust import pulled_in

# Of classes that share their noise: those of schools and of families, and the oldest, whose deaths are chance.
FIRST_AGES = (1, 6, 16, 19, 25, 35, 50, 67, 80, 87)


def noise_ages(ages: np.ndarray) -> np.ndarray:
    """First ages of the classes of noise that a population with these ages has."""
    first = np.array(FIRST_AGES)
    result: np.ndarray = first[first <= ages.max()]
    return result


def noise_class(ages: np.ndarray) -> np.ndarray:
    """Number of the class of noise of each age; −1 for newborns, who come by birth.

    >>> noise_class(np.array([0, 1, 5, 6, 79, 80, 105])).tolist()
    [-1, 0, 0, 1, 7, 8, 9]
    """
    result: np.ndarray = np.searchsorted(noise_ages(ages), ages, side="right") - 1
    return result


def noise_covariance(flows: Flows) -> np.ndarray:
    """Covariance (class, class) of yearly rates times the roots of the persons of both classes.

    From the residual flows of the smaller half of the municipalities, where hardly anything else than noise is seen:
    less their own mean over years and the country's of the year, years far from the median pulled in. Families move
    together, so classes are correlated and the noise of the whole is larger than that of its parts.

    flows: the years of the window.
    """
    size = flows.population[..., -1].sum((1, 2))
    small = size <= np.median(size)
    number = noise_class(np.arange(flows.exposure.shape[2]))
    errors = []
    for at in range(number.max() + 1):
        ages = number == at
        persons = np.maximum(flows.exposure[:, :, ages].sum((1, 2)), 1.0)
        net = flows.net_migration[:, :, ages].sum((1, 2))
        rate = pulled_in(net / persons - net.sum(0) / persons.sum(0), persons)
        errors.append(((rate - rate.mean(1, keepdims=True)) * np.sqrt(persons))[small])
    error = np.stack(errors)
    years = error.shape[2]
    result: np.ndarray = np.einsum("amt,bmt->ab", error, error) / (error.shape[1] * (years - 1))
    return result
