"""The population in the middle of the year, for what counts inhabitants on 1 July."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def mid_year(population: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Persons on 1 July by completed age: the mean of both ends of the year, and streams that come early or late.

    Assumes that birthdays, births, deaths and moves are spread evenly over the year. Of a stream whose arrivals are
    resident for the share t of the year, the share t is there on 1 July and not half of it.

    population: (municipality, sex, age, date); arrays: plain arrays of the assumptions, of which `stream_early` and
    `settlement_key` are used where there are such streams. Returns (municipality, sex, age, year).
    """
    middle: np.ndarray = (population[..., :-1] + population[..., 1:]) / 2
    if "stream_early" not in arrays:
        return middle
    early = np.moveaxis(arrays["stream_early"], 1, -1)
    for persons, key in zip(early, arrays["settlement_key"], strict=True):
        middle += key[:, None, None, None] * persons
    np.maximum(middle, 0.0, out=middle)
    return middle
