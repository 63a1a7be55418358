"""The arrays that the recursion reads, fills and works in."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

PAD = 16
LINE = 64  # bytes of a line of the cache
BLOCK = 1024  # municipalities that go through a year at a time


class Inputs(NamedTuple):
    """What the recursion reads. The first axis of every array holds its versions; `pick` says which a scenario uses.

    V versions, T years, S sexes (women last), A ages (the last is open), M municipalities (padded), J parts of the
    deviations, K bands, P streams, D dates with own unit costs (1 or T + 1), C pairs of (service, tally).
    """

    population: np.ndarray  # (V, S × A, M) persons at the start
    survival: np.ndarray  # (V, T, S × A) probability to survive the year, by age at its start
    newborn: np.ndarray  # (V, T, S) share of births that is of the sex and alive at the end of the year
    fertility: np.ndarray  # (V, T, A) half of births per woman and interval, by age
    fertility_factor: np.ndarray  # (V, M) municipal fertility, country = 1
    net: np.ndarray  # (V, T, S × A) migrants shared out by survivors, by age at the end of the year
    fade: np.ndarray  # (V, T, J) how much is left of each part of the deviations
    deviation: np.ndarray  # (V, J, K, M) net migration rate of survivors above the country's
    inflow: np.ndarray  # (V, T, P, S × A) migrants of each stream, shared out by its key
    key: np.ndarray  # (V, P, M) settlement keys, each sums to one
    unit_cost: np.ndarray  # (V, D, C) kroner per person of a tally
    lowest: np.ndarray  # (V, J, K) lowest deviation of a band
    band: np.ndarray  # (S × A,) band of the deviations
    fallback: np.ndarray  # (1, M) shares for migrants to an age where nobody is
    tally: np.ndarray  # (S × A,) tally that a cell is counted in; the last is for cells that cost nothing
    service_start: np.ndarray  # (services + 1,) where each service's pairs begin
    pair_tally: np.ndarray  # (C,) the tally of a pair
    region: np.ndarray  # (M,) region that a municipality's need is added to, -1 for none; (0,) for each its own
    out_prob: np.ndarray  # (S × A, M) probability to move to another municipality; (0, M) without gross moves
    destination: np.ndarray  # (bands, origins, M) where they go, one origin for a pool; each row sums to one
    move_band: np.ndarray  # (S × A,) band of the destinations


class Outputs(NamedTuple):
    """What the recursion fills. Arrays with a first axis of length 0 are left out."""

    need: np.ndarray  # (scenarios, T + 1, services, regions) kroner, float64
    population: np.ndarray  # (scenarios or 0, T + 1, S × A, M)
    survivors: np.ndarray  # (scenarios or 0, T, S × A, M) before migration
    births: np.ndarray  # (scenarios or 0, T, M)
    counters: np.ndarray  # (scenarios, 5) see COUNTERS


FIELDS = Inputs._fields[:11]
COUNTERS = ("floored_cells", "floored_persons", "unmet_persons", "mass_balance", "non_finite")

SAFE = 1e-6  # a cell that keeps more than this share of its survivors is sure to stay above zero
STAY, STIR, TOTAL, DRIFT, EXPECTED, NOBODY, SURE, ARRIVALS = range(8)  # columns of the plan
ROW, MADE_OF, NEXT = range(3)  # columns of the order


class Work(NamedTuple):
    """Arrays that one scenario after another works in."""

    order: np.ndarray  # (S × A, 3) rows in the order they are made: ROW, the row of its source, the row a year on
    state: np.ndarray  # (S × A, M) persons
    made: np.ndarray  # (S, M) what the open age groups, and later the newborn, are made of
    spare: np.ndarray  # (S × A, M) rows that are more than survivors times a factor
    births: np.ndarray  # (1, M)
    arriving: np.ndarray  # (1, M) migrants of all streams to a row
    deviation: np.ndarray  # (T, K, M) of every year
    lowest: np.ndarray  # (K,) what the year's deviations are not below
    plan: np.ndarray  # (T or 1, S × A, 8) what a year does to a row: STAY ... ARRIVALS
    country: np.ndarray  # (S × A, 2) each row summed over municipalities: persons, and persons × next year's deviation
    tallies: np.ndarray  # (tallies, M) persons of each tally (cells with the same unit costs)
    start_country: np.ndarray  # (S × A, 2) `country` of the jump-off population
    start_tallies: np.ndarray  # (tallies, M) `tallies` of the jump-off population
    made_for: np.ndarray  # (3,) versions that the three before, and the deviations, were made of
    cost: np.ndarray  # (1, M)
    moves: np.ndarray  # (2, M) out-moves and in-moves, float64
    own_births: np.ndarray  # (T or 0, M) births before the municipal factors
    nothing: np.ndarray  # (0, M)
    joining: np.ndarray  # (T or 0, S, M) persons who join the open age groups, at the start of the year


def row_order(sexes: int, ages: int) -> np.ndarray:
    """Rows as they are made: the open age groups, the others downwards in age, the newborn; see `Work.order`."""
    sex = np.arange(sexes)
    youngest = sex * ages
    between = (youngest[:, None] + np.arange(ages - 2, 0, -1)).ravel()
    order = np.zeros((sexes * ages, 3), np.int64)
    order[:, ROW] = np.concatenate([youngest + ages - 1, between, youngest])
    order[:, MADE_OF] = np.concatenate([sex, between - 1, sex])
    order[:, NEXT] = np.concatenate([youngest + ages - 1, between + 1, youngest + 1])
    return order


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    """An array that begins with a line of the cache, so that no vector of a row lies on two."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(size + LINE, np.uint8)
    begin = -int(room.__array_interface__["data"][0]) % LINE
    return room[begin : begin + size].view(dtype).reshape(shape)


def work_space(inputs: Inputs, traced: bool = False) -> Work:
    """Arrays to work in, for these inputs alone; `traced`: what the adjoint needs is kept of every year."""
    rows, size = inputs.population.shape[1:]
    sexes, ages = inputs.newborn.shape[2], inputs.fertility.shape[2]
    years, bands, tallies = inputs.fade.shape[1], inputs.deviation.shape[2], int(inputs.tally.max()) + 1
    dtype = inputs.population.dtype
    return Work(
        order=row_order(sexes, ages),
        state=empty((rows, size), dtype),
        made=empty((sexes, size), dtype),
        spare=empty((rows, size), dtype),
        births=empty((1, size), dtype),
        arriving=empty((1, size), dtype),
        deviation=empty((years, bands, size), dtype),
        lowest=np.empty(bands, dtype),
        plan=np.empty((years if traced else 1, rows, 8)),
        country=np.empty((rows, 2)),
        tallies=empty((tallies, size), dtype),
        start_country=np.empty((rows, 2)),
        start_tallies=empty((tallies, size), dtype),
        made_for=np.full(3, -1),
        cost=empty((1, size), dtype),
        moves=np.empty((2, size)),
        nothing=empty((0, size), dtype),
        own_births=empty((years if traced else 0, size), dtype),
        joining=empty((years if traced else 0, sexes, size), dtype),
    )
