"""Laws of a scenario as its projection shows them: neutral knobs, round trips, homogeneity, split runs, sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
import made_up_scenario
from demosim.projection import project

YEARLY = made_up.small_country(regions=3, last_age=20, steps=9, scale=3000)
FIVE_YEARS = made_up.three_regions()
BOTH = pytest.mark.parametrize("baseline", [YEARLY, FIVE_YEARS], ids=["yearly", "five"])


def assumptions(baseline: xr.Dataset, steps: int = 6, **more: Any) -> xr.Dataset:
    return made_up_scenario.resolved(baseline, steps, **more).assumptions


def stream(**more: Any) -> dict[str, Any]:
    return {"crisis": {"profile": "crisis", "settlement": "quota", **more}}


NEUTRAL: dict[str, Any] = {
    "fertility": {"multiplier": 1.0, "mean_age": 0},
    "mortality": {"decline": {"male": 1.0, "female": 1.0}, "shock": 1},
    "migration": {"multiplier": 1.0, "deviations": 1.0},
}


@BOTH
def test_neutral_knobs_leave_the_projection_bit_for_bit(baseline: xr.Dataset) -> None:
    plain = project(assumptions(baseline, streams=stream(net=30)))
    rates: dict[str, Any] = {"return_rate": 0.0, "onward_rate": 0.0, "timing": 0.5, "stock": 0.0}
    place = str(baseline["municipality"].values[0])
    knobs = {**NEUTRAL, "streams": stream(net=30, **rates), "municipalities": {place: {"extra_net": 0.0}}}
    assert project(assumptions(baseline, **knobs)).equals(plain)


@BOTH
def test_a_stream_that_brings_no_one_leaves_the_projection_bit_for_bit(baseline: xr.Dataset) -> None:
    plain, empty = project(assumptions(baseline)), project(assumptions(baseline, streams=stream(net=0)))
    assert empty.equals(plain)


@BOTH
@settings(max_examples=10, deadline=None)
@given(net=st.floats(1, 50), return_rate=st.floats(0, 0.5), timing=st.floats(0, 1))
def test_persons_twice_give_flows_twice(baseline: xr.Dataset, net: float, return_rate: float, timing: float) -> None:
    double = baseline.assign({name: 2 * baseline[name] for name in ("population", "net_international_migration")})
    rates = {"return_rate": return_rate, "timing": timing, "onward_rate": 0.1}
    one = project(assumptions(baseline, streams=stream(net=net, stock=3 * net, **rates)))
    two = project(assumptions(double, streams=stream(net=2 * net, stock=6 * net, **rates)))
    np.testing.assert_allclose(two["population"], 2 * one["population"], rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(two["births"], 2 * one["births"], rtol=1e-10)


@BOTH
@settings(max_examples=10, deadline=None)
@given(net=st.floats(-100, 100), more=st.floats(0, 500))
def test_the_country_has_the_persons_of_a_stream_wherever_they_settle(
    baseline: xr.Dataset, net: float, more: float
) -> None:
    last = [str(baseline["municipality"].values[-1])]
    flows = {"net": net, "stock": more, "return_rate": 0.1}
    by_key = project(assumptions(baseline, streams=stream(**flows)))
    at_one = project(assumptions(baseline, streams={"crisis": {**stream(**flows)["crisis"], "settlement": last}}))
    ours, theirs = by_key["population"].sum("municipality"), at_one["population"].sum("municipality")
    np.testing.assert_allclose(ours.isel(date=1), theirs.isel(date=1), rtol=1e-9)


@BOTH
@pytest.mark.parametrize("steps", [1, 3])
def test_a_run_that_is_split_is_the_same(baseline: xr.Dataset, steps: int) -> None:
    flows = {"net": 40, "stock": 200, "return_rate": 0.1, "onward_rate": 0.2}
    whole = assumptions(baseline, streams=stream(**flows), **{**NEUTRAL, "mortality": {"decline": 0.7}})
    at_once = project(whole)
    first = project(whole.isel(year=slice(0, steps)))
    middle = first["population"].isel(date=-1, drop=True)
    rest = project(whole.isel(year=slice(steps, None)).assign(jump_off_population=middle))
    np.testing.assert_array_equal(rest["population"].values, at_once["population"].values[..., steps:])


def test_a_longer_horizon_changes_no_year_before() -> None:
    flows = stream(net={"2020-2024": [10, 50]}, return_rate=0.1)
    short, long = (assumptions(YEARLY, steps, streams=flows, **NEUTRAL) for steps in (4, 8))
    for name, values in short.data_vars.items():
        other = long[name].isel(year=slice(0, 4)) if "year" in values.dims else long[name]
        np.testing.assert_array_equal(values.values, other.values, err_msg=str(name))


def test_two_streams_of_half_the_size_are_one() -> None:
    half = {"profile": "crisis", "settlement": "quota", "net": 20, "return_rate": 0.1}
    one = project(assumptions(YEARLY, streams={"all": {**half, "net": 40}}))
    two = project(assumptions(YEARLY, streams={"first": half, "second": half}))
    np.testing.assert_allclose(two["population"], one["population"], rtol=1e-12)
