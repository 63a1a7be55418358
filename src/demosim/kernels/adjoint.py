"""Reverse mode of the recursion in `project.py`, by hand: one pass backwards over the years of a stored run.

The adjoint of a number that follows from a run is its derivative with respect to every intermediate result, found from
the last to the first: Griewank and Walther (2008), Evaluating Derivatives, chapter 3. With x the persons of a row after
migration, y its survivors, d the deviations, Y and D the sums over the country of y and d·y, and N net migration,

    x = y (1 + d + (N − D) / Y) + Σ inflow · key,

so with A = Σ x̄ y (bars are adjoints)

    ȳ = x̄ (1 + d + (N − D) / Y) − A d / Y − A (N − D) / Y²,   d̄ = y (x̄ − A / Y),   N̄ = A / Y.

Cells that were set to zero pass on the derivative of what was done to their row. The plain check is central differences
of `tests/naive.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demosim.kernels._jit import inner, kernel
from demosim.kernels.layout import NOBODY, PLAIN, STAY, Inputs
from demosim.kernels.migration import add_moves, back_moves
from demosim.kernels.plan import plan_row, set_bounds, set_deviations
from demosim.kernels.project import add_births
from demosim.kernels.rows import add_scaled, clear, dot, set_scaled


class Adjoint(NamedTuple):
    """Derivatives with respect to one version of each of the kernel's inputs, float64, padded as they are."""

    population: np.ndarray  # (S × A, M)
    survival: np.ndarray  # (T, S × A)
    newborn: np.ndarray  # (T, S)
    fertility: np.ndarray  # (T, A)
    fertility_factor: np.ndarray  # (1, M)
    net: np.ndarray  # (T, S × A)
    fade: np.ndarray  # (T, J)
    deviation: np.ndarray  # (J, K, M)
    inflow: np.ndarray  # (T, P, S × A)
    key: np.ndarray  # (P, M)
    fallback: np.ndarray  # (1, M)
    unit_cost: np.ndarray  # (T + 1, services, S × A)
    out_prob: np.ndarray  # (S × A or 0, M)
    destination: np.ndarray  # (bands, origins, M)


class Scratch(NamedTuple):
    """Arrays that the backward pass works in."""

    made: np.ndarray  # (S × A, M) what the newborn (births) and the open age groups (survivors) are made of
    alive: np.ndarray  # (S × A,) share of `made` that is alive at the end of the year
    alive_bar: np.ndarray  # (S × A,)
    moved: np.ndarray  # (1, M) a row before its negative cells were set to zero
    births: np.ndarray  # (1, M) births to each municipality's women before the municipal factor
    births_bar: np.ndarray  # (1, M)
    deviation: np.ndarray  # (K, M) of the year
    deviation_bar: np.ndarray  # (K, M)
    lowest: np.ndarray  # (K,)
    plan: np.ndarray  # (S × A, 5)
    tally_bar: np.ndarray  # (tallies, M)
    counts: np.ndarray  # (T + 1, services) whether the weights of a date and service are not all zero
    moves: np.ndarray  # (2, M) gross moves of a row
    spare: np.ndarray  # (1, M)
    empty: np.ndarray  # (1,) number of rows that migrants came to where nobody was


@inner
def row_sums(bar, row, source, i, deviation, k, tally_bar, j):
    """Add the weights on need to bar[row]; sums of source, d × source, bar × source and bar × d × source."""
    persons = drift = value = value_drift = 0.0
    for m in range(bar.shape[1]):
        x = source[i, m]
        moved = x * deviation[k, m]
        b = bar[row, m] + tally_bar[j, m]
        bar[row, m] = b
        persons += x
        drift += moved
        value += b * x
        value_drift += b * moved
    return persons, drift, value, value_drift


@inner
def bar_sums(bar, row, source, i, deviation, k):
    """The last two of `row_sums` once more."""
    value = value_drift = 0.0
    for m in range(bar.shape[1]):
        x = bar[row, m] * source[i, m]
        value += x
        value_drift += x * deviation[k, m]
    return value, value_drift


@inner
def back_migration(bar, row, source, i, alive, grow, level, deviation, deviation_bar, k, pull, shift):
    """bar[i] = adjoint of source[i], and the row's part of the adjoint of its deviations."""
    for m in range(bar.shape[1]):
        d, b = deviation[k, m], bar[row, m]
        deviation_bar[k, m] += alive * source[i, m] * (b - level)
        bar[i, m] = b * (grow + alive * d) + pull * d + shift


