"""The arrays that the recursion reads, fills and works in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demosim.kernels._jit import inner

PAD = 16
BLOCK = 1024  # municipalities


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
STAY, STIR, EXPECTED, NOBODY, PLAIN = range(5)  # columns of the plan
ROW, MADE_OF, NEXT, FIRST = range(4)  # columns of the order


class Work(NamedTuple):
    """Arrays that one scenario after another works in."""

    order: np.ndarray  # (S × A, 4) rows in the order they are made: ROW, the row of its source, the row a year on, 0
    state: np.ndarray  # (S × A, M) persons
    made: np.ndarray  # (S, M) what the open age groups, and later the newborn, are made of
    spare: np.ndarray  # (1, M)
    births: np.ndarray  # (1, M)
    deviation: np.ndarray  # (T, K, M) of every year
    made_for: np.ndarray  # (2,) versions that the deviations were made of
    lowest: np.ndarray  # (K,) what the year's deviations are not below
    plan: np.ndarray  # (S × A, 5) what migration does to a row: STIR ... PLAIN
    country: np.ndarray  # (S × A, 2) each row summed over municipalities: persons, and persons × next year's deviation
    tallies: np.ndarray  # (tallies, M) persons of each tally (cells with the same unit costs)
    cost: np.ndarray  # (1, M)
    moves: np.ndarray  # (2, M) out-moves and in-moves, float64


@inner
def row_order(sexes, ages):
    """Rows as they are made: the open age groups, the others downwards in age, the newborn."""
    order = np.zeros((sexes * ages, 4), np.int64)
    for s in range(sexes):
        youngest, oldest = s * ages, s * ages + ages - 1
        first, last = s, sexes * ages - sexes + s
        order[first, ROW], order[first, MADE_OF], order[first, NEXT] = oldest, s, oldest
        order[last, ROW], order[last, MADE_OF], order[last, NEXT] = youngest, s, youngest + 1
        for i in range(ages - 2):
            row, n = oldest - 1 - i, sexes + s * (ages - 2) + i
            order[n, ROW], order[n, MADE_OF], order[n, NEXT] = row, row - 1, row + 1
    return order


@inner
def count_tallies(inputs):
    """Number of tallies."""
    highest = 0
    for tally in inputs.tally:
        highest = max(highest, tally)
    return highest + 1


@inner
def work_space(inputs):
    """Arrays to work in, for inputs of this size."""
    rows, size = inputs.population.shape[1:]
    bands = inputs.deviation.shape[2]
    dtype = inputs.population.dtype
    return Work(
        order=row_order(inputs.newborn.shape[2], inputs.fertility.shape[2]),
        state=np.empty((rows, size), dtype),
        made=np.empty((inputs.newborn.shape[2], size), dtype),
        spare=np.empty((1, size), dtype),
        births=np.empty((1, size), dtype),
        deviation=np.empty((inputs.fade.shape[1], bands, size), dtype),
        made_for=np.full(2, -1),
        lowest=np.empty(bands, dtype),
        plan=np.empty((rows, 5), np.float64),
        country=np.empty((rows, 2), np.float64),
        tallies=np.empty((count_tallies(inputs), size), dtype),
        cost=np.empty((1, size), dtype),
        moves=np.empty((2, size), np.float64),
    )
