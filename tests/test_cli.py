"""The command line as a user meets it, with good and bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import xarray as xr

from conftest import ROOT
from demosim.baseline.read import read_baseline
from demosim.cli import COMMANDS, main
from demosim.groups import KINDS, SIZE_CUTS
from demosim.outputs.plot import FIGURES

MARS = ROOT / "scenarios" / "mars2026.toml"


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Run a command in this process: exit code, what it printed, what it complained of."""
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    printed = capsys.readouterr()
    return int(end.value.code or 0), printed.out, printed.err


def test_run_prints_headline_tables_and_published_figures(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "run", MARS)
    assert code == 0
    assert err == ""
    assert "budsjettåret 2027" in out
    assert "Pleie og omsorg" in out
    assert "Publisert" in out
    assert "Fylkestransport er med" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    with xr.open_dataset(here / "results" / "mars2026.nc") as stored:
        assert dict(stored.sizes)["date"] == 11
        assert dict(stored.sizes)["budget_year"] == 10
        assert stored["budget_year"].values.tolist() == list(range(2027, 2037))
        assert stored["expenditure_need"].attrs["price_year"] == 2026
    assert [path.name for path in (here / "results").iterdir()] == ["mars2026.nc"]


def test_rounded_parts_add_to_the_totals_that_are_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "run", MARS)
    tables = {table["key"]: table for table in json.loads(out)["tables"]}
    for key in ("yearly", "accumulated"):
        rows = [row["values"] for row in tables[key]["rows"]]
        for column in zip(*rows, strict=True):
            municipal, county = sum(column[:6]), sum(column[7:10])
            assert municipal == pytest.approx(column[6], abs=1e-9)
            assert county == pytest.approx(column[10], abs=1e-9)
            assert municipal + county == pytest.approx(column[11], abs=1e-9)
    persons = [row["values"] for row in tables["population"]["rows"]]
    assert [sum(column) for column in zip(*persons[:-1], strict=True)] == persons[-1]
    assert persons[-1][0] == 5_627_400


def test_selections_add_up_to_the_country(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def total(*words: object) -> float:
        _, out, _ = call(capsys, "--json", "run", MARS, *words)
        with xr.open_dataset(here / "results" / "mars2026.nc") as stored:
            assert stored.sizes["municipality"] == 357
        table = json.loads(out)["tables"][0]
        scale = 1.0 if "mrd" in table["title"] else 1e-3
        return float(table["rows"][-1]["values"][0]) * scale

    counties = ["03", "11", "15", "18", "31", "32", "33", "34", "39", "40", "42", "46", "50", "55", "56"]
    each = [word for county in counties for word in ("--county", county)]
    assert total(*each) == pytest.approx(total(), abs=1e-9)
    assert total("--county", "18") == pytest.approx(total("--county", "nordland"), abs=1e-9)


def test_places_are_found_by_name_and_number(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "run", MARS, "--municipality", "4601", "--municipality", "Herøy (Nordland)")
    assert code == 0
    assert "Bergen, Herøy" in " ".join(out.split())
    assert "Publisert" not in out


def test_all_places_that_are_not_found_are_reported_at_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "run", MARS, "--municipality", "Herøy", "--municipality", "Oslow", "--county", "tull")
    assert code == 2
    assert '"1515" (Herøy, Møre og Romsdal), "1818" (Herøy, Nordland)' in err
    assert 'did you mean "Oslo"' in err
    assert "18 Nordland" in err
    assert not (here / "results").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"\x00\xff\x00", "text"),
        (b'name = "x\n', "1"),
        (b'nmae = "x"\n', 'did you mean "name"'),
    ],
)
def test_bad_scenarios_get_one_message_and_leave_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, message: str
) -> None:
    if content is not None:
        Path("bad.toml").write_bytes(content)
    code, out, err = call(capsys, "run", "bad.toml")
    assert code == 2
    assert out == ""
    assert "bad.toml" in err
    assert message in err
    assert "Traceback" not in err
    assert not (here / "results").exists()


def test_a_folder_is_not_a_scenario(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "run", here)
    assert code == 2
    assert "folder" in err


def test_an_output_that_cannot_be_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("", encoding="utf-8")
    code, _, err = call(capsys, "run", MARS, "--output", "file/result.nc")
    assert code == 1
    assert "cannot be written" in err
    code, _, err = call(capsys, "run", MARS, "--output", here)
    assert code == 1
    assert "is a folder" in err


def test_debug_shows_the_traceback(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = call(capsys, "--debug", "run", "missing.toml")
    assert "Traceback" in err


def test_quiet_says_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "--quiet", "run", MARS) == (0, "", "")


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_every_language(here: Path, capsys: pytest.CaptureFixture[str], lang: str) -> None:
    _, out, _ = call(capsys, "--lang", lang, "run", MARS, "--county", "56")
    assert {"nb": "merutgifter", "nn": "meirutgifter", "en": "expenditure"}[lang] in out or "utgifter" in out
    assert {"nb": "Kommuner", "nn": "Kommunar", "en": "Municipalities"}[lang] in out


def test_check_and_resolve(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "check", MARS)[0] == 0
    code, out, _ = call(capsys, "resolve", MARS)
    assert code == 0
    Path("again.toml").write_text(out, encoding="utf-8")
    assert call(capsys, "resolve", "again.toml")[1] == out
    assert call(capsys, "check", ROOT / "data" / "norway2026")[0] == 0


