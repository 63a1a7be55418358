"""The bar of long jobs on a terminal; that it is silent elsewhere is tested with the histories."""

from __future__ import annotations

import io
import re
import sys

import pytest

from demosim.cli import Settings
from demosim.cli.progress import progress_bar

ASIDE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours and moves of the cursor


class Terminal(io.StringIO):
    """A stderr that somebody watches."""

    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch) -> str:
    """What a job of 1 000 that has come to 700 leaves on a terminal."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress_bar(Settings()) as tell:
        assert tell is not None
        for done in (300, 500, 700):  # the first is what an earlier sweep left
            tell(done, 1000)
    return ASIDE.sub("", stream.getvalue())


def test_a_terminal_shows_how_many_at_what_rate_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    said = drawn(monkeypatch)
    assert "700/1000" in said
    rates = [int(found.replace(",", "")) for found in re.findall(r"([\d,]+)/s", said)]
    assert rates[-1] > 0
    assert re.findall(r"\d:\d\d:\d\d", said)
