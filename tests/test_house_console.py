"""Every command that prints does so on a narrow console too: no true minus or thin space ends it with an error."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import made_up_result
import sweep_country
from demosim.cli import COMMANDS, main
from demosim.outputs.netcdf import write_result

PRINTING = {
    "run": [["run", "small.toml"], ["--json", "run", "small.toml"], ["--lang", "en", "run", "small.toml"]],
    "check": [["check", "small.toml"], ["check", "country"], ["check", "not-there-−.toml"]],
    "resolve": [["resolve", "small.toml"], ["--json", "resolve", "small.toml"]],
    "list": [["list", what] for what in ("municipalities", "services", "variants", "profiles", "knobs")],
    "show": [["show", "unit-costs"]],
    "validate": [["validate", "results"]],
    "compare": [["compare", "run.nc", "run.nc"]],
    "sweep": [["sweep", "small.toml", "--vary", "fertility.multiplier=0.9:1.1:0.1"]],
    "sensitivity": [["sensitivity", "small.toml"]],
    "fan": [["fan", "small.toml", "--draws", "16"]],
    "export": [["export", "run.nc", "--output", "e.xlsx"]],
    "report": [["report", "run.nc", "--output", "r−.html"]],
    "plot": [["plot", "run.nc", "--figure", "yearly", "--output", "p.svg"]],
    "init": [["init", "examples–"]],
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    sweep_country.scenario_file(tmp_path)
    text = (tmp_path / "small.toml").read_text(encoding="utf-8")
    (tmp_path / "small.toml").write_text(f'{text}\n[mortality]\nshock = 1.05\n', encoding="utf-8")
    write_result(tmp_path / "run.nc", made_up_result.small().assign_attrs(title="− – å ∑ 漢"), "run")
    return tmp_path


@pytest.mark.parametrize("encoding", ["cp1252", "cp865"])
@pytest.mark.parametrize("command", PRINTING)
def test_a_narrow_console_shows_what_it_can(
    here: Path, command: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """cp1252 is the console of a Norwegian Windows, cp865 that of its old command prompt."""
    for words in PRINTING[command]:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as end:
            main(words)
        out.flush()
        err.flush()
        said, told = out.buffer.getvalue().decode(encoding), err.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]  # of BytesIO
        assert "Traceback" not in told
        assert end.value.code == (2 if "not-there" in words[-1] else 0), (words, told)
        assert said or told or command == "init"


def test_the_commands_are_there() -> None:
    """The others need a history, a network or a browser, and print by the same functions."""
    assert set(PRINTING) <= set(COMMANDS)
