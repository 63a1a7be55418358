"""Reverse mode of the recursion in `project.py`, by hand: one pass backwards over the years of a stored run.

The adjoint of a number that follows from a run is its derivative with respect to every intermediate result, found from
the last to the first: Griewank and Walther (2008), Evaluating Derivatives, chapter 3. With x the persons of a row after
migration, y its survivors, d the deviations, Y and D the sums over the country of y and d·y, and N net migration,

    x = y (1 + d + (N − D) / Y) + Σ inflow · key,

so with A = Σ x̄ y (bars are adjoints)

    ȳ = x̄ (1 + d + (N − D) / Y) − A d / Y − A (N − D) / Y²,   d̄ = y (x̄ − A / Y),   N̄ = A / Y.

A year couples the municipalities by sums over the country only. The run keeps those (`Work.plan`), so that a cohort can
be followed by itself: its rows are made once more from its first, and followed back while they are in the nearest
cache. So neither the population of all years nor its adjoint are ever stored. Those born in the run come first, the
last of them to begin with: their adjoint makes that of the births of their year, which that of the women needs. The
open age groups are followed alongside, then come the cohorts that lived at launch.

Cells that were set to zero pass on the derivative of what was done to their row. The plain check is central differences
of `tests/naive.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demosim.kernels._jit import inner, kernel
from demosim.kernels.back_rows import (
    back_row,
    finish_row,
    make_row,
    same_weight,
    weigh_date,
    weigh_row,
    weigh_women,
)
from demosim.kernels.layout import FIELDS, Inputs, Work, empty
from demosim.kernels.rows import add_scaled, clear, copy_row, dot, set_scaled


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
    """Arrays that the backward pass works in, for inputs of one shape."""

    path: np.ndarray  # (T + 1, M) the persons of a cohort on every date
    bar: np.ndarray  # (1, M) adjoint of the cohort's row
    born: np.ndarray  # (1, M) what a cohort of newborn is made of
    open_path: np.ndarray  # (S, T + 1, M) the open age groups on every date
    open_made: np.ndarray  # (S, T, M) what they are made of every year
    open_bar: np.ndarray  # (S, 1, M) adjoint of their rows
    moved: np.ndarray  # (1, M) a row before its negative cells were set to zero
    births: np.ndarray  # (T, M)
    births_bar: np.ndarray  # (T + 2, M) adjoint of each year's births, from row 1 on; the first and the last are zero
    joining_bar: np.ndarray  # (T, S, M) adjoint of those who join the open age groups
    deviation_bar: np.ndarray  # (T, K, M)
    tally_bar: np.ndarray  # (T + 1, tallies, M) derivatives of weighted need by persons
    dates: np.ndarray  # (T + 1,) the date whose tally_bar holds for a date
    counts: np.ndarray  # (T + 1, services) whether the weights of a date and service are not all zero
    moves: np.ndarray  # (2, M) gross moves of a row
    spare: np.ndarray  # (1, M)
    empty: np.ndarray  # (1,) number of rows that migrants came to where nobody was
    ignored: np.ndarray  # (5,) counters of rows that are made once more


def zero_adjoint(inputs: Inputs) -> Adjoint:
    """Room for the derivatives by one version of each input."""
    years, rows = inputs.survival.shape[1:]
    one = {name: np.zeros(getattr(inputs, name).shape[1:]) for name in FIELDS[:-1]}
    one["fertility_factor"] = one["fertility_factor"][None]
    plain = {name: np.zeros(getattr(inputs, name).shape) for name in ("fallback", "out_prob", "destination")}
    return Adjoint(**one, **plain, unit_cost=np.zeros((years + 1, inputs.service_start.size - 1, rows)))


def scratch_space(inputs: Inputs) -> Scratch:
    """Arrays for the backward pass to work in."""
    years, sexes, size = inputs.survival.shape[1], inputs.newborn.shape[2], inputs.population.shape[2]
    bands, services = inputs.deviation.shape[2], inputs.service_start.size - 1
    rows = {"path": years + 1, "bar": 1, "born": 1, "moved": 1, "births": years, "births_bar": years + 2,
            "moves": 2, "spare": 1}  # fmt: skip
    return Scratch(
        **{name: empty((number, size), np.float64) for name, number in rows.items()},
        open_path=empty((sexes, years + 1, size), np.float64),
        open_made=empty((sexes, years, size), np.float64),
        open_bar=empty((sexes, 1, size), np.float64),
        joining_bar=empty((years, sexes, size), np.float64),
        deviation_bar=empty((years, bands, size), np.float64),
        tally_bar=empty((years + 1, int(inputs.tally.max()) + 1, size), np.float64),
        dates=np.zeros(years + 1, np.int64),
        counts=np.zeros((years + 1, services), np.bool_),
        empty=np.zeros(1, np.int64),
        ignored=np.zeros(5),
    )


@inner
def back_date(inputs, v, run, t, row, bar, path, y, source, i, weight, scratch, adjoint):
    """Add to `bar`, the adjoint of path[t], persons of `row`, what they count for on date t itself; see `weigh_row`.

    source[i] is what they were made of in year y.
    """
    now, fertility = weight[t], inputs.fertility[v[3]]
    years, ages = fertility.shape
    a = row - (inputs.newborn.shape[2] - 1) * ages
    if a >= 0:
        begins = fertility[t, a] * (1 if a > 0 else 2) if t < years else 0.0
        ended = fertility[t - 1, a] if t > 0 and a > 0 else 0.0
        born, born_before = weigh_women(bar, scratch.births_bar, t, begins, ended, path)
        if t < years:
            adjoint.fertility[t, a] += born * (1 if a > 0 else 2)
        if t > 0 and a > 0:
            adjoint.fertility[t - 1, a] += born_before
    key = inputs.key[v[9]] if inputs.key.shape[1] > 0 else inputs.fallback
    value, value_drift, arrived, cost = weigh_row(
        bar, scratch.tally_bar[scratch.dates[t]], inputs.tally[row], path, t, now, source, i, run.deviation[y],
        inputs.band[row], key,
    )  # fmt: skip
    adjoint.unit_cost[t, 0, row] = cost
    for k in range(1, now.shape[0]):
        adjoint.unit_cost[t, k, row] = dot(now, k, path, t) if scratch.counts[t, k] else 0.0
    return value, value_drift, arrived


@inner
def follow_open(inputs, v, run, s, scratch):
    """The open age group of a sex on every date, once more."""
    survival, path, made = inputs.survival[v[1]], scratch.open_path[s], scratch.open_made[s]
    oldest = (s + 1) * inputs.fertility.shape[2] - 1
    copy_row(path, 0, inputs.population[v[0]], oldest)
    for y in range(survival.shape[0]):
        set_scaled(made, y, path, y, survival[y, oldest])
        add_scaled(made, y, run.joining[y], s, survival[y, oldest - 1])
        make_row(inputs, v, run, y, oldest, made, y, path, y + 1, scratch)
        finish_row(run, y, oldest, path, y + 1, scratch)
    clear(scratch.open_bar[s])


@inner
def back_open(inputs, v, run, y, s, weight, scratch, adjoint):
    """The open age group of a sex from the end of year y to its start."""
    path, made, bar = scratch.open_path[s], scratch.open_made[s], scratch.open_bar[s]
    oldest = (s + 1) * inputs.fertility.shape[2] - 1
    survival, survival_bar = inputs.survival[v[1], y], adjoint.survival[y]
    sums = back_date(inputs, v, run, y + 1, oldest, bar, path, y, made, y, weight, scratch, adjoint)
    back_row(inputs, v, run, y, oldest, bar, made, y, sums, scratch, adjoint)
    survival_bar[oldest - 1] = dot(bar, 0, run.joining[y], s)
    survival_bar[oldest] = dot(bar, 0, path, y)
    set_scaled(scratch.joining_bar[y], s, bar, 0, survival[oldest - 1])
    set_scaled(bar, 0, bar, 0, survival[oldest])


@inner
def back_cohort(inputs, v, run, t, row, weight, scratch, adjoint):
    """A cohort whose row on date t is path[t], from when it joins the open age group, or the last date, back to t.

    What date t itself adds to the adjoint is left to the caller.
    """
    path, bar, ages, years = scratch.path, scratch.bar, inputs.fertility.shape[2], inputs.survival.shape[1]
    s, end = row // ages, min(years, t + ages - 2 - row % ages)
    for y in range(t, end):
        make_row(inputs, v, run, y, row + y + 1 - t, path, y, path, y + 1, scratch)
        finish_row(run, y, row + y + 1 - t, path, y + 1, scratch)
    if end < years:
        copy_row(bar, 0, scratch.joining_bar[end], s)
    else:
        clear(bar)
    for y in range(end - 1, t - 1, -1):
        now = row + y + 1 - t
        sums = back_date(inputs, v, run, y + 1, now, bar, path, y, path, y, weight, scratch, adjoint)
        adjoint.survival[y, now - 1] = back_row(inputs, v, run, y, now, bar, path, y, sums, scratch, adjoint)


@inner
def back_newborn(inputs, v, run, y, s, weight, scratch, adjoint):
    """Those of sex s born in year y, from the last date to their birth; adds to the adjoint of the year's births."""
    row, born, path, bar = s * inputs.fertility.shape[2], scratch.born, scratch.path, scratch.bar
    alive = inputs.newborn[v[2], y, s]
    set_scaled(born, 0, scratch.births, y, alive)
    make_row(inputs, v, run, y, row, born, 0, path, y + 1, scratch)
    finish_row(run, y, row, path, y + 1, scratch)
    back_cohort(inputs, v, run, y + 1, row, weight, scratch, adjoint)
    sums = back_date(inputs, v, run, y + 1, row, bar, path, y, born, 0, weight, scratch, adjoint)
    back_row(inputs, v, run, y, row, bar, born, 0, sums, scratch, adjoint)
    adjoint.newborn[y, s] = dot(bar, 0, scratch.births, y)
    add_scaled(scratch.births_bar, y + 1, bar, 0, alive)


