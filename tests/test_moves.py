"""Gross moves between municipalities: the plain twin, exact numbers, the net rates that they imply, the laws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
import naive
from continued import continue_run
from demosim.axes import closing, opening
from demosim.baseline.check import check_baseline
from demosim.baseline.form import MOVES, MOVES_TO
from demosim.baseline.read import read_baseline
from demosim.compare import Case, explain
from demosim.costs.need import expenditure
from demosim.kernels.threads import run_scenarios
from demosim.outputs.netcdf import read_assumptions, read_result, write_result
from demosim.packing import pack
from demosim.projection import assumption_arrays, project
from demosim.rounding import rounded_parts
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import resolve
from demosim.sources.facts import build_declared
from demosim.variables import validate
from plain_assumptions import plain_assumptions
from test_adjoint import CHECKED, check
from test_adjoint import COUNTRIES as SMOOTH
from test_chain import with_unit_costs
from test_cli import call
from test_compare import costs as unit_costs
from test_continuation import assert_same_bits, date, run, scenario
from test_sources_facts import write_declared

COUNTRIES = {"years of one": made_up.small_country, "years of five": made_up.three_regions}
KINDS = ("pool", "matrix")
EVERY = pytest.mark.parametrize("kind", KINDS)
BOTH = pytest.mark.parametrize("country", COUNTRIES)
COHORT = ("sex", "age_end_of_year", "year")
SMOOTH_NAMES = tuple(name for name in CHECKED if name != "deviation_fade")
NET = ("ordinary", "deviation", "stream", "internal")


def country_of(name: str, kind: str, **more: Any) -> xr.Dataset:
    return made_up.with_moves(COUNTRIES[name](**more), kind)


def cube(result: xr.Dataset) -> np.ndarray:
    values: np.ndarray = result["population"].transpose("date", "sex", "age", "municipality").values
    return values


@EVERY
@BOTH
def test_law_11_the_kernel_equals_its_plain_twin(country: str, kind: str) -> None:
    assumptions = plain_assumptions(country_of(country, kind), streams=2)
    twin, result = naive.project(assumption_arrays(assumptions)), project(assumptions)
    np.testing.assert_allclose(cube(result), twin["population"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(result["births"].sum("sex").T.values, twin["births"], rtol=1e-12)
    assert result.attrs["floored_cells"] == twin["floored"]
    without = project(
        plain_assumptions(
            COUNTRIES[country]().assign(net_migration_deviation=0 * COUNTRIES[country]()["net_migration_deviation"]),
            streams=2,
        )
    )
    assert float(abs(without["population"] - result["population"]).max()) > 1


@EVERY
@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_the_kernel_equals_its_plain_twin_where_cells_are_floored(kind: str, seed: int) -> None:
    country = made_up.with_moves(made_up.small_country(regions=3, last_age=8, steps=4, scale=5, seed=seed), kind, seed)
    country["net_international_migration"] = -8 * country["net_international_migration"]
    assumptions = plain_assumptions(country, streams=1, seed=seed)
    twin, result = naive.project(assumption_arrays(assumptions)), project(assumptions)
    np.testing.assert_allclose(cube(result), twin["population"], rtol=1e-11, atol=1e-11)
    assert result.attrs["floored_cells"] == twin["floored"]
    assert (cube(result) >= 0).all()


@EVERY
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.3, 7.0, 5e3, 3e7]))
@settings(max_examples=20, deadline=None)
def test_in_moves_are_out_moves_exactly_in_any_order_of_summation(kind: str, seed: int, scale: float) -> None:
    """Law 7, with == and not a tolerance."""
    random = np.random.default_rng(seed)
    country = made_up.small_country(regions=17, last_age=9, steps=3, seed=seed)
    people = random.uniform(0, scale, country["population"].shape) * random.integers(0, 2, country["population"].shape)
    country = made_up.with_moves(country.assign(population=(country["population"].dims, people + 1e-9)), kind, seed)
    found = project(plain_assumptions(country, streams=1, seed=seed))
    out, into = found["out_moves"].values, found["in_moves"].values
    assert (out > 0).any()
    np.testing.assert_array_equal(into.sum(axis=0), out.sum(axis=0))
    order = random.permutation(17)
    np.testing.assert_array_equal(into[order].sum(axis=0), out.sum(axis=0))
    np.testing.assert_array_equal(np.cumsum(into[::-1], axis=0)[-1], np.cumsum(out, axis=0)[-1])
    assert not found["net_internal_migration"].sum("municipality").values.any()
    half = into[order[:8]].sum(axis=0) + into[order[8:]].sum(axis=0)  # two counties that are added
    np.testing.assert_array_equal(half, out.sum(axis=0))
    assert (into >= 0).all()
    assert (out >= 0).all()


@EVERY
@BOTH
def test_flows_are_those_of_the_rates_to_the_last_digits(country: str, kind: str) -> None:
    data = country_of(country, kind)
    assumptions = plain_assumptions(data, streams=1)
    found, twin = project(assumptions), naive.project(assumption_arrays(assumptions))
    alive = xr.DataArray(twin["survivors"], dims=("year", "sex", "age_end_of_year", "municipality"))
    out = (alive * data["out_move_prob"].drop_vars(list(data["out_move_prob"].coords))).transpose(
        *found["out_moves"].dims
    )
    np.testing.assert_allclose(found["out_moves"], out, rtol=1e-10, atol=1e-12)
    band = data["move_band"].values
    if kind == "pool":
        share = np.moveaxis(data["in_move_share"].values[band], 2, 0)[..., None]
        expected = share * out.sum("municipality").values
    else:
        expected = np.einsum("saom,osat->msat", data["destination_share"].values[band], out.values)
    np.testing.assert_allclose(found["in_moves"], expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(found["net_internal_migration"], found["in_moves"] - found["out_moves"])
    assert not found["net_deviation_migration"].values.any()
    assert validate(found) == []
    assert validate(assumptions) == []


@EVERY
@BOTH
def test_law_1_every_cohort_balances(country: str, kind: str) -> None:
    result = project(plain_assumptions(country_of(country, kind), streams=2))
    population = result["population"].values
    start = np.zeros_like(result["deaths"].values)
    start[:, :, 1:] = population[:, :, :-1, :-1]
    start[:, :, -1] += population[:, :, -1, :-1]
    start[:, :, 0] = result["births"].values
    moves = sum(result[f"net_{name}_migration"].values for name in NET)
    after = start - result["deaths"].values + moves + result["floor_adjustment"].values
    np.testing.assert_allclose(after, population[..., 1:], rtol=1e-9, atol=1e-9)
    assert result.attrs["mass_balance"] < 1e-12


@EVERY
@BOTH
def test_the_middle_of_the_year_hangs_together_with_the_flows(country: str, kind: str) -> None:
    found = project(plain_assumptions(country_of(country, kind), streams=2))
    cohort = ("sex", "age_end_of_year")
    migration = sum(found[f"net_{name}_migration"].sum(cohort) for name in NET) + found["floor_adjustment"].sum(cohort)
    growth = found["births"].sum("sex") - found["deaths"].sum(cohort) + migration
    start, end = (side(found["population"]).sum(("sex", "age")) for side in (opening, closing))
    xr.testing.assert_allclose(end, start + growth, rtol=1e-9)
    xr.testing.assert_allclose(found["population_mid_year"].sum(("sex", "age")), start + growth / 2, rtol=1e-9)


def implied_net(assumptions: xr.Dataset, gross: xr.Dataset) -> xr.Dataset:
    """Assumptions without gross moves, with the net rates that the flows of a gross run imply, for every year its own.

    Every sex and age is a band, and every year a part that is there in that year alone.
    """
    sexes, ages, years = (gross.sizes[dim] for dim in COHORT)
    cohort = gross["net_internal_migration"].values
    net = (
        sum(gross[f"net_{name}_migration"] for name in ("ordinary", "stream")).values + gross["floor_adjustment"].values
    )
    end = gross["population"].values[..., 1:]
    alive = end - net - cohort
    rate = np.divide(cohort, alive, where=alive > 0, out=np.zeros_like(cohort))
    plain = assumptions.drop_vars(
        [*MOVES, *MOVES_TO, "net_migration_deviation", "deviation_fade", "deviation_band", "part", "band"],
        errors="ignore",
    )
    parts = rate.transpose(3, 1, 2, 0).reshape(years, sexes * ages, -1)
    return plain.assign(
        net_migration_deviation=(("part", "band", "municipality"), parts),
        deviation_fade=(("part", "year"), np.eye(years)),
        deviation_band=(("sex", "age_end_of_year"), np.arange(sexes * ages).reshape(sexes, ages)),
    )  # fmt: skip


@EVERY
@BOTH
def test_gross_and_net_agree_where_the_net_rates_are_those_implied(country: str, kind: str) -> None:
    data = country_of(country, kind)
    data["population"] = data["population"].clip(min=1.0)  # a rate of nobody is nobody: no net rate fills an empty cell
    assumptions = plain_assumptions(data, streams=2)
    gross = project(assumptions)
    net = project(implied_net(assumptions, gross))
    np.testing.assert_allclose(net["population"], gross["population"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(net["net_deviation_migration"], gross["net_internal_migration"], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(net["births"], gross["births"], rtol=1e-9)
    assert "in_moves" not in net


@BOTH
def test_a_pool_and_the_matrix_without_moves_to_oneself_agree(country: str) -> None:
    """Of those who leave m for a pool the share of m comes back; without them p (1 - s[m]) leave, by s / (1 - s[m])."""
    pool = country_of(country, "pool")
    share, band = pool["in_move_share"].values, pool["move_band"].values
    places = pool.sizes["municipality"]
    stay = np.moveaxis(share[band], 2, 0)
    shares = np.repeat(share[:, None], places, axis=1) * (1 - np.eye(places))
    dims = ("destination_band", "origin", "municipality")
    matrix = pool.drop_vars("in_move_share").assign(
        out_move_prob=pool["out_move_prob"] * (1 - stay),
        destination_share=(dims, shares / shares.sum(-1, keepdims=True)),
    ).assign_coords(origin=pool["municipality"].values)  # fmt: skip
    assert check_baseline(matrix) == []
    one, two = (project(plain_assumptions(data, streams=1)) for data in (pool, matrix))
    np.testing.assert_allclose(two["population"], one["population"], rtol=1e-11)
    np.testing.assert_allclose(two["net_internal_migration"], one["net_internal_migration"], rtol=1e-7, atol=1e-10)
    assert float(two["out_moves"].sum()) < float(one["out_moves"].sum())


@EVERY
def test_nobody_moves_at_a_probability_of_nought(kind: str) -> None:
    still = country_of("years of one", kind)
    still = still.assign(out_move_prob=0 * still["out_move_prob"])
    moved = project(plain_assumptions(still, streams=1))
    gone = project(
        plain_assumptions(still.drop_vars(["out_move_prob", "move_band"]).drop_dims("destination_band"), streams=1)
    )
    np.testing.assert_allclose(moved["population"], gone["population"], rtol=1e-13)
    assert not moved["in_moves"].values.any()
    assert not moved["out_moves"].values.any()


@EVERY
@BOTH
def test_law_5_persons_twice_are_flows_twice(country: str, kind: str) -> None:
    data = country_of(country, kind)
    double = data.assign({name: 2 * data[name] for name in ("population", "net_international_migration")})
    one, two = project(plain_assumptions(data, streams=0)), project(plain_assumptions(double, streams=0))
    for name in ("population", "in_moves", "out_moves", "births"):
        np.testing.assert_allclose(two[name], 2 * one[name], rtol=1e-12, err_msg=name)


@EVERY
def test_law_6_the_order_of_municipalities_does_not_matter(kind: str) -> None:
    data = country_of("years of one", kind, regions=6)
    order = np.random.default_rng(1).permutation(6)
    turned = {"municipality": order, **({"origin": order} if kind == "matrix" else {})}
    assumptions = plain_assumptions(data, streams=1)
    one, two = project(assumptions), project(assumptions.isel(turned))
    np.testing.assert_allclose(two["population"], one["population"].isel(municipality=order), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(two["out_moves"].sum("municipality"), one["out_moves"].sum("municipality"), rtol=1e-12)


@EVERY
@pytest.mark.parametrize("country", SMOOTH)
def test_law_10_the_gradient_equals_central_differences(country: str, kind: str) -> None:
    assumptions = plain_assumptions(made_up.with_moves(SMOOTH[country](), kind), streams=1)
    to = {"pool": "in_move_share", "matrix": "destination_share"}[kind]
    found = check(assumptions, places=8, names=(*SMOOTH_NAMES, "out_move_prob", to))
    assert not found["deviation_fade"].any()  # of deviations that are nought
    assert found.attrs["smooth"] == 1
    assert found["out_move_prob"].dims == assumptions["out_move_prob"].dims
    assert float(abs(found[to]).max()) > 0
    weighted = (found[to] * assumptions[to]).sum("municipality")  # all shares of a row times the same factor: nothing
    np.testing.assert_allclose(weighted, 0, atol=1e-8 * float(abs(found[to]).max()))


@EVERY
def test_law_10_holds_for_floored_cells_too(kind: str) -> None:
    country = made_up.with_moves(made_up.small_country(regions=3, last_age=6, steps=2, scale=90), kind)
    assumptions = plain_assumptions(country, streams=1)
    key = assumptions["settlement_key"].copy()
    key[:] = [[1.5, 0.5, -1.0]]  # takes persons from the smallest, so that cells fall below zero
    assumptions["settlement_key"] = key
    assumptions["stream_inflow"] = assumptions["stream_inflow"] * 12
    to = {"pool": "in_move_share", "matrix": "destination_share"}[kind]
    found = check(assumptions, places=6, names=("out_move_prob", to, "jump_off_population", "death_prob"))
    assert found.attrs["floored_cells"] > 0


@EVERY
@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("steps", [1, 3, 5])
def test_law_4_a_run_stored_and_continued_is_the_run_at_once(
    country: str, kind: str, steps: int, tmp_path: Path
) -> None:
    extra = {"regions": 3, "last_age": 20, "steps": 8} if country == "years of one" else {}
    data = country_of(country, kind, **extra).assign_attrs(digest="with moves")
    at_once, assumptions = run(data, scenario(data, 6))
    write_result(
        tmp_path / "stored.nc", *run(data, scenario(data, steps))[:1], assumptions=run(data, scenario(data, steps))[1]
    )
    stored = read_result(tmp_path / "stored.nc", "run"), read_assumptions(tmp_path / "stored.nc")
    found, assumed = continue_run(*stored, date(data, 6), data)
    assert_same_bits(found, at_once)
    assert_same_bits(assumed, assumptions)
    assert float(at_once["in_moves"].sum()) > 1


@EVERY
def test_a_data_set_with_gross_moves_is_written_read_resolved_and_projected(kind: str, tmp_path: Path) -> None:
    folder = made_up.write(country_of("years of one", kind), tmp_path / "country")
    data = read_baseline(folder)
    tree = {"name": "moves", "baseline": "made-up", "variant": "a-low", "horizon": 2026, "price_year": 2020}
    assumptions = resolve(data, spec_from(tree)).assumptions
    assert validate(assumptions) == []
    result = project(assumptions)
    plain = project(plain_assumptions(data, streams=0).isel(year=slice(0, 6)))
    np.testing.assert_allclose(result["population"], plain["population"], rtol=1e-12)
    whole = {name: rounded_parts(result[name].values) for name in ("in_moves", "out_moves")}  # controlled rounding
    np.testing.assert_array_equal(whole["in_moves"].sum(axis=0), whole["out_moves"].sum(axis=0))
    assert whole["in_moves"].sum() > 0


@EVERY
def test_single_precision_keeps_the_country_too(kind: str) -> None:
    arrays = assumption_arrays(plain_assumptions(country_of("years of one", kind, regions=8, scale=3000)))
    twin = naive.project(arrays)["population"].reshape(13, -1, 8)
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 2e-6)):
        found = run_scenarios(*pack([arrays], dtype=dtype), 0, keep=("population",)).population[0].astype(float)
        np.testing.assert_allclose(found[..., :8].sum(-1), twin.sum(-1), rtol=tolerance)
        np.testing.assert_allclose(found[..., :8], twin, rtol=tolerance, atol=tolerance)
        assert not found[..., 8:].any()  # nobody moves to the padding


def test_without_gross_moves_nothing_is_added_to_assumptions_or_results() -> None:
    country = made_up.small_country()
    tree = {"name": "none", "baseline": "made-up", "variant": "a-low", "horizon": 2026, "price_year": 2020}
    assumptions = resolve(country, spec_from(tree)).assumptions
    names = {"out_move_prob", "in_move_share", "destination_share", "move_band", "destination_band", "origin"}
    assert not names & set(assumptions.variables)
    assert not {"in_moves", "out_moves", "net_internal_migration"} & set(project(assumptions).variables)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("pool", lambda d: d.drop_vars("move_band"), "move_band: missing, while out_move_prob is there"),
        ("pool", lambda d: d.drop_vars("out_move_prob"), "out_move_prob: missing, while move_band is there"),
        ("pool", lambda d: d.drop_vars("in_move_share"), "neither is there"),
        ("matrix", lambda d: d.assign(in_move_share=country_of("years of one", "pool")["in_move_share"]),
         "both are there; one of the two"),
        ("pool", lambda d: d.assign(net_migration_deviation=d["net_migration_deviation"] + 0.01), "would count twice"),
        ("pool", lambda d: d.assign(move_band=d["move_band"] + 1), "names a band that does not exist"),
        ("pool", lambda d: d.assign_coords(destination_band=[1, 2]), "labels are not 0, 1, 2"),
        ("pool", lambda d: d.assign(in_move_share=2 * d["in_move_share"]), "shares do not sum to 1"),
        ("pool", lambda d: d.assign(out_move_prob=d["out_move_prob"] * 20), "above 1"),
        ("matrix", lambda d: d.assign_coords(origin=d["municipality"].values[::-1]), "differs from municipality"),
        ("matrix", lambda d: d.assign(destination_share=0 * d["destination_share"] + 0.25), "sends movers of R1 to R1"),
    ],
)  # fmt: skip
def test_gross_moves_that_are_not_whole_are_refused(kind: str, change: Any, message: str) -> None:
    said = "\n".join(str(problem) for problem in check_baseline(change(country_of("years of one", kind))))
    assert message in said


def test_a_whole_set_of_gross_moves_is_right() -> None:
    for kind in KINDS:
        for name in COUNTRIES:
            assert check_baseline(country_of(name, kind)) == []


@EVERY
def test_a_country_with_gross_moves_can_be_built_from_files_alone(kind: str, tmp_path: Path) -> None:
    country = made_up.with_moves(made_up.three_regions(), kind)
    built = read_baseline(build_declared(write_declared(country, tmp_path / "files"), tmp_path / "out"))
    for name in (*MOVES, *MOVES_TO):
        assert (name in built) == (name in country)
    one, two = (project(plain_assumptions(data, streams=0)) for data in (country, built))
    order = [str(number) for number in country["municipality"].values]
    np.testing.assert_allclose(two["population"].sel(municipality=order), one["population"], rtol=1e-11)
    np.testing.assert_allclose(two["in_moves"].sel(municipality=order), one["in_moves"], rtol=1e-9, atol=1e-9)


@EVERY
@BOTH
def test_law_9_moves_change_no_number_of_the_country(country: str, kind: str) -> None:
    """Nobody is born or dies of a move: the country's births hang on its women, and mortality is the country's."""
    data = country_of(country, kind)
    still = data.assign(out_move_prob=0 * data["out_move_prob"])
    one, two = (project(plain_assumptions(each, streams=2)) for each in (data, still))
    assert float(abs(one["population"] - two["population"]).max()) > 1
    assert one.attrs["floored_cells"] == two.attrs["floored_cells"] == 0
    for name in ("population", "births", "deaths", "population_mid_year"):
        np.testing.assert_allclose(one[name].sum("municipality"), two[name].sum("municipality"), rtol=1e-11)


@EVERY
def test_a_country_with_gross_moves_from_file_to_table_and_export(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made_up.write(with_unit_costs(made_up.with_moves(made_up.three_regions(), kind)), tmp_path / "country")
    text = 'name = "a"\nbaseline = "country/"\nvariant = "1-central"\nhorizon = 2050\nprice_year = 2030\n'
    (tmp_path / "a.toml").write_text(text + '[municipalities."N2"]\nextra_net = 50\n', encoding="utf-8")
    code, out, err = call(capsys, "--lang", "en", "run", tmp_path / "a.toml", "--output", "a.nc")
    assert (code, err) == (0, "")
    assert "School" in out
    stored = read_result(tmp_path / "a.nc", "run")
    np.testing.assert_array_equal(stored["in_moves"].values.sum(0), stored["out_moves"].values.sum(0))
    assert stored["in_moves"].attrs["long_name_nb"] == "Innflytting fra andre kommuner"
    code, _, err = call(capsys, "export", "a.nc", "--output", "b.nc")
    assert (code, err) == (0, "")
    assert read_result(tmp_path / "b.nc")["net_internal_migration"].dims == stored["net_internal_migration"].dims


@EVERY
def test_the_difference_of_two_data_sets_is_explained_where_only_one_has_gross_moves(kind: str) -> None:
    plain = plain_assumptions(made_up.small_country(steps=4), streams=1)
    gross = plain_assumptions(country_of("years of one", kind, steps=4), streams=1)
    cost = unit_costs()
    for before, after in ((plain, gross), (gross, plain)):
        found = explain(Case(before, cost), Case(after, cost), municipality="R2")
        parts = found.groupby("factor")["kroner"].sum()
        need = [
            float(expenditure(project(side)["population"], cost)["accumulated_demographic_expenditure"]
                  .sel(municipality="R2").isel(budget_year=-1).sum())
            for side in (before, after)
        ]  # fmt: skip
        assert parts.sum() == pytest.approx(need[1] - need[0], rel=1e-9)
        assert parts["internal migration"] == pytest.approx(parts.sum(), rel=1e-9)
