"""Age bands, values by year and by sex: what is taken and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demosim.axes import band_members, parse_band
from demosim.errors import DemosimError
from demosim.scenario.forms import BySex, Form, Report, dotted, parse_value
from demosim.scenario.read import read_scenario
from demosim.scenario.series import Segment, Series
from demosim.scenario.shares import age_classes

SINGLE, BY_FIVE = np.arange(106), np.arange(0, 90, 5)


@pytest.mark.parametrize(
    ("ages", "width", "text", "members"),
    [
        (SINGLE, 1, "0-5", (0, 5)),
        (SINGLE, 1, "80+", (80, 105)),
        (SINGLE, 1, "7", (7, 7)),
        (SINGLE, 1, "100-105", (100, 105)),
        (SINGLE, 1, "90-120", (90, 105)),
        (BY_FIVE, 5, "5-14", (5, 10)),
        (BY_FIVE, 5, "80+", (80, 85)),
        (BY_FIVE, 5, "0-89", (0, 85)),
        (BY_FIVE, 5, "75-120", (75, 85)),
        (BY_FIVE, 5, "85+", (85, 85)),
    ],
)
def test_a_band_has_its_classes(ages: np.ndarray, width: int, text: str, members: tuple[int, int]) -> None:
    band = parse_band(text)
    assert band is not None
    found = band_members(ages, width, *band)
    assert found is not None
    assert (ages[found].min(), ages[found].max()) == members


@pytest.mark.parametrize("text", ["0-5", "3+", "7", "80-86", "0-83"])
def test_a_band_that_cuts_a_class_of_five_years_is_refused(text: str) -> None:
    report = Report(None, None)
    assert age_classes(text, ("ages",), BY_FIVE, 5, report) is None
    assert "does not begin and end with the age classes" in report.group.problems[0].what


@pytest.mark.parametrize("text", ["", "-5", "5-", "a-b", "10-5", "1000", "5--7", "+80"])
def test_what_is_no_band(text: str) -> None:
    assert parse_band(text) is None


def parsed(form: Form, raw: object) -> object:
    report = Report(None, None)
    value = parse_value(form, raw, ("knob",), report)
    assert (value is None) == bool(report.group.problems)
    return value if value is not None else report.group.problems[0].code


@pytest.mark.parametrize(
    ("form", "raw", "expected"),
    [
        ("number", 3, Series(number=3.0)),
        ("number", True, "wrong_type"),
        ("number", {"2026": 1}, "wrong_type"),
        ("number", 10**400, "not_finite"),
        ("series", "1 000,5", "wrong_type"),
        ("series", [1], "wrong_type"),
        ("series", {"2026": 1}, Series(segments=(Segment(2026, 2026, 1.0, 1.0, "2026"),))),
        ("series", {"2026–2028": [1, 2]}, Series(segments=(Segment(2026, 2028, 1.0, 2.0, "2026–2028"),))),
        ("series", {"2026": [1, 2]}, "wrong_type"),
        ("series", {"2026": {"a": 1}}, "wrong_type"),
        ("series", {"": 1}, "bad_year_key"),
        ("by_sex", 2, BySex(Series(number=2.0), Series(number=2.0))),
        ("by_sex", {"male": 2}, BySex(male=Series(number=2.0))),
        ("by_sex", {}, "wrong_type"),
        ("by_sex", {"male": 1, "2026": 2}, "unknown_key"),
        ("by_sex", "x", "wrong_type"),
        ("date", 10_000, "wrong_type"),
        ("date", True, "wrong_type"),
        ("date", 2028.5, "wrong_type"),
    ],
)
def test_forms(form: Form, raw: object, expected: object) -> None:
    assert parsed(form, raw) == expected


def test_text_that_is_a_number_is_told_without_its_quotes() -> None:
    report = Report(None, None)
    for raw in ("1 000,5", "many", "nan"):
        parse_value("series", raw, ("knob",), report)
    assert [problem.suggestion for problem in report.group.problems] == ["1000.5", None, None]


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(2020, 2030), st.integers(1, 10))
def test_a_straight_line_meets_both_ends(start: float, end: float, first: int, length: int) -> None:
    years = np.arange(2015, 2045)
    series = Series(segments=(Segment(first, first + length, start, end, "x"),))
    filled = series.fill(years, -1.0)
    inside = (years >= first) & (years <= first + length)
    assert filled[inside][0] == pytest.approx(start)
    assert filled[inside][-1] == pytest.approx(end, abs=1e-9)
    assert (filled[~inside] == -1.0).all()
    np.testing.assert_allclose(np.diff(filled[inside]), (end - start) / length, atol=1e-9)


def test_a_key_path_as_a_reader_writes_it() -> None:
    assert dotted(("control", 1, "ages")) == "control[2].ages"
    assert dotted(("streams", "ukraine", "net", "2026")) == "streams.ukraine.net.2026"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(DemosimError, match="is not a regular file"):
        read_scenario(tmp_path / "pipe.toml")
