"""The cohort-component recursion with pooled migration and costs, municipalities innermost.

Cohort-component method in discrete years: Preston, Heuveline and Guillot (2001), Demography, chapter 6. Arrays are
(sex, age, municipality) with the municipalities padded to a multiple of 16 by empty ones, so that every inner loop is
a contiguous row that the compiler vectorises. What a cohort's migration needs to know of the country (its survivors,
and the mean of next year's deviations over them) is summed in the pass that makes its row the year before, so a year
reads and writes every row once. The plain twin is `tests/naive.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demosim.kernels._jit import inner, kernel
from demosim.kernels.rows import (
    add_four,
    add_scaled,
    advance,
    advance_and_count,
    clear,
    floor_row,
    join_open,
    set_scaled,
    sum_row,
)

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
    )


@inner
def bear(births, factor):
    """Births by municipality: its women's births times its factor, scaled so that the country's births hold."""
    country = weighted = births.dtype.type(0)
    for m in range(births.shape[1]):
        country += births[0, m]
        births[0, m] *= factor[m]
        weighted += births[0, m]
    scale = country / weighted if weighted > 0 else births.dtype.type(0)
    for m in range(births.shape[1]):
        births[0, m] *= scale


@inner
def set_deviations(inputs, v, y, deviation):
    """The deviations of year y by band: each part times what is left of it."""
    fade, parts = inputs.fade[v[6], y], inputs.deviation[v[7]]
    if fade.size == 0:
        clear(deviation)
        return
    for k in range(deviation.shape[0]):
        set_scaled(deviation, k, parts[0], k, fade[0])
        for j in range(1, fade.size):
            add_scaled(deviation, k, parts[j], k, fade[j])


@inner
def set_bounds(inputs, v, y, lowest):
    """What the deviations of year y are surely not below, by band."""
    fade, bounds = inputs.fade[v[6], y], inputs.lowest[v[7]]
    for k in range(lowest.size):
        lowest[k] = 0
        for j in range(fade.size):
            lowest[k] += fade[j] * bounds[j, k] if fade[j] >= 0 else -np.inf


@inner
def set_all_deviations(inputs, v, work):
    """The deviations of every year, unless those of the scenario before are the same."""
    if work.made_for[0] != v[6] or work.made_for[1] != v[7]:
        for y in range(inputs.fade.shape[1]):
            set_deviations(inputs, v, y, work.deviation[y])
        work.made_for[0], work.made_for[1] = v[6], v[7]


@inner
def count_rows(inputs, work, deviation, following, source, column, target, begin, end):
    """Make the rows order[begin:end] of those of `source` that `column` of the order says, and count them.

    All rows are counted by this loop, whatever they are made of, so that the sums over the country are added in one
    order: a run that is stopped and continued gives the same bits. Municipalities go through it in blocks that leave
    room for their tallies and deviations in the cache.
    """
    order, plan = work.order, work.plan
    country, tallies, band, tally = work.country, work.tallies, inputs.band, inputs.tally
    number, size = target.dtype.type, target.shape[1]
    for n in range(begin, end):
        country[order[n, ROW], 0] = country[order[n, ROW], 1] = 0.0
    for left in range(0, size, BLOCK):
        right = min(left + BLOCK, size)
        for n in range(begin, end):
            row, i = order[n, ROW], order[n, column]
            stay, stir = number(plan[row, STAY]), number(plan[row, STIR])
            k, next_k = band[row], band[order[n, NEXT]]
            advance_and_count(
                target, row, source, i, stay, stir, deviation, k, following, next_k, country, tallies, tally[row],
                left, right,
            )  # fmt: skip


@inner
def start_scenario(inputs, v, work, target):
    """Copy the jump-off population and count it."""
    set_all_deviations(inputs, v, work)
    clear(work.tallies)
    for row in range(target.shape[0]):
        work.plan[row, STAY], work.plan[row, STIR] = 1.0, 0.0
    deviation = work.deviation[0]
    count_rows(inputs, work, deviation, deviation, inputs.population[v[0]], ROW, target, 0, target.shape[0])


@inner
def plan_row(plan, row, alive, total, drift, net, inflow, lowest):
    """What migration does to a row of which the country has `total` survivors."""
    plan[row, STIR] = alive
    plan[row, STAY] = alive * (1 + (net - drift) / total) if total > 0 else alive
    plan[row, EXPECTED] = total + net
    plain = total > 0 and plan[row, STAY] + alive * lowest > alive * SAFE
    for p in range(inflow.shape[0]):
        plan[row, EXPECTED] += inflow[p, row]
        plain = plain and inflow[p, row] == 0
    plan[row, NOBODY] = not total > 0
    plan[row, PLAIN] = plain


@inner
def plan_year(inputs, v, y, work):
    """`plan_row` for all cohorts but the newborn, from last year's sums over the country."""
    survival, net, inflow = inputs.survival[v[1], y], inputs.net[v[5], y], inputs.inflow[v[8], y]
    band, country, plan, lowest = inputs.band, work.country, work.plan, work.lowest
    ages = inputs.fertility.shape[2]
    for row in range(band.size):
        if row % ages > 0:
            alive = float(survival[row - 1])
            total, drift = alive * country[row - 1, 0], alive * country[row - 1, 1]
            if (row + 1) % ages == 0:
                total += survival[row] * country[row, 0]
                drift += survival[row] * country[row, 1]
                alive = 1.0
            plan_row(plan, row, alive, total, drift, net[row], inflow, lowest[band[row]])


