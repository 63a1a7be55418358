"""Expenditure need and demographic expenditure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

FINANCING = ("free_income", "all")


def expenditure(population: xr.DataArray, unit_cost: xr.DataArray) -> xr.Dataset:
    """What a population costs at unchanged standard and coverage, and what its change costs.

    population: persons (municipality, sex, age, date). unit_cost: net kroner per person (service, age), with
    municipality or date too where it differs between them.

    Returns kroner in the prices of the unit costs: `expenditure_need` (financing, service, municipality, date),
    `demographic_expenditure` (…, budget_year), the change of the need from the 1 January before to that of the budget
    year, `accumulated_demographic_expenditure`, its sum since the first date, and `unit_cost`. `financing`:
    `free_income` is net spending, `all` is net spending divided by the net share of the service.

    Equation: need(t) = Σ_age unit cost × persons on 1 January t, as the official calculation (TBU).
    """
    need = need_of(population, unit_cost)
    found = {
        "expenditure_need": need,
        "demographic_expenditure": by_budget_year(np.diff(need.values), need),
        "accumulated_demographic_expenditure": by_budget_year(need.values[..., 1:] - need.values[..., :1], need),
    }
    return xr.Dataset({"unit_cost": unit_cost, **in_prices_of(unit_cost, found)}, attrs=dict(unit_cost.attrs))


def need_of(population: xr.DataArray, unit_cost: xr.DataArray) -> xr.DataArray:
    """Need in kroner (financing, service, municipality, date): Σ_age unit cost × persons, net and over the net share.

    population, unit_cost: as `expenditure` takes them.
    """
    with xr.set_options(arithmetic_join="exact"):  # type: ignore[no-untyped-call]  # untyped in xarray
        net = xr.dot(population.sum("sex"), unit_cost, dim="age")
        gross = net / unit_cost["net_share"]
    need = xr.concat([net, gross], xr.Variable("financing", np.array(FINANCING)), coords="minimal", compat="override")
    ordered: xr.DataArray = need.transpose("financing", "service", "municipality", "date")
    return ordered


def in_prices_of(money: xr.DataArray, found: Mapping[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """Arrays that say of which year their prices are: that of some other money."""
    return {name: data.assign_attrs(price_year=int(money.attrs["price_year"])) for name, data in found.items()}


def expenditure_of_change(change: np.ndarray, unit_cost: xr.DataArray, sector: str, financing: str) -> float:
    """Kroner that a change in persons by single age costs: Σ change × unit cost, over the services of a sector.

    sector: municipal, county or all. financing: free (net spending) or all (net spending / net share of the service).
    """
    return float(service_weights(unit_cost, sector, financing) @ (unit_cost.values @ change))


def service_weights(unit_cost: xr.DataArray, sector: str, financing: str) -> np.ndarray:
    """What a net krone of each service counts, as `expenditure_of_change` takes sector and financing."""
    inside = np.ones(unit_cost.sizes["service"]) if sector == "all" else unit_cost["level"].values == sector
    return inside / (unit_cost["net_share"].values if financing == "all" else 1.0)


def by_budget_year(values: np.ndarray, need: xr.DataArray) -> xr.DataArray:
    """Changes up to each 1 January, labelled with the budget year that opens then."""
    years = need["date"].values[1:]
    coords = {str(name): need[name] for name in need.coords if "date" not in need[name].dims}
    return xr.DataArray(values, dims=(*need.dims[:-1], "budget_year"), coords={**coords, "budget_year": years})
