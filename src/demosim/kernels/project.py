"""The cohort-component recursion with pooled migration and costs, municipalities innermost.

Cohort-component method in discrete years: Preston, Heuveline and Guillot (2001), Demography, chapter 6. Arrays are
(sex, age, municipality) with the municipalities padded to a multiple of 16 by empty ones, so that every inner loop is
a contiguous row that the compiler vectorises. What a cohort's migration needs to know of the country (its survivors,
and the mean of next year's deviations over them) is summed in the pass that makes its row the year before, so a year
reads and writes every row once. The plain twin is `tests/naive.py`.
"""

from __future__ import annotations

import numpy as np

from demosim.kernels._jit import apart, inner, kernel, one_copy
from demosim.kernels.layout import (
    ARRIVALS,
    BLOCK,
    MADE_OF,
    NEXT,
    NOBODY,
    ROW,
    STAY,
    STIR,
    SURE,
    Inputs,
    Outputs,
    Work,
    work_space,
)
from demosim.kernels.migration import add_moves
from demosim.kernels.plan import check_year, plan_row, plan_year, set_bounds, set_deviations
from demosim.kernels.rows import (
    add_consecutive,
    add_four,
    add_part,
    add_scaled,
    advance,
    advance_and_count,
    arrive_and_count,
    clear,
    clear_part,
    copy_part,
    copy_row,
    copy_rows,
    floor_row,
    join_open,
    set_scaled,
    sum_row,
)

PLAIN, ARRIVING, OTHER = range(3)  # kinds of rows


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
def set_all_deviations(inputs, v, work):
    """The deviations of every year, unless those of the scenario before are the same."""
    if work.made_for[0] != v[6] or work.made_for[1] != v[7]:
        for y in range(inputs.fade.shape[1]):
            set_deviations(inputs, v, y, work.deviation[y])
        work.made_for[0], work.made_for[1], work.made_for[2] = v[6], v[7], -1


@apart
def count_rows(inputs, work, plan, deviation, following, source, column, target, begin, end):
    """Make the rows order[begin:end] of those of `source` that `column` of the order says, and count them.

    All rows are counted by this loop, whatever they are made of, so that the sums over the country are added in one
    order: a run that is stopped and continued gives the same bits. Municipalities go through it in blocks that leave
    room for their tallies and deviations in the cache.
    """
    one_copy()
    order, country, tallies, band, tally = work.order, work.country, work.tallies, inputs.band, inputs.tally
    number, size = target.dtype.type, target.shape[1]
    for n in range(begin, end):
        country[order[n, ROW], 0] = country[order[n, ROW], 1] = 0.0
    for left in range(0, size, BLOCK):
        right = min(left + BLOCK, size)
        for n in range(begin, end):
            row, i = order[n, ROW], order[n, column]
            stay, stir = number(plan[row, STAY]), number(plan[row, STIR])
            if column == ROW:  # made already
                stay, stir = number(1), number(0)
            k, next_k = band[row], band[order[n, NEXT]]
            advance_and_count(
                target, row, source, i, stay, stir, deviation, k, following, next_k, country, tallies, tally[row],
                left, right,
            )  # fmt: skip


@apart
def count_arrivals(inputs, work, plan, deviation, following, source, target, inflow, key, begin, end):
    """`count_rows` of rows that streams bring people to."""
    one_copy()
    order, arriving = work.order, work.arriving
    country, tallies, band, tally = work.country, work.tallies, inputs.band, inputs.tally
    number, size = target.dtype.type, target.shape[1]
    for n in range(begin, end):
        country[order[n, ROW], 0] = country[order[n, ROW], 1] = 0.0
    for left in range(0, size, BLOCK):
        right = min(left + BLOCK, size)
        for n in range(begin, end):
            row, i = order[n, ROW], order[n, MADE_OF]
            stay, stir = number(plan[row, STAY]), number(plan[row, STIR])
            k, next_k = band[row], band[order[n, NEXT]]
            clear_part(arriving, 0, left, right)
            for p in range(key.shape[0]):
                add_part(arriving, 0, key, p, inflow[p, row], left, right)
            arrive_and_count(
                target, row, source, i, stay, stir, deviation, k, following, next_k, country, tallies, tally[row],
                arriving, left, right,
            )  # fmt: skip


