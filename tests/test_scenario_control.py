"""Targets met while projecting: control totals and net migration of single municipalities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
import made_up_scenario
from demosim.errors import DemosimError
from demosim.projection import project
from demosim.scenario.control import ControlTotal, fit, joined, net_migration, project_with_targets
from demosim.scenario.resolve import Resolved

YEARLY = made_up.small_country(regions=4, last_age=20, steps=8, scale=4000)
FIVE_YEARS = made_up.three_regions()


def resolved(baseline: xr.Dataset, **more: Any) -> Resolved:
    streams = {"crisis": {"profile": "crisis", "settlement": "quota", "net": 50, "return_rate": 0.1}}
    return made_up_scenario.resolved(baseline, 5, **{"streams": streams, **more})


def run(scenario: Resolved) -> xr.Dataset:
    return project_with_targets(scenario.assumptions, project, scenario.controls, scenario.nets)


def persons(projection: xr.Dataset) -> xr.DataArray:
    return projection["population"].sum(("sex", "age"))


@pytest.mark.parametrize("baseline", [YEARLY, FIVE_YEARS], ids=["yearly", "five"])
@pytest.mark.parametrize("others", [True, False], ids=["from-others", "on-top"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_municipality_has_the_net_migration_asked_for(baseline: xr.Dataset, others: bool, sign: int) -> None:
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    place = str(baseline["municipality"].values[1])
    path = {str(launch): 40 * sign, f"{launch + 2 * interval}-{launch + 3 * interval}": [10, 20]}
    plain = project(resolved(baseline).assumptions)
    found = run(resolved(baseline, municipalities={place: {"net": path, "take_from_others": others}}))
    net, before = net_migration(found), net_migration(plain)
    wanted = np.array([40.0 * sign, 10, 20]) * interval
    np.testing.assert_allclose(net.sel(municipality=place).values[[0, 2, 3]], wanted, atol=1e-5)
    gain = net.sum("municipality") - before.sum("municipality")
    if others:
        np.testing.assert_allclose(gain, 0.0, atol=1e-6)
    else:
        # births follow the women, and so does the ordinary migration of newborns: a little of it moves along
        np.testing.assert_allclose(gain.values[0], (net - before).sel(municipality=place).values[0], rtol=2e-3)


def test_extra_net_migration_comes_on_top_by_the_ordinary_profile() -> None:
    plain = project(resolved(YEARLY).assumptions)
    place = str(YEARLY["municipality"].values[0])
    launch = int(YEARLY.attrs["launch_year"])
    found = project(resolved(YEARLY, municipalities={"region 1": {"extra_net": {str(launch): 100}}}).assumptions)
    gain = (found["population"] - plain["population"]).isel(date=1, age=slice(1, None))  # newborns follow the women
    profile = YEARLY["migration_profile"].sel(profile="ordinary").values
    np.testing.assert_allclose(gain.sel(municipality=place).values, 100 * profile[:, 1:], atol=1e-9)
    np.testing.assert_allclose(gain.sum("municipality").values, 0.0, atol=1e-9)


def test_net_migration_that_cannot_be_is_refused() -> None:
    place = str(YEARLY["municipality"].values[3])
    here = float(YEARLY["population"].sel(municipality=place).sum())
    scenario = resolved(YEARLY, municipalities={place: {"net": -0.99 * here}})
    with pytest.raises(DemosimError, match="net migration cannot be met") as caught:
        run(scenario)
    assert caught.value.exit_code == 1
    assert caught.value.problems[0].path == f"municipalities.{place}.net"


@pytest.mark.parametrize("baseline", [YEARLY, FIVE_YEARS], ids=["yearly", "five"])
def test_control_totals_are_met_and_the_adjustment_is_reported(baseline: xr.Dataset) -> None:
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    first, second = launch + interval, launch + 3 * interval
    ages = "5-14"
    county = str(baseline["county"].values[0])
    plain = project(resolved(baseline).assumptions)
    inside = plain["population"].sel(age=slice(5, 14)).sum(("municipality", "sex", "age"))
    total = plain["population"].sel(municipality=(plain["county"] == county).values).sum(("municipality", "sex", "age"))
    control = [
        {
            "ages": ages,
            "population": {
                str(first): 1.03 * float(inside.sel(date=first)),
                str(second): 0.9 * float(inside.sel(date=second)),
            },
        },
        {"county": county, "population": {str(first): 0.99 * float(total.sel(date=first))}},
    ]
    found = run(resolved(baseline, control=control))
    group = found["population"].sel(age=slice(5, 14)).sum(("municipality", "sex", "age"))
    for date, factor in ((first, 1.03), (second, 0.9)):
        assert float(group.sel(date=date)) == pytest.approx(factor * float(inside.sel(date=date)), rel=1e-8)
    place = (found["county"] == county).values
    assert float(persons(found).sel(date=first)[place].sum()) == pytest.approx(
        0.99 * float(total.sel(date=first)), rel=1e-8
    )
    adjusted = [int(date) for date in found["date"] if np.abs(found["control_adjustment"].sel(date=date)).max() > 0]
    assert adjusted == [first, second]
    assert list(found["date"]) == list(plain["date"])
    assert list(found["year"]) == list(plain["year"])
    assert set(found.data_vars) == {*plain.data_vars, "control_adjustment"}
    assert found.attrs["mass_balance"] < 1e-9


def test_growth_is_births_less_deaths_migration_and_adjustment() -> None:
    launch = int(YEARLY.attrs["launch_year"])
    found = run(resolved(YEARLY, control=[{"population": {str(launch + 2): 200_000}}]))
    assert float(persons(found).sel(date=launch + 2).sum()) == pytest.approx(200_000)
    cohort = ("sex", "age_end_of_year")
    migration = sum(found[f"net_{kind}_migration"].sum(cohort) for kind in ("ordinary", "deviation", "stream"))
    natural = found["births"].sum("sex") - found["deaths"].sum(cohort)
    adjustment = found["control_adjustment"].sum(("sex", "age")).isel(date=slice(1, None)).values
    growth = persons(found).diff("date").values
    np.testing.assert_allclose((natural + migration).values + adjustment, growth, atol=1e-6)
    middle = (found["population"].values[..., :-1] + found["population"].values[..., 1:]) / 2
    np.testing.assert_array_equal(found["population_mid_year"].values, middle)


def test_counts_are_added_up_and_of_errors_the_largest_stands() -> None:
    stock = xr.Dataset({"population": ("date", [1.0, 2.0])}, {"date": [2026, 2027], "year": [2026]})
    stock["births"] = ("year", [3.0])
    later = stock.assign_coords(date=[2027, 2028], year=[2027]).assign_attrs(floored_persons=2.5, mass_balance=2e-16)
    both = joined([stock.assign_attrs(floored_persons=1.0, mass_balance=5e-16), later], {"horizon": 2028})
    assert both.attrs == {"horizon": 2028, "floored_persons": 3.5, "mass_balance": 5e-16}
    assert both["date"].values.tolist() == [2026, 2027, 2028]
    assert both["population"].values.tolist() == [1.0, 2.0, 2.0]
    assert both["births"].values.tolist() == [3.0, 3.0]
    launch = int(YEARLY.attrs["launch_year"])
    scenario = resolved(YEARLY, control=[{"population": {str(launch + k): 190_000 for k in (1, 2, 3)}}])
    seen: list[float] = []

    def noted(assumptions: xr.Dataset) -> xr.Dataset:
        found = project(assumptions)
        seen.append(found.attrs["mass_balance"])
        return found

    found = project_with_targets(scenario.assumptions, noted, scenario.controls)
    assert len(seen) == 4
    assert found.attrs["mass_balance"] == max(seen)


def test_where_nobody_is_the_shares_of_the_first_launch_hold_after_a_controlled_date() -> None:
    childless = YEARLY.assign(total_fertility_rate=0 * YEARLY["total_fertility_rate"])
    launch = int(YEARLY.attrs["launch_year"])
    place = str(YEARLY["county"].values[0])
    control = [{"county": place, "population": {str(launch + 1): 250_000}}]  # so that the shares change
    found = run(resolved(childless, control=control, streams={}))
    infants = found["net_ordinary_migration"].isel(age_end_of_year=0, sex=0)
    persons_at_launch = YEARLY["population"].sum(("sex", "age"))
    expected = (persons_at_launch / persons_at_launch.sum()).values
    for year in range(5):
        there = infants.isel(year=year)
        np.testing.assert_allclose((there / there.sum()).values, expected, rtol=1e-12)


def test_streams_that_come_early_stay_so_on_the_first_of_july_after_fitting() -> None:
    launch = int(YEARLY.attrs["launch_year"])
    streams = {"crisis": {"profile": "ordinary", "settlement": ["R2"], "net": {str(launch): 300}, "timing": 1.0}}
    control = [{"population": {str(launch + 1): 200_000}}]
    found = run(resolved(YEARLY, streams=streams, control=control))
    mean = (found["population"].values[..., :-1] + found["population"].values[..., 1:]) / 2
    beyond = (found["population_mid_year"] - mean).sum(("sex", "age"))
    assert float(beyond.sel(municipality="R2", year=launch)) == pytest.approx(150, rel=0.02)
    assert float(abs(beyond).sum()) == pytest.approx(150, rel=0.02)


def test_a_control_total_that_is_met_already_changes_nothing_and_nor_does_none() -> None:
    scenario = resolved(YEARLY)
    plain = project(scenario.assumptions)
    assert run(scenario).identical(plain)
    launch = int(YEARLY.attrs["launch_year"])
    everyone = ControlTotal(
        "all", np.ones(4, bool), np.ones(21, bool), {launch + 2: float(persons(plain).sel(date=launch + 2).sum())}
    )
    found = project_with_targets(scenario.assumptions, project, [everyone])
    np.testing.assert_allclose(found["population"], plain["population"], rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 2.0), st.floats(0.5, 2.0), st.floats(0.5, 2.0))
def test_fitting_meets_margins_that_overlap_and_keeps_odds(seed: int, a: float, b: float, c: float) -> None:
    population = np.random.default_rng(seed).uniform(1, 100, (3, 2, 4))
    old, first = np.array([0, 0, 1, 1], bool), np.array([1, 0, 0], bool)
    everywhere, every_age = np.ones(3, bool), np.ones(4, bool)
    wanted = population * np.array([a, b, 1.0])[:, None, None] * np.array([1, 1, c, c])
    totals = [
        (ControlTotal("old", everywhere, old), float(wanted[:, :, old].sum())),
        (ControlTotal("first", first, every_age), float(wanted[first].sum())),
        (ControlTotal("all", everywhere, every_age), float(wanted.sum())),
    ]
    fitted = fit(population, totals, 2030)
    for control, persons_wanted in totals:
        found = fitted[np.ix_(control.municipalities, [True, True], control.ages)].sum()
        assert found == pytest.approx(persons_wanted, rel=1e-8)
    ratio = fitted / population
    np.testing.assert_allclose(ratio[:, 0], ratio[:, 1], rtol=1e-9)
    np.testing.assert_allclose(ratio[1], ratio[2], rtol=1e-9)
    np.testing.assert_allclose(
        fit(population, [(totals[0][0], float(wanted[:, :, old].sum()))], 2030)[:, :, ~old], population[:, :, ~old]
    )


def test_totals_that_contradict_each_other_or_have_no_one_are_refused() -> None:
    population = np.ones((2, 2, 3))
    population[:, :, 2] = 0
    everyone = ControlTotal("all", np.ones(2, bool), np.ones(3, bool))
    oldest = ControlTotal("oldest", np.ones(2, bool), np.array([False, False, True]))
    with pytest.raises(DemosimError, match="contradict each other"):
        fit(population, [(everyone, 10.0), (everyone, 20.0)], 2030)
    with pytest.raises(DemosimError, match="no one is there on 1 January 2030 to be 5 persons"):
        fit(population, [(oldest, 5.0)], 2030)
    assert fit(population, [(oldest, 0.0)], 2030).sum() == population.sum()
