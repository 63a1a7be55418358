"""Result files that are cut, changed, not ours or of another version: a clear refusal from every command that reads."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

import made_up_result
import sweep_country
from demosim.cli import main
from demosim.errors import DemosimError
from demosim.outputs.netcdf import FORMAT, read_assumptions, read_result, write_result
from demosim.outputs.seal import is_broken, seal
from every_command import CALLS, contents

NOT_WHOLE = r"is damaged or cut short|is not a NetCDF file"
SEAL = len(b"\ndemosim crc32 00000000\n")
MORE = {  # calls in which the bad file is not the first result
    "compare the other way": "compare GOOD.nc BAD.nc",
    "explain": "compare GOOD.nc BAD.nc --explain",
    "export csv": "export BAD.nc --output out.csv",
    "export nc": "export BAD.nc --output out.nc",
    "export beside": "export GOOD.nc BAD.nc --output out.xlsx",
    "report beside": "report GOOD.nc BAD.nc --output out.html",
    "pages of one": "pages BAD.nc --output out --municipality R1",
    "pages with a sensitivity": "pages GOOD.nc --output out --sensitivity BAD.nc",
    "show": "show sources BAD.nc",
    "plot": "plot BAD.nc --figure yearly --output out.svg",
    "continue": "run small.toml --continue BAD.nc",
}
NO_RESULT = {
    "run": "see continue above", "show": "see show above", "check": "reads a scenario or a data set",
    "resolve": "reads a scenario", "list": "reads a data set", "validate results": "reads the embedded data",
    "validate june-march": "reads the embedded data", "validate population": "reads the embedded data",
    "sweep": "reads a scenario", "sensitivity": "reads a scenario", "fan": "reads a scenario",
    "refugees": "reads a scenario", "survey": "reads a table", "calibrate": "reads a history",
    "calibrate-costs": "reads targets", "backtest": "reads a history", "init": "reads nothing",
    "data fetch": "reads the store", "data list": "reads the store", "data verify": "reads the store",
    "data show": "reads the store", "data prune": "reads the store", "data history": "reads the store",
    "data build": "reads the store or a declaration",
}  # fmt: skip
READING = {
    name: f"{name} {re.sub('(small|norway).nc', 'BAD.nc', lines[0]).replace('other.nc', 'GOOD.nc')}"
    for name, lines in CALLS.items()
    if name not in NO_RESULT
}
COMMANDS = {name: shlex.split(line) for name, line in {**READING, **MORE}.items()}


def test_every_command_that_reads_results_is_here() -> None:
    """One that takes files or results and has no call here has a reason."""
    assert set(NO_RESULT) <= set(CALLS)
    assert all("BAD.nc" in words for words in COMMANDS.values())


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A result with its assumptions, as bytes."""
    path = tmp_path_factory.mktemp("good") / "good.nc"
    run = made_up_result.small().isel(municipality=[0, 1], date=slice(0, 3), year=slice(0, 2), budget_year=slice(0, 2))
    write_result(path, run, "run", run[["population"]])
    return path.read_bytes()


