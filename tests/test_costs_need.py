"""Need and its change: a hand-worked example, laws, and the kernel's fused sums."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
from demosim.costs.need import expenditure
from demosim.costs.unit_costs import derive_unit_cost
from demosim.kernels.threads import run_scenarios
from demosim.packing import CostTable, pack
from demosim.projection import assumption_arrays, project
from demosim.scenario.cost_options import CostOptions
from demosim.variables import validate
from plain_assumptions import plain_assumptions


def costs(values: np.ndarray, ages: np.ndarray) -> xr.DataArray:
    names = [f"service {i}" for i in range(len(values))]
    return xr.DataArray(
        values, dims=("service", "age"),
        coords={
            "service": names, "age": ages, "net_share": ("service", np.linspace(0.8, 1, len(values))),
            "level": ("service", ["municipal"] * len(values)),
        },
        attrs={"price_year": 2026},
    )  # fmt: skip


def people(values: np.ndarray) -> xr.DataArray:
    """Persons (municipality, age, date), half of each sex."""
    both = np.stack([values / 2, values / 2], axis=1)
    places, ages, dates = values.shape
    return xr.DataArray(
        both, dims=("municipality", "sex", "age", "date"),
        coords={
            "municipality": [f"M{i}" for i in range(places)], "sex": ["male", "female"], "age": np.arange(ages),
            "date": 2026 + np.arange(dates),
        },
    )  # fmt: skip


def test_a_village_by_hand() -> None:
    persons = people(np.array([[[10.0, 9, 11], [4, 5, 5]]]))
    found = expenditure(persons, costs(np.array([[100.0, 0.0], [20.0, 400.0]]), np.arange(2)))
    free = found["expenditure_need"].sel(financing="free_income", municipality="M0")
    np.testing.assert_allclose(free, [[1000, 900, 1100], [1800, 2180, 2220]])
    np.testing.assert_allclose(found["expenditure_need"].sel(financing="all", municipality="M0")[0], [1250, 1125, 1375])
    yearly = found["demographic_expenditure"].sel(financing="free_income", municipality="M0")
    assert yearly["budget_year"].values.tolist() == [2027, 2028]
    np.testing.assert_allclose(yearly, [[-100, 200], [380, 40]])
    so_far = found["accumulated_demographic_expenditure"].sel(financing="free_income", municipality="M0")
    np.testing.assert_allclose(so_far, [[-100, 100], [380, 420]])
    assert validate(found) == []
    assert {found[name].attrs["price_year"] for name in found.data_vars} == {2026}


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 6), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_law_9_municipal_sums_equal_the_country(places: int, dates: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.uniform(0, 1e4, (places, 5, dates))
    unit_cost = costs(random.uniform(0, 1e5, (3, 5)), np.arange(5))
    apart = expenditure(people(values), unit_cost)
    together = expenditure(people(values.sum(axis=0, keepdims=True)), unit_cost)
    for name in ("expenditure_need", "demographic_expenditure", "accumulated_demographic_expenditure"):
        size = float(apart["expenditure_need"].max())
        np.testing.assert_allclose(
            apart[name].sum("municipality"), together[name].isel(municipality=0), rtol=1e-9, atol=1e-9 * size
        )


def test_yearly_changes_accumulate() -> None:
    persons = people(np.random.default_rng(1).uniform(0, 100, (3, 4, 6)))
    found = expenditure(persons, costs(np.ones((2, 4)), np.arange(4)))
    summed = found["demographic_expenditure"].cumsum("budget_year")
    np.testing.assert_allclose(found["accumulated_demographic_expenditure"], summed, atol=1e-9)


def test_doubling_all_counts_doubles_the_need() -> None:
    values, unit_cost = np.random.default_rng(2).uniform(0, 100, (3, 4, 3)), costs(np.ones((2, 4)), np.arange(4))
    once, twice = expenditure(people(values), unit_cost), expenditure(people(2 * values), unit_cost)
    np.testing.assert_array_equal(twice["expenditure_need"], 2 * once["expenditure_need"])


def test_unit_costs_may_change_over_time() -> None:
    values = np.ones((1, 2, 3))
    still = costs(np.array([[1.0, 2.0]]), np.arange(2))
    moving = still * xr.DataArray([1.0, 2.0, 3.0], dims="date", coords={"date": [2026, 2027, 2028]})
    found = expenditure(people(values), moving.assign_attrs(still.attrs).transpose("service", "age", "date"))
    np.testing.assert_allclose(found["expenditure_need"].sel(financing="free_income").values.ravel(), [3, 6, 9])


def test_ages_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="age"):
        expenditure(people(np.ones((1, 3, 2))), costs(np.ones((1, 2)), np.arange(2)))


@pytest.mark.parametrize("interval", [1, 5])
def test_the_need_summed_by_the_engine_is_the_same(interval: int) -> None:
    country = made_up.small_country(regions=5, last_age=105) if interval == 1 else made_up.three_regions()
    assumptions = plain_assumptions(country, streams=2)
    unit_cost = derive_unit_cost(country, CostOptions(), 2026)
    labelled = expenditure(project(assumptions)["population"], unit_cost)["expenditure_need"]
    places = country.sizes["municipality"]
    inputs, pick = pack([assumption_arrays(assumptions)], [CostTable.from_unit_cost(unit_cost.values, 2)])
    fused = run_scenarios(inputs, pick, places).need[0]
    plain = labelled.sel(financing="free_income").transpose("date", "service", "municipality").values
    np.testing.assert_allclose(fused[..., :places], plain, rtol=1e-12, atol=1e-12 * plain.max())