@inner
def check_year(plan, country, counters):
    """Compare each row's persons with what migration should have left."""
    for row in range(plan.shape[0]):
        if not np.isfinite(country[row, 0]):
            counters[4] += 1
        elif plan[row, EXPECTED] > 0:
            counters[3] = max(counters[3], abs(country[row, 0] / plan[row, EXPECTED] - 1))


@inner
def move_rows(inputs, v, y, source, target, work, kept, counters, begin, end):
    """Survival, migration and counting of the rows order[begin:end]."""
    order, plan, spare, band = work.order, work.plan, work.spare, inputs.band
    deviation, following = work.deviation[y], work.deviation[min(y + 1, work.deviation.shape[0] - 1)]
    net, inflow, key, fallback = inputs.net[v[5], y], inputs.inflow[v[8], y], inputs.key[v[9]], inputs.fallback
    number = target.dtype.type
    n = begin
    while n < end:
        plain = n
        while plain < end and plan[order[plain, ROW], PLAIN] != 0:
            if kept.shape[0] > 0:
                set_scaled(
                    kept, order[plain, ROW], source, order[plain, MADE_OF], number(plan[order[plain, ROW], STIR])
                )
            plain += 1
        count_rows(inputs, work, deviation, following, source, MADE_OF, target, n, plain)
        n = plain
        if n < end:
            row, i = order[n, ROW], order[n, MADE_OF]
            stay, alive = number(plan[row, STAY]), number(plan[row, STIR])
            if kept.shape[0] > 0:
                set_scaled(kept, row, source, i, alive)
            advance(spare, 0, source, i, stay, alive, deviation, band[row])
            if plan[row, NOBODY] != 0:
                add_scaled(spare, 0, fallback, 0, net[row])
            for p in range(key.shape[0]):
                if inflow[p, row] != 0:
                    add_scaled(spare, 0, key, p, inflow[p, row])
            floor_row(spare, 0, counters)
            plan[row, STAY], plan[row, STIR] = 1.0, 0.0
            count_rows(inputs, work, deviation, following, spare, FIRST, target, n, n + 1)
            n += 1


@inner
def add_births(births, women, youngest, fertility, first):
    """Births to the women of the ages from `first` on."""
    for a in range(first, fertility.size):
        if fertility[a] != 0:
            add_scaled(births, 0, women, youngest + a, fertility[a])