@inner
def back_bear(own, births_bar, y, factor, scale, weighted, factor_bar):
    """From the adjoint of the births of year y (in row y + 1) to that of births before the municipal factors, in place;
    and to that of the factors."""
    value = 0.0
    for m in range(factor.size):
        value += births_bar[y + 1, m] * factor[m] * own[y, m]
    mean = value / weighted if weighted > 0 else 0.0
    for m in range(factor.size):
        by_factor = scale * (births_bar[y + 1, m] - mean)
        factor_bar[0, m] += by_factor * own[y, m]
        births_bar[y + 1, m] = by_factor * factor[m] + mean


@inner
def back_births(inputs, v, run, y, weight, scratch, adjoint):
    """All who are born in year y, and the births themselves."""
    own, births, factor = run.own_births, scratch.births, inputs.fertility_factor[v[4]]
    country = weighted = 0.0
    for m in range(factor.size):
        country += own[y, m]
        weighted += own[y, m] * factor[m]
    scale = country / weighted if weighted > 0 else 0.0
    for m in range(factor.size):
        births[y, m] = own[y, m] * factor[m] * scale
    for s in range(inputs.newborn.shape[2]):
        back_newborn(inputs, v, run, y, s, weight, scratch, adjoint)
    back_bear(own, scratch.births_bar, y, factor, scale, weighted, adjoint.fertility_factor)