@inner
def start_scenario(inputs, v, work):
    """Count the jump-off population, unless it is that of the scenario before."""
    set_all_deviations(inputs, v, work)
    if work.made_for[2] != v[0]:
        clear(work.tallies)
        deviation, rows = work.deviation[0], work.state.shape[0]
        count_rows(inputs, work, work.plan[0], deviation, deviation, inputs.population[v[0]], ROW, work.state, 0, rows)
        copy_rows(work.start_country, work.country)
        copy_rows(work.start_tallies, work.tallies)
        work.made_for[2] = v[0]
    copy_rows(work.country, work.start_country)
    copy_rows(work.tallies, work.start_tallies)


@inner
def move_row(inputs, spare, row, source, i, plan, deviation, k, net, fallback, inflow, key, moves, counters):
    """Survival and migration, gross moves and streams too, of a row made of row i of `source`, into its spare row."""
    number = spare.dtype.type
    advance(spare, row, source, i, number(plan[row, STAY]), number(plan[row, STIR]), deviation, k)
    if plan[row, NOBODY] != 0:
        add_scaled(spare, row, fallback, 0, net[row])
    if inputs.out_prob.shape[0] > 0:
        add_moves(spare, row, inputs, source, i, number(plan[row, STIR]), row, moves)
    for p in range(key.shape[0]):
        add_scaled(spare, row, key, p, inflow[p, row])
    floor_row(spare, row, counters)


@inner
def move_rows(inputs, v, y, plan, source, target, work, kept, counters, begin, end):
    """Survival, migration and counting of the rows order[begin:end]: at once, or by spare rows (see `kind_of`)."""
    order, spare, band = work.order, work.spare, inputs.band
    deviation, following = work.deviation[y], work.deviation[min(y + 1, work.deviation.shape[0] - 1)]
    net, inflow, key, fallback = inputs.net[v[5], y], inputs.inflow[v[8], y], inputs.key[v[9]], inputs.fallback
    if kept.shape[0] > 0:
        keep_survivors(kept, source, order, plan, begin, end)
    n = begin
    while n < end:
        first, kind = n, kind_of(plan, order[n, ROW])
        while n < end and kind_of(plan, order[n, ROW]) == kind:
            n += 1
        if kind == PLAIN:
            count_rows(inputs, work, plan, deviation, following, source, MADE_OF, target, first, n)
        elif kind == ARRIVING:
            count_arrivals(inputs, work, plan, deviation, following, source, target, inflow, key, first, n)
        else:
            for rest in range(first, n):
                row, i = order[rest, ROW], order[rest, MADE_OF]
                move_row(
                    inputs, spare, row, source, i, plan, deviation, band[row], net, fallback, inflow, key, work.moves,
                    counters,
                )  # fmt: skip
            count_rows(inputs, work, plan, deviation, following, spare, ROW, target, first, n)


@inner
def kind_of(plan, row):
    """How a row is made: at once, at once with those whom streams bring, or step by step."""
    if plan[row, SURE] == 0:
        return OTHER
    return ARRIVING if plan[row, ARRIVALS] != 0 else PLAIN


@inner
def keep_survivors(kept, source, order, plan, begin, end):
    """Keep the survivors of the rows order[begin:end] before migration."""
    for n in range(begin, end):
        set_scaled(kept, order[n, ROW], source, order[n, MADE_OF], kept.dtype.type(plan[order[n, ROW], STIR]))


@inner
def add_births(births, women, youngest, fertility, first):
    """Births to the women of the ages from `first` on, four ages at a time."""
    a = first
    while a < fertility.size:
        if fertility[a] == 0:
            a += 1
        elif a + 4 <= fertility.size:
            add_consecutive(births, 0, women, youngest + a, fertility, a)
            a += 4
        else:
            add_scaled(births, 0, women, youngest + a, fertility[a])
            a += 1


