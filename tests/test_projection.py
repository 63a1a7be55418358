"""The engine against its plain twin, and the laws that hold for any country."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
import naive
from conftest import ROOT
from demosim.baseline.read import read_baseline
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.kernels.layout import COUNTERS, Outputs, work_space
from demosim.kernels.project import project as run_kernel
from demosim.kernels.threads import empty_outputs, run_scenarios
from demosim.packing import CostTable, pack
from demosim.projection import assumption_arrays, check_counters, project
from demosim.scenario.read import baseline_location, read_scenario
from demosim.scenario.resolve import resolve
from plain_assumptions import plain_assumptions

COUNTRIES = {"years of one": made_up.small_country, "years of five": made_up.three_regions}
seeds = st.integers(0, 10_000)


def cube(result: xr.Dataset) -> np.ndarray:
    """Population as (date, sex, age, municipality), the order of the plain twin."""
    return result["population"].transpose("date", "sex", "age", "municipality").values


def kernel_run(
    arrays: dict[str, np.ndarray], unit_cost: np.ndarray, dtype: type = np.float64, region: np.ndarray | None = None
) -> Outputs:
    """One scenario through the kernel, with its costs and its population."""
    inputs, pick = pack([arrays], [CostTable.from_unit_cost(unit_cost, 2)], region, dtype)
    years = inputs.survival.shape[1]
    regions = len(arrays["jump_off_population"]) if region is None else region.max() + 1
    outputs = Outputs(
        need=np.zeros((1, years + 1, unit_cost.shape[-2], regions)),
        population=np.zeros((1, years + 1, *inputs.population.shape[1:]), dtype),
        survivors=np.zeros((0, 0, 0, 0), dtype),
        births=np.zeros((0, 0, 0), dtype),
        counters=np.zeros((1, len(COUNTERS))),
    )
    run_kernel(inputs, pick, 0, 1, outputs)
    return outputs


@pytest.mark.parametrize("country", COUNTRIES)
def test_kernel_equals_its_plain_twin(country: str) -> None:
    assumptions = plain_assumptions(COUNTRIES[country](), streams=2)
    twin = naive.project(assumption_arrays(assumptions))
    result = project(assumptions)
    np.testing.assert_allclose(cube(result), twin["population"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(result["births"].sum("sex").T.values, twin["births"], rtol=1e-12)
    assert result.attrs["floored_cells"] == twin["floored"]


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_kernel_equals_its_plain_twin_where_cells_are_floored(seed: int) -> None:
    country = made_up.small_country(regions=3, last_age=8, steps=4, scale=5, seed=seed)
    assumptions = plain_assumptions(country, streams=1, seed=seed)
    assumptions["net_migration_deviation"] = assumptions["net_migration_deviation"] * 60
    twin = naive.project(assumption_arrays(assumptions))
    result = project(assumptions)
    np.testing.assert_allclose(cube(result), twin["population"], rtol=1e-11, atol=1e-11)
    assert result.attrs["floored_cells"] == twin["floored"]
    assert (cube(result) >= 0).all()


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-6)])
def test_need_in_the_kernel_equals_the_plain_sum(dtype: type, tolerance: float) -> None:
    country = made_up.small_country(scale=2000)
    arrays = assumption_arrays(plain_assumptions(country))
    random = np.random.default_rng(2)
    unit_cost = np.round(random.uniform(0, 9, (3, country.sizes["age"]))) * 1000.0
    unit_cost[:, 4:9] = unit_cost[:, [4]]
    unit_cost[1, :20] = 0
    unit_cost[:, 25:] = 0
    outputs = kernel_run(arrays, unit_cost, dtype)
    twin = naive.need(naive.project(arrays)["population"], unit_cost)
    np.testing.assert_allclose(outputs.need[0], twin, rtol=tolerance)


def test_need_is_added_up_to_regions_and_what_belongs_to_none_is_left_out() -> None:
    arrays = assumption_arrays(plain_assumptions(made_up.small_country()))
    unit_cost = np.ones((1, arrays["jump_off_population"].shape[2]))
    each = kernel_run(arrays, unit_cost).need[0, :, 0]
    grouped = kernel_run(arrays, unit_cost, region=np.array([1, 0, 1, -1])).need[0, :, 0]
    np.testing.assert_allclose(grouped, np.stack([each[:, 1], each[:, 0] + each[:, 2]], 1), rtol=1e-13)


def test_unit_costs_that_change_over_time_are_used_on_their_own_date() -> None:
    arrays = assumption_arrays(plain_assumptions(made_up.small_country(steps=3)))
    ages = arrays["jump_off_population"].shape[2]
    growing = np.ones((4, 1, ages)) * np.array([1.0, 2.0, 4.0, 8.0])[:, None, None]
    constant = kernel_run(arrays, growing[0]).need
    outputs = kernel_run(arrays, growing)
    np.testing.assert_allclose(outputs.need, constant * np.array([1.0, 2.0, 4.0, 8.0])[None, :, None, None], rtol=1e-14)


@pytest.mark.parametrize("country", COUNTRIES)
def test_law_1_every_cohort_balances(country: str) -> None:
    result = project(plain_assumptions(COUNTRIES[country](), streams=2))
    population = result["population"].values
    start = np.zeros_like(result["deaths"].values)
    start[:, :, 1:] = population[:, :, :-1, :-1]
    start[:, :, -1] += population[:, :, -1, :-1]
    start[:, :, 0] = result["births"].values
    moves = sum(result[f"net_{kind}_migration"].values for kind in ("ordinary", "deviation", "stream"))
    after = start - result["deaths"].values + moves + result["floor_adjustment"].values
    np.testing.assert_allclose(after, population[..., 1:], rtol=1e-9, atol=1e-9)


def test_without_floored_cells_nothing_is_adjusted() -> None:
    result = project(plain_assumptions(made_up.small_country(scale=3000)))
    assert result.attrs["floored_cells"] == 0
    assert not result["floor_adjustment"].any()


def test_law_5_doubling_everything_doubles_flows() -> None:
    once = plain_assumptions(made_up.small_country(scale=3000), streams=2)
    twice = once.copy()
    for name in ("jump_off_population", "net_international_migration", "stream_inflow", "stream_outflow"):
        twice[name] = once[name] * 2
    one, two = project(once), project(twice)
    for name in one.data_vars:
        np.testing.assert_allclose(two[name].values, 2 * one[name].values, rtol=1e-12, atol=1e-10)


def test_law_6_the_order_of_municipalities_does_not_matter() -> None:
    assumptions = plain_assumptions(made_up.small_country(regions=7, scale=3000))
    order = np.random.default_rng(0).permutation(7)
    back = np.argsort(order)
    shuffled = project(assumptions.isel(municipality=order)).isel(municipality=back)
    straight = project(assumptions)
    np.testing.assert_allclose(shuffled["population"].values, straight["population"].values, rtol=1e-12)


def test_law_7_deviations_sum_to_zero_by_sex_and_age() -> None:
    moves = project(plain_assumptions(made_up.small_country()))["net_deviation_migration"]
    gross = abs(moves).sum("municipality")
    assert (abs(moves.sum("municipality")) <= 1e-9 * gross + 1e-12).all()


def test_law_8_constant_rates_converge_to_the_leslie_eigenvalue() -> None:
    country = made_up.small_country(regions=2, last_age=12, steps=12)
    assumptions = plain_assumptions(country, streams=0).isel(year=[0] * 400)
    assumptions = assumptions.assign_coords(year=np.arange(400))
    assumptions["net_international_migration"] = assumptions["net_international_migration"] * 0
    assumptions["deviation_fade"] = assumptions["deviation_fade"] * 0
    total = project(assumptions)["population"].sum(("municipality", "sex", "age"))
    growth = float(total[-1] / total[-2])
    assert growth == pytest.approx(leslie_eigenvalue(assumption_arrays(assumptions)), rel=1e-9)


def leslie_eigenvalue(arrays: dict[str, np.ndarray]) -> float:
    """Dominant eigenvalue of the women's Leslie matrix, from x(t+1) = S x(t) + e0 b f·(x(t) + x(t+1)) / 2."""
    survival = 1 - arrays["death_prob"][0, 1]
    ages = len(survival)
    step = np.zeros((ages, ages))
    step[np.arange(1, ages), np.arange(ages - 1)] = survival[:-1]
    step[-1, -1] += survival[-1]
    girls = arrays["birth_share"][1] * arrays["newborn_survival_prob"][0, 1] / 2
    step[0] = girls * arrays["fertility_rate"][0] @ (np.eye(ages) + step)
    return float(max(abs(np.linalg.eigvals(step))))