@inner
def back_launch(inputs, v, run, row, bar, path, weight, scratch, adjoint):
    """The adjoint of a row at launch, when its own part is added, into that of the jump-off population."""
    back_date(inputs, v, run, 0, row, bar, path, 0, path, 0, weight, scratch, adjoint)
    copy_row(adjoint.population, row, bar, 0)


@inner
def back_deviations(inputs, v, deviation_bar, adjoint):
    """Adjoint of the parts of the deviations and of what is left of each."""
    fade, parts = inputs.fade[v[6]], inputs.deviation[v[7]]
    clear(adjoint.fade)
    for j in range(fade.shape[1]):
        clear(adjoint.deviation[j])
    for k in range(parts.shape[1]):  # outermost, so that the rows of a band stay in the cache
        for y in range(fade.shape[0]):
            for j in range(fade.shape[1]):
                adjoint.fade[y, j] += dot(deviation_bar[y], k, parts[j], k)
                add_scaled(adjoint.deviation[j], k, deviation_bar[y], k, fade[y, j])


@inner
def weigh_dates(inputs, v, weight, scratch):
    """What persons of each tally count for on every date; dates that weigh them alike share one."""
    counts, dates = scratch.counts, scratch.dates
    for t in range(weight.shape[0]):
        for k in range(weight.shape[1]):
            some = 0
            for m in range(weight.shape[2]):
                some += weight[t, k, m] != 0
            counts[t, k] = some > 0
        dates[t] = same_weight(inputs, weight, t)
        if dates[t] == t:
            weigh_date(inputs, v, t, weight, counts, scratch.tally_bar[t])


@inner
def clear_sums(scratch, adjoint):
    """Set to zero what the backward pass adds to, step by step."""
    clear(adjoint.fertility)
    clear(adjoint.fertility_factor)
    clear(scratch.births_bar)
    clear(adjoint.key)
    clear(adjoint.fallback)
    clear(adjoint.out_prob)
    for k in range(adjoint.destination.shape[0]):
        clear(adjoint.destination[k])
    for y in range(scratch.deviation_bar.shape[0]):
        clear(scratch.deviation_bar[y])
    scratch.empty[0] = 0


@kernel
def back_project(
    inputs: Inputs, v: np.ndarray, run: Work, weight: np.ndarray, adjoint: Adjoint, scratch: Scratch
) -> int:
    """Derivatives of Σ weight × need by every input of scenario `v`; fills `adjoint`.

    `run` is the space that the scenario was run in (`work_space(inputs, traced=True)`), `weight` (T + 1, services, M)
    what each need counts. Returns the number of rows that migrants came to where nobody was: there need jumps, and the
    derivative is one-sided.
    """
    sexes, ages = inputs.newborn.shape[2], inputs.fertility.shape[2]
    clear_sums(scratch, adjoint)
    weigh_dates(inputs, v, weight, scratch)
    for s in range(sexes):
        follow_open(inputs, v, run, s, scratch)
    for y in range(inputs.survival.shape[1] - 1, -1, -1):
        back_births(inputs, v, run, y, weight, scratch, adjoint)
        for s in range(sexes):
            back_open(inputs, v, run, y, s, weight, scratch, adjoint)
    for s in range(sexes):
        for row in range(s * ages, s * ages + ages - 1):
            copy_row(scratch.path, 0, inputs.population[v[0]], row)
            back_cohort(inputs, v, run, 0, row, weight, scratch, adjoint)
            back_launch(inputs, v, run, row, scratch.bar, scratch.path, weight, scratch, adjoint)
        row = s * ages + ages - 1
        back_launch(inputs, v, run, row, scratch.open_bar[s], scratch.open_path[s], weight, scratch, adjoint)
    back_deviations(inputs, v, scratch.deviation_bar, adjoint)
    return int(scratch.empty[0])