@pytest.mark.parametrize("what", ["municipalities", "services", "variants", "profiles", "knobs", "groups", "figures"])
def test_lists(capsys: pytest.CaptureFixture[str], what: str) -> None:
    code, out, _ = call(capsys, "--json", "list", what)
    assert code == 0
    assert len(json.loads(out)["rows"]) >= 4
    code, out, _ = call(capsys, "list", what)
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 80


def test_groups_are_listed_with_bounds_and_municipalities(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(call(capsys, "--json", "--lang", "en", "list", "groups")[1])
    assert found["title"] == "Groups by inhabitants on 1 January 2026"
    by_kind: dict[str, list[list]] = {}
    for row in found["rows"]:
        by_kind.setdefault(row["values"][0], []).append(row["values"][1:])
    assert set(by_kind) == set(KINDS)
    assert {kind: sum(row[-1] for row in rows) for kind, rows in by_kind.items()} == dict.fromkeys(KINDS, 357)
    assert len(by_kind["county"]) == 15
    assert [row[:2] for row in by_kind["size"]] == [list(pair) for pair in pairwise([0, *SIZE_CUTS, None])]
    data = read_baseline("norway2026")
    persons = data["population"].sum(("sex", "age")).values
    assert by_kind["size"][0][2] == int((persons < SIZE_CUTS[0]).sum())


def test_figures_are_listed_with_a_title_in_every_language(capsys: pytest.CaptureFixture[str]) -> None:
    titles = {}
    for lang in ("en", "nb", "nn"):
        found = json.loads(call(capsys, "--json", "--lang", lang, "list", "figures")[1])
        assert [row["label"] for row in found["rows"]] == list(FIGURES)
        titles[lang] = [row["values"][0] for row in found["rows"]]
        assert len(set(titles[lang])) == len(FIGURES)
        assert not any("{" in title for title in titles[lang])
        needs = {row["label"]: row["values"][1] for row in found["rows"]}
        assert needs["fan"].startswith("demosim fan")
        assert needs["pyramid"] is None
    assert titles["en"] != titles["nb"] != titles["nn"]


def test_validate_results(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "validate", "results")
    rows = json.loads(out)
    assert len(rows) == 13
    assert not any(row["used_in_calibration"] for row in rows)
    code, out, _ = call(capsys, "validate", "results")
    assert code == 0
    assert "cost-key, step" in out
    assert call(capsys, "--quiet", "validate", "results") == (0, "", "")


def test_what_is_written_is_named_in_a_document_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "--json", "init", "mine")
    assert (code, err) == (0, "")
    names = [Path(path).name for path in json.loads(out)["written"]]
    assert names == sorted(path.name for path in (ROOT / "scenarios").glob("*.toml"))
    vary = ["--vary", "fertility.multiplier=0.9,1.1", "--output", "sweep.nc"]
    code, out, err = call(capsys, "--json", "sweep", "mine/mars2026.toml", *vary)
    document = json.loads(out)
    assert (code, [table["key"] for table in document["tables"]]) == (0, ["sweep"])
    assert document["notes"][-1].endswith("sweep.nc")


@pytest.mark.parametrize("command", ["fan", "sensitivity"])
def test_all_places_that_a_long_job_does_not_find_are_told_before_it_starts(
    here: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    code, out, err = call(capsys, command, MARS, "--municipality", "Olso", "--municipality", "Herøy")
    assert (code, out) == (2, "")
    assert 'no municipality is called "Olso"' in err
    assert 'more than one municipality is called "Herøy"' in err
    assert not (here / "results").exists()


def test_init_copies_scenarios(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "init", "mine")
    assert len(out.splitlines()) == len(list((ROOT / "scenarios").glob("*.toml")))
    assert call(capsys, "check", "mine/mars2026.toml")[0] == 0
    for source in (ROOT / "scenarios").glob("*.toml"):
        assert (here / "mine" / source.name).read_text(encoding="utf-8") == source.read_text(encoding="utf-8")


def test_init_overwrites_nothing_and_then_copies_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = here / "mine"
    folder.mkdir()
    for name in ("low.toml", "mars2026.toml"):
        (folder / name).write_text("mine", encoding="utf-8")
    code, out, err = call(capsys, "init", "mine")
    assert (code, out) == (2, "")
    there = [str(Path("mine") / name) for name in ("low.toml", "mars2026.toml")]
    assert [line.split(": ")[0] for line in err.splitlines()] == there
    assert sorted(path.name for path in folder.iterdir()) == ["low.toml", "mars2026.toml"]
    assert {path.read_text(encoding="utf-8") for path in folder.iterdir()} == {"mine"}


def test_init_into_a_file_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "mine").write_text("a file", encoding="utf-8")
    code, _, err = call(capsys, "init", "mine")
    assert code == 1
    assert "cannot be written" in err
    assert (here / "mine").read_text(encoding="utf-8") == "a file"


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        code, out, _ = call(capsys, command, "--help")
        assert code == 0
        assert len(out.splitlines()) > 4


def test_it_runs_as_a_module_and_knows_its_version(here: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demosim", "--version"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.stdout.startswith("demosim, version ")


def test_a_narrow_console_does_not_fail(here: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demosim", "run", str(MARS), "--county", "56"], capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