def test_law_9_the_country_does_not_hang_on_its_municipalities() -> None:
    baseline = made_up.small_country(scale=3000)
    many = plain_assumptions(baseline)
    one = many.isel(municipality=[0]).copy()
    one["jump_off_population"] = many["jump_off_population"].sum("municipality").expand_dims(municipality=["R1"])
    one["settlement_key"] = one["settlement_key"] * 0 + 1
    one["fertility_factor"] = one["fertility_factor"] * 0 + 1
    one["net_migration_deviation"] = one["net_migration_deviation"] * 0
    np.testing.assert_allclose(cube(project(many)).sum(3), cube(project(one)).sum(3), rtol=1e-11)


def test_floored_cells_leave_the_national_total_and_are_counted() -> None:
    assumptions = plain_assumptions(made_up.small_country(scale=40), streams=0)
    assumptions["net_migration_deviation"] = assumptions["net_migration_deviation"] * 0
    assumptions["net_migration_deviation"][0, :, 3] = -3.0
    result = project(assumptions)
    assert result.attrs["floored_cells"] > 0
    assert result.attrs["floored_persons"] > 0
    adjusted = result["floor_adjustment"].sum("municipality")
    np.testing.assert_allclose(adjusted.values, 0, atol=1e-9)


def test_migrants_to_an_age_where_nobody_is_are_shared_by_size() -> None:
    assumptions = plain_assumptions(made_up.small_country(steps=1), streams=0)
    assumptions["jump_off_population"][:, :, 4] = 0
    result = project(assumptions)
    twin = naive.project(assumption_arrays(assumptions))
    np.testing.assert_allclose(cube(result), twin["population"], rtol=1e-12)
    assert (result["population"].isel(date=1, age=5, sex=0) > 0).all()


