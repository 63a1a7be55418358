"""What `docs/data-sources.md` tells a reader to write and to type, run exactly as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from demosim.baseline.read import read_baseline
from demosim.outputs.netcdf import read_result
from demosim.sources.command import read_weights
from demosim.sources.follow import read_changes
from demosim.sources.recode import from_changes
from demosim.sources.store import Store
from demosim.sources.tables import entries
from stub_api import StubApi
from test_cli import call
from test_cli_data import small_store
from test_sources_fetch import COUNTRY, LIST, TOWNS

PAGE = (ROOT / "docs" / "data-sources.md").read_text(encoding="utf-8")


def files(folder: Path) -> list[str]:
    """Write every block that names a file, and give their names."""
    names = []
    for head, body in re.findall(r"^```(\w+ \S+)\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL):
        name = head.split()[1]
        (folder / name).write_text(body, encoding="utf-8")
        names.append(name)
    return names


def commands() -> list[str]:
    """The lines of the blocks of shell commands."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def atlantis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files(tmp_path)
    return tmp_path


def test_the_made_up_country_step_by_step(atlantis: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command of the page, typed as it stands there, in the folder with the files of the page."""
    said = {}
    for line in commands():
        words = shlex.split(line)
        assert words[0] == "demosim"
        code, said[line], err = call(capsys, *words[1:])
        assert (code, err) == (0, ""), (line, err)
    assert len(said) == 6
    assert "Northport" in said["demosim list municipalities --baseline atlantis"]
    assert "atlantis/vintage:" in said["demosim show sources atlantis"]
    rows = json.loads(call(capsys, "--json", "show", "sources", "flood.nc")[1])["tables"][0]["rows"]
    told = {row["label"]: row["values"] for row in rows}
    assert told["atlantis/vintage: population"][0] == "people.csv"
    assert len(told["atlantis/vintage: death_prob"][-1]) == 64
    told = said["demosim --lang en run flood.toml --output flood.nc"]
    assert "School" in told
    assert "Ferries" in told
    assert "Kindergarten" not in told
    result = read_result(atlantis / "flood.nc", "run")
    assert result["date"].values.tolist() == [2030, 2035, 2040]
    assert result.attrs["price_year"] == 2030
    assert result.attrs["currency"] == "orichalcum"
    assert result["service"].values.tolist() == ["school", "care", "ferries"]
    assert result["net_share"].values.tolist() == [0.95, 0.85, 0.7]
    assert float(result["population"].sel(date=2030).sum()) == 16810
    school = result["expenditure_need"].sel(service="school", date=2030, financing="free_income").sum()
    people = result["population"].sel(date=2030).sum(("municipality", "sex"))
    assert float(school) == pytest.approx(float((people * [0, 9000, 11000, 2000, 0, 0]).sum()))


def test_the_country_is_as_its_files_say(atlantis: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "data", "build", "--from", "atlantis.toml", "--output", "atlantis")[0] == 0
    data = read_baseline("atlantis")
    assert data["age"].values.tolist() == [0, 5, 10, 15, 20, 25]
    assert float(data["death_prob"].sel(variant="central", year=2035, sex="female", age=25)) == 0.078
    assert float(data["net_migration_deviation"].sel(part="lasting", municipality="N2").item()) == -0.004
    assert data["unit_cost"].attrs["price_year"] == 2030
    assert data["unit_cost"]["service_label_nb"].values.tolist() == ["School", "Care", "Ferries"]
    source = tomllib.loads((atlantis / "atlantis" / "source.toml").read_text(encoding="utf-8"))
    names = {"municipality_name", "municipality_name_official", "county", "county_name", "landsdel"}
    assert set(source["vintages"]) == set(data.data_vars) - names
    assert np.isfinite(data["unit_cost"].values).all()


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("services.csv", "school,municipal", "school,state", 'school: is of the level "state"; municipal or county'),
        ("services.csv", "0.85", "1.2", 'care: has the net share "1.2"; above 0, at most 1'),
        ("services.csv", "ferries,", "boats,", "stands in one of services and unit costs only"),
        ("services.csv", "net_share,label", "share,label", "net_share: has no such column"),
        ("services.csv", ",label", ",name", "label: has no such column"),
        ("atlantis.toml", "price_year = 2030", 'price_year = "now"', "services.price_year: should be a year"),
        ("atlantis.toml", '[services]\npath = "services.csv"\nprice_year = 2030\n', "",
         "unit costs need a table of services"),
        ("atlantis.toml", 'path = "services.csv"', 'path = "../services.csv"', "lies outside the folder"),
        ("mothers.csv", "0.13,0.01", "0.13,0.02", "whose shares do not sum to 1"),
        ("deaths.csv", "central,2035,f,0.002", "central,2035,f,", "1 cells are missing (null)"),
        ("people.csv", "S1;f;20", "S1;f;-20", "has negative figures (-20 at"),
        ("keys.csv", "N1,N2,S1", "N1,N2,S2", "do not have the same regions"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_said_and_nothing_is_written(
    atlantis: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, says: str
) -> None:
    text = (atlantis / file).read_text(encoding="utf-8")
    assert old in text
    (atlantis / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    code, out, err = call(capsys, "data", "build", "--from", "atlantis.toml", "--output", "atlantis")
    assert code in (1, 2)
    assert out == ""
    assert says in err
    assert not (atlantis / "atlantis").exists()


def test_weights_and_mergers_of_the_page_are_read(tmp_path: Path) -> None:
    files(tmp_path)
    weights = read_weights(str(tmp_path / "weights.csv"), 2026, Store(tmp_path / "store"))
    changes = [{"old_code": "1507", "new_code": new, "date": "2024-01-01"} for new in ("1508", "1580")]
    assert from_changes(changes, weights).describe() == ["1507 is split: 86.00 % to 1508, 14.00 % to 1580"]
    asked = read_changes(tmp_path / "mergers.csv")
    assert asked.in_words() == ["1599 Nye Ålesund = 1508 + 1580, in force from 2030"]


def test_every_entry_is_in_the_table_of_the_page_with_its_number() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for name, entry in entries().items():
        short = name.removeprefix("municipality")
        row = [line for line in rows if f"`{name}`" in line or f"`{short}`" in line]
        assert len(row) == 1, name
        assert entry.table.removeprefix("agg_KommSummer") in row[0] or "agg_KommSummer" in row[0]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StubApi]:
    with small_store(monkeypatch, tmp_path, {"population": TOWNS, "country": COUNTRY, "codes": LIST}) as stub:
        yield stub


def test_the_commands_of_the_store_as_they_stand(api: StubApi, capsys: pytest.CaptureFixture[str]) -> None:
    """All but the two that need a whole country; the digest is one that is there.

    `test_sources_history` and `test_sources_norway` run those two.
    """
    lines = re.findall(r"^    (demosim data .*?)(?:  +#.*)?$", PAGE, flags=re.MULTILINE)
    assert len(lines) == 9
    for line in lines:
        if line in ("demosim data history --output history.nc", "demosim data build --launch 2026 --output mine"):
            continue
        stored = Store().vintages()
        typed = line.replace("3f2a", stored[0].digest[:10] if stored else "")
        code, _, err = call(capsys, *shlex.split(typed)[1:])
        assert (code, err) == (0, ""), line
