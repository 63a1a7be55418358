"""Controlled rounding: neighbours only, margins that agree, nothing left to chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from demosim.errors import DemosimError
from demosim.rounding import controlled_rounding

TABLES = arrays(
    float, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-50, 500).map(lambda x: round(x, 3))
)


def neighbours(whole: np.ndarray, exact: np.ndarray) -> bool:
    """Each whole number is the one just below or just above."""
    return bool((abs(whole - exact) < 1 + 1e-6).all())


@given(TABLES)
@settings(max_examples=150, deadline=None)
def test_cells_margins_and_total_go_to_a_neighbour(table: np.ndarray) -> None:
    whole = controlled_rounding(table)
    assert neighbours(whole, table)
    assert neighbours(whole.sum(0), table.sum(0))
    assert neighbours(whole.sum(1), table.sum(1))
    assert abs(whole.sum() - table.sum()) <= 0.5 + 1e-6
    assert whole.dtype == np.int64


@given(TABLES)
@settings(max_examples=50, deadline=None)
def test_the_same_table_gives_the_same_numbers_and_whole_numbers_stay(table: np.ndarray) -> None:
    whole = controlled_rounding(table)
    assert (whole == controlled_rounding(table.copy())).all()
    assert (controlled_rounding(whole.astype(float)) == whole).all()


def test_margins_are_the_rounded_ones_where_these_agree() -> None:
    table = np.array([[10.3, 20.3, 30.3], [1.4, 2.3, 3.4]])  # plain rounding gives rows 60 and 6, not 61 and 7
    whole = controlled_rounding(table)
    assert list(whole.sum(1)) == [61, 7]
    assert list(whole.sum(0)) == [12, 22, 34] or list(whole.sum(0)) == [12, 23, 33]
    assert whole.sum() == 68


def test_one_row_is_the_largest_remainder_method() -> None:
    assert list(controlled_rounding(np.array([1.2, 1.7, 1.6, 0.5]))) == [1, 2, 2, 0]
    assert controlled_rounding(np.zeros((0, 3))).shape == (0, 3)


def test_a_large_table_is_nearest_for_almost_all_cells() -> None:
    table = np.random.default_rng(4).gamma(1.0, 30.0, (120, 32))
    whole = controlled_rounding(table)
    assert np.mean(whole == np.rint(table)) > 0.9
    assert np.mean(whole.sum(1) == np.rint(table.sum(1))) > 0.9


def test_missing_numbers_are_refused() -> None:
    with pytest.raises(DemosimError, match="missing numbers"):
        controlled_rounding(np.array([[1.0, np.nan]]))
