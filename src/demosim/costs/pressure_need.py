"""What need that is not demography comes to in kroner, kind by kind, beside the need of the population alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import xarray as xr

from demosim.axes import parse_band
from demosim.costs.need import by_budget_year, in_prices_of, need_of
from demosim.costs.pressure import OBSERVED, UNIT_COST, Growth, HealthierAgeing, observed_growth
from demosim.scenario.cost_options import Pressure


def pressures_of(pressure: Pressure) -> tuple[list[Growth], HealthierAgeing]:
    """The growths and the healthier ageing that a scenario asks for; what is neutral is left out.

    Ages, service and the share that grows of `coverage_80_plus`, `care_under_50` and `special_education` are those of
    what was observed.
    """
    known = {item.kind: item for item in observed_growth(pressure.special_education_share or 0.0)}
    growth = [replace(known[name], yearly=getattr(pressure, name) / 100) for name in OBSERVED]
    growth += [Growth(UNIT_COST, service, percent / 100) for service, percent in pressure.unit_cost.items()]
    for name, own in pressure.growth.items():
        lower, upper = parse_band(own.ages) or (0, None)
        growth.append(Growth(name, own.service, own.growth / 100, lower, upper, own.share))
    return [item for item in growth if item.yearly != 0 and item.share != 0], HealthierAgeing(pressure.healthier_ageing)


def pressure_need(
    population: xr.DataArray, unit_cost: xr.DataArray, need: xr.DataArray, found: Mapping[str, xr.DataArray]
) -> xr.Dataset:
    """Need on top of that of the population, by kind.

    need: of the population alone, as `demosim.costs.need.need_of` gives it. found: what unit costs are multiplied by,
    as `demosim.costs.pressure.multipliers` gives it, at least one kind.

    Kinds are applied one after the other in their order; each has what the need rises by when it comes on top of those
    before it, so that need + Σ kinds is the need with all of them.

    Returns kroner: `pressure_need` (pressure, financing, service, municipality, date) and its yearly change
    `pressure_expenditure` (…, budget_year); and `cost_multiplier` (pressure, service, age, date).
    """
    levels, cost = [need], unit_cost
    for ratio in found.values():
        cost = cost * ratio
        levels.append(need_of(population, cost))
    parts = np.stack([after.values - before.values for before, after in pairwise(levels)])
    kinds = xr.Variable("pressure", np.array(list(found), dtype=np.str_))
    coords = {"pressure": kinds, **{str(name): need[name] for name in need.coords}}
    level = xr.DataArray(parts, dims=("pressure", *need.dims), coords=coords)
    money = {"pressure_need": level, "pressure_expenditure": by_budget_year(np.diff(parts), level)}
    return xr.Dataset({**in_prices_of(unit_cost, money), "cost_multiplier": xr.concat(list(found.values()), kinds)})
