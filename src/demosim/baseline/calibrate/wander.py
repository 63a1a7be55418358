"""How municipalities wander on after a launch: the pull of size on net migration, and fertility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.fertility import births_and_expected
from demosim.baseline.calibrate.flows import Flows
from demosim.baseline.calibrate.robust import pulled_in
from demosim.baseline.calibrate.settlement import lean

CAP = 0.95  # quantile of size from which on the largest weigh no more, so that one city does not speak for all


@dataclass(frozen=True)
class Wander:
    """Variances. `pull`: between years, of the yearly rate that log size means; `fertility`: that the log of a
    municipality's factor gains in a year."""

    pull: float
    fertility: float


def estimate_wander(level: Flows, recent: Flows, fertility: xr.DataArray) -> Wander:
    """From the flows that the level rests on, and the more recent ones that the age shape rests on."""
    return Wander(pull_variance(level), fertility_step(recent, fertility))


def pull_variance(flows: Flows) -> float:
    """Variance between years of the slope of the level on log size, less what sampling makes of it.

    One regression for each year on the levels less their own means, the larger counting more; the yearly noise of a
    municipality falls as one over its persons.
    """
    size = -lean(flows.size[:, -1], flows.size[:, -1])
    weight = np.minimum(flows.size[:, -1], np.quantile(flows.size[:, -1], CAP))
    level = pulled_in(flows.level, flows.size)
    level = level - level.mean(1, keepdims=True)
    design = np.column_stack([np.ones_like(size), size])
    information = design.T @ (design * weight[:, None])
    slopes = np.linalg.solve(information, design.T @ (level * weight[:, None]))
    residual = level - design @ slopes
    variance = (weight[:, None] * residual**2).sum(0) / (len(size) - 2)
    sampling = float(variance.mean() * np.linalg.inv(information)[1, 1])
    return max(float(slopes[1].var(ddof=1)) - sampling, 0.0)


def fertility_step(flows: Flows, fertility: xr.DataArray) -> float:
    """Variance that the log of a municipality's fertility factor gains in a year, beside that of Poisson births.

    flows, fertility: as for `demosim.baseline.calibrate.fertility.estimate_fertility_factor`; only the last years in a
    row that the rates hold count.
    """
    known = np.isin(flows.years, fertility["year"].values)
    flows = flows.before(int(flows.years[-1]) + 1, int(np.logical_and.accumulate(known[::-1]).sum()))
    births, expected = births_and_expected(flows, fertility)
    factor, weight = births / expected, np.minimum(expected, np.quantile(expected, CAP))
    apart = np.arange(1, factor.shape[1])
    gained = []
    for years in apart:
        sampling = 1 / expected[:, years:] + 1 / expected[:, :-years]
        # squared, as squared differences vary by the square of their mean
        both = np.minimum(weight[:, years:], weight[:, :-years]) ** 2
        gained.append(float(((np.square(factor[:, years:] - factor[:, :-years]) - sampling) * both).sum() / both.sum()))
    return max(float(apart @ np.array(gained) / (apart @ apart)), 0.0)