@inner
def back_floor(bar, row, moved):
    """Adjoint of a row before its negative cells were set to zero; does nothing where none were."""
    total = positive = value = 0.0
    cells = 0
    for m in range(bar.shape[1]):
        x = moved[0, m]
        total += x
        if x > 0:
            positive += x
            value += bar[row, m] * x
        elif x < 0:
            cells += 1
    if cells == 0:
        return
    if total <= 0 or positive <= 0:
        for m in range(bar.shape[1]):
            bar[row, m] = 0
        return
    scale, mean = total / positive, value / positive
    for m in range(bar.shape[1]):
        bar[row, m] = mean + (scale * (bar[row, m] - mean) if moved[0, m] > 0 else 0.0)


@inner
def back_floored(inputs, v, y, bar, row, source, i, alive, scratch):
    """Adjoint of a row before its negative cells, if there were any, were set to zero."""
    moved, deviation, plan, k = scratch.moved, scratch.deviation, scratch.plan, inputs.band[row]
    net, inflow, key = inputs.net[v[5], y, row], inputs.inflow[v[8], y], inputs.key[v[9]]
    for m in range(moved.shape[1]):
        moved[0, m] = source[i, m] * (plan[row, STAY] + alive * deviation[k, m])
    if plan[row, NOBODY] != 0:
        scratch.empty[0] += net != 0
        add_scaled(moved, 0, inputs.fallback, 0, net)
    if inputs.out_prob.shape[0] > 0:
        add_moves(moved, 0, inputs, source, i, alive, row, scratch.moves)
    for p in range(key.shape[0]):
        add_scaled(moved, 0, key, p, inflow[p, row])
    back_floor(bar, row, moved)


@inner
def add_moves_bar(inputs, bar, i, scratch):
    """Add what gross moves, where there are any, have left in the spare row."""
    if inputs.out_prob.shape[0] > 0:
        add_scaled(bar, i, scratch.spare, 0, 1.0)


@inner
def back_rows(inputs, v, y, bar, source, alive, alive_bar, first, last, step, weight, scratch, adjoint):
    """Adjoint of survival and migration of the rows first..last, upwards in age.

    Row r is made of source[r − step], of which alive[r − step] survive; its adjoint goes to bar[r − step].
    """
    deviation, deviation_bar, plan, band = scratch.deviation, scratch.deviation_bar, scratch.plan, inputs.band
    net, inflow, key, fallback = inputs.net[v[5], y], inputs.inflow[v[8], y], inputs.key[v[9]], inputs.fallback
    net_bar, inflow_bar, key_bar, fallback_bar = adjoint.net, adjoint.inflow, adjoint.key, adjoint.fallback
    lowest, tally_bar, tally = scratch.lowest, scratch.tally_bar, inputs.tally
    if step > 0:
        weigh_rows(source, weight, y, first - step, last - step, scratch, adjoint)
    for row in range(first, last + 1):
        i, k = row - step, band[row]
        lives = alive[i]
        persons, drift, value, value_drift = row_sums(bar, row, source, i, deviation, k, tally_bar, tally[row])
        plan_row(plan, row, lives, lives * persons, lives * drift, net[row], inflow, lowest[k])
        if plan[row, PLAIN] == 0:
            back_floored(inputs, v, y, bar, row, source, i, lives, scratch)
            value, value_drift = bar_sums(bar, row, source, i, deviation, k)
        moves_bar = 0.0
        if inputs.out_prob.shape[0] > 0:
            moves_bar = back_moves(inputs, bar, row, source, i, lives, scratch, adjoint)
        for p in range(key.shape[0]):
            inflow_bar[y, p, row] = dot(bar, row, key, p)
            if inflow[p, row] != 0:
                add_scaled(key_bar, p, bar, row, inflow[p, row])
        if plan[row, NOBODY] != 0:
            net_bar[y, row] = dot(bar, row, fallback, 0)
            add_scaled(fallback_bar, 0, bar, row, net[row])
            alive_bar[i] = value + moves_bar
            set_scaled(bar, i, bar, row, lives)
            add_moves_bar(inputs, bar, i, scratch)
            continue
        level = value / persons
        net_bar[y, row] = level
        alive_bar[i] = value + value_drift - level * drift + moves_bar
        back_migration(
            bar, row, source, i, lives, plan[row, STAY], level, deviation, deviation_bar, k,
            -lives * level, -level * (net[row] - lives * drift) / persons,
        )  # fmt: skip
        add_moves_bar(inputs, bar, i, scratch)


