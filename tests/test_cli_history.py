"""The commands that look back: what they need, what they print and leave behind."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

import made_up
from demosim.cli import Settings, main
from demosim.cli.progress import progress_bar
from made_up_history import LAST, history, national_table, write_files


def call(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(str(ended.value.code))


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """A made-up past with its companions, the long series of the country among them."""
    made = history(24)
    national_table(made, tmp_path / "population_norway_1986_2026.csv")
    return write_files(tmp_path, made)


@pytest.mark.parametrize("words", [["backtest"], ["calibrate", "--launch", "2026", "--output", "x"]])
def test_without_a_history_the_way_to_one_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*words) == 2
    said = capsys.readouterr()
    assert "--history: names no file" in said.err
    assert "demosim data fetch" in said.err
    assert not said.out


def test_help_needs_no_history(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("backtest", "--help") == 0
    assert "[required]" in capsys.readouterr().out


def test_calibrate_reports_and_writes(past: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    cuts = "3000,20000"
    assert call("calibrate", "--history", past, "--launch", str(LAST), "--cuts", cuts, "--output", output) == 0
    said = capsys.readouterr().out
    for words in ("0-3000", "3000-20000", "20000+", "Age shape", "lasting variance between municipalities"):
        assert words in said
    assert said.startswith((output / "calibration.txt").read_text(encoding="utf-8"))
    assert xr.load_dataset(output / "estimates.nc").sizes["municipality"] == 24


def test_the_data_set_says_what_refugees_are_like(
    past: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    country = made_up.small_country(last_age=100, steps=3)
    named = made_up.write(country.assign_attrs(refugee_profile="crisis"), tmp_path / "named")
    plain = made_up.write(country, tmp_path / "plain")
    request = ["calibrate", "--history", past, "--launch", str(LAST), "--output", tmp_path / "out", "--baseline"]
    assert call(*request, named) == 0
    assert "Waves of refugees lean" in capsys.readouterr().out
    assert call(*request, plain) == 0
    assert "Waves of refugees are not kept apart" in capsys.readouterr().out


def test_backtest_prints_both_halves_and_writes_both_forms(
    past: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = ["backtest", "--history", past, "--launch", "2010:2013", "--ahead", "1,2", "--confirm-from", "2012"]
    assert call(*request, "--cuts", "5000", "--output", tmp_path / "scores") == 0
    said = capsys.readouterr().out
    assert "launches used for choices (2010-2011, 2 launches)" in said
    assert "confirmation (2012-2013, 2 launches)" in said
    for method in ("no change", "linear trend", "demosim", "oracle"):
        assert method in said
    table = pd.read_csv(tmp_path / "scores.csv")
    assert set(table["size"]) == {"all", "0-5000", "5000+"}
    assert set(table["group"]) == {"total", "0-5", "6-15", "16-18", "67-79", "80+"}
    stored = xr.load_dataset(tmp_path / "scores.nc")
    row = table.query("launch == 2012 and ahead == 2 and method == 'demosim' and group == '80+' and size == '5000+'")
    at = {"launch": 2012, "ahead": 2, "method": "demosim", "group": "80+", "size": "5000+"}
    assert float(stored["wape"].sel(at)) == pytest.approx(float(row["WAPE"].iloc[0]), abs=1e-4)


def test_cuts_that_are_no_numbers(past: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("backtest", "--history", past, "--cuts", "small") == 2
    assert "--cuts" in capsys.readouterr().err


class Terminal(io.StringIO):
    """Somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("settings", "terminal", "shown"),
    [
        (Settings(), True, True),
        (Settings(), False, False),
        (Settings(quiet=True), True, False),
        (Settings(as_json=True), True, False),
    ],
)
def test_a_bar_of_counts_only_where_somebody_watches(
    settings: Settings, terminal: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", Terminal() if terminal else io.StringIO())
    with progress_bar(settings) as report:
        assert (report is not None) == shown
        if report is not None:
            report(3, 10)
            report(10, 10)


def test_a_bar_shows_how_many_are_done_and_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    with progress_bar(Settings()) as report:
        assert report is not None
        report(20, 50)
    assert "20/50" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")  # the line is wiped


def test_backtest_of_bands_shows_both_halves_and_the_record(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = ["--lang", "en", "backtest", "--fan", "--history", shared_data / "population_history.nc"]
    assert call(*request, "--launch", "2016,2017", "--draws", "10", "--output", tmp_path / "fan.csv") == 0
    said = capsys.readouterr().out
    for words in ("next year, country", "launches used for choices", "confirmation", "mean_absolute_miss: 0.43"):
        assert words in said
    assert "67.0" in said, "levels in per cent"
    table = pd.read_csv(tmp_path / "fan.csv")
    assert set(table["launch"]) == {2016, 2017}
    assert table[["67%", "80%"]].stack().between(0, 1).all()
    assert (table["67%"] <= table["80%"]).all()
