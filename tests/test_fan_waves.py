"""Waves of refugees in a fan: sizes and years of the past, settlement by an uncertain key, the country kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import sweep_country
from demosim.baseline.calibrate.settlement import Settlement, settlement_key
from demosim.packing import Arrays
from demosim.projection import assumption_arrays
from demosim.scenario.read import read_scenario
from demosim.scenario.resolve import resolve
from demosim.uncertainty.fan import age_groups
from demosim.uncertainty.fan_draws import Sources, draw_assumptions, generator, simulate
from demosim.uncertainty.fan_waves import Waves, read_waves, size_spread, waves_from, waves_toml

PROFILE = np.zeros((2, 31))
PROFILE[:, 1:25] = 1 / 48
SHARE = np.array([0, 0, 0.004, 0, 0, 0, 0, 0.002, 0.002, 0, 0, 0])
WAVES = Waves(SHARE, PROFILE, 0.3, 0.05)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[xr.Dataset, xr.DataArray]:
    path = sweep_country.scenario_file(tmp_path_factory.mktemp("waves"))
    country = sweep_country.country()
    return resolve(country, read_scenario(path)).assumptions, country["unit_cost"]


@pytest.fixture(scope="module")
def arrays(parts: tuple[xr.Dataset, xr.DataArray]) -> Arrays:
    return assumption_arrays(parts[0])


def more(arrays: Arrays, waves: Waves, draws: int) -> np.ndarray:
    """Refugees who go by the key in each draw and year, per inhabitant."""
    found = [waves.draw(generator(0, draw, 4), arrays)["stream_inflow"][-1].sum((1, 2)) for draw in range(draws)]
    return np.stack(found) / arrays["jump_off_population"].sum()


def test_two_waves_are_drawn_as_they_were_above_their_mean(arrays: Arrays) -> None:
    """Two waves are too few to say how their sizes differ, so every draw is a stretch of the past itself."""
    assert size_spread(SHARE) == 0
    found = more(arrays, WAVES, 400)
    above = np.maximum(SHARE - SHARE.mean(), 0)
    circle = np.stack([np.roll(above, -first)[: found.shape[1]] for first in range(len(SHARE))])
    apart = np.abs(found[:, None] - circle[None]).max(2).min(1)
    assert apart.max() < 1e-12
    seen = {int(np.abs(row - circle).max(1).argmin()) for row in found}
    assert len(seen) == len(np.unique(circle, axis=0)), "every stretch comes up"


def test_waves_may_be_larger_than_any_before_and_are_as_large_on_average(arrays: Arrays) -> None:
    three = replace(WAVES, share=np.append(SHARE, [0, 0.001, 0]))
    assert size_spread(three.share) == pytest.approx(np.log([0.004, 0.004, 0.001]).std(ddof=1) * np.sqrt(2 / 3))
    found = more(arrays, three, 4000)
    assert found.max() > three.share.max()
    assert found.mean() == pytest.approx(np.maximum(three.share - three.share.mean(), 0).mean(), rel=0.15)


def test_waves_settle_by_the_key_and_the_country_stays_as_it_is(arrays: Arrays) -> None:
    moved = WAVES.draw(generator(0, 3, 4), arrays)
    population = arrays["jump_off_population"].sum((1, 2))
    key = moved["settlement_key"][-1]
    assert key.sum() == pytest.approx(1)
    tilts = np.linspace(0, 0.6, 601)
    nearest = min(tilts, key=lambda tilt: np.abs(settlement_key(population, tilt) - key).max())
    assert abs(nearest - WAVES.tilt) < 5 * WAVES.tilt_error
    np.testing.assert_array_equal(moved["stream_inflow"][-1], moved["stream_outflow"][-1])
    assert (moved["stream_inflow"] >= 0).all()
    assert "net_international_migration" not in moved
    keys = {WAVES.draw(generator(0, draw, 4), arrays)["settlement_key"][-1][0] for draw in range(20)}
    assert len(keys) == 20, "the key is uncertain"


def test_municipalities_decide_for_themselves(arrays: Arrays) -> None:
    """Relative to the key, shares differ by the spread, and all of the wave is settled."""
    even = replace(WAVES, tilt=0.0, tilt_error=0.0, spread=0.25)
    population = arrays["jump_off_population"].sum((1, 2))
    keys = np.stack([even.draw(generator(0, draw, 4), arrays)["settlement_key"][-1] for draw in range(4000)])
    np.testing.assert_allclose(keys.sum(1), 1)
    rate = np.log(keys / population)
    assert (rate[:, 0] - rate[:, 1]).var() == pytest.approx(2 * np.log(1.25), rel=0.08)
    assert (rate[:, 2] - rate[:, 3]).mean() == pytest.approx(0, abs=0.04)
    same = replace(even, spread=0.0).draw(generator(0, 1, 4), arrays)["settlement_key"][-1]
    np.testing.assert_allclose(same, population / population.sum())


def test_a_key_never_favours_the_large(arrays: Arrays) -> None:
    doubtful = replace(WAVES, tilt=0.0, tilt_error=1.0)
    population = arrays["jump_off_population"].sum((1, 2))
    for draw in range(50):
        rate = doubtful.draw(generator(0, draw, 4), arrays)["settlement_key"][-1] / population
        assert (np.diff(rate[np.argsort(population)]) <= 1e-15).all()


def test_small_places_are_less_certain_with_waves(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, unit_cost = parts
    groups = age_groups(assumptions["age"].values)
    large = replace(WAVES, share=10 * SHARE, tilt_error=0.0)
    found = {}
    for name, waves in {"leaning": large, "even": replace(large, tilt=0.0)}.items():
        total = simulate(assumptions, unit_cost, Sources(waves=waves), 60, 0, groups).persons[:, -1, 0].astype(float)
        assert np.ptp(total.sum(1)) < 1e-3 * total.sum(1).mean(), "the country is all but certain"
        found[name] = total.std(0) / total.mean(0)
    smallest = int(assumptions["jump_off_population"].sum(("sex", "age")).values.argmin())
    assert found["leaning"][smallest] > 5 * found["even"][smallest]


def test_waves_are_their_own_numbers(arrays: Arrays) -> None:
    """Switching waves on leaves the other sources as they are, and the same draw is the same again."""
    alone = draw_assumptions(Sources(waves=WAVES), arrays, 5, 7)
    again = draw_assumptions(Sources(waves=WAVES), arrays, 5, 7)
    for name in alone:
        np.testing.assert_array_equal(alone[name], again[name])
    assert len(alone["stream_inflow"]) == len(arrays["stream_inflow"]) + 1
    np.testing.assert_array_equal(alone["stream_inflow"][:-1], arrays["stream_inflow"])


def test_only_what_was_seen_before_the_launch() -> None:
    persons = np.array([0, 900.0, 0, 5000])
    wave = Settlement(np.arange(2000, 2004), persons, PROFILE, 0.2, 0.1, 0.3)
    found = waves_from(wave, np.full(4, 1e5), 2003)
    np.testing.assert_allclose(found.share, [0, 0.009, 0])
    assert (found.tilt, found.tilt_error, found.spread) == (0.2, 0.1, 0.3)


def test_the_estimate_is_written_as_it_is_read() -> None:
    stands = read_waves(PROFILE)
    years = np.arange(1986, 1986 + len(stands.share))
    text = waves_toml(stands, years, "a note\nof two lines")
    assert text.startswith("# a note\n# of two lines\ntilt = 0.")
    assert f"spread = {stands.spread:.3f}\n\n[per_1000]\n" in text
    assert f"{years[-1]} = {1000 * stands.share[-1]:.2f}" in text
    assert stands.tilt > 3 * stands.tilt_error
    assert years[-1] == 2025
    assert 0 < size_spread(stands.share) < 1


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        ([0.0, 0.0], 0.0),
        ([1.0, 0, 1.0], 0.0),  # two waves
        ([1.0, 0, 1.0, 0, 1.0], 0.0),  # three alike
        ([1.0, 1.0, 0, 2.0, 0, 2.0], 0.0),  # years in a row are one wave
    ],
)
def test_how_sizes_differ(share: list[float], expected: float) -> None:
    assert size_spread(np.array(share)) == pytest.approx(expected)
