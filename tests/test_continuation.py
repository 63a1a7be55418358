"""Law 4: a run to the end at once equals a run that is stopped, stored, loaded and continued, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import made_up
from continued import continue_run
from demosim.baseline.find import embedded
from demosim.baseline.read import read_baseline
from demosim.continuation import stored_scenario, with_scenario_text
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_assumptions, read_result, write_result
from demosim.packing import launch_share
from demosim.projection import project
from demosim.scenario.control import joined, net_migration, project_with_targets
from demosim.scenario.read import read_scenario, spec_from
from demosim.scenario.resolve import resolve
from demosim.scenario.spec import Spec

YEARLY = made_up.small_country(regions=3, last_age=20, steps=8).assign_attrs(digest="of the small country")
FIVE_YEARS = made_up.three_regions().assign_attrs(digest="of the three regions")
BOTH = pytest.mark.parametrize("baseline", [YEARLY, FIVE_YEARS], ids=["yearly", "five"])
COUNTERS = ("floored_cells", "floored_persons", "unmet_persons", "mass_balance", "non_finite")


def date(baseline: xr.Dataset, steps: int) -> int:
    return int(baseline.attrs["launch_year"]) + steps * int(baseline.attrs["interval_years"])


def scenario(baseline: xr.Dataset, steps: int, **more: Any) -> Spec:
    """A scenario with streams that return and move on, fading deviations and a path of fertility."""
    second, third = date(baseline, 1), date(baseline, 2)
    stream = {
        "profile": "crisis", "settlement": "quota", "net": {str(second): 40, str(date(baseline, 5)): 15},
        "stock": 60, "return_rate": {f"{third}-{date(baseline, 5)}": 0.3}, "onward_rate": 0.2, "timing": 0.3,
    }  # fmt: skip
    tree = {
        "name": "split", "baseline": "made-up", "variant": str(baseline["variant"].values[0]),
        "horizon": date(baseline, steps), "price_year": date(baseline, 0), "streams": {"crisis": stream},
        "fertility": {"tfr": {f"{second}-{date(baseline, 5)}": [1.4, 1.9]}},
        "migration": {"deviations": 2.0}, "mortality": {"shock": {str(date(baseline, 4)): 1.2}}, **more,
    }  # fmt: skip
    return spec_from(tree)


def run(baseline: xr.Dataset, spec: Spec) -> tuple[xr.Dataset, xr.Dataset]:
    resolved = resolve(baseline, spec)
    projection = project_with_targets(resolved.assumptions, project, resolved.controls, resolved.nets)
    return projection, with_scenario_text(resolved.assumptions, baseline, spec)


def through_a_file(folder: Path, projection: xr.Dataset, assumptions: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    write_result(folder / "stored.nc", projection, assumptions=assumptions)
    return read_result(folder / "stored.nc", "run"), read_assumptions(folder / "stored.nc")


def assert_same_bits(found: xr.Dataset, expected: xr.Dataset) -> None:
    assert set(found.variables) == set(expected.variables)
    for name in expected.variables:
        assert found[name].dims == expected[name].dims, name
        np.testing.assert_array_equal(found[name].values, expected[name].values, err_msg=str(name))


@BOTH
@pytest.mark.parametrize("steps", [1, 3, 5])
def test_a_run_stored_and_continued_is_the_run_at_once(baseline: xr.Dataset, steps: int, tmp_path: Path) -> None:
    at_once, assumptions = run(baseline, scenario(baseline, 6))
    stored = through_a_file(tmp_path, *run(baseline, scenario(baseline, steps)))
    found, assumed = continue_run(*stored, date(baseline, 6), baseline)
    assert_same_bits(found, at_once)
    assert_same_bits(assumed, assumptions)
    assert assumed.attrs == assumptions.attrs
    assert {k: v for k, v in found.attrs.items() if k not in COUNTERS} == {
        k: v for k, v in at_once.attrs.items() if k not in COUNTERS
    }
    for name in COUNTERS:
        assert found.attrs[name] == pytest.approx(at_once.attrs[name], rel=1e-12), name


def test_a_run_continued_twice_is_the_run_at_once(tmp_path: Path) -> None:
    stored = through_a_file(tmp_path, *run(YEARLY, scenario(YEARLY, 2)))
    once = through_a_file(tmp_path, *continue_run(*stored, date(YEARLY, 4), YEARLY))
    twice, _ = continue_run(*once, date(YEARLY, 8), YEARLY)
    assert_same_bits(twice, run(YEARLY, scenario(YEARLY, 8))[0])


countries = st.one_of(
    st.builds(
        lambda seed, scale: made_up.small_country(regions=3, last_age=9, steps=6, scale=scale, seed=seed),
        st.integers(0, 10_000),
        st.sampled_from([2.0, 60.0, 3000.0]),
    ),
    st.just(FIVE_YEARS),
)


@given(
    baseline=countries,
    split=st.integers(1, 5),
    net=st.floats(-30, 60),
    back=st.floats(0, 1),
    onward=st.floats(0, 1),
    timing=st.floats(0, 1),
    deviations=st.floats(0, 3),
    tfr=st.floats(0.5, 3),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_split_gives_the_same_bits(
    baseline: xr.Dataset, split: int, net: float, back: float, onward: float, timing: float, deviations: float,
    tfr: float,
) -> None:  # fmt: skip
    most = max(round(0.1 * float(baseline["population"].sum())) - 1, 0)  # more is taken for a slip
    stream = {
        "profile": "crisis", "settlement": "quota", "net": float(np.clip(net, -most, most)), "return_rate": back,
        "onward_rate": onward, "timing": timing, "stock": 20,
    }  # fmt: skip
    knobs = {"streams": {"s": stream}, "migration": {"deviations": deviations}, "fertility": {"tfr": tfr}}
    at_once, _ = run(baseline, scenario(baseline, 6, **knobs))
    stored = run(baseline, scenario(baseline, split, **knobs))
    assert_same_bits(continue_run(*stored, date(baseline, 6), baseline)[0], at_once)


def childless(baseline: xr.Dataset) -> xr.Dataset:
    """A country without births, where migrants of age 0 go by the shares of the first launch in every year."""
    return baseline.assign(total_fertility_rate=0 * baseline["total_fertility_rate"])


@BOTH
def test_where_nobody_is_the_shares_of_the_first_launch_hold(baseline: xr.Dataset) -> None:
    empty, spec = childless(baseline), {"fertility": {}, "streams": {}}
    at_once, assumptions = run(empty, scenario(empty, 6, **spec))
    assert float(at_once["births"].sum()) == 0
    infants = at_once["net_ordinary_migration"].isel(age_end_of_year=0)
    assert float(abs(infants).min()) > 0
    stored = run(empty, scenario(empty, 3, **spec))
    assert_same_bits(continue_run(*stored, date(empty, 6), empty)[0], at_once)
    # and it matters: with the shares of the stored stock the infants would live elsewhere
    late = assumptions.isel(year=slice(3, None)).assign(
        jump_off_population=at_once["population"].isel(date=3, drop=True)
    )
    other = project(late)["net_ordinary_migration"].isel(age_end_of_year=0)
    assert float(abs(other - infants.isel(year=slice(3, None))).max()) > 1e-9


def test_the_share_at_launch_is_by_persons_and_equal_where_there_are_none() -> None:
    people = np.array([[[1.0, 2.0]], [[3.0, 0.0]], [[0.0, 0.0]]])
    np.testing.assert_allclose(launch_share({"jump_off_population": people}), [0.5, 0.5, 0.0])
    np.testing.assert_allclose(launch_share({"jump_off_population": 0 * people}), [1 / 3] * 3)
    given_shares = np.array([0.2, 0.3, 0.5])
    assert launch_share({"jump_off_population": people, "launch_share": given_shares}) is given_shares


@BOTH
def test_control_totals_before_and_after_the_split_hold(baseline: xr.Dataset) -> None:
    people = float(baseline["population"].sum())
    control = [{"population": {str(date(baseline, 2)): 1.1 * people, str(date(baseline, 5)): 1.3 * people}}]
    at_once, _ = run(baseline, scenario(baseline, 6, control=control))
    for steps in (1, 3, 5):
        stored = run(baseline, scenario(baseline, steps, control=control))
        found, _ = continue_run(*stored, date(baseline, 6), baseline)
        xr.testing.assert_allclose(found, at_once, rtol=1e-12)
        persons = found["population"].sum(("municipality", "sex", "age"))
        assert float(persons.sel(date=date(baseline, 5))) == pytest.approx(1.3 * people, rel=1e-9)


def test_net_migration_that_a_municipality_shall_have_goes_on() -> None:
    big = made_up.small_country(regions=4, last_age=20, steps=8, scale=4000).assign_attrs(digest="big")
    shall = {"municipalities": {"R2": {"net": {f"{date(big, 0)}-{date(big, 5)}": 90}}}, "fertility": {}}
    at_once, _ = run(big, scenario(big, 6, **shall))
    found, _ = continue_run(*run(big, scenario(big, 3, **shall)), date(big, 6), big)
    np.testing.assert_allclose(net_migration(found).sel(municipality="R2"), 90, atol=1e-5)
    xr.testing.assert_allclose(found["population"], at_once["population"], rtol=1e-6)


def test_a_life_expectancy_given_as_one_number_stays_the_target_of_its_year() -> None:
    knobs = {"mortality": {"life_expectancy": {"male": 20.65, "female": 22.0}}}
    spec = scenario(YEARLY, 4, **knobs)
    first, assumptions = run(YEARLY, spec)
    target = stored_scenario(assumptions).knobs["mortality.life_expectancy"]
    assert [key for _, series in target.items() for key, _ in series.values()] == [str(date(YEARLY, 3))] * 2
    found, _ = continue_run(first, assumptions, date(YEARLY, 6), YEARLY)
    np.testing.assert_array_equal(found["population"].values[..., :5], first["population"].values)


def refusal(stored: xr.Dataset, assumptions: xr.Dataset, horizon: int, baseline: xr.Dataset = YEARLY) -> str:
    with pytest.raises(DemosimError) as caught:
        continue_run(stored, assumptions, horizon, baseline)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_what_cannot_be_continued_is_refused_with_all_reasons() -> None:
    stored, assumptions = run(YEARLY, scenario(YEARLY, 4))
    later = date(YEARLY, 6)
    assert f"is not after 1 January {date(YEARLY, 4)}" in refusal(stored, assumptions, date(YEARLY, 4))
    assert "outside the data" in refusal(stored, assumptions, 2199)
    other = refusal(stored.isel(municipality=[0, 1]), assumptions, later, YEARLY.assign_attrs(digest="another"))
    assert "another version of the data set" in other
    assert "holds 2 municipalities of 3" in other
    assert "run the scenario again" in refusal(stored, assumptions.drop_attrs(), later)
    assert "births" in refusal(stored.drop_vars("births"), assumptions, later)


def test_a_horizon_that_changes_years_already_projected_is_refused() -> None:
    stored, assumptions = run(YEARLY, scenario(YEARLY, 4))
    touched = assumptions.assign(death_prob=assumptions["death_prob"] * 1.01)
    assert "death_prob" in refusal(stored, touched, date(YEARLY, 6))
    renamed = assumptions.assign_coords(stream=[f"{name}!" for name in assumptions["stream"].values])
    assert "(stream)" in refusal(stored, renamed, date(YEARLY, 6))


def test_targets_of_life_expectancy_after_the_horizon_hold_before_and_after_it_is_moved() -> None:
    late = {"mortality": {"life_expectancy": {"male": {str(date(YEARLY, 2)): 20.55, str(date(YEARLY, 5)): 20.8}}}}
    found, _ = continue_run(*run(YEARLY, scenario(YEARLY, 4, **late)), date(YEARLY, 7), YEARLY)
    assert_same_bits(found, run(YEARLY, scenario(YEARLY, 7, **late))[0])


def test_pieces_must_meet() -> None:
    whole, _ = run(YEARLY, scenario(YEARLY, 6))
    first, last = (
        whole.isel(date=slice(0, 4), year=slice(0, 3)),
        whole.isel(date=slice(3, None), year=slice(3, None)),
    )
    assert_same_bits(joined([first, last], whole.attrs), whole)
    with pytest.raises(DemosimError, match="does not meet"):
        joined([first, last.isel(date=slice(1, None))], whole.attrs)


@pytest.mark.parametrize("name", ["mars2026", "ukraine-return"])
def test_a_shipped_scenario_to_2050_at_once_or_by_way_of_2035(name: str, tmp_path: Path) -> None:
    baseline = read_baseline("norway2026")
    spec = read_scenario(embedded("scenarios", f"{name}.toml"))
    early, late = (spec.model_copy(update={"horizon": horizon}) for horizon in (2035, 2050))
    at_once, assumptions = run(baseline, late)
    found, assumed = continue_run(*through_a_file(tmp_path, *run(baseline, early)), 2050, baseline)
    assert_same_bits(found, at_once)
    assert assumed.attrs == assumptions.attrs  # the digest is one of them
