"""How need hangs on every assumption: the derivatives of one number by all of them, in one pass backwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from demosim.errors import run_error, usage_error
from demosim.kernels.adjoint import Adjoint, back_project, scratch_space, zero_adjoint
from demosim.kernels.layout import work_space
from demosim.kernels.project import project
from demosim.kernels.threads import empty_outputs
from demosim.moves import moves_derivatives
from demosim.packing import Arrays, CostTable, pack, without_costs
from demosim.projection import assumption_arrays, check_counters


def gradient(assumptions: xr.Dataset, unit_cost: xr.DataArray, of: xr.DataArray) -> xr.Dataset:
    """Derivatives of a weighted sum of need by every number of the assumptions and by every unit cost.

    assumptions: resolved assumptions, see `demosim.scenario`.
    unit_cost: kroner per person (service, age), or with a dim date where they change.
    of: what each need counts, on any of the dims service, municipality and date; labels that are left out count
    nothing, dims that are left out count everywhere. See `budget_year_weight` and `total_weight`.

    Returns one array for each of the assumptions and `unit_cost`, with their dims: kroner per unit of theirs. Numbers
    that the model forces (shares that sum to one) are differentiated as if free. attrs: `value`, the weighted sum
    itself; `floored_cells` and `empty_cohorts` count where need has a kink and the derivative holds on one side only;
    `smooth` (0 or 1) says that there were none. Raises a `DemosimError` where labels of `of` are unknown or the
    projection fails.

    Reverse mode, see `demosim.kernels.adjoint`.
    """
    arrays = assumption_arrays(assumptions)
    costs = unit_cost.transpose(..., "service", "age")
    weights = _weights(of, assumptions, unit_cost)
    by_service, weights = _merged(costs.values, weights)
    inputs, pick = pack([arrays], [CostTable.from_unit_cost(by_service, assumptions.sizes["sex"])])
    run, outputs = work_space(inputs, traced=True), empty_outputs(inputs, 1, 0)
    project(without_costs(inputs), pick, 0, 1, outputs, run)
    counters = check_counters(outputs.counters)
    wide = np.zeros((*weights.shape[:2], inputs.population.shape[2]))
    wide[..., : weights.shape[2]] = weights
    adjoint = zero_adjoint(inputs)
    empty = back_project(inputs, pick[0], run, wide, adjoint, scratch_space(inputs))
    by_cost = _by_unit_cost(adjoint.unit_cost, costs)
    kinks = {"floored_cells": counters["floored_cells"], "empty_cohorts": empty}
    by_unit_cost = xr.Variable(costs.dims, by_cost).transpose(*unit_cost.dims)
    return xr.Dataset(
        {**_by_assumption(adjoint, arrays, assumptions), "unit_cost": by_unit_cost},
        coords={**assumptions.coords, **costs.coords},
        attrs={"value": float((by_cost * costs.values).sum()), **kinks, "smooth": int(not any(kinks.values()))},
    )


def budget_year_weight(budget_year: int, interval: int = 1) -> xr.DataArray:
    """Weights that make the demographic expenditure of a budget year: need on its 1 January less the one before."""
    return xr.DataArray([-1.0, 1.0], dims="date", coords={"date": [budget_year - interval, budget_year]})


def total_weight(dates: list[int]) -> xr.DataArray:
    """Weights that make the need of all services and municipalities summed over dates."""
    return xr.DataArray(np.ones(len(dates)), dims="date", coords={"date": dates})


def effect(derivatives: xr.Dataset, before: xr.Dataset, after: xr.Dataset) -> dict[str, float]:
    """What a change of assumptions does to first order: derivatives times differences, summed, for each array.

    before, after: resolved assumptions of two scenarios with the same streams, such as a knob at two values. The sum
    over the result is the knob's effect. Raises a `DemosimError` where the labels of the two differ.
    """
    parts = {}
    for name in derivatives.data_vars:
        if name in before and name in after:
            try:
                with xr.set_options(arithmetic_join="exact"):  # type: ignore[no-untyped-call]  # untyped in xarray
                    parts[str(name)] = float((derivatives[name] * (after[name] - before[name])).sum())
            except ValueError as error:
                raise usage_error(
                    f"the two scenarios differ in the labels of {name}, not only in its values"
                ) from error
    return parts


def _weights(of: xr.DataArray, assumptions: xr.Dataset, unit_cost: xr.DataArray) -> np.ndarray:
    """The weights spread over (date, service, municipality)."""
    years = assumptions["year"].values
    dates = np.append(years, years[-1] + int(assumptions.attrs["interval_years"]))
    labels: Mapping[str, np.ndarray] = {
        "date": dates, "service": unit_cost["service"].values, "municipality": assumptions["municipality"].values
    }  # fmt: skip
    for dim in of.dims:
        if dim not in labels:
            raise usage_error(f"weights have the dim {dim}; need has {', '.join(labels)}")
        missing = sorted(set(of[dim].values.tolist()) - set(labels[str(dim)].tolist()))
        if missing:
            raise usage_error(f"weights name the {dim} {missing[0]}, which the projection does not have")
    spread = of.reindex({dim: labels[str(dim)] for dim in of.dims}, fill_value=0.0)
    empty = xr.DataArray(np.zeros([len(values) for values in labels.values()]), dims=list(labels), coords=labels)
    weights: np.ndarray = (empty + spread).transpose(*labels).values
    if not np.isfinite(weights).all():
        raise run_error("weights must be finite numbers")
    return weights


def _merged(costs: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit costs and weights with the services added up where all of them count alike, which saves time."""
    if (weights == weights[:, :1]).all():
        return costs.sum(axis=-2, keepdims=True), weights[:, :1]
    return costs, weights


