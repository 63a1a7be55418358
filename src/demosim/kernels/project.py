"""The cohort-component recursion with pooled migration and costs, municipalities innermost.

Cohort-component method in discrete years: Preston, Heuveline and Guillot (2001), Demography, chapter 6. Arrays are
(sex, age, municipality) with the municipalities padded to a multiple of 16 by empty ones, so that every inner loop is
a contiguous row that the compiler vectorises. A cohort's row is made, summed over the country and given its migration
while it is in the nearest cache. The plain twin is `tests/naive.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demosim.kernels._jit import jit

PAD = 16


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
    band: np.ndarray  # (S × A,) band of the deviations
    fallback: np.ndarray  # (1, M) shares for migrants to an age where nobody is
    tally: np.ndarray  # (S × A,) tally that a cell is counted in, -1 for none
    service_start: np.ndarray  # (services + 1,) where each service's pairs begin
    pair_tally: np.ndarray  # (C,) the tally of a pair
    region: np.ndarray  # (M,) region that a municipality's need is added to, -1 for none


class Outputs(NamedTuple):
    """What the recursion fills. Arrays with a first axis of length 0 are left out."""

    need: np.ndarray  # (scenarios, T + 1, services, regions) kroner, float64
    population: np.ndarray  # (scenarios or 0, T + 1, S × A, M)
    survivors: np.ndarray  # (scenarios or 0, T, S × A, M) before migration
    births: np.ndarray  # (scenarios or 0, T, M)
    counters: np.ndarray  # (scenarios, 5) see COUNTERS


FIELDS = Inputs._fields[:11]
COUNTERS = ("floored_cells", "floored_persons", "unmet_persons", "mass_balance", "non_finite")


@jit
def survive(state, row, source, survival, current, k):
    """Move cohort `source` up into `row`; return the country's survivors and their summed deviations of band k."""
    total = drift = state[row, 0] * 0
    for m in range(state.shape[1]):
        alive = state[source, m] * survival
        state[row, m] = alive
        total += alive
        drift += current[k, m] * alive
    return total, drift


@jit
def survive_open(state, row, survival, survival_open, current, k):
    """The open age group keeps its own survivors and takes in those of the age below."""
    total = drift = state[row, 0] * 0
    for m in range(state.shape[1]):
        alive = state[row - 1, m] * survival + state[row, m] * survival_open
        state[row, m] = alive
        total += alive
        drift += current[k, m] * alive
    return total, drift


@jit
def add_scaled(target, i, source, j, scale):
    """target[i] += scale × source[j], municipality by municipality."""
    for m in range(target.shape[1]):
        target[i, m] += scale * source[j, m]


@jit
def migrate(state, row, growth, current, k):
    """Grow a cohort by the country's rate and the municipal deviation; return persons and what is below zero."""
    zero = state.dtype.type(0)
    total = below = zero
    for m in range(state.shape[1]):
        moved = state[row, m] * (growth + current[k, m])
        state[row, m] = moved
        total += moved
        below += moved if moved < 0 else zero
    return total, below


@jit
def settle(state, row, key, p, persons):
    """Add a stream's migrants by its key; return persons and what is below zero."""
    zero = state.dtype.type(0)
    total = below = zero
    for m in range(state.shape[1]):
        settled = state[row, m] + persons * key[p, m]
        state[row, m] = settled
        total += settled
        below += settled if settled < 0 else zero
    return total, below


@jit
def floor_row(state, row, counters):
    """Set negative cells to zero and take the amount from the same sex and age elsewhere, so that the sum holds."""
    total = 0.0
    positive = 0.0
    for m in range(state.shape[1]):
        total += state[row, m]
        if state[row, m] < 0:
            counters[0] += 1
            counters[1] -= state[row, m]
            state[row, m] = 0
        else:
            positive += state[row, m]
    scale = state.dtype.type(max(total, 0.0) / positive if positive > 0 else 0.0)
    counters[2] += max(-total, 0.0)
    for m in range(state.shape[1]):
        state[row, m] *= scale


@jit
def add_migration(state, row, total, drift, net, current, k, fallback, inflow, key, counters):
    """Net migration of one sex and age in all municipalities: by survivors, by deviation, by each stream's key."""
    number = state.dtype.type
    expected = total + net[row]
    if total > 0:
        after, below = migrate(state, row, number(1 + (net[row] - drift) / total), current, k)
    else:
        after, below = settle(state, row, fallback, 0, net[row])
    for p in range(key.shape[0]):
        if inflow[p, row] != 0:
            expected += inflow[p, row]
            after, below = settle(state, row, key, p, inflow[p, row])
    if below < 0:
        floor_row(state, row, counters)
        expected = max(expected, number(0))
        after = state[row].sum()
    if not np.isfinite(after):
        counters[4] += 1
    elif expected > 0:
        counters[3] = max(counters[3], abs(after / expected - 1))


