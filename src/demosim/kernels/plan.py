"""What migration does to every cohort of a year, from last year's sums over the country; and whether it was done."""

from __future__ import annotations

import numpy as np

from demosim.kernels._jit import inner
from demosim.kernels.layout import ARRIVALS, DRIFT, EXPECTED, NOBODY, SAFE, STAY, STIR, SURE, TOTAL
from demosim.kernels.rows import add_scaled, clear, set_scaled


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
    """What the deviations of year y are surely not below, by band; nothing is sure where there are gross moves, or
    settlement keys below zero."""
    fade, bounds, key = inputs.fade[v[6], y], inputs.lowest[v[7]], inputs.key[v[9]]
    least = 0.0
    for p in range(key.shape[0]):
        for m in range(key.shape[1]):
            least = min(least, key[p, m])
    for k in range(lowest.size):
        lowest[k] = 0
        for j in range(fade.size):
            lowest[k] += fade[j] * bounds[j, k] if fade[j] >= 0 else -np.inf
        if inputs.out_prob.shape[0] > 0 or least < 0:
            lowest[k] = -np.inf


@inner
def plan_row(plan, row, alive, total, drift, net, inflow, lowest):
    """What migration does to a row of which the country has `total` survivors, and whether all its cells are surely
    above zero: they are where the factor of each is and streams only bring people."""
    plan[row, STIR], plan[row, TOTAL], plan[row, DRIFT] = alive, total, drift
    plan[row, STAY] = alive * (1 + (net - drift) / total) if total > 0 else alive
    plan[row, EXPECTED] = total + net
    sure, arrivals = total > 0 and plan[row, STAY] + alive * lowest > alive * SAFE, False
    for p in range(inflow.shape[0]):
        plan[row, EXPECTED] += inflow[p, row]
        arrivals = arrivals or inflow[p, row] != 0
        sure = sure and inflow[p, row] >= 0
    plan[row, NOBODY] = not total > 0
    plan[row, SURE] = sure
    plan[row, ARRIVALS] = arrivals


@inner
def plan_year(inputs, v, y, plan, work):
    """`plan_row` for all cohorts but the newborn, from last year's sums over the country."""
    survival, net, inflow = inputs.survival[v[1], y], inputs.net[v[5], y], inputs.inflow[v[8], y]
    band, country, lowest = inputs.band, work.country, work.lowest
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
