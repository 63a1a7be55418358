"""Sobol' indices: which share of the figure's variance each assumption makes, alone and with the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.stats import sobol_indices, uniform

from demosim.errors import usage_error
from demosim.packing import Arrays
from demosim.projection import assumption_arrays
from demosim.sweep.changes import Change, cost_factor, together
from demosim.sweep.sensitivity import Figure, figures


def sobol(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, changes: Sequence[Change], figure: Figure, points: int,
    seed: int = 0, threads: int = 1,
) -> xr.Dataset:  # fmt: skip
    """First-order and total indices of the national figure, each assumption even between its low and high.

    points: a power of two; the model is run points × (assumptions + 2) times. Saltelli et al. (2010), as in
    `scipy.stats.sobol_indices`. Returns `first_order`, `total_order` by `assumption`. Raises a `DemosimError` (2).
    """
    if points < 2 or points & (points - 1):
        raise usage_error(f"{points} points are no power of two", path="sobol", allowed="64, 128, 256, ...")
    arrays = assumption_arrays(assumptions)
    services = unit_cost.sizes["service"]

    def run(values: np.ndarray) -> np.ndarray:
        variants: list[Arrays] = [together(changes, column, arrays) for column in values.T]
        factors = []
        for column in values.T:
            each = [cost_factor(change, value, services) for change, value in zip(changes, column, strict=True)]
            factors.append(np.prod(each, axis=0))
        result: np.ndarray = figures(variants, factors, assumptions, unit_cost, figure, threads).sum(1)
        return result

    spans = [uniform(loc=change.low, scale=change.high - change.low) for change in changes]
    random = np.random.Generator(np.random.Philox(seed))
    found = sobol_indices(func=lambda values: run(values)[None], n=points, dists=spans, rng=random)
    return xr.Dataset(
        {name: ("assumption", np.ravel(getattr(found, name))) for name in ("first_order", "total_order")},
        coords={"assumption": [change.key for change in changes]},
        attrs={"sobol_points": points, "sobol_seed": seed},
    )
