"""The eleven laws, one after the other, each on countries and scenarios that nobody chose.

The rooms have laws of their own beside these (`test_projection`, `test_scenario_laws`, `test_continuation`,
`test_adjoint`); here every law is tested through the whole chain: scenario, projection, need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import made_up
import naive
import sweep_country
from continued import continue_run
from demosim.continuation import with_scenario_text
from demosim.costs.fte import full_time_equivalents
from demosim.costs.need import expenditure
from demosim.gradient import gradient
from demosim.indicators import dependency_ratio
from demosim.kernels.threads import map_chunks, run_scenarios
from demosim.outputs.netcdf import read_assumptions, read_result, write_result
from demosim.packing import CostTable, pack
from demosim.projection import assumption_arrays, project
from demosim.rounding import controlled_rounding, rounded_parts
from demosim.scenario.cost_options import CostOptions
from demosim.scenario.knobs import Knob, list_knobs
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import resolve
from demosim.scenario.spec import Spec
from demosim.scenario.vary import vary

some = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
YEARLY = made_up.small_country(regions=3, last_age=20, steps=8).assign_attrs(digest="small")
KINDS = ("ordinary", "deviation", "stream")

countries = st.one_of(
    st.builds(
        lambda seed, scale, regions: made_up.small_country(regions, last_age=20, steps=6, scale=scale, seed=seed),
        st.integers(0, 10_000),
        st.sampled_from([3.0, 80.0, 3000.0]),
        st.integers(1, 5),
    ),
    st.just(made_up.three_regions()),
)  # persons per cell: most are floored, some are, none is
knobs = st.fixed_dictionaries(
    {},
    optional={
        "fertility": st.fixed_dictionaries({"multiplier": st.floats(0.5, 2), "mean_age": st.floats(-1, 1)}),
        "mortality": st.fixed_dictionaries({"decline": st.floats(0, 2), "shock": st.floats(0.5, 2)}),
        "migration": st.fixed_dictionaries({"multiplier": st.floats(0, 2), "deviations": st.floats(0, 3)}),
        "streams": st.fixed_dictionaries(
            {"crisis": st.fixed_dictionaries({
                "net": st.floats(0, 10), "return_rate": st.floats(0, 0.6), "onward_rate": st.floats(0, 0.5),
                "timing": st.floats(0, 1), "stock": st.floats(0, 30),
            })}
        ),
    },
)  # fmt: skip


def scenario(baseline: xr.Dataset, changes: dict[str, Any], steps: int = 5) -> Spec:
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    tree = {
        "name": "law", "baseline": "made-up", "variant": str(baseline["variant"].values[0]), "price_year": launch,
        "horizon": launch + steps * interval, **changes,
    }  # fmt: skip
    if "streams" in changes:
        own = {"profile": "crisis", "settlement": "quota"}
        tree["streams"] = {name: {**own, **flows} for name, flows in changes["streams"].items()}
    return spec_from(tree)


def projected(baseline: xr.Dataset, changes: dict[str, Any], steps: int = 5) -> xr.Dataset:
    """A projection with its need."""
    result = project(resolve(baseline, scenario(baseline, changes, steps)).assumptions)
    return result.assign(expenditure(result["population"], sweep_country.unit_cost(baseline["age"].values)).data_vars)


def cube(result: xr.Dataset) -> np.ndarray:
    return result["population"].transpose("date", "sex", "age", "municipality").values


# Law 1. Balance: population[t+1] = population[t] + births - deaths + net migration, by cohort, to 1e-9 relative.


@some
@given(baseline=countries, changes=knobs)
def test_law_1_every_cohort_balances(baseline: xr.Dataset, changes: dict[str, Any]) -> None:
    result = projected(baseline, changes)
    population = result["population"].values
    start = np.zeros_like(result["deaths"].values)
    start[:, :, 1:] = population[:, :, :-1, :-1]
    start[:, :, -1] += population[:, :, -1, :-1]
    start[:, :, 0] = result["births"].values
    moves = sum(result[f"net_{kind}_migration"].values for kind in KINDS)
    end = start - result["deaths"].values + moves + result["floor_adjustment"].values
    scale = np.maximum(np.abs(population[..., 1:]), start)
    assert (abs(end - population[..., 1:]) <= 1e-9 * np.maximum(scale, 1.0)).all()
    assert result.attrs["mass_balance"] <= 1e-9
    people, births = population.sum((0, 1, 2)), result["births"].values.sum((0, 1))
    deaths, all_moves = result["deaths"].values.sum((0, 1, 2)), moves.sum((0, 1, 2))
    unmet = result["floor_adjustment"].values.sum((0, 1, 2))
    np.testing.assert_allclose(np.diff(people), births - deaths + all_moves + unmet, rtol=0, atol=1e-9 * people.max())


# Law 2. Neutral: every knob at its neutral value leaves results bit-identical.

NEUTRAL = [knob for knob in list_knobs() if knob.neutral is not None]


def at(knob: type[Knob], value: object) -> dict[str, Any]:
    """Changes that set one knob, its stream or municipality included."""
    section, _, rest = knob.path.partition(".")
    name = {"streams": "crisis", "municipalities": "R2"}.get(section)
    own = {rest.rpartition(".")[2]: value}
    return {section: {name: own} if name else own}


@pytest.mark.parametrize("knob", NEUTRAL, ids=lambda knob: knob.path)
def test_law_2_a_neutral_knob_changes_no_bit(knob: type[Knob]) -> None:
    beside: dict[str, Any] = {"streams": {"crisis": {"net": 20, "stock": 15, "return_rate": 0.2}}}
    changes = at(knob, knob.neutral)
    if "streams" in changes:
        key = knob.path.rpartition(".")[2]
        beside = {"streams": {"crisis": {k: v for k, v in beside["streams"]["crisis"].items() if k != key}}}
        changes = {"streams": {"crisis": {**beside["streams"]["crisis"], **changes["streams"]["crisis"]}}}
    plain, neutral = projected(YEARLY, beside), projected(YEARLY, {**beside, **changes})
    for name in plain.data_vars:
        np.testing.assert_array_equal(neutral[name].values, plain[name].values, err_msg=str(name))


def test_law_2_holds_for_the_own_values_of_the_baseline_where_a_knob_has_no_neutral_one() -> None:
    path = YEARLY.isel(variant=0)
    years = [str(year) for year in path["year"].values[:5]]
    rates = path["total_fertility_rate"].values[:5].tolist()
    plain, same = projected(YEARLY, {}), projected(YEARLY, {"fertility": {"tfr": dict(zip(years, rates, strict=True))}})
    np.testing.assert_array_equal(same["population"].values, plain["population"].values)


# Law 3. Round trip: a change and its inverse return to the baseline.


@some
@given(factor=st.floats(0.4, 2.5), baseline=countries)
@pytest.mark.parametrize(
    ("path", "array"),
    [("fertility.multiplier", "total_fertility_rate"), ("migration.multiplier", "net_international_migration"),
     ("migration.deviations", "net_migration_deviation")],
)  # fmt: skip
def test_law_3_a_factor_and_its_inverse(path: str, array: str, factor: float, baseline: xr.Dataset) -> None:
    section, key = path.split(".")
    there = baseline.assign({array: baseline[array] * factor})
    assume(float(there["total_fertility_rate"].max()) < 4.9)
    back, start = projected(there, {section: {key: 1 / factor}}), projected(baseline, {})
    people = float(start["population"].max())
    np.testing.assert_allclose(cube(back), cube(start), rtol=1e-9, atol=1e-12 * people)
    np.testing.assert_allclose(back["expenditure_need"], start["expenditure_need"], rtol=1e-9)


@some
@given(baseline=countries, changes=knobs, value=st.floats(0.5, 2))
def test_law_3_a_path_that_is_varied_and_put_back_gives_the_same_bits(
    baseline: xr.Dataset, changes: dict[str, Any], value: float
) -> None:
    changes = {**changes, "fertility": {"multiplier": 1.25}}
    spec = scenario(baseline, changes)
    back = vary(vary(spec, {"fertility.multiplier": value}), {"fertility.multiplier": 1.25})
    start, again = resolve(baseline, spec), resolve(baseline, back)
    assert again.digest == start.digest
    assert again.assumptions.identical(start.assumptions)


def test_law_3_persons_who_come_to_one_municipality_from_the_others_and_go_back() -> None:
    """Extra net migration and the same with the other sign, in one scenario."""
    large = made_up.small_country(regions=3, last_age=20, steps=6, scale=4000)
    both = {"municipalities": {"R2": {"extra_net": {"2020": 50, "2021": -50}}}}
    plain, moved = projected(large, {}, 2), projected(large, both, 2)
    national = moved["population"].sum("municipality") - plain["population"].sum("municipality")
    assert abs(national).max() > 0, "they bear children and die meanwhile"
    total = float((moved["population"] - plain["population"]).isel(date=2).sum())
    assert abs(total) < 50 * 0.01


# Law 4. Split run: to the end at once = stopped, saved, loaded, continued (bit for bit).


@some
@given(baseline=countries, changes=knobs, split=st.integers(1, 4))
def test_law_4_a_run_that_is_stopped_saved_and_continued(
    tmp_path: Path, baseline: xr.Dataset, changes: dict[str, Any], split: int
) -> None:
    baseline = baseline.assign_attrs(digest="law 4")
    horizon = int(baseline.attrs["launch_year"]) + 5 * int(baseline.attrs["interval_years"])
    spec = scenario(baseline, changes, split)
    assumptions = resolve(baseline, spec).assumptions
    path = tmp_path / "stored.nc"
    write_result(path, project(assumptions), "run", with_scenario_text(assumptions, baseline, spec))
    found, _ = continue_run(read_result(path), read_assumptions(path), horizon, baseline)
    at_once = project(resolve(baseline, scenario(baseline, changes)).assumptions)
    for name in at_once.data_vars:
        np.testing.assert_array_equal(found[name].values, at_once[name].values, err_msg=str(name))


# Law 5. Homogeneity: doubling all counts, streams included, doubles flows and need, leaves rates (1e-12 relative).

COUNTS = ("net", "stock")


@some
@given(baseline=countries, changes=knobs, times=st.sampled_from([2, 3, 0.1]))
def test_law_5_everything_times_a_number(baseline: xr.Dataset, changes: dict[str, Any], times: float) -> None:
    larger = baseline.assign({name: times * baseline[name] for name in ("population", "net_international_migration")})
    more = dict(changes)
    if "streams" in changes:
        flows = changes["streams"]["crisis"]
        assume(flows["net"] <= 0.05 * float(larger["population"].sum()))
        assume(flows["net"] <= 0.05 * float(baseline["population"].sum()))
        more["streams"] = {"crisis": {k: times * v if k in COUNTS else v for k, v in flows.items()}}
    one, two = projected(baseline, changes), projected(larger, more)
    for name in one.data_vars:
        if name == "unit_cost":
            continue
        expected = times * one[name].values
        # sums of gains and losses are judged by the size of what is summed
        scale = abs(expected).max() if "service" in one[name].dims else float(two["population"].max())
        np.testing.assert_allclose(two[name].values, expected, rtol=1e-12, atol=1e-12 * scale, err_msg=str(name))
    if times == 2:
        np.testing.assert_array_equal(two["population"].values, 2 * one["population"].values)
        np.testing.assert_array_equal(two["expenditure_need"].values, 2 * one["expenditure_need"].values)


def test_law_5_leaves_rates() -> None:
    baseline = made_up.three_regions()
    double = baseline.assign({name: 2 * baseline[name] for name in ("population", "net_international_migration")})
    one, two = projected(baseline, {}), projected(double, {})
    ratios = [dependency_ratio(run)["dependency_ratio"].values for run in (one, two)]
    np.testing.assert_allclose(ratios[1], ratios[0], rtol=1e-12)
    deaths = [(run["deaths"].sum() / run["population_mid_year"].sum()).item() for run in (one, two)]
    assert deaths[1] == pytest.approx(deaths[0], rel=1e-12)


# Law 6. Number of threads and chunks do not matter, bit for bit; order of municipalities does not, to 1e-12 relative.


@settings(max_examples=8, deadline=None)
@given(threads=st.integers(1, 5), chunk=st.integers(1, 40), seed=st.integers(0, 100))
def test_law_6_threads_and_chunks(threads: int, chunk: int, seed: int) -> None:
    arrays = assumption_arrays(resolve(YEARLY, scenario(YEARLY, {})).assumptions)
    random = np.random.default_rng(seed)
    many = [{**arrays, "fertility_rate": arrays["fertility_rate"] * random.uniform(0.5, 1.5)} for _ in range(37)]
    costs = [CostTable.from_unit_cost(sweep_country.unit_cost(YEARLY["age"].values).values, 2)]
    inputs, pick = pack(many, costs, dtype=np.float32 if seed % 2 else np.float64)
    alone = run_scenarios(inputs, pick, 3, keep=("population",), threads=1, chunk=len(many))
    other = run_scenarios(inputs, pick, 3, keep=("population",), threads=threads, chunk=chunk)
    np.testing.assert_array_equal(other.need, alone.need)
    np.testing.assert_array_equal(other.population, alone.population)
    by_chunk = map_chunks(lambda _a, _b, out: out.need.copy(), inputs, pick, 3, threads=threads, chunk=chunk)
    np.testing.assert_array_equal(np.concatenate(by_chunk), alone.need)


@some
@given(changes=knobs, seed=st.integers(0, 1000))
def test_law_6_the_order_of_municipalities(changes: dict[str, Any], seed: int) -> None:
    baseline = made_up.small_country(regions=7, last_age=20, steps=6, scale=3000, seed=seed)
    order = np.random.default_rng(seed).permutation(7)
    straight = projected(baseline, changes)
    shuffled = projected(baseline.isel(municipality=order), changes).sel(municipality=straight["municipality"])
    np.testing.assert_allclose(cube(shuffled), cube(straight), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(shuffled["expenditure_need"], straight["expenditure_need"], rtol=1e-12)


# Law 7. Internal moves and deviations sum to zero over municipalities, by sex and age (1e-9 of the gross).


@some
@given(baseline=countries, changes=knobs)
def test_law_7_moves_inside_the_country_sum_to_zero(baseline: xr.Dataset, changes: dict[str, Any]) -> None:
    result = projected(baseline, changes)
    moves = result["net_deviation_migration"]
    gross = abs(moves).sum("municipality") + 1e-9 * result["population"].isel(date=slice(1, None)).values.sum(0)
    assert (abs(moves.sum("municipality")) <= 1e-9 * gross + 1e-13).all()


# Law 8. Constant rates converge to the dominant eigenvalue of the Leslie matrix; replacement fertility without
# migration to the stationary age structure.


def constant(fertility: float = 1.0, years: int = 600) -> xr.Dataset:
    """Assumptions with the rates of the first year for ever, no migration, births times a factor."""
    country = made_up.small_country(regions=2, last_age=14, steps=12, scale=500)
    assumptions = resolve(country, scenario(country, {}, 12)).assumptions.isel(year=[0] * years)
    assumptions = assumptions.assign_coords(year=np.arange(years))
    for name in ("net_international_migration", "deviation_fade"):
        assumptions[name] = assumptions[name] * 0
    return assumptions.assign(fertility_rate=assumptions["fertility_rate"] * fertility)


def leslie(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """One year of the women: they grow older, and bear girls at the mean of their numbers at both ends of the year."""
    survival = 1 - arrays["death_prob"][0, 1]
    ages = len(survival)
    older = np.zeros((ages, ages))
    older[np.arange(1, ages), np.arange(ages - 1)] = survival[:-1]
    older[-1, -1] += survival[-1]
    girls = arrays["birth_share"][1] * arrays["newborn_survival_prob"][0, 1] / 2
    older[0] = girls * arrays["fertility_rate"][0] @ (np.eye(ages) + older)
    return older


@settings(max_examples=4, deadline=None)
@given(factor=st.floats(0.6, 1.6))
def test_law_8_growth_and_structure_are_those_of_the_leslie_matrix(factor: float) -> None:
    assumptions = constant(factor)
    values, vectors = np.linalg.eig(leslie(assumption_arrays(assumptions)))
    place = int(np.argmax(abs(values)))
    women = cube(project(assumptions))[-2:, 1].sum(-1)
    assert women[1].sum() / women[0].sum() == pytest.approx(abs(values[place]), rel=1e-9)
    stable = abs(vectors[:, place])
    np.testing.assert_allclose(women[1] / women[1].sum(), stable / stable.sum(), rtol=1e-7)


def test_law_8_replacement_fertility_leads_to_the_stationary_population() -> None:
    """Its structure is the life table, whatever people bear children at."""
    matrix = leslie(assumption_arrays(constant()))
    survivors = np.ones(len(matrix))
    for age in range(1, len(matrix)):
        survivors[age] = survivors[age - 1] * matrix[age, age - 1]
    survivors[-1] /= 1 - matrix[-1, -1]
    girls_per_girl = float(matrix[0] @ survivors)
    population = cube(project(constant(1 / girls_per_girl)))
    women = population[-1, 1].sum(-1)
    np.testing.assert_allclose(women / women[0], survivors, rtol=1e-9)
    np.testing.assert_allclose(population[-1].sum(), population[-2].sum(), rtol=1e-10)


# Law 9. Municipal sums equal the national figure in persons, kroner and FTE: 1e-9 relative unrounded, exactly after
# controlled rounding.


def as_one(assumptions: xr.Dataset) -> xr.Dataset:
    """The same assumptions for a country of one municipality."""
    one = assumptions.isel(municipality=[0]).copy()
    one["jump_off_population"] = assumptions["jump_off_population"].sum("municipality").expand_dims(
        municipality=one["municipality"].values
    )
    for name, value in (("settlement_key", 1.0), ("fertility_factor", 1.0), ("net_migration_deviation", 0.0)):
        one[name] = one[name] * 0 + value
    return one


@some
@given(seed=st.integers(0, 1000), changes=knobs)
def test_law_9_the_country_does_not_hang_on_its_municipalities(seed: int, changes: dict[str, Any]) -> None:
    baseline = made_up.small_country(regions=4, last_age=20, steps=6, scale=3000, seed=seed)
    changes = {key: value for key, value in changes.items() if key != "migration"}
    assumptions = resolve(baseline, scenario(baseline, changes)).assumptions
    unit_cost = sweep_country.unit_cost(baseline["age"].values)
    many, one = project(assumptions), project(as_one(assumptions))
    assume(many.attrs["floored_cells"] == 0)
    assume(one.attrs["floored_cells"] == 0)
    persons = [run["population"].sum("municipality") for run in (many, one)]
    np.testing.assert_allclose(*(run.values for run in persons), rtol=1e-9, atol=1e-9)
    need = [expenditure(run["population"], unit_cost)["expenditure_need"].sum("municipality") for run in (many, one)]
    np.testing.assert_allclose(*(run.values for run in need), rtol=1e-9)


@pytest.fixture(scope="module")
def money_and_people() -> dict[str, np.ndarray]:
    """Persons, kroner and full-time equivalents (municipality, date) of the shipped main scenario's first dates."""
    from conftest import ROOT
    from demosim.run import run

    result = run(ROOT / "scenarios" / "mars2026.toml")
    need = result.costs["expenditure_need"].isel(date=slice(0, 4))
    fte = full_time_equivalents(need, CostOptions())
    persons = result.projection["population"].isel(date=slice(0, 4))
    national = expenditure(
        persons.sum("municipality").expand_dims(municipality=["all"]), result.costs["unit_cost"]
    )["expenditure_need"]
    both = full_time_equivalents(national, CostOptions()).sum("service").isel(municipality=0)
    np.testing.assert_allclose(fte.sum(("service", "municipality")), both, rtol=1e-9)
    own = {
        "persons": persons.sum(("sex", "age")), "kr 1000": need.sel(financing="all").sum("service") / 1000,
        "fte": fte.sum("service"),
    }  # fmt: skip
    totals = {"persons": persons.sum(("municipality", "sex", "age")), "fte": both,
              "kr 1000": national.sel(financing="all").sum("service").isel(municipality=0) / 1000}  # fmt: skip
    for name in own:
        np.testing.assert_allclose(own[name].sum("municipality"), totals[name], rtol=1e-9, err_msg=name)
    return {name: values.transpose("municipality", "date").values for name, values in own.items()}


