"""Expenditure need and demographic expenditure."""

from __future__ import annotations

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
    prices = {"price_year": int(unit_cost.attrs["price_year"])}
    yearly = by_budget_year(need.values[..., 1:] - need.values[..., :-1], need)
    accumulated = by_budget_year(need.values[..., 1:] - need.values[..., :1], need)
    return xr.Dataset(
        {
            "unit_cost": unit_cost,
            "expenditure_need": need.assign_attrs(prices),
            "demographic_expenditure": yearly.assign_attrs(prices),
            "accumulated_demographic_expenditure": accumulated.assign_attrs(prices),
        },
        attrs=dict(unit_cost.attrs),
    )


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


def by_budget_year(values: np.ndarray, need: xr.DataArray) -> xr.DataArray:
    """Changes up to each 1 January, labelled with the budget year that opens then."""
    years = need["date"].values[1:]
    coords = {str(name): need[name] for name in need.coords if "date" not in need[name].dims}
    return xr.DataArray(values, dims=(*need.dims[:-1], "budget_year"), coords={**coords, "budget_year": years})
