"""Reverse mode of a single row: one sex and age from one year to the next; see `adjoint.py`.

The adjoint of a cohort's row is kept in a row of its own, so that it stays in the nearest cache while the cohort is
followed back.
"""

from __future__ import annotations

from demosim.kernels._jit import inner
from demosim.kernels.layout import DRIFT, NOBODY, STAY, STIR, SURE, TOTAL
from demosim.kernels.migration import add_moves, back_moves
from demosim.kernels.rows import add_scaled, advance, dot, floor_row


@inner
def make_row(inputs, v, run, y, row, source, i, target, t, scratch):
    """target[t] = `row` at the end of year y, made of source[i] once more as in the run."""
    plan, number = run.plan[y], target.dtype.type
    inflow, key = inputs.inflow[v[8], y], inputs.key[v[9]]
    alive = number(plan[row, STIR])
    advance(target, t, source, i, number(plan[row, STAY]), alive, run.deviation[y], inputs.band[row])
    if plan[row, SURE] == 0:
        if plan[row, NOBODY] != 0:
            add_scaled(target, t, inputs.fallback, 0, inputs.net[v[5], y, row])
        if inputs.out_prob.shape[0] > 0:
            add_moves(target, t, inputs, source, i, alive, row, scratch.moves)
    for p in range(key.shape[0]):
        if inflow[p, row] != 0:
            add_scaled(target, t, key, p, inflow[p, row])


@inner
def finish_row(run, y, row, target, t, scratch):
    """Set the negative cells of target[t] to zero, if there may be any."""
    if run.plan[y, row, SURE] == 0:
        floor_row(target, t, scratch.ignored)


@inner
def weigh_row(bar, tally_bar, j, persons, t, paid, source, i, deviation, k, key):
    """Add the weights on need to the adjoint of persons[t], which was made of source[i].

    Returns the sums of bar × source, bar × source × deviation, bar × key and paid × persons.
    """
    value = value_drift = arrived = cost = 0.0
    for m in range(bar.shape[1]):
        b = bar[0, m] + tally_bar[j, m]
        bar[0, m] = b
        worth = b * source[i, m]
        value += worth
        value_drift += worth * deviation[k, m]
        arrived += b * key[0, m]
        cost += paid[0, m] * persons[t, m]
    return value, value_drift, arrived, cost


@inner
def weigh_women(bar, births_bar, t, now, before, persons):
    """Add the births to the adjoint of persons[t], women: those of the year that begins, and of the one before.

    Returns the sums of persons × the adjoint of the births of both.
    """
    begins = ended = 0.0
    for m in range(bar.shape[1]):
        x, b, c = persons[t, m], births_bar[t + 1, m], births_bar[t, m]
        begins += x * b
        ended += x * c
        bar[0, m] += now * b + before * c
    return begins, ended


@inner
def bar_sums(bar, source, i, deviation, k):
    """The first two sums of `weigh_row` once more."""
    value = value_drift = 0.0
    for m in range(bar.shape[1]):
        worth = bar[0, m] * source[i, m]
        value += worth
        value_drift += worth * deviation[k, m]
    return value, value_drift


@inner
def back_migration(bar, source, i, alive, grow, level, deviation, deviation_bar, k):
    """From the adjoint of a row to that of source[i], and the row's part of the adjoint of its deviations."""
    rest = level * alive
    for m in range(bar.shape[1]):
        above = bar[0, m] - level
        deviation_bar[k, m] += alive * source[i, m] * above
        bar[0, m] = above * (grow + alive * deviation[k, m]) + rest


@inner
def back_floor(bar, moved):
    """Adjoint of a row before its negative cells were set to zero; does nothing where none were."""
    total = positive = value = 0.0
    cells = 0
    for m in range(bar.shape[1]):
        x = moved[0, m]
        total += x
        if x > 0:
            positive += x
            value += bar[0, m] * x
        elif x < 0:
            cells += 1
    if cells == 0:
        return
    if total <= 0 or positive <= 0:
        for m in range(bar.shape[1]):
            bar[0, m] = 0
        return
    scale, mean = total / positive, value / positive
    for m in range(bar.shape[1]):
        bar[0, m] = mean + (scale * (bar[0, m] - mean) if moved[0, m] > 0 else 0.0)


@inner
def back_row(inputs, v, run, y, row, bar, source, i, sums, scratch, adjoint):
    """From the adjoint of `row` at the end of year y to that of source[i], which it was made of; both are `bar`.

    `sums` are those of `weigh_row`. Returns the adjoint of the share of source[i] that stays alive.
    """
    plan, k, deviation = run.plan[y], inputs.band[row], run.deviation[y]
    net, inflow, key = inputs.net[v[5], y, row], inputs.inflow[v[8], y], inputs.key[v[9]]
    alive = plan[row, STIR]
    value, value_drift, arrived = sums
    if plan[row, SURE] == 0:
        make_row(inputs, v, run, y, row, source, i, scratch.moved, 0, scratch)
        back_floor(bar, scratch.moved)
        value, value_drift = bar_sums(bar, source, i, deviation, k)
        arrived = dot(bar, 0, key, 0) if key.shape[0] > 0 else 0.0
    moves_bar = 0.0
    if inputs.out_prob.shape[0] > 0:
        moves_bar = back_moves(inputs, bar, row, source, i, alive, scratch, adjoint)
    for p in range(key.shape[0]):
        adjoint.inflow[y, p, row] = arrived if p == 0 else dot(bar, 0, key, p)
        if inflow[p, row] != 0:
            add_scaled(adjoint.key, p, bar, 0, inflow[p, row])
    if plan[row, NOBODY] != 0:
        scratch.empty[0] += net != 0
        adjoint.net[y, row] = dot(bar, 0, inputs.fallback, 0)
        add_scaled(adjoint.fallback, 0, bar, 0, net)
        for m in range(bar.shape[1]):
            bar[0, m] *= alive
        alive_bar = value + moves_bar
    else:
        level, mean = value * alive / plan[row, TOTAL], plan[row, DRIFT] / plan[row, TOTAL]
        adjoint.net[y, row] = level
        alive_bar = value + value_drift - value * mean + moves_bar
        back_migration(bar, source, i, alive, plan[row, STAY], level, deviation, scratch.deviation_bar[y], k)
    if inputs.out_prob.shape[0] > 0:
        add_scaled(bar, 0, scratch.spare, 0, 1.0)
    return alive_bar


@inner
def weigh_date(inputs, v, t, weight, counts, tally_bar):
    """Derivatives of the weighted need of date t by persons of each tally."""
    unit_cost = inputs.unit_cost[v[10], min(t, inputs.unit_cost.shape[1] - 1)]
    for j in range(tally_bar.shape[0]):
        for m in range(tally_bar.shape[1]):
            tally_bar[j, m] = 0
    for k in range(weight.shape[1]):
        if counts[t, k]:
            for pair in range(inputs.service_start[k], inputs.service_start[k + 1]):
                add_scaled(tally_bar, inputs.pair_tally[pair], weight[t], k, unit_cost[pair])


@inner
def same_weight(inputs, weight, t):
    """The first date that weighs persons as date t does."""
    if inputs.unit_cost.shape[1] > 1:
        return t
    for first in range(t):
        different = 0
        for k in range(weight.shape[1]):
            for m in range(weight.shape[2]):
                different += weight[first, k, m] != weight[t, k, m]
        if different == 0:
            return first
    return t