def test_numbers_that_are_not_finite_are_refused() -> None:
    assumptions = plain_assumptions(made_up.small_country(steps=2))
    assumptions["fertility_rate"][1, 10] = np.inf
    with pytest.raises(DemosimError, match="not finite"):
        project(assumptions)


def test_a_lost_balance_is_refused() -> None:
    counters = np.zeros((2, len(COUNTERS)))
    counters[1, COUNTERS.index("mass_balance")] = 1e-6
    with pytest.raises(DemosimError, match="loses persons"):
        check_counters(counters)
    assert check_counters(counters, tolerance=1e-5)["mass_balance"] == 1e-6


@pytest.mark.parametrize("places", [1, 15, 16, 17, 357, 1025])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-6)])
def test_any_number_of_municipalities_equals_the_plain_twin(places: int, dtype: type, tolerance: float) -> None:
    """Fewer and more than a padded row, and than a block of the cache; need summed over two groups of them too."""
    few = plain_assumptions(made_up.small_country(regions=5, last_age=4, steps=2, scale=9000), streams=1)
    arrays = assumption_arrays(few.isel(municipality=np.arange(places) % 5))
    arrays["jump_off_population"] = arrays["jump_off_population"] * np.linspace(1, 2, places)[:, None, None]
    arrays["settlement_key"] = arrays["settlement_key"] / arrays["settlement_key"].sum(axis=1, keepdims=True)
    unit_cost = np.arange(10.0).reshape(2, 5)
    outputs = kernel_run(arrays, unit_cost, dtype)
    twin = naive.project(arrays)
    population = outputs.population[0, ..., :places].reshape(twin["population"].shape)
    np.testing.assert_allclose(population, twin["population"], rtol=tolerance)
    assert not outputs.population[..., places:].any()
    need = naive.need(twin["population"], unit_cost)
    np.testing.assert_allclose(outputs.need[0], need, rtol=tolerance)
    halves = np.arange(places) % 2
    grouped = kernel_run(arrays, unit_cost, dtype, region=halves).need[0]
    for half in range(halves.max() + 1):
        np.testing.assert_allclose(grouped[..., half], need[..., halves == half].sum(axis=-1), rtol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("country", COUNTRIES)
def test_the_kernel_in_either_width_equals_the_plain_twin_also_with_floored_cells(country: str, dtype: type) -> None:
    arrays = assumption_arrays(plain_assumptions(COUNTRIES[country](), streams=2))
    arrays["net_migration_deviation"] = arrays["net_migration_deviation"] * 60
    outputs = kernel_run(arrays, np.ones((1, arrays["jump_off_population"].shape[2])), dtype)
    twin = naive.project(arrays)
    assert twin["floored"] > 0
    shape = twin["population"].shape
    population = outputs.population[0, ..., : shape[-1]].reshape(shape)
    scale = twin["population"].max()
    near = 1e-11 if dtype is np.float64 else 2e-5
    np.testing.assert_allclose(population, twin["population"], rtol=near, atol=near * scale)
    assert (population >= 0).all()


def test_work_that_is_used_again_leaves_nothing_behind() -> None:
    """Scenarios with other start, deviations and streams, one after the other in the same arrays and alone."""
    arrays = assumption_arrays(plain_assumptions(made_up.small_country(regions=5), streams=2))
    scenarios = [
        arrays,
        arrays | {"jump_off_population": arrays["jump_off_population"] * 2},
        arrays | {"net_migration_deviation": arrays["net_migration_deviation"] * 3},
        arrays | {"stream_inflow": arrays["stream_inflow"] * 0},
        arrays | {"deviation_fade": arrays["deviation_fade"] / 2},
        arrays,
    ]
    costs = [CostTable.from_unit_cost(np.ones((1, arrays["jump_off_population"].shape[2])), 2)]
    inputs, pick = pack(scenarios, costs)
    work = work_space(inputs)
    for name in ("state", "made", "spare", "births", "deviation", "plan", "country", "tallies", "cost"):
        getattr(work, name).fill(np.nan)
    together, alone = (empty_outputs(inputs, len(scenarios), 5, ("population", "births")) for _ in range(2))
    run_kernel(inputs, pick, 0, len(scenarios), together, work)
    for i in reversed(range(len(scenarios))):
        run_kernel(inputs, pick, i, i + 1, alone)
    for name in Outputs._fields:
        np.testing.assert_array_equal(getattr(together, name), getattr(alone, name), err_msg=name)
    np.testing.assert_array_equal(together.need[0], together.need[-1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("deviations", [1, 60])
def test_law_4_a_stopped_run_continues_with_the_same_bits(dtype: type, deviations: float) -> None:
    arrays = assumption_arrays(plain_assumptions(made_up.small_country(regions=40, steps=6, scale=30), streams=2))
    arrays["net_migration_deviation"] = arrays["net_migration_deviation"] * deviations
    inputs, pick = pack([arrays], dtype=dtype)
    once = run_scenarios(inputs, pick, 0, keep=("population", "births"))
    assert (once.counters[0, 0] > 0) == (deviations > 1)
    by_year = ("survival", "newborn", "fertility", "net", "fade", "inflow")
    for y in range(1, 6):
        ahead = {name: np.ascontiguousarray(getattr(inputs, name)[:, y:]) for name in by_year}
        rest = run_scenarios(
            inputs._replace(population=once.population[:, y].copy(), **ahead), pick, 0, keep=("population", "births")
        )
        np.testing.assert_array_equal(rest.population, once.population[:, y:])
        np.testing.assert_array_equal(rest.births, once.births[:, y:])


def test_float32_costs_are_within_two_millionths_of_float64() -> None:
    """Any municipality, year and service of the shipped main scenario, and of one with random changes."""
    spec = read_scenario(ROOT / "scenarios" / "mars2026.toml")
    baseline = read_baseline(baseline_location(spec))
    arrays = assumption_arrays(resolve(baseline, spec).assumptions)
    unit_cost = derive_unit_cost(baseline, spec.costs, spec.price_year).transpose("service", "age").values
    random = np.random.default_rng(1)
    changed = arrays | {
        "death_prob": arrays["death_prob"] * random.uniform(0.9, 1.1, (len(arrays["death_prob"]), 1, 1)),
        "net_international_migration": arrays["net_international_migration"] * random.uniform(0.2, 2, (1, 2, 1)),
    }
    costs = [CostTable.from_unit_cost(unit_cost, 2)]
    size = len(arrays["jump_off_population"])
    double = run_scenarios(*pack([arrays, changed], costs), size)
    single = run_scenarios(*pack([arrays, changed], costs, dtype=np.float32), size)
    assert abs(single.need / double.need - 1).max() < 2e-6
    assert check_counters(double.counters)["mass_balance"] < 1e-9
    assert check_counters(single.counters, tolerance=1e-5)["non_finite"] == 0
