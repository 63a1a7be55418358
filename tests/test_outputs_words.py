"""Numbers, messages and tables of the terminal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demosim.outputs.numbers import number, percent
from demosim.outputs.tables import Table, cell_text, print_table, print_text
from demosim.rounding import rounded_parts


@pytest.mark.parametrize(
    ("value", "decimals", "lang", "text"),
    [
        (1234567.0, 0, "nb", "1\u00a0234\u00a0567"),
        (-0.004, 2, "nn", "0,00"),
        (-12.35, 1, "en", "−12.3"),
        (float("nan"), 1, "nb", "–"),
        (0.0, 0, "nb", "0"),
    ],
)
def test_numbers(value: float, decimals: int, lang: str, text: str) -> None:
    assert number(value, decimals, lang) == text


def test_percentages() -> None:
    assert percent(-0.123, 1, "nb") == "−12,3\u00a0%"
    assert percent(0.5, 0, "en") == "50%"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12))
def test_rounded_parts_add_to_the_rounded_sum_and_stay_within_one(parts: list[float]) -> None:
    values = np.array(parts)
    shown = rounded_parts(values)
    assert shown.sum() == np.floor(values.sum() + 0.5)
    assert (abs(shown - values) <= 1 + 1e-6).all()


def test_rounded_parts_of_a_table_add_column_by_column() -> None:
    table = np.random.default_rng(0).normal(0, 3, (6, 10))
    shown = rounded_parts(table)
    assert np.array_equal(shown.sum(axis=0), np.floor(table.sum(axis=0) + 0.5))
    given_total = rounded_parts(table, shown.sum(axis=0) + 1)
    assert np.array_equal(given_total.sum(axis=0), shown.sum(axis=0) + 1)


def test_a_table_fits_its_width_and_carries_no_colour_off_a_terminal() -> None:
    rows = [("a label that is rather long for a row", [1.0, -2.5, None]), ("Sum", [3.0, 4.0, "text"])]
    out = io.StringIO()
    print_table(Table("key", "Title", ["", "x", "y", "z"], rows, 1, ["Sum"], ["a note"]), "nb", out, width=50)
    lines = out.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 50
    assert "\x1b" not in out.getvalue()
    assert "−2,5" in out.getvalue()
    assert "–" in out.getvalue()
    assert lines[0] == "Title"


def test_text_is_wrapped() -> None:
    out = io.StringIO()
    print_text("word " * 60, out)
    assert max(len(line) for line in out.getvalue().splitlines()) <= 80


def test_machines_get_plain_numbers() -> None:
    data = Table("k", "t", ["", "a"], [("r", [1.23456])], 1).as_data()
    assert data["rows"] == [{"label": "r", "values": [1.23456]}]
    assert cell_text(1.23456, 1, "nb") == "1,2"