@inner
def project_year(inputs, v, y, source, target, work, kept, counters):
    """One year, downwards in age, so that `target` may be `source`: survive, migrate, bear, count.

    Births to the lowest age (there are some only where ages are wide) count its women at the start twice.
    """
    births, made, plan = work.births, work.made, work.plan[y % work.plan.shape[0]]
    survival, newborn, fertility = inputs.survival[v[1], y], inputs.newborn[v[2], y], inputs.fertility[v[3], y]
    net, inflow = inputs.net[v[5], y], inputs.inflow[v[8], y]
    sexes, ages = newborn.size, fertility.size
    women, rows = (sexes - 1) * ages, sexes * ages
    clear(births)
    clear(work.tallies)
    plan_year(inputs, v, y, plan, work)
    add_births(births, source, women, fertility, 0)
    add_scaled(births, 0, source, women, fertility[0])
    for s in range(sexes):
        oldest = s * ages + ages - 1
        if work.joining.shape[0] > 0:
            copy_row(work.joining[y], s, source, oldest - 1)
        join_open(made, s, source, oldest, survival[oldest - 1], survival[oldest])
    move_rows(inputs, v, y, plan, made, target, work, kept, counters, 0, sexes)
    move_rows(inputs, v, y, plan, source, target, work, kept, counters, sexes, rows - sexes)
    add_births(births, target, women, fertility, 1)
    if work.own_births.shape[0] > 0:
        copy_row(work.own_births, y, births, 0)
    bear(births, inputs.fertility_factor[v[4]])
    for s in range(sexes):
        row = s * ages
        k = inputs.band[row]
        set_scaled(made, s, births, 0, newborn[s])
        total, drift = sum_row(made, s, work.deviation[y], k)
        plan_row(plan, row, 1.0, total, drift, net[row], inflow, work.lowest[k])
    move_rows(inputs, v, y, plan, made, target, work, kept, counters, rows - sexes, rows)
    check_year(plan, work.country, counters)


@inner
def add_by_region(need, k, cost, region, left, right):
    """Add the costs of municipalities left..right-1 to their regions."""
    for m in range(left, right):
        if region[m] >= 0:
            need[k, region[m]] += cost[0, m]


@inner
def set_need(need, tallies, unit_cost, service_start, pair_tally, region, cost):
    """Need (service, region) on a date: unit costs times tallies, summed in float64 over the region."""
    size = tallies.shape[1]
    if region.size > 0:
        clear(need)
    for left in range(0, size, BLOCK):
        right = min(left + BLOCK, size)
        for k in range(service_start.size - 1):
            pair, last = service_start[k], service_start[k + 1]
            clear_part(cost, 0, left, right)
            while pair + 4 <= last:
                add_four(cost, 0, tallies, pair_tally, unit_cost, pair, left, right)
                pair += 4
            for rest in range(pair, last):
                add_part(cost, 0, tallies, pair_tally[rest], unit_cost[rest], left, right)
            if region.size == 0:
                copy_part(need, k, cost, 0, left, min(right, need.shape[1]))
            else:
                add_by_region(need, k, cost, region, left, right)


@inner
def project_scenario(inputs, v, i, work, outputs):
    """Scenario i year by year, with its need."""
    years, dates = inputs.survival.shape[1], inputs.unit_cost.shape[1] - 1
    number = work.state.dtype.type
    keeps = outputs.population.shape[0] > 0
    state = inputs.population[v[0]]
    start_scenario(inputs, v, work)
    if keeps:
        copy_rows(outputs.population[i, 0], state)
    for t in range(years + 1):
        if t > 0:
            before, state = state, outputs.population[i, t] if keeps else work.state
            kept = outputs.survivors[i, t - 1] if outputs.survivors.shape[0] > 0 else work.nothing
            set_bounds(inputs, v, t - 1, work.lowest)
            project_year(inputs, v, t - 1, before, state, work, kept, outputs.counters[i])
            if outputs.births.shape[0] > 0:
                set_scaled(outputs.births[i], t - 1, work.births, 0, number(1))
        if outputs.need.shape[2] > 0:
            set_need(
                outputs.need[i, t], work.tallies, inputs.unit_cost[v[10], min(t, dates)], inputs.service_start,
                inputs.pair_tally, inputs.region, work.cost,
            )  # fmt: skip


@kernel
def project_scenarios(inputs: Inputs, pick: np.ndarray, first: int, last: int, outputs: Outputs, work: Work) -> None:
    """See `project`."""
    for i in range(first, last):
        project_scenario(inputs, pick[i], i, work, outputs)


def project(
    inputs: Inputs, pick: np.ndarray, first: int, last: int, outputs: Outputs, work: Work | None = None
) -> None:
    """Project scenarios first..last-1 year by year and count their need; fill `outputs` in place.

    Population at the end of a year, by sex and age there, is survivors × (1 + net / country's survivors + deviation −
    mean deviation) + in-moves − out-moves + streams; births are half the sum of women at both ends times fertility.
    Births of the lowest age (which bears children only where ages are wide) count its women at the start twice.
    `work` is used again where calls for the same inputs follow each other.
    """
    project_scenarios(inputs, pick, first, last, outputs, work or work_space(inputs))