@inner
def project_year(inputs, v, y, source, target, work, kept, counters):
    """One year, downwards in age, so that `target` may be `source`: survive, migrate, bear, count.

    Births to the lowest age (there are some only where ages are wide) count its women at the start twice.
    """
    births, made = work.births, work.made
    survival, newborn, fertility = inputs.survival[v[1], y], inputs.newborn[v[2], y], inputs.fertility[v[3], y]
    net, inflow = inputs.net[v[5], y], inputs.inflow[v[8], y]
    sexes, ages = newborn.size, fertility.size
    women, rows = (sexes - 1) * ages, sexes * ages
    clear(births)
    clear(work.tallies)
    plan_year(inputs, v, y, work)
    add_births(births, source, women, fertility, 0)
    add_scaled(births, 0, source, women, fertility[0])
    for s in range(sexes):
        oldest = s * ages + ages - 1
        join_open(made, s, source, oldest, survival[oldest - 1], survival[oldest])
    move_rows(inputs, v, y, made, target, work, kept, counters, 0, sexes)
    move_rows(inputs, v, y, source, target, work, kept, counters, sexes, rows - sexes)
    add_births(births, target, women, fertility, 1)
    bear(births, inputs.fertility_factor[v[4]])
    for s in range(sexes):
        row = s * ages
        k = inputs.band[row]
        set_scaled(made, s, births, 0, newborn[s])
        total, drift = sum_row(made, s, work.deviation[y], k)
        plan_row(work.plan, row, 1.0, total, drift, net[row], inflow, work.lowest[k])
    move_rows(inputs, v, y, made, target, work, kept, counters, rows - sexes, rows)
    check_year(work.plan, work.country, counters)


@inner
def set_need(need, tallies, unit_cost, service_start, pair_tally, region, cost):
    """Need (service, region) on a date: unit costs times tallies, summed in float64 over the region."""
    for k in range(service_start.size - 1):
        clear(cost)
        pair, last = service_start[k], service_start[k + 1]
        while pair + 4 <= last:
            add_four(cost, 0, tallies, pair_tally, unit_cost, pair)
            pair += 4
        for rest in range(pair, last):
            add_scaled(cost, 0, tallies, pair_tally[rest], unit_cost[rest])
        if region.size == 0:
            for m in range(need.shape[1]):
                need[k, m] = cost[0, m]
        else:
            for r in range(need.shape[1]):
                need[k, r] = 0
            for m in range(region.size):
                if region[m] >= 0:
                    need[k, region[m]] += cost[0, m]


@kernel
def project(inputs: Inputs, pick: np.ndarray, first: int, last: int, outputs: Outputs) -> None:
    """Project scenarios first..last-1 year by year and count their need; fill `outputs` in place.

    Population at the end of a year, by sex and age there, is survivors × (1 + net / country's survivors + deviation −
    mean deviation) + streams; births are half the sum of women at both ends times fertility. Births of the lowest age
    (which bears children only where ages are wide) count its women at the start twice.
    """
    years, dates = inputs.survival.shape[1], inputs.unit_cost.shape[1] - 1
    work = work_space(inputs)
    nothing, number = np.empty((0, 0), work.state.dtype), work.state.dtype.type
    for i in range(first, last):
        v = pick[i]
        state = outputs.population[i, 0] if outputs.population.shape[0] > 0 else work.state
        start_scenario(inputs, v, work, state)
        for t in range(years + 1):
            if t > 0:
                before, state = state, outputs.population[i, t] if outputs.population.shape[0] > 0 else work.state
                kept = outputs.survivors[i, t - 1] if outputs.survivors.shape[0] > 0 else nothing
                set_bounds(inputs, v, t - 1, work.lowest)
                project_year(inputs, v, t - 1, before, state, work, kept, outputs.counters[i])
                if outputs.births.shape[0] > 0:
                    set_scaled(outputs.births[i], t - 1, work.births, 0, number(1))
            if outputs.need.shape[2] > 0:
                set_need(
                    outputs.need[i, t], work.tallies, inputs.unit_cost[v[10], min(t, dates)], inputs.service_start,
                    inputs.pair_tally, inputs.region, work.cost,
                )  # fmt: skip