@pytest.fixture
def here(tmp_path: Path, good: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with a good result; nothing but what a test puts there may be in it afterwards."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "GOOD.nc").write_bytes(good)
    sweep_country.scenario_file(tmp_path)
    texts = {"groups.csv": "municipality,group\nR1,a\nR2,b\n", "changes.csv": "old,new\nR1,R9\nR2,R9\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = contents(tmp_path)
    yield tmp_path
    left = {name: content for name, content in contents(tmp_path).items() if name != "BAD.nc"}
    assert left == before, "something was left behind"
    assert not (tmp_path / "out").exists()


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says of a bad file: one line that names it, on stderr alone."""
    with pytest.raises(SystemExit) as end:
        main(words)
    printed = capsys.readouterr()
    assert int(end.value.code or 0) in (1, 2)
    assert printed.out == ""
    assert printed.err.startswith("BAD.nc: ")
    assert len(printed.err.splitlines()) == 1
    return printed.err


def test_the_good_file_is_good(here: Path, good: bytes) -> None:
    assert not is_broken(here / "GOOD.nc")
    assert read_result(here / "GOOD.nc").sizes["municipality"] == 2
    with netCDF4.Dataset("GOOD.nc") as file:  # other programs pass over the seal
        assert "population" in file.variables
        assert "assumptions" in file.groups


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_a_file_with_one_bit_changed(
    here: Path, good: bytes, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    at = np.random.default_rng(len(command)).integers(8, len(good) - SEAL)
    (here / "BAD.nc").write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :])
    assert "is damaged or cut short; make it again" in refused(COMMANDS[command], capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_a_file_that_was_cut(
    here: Path, good: bytes, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "BAD.nc").write_bytes(good[: len(good) // 2])
    assert "is damaged or cut short" in refused(COMMANDS[command], capsys)


@pytest.mark.parametrize("command", ["compare", "export", "report", "pages", "plot"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a NetCDF file"), (b"PK\x03\x04", "is not a NetCDF file"), (b"\x89HDF\r\n\x1a\n", "is damaged"),
        (b"CDF\x01", "is damaged"), (b"name = 'x'\n", "is not a NetCDF file"), (None, "there is no such file"),
    ],
)  # fmt: skip
def test_every_command_refuses_what_is_no_result(
    here: Path, command: str, content: bytes | None, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (here / "BAD.nc").write_bytes(content)
    assert says in refused(COMMANDS[command], capsys)


@pytest.mark.parametrize("seed", range(400))
def test_any_bit_that_changes_is_noticed(tmp_path: Path, good: bytes, seed: int) -> None:
    """Or it is one of the seal's own mark, and the content is what it was."""
    random = np.random.default_rng(seed)
    at, bit = int(random.integers(len(good))), int(random.integers(8))
    path = tmp_path / "flipped.nc"
    path.write_bytes(good[:at] + bytes([good[at] ^ (1 << bit)]) + good[at + 1 :])
    if at < len(good) - SEAL or is_broken(path):
        with pytest.raises(DemosimError, match=NOT_WHOLE):
            read_result(path)
        with pytest.raises(DemosimError, match=NOT_WHOLE):
            read_assumptions(path)
    else:
        assert read_result(path).sizes["municipality"] == 2


def test_any_cut_is_noticed(tmp_path: Path, good: bytes) -> None:
    """At many lengths, at each of the first hundred bytes, and at each of the last; in the seal nothing is lost."""
    path = tmp_path / "cut.nc"
    lengths = [*range(100), *range(100, len(good), len(good) // 150), *range(len(good) - 100, len(good))]
    for length in lengths:
        path.write_bytes(good[:length])
        if length >= len(good) - SEAL:
            assert read_result(path).sizes["municipality"] == 2
            continue
        with pytest.raises(DemosimError, match=NOT_WHOLE):
            read_result(path)


def test_a_piece_that_was_lost_in_the_middle_or_zeroed_is_noticed(tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "hole.nc"
    for start in range(100, len(good) - 5000, len(good) // 20):
        for content in (good[:start] + good[start + 512 :], good[:start] + bytes(512) + good[start + 512 :]):
            path.write_bytes(content)
            if content != good:
                with pytest.raises(DemosimError, match="is damaged"):
                    read_result(path)


def test_two_results_one_after_the_other_are_none(tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "twice.nc"
    path.write_bytes(good + good)
    with pytest.raises(DemosimError, match="is damaged"):
        read_result(path)


@pytest.mark.parametrize("form", [0, FORMAT + 1, 99, "two", 1.5, None])
def test_another_version_is_named_and_not_guessed_at(
    here: Path, form: object, capsys: pytest.CaptureFixture[str]
) -> None:
    attrs = {"demosim_kind": "run", "demosim_version": "7.3"} | ({} if form is None else {"demosim_format": form})
    xr.Dataset({"population": ("x", [1.0])}, attrs=attrs).to_netcdf(here / "BAD.nc", engine="netcdf4")
    for command in ("compare", "export", "report", "pages", "plot"):
        said = refused(COMMANDS[command], capsys)
        assert "was written by demosim 7.3 in a form that this version cannot read" in said


def test_a_file_that_another_program_changed_has_no_seal_and_is_read(tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "changed.nc"
    path.write_bytes(good)
    with netCDF4.Dataset(path, "a") as file:
        file.setncattr("note", "looked at")
    assert not is_broken(path)
    assert read_result(path).attrs["note"] == "looked at"
    seal(path)
    assert not is_broken(path)
    path.write_bytes(path.read_bytes().replace(b"looked at", b"looked in"))
    assert is_broken(path)


def test_a_result_of_the_wrong_kind_or_without_what_is_needed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_result(here / "BAD.nc", xr.Dataset({"population": ("x", [1.0])}), "fan")
    for command in ("compare", "export", "pages"):
        assert "is a result of the kind fan; a result of the kind run" in refused(COMMANDS[command], capsys)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a thing of POSIX")
def test_a_pipe_is_no_file_and_nothing_waits_for_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(here / "BAD.nc")
    assert "there is no such file" in refused(COMMANDS["report"], capsys)


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(DemosimError):
            read_result(tmp_path / name)
