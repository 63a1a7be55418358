"""Calibration on targets of the user's own: the smallest change of the derived unit costs that meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import LinearConstraint, minimize

from demosim.axes import age_label, age_members
from demosim.costs.need import expenditure_of_change, service_weights
from demosim.costs.trace import BANDS, relative_range
from demosim.costs.unit_costs import derive_all
from demosim.errors import run_error, usage_error
from demosim.scenario.cost_options import CostOptions

# Least relative standard deviation of a cell by the mark of its spending or spread; inferred ones are the loosest.
FLOORS = {"inferred": 0.35, "assumed": 0.20, "rough": 0.10, "": 0.05}


@dataclass(frozen=True)
class Target:
    """A figure to be met, as a range: what a change in persons by age costs.

    `change`: persons by age of the unit costs. `low`, `high`: kroner. `sector`: municipal, county or all; `financing`:
    free or all; `price_factor`: from the prices of the unit costs to those of the figure. `hold_out`: only shown.
    """

    name: str
    change: np.ndarray
    low: float
    high: float
    sector: str = "all"
    financing: str = "free"
    price_factor: float = 1.0
    hold_out: bool = False


@dataclass(frozen=True)
class Calibration:
    """The calibrated unit costs; `targets`: range, before, after and residual of each; `cells`: the change of each."""

    unit_cost: xr.DataArray
    targets: pd.DataFrame
    cells: pd.DataFrame

    @property
    def size(self) -> float:
        """Sum of squared changes over their standard deviations, what was made least."""
        return float(((self.cells["change"] / self.cells["sd"]) ** 2).sum())


def cell_uncertainty(options: CostOptions | None = None) -> pd.DataFrame:
    """Relative standard deviation of each cell (service, age band): half the range of the derivations over their mean.

    Weighted by spending within the band, and at least the floor of the service's mark (`FLOORS`): the derivations share
    their sources, so their range alone would call one-way services exact.

    Columns `service`, `lower`, `upper` (inclusive), `sd`.
    """
    rows = []
    for item in derive_all(CostOptions() if options is None else options):
        spread, marks = relative_range(item.service), f"{item.amount.confidence} {item.service.spread.confidence}"
        floor = next(value for mark, value in FLOORS.items() if mark in marks)
        for lower, upper in pairwise((*BANDS, len(item.cost))):
            weight = (item.cost * item.number)[lower:upper]
            if weight.sum() > 0:
                sd = max(floor, float((spread[lower:upper] * weight).sum() / weight.sum()))
                rows.append({"service": item.service.name, "lower": lower, "upper": upper - 1, "sd": sd})
    return pd.DataFrame(rows)


def calibrate_costs(
    unit_cost: xr.DataArray, targets: Sequence[Target], uncertainty: pd.DataFrame | None = None
) -> Calibration:
    """The least change of the cells, weighted by their uncertainty, that brings every target into its range.

    unit_cost: net kr per person (service, age). uncertainty: as `cell_uncertainty` gives it, the default.

    Equation: minimise Σ (xᵢ / sdᵢ)² over relative changes xᵢ ≥ −1 of the cells, subject to low ≤ figure(x) ≤ high for
    every target that is not held out (constrained least squares, SLSQP of scipy). The figures are linear in x.

    It is a method for the user's own targets. On the published figures it is known to over-fit; no default rests on it.
    Raises a `DemosimError` where no change meets all targets.
    """
    cells = (cell_uncertainty() if uncertainty is None else uncertainty).reset_index(drop=True)
    cells = cells[cells["service"].isin(unit_cost["service"].values)].reset_index(drop=True)
    used = [target for target in targets if not target.hold_out]
    if not used:
        raise usage_error("no target is to be met", code="no-target", allowed="at least one that is not held out")
    part = np.array([[_of_cell(unit_cost, cell, target) for cell in cells.itertuples()] for target in targets])
    before = np.array([_figure(unit_cost, target) for target in targets])
    sd = cells["sd"].to_numpy()
    found = _least(part, before, sd, targets)
    after = before + part @ found
    table = pd.DataFrame(
        {
            "target": [target.name for target in targets], "hold_out": [target.hold_out for target in targets],
            "low": [target.low for target in targets], "high": [target.high for target in targets],
            "before": before, "after": after, "residual": [_outside(a, t) for a, t in zip(after, targets, strict=True)],
        }
    )  # fmt: skip
    last = int(unit_cost["age"].values[-1])
    bounds = cells[["lower", "upper"]].to_numpy(int).tolist()
    ages = [age_label(lower, upper, last) for lower, upper in bounds]
    changed = cells.assign(ages=ages, change=found, change_over_sd=found / sd)
    return Calibration(_apply(unit_cost, cells, found), table, changed)


def _least(part: np.ndarray, before: np.ndarray, sd: np.ndarray, targets: Sequence[Target]) -> np.ndarray:
    """The relative changes of the cells, in the metric of their standard deviations."""
    used = np.array([not target.hold_out for target in targets])
    low = np.array([target.low for target in targets])[used] - before[used]
    high = np.array([target.high for target in targets])[used] - before[used]
    scale = 1 / np.maximum(np.abs(part[used]).max(axis=1), 1e-300)
    matrix = part[used] * sd * scale[:, None]
    start = np.linalg.lstsq(matrix, (np.clip(0, low, high) * scale), rcond=None)[0]
    answer = minimize(
        lambda z: z @ z, start, jac=lambda z: 2 * z, method="SLSQP", bounds=[(-1 / s, None) for s in sd],
        constraints=LinearConstraint(matrix, low * scale, high * scale), options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    found: np.ndarray = answer.x * sd
    after = before + part @ found
    slack = [1e-6 * max(abs(t.high), abs(t.low), 1.0) for t in targets]
    missed = [t.name for t, a, s in zip(targets, after, slack, strict=True) if not t.hold_out and _outside(a, t) > s]
    if missed:
        raise run_error(f"no change of the unit costs meets all targets; out of reach: {', '.join(missed)}")
    return found


def _outside(value: float, target: Target) -> float:
    """How far a figure lies outside its range."""
    return float(max(target.low - value, value - target.high, 0.0))


def _figure(unit_cost: xr.DataArray, target: Target) -> float:
    return target.price_factor * expenditure_of_change(target.change, unit_cost, target.sector, target.financing)


def _of_cell(unit_cost: xr.DataArray, cell: object, target: Target) -> float:
    """The part of a target's figure that one cell makes up."""
    row, inside = _where(unit_cost, cell)
    weight = target.price_factor * service_weights(unit_cost, target.sector, target.financing)[row]
    return float(weight * (unit_cost.values[row, inside] @ target.change[inside]))