@inner
def set_year(inputs, v, y, start, end, scratch):
    """Repeat of a year what the backward pass needs; returns the country's births before and after the factors."""
    survival, newborn, factor = inputs.survival[v[1], y], inputs.newborn[v[2], y], inputs.fertility_factor[v[4]]
    made, alive, births, fertility = scratch.made, scratch.alive, scratch.births, inputs.fertility[v[3], y]
    sexes, ages = newborn.size, fertility.size
    set_deviations(inputs, v, y, scratch.deviation)
    set_bounds(inputs, v, y, scratch.lowest)
    clear(births)
    women = (sexes - 1) * ages
    add_births(births, start, women, fertility, 0)
    add_births(births, end, women, fertility, 1)
    add_scaled(births, 0, start, women, fertility[0])
    country = weighted = 0.0
    for m in range(factor.size):
        country += births[0, m]
        weighted += births[0, m] * factor[m]
    scale = country / weighted if weighted > 0 else 0.0
    for s in range(sexes):
        row = s * ages
        alive[row] = newborn[s]
        for m in range(factor.size):
            made[row, m] = births[0, m] * factor[m] * scale
        row += ages - 1
        alive[row] = 1.0
        set_scaled(made, row, start, row - 1, survival[row - 1])
        add_scaled(made, row, start, row, survival[row])
    return country, weighted


@inner
def back_bear(births, births_bar, factor, country, weighted, factor_bar):
    """Adjoint of the municipal factors, and of births before them (in place)."""
    if not weighted > 0:
        clear(births_bar)
        return
    scale = country / weighted
    value = 0.0
    for m in range(factor.size):
        value += births_bar[0, m] * factor[m] * births[0, m]
    for m in range(factor.size):
        by_factor = births_bar[0, m] * scale - value * scale / weighted
        factor_bar[0, m] += by_factor * births[0, m]
        births_bar[0, m] = by_factor * factor[m] + value / weighted


@inner
def back_open(bar, row, start, survival, survival_bar):
    """Adjoint of the two rows that survive into the open age group, and of their survival."""
    survival_bar[row - 1] = dot(bar, row, start, row - 1)
    survival_bar[row] = dot(bar, row, start, row)
    set_scaled(bar, row - 1, bar, row, survival[row - 1])
    set_scaled(bar, row, bar, row, survival[row])


@inner
def back_births(bar, births_bar, end, fertility, fertility_bar):
    """Adjoint of fertility by the women at the end of the year, and the births' part of theirs."""
    women = end.shape[0] - fertility.size
    for a in range(1, fertility.size):
        fertility_bar[a] = dot(births_bar, 0, end, women + a)
        if fertility[a] != 0:
            add_scaled(bar, women + a, births_bar, 0, fertility[a])


@inner
def back_year(inputs, v, y, start, end, weight, bar, scratch, adjoint):
    """Turn the adjoint of the population at the end of year y into that at its start, in place."""
    survival, fertility, births_bar = inputs.survival[v[1], y], inputs.fertility[v[3], y], scratch.births_bar
    made, alive, alive_bar = scratch.made, scratch.alive, scratch.alive_bar
    sexes, ages = inputs.newborn.shape[2], fertility.size
    survival_bar = adjoint.survival[y]
    country, weighted = set_year(inputs, v, y, start, end, scratch)
    clear(births_bar)
    clear(scratch.deviation_bar)
    for s in range(sexes):
        row = s * ages
        back_rows(inputs, v, y, bar, made, alive, alive_bar, row, row, 0, weight, scratch, adjoint)
        adjoint.newborn[y, s] = alive_bar[row]
        add_scaled(births_bar, 0, bar, row, 1.0)
    factor = inputs.fertility_factor[v[4]]
    back_bear(scratch.births, births_bar, factor, country, weighted, adjoint.fertility_factor)
    back_births(bar, births_bar, end, fertility, adjoint.fertility[y])
    for s in range(sexes):
        youngest, oldest = s * ages, s * ages + ages - 1
        back_rows(
            inputs, v, y, bar, start, survival, survival_bar, youngest + 1, oldest - 1, 1, weight, scratch, adjoint
        )
        back_rows(inputs, v, y, bar, made, alive, alive_bar, oldest, oldest, 0, weight, scratch, adjoint)
        weigh_rows(start, weight, y, oldest - 1, oldest, scratch, adjoint)
        back_open(bar, oldest, start, survival, survival_bar)
    for a in range(ages):
        if fertility[a] != 0:
            add_scaled(bar, (sexes - 1) * ages + a, births_bar, 0, fertility[a] * (1.0 if a > 0 else 2.0))
    back_deviations(inputs, v, y, scratch.deviation_bar, adjoint)