@pytest.mark.parametrize("name", ["persons", "kr 1000", "fte"])
def test_law_9_after_controlled_rounding_sums_are_exact(money_and_people: dict[str, np.ndarray], name: str) -> None:
    exact = money_and_people[name]
    whole = controlled_rounding(exact)
    assert whole.dtype == np.int64
    assert abs(whole - exact).max() < 1
    national = exact.sum(0)
    assert abs(whole.sum(0) - national).max() < 1  # each total that is shown is a neighbour of the exact one
    assert abs(whole.sum() - exact.sum()) <= 0.5 + 1e-6 * len(exact)
    # the other way round: municipalities that add to a national figure fixed in a table above
    fixed = np.rint(national).astype(np.int64)
    parts = rounded_parts(exact, fixed)
    assert (parts.sum(0) == fixed).all()
    assert abs(parts - exact).max() < 1 + 1e-9


# Law 10. The adjoint gradient equals a central difference to 1e-6 wherever no cell was floored at zero.


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), changes=knobs)
def test_law_10_the_gradient_in_any_direction(seed: int, changes: dict[str, Any]) -> None:
    baseline = made_up.small_country(regions=3, last_age=14, steps=4, scale=4000, seed=seed)
    changes = {key: value for key, value in changes.items() if key != "migration"}
    assumptions = resolve(baseline, scenario(baseline, changes, 3)).assumptions
    unit_cost = sweep_country.unit_cost(baseline["age"].values)
    random = np.random.default_rng(seed)
    dates = np.append(assumptions["year"].values, assumptions["year"].values[-1] + 1)
    of = xr.DataArray(
        random.uniform(0.5, 1.5, (3, 3, len(dates))), dims=("service", "municipality", "date"),
        coords={"service": unit_cost["service"], "municipality": assumptions["municipality"], "date": dates},
    )  # fmt: skip
    found = gradient(assumptions, unit_cost, of)
    assume(found.attrs["smooth"] == 1)
    names = ("jump_off_population", "death_prob", "fertility_rate", "net_international_migration", "fertility_factor")
    # in a direction in which nothing cancels: every number moves so that need grows
    steps = {
        name: np.sign(found[name].values) * abs(values.values) * random.uniform(0, 1, values.shape)
        for name, values in assumptions[list(names)].data_vars.items()
    }

    def weighted(times: float) -> float:
        moved = assumptions.assign({name: assumptions[name] + times * steps[name] for name in names})
        need = expenditure(project(moved)["population"], unit_cost)["expenditure_need"].sel(financing="free_income")
        return float((need * of).sum())

    size = 2e-4
    around = [weighted(times * size) for times in (-2, -1, 1, 2)]
    difference = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * size)
    by_gradient = sum(float((found[name].values * steps[name]).sum()) for name in names)
    assert by_gradient == pytest.approx(difference, rel=1e-6)
    assert found.attrs["value"] == pytest.approx(weighted(0.0), rel=1e-12)


