"""Waves of refugees: seen in the country's children, leaning towards small places, taken out of the deviations."""

from __future__ import annotations

import numpy as np
import pytest

from demosim.baseline.calibrate.flows import Flows, derive_flows
from demosim.baseline.calibrate.national import NationalFlows
from demosim.baseline.calibrate.settlement import (
    Settlement,
    estimate_settlement,
    lean,
    settled,
    wave_persons,
)
from made_up_history import AGES, FIRST, LAST, history, mortality

PROFILE = np.zeros((2, AGES))
PROFILE[:, 1:40] = 1.0
PROFILE /= PROFILE.sum()
LABOUR = np.zeros((2, AGES))
LABOUR[:, 22:40] = 1.0
LABOUR[:, 6:18] = 0.15
LABOUR /= LABOUR.sum()


def nation(waves: dict[int, float]) -> NationalFlows:
    """Twenty-five years of labour migrants that come and go, and refugees in some years."""
    years = np.arange(LAST - 25, LAST)
    labour = 20_000 + 8_000 * np.sin(np.arange(25))
    refugees = np.array([waves.get(int(year), 0.0) for year in years])
    net = labour[:, None, None] * LABOUR + refugees[:, None, None] * PROFILE
    return NationalFlows(years, net, np.full(25, 4e6))


def test_waves_are_found_where_they_are() -> None:
    waves = {2003: 15_000.0, 2011: 30_000.0}
    found = wave_persons(nation(waves), LAST, PROFILE)
    years = np.arange(LAST - 25, LAST)
    for year, persons in waves.items():
        assert found[years == year][0] == pytest.approx(persons, rel=0.25)
    assert found[~np.isin(years, list(waves))].max() < 4000


def test_no_wave_in_a_short_series() -> None:
    assert not wave_persons(nation({2011: 30_000.0}), LAST - 15, PROFILE).any()


def test_lean_has_weighted_mean_zero() -> None:
    population = np.array([100.0, 1000.0, 50_000.0])
    weight = np.random.default_rng(1).uniform(1, 9, (3, 2, 4))
    np.testing.assert_allclose((lean(population, weight) * weight).sum(0), 0, atol=1e-9)
    assert lean(population, population)[0] > lean(population, population)[2]


def made(tilt: float, waves: dict[int, float]) -> Flows:
    """Flows of a made-up country whose refugees lean by `tilt`."""
    flows = derive_flows(history(24, 0.1), mortality())
    wave = Settlement(flows.years, np.array([waves.get(int(y), 0.0) for y in flows.years]), PROFILE, tilt, 0.0)
    return flows.less(-settled(flows, wave))


def test_tilt_is_estimated_and_its_migrants_sum_to_zero() -> None:
    waves = {2009: 8_000.0, 2010: 12_000.0}
    series = nation(waves)
    flows = made(0.4, waves)
    found = estimate_settlement(flows, series, LAST, PROFILE)
    assert found.used
    assert found.tilt == pytest.approx(0.4, abs=0.15)
    moved = settled(flows, found)
    assert np.abs(moved.sum(0)).max() <= 1e-9 * np.abs(moved).sum(0).max()
    assert moved[0, :, 1:40].sum() > 0  # the smallest place gets more than its share


def test_without_a_wave_nothing_is_used() -> None:
    found = estimate_settlement(made(0.0, {}), nation({}), LAST, PROFILE)
    assert not found.used
    assert found.in_year(FIRST) == 0


def test_key_sums_to_one_and_favours_the_small() -> None:
    population = np.array([500.0, 5_000.0, 500_000.0])
    key = Settlement(np.arange(3), np.zeros(3), PROFILE, 0.3, 0.05).key(population)
    assert key.sum() == pytest.approx(1)
    assert (np.diff(key / population) < 0).all()
