"""Which assumption moves the figure: derivatives times plausible changes, and both ends run beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from demosim.errors import usage_error
from demosim.gradient import gradient
from demosim.kernels.threads import run_scenarios
from demosim.packing import Arrays, CostTable, pack
from demosim.projection import assumption_arrays, check_counters
from demosim.sweep.changes import LANGUAGES, Change, cost_factor, moved_arrays
from demosim.uncertainty.fan_arrays import times_costs

NONLINEAR = 0.02
NOTHING = 1e-6  # of the widest effect: what is moved between municipalities is next to nothing for the country
MOST_AT_A_TIME = 256


@dataclass(frozen=True)
class Figure:
    """The figure that is explained: demographic expenditure of a budget year, or all since the launch up to it."""

    budget_year: int
    accumulated: bool = False

    def weight(self, assumptions: xr.Dataset) -> xr.DataArray:
        """What each date's need counts. Raises a `DemosimError` (2) for a year that is not projected."""
        step = int(assumptions.attrs["interval_years"])
        years = (assumptions["year"].values + step).tolist()
        if self.budget_year not in years:
            allowed = f"{years[0]} to {years[-1]}"
            raise usage_error(f"{self.budget_year} is not projected", path="budget_year", allowed=allowed)
        first = years[0] - step if self.accumulated else self.budget_year - step
        return xr.DataArray([-1.0, 1.0], dims="date", coords={"date": [first, self.budget_year]})


def run_costs(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, changes: Sequence[Change], ends: Sequence[float],
    figure: Figure, threads: int = 1,
) -> np.ndarray:  # fmt: skip
    """The figure by (run, municipality), kroner charged to free income, each run with one assumption at one value.

    The first run is the scenario as it is; run i + 1 has `changes[i]` at `ends[i]`.
    """
    arrays = assumption_arrays(assumptions)
    pairs = list(zip(changes, ends, strict=True))
    variants = [arrays] + [{**arrays, **moved_arrays(change, end, arrays)} for change, end in pairs]
    services = unit_cost.sizes["service"]
    factors = [np.ones(services)] + [cost_factor(change, end, services) for change, end in pairs]
    return figures(variants, factors, assumptions, unit_cost, figure, threads)


