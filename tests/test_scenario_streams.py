"""Streams: arrivals, returns, moves onward, against a twin that counts person by person's cohort."""

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
from demosim.scenario.streams import exposed_share, interval_prob

YEARLY = made_up.small_country(regions=3, last_age=12, steps=10, scale=4000)
FIVE_YEARS = made_up.three_regions()


def country(baseline: xr.Dataset, stream: dict[str, Any], steps: int = 6) -> xr.Dataset:
    """Assumptions of a country with one stream."""
    streams = {"crisis": {"profile": "crisis", "settlement": "quota", **stream}}
    return made_up_scenario.resolved(baseline, steps, streams=streams).assumptions


def naive(baseline: xr.Dataset, assumptions: xr.Dataset, stream: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Returns and onward moves (T, S, A) of a stream with constant net and rates, cell by cell in plain Python."""
    interval = int(baseline.attrs["interval_years"])
    profile = baseline["migration_profile"].sel(profile="crisis").values
    death = assumptions["death_prob"].values
    steps, sexes, ages = death.shape
    returns, moves = np.zeros(death.shape), np.zeros(death.shape)
    back = 1 - (1 - stream["return_rate"]) ** interval
    on = 1 - (1 - stream["onward_rate"]) ** interval
    settled = {(s, a): max(stream["stock"] * profile[s, a], 0.0) for s in range(sexes) for a in range(ages)}
    moved = dict.fromkeys(settled, 0.0)
    everyone = dict(settled)
    for t in range(steps):
        older = [dict.fromkeys(settled, 0.0) for _ in range(3)]
        for s, a in settled:
            to = (s, min(a + 1, ages - 1))
            for k, group in enumerate((settled, moved, everyone)):
                older[k][to] += group[s, a] * (1 - death[t, s, a])
        for s, a in settled:
            arrivals = stream["net"] * interval * profile[s, a]
            returns[t, s, a] = back * older[2][s, a]
            moves[t, s, a] = (1 - back) * on * older[0][s, a]
            settled[s, a] = max(older[0][s, a] * (1 - back) * (1 - on) + arrivals, 0.0)
            moved[s, a] = older[1][s, a] * (1 - back) + moves[t, s, a]
            everyone[s, a] = max(older[2][s, a] * (1 - back) + arrivals, 0.0)
    return returns, moves


def flows(assumptions: xr.Dataset, name: str) -> np.ndarray:
    """Inflow less outflow of a stream, (T, S, A)."""
    net = assumptions["stream_inflow"].sel(stream=name) - assumptions["stream_outflow"].sel(stream=name)
    values: np.ndarray = net.values
    return values


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([YEARLY, FIVE_YEARS]),
    st.floats(0, 500),
    st.floats(0, 1000),
    st.floats(0.001, 1),
    st.floats(0.001, 0.9),
)
def test_stock_returns_and_moves_equal_the_plain_twin(
    baseline: xr.Dataset, net: float, stock: float, return_rate: float, onward_rate: float
) -> None:
    stream = {"net": net, "stock": stock, "return_rate": return_rate, "onward_rate": onward_rate}
    assumptions = country(baseline, stream)
    returns, moves = naive(baseline, assumptions, stream)
    interval = int(baseline.attrs["interval_years"])
    arrivals = net * interval * baseline["migration_profile"].sel(profile="crisis").values
    np.testing.assert_allclose(flows(assumptions, "crisis"), arrivals - moves - returns, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(flows(assumptions, "crisis, onward"), moves, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("baseline", [YEARLY, FIVE_YEARS])
def test_net_per_year_times_the_interval_arrives_by_profile_and_negative_cells_leave(baseline: xr.Dataset) -> None:
    interval, launch = int(baseline.attrs["interval_years"]), int(baseline.attrs["launch_year"])
    assumptions = country(baseline, {"net": {str(launch): 100, f"{launch + interval}-{launch + 3 * interval - 1}": 40}})
    inflow, outflow = assumptions["stream_inflow"].values[0], assumptions["stream_outflow"].values[0]
    np.testing.assert_allclose((inflow - outflow).sum((1, 2)), interval * np.array([100.0, 40, 40, 0, 0, 0]), atol=1e-9)
    profile = baseline["migration_profile"].sel(profile="crisis").values
    np.testing.assert_allclose(inflow[0], 100 * interval * np.maximum(profile, 0))
    np.testing.assert_allclose(outflow[0], 100 * interval * np.maximum(-profile, 0))
    assert outflow[0].any()
    key = baseline["settlement_key"].sel(settlement="quota").values
    np.testing.assert_array_equal(assumptions["settlement_key"].values, [key])


def test_a_net_outflow_leaves_by_survivors() -> None:
    assumptions = country(YEARLY, {"net": -50})
    profile = YEARLY["migration_profile"].sel(profile="crisis").values
    np.testing.assert_allclose(assumptions["stream_outflow"].values[0, 0], 50 * np.maximum(profile, 0))


def test_all_who_came_are_gone_once_everyone_returns() -> None:
    launch = int(YEARLY.attrs["launch_year"])
    stream = {"net": {str(launch): 1000}, "return_rate": {f"{launch + 2}": 1.0}}
    outflow = country(YEARLY, stream)["stream_outflow"].sum(("sex", "age_end_of_year")).values[0]
    assert outflow[1] == 0.0
    assert 960 < outflow[2] <= 1003  # less those who died
    assert not outflow[3:].any()


def test_returns_begin_and_end_on_their_dates() -> None:
    launch = int(YEARLY.attrs["launch_year"])
    stream = {"stock": 10_000, "return_rate": 0.5, "return_from": launch + 1, "return_until": launch + 3}
    outflow = country(YEARLY, stream)["stream_outflow"].sum(("sex", "age_end_of_year")).values[0]
    assert list(outflow > 0) == [False, True, True, False, False, False]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (None, None, [1, 1, 1]),
        (2027.0, None, [0, 1, 1]),
        (2027.5, 2028.25, [0, 0.5, 0.25]),
        (2026.25, 2026.75, [0.5, 0, 0]),
        (2030.0, None, [0, 0, 0]),
        (None, 2020.0, [0, 0, 0]),
    ],
)
def test_share_of_the_year_exposed(begin: float | None, end: float | None, expected: list[float]) -> None:
    np.testing.assert_allclose(exposed_share(np.array([2026, 2027, 2028]), 1, begin, end), expected)


def test_exposure_and_probability_of_five_years() -> None:
    np.testing.assert_allclose(exposed_share(np.array([2030, 2035]), 5, 2031.0, 2036.0), [0.8, 0.2])
    assert interval_prob(np.array(0.1), 5) == pytest.approx(1 - 0.9**5)
    assert interval_prob(np.array(0.1), 1, 0.5) == pytest.approx(1 - 0.9**0.5)
    assert interval_prob(np.array(0.0), 1) == 0.0
    assert interval_prob(np.array(1.0), 1) == 1.0


def test_moves_onward_change_no_national_number() -> None:
    stay = {"net": 100, "stock": 2000, "return_rate": 0.05}
    move = {**stay, "onward_rate": 0.3, "onward_settlement": ["R3"]}
    staying, moving = (project(country(YEARLY, stream))["population"] for stream in (stay, move))
    first = staying.isel(date=1)
    np.testing.assert_allclose(moving.isel(date=1).sum("municipality"), first.sum("municipality"), rtol=1e-9)
    gain = (moving - staying).sum(("sex", "age")).isel(date=3)
    assert gain.sel(municipality="R3") > 100
    assert (gain.sel(municipality=["R1", "R2"]) < 0).all()


def test_arrivals_early_in_the_year_have_more_children_and_deaths() -> None:
    at_start, middle, late = (country(YEARLY, {"net": 1000, "timing": timing}) for timing in (1.0, 0.5, 0.0))
    come = np.maximum(1000 * YEARLY["migration_profile"].sel(profile="crisis").values, 0.0)
    births = 0.5 * float((come[1] * middle["fertility_rate"].isel(year=0).values).sum())
    assert births > 1
    boys = float(middle.attrs["male_birth_share"])
    alive = middle["newborn_survival_prob"].isel(year=0).values
    prob = middle["death_prob"].isel(year=0).values
    dies = np.column_stack([1 - alive, prob[:, :-2], prob[:, -2:].mean(1)])
    expected = -0.5 * come * dies
    expected[:, 0] += births * np.array([boys, 1 - boys]) * alive
    net = [flows(assumptions, "crisis")[0] for assumptions in (at_start, middle, late)]
    np.testing.assert_allclose(net[0] - net[1], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(net[1] - net[2], expected, rtol=1e-9, atol=1e-12)
    assert (net[0] - net[1])[:, 1:].sum() < -0.1  # deaths among a thousand of all ages


@pytest.mark.parametrize("timing", [0.0, 0.25, 1.0])
def test_the_timing_of_arrivals_is_their_share_on_the_first_of_july(timing: float) -> None:
    stream = {"net": {"2021": 600}, "settlement": ["R2"], "profile": "ordinary"}
    middle, moved = (project(country(YEARLY, {**stream, "timing": t})) for t in (0.5, timing))
    apart = (
        moved["population_mid_year"] - (moved["population"].values[..., :-1] + moved["population"].values[..., 1:]) / 2
    )
    other_places = apart.sel(municipality=["R1", "R3"])
    assert not other_places.any()
    assert not apart.sel(municipality="R2").isel(year=[0, 2, 3, 4, 5]).any()
    here = apart.sel(municipality="R2", year=2021)
    arrivals = country(YEARLY, {**stream, "timing": timing})["stream_early"].sel(stream="crisis", year=2021)
    np.testing.assert_allclose(here.values, arrivals.values, atol=1e-9)
    assert float(here.sum()) == pytest.approx((timing - 0.5) * 600, rel=0.02)
    np.testing.assert_array_equal(
        middle["population_mid_year"].values,
        (middle["population"].values[..., :-1] + middle["population"].values[..., 1:]) / 2,
    )


def test_arrivals_spread_evenly_add_no_array() -> None:
    assert "stream_early" not in country(YEARLY, {"net": 10, "timing": 0.5})
    early = country(YEARLY, {"net": {"2021": 10, "2022": -10}, "timing": 0.9})["stream_early"]
    assert float(early.sel(year=2021).sum()) == pytest.approx(4.0, rel=0.05)
    assert float(early.sel(year=2022).sum()) == pytest.approx(0.0, abs=0.05)  # those who leave do so evenly
    assert (early >= 0).all()


def test_weights_of_the_user_and_a_list_by_population() -> None:
    by_weight = country(YEARLY, {"net": 1, "settlement": {"R1": 3, "Region 3": 1}})["settlement_key"].values[0]
    np.testing.assert_allclose(by_weight, [0.75, 0, 0.25])
    sizes = YEARLY["population"].sum(("sex", "age")).values
    by_size = country(YEARLY, {"net": 1, "settlement": ["R2", "R3"]})["settlement_key"].values[0]
    np.testing.assert_allclose(by_size, [0, sizes[1] / sizes[1:].sum(), sizes[2] / sizes[1:].sum()])


def test_a_profile_of_the_users_own() -> None:
    profile = {"male": {"0-3": 0.4}, "female": {"4": 0.5, "12+": 0.2, "7-8": -0.1}}
    assumptions = country(YEARLY, {"net": 100, "profile": profile})
    net = flows(assumptions, "crisis")[0]
    expected = np.zeros((2, 13))
    expected[0, :4], expected[1, 4], expected[1, 12], expected[1, 7:9] = 10, 50, 20, -5
    np.testing.assert_allclose(net, expected)
