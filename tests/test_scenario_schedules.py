"""Mortality decline and level, life expectancy, age at childbearing."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conftest import ROOT
from demosim.scenario.schedules import (
    decline_that_reaches,
    hazard,
    life_expectancy,
    scaled_decline,
    scaled_level,
    shifted_schedule,
)

probs = hnp.arrays(float, (4, 2, 5), elements=st.floats(1e-6, 0.9))
factors = st.floats(0.2, 4.0)


def test_life_expectancy_of_statistics_norway_2024() -> None:
    """81.59 for men and 84.80 for women in 2024, stated with the table of probabilities."""
    with (ROOT / "data" / "facts" / "mortality.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    prob = np.array([[float(row[f"death_prob_{sex}"]) for row in rows] for sex in ("male", "female")])
    newborn = np.array([0.99784, 0.99847])
    np.testing.assert_allclose(life_expectancy(prob, newborn, 1), [81.59, 84.80], atol=0.1)


def test_life_expectancy_by_hand() -> None:
    """Three classes of one year: 1/2 in the year of birth, then 1, then 3/4, and two years in the open group.

    Of 1 000 born all reach the end of the year; no one dies in the next; half do in the third; of those in the open
    group half die each year, so each lives 1.5 years more.
    """
    prob = np.array([0.0, 0.5, 0.5])
    assert life_expectancy(prob, np.array(1.0), 1) == pytest.approx(0.5 + 1.0 + 0.75 + 0.5 * 1.5)


def test_life_expectancy_of_five_year_steps_is_near_that_of_single_years() -> None:
    """Those in the class 0-4 are 2.5 years old on average and live through the yearly rates 2 to 6."""
    yearly = np.exp(-9.5 + 8.6 * np.arange(127) / 100)
    single = life_expectancy(1 - np.exp(-yearly[:120]), np.array(1.0), 1)
    cumulated = yearly[2:127].reshape(25, 5).sum(1)
    newborn = np.exp(-yearly[:2].sum())
    assert life_expectancy(1 - np.exp(-cumulated), newborn, 5) == pytest.approx(float(single), abs=0.15)


@given(probs, factors)
def test_a_scaled_decline_and_its_inverse_return(prob: np.ndarray, factor: float) -> None:
    there = scaled_decline(prob, np.array(factor))
    if there.max() < 0.999999 and there.min() > 1e-12:
        np.testing.assert_allclose(scaled_decline(there, np.array(1 / factor)), prob, rtol=1e-8)
    np.testing.assert_array_equal(there[0], prob[0])
    np.testing.assert_array_equal(scaled_decline(prob, np.array(1.0)), prob)


@given(probs)
def test_no_decline_freezes_mortality(prob: np.ndarray) -> None:
    np.testing.assert_allclose(scaled_decline(prob, np.array(0.0)), np.broadcast_to(prob[0], prob.shape), rtol=1e-12)


@given(probs, factors)
def test_a_scaled_level_and_its_inverse_return(prob: np.ndarray, factor: float) -> None:
    there = scaled_level(prob, np.array(factor))
    np.testing.assert_allclose(hazard(there), factor * hazard(prob), rtol=1e-10)
    np.testing.assert_allclose(scaled_level(there, np.array(1 / factor)), prob, rtol=1e-10)
    np.testing.assert_array_equal(scaled_level(prob, np.array(1.0)), prob)


def test_certain_death_and_no_death_stay() -> None:
    prob = np.array([[0.0, 1.0, 0.5], [0.0, 1.0, 0.4]])
    np.testing.assert_array_equal(scaled_decline(prob, np.array(2.0))[:, :2], prob[:, :2])
    np.testing.assert_array_equal(scaled_level(prob, np.array(2.0))[:, :2], prob[:, :2])


def test_the_factor_found_gives_the_life_expectancy_asked_for() -> None:
    ages = np.arange(100)
    rate = np.exp(-9.5 + 0.09 * ages)
    now, then = 1 - np.exp(-rate), 1 - np.exp(-0.85 * rate)
    factor = decline_that_reaches(79.0, (now, 0.997), (then, 0.9975), 1)
    assert factor is not None
    both = np.stack([np.append(now, 0.003), np.append(then, 0.0025)])
    moved = scaled_decline(both, np.array(factor))[1]
    assert life_expectancy(moved[:-1], np.array(1 - moved[-1]), 1) == pytest.approx(79.0, abs=1e-9)
    assert decline_that_reaches(130.0, (now, 0.997), (then, 0.9975), 1) is None
    assert decline_that_reaches(79.0, (now, 0.997), (now, 0.997), 1) is None


schedules = hnp.arrays(float, (2, 40), elements=st.floats(0, 1)).map(lambda a: np.pad(a, ((0, 0), (12, 12))))


@given(schedules, st.floats(-8, 8))
def test_a_shift_keeps_the_total_and_moves_the_mean_exactly(schedule: np.ndarray, shift: float) -> None:
    ages = np.arange(schedule.shape[1])
    moved = shifted_schedule(schedule, np.array([shift, 0.0]))
    np.testing.assert_allclose(moved.sum(1), schedule.sum(1), rtol=1e-12)
    np.testing.assert_allclose(moved[0] @ ages, schedule[0] @ ages + shift * schedule[0].sum(), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(moved[1], schedule[1])
    assert (moved >= 0).all()


def test_a_shift_by_whole_classes_and_back_returns_and_the_ends_hold_what_passes_them() -> None:
    schedule = np.array([[0.0, 0.0, 0.3, 0.7, 0.0, 0.0]])
    there = shifted_schedule(schedule, np.array([2.0]))
    np.testing.assert_array_equal(there, [[0.0, 0.0, 0.0, 0.0, 0.3, 0.7]])
    np.testing.assert_array_equal(shifted_schedule(there, np.array([-2.0])), schedule)
    np.testing.assert_array_equal(shifted_schedule(schedule, np.array([4.0])), [[0, 0, 0, 0, 0, 1.0]])
