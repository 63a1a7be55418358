"""One country, one year ahead: what the building of paths is tried against."""

from __future__ import annotations

import numpy as np

from demosim.baseline.nation import mean_births, newborns, survivors


def next_year(
    population: np.ndarray, death_prob: np.ndarray, newborn_survival: np.ndarray, fertility_rate: np.ndarray,
    net_migration: np.ndarray, male_share: float,
) -> np.ndarray:  # fmt: skip
    """The country on the next 1 January, (sex, age).

    Survive by age on 1 January, add net migration by age at the end of the year, births from the mean of women at
    both ends, newborns survive to 31 December (the newborn migrants come on top).
    """
    after: np.ndarray = survivors(population, death_prob) + net_migration
    births = mean_births(population[1], after[1], fertility_rate)
    after[:, 0] = newborns(births, male_share, newborn_survival) + net_migration[:, 0]
    return after