@inner
def back_deviations(inputs, v, y, deviation_bar, adjoint):
    """Adjoint of the parts of the deviations and of what is left of each."""
    fade, parts = inputs.fade[v[6], y], inputs.deviation[v[7]]
    for j in range(fade.size):
        for k in range(deviation_bar.shape[0]):
            adjoint.fade[y, j] += dot(deviation_bar, k, parts[j], k)
            add_scaled(adjoint.deviation[j], k, deviation_bar, k, fade[j])


@inner
def weigh_date(inputs, v, t, weight, scratch):
    """Derivatives of the weighted need of date t by persons of each tally."""
    unit_cost = inputs.unit_cost[v[10], min(t, inputs.unit_cost.shape[1] - 1)]
    tally_bar = scratch.tally_bar
    clear(tally_bar)
    for k in range(weight.shape[1]):
        if scratch.counts[t, k]:
            for pair in range(inputs.service_start[k], inputs.service_start[k + 1]):
                add_scaled(tally_bar, inputs.pair_tally[pair], weight[t], k, unit_cost[pair])


@inner
def weigh_rows(population, weight, t, first, last, scratch, adjoint):
    """Derivatives by unit costs and by fertility of the persons of rows first..last on date t."""
    now, counts, by_cost, births_bar = weight[t], scratch.counts, adjoint.unit_cost[t], scratch.births_bar
    for k in range(now.shape[0]):
        if counts[t, k]:
            for row in range(first, last + 1):
                by_cost[k, row] = dot(now, k, population, row)
    if t < adjoint.fertility.shape[0]:
        fertility_bar = adjoint.fertility[t]
        women = population.shape[0] - fertility_bar.size
        for row in range(max(first, women), last + 1):
            fertility_bar[row - women] += dot(births_bar, 0, population, row) * (1.0 if row > women else 2.0)


@inner
def which_count(weight):
    """Whether any weight of a date and service is not zero."""
    counts = np.zeros(weight.shape[:2], np.bool_)
    for t in range(weight.shape[0]):
        for k in range(weight.shape[1]):
            for m in range(weight.shape[2]):
                if weight[t, k, m] != 0:
                    counts[t, k] = True
                    break
    return counts


@kernel
def back_project(inputs: Inputs, v: np.ndarray, population: np.ndarray, weight: np.ndarray, adjoint: Adjoint) -> int:
    """Derivatives of Σ weight × need by every input of scenario `v`; fill `adjoint`, which must be zero.

    `population` (T + 1, S × A, M) is the stored run, `weight` (T + 1, services, M) what each need counts. Returns the
    number of rows that migrants came to where nobody was: there need jumps, and the derivative is one-sided.
    """
    years = population.shape[0] - 1
    rows, size = population.shape[1:]
    bands = inputs.deviation.shape[2]
    scratch = Scratch(
        made=np.empty((rows, size)), alive=np.empty(rows), alive_bar=np.empty(rows), moved=np.empty((1, size)),
        births=np.empty((1, size)), births_bar=np.empty((1, size)), deviation=np.empty((bands, size)),
        deviation_bar=np.empty((bands, size)), lowest=np.empty(bands), plan=np.empty((rows, 5)),
        tally_bar=np.empty((inputs.tally.max() + 1, size)), moves=np.empty((2, size)),
        spare=np.empty((1, size)), empty=np.zeros(1, np.int64),
        counts=which_count(weight),
    )  # fmt: skip
    bar = adjoint.population
    weigh_rows(population[years], weight, years, 0, rows - 1, scratch, adjoint)
    for t in range(years, -1, -1):
        weigh_date(inputs, v, t, weight, scratch)
        if t > 0:
            back_year(inputs, v, t - 1, population[t - 1], population[t], weight, bar, scratch, adjoint)
    for row in range(rows):
        add_scaled(bar, row, scratch.tally_bar, inputs.tally[row], 1.0)
    return int(scratch.empty[0])
