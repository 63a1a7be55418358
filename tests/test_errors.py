"""Problems read the same wherever they come from."""

from __future__ import annotations

import pytest

from demosim.errors import DemosimError, Problem, ProblemGroup, did_you_mean, run_error, usage_error


def test_a_full_problem_reads_place_what_allowed_suggestion() -> None:
    problem = Problem("17 is above 5", file="a.toml", line=14, path="fertility.tfr", allowed="0 to 5", suggestion="1.7")
    assert str(problem) == "a.toml:14: fertility.tfr: 17 is above 5; 0 to 5; did you mean 1.7?"


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("is empty", file="a.toml"), "a.toml: is empty"),
        (Problem("is unknown", path="streams"), "streams: is unknown"),
        (Problem("no"), "no"),
    ],
)
def test_parts_that_are_not_known_are_left_out(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_group_raises_all_its_problems_in_the_order_of_lines() -> None:
    group = ProblemGroup("a.toml")
    group.raise_if_any()
    group.add("second", line=9)
    group.add("first", line=2, path="x")
    with pytest.raises(DemosimError) as caught:
        group.raise_if_any()
    assert str(caught.value) == "a.toml:2: x: first\na.toml:9: second"
    assert caught.value.exit_code == 2


def test_exit_codes_tell_runs_from_requests() -> None:
    assert run_error("x").exit_code == 1
    assert usage_error("x", file="f").exit_code == 2


def test_only_near_words_are_suggested() -> None:
    assert did_you_mean("Ukrane", ["ukraine", "ordinary"]) == '"ukraine"'
    assert did_you_mean("zzz", ["ukraine"]) is None


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\nb", r"a\nb"), ("a\r\n", r"a\r\n"), ("\x1b[2J", r"\x1b[2J"), ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\ud800", r"\ud800"), ("x\u2028y", r"x\u2028y"), ("\x00", r"\x00"),
        ("1\u202f000 – æøå −5\u00a0%", "1\u202f000 – æøå −5\u00a0%"),
    ],
)  # fmt: skip
def test_a_problem_is_one_line_and_steers_no_terminal(written: str, shown: str) -> None:
    """What a file says comes back in messages; it must not move the cursor, hide a line or turn the text around."""
    assert str(Problem(f'"{written}" is no name', path=written)) == f'{shown}: "{shown}" is no name'
