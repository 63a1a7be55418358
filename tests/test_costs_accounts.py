"""Accounts that a data set carries: which year is taken, on whom it is spread, and staff beside them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from demosim.costs.accounts import Accounts, accounts_of
from demosim.costs.figures import persons, registered
from demosim.costs.fte import fte_per_krone
from demosim.costs.unit_costs import derive_unit_cost
from demosim.scenario.cost_options import CostOptions


def data_set(kroner: float = 1e11, preliminary: str = "", years: tuple[int, ...] = (2023, 2024)) -> xr.Dataset:
    """A data set with accounts of one service alone, and the ages of the tables."""
    ages = np.arange(next(iter(registered().values())).shape[1])
    accounts = xr.DataArray(
        [[kroner * (1 + at) for at in range(len(years))]], dims=("account_service", "account_year"),
        coords={"account_service": ["grunnskole"], "account_year": list(years)},
        attrs={"source": "own accounts", "confidence": "own", "preliminary": preliminary},
    )  # fmt: skip
    return xr.Dataset({"accounts": accounts}, coords={"age": ages})


def with_people(dataset: xr.Dataset, factor: float = 2.0) -> xr.Dataset:
    """The same with a country of its own, a multiple of the carried one."""
    years = sorted(registered())
    country = np.stack([factor * registered()[year] for year in years])
    coords = {"country_date": years, "sex": ["male", "female"], "age": dataset["age"].values}
    return dataset.assign(country_population=xr.DataArray(country, coords, ("country_date", "sex", "age")))


def spending(cost: xr.DataArray, year: int, factor: float = 1.0) -> float:
    """What unit costs of schools add up to over the persons of a year."""
    return float((cost.sel(service="grunnskole").values * factor * persons(year)).sum())


def test_a_data_set_without_accounts_has_none() -> None:
    assert accounts_of(xr.Dataset()) is None


def test_the_newest_final_accounts_are_taken_and_add_up_to_the_spending() -> None:
    cost = derive_unit_cost(data_set(), CostOptions(), 2024)
    assert spending(cost, 2024) == pytest.approx(2e11)
    earlier = derive_unit_cost(data_set(preliminary="2024"), CostOptions(), 2023)
    assert spending(earlier, 2023) == pytest.approx(1e11)
    assert "grunnskole: own" in cost.attrs["confidence"]
    asked = derive_unit_cost(data_set(preliminary="2024"), CostOptions(kostra_year=2024), 2024)
    assert spending(asked, 2024) == pytest.approx(2e11)
    assert "grunnskole: own; preliminary" in asked.attrs["confidence"]


def test_services_that_are_not_in_them_keep_the_carried_accounts() -> None:
    ours = derive_unit_cost(data_set(), CostOptions(), 2026)
    theirs = derive_unit_cost(xr.Dataset(coords=data_set().coords), CostOptions(), 2026)
    others = [name for name in theirs["service"].values if name != "grunnskole"]
    np.testing.assert_array_equal(ours.sel(service=others), theirs.sel(service=others))
    assert not np.allclose(ours.sel(service="grunnskole"), theirs.sel(service="grunnskole"))


def test_a_year_that_the_accounts_lack_is_that_of_the_tables() -> None:
    ours = derive_unit_cost(data_set(), CostOptions(kostra_year=2022), 2026)
    theirs = derive_unit_cost(xr.Dataset(coords=data_set().coords), CostOptions(kostra_year=2022), 2026)
    np.testing.assert_array_equal(ours, theirs)


def test_they_are_spread_on_the_population_of_the_data_set() -> None:
    """Twice the people share the same spending: half the cost of each."""
    own, twice = data_set(), with_people(data_set())
    cost, halved = (derive_unit_cost(each, CostOptions(), 2024) for each in (own, twice))
    np.testing.assert_allclose(halved.sel(service="grunnskole"), cost.sel(service="grunnskole") / 2)
    assert spending(halved, 2024, 2.0) == pytest.approx(2e11)


def test_accounts_of_a_year_after_the_tables_need_only_the_data_set() -> None:
    last = max(registered())
    data = with_people(data_set(years=(last, last + 1)), 1.0)
    later = data["country_population"].isel(country_date=[-1, -1, -1])
    later = later.assign_coords(country_date=[last + 1, last + 2, last + 3])
    grown = data.drop_vars(["country_population", "country_date"]).assign(
        country_population=xr.concat([data["country_population"], later], "country_date")
    )
    cost = derive_unit_cost(grown, CostOptions(price_growth={str(last + 1): 3.0}), last + 1)
    assert float((cost.sel(service="grunnskole").values * registered()[last].sum(0)).sum()) == pytest.approx(2e11)
    assert Accounts.known_year(last + 1) == last - 1
    assert Accounts.known_year(2015) == 2015
    assert Accounts.known_year(1900) == min(registered())


def test_staff_per_krone_falls_as_the_spending_of_the_accounts_rises() -> None:
    options = CostOptions()
    carried = fte_per_krone(options, 2026)["fte_per_krone"]
    ours = fte_per_krone(options, 2026, baseline=data_set())["fte_per_krone"]
    twice = fte_per_krone(options, 2026, baseline=data_set(2e11))["fte_per_krone"]
    assert twice["grunnskole"] == pytest.approx(ours["grunnskole"] / 2)
    assert ours["pleie_omsorg"] == pytest.approx(carried["pleie_omsorg"])