def figures(
    variants: Sequence[Arrays], factors: Sequence[np.ndarray], assumptions: xr.Dataset, unit_cost: xr.DataArray,
    figure: Figure, threads: int,
) -> np.ndarray:  # fmt: skip
    """The figure by (run, municipality) of many sets of assumptions and factors on the unit costs of each service."""
    table = CostTable.from_unit_cost(unit_cost.transpose("service", "age").values, assumptions.sizes["sex"])
    weight = figure.weight(assumptions)
    start = int(assumptions["year"][0])
    step = int(assumptions.attrs["interval_years"])
    at = [(int(date) - start) // step for date in weight["date"].values]
    size = assumptions.sizes["municipality"]
    found = []
    for first in range(0, len(variants), MOST_AT_A_TIME):
        part = slice(first, first + MOST_AT_A_TIME)
        made = [times_costs(table, factor) for factor in factors[part]]
        inputs, pick = pack(variants[part], made)
        outputs = run_scenarios(inputs, pick, size, threads=threads)
        check_counters(outputs.counters)
        need = outputs.need.sum(axis=2)
        found.append(need[:, at[1]] - need[:, at[0]])
    return np.concatenate(found)


def linear_effects(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, changes: Sequence[Change], derivatives: xr.Dataset
) -> np.ndarray:
    """First-order effect of each assumption's low and high end, (assumption, end), kroner."""
    arrays = assumption_arrays(assumptions)
    costs = unit_cost.transpose("service", "age").values
    by_cost = derivatives["unit_cost"].transpose("service", "age").values
    effects = np.zeros((len(changes), 2))
    for row, change in enumerate(changes):
        for column, end in enumerate((change.low, change.high)):
            more = cost_factor(change, end, len(costs)) - 1
            total = float((by_cost * costs * more[:, None]).sum())
            for name, values in moved_arrays(change, end, arrays).items():
                total += float((derivatives[name].values * (values - arrays[name])).sum())
            effects[row, column] = total
    return effects


def tornado(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, changes: Sequence[Change], figure: Figure,
    municipalities: Sequence[str] = (), threads: int = 1,
) -> xr.Dataset:  # fmt: skip
    """Effects of every assumption's low and high end on the figure, the widest first.

    Returns, by `assumption`: `low`, `high`; `effect_low`, `effect_high`, kroner, as run; `linear_low`, `linear_high`,
    from the gradient; `nonlinear` where an end differs from its linear figure by more than 2 per cent of it (and a
    millionth of the widest effect); labels
    and confidence. Beside them, for the municipalities named, the same by (municipality, assumption).
    """
    ends = [end for change in changes for end in (change.low, change.high)]
    doubled = [change for change in changes for _ in range(2)]
    run = run_costs(assumptions, unit_cost, doubled, ends, figure, threads)
    effect = (run[1:] - run[0]).reshape(len(changes), 2, -1)
    weight = figure.weight(assumptions)
    linear = linear_effects(assumptions, unit_cost, changes, gradient(assumptions, unit_cost, weight))
    result = xr.Dataset(
        _effects("", effect.sum(-1), linear, ("assumption",)),
        coords={"assumption": [change.key for change in changes], **_labels(changes)},
        attrs={"value": float(run[0].sum()), "budget_year": figure.budget_year, "accumulated": int(figure.accumulated)},
    )
    result["low"] = ("assumption", [change.low for change in changes])
    result["high"] = ("assumption", [change.high for change in changes])
    if municipalities:
        result = result.merge(_by_municipality(assumptions, unit_cost, changes, weight, run, effect, municipalities))
    widest = np.argsort(-np.abs(effect.sum(-1)).max(1), kind="stable")
    return result.isel(assumption=widest)


def _by_municipality(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, changes: Sequence[Change], weight: xr.DataArray, run: np.ndarray,
    effect: np.ndarray, municipalities: Sequence[str],
) -> xr.Dataset:  # fmt: skip
    codes = [str(code) for code in assumptions["municipality"].values]
    at = [codes.index(code) for code in municipalities]
    linear = []
    for code in municipalities:
        one = weight.expand_dims(municipality=[code])
        linear.append(linear_effects(assumptions, unit_cost, changes, gradient(assumptions, unit_cost, one)))
    own = np.moveaxis(effect[..., at], -1, 0)
    dims = ("municipality", "assumption")
    coords = {"municipality": list(municipalities)}
    result = xr.Dataset(_effects("municipal_", own, np.stack(linear), dims), coords=coords)
    result["municipal_value"] = ("municipality", run[0][at])
    return result


def _effects(prefix: str, effect: np.ndarray, linear: np.ndarray, dims: tuple[str, ...]) -> dict[str, Any]:
    """Variables of effects (…, end), as run and linear, and where the two part."""
    kroner = {"units": "kr"}
    apart = np.abs(effect - linear) > NONLINEAR * np.abs(linear) + NOTHING * np.abs(effect).max(initial=1.0)
    return {
        f"{prefix}effect_low": (dims, effect[..., 0], kroner), f"{prefix}effect_high": (dims, effect[..., 1], kroner),
        f"{prefix}linear_low": (dims, linear[..., 0], kroner), f"{prefix}linear_high": (dims, linear[..., 1], kroner),
        f"{prefix}nonlinear": (dims, apart.any(-1).astype(np.int8)),
    }  # fmt: skip


def _labels(changes: Sequence[Change]) -> dict[str, Any]:
    labels = {f"label_{lang}": ("assumption", [change.label[lang] for change in changes]) for lang in LANGUAGES}
    units = ("assumption", [change.unit for change in changes])
    return {**labels, "unit": units, "confidence": ("assumption", [change.confidence for change in changes])}