def _where(unit_cost: xr.DataArray, cell: object) -> tuple[int, np.ndarray]:
    ages = unit_cost["age"].values
    row = unit_cost["service"].values.tolist().index(cell.service)  # type: ignore[attr-defined]  # a row of the table
    return row, age_members(ages, cell.lower, cell.upper)  # type: ignore[attr-defined]  # as above


def as_own_costs(unit_cost: xr.DataArray) -> pd.DataFrame:
    """Unit costs as a table that a scenario takes as `costs.own`, one row for each stretch of ages of the same cost.

    unit_cost: net kr per person (service, age). Columns `service`, `ages`, `kr_per_person`, `price_year`.
    """
    ages, rows = unit_cost["age"].values.astype(int), []
    for name in unit_cost["service"].values.tolist():
        values = unit_cost.sel(service=name).values
        starts = [0, *(np.flatnonzero(np.diff(values) != 0) + 1).tolist()]
        for first, after in pairwise([*starts, len(values)]):
            label = age_label(int(ages[first]), int(ages[after - 1]), int(ages[-1]))
            rows.append((name, label, float(values[first]), int(unit_cost.attrs["price_year"])))
    return pd.DataFrame(rows, columns=["service", "ages", "kr_per_person", "price_year"])


def _apply(unit_cost: xr.DataArray, cells: pd.DataFrame, change: np.ndarray) -> xr.DataArray:
    values = unit_cost.values.copy()
    for cell, x in zip(cells.itertuples(), change, strict=True):
        row, inside = _where(unit_cost, cell)
        values[row, inside] *= 1 + x
    return unit_cost.copy(data=values).assign_attrs(calibrated=1)
