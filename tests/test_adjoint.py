"""Derivatives in reverse against central differences of the plain twin."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
import naive
from demosim.errors import DemosimError
from demosim.gradient import budget_year_weight, effect, gradient, total_weight
from demosim.kernels.adjoint import Adjoint, back_project, scratch_space, zero_adjoint
from demosim.kernels.layout import work_space
from demosim.kernels.project import project
from demosim.kernels.threads import empty_outputs
from demosim.packing import CostTable, pack
from demosim.projection import assumption_arrays
from plain_assumptions import plain_assumptions

COUNTRIES = {
    "years of one": lambda: made_up.small_country(regions=3, last_age=12, steps=4, scale=500),
    "few ages, so that who is born grows old": lambda: made_up.small_country(regions=2, last_age=3, steps=6, scale=800),
    "years of five": lambda: made_up.three_regions().isel(year=slice(0, 3)),
}
CHECKED = (
    "jump_off_population", "death_prob", "newborn_survival_prob", "fertility_rate", "fertility_factor",
    "net_international_migration", "stream_inflow", "stream_outflow", "settlement_key", "net_migration_deviation",
    "deviation_fade",
)  # fmt: skip


def costs(assumptions: xr.Dataset, seed: int = 4) -> xr.DataArray:
    """Kroner per person of two services, one of which costs nothing in some ages."""
    ages = assumptions["age"].values
    values = np.random.default_rng(seed).uniform(1, 9, (2, len(ages)))
    values[1, : len(ages) // 2] = 0
    return xr.DataArray(values, dims=("service", "age"), coords={"service": ["school", "care"], "age": ages})


def random_weights(assumptions: xr.Dataset, seed: int = 5) -> xr.DataArray:
    """Weights of every service, municipality and date."""
    dates = np.append(assumptions["year"].values, assumptions["year"].values[-1] + assumptions.attrs["interval_years"])
    coords = {"service": ["school", "care"], "municipality": assumptions["municipality"].values, "date": dates}
    shape = [len(values) for values in coords.values()]
    return xr.DataArray(np.random.default_rng(seed).normal(size=shape), dims=list(coords), coords=coords)


def weighted_need(assumptions: xr.Dataset, unit_cost: xr.DataArray, of: xr.DataArray) -> float:
    """The number that is differentiated, by the plain twin."""
    population = naive.project(assumption_arrays(assumptions))["population"]
    need = np.einsum("tsam,ka->kmt", population, unit_cost.values)
    return float((need * of.transpose("service", "municipality", "date").values).sum())


def central_difference(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, of: xr.DataArray, name: str, place: tuple[int, ...], step: float
) -> float:
    """Difference quotient of fourth order by one number of the assumptions."""
    total = 0.0
    for times, factor in ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12)):
        changed = assumptions.copy()
        values = assumptions[name].values.copy()
        values[place] += times * step
        changed[name] = assumptions[name].copy(data=values)
        total += factor * weighted_need(changed, unit_cost, of)
    return total / step


def check(assumptions: xr.Dataset, places: int = 12, seed: int = 6, names: tuple[str, ...] = CHECKED) -> xr.Dataset:
    """Compare some numbers of every array; returns the derivatives."""
    unit_cost, of = costs(assumptions), random_weights(assumptions)
    found = gradient(assumptions, unit_cost, of)
    random = np.random.default_rng(seed)
    for name in names:
        values = assumptions[name].values
        scale = max(float(abs(found[name]).max()), 1e-3)
        for _ in range(places):
            place = tuple(int(random.integers(0, length)) for length in values.shape)
            step = 1e-3 * (max(abs(float(values[place])), float(abs(values).mean())) or 1.0)
            expected = central_difference(assumptions, unit_cost, of, name, place, step)
            got = float(found[name].values[place])
            assert got == pytest.approx(expected, rel=1e-6, abs=1e-7 * scale), (name, place)
    return found


@pytest.mark.parametrize("country", COUNTRIES)
def test_law_10_the_gradient_equals_central_differences(country: str) -> None:
    assumptions = plain_assumptions(COUNTRIES[country](), streams=2)
    found = check(assumptions)
    assert found.attrs["smooth"] == 1
    assert found.attrs["value"] == pytest.approx(
        weighted_need(assumptions, costs(assumptions), random_weights(assumptions)), rel=1e-12
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=4, deadline=None)
def test_law_10_holds_in_any_country_without_floored_cells(seed: int) -> None:
    country = made_up.small_country(regions=2, last_age=6, steps=3, scale=900, seed=seed)
    found = check(plain_assumptions(country, streams=1, seed=seed), places=2, seed=seed)
    assert found.attrs["floored_cells"] == 0


def test_floored_cells_are_reported_and_the_derivative_of_what_is_done_to_them_is_used() -> None:
    assumptions = plain_assumptions(made_up.small_country(regions=3, last_age=6, steps=2, scale=90), streams=1)
    deviation = assumptions["net_migration_deviation"].copy()
    deviation[0, :, 2] = -1.6
    assumptions["net_migration_deviation"] = deviation
    found = check(assumptions, places=6)
    assert found.attrs["floored_cells"] > 0
    assert found.attrs["smooth"] == 0


def test_migrants_to_an_age_where_nobody_is_are_reported_and_followed_to_their_municipalities() -> None:
    assumptions = plain_assumptions(made_up.small_country(steps=2, last_age=8), streams=0)
    assumptions["jump_off_population"][:, :, 4] = 0
    unit_cost, of = costs(assumptions), random_weights(assumptions)
    found = gradient(assumptions, unit_cost, of)
    assert found.attrs["empty_cohorts"] == 2
    assert found.attrs["smooth"] == 0
    for name, place in (("net_international_migration", (0, 1, 5)), ("jump_off_population", (1, 0, 2))):
        step = 1e-3 * abs(float(assumptions[name].values[place]))
        expected = central_difference(assumptions, unit_cost, of, name, place, step)
        assert float(found[name].values[place]) == pytest.approx(expected, rel=1e-6)


def test_the_derivative_by_unit_costs_is_what_they_are_paid_for() -> None:
    assumptions = plain_assumptions(made_up.small_country(steps=3))
    unit_cost, of = costs(assumptions), random_weights(assumptions)
    found = gradient(assumptions, unit_cost, of)
    population = naive.project(assumption_arrays(assumptions))["population"]
    expected = np.einsum("tsam,kmt->ka", population, of.values)
    np.testing.assert_allclose(found["unit_cost"].values, expected, rtol=1e-10)
    yearly = xr.concat([unit_cost * (1 + i) for i in range(4)], "date").assign_coords(date=of["date"].values)
    by_date = gradient(assumptions, yearly.transpose("service", "age", "date"), of)
    np.testing.assert_allclose(by_date["unit_cost"].sum("date").values, expected, rtol=1e-9)
    assert by_date["unit_cost"].dims == ("service", "age", "date")


def test_one_weight_for_all_services_is_the_same_written_out() -> None:
    assumptions = plain_assumptions(made_up.small_country(steps=3))
    unit_cost = costs(assumptions)
    short = total_weight([2021, 2023])
    written = xr.zeros_like(random_weights(assumptions)).copy()
    written.loc[{"date": [2021, 2023]}] = 1.0
    written.loc[{"date": 2022, "service": "care"}] = 1e-300  # so that the services are not added up first
    one, two = gradient(assumptions, unit_cost, short), gradient(assumptions, unit_cost, written)
    assert one.attrs["value"] == pytest.approx(two.attrs["value"], rel=1e-12)
    for name in one.data_vars:
        np.testing.assert_allclose(one[name].values, two[name].values, rtol=1e-9, atol=1e-12)


def test_the_expenditure_of_a_budget_year_is_a_difference_of_two_dates() -> None:
    assumptions = plain_assumptions(made_up.small_country(steps=3))
    unit_cost = costs(assumptions)
    values = [gradient(assumptions, unit_cost, total_weight([date])).attrs["value"] for date in (2021, 2022)]
    found = gradient(assumptions, unit_cost, budget_year_weight(2022))
    assert found.attrs["value"] == pytest.approx(values[1] - values[0], rel=1e-9)
    assert found["jump_off_population"].dims == assumptions["jump_off_population"].dims


def test_the_effect_of_a_change_is_the_derivative_times_the_difference() -> None:
    assumptions = plain_assumptions(made_up.small_country(steps=3, scale=900))
    unit_cost, of = costs(assumptions), total_weight([2023])
    found = gradient(assumptions, unit_cost, of)
    after = assumptions.copy()
    after["fertility_rate"] = assumptions["fertility_rate"] * 1.0001
    after["stream_inflow"] = assumptions["stream_inflow"] * 1.0001
    parts = effect(found, assumptions, after)
    truth = gradient(after, unit_cost, of).attrs["value"] - found.attrs["value"]
    assert sum(parts.values()) == pytest.approx(truth, rel=1e-3)
    assert {name for name, value in parts.items() if value} == {"fertility_rate", "stream_inflow"}
    with pytest.raises(DemosimError, match="stream"):
        effect(found, assumptions, after.assign_coords(stream=["another"]))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (xr.DataArray([1.0], dims="date", coords={"date": [1999]}), "the date 1999"),
        (xr.DataArray([1.0], dims="service", coords={"service": ["sport"]}), "the service sport"),
        (xr.DataArray([1.0], dims="age", coords={"age": [3]}), "the dim age"),
        (xr.DataArray([np.nan], dims="date", coords={"date": [2021]}), "finite"),
    ],
)
def test_weights_on_what_there_is_not_are_refused(weights: xr.DataArray, message: str) -> None:
    assumptions = plain_assumptions(made_up.small_country(steps=2))
    with pytest.raises(DemosimError, match=message):
        gradient(assumptions, costs(assumptions), weights)


def test_the_same_space_serves_one_gradient_after_another() -> None:
    """Nothing of a gradient is left in the arrays that the next one works in."""
    arrays = assumption_arrays(plain_assumptions(made_up.small_country(steps=3), streams=2))
    table = CostTable.from_unit_cost(
        np.random.default_rng(1).uniform(0, 9, (2, arrays["jump_off_population"].shape[2])), 2
    )
    inputs, pick = pack([arrays, arrays | {"fertility_rate": arrays["fertility_rate"] * 1.2}], [table])
    run, adjoint, scratch = work_space(inputs, traced=True), zero_adjoint(inputs), scratch_space(inputs)
    weights = np.random.default_rng(2).normal(size=(2, inputs.survival.shape[1] + 1, 2, inputs.population.shape[2]))
    for scenario, weight in ((0, weights[0]), (1, weights[1]), (0, weights[0])):
        project(inputs, pick, scenario, scenario + 1, empty_outputs(inputs, 2, 0), run)
        back_project(inputs, pick[scenario], run, weight, adjoint, scratch)
        fresh, room = zero_adjoint(inputs), work_space(inputs, traced=True)
        project(inputs, pick, scenario, scenario + 1, empty_outputs(inputs, 2, 0), room)
        back_project(inputs, pick[scenario], room, weight, fresh, scratch_space(inputs))
        for name in Adjoint._fields:
            np.testing.assert_array_equal(getattr(adjoint, name), getattr(fresh, name), err_msg=name)


def test_dates_that_weigh_persons_alike_are_weighed_once() -> None:
    arrays = assumption_arrays(plain_assumptions(made_up.small_country(steps=4)))
    table = CostTable.from_unit_cost(np.ones((1, arrays["jump_off_population"].shape[2])), 2)
    inputs, pick = pack([arrays], [table])
    run, scratch = work_space(inputs, traced=True), scratch_space(inputs)
    project(inputs, pick, 0, 1, empty_outputs(inputs, 1, 0), run)
    weight = np.ones((5, 1, inputs.population.shape[2]))
    weight[0], weight[3, 0, 1] = 0, 2
    back_project(inputs, pick[0], run, weight, zero_adjoint(inputs), scratch)
    assert scratch.dates.tolist() == [0, 1, 1, 3, 1]