@jit
def bear(births, factor):
    """Births by municipality: its women's births times its factor, scaled so that the country's births hold."""
    country = weighted = births[0, 0] * 0
    for m in range(births.shape[1]):
        country += births[0, m]
        births[0, m] *= factor[m]
        weighted += births[0, m]
    scale = country / weighted if weighted > 0 else births.dtype.type(0)
    for m in range(births.shape[1]):
        births[0, m] *= scale


@jit
def tally_population(state, tally, tallies):
    """Persons of each tally (cells with the same unit costs) by municipality."""
    tallies[:] = 0
    one = state.dtype.type(1)
    for row in range(state.shape[0]):
        if tally[row] >= 0:
            add_scaled(tallies, tally[row], state, row, one)


@jit
def add_need(need, tallies, unit_cost, service_start, pair_tally, region, cost):
    """Need (service, region) on a date: unit costs times tallies, summed in float64 over the region."""
    for k in range(service_start.size - 1):
        cost[:] = 0
        for pair in range(service_start[k], service_start[k + 1]):
            add_scaled(cost, 0, tallies, pair_tally[pair], unit_cost[pair])
        for m in range(region.size):
            if region[m] >= 0:
                need[k, region[m]] += cost[0, m]


@jit
def set_deviations(current, fade, deviation):
    """The year's deviations by band: each part times what is left of it."""
    current[:] = 0
    for j in range(fade.size):
        if fade[j] != 0:
            for k in range(current.shape[0]):
                add_scaled(current, k, deviation[j], k, fade[j])


@jit
def project_year(
    state,
    births,
    oldest,
    survival,
    newborn,
    fertility,
    factor,
    net,
    current,
    band,
    fallback,
    inflow,
    key,
    kept,
    counters,
):
    """One year, in place and downwards in age: survive, migrate, bear; `births` is filled by municipality."""
    sexes, ages = newborn.size, oldest + 1
    births[:] = 0
    for s in range(sexes):
        for a in range(oldest, 0, -1):
            row = s * ages + a
            k = band[row]
            fertile = s == sexes - 1 and fertility[a] != 0
            if fertile:
                add_scaled(births, 0, state, row, fertility[a])
            if a == oldest:
                total, drift = survive_open(state, row, survival[row - 1], survival[row], current, k)
            else:
                total, drift = survive(state, row, row - 1, survival[row - 1], current, k)
            if kept.shape[0] > 0:
                kept[row] = state[row]
            add_migration(state, row, total, drift, net, current, k, fallback, inflow, key, counters)
            if fertile:
                add_scaled(births, 0, state, row, fertility[a])
    if fertility[0] != 0:
        add_scaled(births, 0, state, (sexes - 1) * ages, 2 * fertility[0])
    bear(births, factor)
    for s in range(sexes):
        row = s * ages
        k = band[row]
        state[row] = births[0]
        total, drift = survive(state, row, row, newborn[s], current, k)
        if kept.shape[0] > 0:
            kept[row] = state[row]
        add_migration(state, row, total, drift, net, current, k, fallback, inflow, key, counters)


@jit
def project(inputs: Inputs, pick: np.ndarray, first: int, last: int, outputs: Outputs) -> None:
    """Project scenarios first..last-1 year by year and count their need; fill `outputs` in place.

    Population at the end of a year, by sex and age there, is survivors × (1 + net / country's survivors + deviation −
    mean deviation) + streams; births are half the sum of women at both ends times fertility. Births of the lowest age
    (which bears children only where ages are wide) count its women at the start twice.
    """
    rows, size = inputs.population.shape[1:]
    years, sexes = inputs.newborn.shape[1:]
    dtype = inputs.population.dtype
    state = np.empty((rows, size), dtype)
    current = np.empty((inputs.deviation.shape[2], size), dtype)
    tallies = np.empty((inputs.tally.max() + 1, size), dtype)
    births, cost = np.empty((1, size), dtype), np.empty((1, size), dtype)
    nothing = np.empty((0, size), dtype)
    dates = inputs.unit_cost.shape[1] - 1
    for i in range(first, last):
        v = pick[i]
        state[:] = inputs.population[v[0]]
        for t in range(years + 1):
            if t > 0:
                y = t - 1
                set_deviations(current, inputs.fade[v[6], y], inputs.deviation[v[7]])
                kept = outputs.survivors[i, y] if outputs.survivors.shape[0] > 0 else nothing
                project_year(
                    state, births, rows // sexes - 1, inputs.survival[v[1], y], inputs.newborn[v[2], y],
                    inputs.fertility[v[3], y], inputs.fertility_factor[v[4]], inputs.net[v[5], y], current,
                    inputs.band, inputs.fallback, inputs.inflow[v[8], y], inputs.key[v[9]], kept, outputs.counters[i],
                )  # fmt: skip
                if outputs.births.shape[0] > 0:
                    outputs.births[i, y] = births[0]
            if outputs.population.shape[0] > 0:
                outputs.population[i, t] = state
            if outputs.need.shape[2] > 0:
                tally_population(state, inputs.tally, tallies)
                add_need(
                    outputs.need[i, t], tallies, inputs.unit_cost[v[10], min(t, dates)], inputs.service_start,
                    inputs.pair_tally, inputs.region, cost,
                )  # fmt: skip
