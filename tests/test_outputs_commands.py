"""Every command that prints: 80 columns in three languages, one JSON document, no colour in a file; none left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import demosim as ds
from commands import CARE
from conftest import ROOT
from demosim.cli import COMMANDS
from demosim.cli.data import data
from demosim.cli.lists import show
from demosim.cli.validate import validate
from demosim.outputs.netcdf import write_result
from test_cli import call

MARS = ROOT / "scenarios" / "mars2026.toml"
ANSWERS = "municipality,stratum,weight,result\n0301,s,10,1.5\n1101,s,5,\n"
LANGUAGES = ("nb", "nn", "en")

# Command, with its own commands spelled out: what it is called with. RUN is a stored result, OTHER one beside it.
CALLS: dict[str, list[str]] = {
    "run": ["MARS", "--municipality", "Utsira"],
    "check": ["MARS"],
    "list": ["knobs"],
    "show unit-costs": ["MARS"],
    "show sources": ["RUN"],
    "validate results": [],
    "validate population": [],
    "validate june-march": ["--method", "order"],
    "sensitivity": ["MARS", "--municipality", "Utsira"],
    "fan": ["MARS", "--draws", "10"],
    "compare": ["RUN", "OTHER", "--explain", "--method", "order"],
    "groups": ["RUN", "--by", "size", "--apart", "Oslo"],
    "indicators": ["RUN", "--by", "landsdel"],
    "staff": ["RUN"],
    "income": ["RUN", "--since", "2027", "--year", "2030"],
    "room": ["RUN", "--growth", "6"],
    "refugees": ["MARS", "--rates", "rates.toml"],
    "standing": ["RUN", "--county", "Rogaland"],
    "survey": ["survey.csv"],
    "calibrate-costs": [],
    "data list": [],
}
EXCEPTIONS = {
    "resolve": "prints a scenario file, whose lines are those of TOML and are not folded",
    "sweep": "prints tables of the values that are varied; tests of sweeps call it with many",
    "export": "names the files it wrote, in tests of what is published", "report": "names the file it wrote",
    "pages": "names the files it wrote", "plot": "names the files it wrote",
    "calibrate": "needs a history of many years; its own tests call it",
    "backtest": "needs a history of many years; its own tests call it",
    "init": "names the files it wrote, one a line and none folded, so that they can be copied",
    "data fetch": "needs the network; its tests call it with a server of their own",
    "data show": "needs an entry of the store; its tests make one", "data verify": "as data show",
    "data prune": "as data show", "data build": "takes minutes; its own tests call it",
    "data recode": "writes a result and names it", "data history": "names the files it wrote and what is not there",
}  # fmt: skip
NO_JSON = {"check": "says one line"}
SAME_WORDS = {  # commands that say the same in some languages
    "check": {"nb", "nn"},  # "I orden" in both
    "data list": {"nb", "nn"},  # an empty store is "tomt" in both
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two results, rates of the grant and answers to a survey."""
    folder = tmp_path_factory.mktemp("stored")
    for name in ("mars2026", "no-ukraine"):
        done = ds.run(ROOT / "scenarios" / f"{name}.toml")
        write_result(folder / f"{name}.nc", done.dataset, "run", done.assumptions)
    (folder / "rates.toml").write_text(CARE, encoding="utf-8")
    (folder / "survey.csv").write_text(ANSWERS, encoding="utf-8")
    return folder


def spelled() -> set[str]:
    """Every command as it is typed, those of groups with the group's name before."""
    groups: dict[str, Any] = {"data": data, "validate": validate}
    found = set()
    for name in COMMANDS:
        own = getattr(groups.get(name), "commands", None)
        found |= {f"{name} {each}" for each in own} if own else {name}
    found |= {f"show {what}" for what in show.params[0].type.choices}  # type: ignore[attr-defined]  # a choice
    found -= {"show"}
    return found


def test_every_command_is_called_here_or_excepted_with_a_reason() -> None:
    called = set(CALLS)
    assert not called & set(EXCEPTIONS)
    assert called | set(EXCEPTIONS) == spelled()
    assert all(len(reason) > 8 for reason in EXCEPTIONS.values())


def only_json(text: str) -> Any:
    """The document, refusing what JSON does not know."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def words_of(name: str, stored: Path) -> list[str]:
    files = {"RUN": stored / "mars2026.nc", "OTHER": stored / "no-ukraine.nc", "MARS": MARS,
             "rates.toml": stored / "rates.toml", "survey.csv": stored / "survey.csv"}  # fmt: skip
    return [*name.split(), *(str(files.get(word, word)) for word in CALLS[name])]


@pytest.mark.parametrize("name", CALLS)
def test_what_is_printed_is_narrow_and_plain_in_every_language(
    name: str, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMOSIM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    said = {}
    for lang in LANGUAGES:
        code, out, err = call(capsys, "--lang", lang, *words_of(name, stored))
        assert (code, err) == (0, "")
        assert out.strip()
        wide = [line for line in out.splitlines() if len(line) > 80 and str(tmp_path) not in line and "/" not in line]
        assert wide == [], lang
        assert "\x1b" not in out
        assert not re.search(r"\b(nan|None|NaN|inf)\b", out), lang
        said[lang] = out
    for one, other in (("nb", "nn"), ("nb", "en"), ("nn", "en")):
        same = {one, other} <= SAME_WORDS.get(name, set())
        assert (said[one] == said[other]) is same, (one, other)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in NO_JSON])
def test_json_is_one_document(
    name: str, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMOSIM_STORE", str(tmp_path / "store"))
    code, out, err = call(capsys, "--json", *words_of(name, stored))
    assert (code, err) == (0, "")
    assert isinstance(only_json(out), dict | list)
