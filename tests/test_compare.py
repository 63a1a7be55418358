"""The decomposition adds up whatever differs, and the shipped example gives what the notes say."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
from demosim.compare import PARTS, Case, assumptions_of_outcome, explain, in_order, shapley
from demosim.costs.need import expenditure
from demosim.errors import DemosimError
from demosim.projection import project
from demosim.validation.june_march import june_to_march
from demosim.validation.results import one_region
from plain_assumptions import plain_assumptions


def costs(factor: float = 1.0, price_year: int = 2025) -> xr.DataArray:
    values = np.stack([np.linspace(1e4, 0, 31), np.linspace(0, 9e4, 31)]) * factor
    return xr.DataArray(
        values, dims=("service", "age"),
        coords={
            "service": ["school", "care"], "age": np.arange(31), "net_share": ("service", [0.9, 0.8]),
            "level": ("service", ["municipal", "county"]),
        },
        attrs={"price_year": price_year},
    )  # fmt: skip


def assumptions(**changed: float) -> xr.Dataset:
    """Assumptions of a made-up country, some arrays multiplied."""
    data = plain_assumptions(made_up.small_country(steps=4), streams=2)
    for name, factor in changed.items():
        data[name] = data[name] * factor
    return data


def total(case: Case, budget_year: int | None) -> np.ndarray:
    """The demographic expenditure counted without the decomposition, (financing, service)."""
    cost = case.unit_cost
    for multiplier in case.multipliers.values():
        cost = (cost * multiplier).assign_attrs(case.unit_cost.attrs)
    found = expenditure(project(case.assumptions)["population"], cost).sum("municipality")
    if budget_year is None:
        return found["accumulated_demographic_expenditure"].isel(budget_year=-1).values
    return found["demographic_expenditure"].sel(budget_year=budget_year).values


CHANGED = {
    "jump_off_population": 1.02, "fertility_rate": 1.2, "death_prob": 0.8, "net_migration_deviation": 0.3,
    "net_international_migration": 1.5, "stream_inflow": 2.0,
}  # fmt: skip


@pytest.mark.parametrize("method", ["shapley", "order"])
@pytest.mark.parametrize("budget_year", [None, 2022])
def test_the_parts_add_up_to_the_difference(method: str, budget_year: int | None) -> None:
    coverage = {"coverage": xr.DataArray([1.0, 0.97], {"service": ["school", "care"]})}
    before, after = Case(assumptions(), costs()), Case(assumptions(**CHANGED), costs(1.05, 2026), coverage)
    table = explain(before, after, budget_year, method)
    summed = table.groupby(["financing", "service"], sort=False)["kroner"].sum().to_numpy().reshape(2, 2)
    by_financing = table.groupby("financing", sort=False).size()
    assert by_financing.index.tolist() == ["free_income", "all"]
    wanted = total(after, budget_year) - total(before, budget_year)
    size = np.abs(expenditure(project(after.assumptions)["population"], after.unit_cost)["expenditure_need"]).sum()
    np.testing.assert_allclose(summed, wanted, atol=1e-9 * float(size))
    large = set(table[table["kroner"].abs() > 1e-9 * float(size)]["factor"])
    moving = {*PARTS, "stream stream 0", "stream stream 1", "coverage", "unit cost", "price"}
    assert large == moving - {"internal migration"}  # moves inside the country cancel


def test_a_municipality_has_internal_migration() -> None:
    changed = assumptions(net_migration_deviation=0.0, death_prob=0.9)
    before, after = Case(assumptions(), costs()), Case(changed, costs())
    table = explain(before, after, None, "shapley", "R2")
    needs = [expenditure(project(case.assumptions)["population"], case.unit_cost) for case in (before, after)]
    wanted = [need["accumulated_demographic_expenditure"].sel(municipality="R2").isel(budget_year=-1) for need in needs]
    summed = table.groupby(["financing", "service"], sort=False)["kroner"].sum().to_numpy().reshape(2, 2)
    np.testing.assert_allclose(summed, (wanted[1] - wanted[0]).values, rtol=1e-9, atol=1e-3)
    assert (table[table["factor"] == "internal migration"]["kroner"].abs() > 1e3).all()
    with pytest.raises(DemosimError, match='no municipality "R9"'):
        explain(before, after, None, "order", "R9")


def test_equal_cases_differ_by_nothing() -> None:
    table = explain(Case(assumptions(), costs()), Case(assumptions(), costs()))
    assert not table["kroner"].any()
    assert set(table["level"]) == {"municipal", "county"}


def test_one_factor_alone_takes_the_whole_difference_under_both_methods() -> None:
    before, after = Case(assumptions(), costs()), Case(assumptions(fertility_rate=1.3), costs())
    for method in ("shapley", "order"):
        table = explain(before, after, None, method)
        assert (table[table["factor"] != "fertility"]["kroner"] == 0).all()
        wanted = (total(after, None) - total(before, None)).ravel()
        np.testing.assert_allclose(table[table["factor"] == "fertility"]["kroner"], wanted, rtol=1e-9)


def test_price_and_unit_cost_are_told_apart() -> None:
    table = explain(Case(assumptions(), costs()), Case(assumptions(), costs(1.041, 2026)))
    assert np.abs(table[table["factor"] == "unit cost"]["kroner"]).max() < 1e-3
    price = table[(table["factor"] == "price") & (table["financing"] == "free_income")]["kroner"].to_numpy()
    np.testing.assert_allclose(price, 0.041 * total(Case(assumptions(), costs()), None)[0], rtol=1e-6)


def test_a_stream_that_only_one_has() -> None:
    with_streams = assumptions()
    without = with_streams.isel(stream=slice(0, 1))
    table = explain(Case(without, costs()), Case(with_streams, costs()))
    assert set(table[table["kroner"] != 0]["factor"]) == {"stream stream 1"}
    none = with_streams.isel(stream=slice(0, 0))
    back = explain(Case(with_streams, costs()), Case(none, costs()))
    assert set(back[back["kroner"] != 0]["factor"]) == {"stream stream 0", "stream stream 1"}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-10, 10), min_size=8, max_size=8))
def test_shapley_values_are_efficient_and_order_telescopes(worth: list[float]) -> None:
    table = {frozenset(n for i, n in enumerate("abc") if k >> i & 1): np.array(worth[k]) for k in range(8)}
    for parts in (shapley("abc", table.__getitem__), in_order("abc", table.__getitem__)):
        assert sum(float(part) for part in parts.values()) == pytest.approx(worth[7] - worth[0], abs=1e-9)


def test_shapley_by_hand() -> None:
    """A glove game: a is worth 1 with b or with c, so a gets 2/3 and the others 1/6 each."""

    def value(chosen: frozenset[str]) -> np.ndarray:
        return np.array(float("a" in chosen and len(chosen) > 1))

    parts = shapley(["a", "b", "c"], value)
    assert {name: float(part) for name, part in parts.items()} == pytest.approx({"a": 2 / 3, "b": 1 / 6, "c": 1 / 6})


def test_what_cannot_be_compared() -> None:
    one, other = Case(assumptions(), costs()), Case(assumptions().isel(year=slice(0, 3)), costs())
    with pytest.raises(DemosimError, match="year: differs between the two"):
        explain(one, other)
    with pytest.raises(DemosimError, match="there is no budget year 2020; 2021 to 2024"):
        explain(one, Case(assumptions(death_prob=0.9), costs()), 2020)
    with pytest.raises(DemosimError, match='"shaply" is no method'):
        explain(one, one, None, "shaply")
    by_place = costs() * xr.DataArray(np.ones(4), {"municipality": ["R1", "R2", "R3", "R4"]})
    with pytest.raises(DemosimError, match="differ by municipality"):
        explain(one, Case(assumptions(), by_place.assign_attrs(price_year=2025)))


def test_assumptions_that_lead_to_a_registered_population() -> None:
    country = one_region(made_up.small_country(), np.full((2, 31), 1000.0), 2020)
    start = plain_assumptions(country, streams=0).isel(year=slice(0, 1))
    registered = np.random.default_rng(8).uniform(900, 1100, (2, 31))
    found = project(assumptions_of_outcome(start, registered))["population"].isel(municipality=0, date=1)
    np.testing.assert_allclose(found.values, registered, rtol=1e-10)
    with pytest.raises(DemosimError, match="one region and one year"):
        assumptions_of_outcome(assumptions(), registered)


def test_june_to_march() -> None:
    parts, beside = june_to_march()
    ours = beside.set_index("level")["ours"]
    assert ours["municipal"] == pytest.approx(-0.60, abs=0.006)
    assert ours["county"] == pytest.approx(0.08, abs=0.006)
    free = parts[parts["financing"] == "free_income"].groupby(["factor", "level"])["kroner"].sum() / 1e9
    assert free["international migration", "municipal"] == pytest.approx(-0.65, abs=0.006)
    assert free["fertility", "municipal"] == pytest.approx(0.06, abs=0.006)
    assert free["international migration", "county"] == pytest.approx(0.065, abs=0.006)
    assert free["mortality"].eq(0).all()