# Law 11. Each jitted kernel equals its plain Python twin: 1e-12 in float64, 2e-6 in float32.


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), changes=knobs)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-6)])
def test_law_11_the_kernel_is_its_plain_twin(
    dtype: type[np.floating], tolerance: float, seed: int, changes: dict[str, Any]
) -> None:
    baseline = made_up.small_country(regions=3, last_age=14, steps=4, scale=4000, seed=seed)
    arrays = assumption_arrays(resolve(baseline, scenario(baseline, changes, 3)).assumptions)
    twin = naive.project(arrays)
    assume(int(twin["floored"]) == 0)
    unit_cost = sweep_country.unit_cost(baseline["age"].values).values
    inputs, pick = pack([arrays], [CostTable.from_unit_cost(unit_cost, 2)], dtype=dtype)
    found = run_scenarios(inputs, pick, 3, keep=("population", "births"))
    np.testing.assert_allclose(found.need[0], naive.need(twin["population"], unit_cost), rtol=tolerance)
    np.testing.assert_allclose(found.births[0][:, :3], twin["births"], rtol=tolerance)
    persons = found.population[0].reshape(4, 2, -1, inputs.population.shape[-1])[..., :3]
    most = twin["population"].max()
    np.testing.assert_allclose(persons, twin["population"], rtol=10 * tolerance, atol=tolerance * most)


def test_every_law_has_a_test_here() -> None:
    laws = {int(name.split("_")[2]) for name in globals() if name.startswith("test_law_")}
    assert laws == set(range(1, 12))
