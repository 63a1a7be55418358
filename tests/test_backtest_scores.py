"""Measures of error, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demosim.baseline.calibrate.sizes import size_classes
from demosim.uncertainty.scores import MEASURES, age_group, errors, mean_over_launches, score


def test_errors_by_hand() -> None:
    found = errors(np.array([110.0, 190.0, 51.0]), np.array([100.0, 200.0, 50.0]))
    assert found["bias"] == pytest.approx(100 * (351 / 350 - 1))
    assert found["mean_error"] == pytest.approx((10 - 5 + 2) / 3)
    assert found["MAPE"] == pytest.approx((10 + 5 + 2) / 3)
    assert found["median_APE"] == pytest.approx(5)
    assert found["WAPE"] == pytest.approx(100 * 21 / 350)
    assert found["within_5"] == pytest.approx(100 / 3)  # five is not below five


def test_a_place_without_people_counts_in_the_sum_only() -> None:
    found = errors(np.array([3.0, 10.0]), np.array([0.0, 10.0]))
    assert found["MAPE"] == 0
    assert found["WAPE"] == pytest.approx(30)


def test_nobody_at_all_is_not_a_number() -> None:
    assert all(np.isnan(value) for value in errors(np.zeros(2), np.zeros(2)).values())


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=20), st.floats(0.5, 2))
def test_a_common_factor_gives_that_error_everywhere(observed: list[float], factor: float) -> None:
    truth = np.array(observed)
    found = errors(truth * factor, truth)
    assert found["bias"] == pytest.approx(100 * (factor - 1), abs=1e-6)
    assert found["MAPE"] == pytest.approx(abs(100 * (factor - 1)), abs=1e-6)
    assert found["WAPE"] == pytest.approx(found["MAPE"], abs=1e-6)


def test_size_classes_are_half_open() -> None:
    classes = size_classes(np.array([1999.0, 2000.0, 2001.0]), (2000,))
    assert classes["0-2000"].tolist() == [True, False, False]
    assert classes["2000+"].tolist() == [False, True, True]


def test_age_groups_include_their_last_age() -> None:
    people = np.ones((2, 2, 101))
    assert age_group(people, (6, 15)).tolist() == [20, 20]
    assert age_group(people, (80, None)).tolist() == [42, 42]


def test_score_has_every_group_and_class() -> None:
    import pandas as pd

    people = np.random.default_rng(1).uniform(1, 99, (6, 2, 101))
    rows = list(score(people * 1.1, people, people, (5000.0,)))
    assert len(rows) == 6 * 3
    table = pd.DataFrame([row | {"launch": 2010, "ahead": 1, "method": "x"} for row in rows])
    mean = mean_over_launches(table)
    assert set(MEASURES) <= set(mean.columns)
    assert mean.loc[mean["size"] == "all", "bias"].to_numpy() == pytest.approx(10.0)