def _by_unit_cost(by_cell: np.ndarray, costs: xr.DataArray) -> np.ndarray:
    """Derivatives by unit cost: the persons of each age, weighted; over all dates unless costs have their own."""
    dates, services, _ = by_cell.shape
    by_age = by_cell.reshape(dates, services, -1, costs.sizes["age"]).sum(axis=2)
    result: np.ndarray = np.broadcast_to(by_age if costs.ndim == 3 else by_age.sum(axis=0), costs.shape).copy()
    return result


def _by_assumption(adjoint: Adjoint, arrays: Arrays, assumptions: xr.Dataset) -> dict[str, tuple[Any, np.ndarray]]:
    """From the kernel's inputs back to the assumptions that they were made of (see `demosim.packing`)."""
    size, sexes, ages = arrays["jump_off_population"].shape

    def cells(values: np.ndarray) -> np.ndarray:
        return values.reshape(*values.shape[:-1], sexes, ages)

    jump_off = adjoint.population[:, :size].T.reshape(size, sexes, ages)
    start = arrays["jump_off_population"].sum(axis=(1, 2))
    if start.sum() > 0:  # the shares of migrants to an age where nobody is
        share_bar = adjoint.fallback[0, :size]
        jump_off = jump_off + ((share_bar - share_bar @ start / start.sum()) / start.sum())[:, None, None]
    net = cells(adjoint.net)
    by_name = {
        "jump_off_population": jump_off,
        "death_prob": -cells(adjoint.survival),
        "newborn_survival_prob": adjoint.newborn * arrays["birth_share"],
        "fertility_rate": adjoint.fertility * (arrays["interval_years"] / 2),
        "fertility_factor": adjoint.fertility_factor[0, :size],
        "net_international_migration": net,
        "stream_inflow": cells(np.moveaxis(adjoint.inflow, 1, 0)),
        "stream_outflow": np.broadcast_to(-net, arrays["stream_outflow"].shape).copy(),
        "settlement_key": adjoint.key[:, :size],
        "net_migration_deviation": adjoint.deviation[..., :size],
        "deviation_fade": adjoint.fade.T,
    }
    by_name |= moves_derivatives(adjoint.out_prob, adjoint.destination, arrays)
    return {name: (assumptions[name].dims, values) for name, values in by_name.items()}
