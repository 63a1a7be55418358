"""The experiments on the 2027 deviation give what the notes say."""

from __future__ import annotations

import pandas as pd
import pytest

from demosim.validation.candidates import candidates


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return candidates()


def test_the_default_is_ours_and_the_rest_are_changes(table: pd.DataFrame) -> None:
    default = table.loc["default"]
    assert default["outcome 2026"] == pytest.approx(2.244, abs=0.006)
    assert default["estimate 2027"] == pytest.approx(3.268, abs=0.006)
    assert default["miss"] == pytest.approx(default["outcome 2026"] - default["estimate 2026"], abs=1e-9)
    assert table.drop("default").abs().max().max() < 1.2


@pytest.mark.parametrize(
    ("name", "outcome", "estimate", "rise"),
    [
        ("0-5 one band", 0.36, -0.30, -0.67), ("care in steps", 0.13, 0.69, 0.55),
        ("without transport", -0.26, -0.27, 0),
        ("launched from 1 January 2024", 0, -0.24, -0.24), ("without the 6 000", 0, -0.60, -0.60),
        ("the 6 000 as ordinary migrants", 0, -0.06, -0.06), ("dating half a year later", 0.45, -0.51, -0.97),
        ("free = 0.8 x gross in every service", 0.07, -0.07, -0.14), ("accounts of 2023", 0.24, 0.28, 0.03),
        ("newborns of 2026 as many more as those of 2025", 0, 0.10, 0.10),
        ("newborns of the last year not carried on, in 2027", 0, -0.42, -0.42),
        ("persons of 1 January as divisor", 0.12, 0.13, 0.01),
        ("without after-school care", 0.14, 0.16, 0.02),
    ],
)  # fmt: skip
def test_what_the_notes_say(table: pd.DataFrame, name: str, outcome: float, estimate: float, rise: float) -> None:
    row = table.loc[name]
    assert row["outcome 2026"] == pytest.approx(outcome, abs=0.011)
    assert row["estimate 2027"] == pytest.approx(estimate, abs=0.011)
    assert row["2027 less 2026"] == pytest.approx(rise, abs=0.015)


def test_leaving_out_the_newborns_of_the_last_year_meets_2027_but_not_2026(table: pd.DataFrame) -> None:
    """1 462 more registered at age 0 in 2026 than in the round, 1 221 in 2025, at the cost of a 1-year-old."""
    both = table.loc["newborns of the last year not carried on, in both estimates"]
    default = table.loc["default"]
    assert default["estimate 2027"] + both["estimate 2027"] == pytest.approx(2.85, abs=0.011)
    assert both["estimate 2026"] == pytest.approx(-0.33, abs=0.011)
    assert both["miss"] == pytest.approx(0.33, abs=0.011)
    assert both["outcome 2026"] == 0


def test_nothing_that_leaves_2026_alone_and_only_shifts_levels_explains_the_rise(table: pd.DataFrame) -> None:
    for name in ("accounts of 2025", "without transport", "with administration", "persons of 1 January as divisor"):
        assert abs(table.loc[name, "2027 less 2026"]) < 0.05
