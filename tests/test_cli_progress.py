"""The bar of long jobs: rate and time left on a terminal, silence elsewhere."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import pytest

from demosim.cli import Settings
from demosim.cli.progress import progress_bar

ASIDE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours and moves of the cursor


class Terminal(io.StringIO):
    """A stderr that somebody watches."""

    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, **asked: Any) -> str | None:
    """What a job of 1 000 that has come to 700 leaves on stderr; None where it is not asked to tell."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress_bar(Settings(**asked)) as tell:
        if tell is None:
            return None
        for done in (300, 500, 700):  # the first is what an earlier sweep left
            tell(done, 1000)
    return ASIDE.sub("", stream.getvalue())


def test_a_terminal_shows_how_many_at_what_rate_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    said = drawn(monkeypatch, Terminal())
    assert said is not None
    assert "700/1000" in said
    rates = [int(found.replace(",", "")) for found in re.findall(r"([\d,]+)/s", said)]
    assert rates[-1] > 0
    assert re.findall(r"\d:\d\d:\d\d", said)


@pytest.mark.parametrize("asked", [{"quiet": True}, {"as_json": True}])
def test_only_results_are_shown_where_asked(monkeypatch: pytest.MonkeyPatch, asked: dict[str, bool]) -> None:
    stream = Terminal()
    assert drawn(monkeypatch, stream, **asked) is None
    assert stream.getvalue() == ""


def test_nothing_is_drawn_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    assert drawn(monkeypatch, stream) is None
    assert stream.getvalue() == ""
