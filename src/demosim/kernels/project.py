"""The cohort-component recursion with pooled migration and costs, municipalities innermost.

Cohort-component method in discrete years: Preston, Heuveline and Guillot (2001), Demography, chapter 6. Arrays are
(sex, age, municipality) with the municipalities padded to a multiple of 16 by empty ones, so that every inner loop is
a contiguous row that the compiler vectorises. What a cohort's migration needs to know of the country (its survivors,
and the mean of next year's deviations over them) is summed in the pass that makes its row the year before, so a year
reads and writes every row once. The plain twin is `tests/naive.py`.
"""

from __future__ import annotations

import numpy as np

from demosim.kernels._jit import compiled_once, inner, kernel
from demosim.kernels.layout import (
    BLOCK,
    FIRST,
    MADE_OF,
    NEXT,
    NOBODY,
    PLAIN,
    ROW,
    STAY,
    STIR,
    Inputs,
    Outputs,
    work_space,
)
from demosim.kernels.migration import add_moves
from demosim.kernels.plan import check_year, plan_row, plan_year, set_all_deviations, set_bounds
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
def count_rows(inputs, work, deviation, following, source, column, target, begin, end):
    """Make the rows order[begin:end] of those of `source` that `column` of the order says, and count them.

    All rows are counted by this loop, whatever they are made of, so that the sums over the country are added in one
    order: a run that is stopped and continued gives the same bits. Municipalities go through it in blocks that leave
    room for their tallies and deviations in the cache.
    """
    compiled_once()
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
def move_row(inputs, v, y, source, i, row, work, counters):
    """Survival and migration, gross moves and streams too, of a row made of row i of `source`, into the spare row."""
    plan, spare, net, inflow, key = work.plan, work.spare, inputs.net[v[5], y], inputs.inflow[v[8], y], inputs.key[v[9]]
    number = spare.dtype.type
    stay, alive = number(plan[row, STAY]), number(plan[row, STIR])
    advance(spare, 0, source, i, stay, alive, work.deviation[y], inputs.band[row])
    if plan[row, NOBODY] != 0:
        add_scaled(spare, 0, inputs.fallback, 0, net[row])
    if inputs.out_prob.shape[0] > 0:
        add_moves(spare, inputs, source, i, alive, row, work.moves)
    for p in range(key.shape[0]):
        if inflow[p, row] != 0:
            add_scaled(spare, 0, key, p, inflow[p, row])
    floor_row(spare, 0, counters)


@inner
def move_rows(inputs, v, y, source, target, work, kept, counters, begin, end):
    """Survival, migration and counting of the rows order[begin:end]: plain ones at once, the others one by one."""
    order, plan, spare = work.order, work.plan, work.spare
    deviation, following = work.deviation[y], work.deviation[min(y + 1, work.deviation.shape[0] - 1)]
    n = begin
    while n < end:
        plain = n
        while plain < end and plan[order[plain, ROW], PLAIN] != 0:
            keep_survivors(kept, order[plain, ROW], source, order[plain, MADE_OF], plan)
            plain += 1
        count_rows(inputs, work, deviation, following, source, MADE_OF, target, n, plain)
        n = plain
        if n < end:
            row, i = order[n, ROW], order[n, MADE_OF]
            keep_survivors(kept, row, source, i, plan)
            move_row(inputs, v, y, source, i, row, work, counters)
            plan[row, STAY], plan[row, STIR] = 1.0, 0.0
            count_rows(inputs, work, deviation, following, spare, FIRST, target, n, n + 1)
            n += 1


@inner
def keep_survivors(kept, row, source, i, plan):
    """Keep a row's survivors before migration, where they are wanted."""
    if kept.shape[0] > 0:
        set_scaled(kept, row, source, i, kept.dtype.type(plan[row, STIR]))


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
    mean deviation) + in-moves − out-moves + streams; births are half the sum of women at both ends times fertility.
    Births of the lowest age (which bears children only where ages are wide) count its women at the start twice.
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
