"""Selections counted as the API counts them, and split so that every part is allowed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demosim.errors import DemosimError
from demosim.sources.selection import cells, expand, split

YEARS = [str(year) for year in range(2015, 2027)]
PLACES = ["0", "0301", "1101", "4601", "K-1508"]


@pytest.mark.parametrize(
    ("expression", "count", "first"),
    [
        ("*", 12, "2015"), ("top(3)", 3, "2024"), ("TOP(3,2)", 3, "2022"), ("bottom(2)", 2, "2015"),
        ("bottom(2,1)", 2, "2016"), ("from(2020)", 7, "2020"), ("to(2018)", 4, "2015"), ("range(2018,2020)", 3, "2018"),
        ("range(2020,2018)", 3, "2018"), ("201?", 5, "2015"), ("*6", 2, "2016"), ("top(99)", 12, "2015"),
        ("2020", 1, "2020"),
    ],
)  # fmt: skip
def test_expressions_on_time(expression: str, count: int, first: str) -> None:
    chosen = expand([expression], YEARS, time=True)
    assert (len(chosen), chosen[0]) == (count, first)


def test_top_of_another_dimension_takes_the_first() -> None:
    assert expand(["top(2)"], PLACES) == ["0", "0301"]
    assert expand(["bottom(1)"], PLACES) == ["K-1508"]


def test_overlaps_count_once_and_case_does_not_matter() -> None:
    assert expand(["2026", "top(1)", "2026"], YEARS, time=True) == ["2026"]
    assert expand(["k-1508", "????"], PLACES) == ["0301", "1101", "4601", "K-1508"]


@pytest.mark.parametrize(
    "wrong", ["top()", "top(1,2,3)", "top(x)", "from(1,2)", "range(2020)", "from(1999)", "9*", "nowhere"]
)
def test_what_fits_nothing_is_said(wrong: str) -> None:
    with pytest.raises(DemosimError) as raised:
        expand([wrong], YEARS, time=True, dim="07459.Tid")
    assert "07459.Tid" in str(raised.value)


def test_a_near_code_is_suggested() -> None:
    with pytest.raises(DemosimError, match='did you mean "0301"'):
        expand(["0302"], PLACES)


def test_the_limit_itself_is_one_part_and_one_cell_more_is_two() -> None:
    codes = {"Region": [str(i) for i in range(800_000)], "Tid": ["2026"]}
    assert len(list(split(codes, "Tid", 800_000))) == 1
    codes["Region"].append("one more")
    parts = list(split(codes, "Tid", 800_000))
    assert [cells(part) for part in parts] == [800_000, 1]


def test_time_is_split_before_anything_else() -> None:
    codes = {"Region": [str(i) for i in range(357)], "Alder": [str(i) for i in range(212)], "Tid": YEARS}
    parts = list(split(codes, "Tid", 800_000))
    assert [len(part["Tid"]) for part in parts] == [10, 2]
    assert all(len(part["Region"]) == 357 for part in parts)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=3), st.integers(1, 6), st.integers(1, 200))
def test_parts_are_allowed_and_cover_every_cell_once(lengths: list[int], years: int, limit: int) -> None:
    codes = {f"d{i}": [f"{i}.{j}" for j in range(length)] for i, length in enumerate(lengths)}
    codes["Tid"] = [str(year) for year in range(years)]
    parts = list(split(codes, "Tid", limit))
    assert all(cells(part) <= limit for part in parts)
    assert sum(cells(part) for part in parts) == cells(codes)
    seen = {tuple(tuple(chosen) for chosen in part.values()) for part in parts}
    assert len(seen) == len(parts)


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(DemosimError, match="limit of 0"):
        list(split({"Tid": ["2026"]}, "Tid", 0))
