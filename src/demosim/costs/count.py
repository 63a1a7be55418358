"""The costs of a projection under a scenario: every stage of them in order."""

from __future__ import annotations

import xarray as xr

from demosim.costs.adjustment import adjustment_path
from demosim.costs.check import municipalities_of
from demosim.costs.fte import full_time_equivalents
from demosim.costs.need import expenditure
from demosim.costs.own import with_municipal_costs
from demosim.costs.pressure import multipliers
from demosim.costs.pressure_need import pressure_need, pressures_of
from demosim.costs.prices import deflator_of
from demosim.costs.unit_costs import derive_unit_cost
from demosim.scenario.cost_options import CostOptions
from demosim.scenario.spec import Spec


def count_costs(baseline: xr.Dataset, spec: Spec, assumptions: xr.Dataset, population: xr.DataArray) -> xr.Dataset:
    """What a projected population costs under a scenario.

    population: persons (municipality, sex, age, date). assumptions: the resolved ones, for the life expectancy.

    Order: derived unit costs; own ones in their place; need and demographic expenditure, by population alone; need that
    is not demography, apart, where the scenario has any; spending that follows both with delay, where it says how;
    full-time equivalents of the need by population at derived unit costs.

    Returns kroner as `demosim.costs.need.expenditure`, and where the scenario asks for it `municipal_unit_cost`, the
    arrays of `pressure_need` and of `adjustment_path`; `full_time_equivalents` where sources of the embedded services
    hold, which is not so for a data set with unit costs of its own.
    """
    options = spec.costs
    country = derive_unit_cost(baseline, options.of_country, spec.price_year)
    cost = country
    if options.own is not None and options.own.places:
        numbers, places = municipalities_of(baseline, options.own), baseline["municipality"].values.tolist()
        cost = with_municipal_costs(country, options.own, numbers, places, deflator_of(options.price_growth))
    costs = expenditure(population, cost)
    if cost is not country:
        costs = costs.assign(unit_cost=country, municipal_unit_cost=cost)
    need = costs["expenditure_need"]
    if options.pressure is not None:
        growth, ageing = pressures_of(options.pressure)
        found = multipliers(country, assumptions, growth, ageing)
        if found:
            costs = costs.assign(pressure_need(population, cost, need, found).data_vars)
            need = (need + costs["pressure_need"].sum("pressure")).assign_attrs(need.attrs)
    if options.adjustment:
        costs = costs.assign(adjustment_path(costs.assign(expenditure_need=need), options.adjustment).data_vars)
    if "unit_cost" not in baseline:
        costs = costs.assign(full_time_equivalents=_staff(baseline, spec, population, costs["expenditure_need"]))
    return costs


def _staff(baseline: xr.Dataset, spec: Spec, population: xr.DataArray, need: xr.DataArray) -> xr.DataArray:
    """Full-time equivalents of the need at derived unit costs: a krone of one's own does not say who earns it."""
    options: CostOptions = spec.costs.derived_only
    if spec.costs.own is not None:
        derived = derive_unit_cost(baseline, options, spec.price_year)
        need = expenditure(population, derived)["expenditure_need"]
    return full_time_equivalents(need, options, baseline=baseline)
