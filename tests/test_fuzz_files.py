"""Thousands of files that went wrong: each gives a result or problems, never a traceback, in no time, and nothing else.

Failures that were found this way have a case of their own in the corpus or below.
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import made_up
import made_up_result
import mutate
import scenario_corpus
import sweep_country
import test_sources_files as local
from commands import CARE, TARGET
from conftest import ROOT
from demosim.baseline.find import embedded
from demosim.baseline.read import read_baseline
from demosim.cli import main
from demosim.continuation import TEXT, stored_scenario
from demosim.costs.check import check_costs
from demosim.errors import DemosimError
from demosim.fiscal.read import places_table, read_rates
from demosim.fiscal.survey import estimate_all, read_survey
from demosim.groups import read_groups
from demosim.outputs.borders import read_borders
from demosim.outputs.free_income import with_free_income
from demosim.projection import project
from demosim.scenario.control import project_with_targets
from demosim.scenario.fiscal_options import FiscalOptions
from demosim.scenario.own_costs import read_own_costs
from demosim.scenario.prepare import prepare
from demosim.scenario.read import read_scenario
from demosim.scenario.resolve import resolve
from demosim.sources.build import as_data_set, build_from_files
from demosim.sources.command import read_weights
from demosim.sources.follow import follow, read_changes
from demosim.sources.jsonstat import parse, read_jsonstat
from demosim.sources.px import read_px
from demosim.sources.store import Store
from demosim.sources.tables import read_entry
from demosim.sweep.store import open_store
from demosim.validation.published import read_published
from demosim.validation.targets import read_targets

SLOW = 5.0  # seconds; most take some milliseconds
BASE = sweep_country.country()
SCENARIOS = [tomllib.loads(text) for text in (
    'title = "A small one"' + sweep_country.HEAD + """net = { 2020 = 40, "2021-2023" = [10, 20] }
return_rate = { 2021 = 0.1 }
return_from = 2021-01-01
onward_rate = 0.1
timing = 0.4
stock = 20
[fertility]
mean_age = 0.2
multiplier = 1.1
[mortality]
shock = { male = 1.1, female = { 2021 = 1.2 } }
decline = 0.8
[migration]
multiplier = 1.1
deviations = 0.5
""",
    """name = "other"
baseline = "country"
horizon = 2024
price_year = 2026
[variant]
fertility = "a-low"
mortality = "a-high"
migration = "a-low"
[streams.own]
profile = { male = { "0-15" = 0.2, "16+" = 0.3 }, female = { "0+" = 0.5 } }
settlement = { R1 = 2, R2 = 1 }
net = 5
[fertility]
tfr = { 2020 = 1.5, "2021-2023" = [1.5, 1.8] }
[mortality]
shock = { male = { 2022 = 1.3 } }
[municipalities.R1]
extra_net = 4
take_from_others = true
[municipalities."Region 2"]
net = { 2020 = 3 }
[costs]
profile = "cost-key"
bands = [0, 6, 16, 19, 67, 80, 90]
transport = true
price_growth = { 2027 = 3.0 }
""",
    """name = "third"
baseline = "country"
variant = "a-high"
horizon = 2023
price_year = 2026
[[control]]
population = { 2022 = 40000 }
ages = "0+"
[[control]]
county = "C1"
population = { 2023 = 30000 }
""",
)]  # fmt: skip


def attempt(read: Callable[[Path], object], path: Path, contents: Iterable[bytes]) -> tuple[int, int]:
    """How many files were read and how many refused; anything but a `DemosimError` fails with the file's content."""
    good = bad = 0
    for content in contents:
        path.write_bytes(content)
        begun = time.process_time()
        problems = None
        try:
            read(path)
        except DemosimError as error:
            problems = error.problems
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error} from the file\n{content!r}") from error
        assert time.process_time() - begun < SLOW, content
        good, bad = good + (problems is None), bad + (problems is not None)
        for problem in problems or ():
            assert str(problem).replace("\u202f", "").isprintable(), content
    return good, bad


def utf8(texts: Iterable[str]) -> Iterable[bytes]:
    return (text.encode("utf-8", "replace") for text in texts)


def through_all(path: Path) -> object:
    """A scenario on the small country, as far as its projection."""
    resolved = resolve(BASE, read_scenario(path))
    return project_with_targets(resolved.assumptions, project, resolved.controls, resolved.nets)


@pytest.mark.parametrize("seed", [11, 12])
def test_scenarios_with_other_values_keys_and_tables(tmp_path: Path, seed: int) -> None:
    read_good = [attempt(through_all, tmp_path / "a.toml", [mutate.toml(tree).encode()]) for tree in SCENARIOS]
    assert read_good == [(1, 0)] * len(SCENARIOS)
    good, bad = attempt(
        through_all, tmp_path / "a.toml", (mutate.toml(tree).encode() for tree in mutate.trees(SCENARIOS, 1000, seed))
    )
    assert good > 20
    assert bad > 500
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_scenarios_with_pieces_cut_out_doubled_and_put_in(tmp_path: Path) -> None:
    good = [mutate.toml(tree) for tree in SCENARIOS]
    attempt(through_all, tmp_path / "a.toml", utf8(mutate.texts(good, 1000, 13)))
    attempt(read_scenario, tmp_path / "a.toml", mutate.binaries([text.encode() for text in good], 500, 14))
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


@pytest.mark.parametrize("command", ["run", "sweep", "fan", "sensitivity", "check", "resolve", "income"])
def test_commands_leave_one_line_a_problem_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """What only goes wrong is kept: a file that is right would be run."""
    monkeypatch.chdir(tmp_path)
    wrong = []
    for tree in mutate.trees(SCENARIOS, 60, len(command)):
        Path("a.toml").write_text(mutate.toml(tree), encoding="utf-8")
        try:
            read_scenario(Path("a.toml"))
        except DemosimError:
            wrong.append(mutate.toml(tree))
    assert len(wrong) > 20
    for text in wrong[:20]:
        Path("a.toml").write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit) as end:
            main([command, "a.toml"])
        printed = capsys.readouterr()
        assert end.value.code == 2
        assert printed.out == ""
        assert all(line.startswith("a.toml") for line in printed.err.splitlines())
        assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


COSTS = tomllib.loads('price_year = 2026\n[school]\n"0-5" = 0\n"6-15" = 1e5\n"16+" = 0\n[R1.care]\n"0+" = 10\n')
COSTS_CSV = "service,ages,kr_per_person,price_year,municipality\nschool,0-5,0,2026,\nschool,6+,1e5,2026,\n"
JSONSTAT = {
    "class": "dataset", "id": ["a", "b"], "size": [2, 2],
    "dimension": {
        "a": {"category": {"index": {"x": 0, "y": 1}, "label": {"x": "X", "y": "Y"}, "note": {"x": ["n"]}}},
        "b": {"category": {"index": ["u", "v"], "label": {"u": "U"}, "unit": {"u": {"base": "persons"}}}},
    },
    "value": [1, 2, None, 4], "status": {"2": ":"}, "label": "l", "source": "s", "updated": "u", "note": ["n"],
}  # fmt: skip
SQUARE, TRIANGLE = [[[10, 60], [11, 60], [11, 61], [10, 60]]], [[[[5, 60], [6, 60], [6, 61], [5, 60]]]]
OSLO = {"kommunenummer": "0301"}
GEOJSON = {"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": OSLO, "geometry": {"type": "Polygon", "coordinates": SQUARE}},
    {"type": "Feature", "id": 1103, "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": TRIANGLE}},
]}  # fmt: skip
TOPOJSON = {
    "type": "Topology", "transform": {"scale": [0.1, 0.1], "translate": [5, 60]},
    "arcs": [[[0, 0], [10, 0], [0, 10], [-10, -10]]],
    "objects": {"a": {"type": "GeometryCollection", "geometries": [
        {"type": "Polygon", "id": "0301", "arcs": [[0]]}, {"type": "MultiPolygon", "id": "1103", "arcs": [[[0]]]},
    ]}},
}  # fmt: skip
VALID = ROOT / "tests" / "scenarios" / "valid"
TARGETS = tomllib.loads(TARGET + """
[[target]]
name = "b"
low = 1.0
high = 2.0
price_year = 2020
change = { "1-5" = 3 }
sector = "municipal"
financing = "all"
""")


def prepared(path: Path) -> object:
    """A scenario on the embedded data set, as far as everything in it is known to be right."""
    spec = read_scenario(path)
    prepare(scenario_corpus.baseline(spec.baseline), spec)
    return check_costs(scenario_corpus.baseline(spec.baseline), spec)


TEXTS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "own costs": ("a.csv", COSTS_CSV, read_own_costs),
    "px": ("a.px", local.PX, read_px),
    "groups": (
        "a.csv", "municipality,group\nR1,a\nR2,a\nR3,b\n", lambda path: read_groups(path, made_up_result.small()),
    ),
    "survey": (
        "a.csv", "municipality,stratum,weight,result\nR1,a,10,1.5\nR2,a,20,\nR3,b,30,-2\n",
        lambda path: estimate_all(read_survey(path)),
    ),
    "published": (
        "a.csv", "vintage,alternative,region_code,year,age_group,value\n2026,MMMM,R1,2022,total,5000\n", read_published,
    ),
    "changes": (
        "a.csv", "old,new,weight,since,name\nR1,R8,0.25,2022,A\nR1,R9,0.75,2022,B\nR2,R9,1,,B\n",
        lambda path: follow(made_up_result.small(), read_changes(path)),
    ),
    "weights": (
        "a.csv", "old,new,weight\n1507,1508,0.86\n1507,1580,0.14\n",
        lambda path: read_weights(str(path), 2026, Store(path.parent / "store")),
    ),
    "criteria": (
        "a.csv", "municipality,criterion,value\nR1,a,1\nRegion 2,a,2\n",
        lambda path: places_table("criteria", path, FiscalOptions(), made_up_result.small()),
    ),
    "free income": (
        "a.csv", "municipality;free_income\nR1;1 000\nR2;2e6\nR3;3\nR4;4,5\n",
        lambda path: with_free_income(made_up_result.small(), path),
    ),
}  # fmt: skip
TREES: dict[str, tuple[str, list[dict[str, Any]], Callable[[Path], object]]] = {
    "own costs": ("a.toml", [COSTS], read_own_costs),
    "table": ("a.toml", [tomllib.loads(path.read_text(encoding="utf-8"))
                         for path in sorted(embedded("data", "tables").glob("*.toml"))], read_entry),
    "JSON-stat": ("a.json", [JSONSTAT], lambda path: read_jsonstat(parse(path.read_bytes()))),
    "targets": ("a.toml", [TARGETS], read_targets),
    "rates": ("a.toml", [tomllib.loads(CARE)], read_rates),
    "stored scenario": (
        "a.toml", [tomllib.loads((VALID / "smallest.toml").read_text(encoding="utf-8"))],
        lambda path: stored_scenario(xr.Dataset(attrs={TEXT: path.read_text(encoding="utf-8", errors="replace")})),
    ),
    "every key": ("a.toml", [tomllib.loads((VALID / "every-key.toml").read_text(encoding="utf-8"))], prepared),
    "borders": ("a.json", [GEOJSON, TOPOJSON], lambda path: read_borders(path, ["0301", "1103"])),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_tables_with_pieces_cut_out_doubled_and_put_in(tmp_path: Path, name: str) -> None:
    file, good, read = TEXTS[name]
    assert attempt(read, tmp_path / file, [good.encode()]) == (1, 0)
    attempt(read, tmp_path / file, utf8(mutate.texts([good], 400, 21)))
    attempt(read, tmp_path / file, mutate.binaries([good.encode()], 100, 22))


@pytest.mark.parametrize("name", TREES)
def test_documents_with_other_values_keys_and_tables(tmp_path: Path, name: str) -> None:
    file, good, read = TREES[name]
    write = mutate.as_json if file.endswith(".json") else mutate.toml
    assert attempt(read, tmp_path / file, utf8(write(tree) for tree in good)) == (len(good), 0)
    number = 150 if name == "targets" else 600  # each looks up the registered changes
    attempt(read, tmp_path / file, utf8(write(tree) for tree in mutate.trees(good, number, 23)))


DECLARATION = made_up.DATA_SET + """[files.population]
title = "x"
unit = "persons"
axes = { region = { dim = "municipality", width = 2 }, gender = { dim = "sex" }, age = { dim = "age", kind = "age" } }
file = { path = "a.csv", value = "value", skip = 0, decimal = ".", separator = "," }
checks = { size = { sex = 2 }, range = [0, 200] }
[names]
path = "names.csv"
"""


def test_declarations_of_local_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(local.LONG, encoding="utf-8")
    (tmp_path / "names.csv").write_text("municipality,county\n01,a\n02,b\n", encoding="utf-8")
    good, path = tomllib.loads(DECLARATION), tmp_path / "own.toml"

    def read(_: Path) -> object:
        return as_data_set(build_from_files(path))

    assert attempt(read, path, [mutate.toml(good).encode()]) == (1, 0)
    attempt(read, path, (mutate.toml(tree).encode() for tree in mutate.trees([good], 500, 31)))
    path.write_text(DECLARATION, encoding="utf-8")
    attempt(read, tmp_path / "a.csv", utf8(mutate.texts([local.LONG], 300, 32)))


def test_descriptions_of_data_sets(tmp_path: Path) -> None:
    folder = sweep_country.scenario_file(tmp_path).parent / "country"
    good = tomllib.loads((folder / "source.toml").read_text(encoding="utf-8"))
    changed = (mutate.toml(tree).encode() for tree in mutate.trees([good], 100, 33))
    attempt(lambda path: read_baseline(path.parent), folder / "source.toml", changed)


def test_manifests_of_interrupted_sweeps(tmp_path: Path) -> None:
    store = open_store(tmp_path, "0" * 64, 100, 64, resume=False)
    store.save(0, {"need": np.zeros(3)})
    manifest = tmp_path / "manifest.json"
    good = json.loads(manifest.read_text(encoding="utf-8"))
    changed = (mutate.as_json(tree).encode("utf-8", "replace") for tree in mutate.trees([good], 600, 34))
    attempt(lambda _: open_store(tmp_path, "0" * 64, 100, 64, resume=True), manifest, changed)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("own", 'data_set = "x"\n'), ("own", "files = 0.5\n"), ("own", 'names = "x"\n'), ("own", '[files]\na = "x"\n'),
        ("own", DECLARATION.replace('"a.csv"', f'"{"x" * 300}.csv"')), ("own", DECLARATION.replace('","', '"ab"')),
        ("own", DECLARATION.replace("width = 2", "width = 99999999999")),
    ],
)  # fmt: skip
def test_declarations_that_once_ended_in_a_traceback(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "a.csv").write_text(local.LONG, encoding="utf-8")
    path = tmp_path / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DemosimError):
        build_from_files(path)


@pytest.mark.parametrize("name", ["x" * 300, "a\nb", "\x1b[31m"])
def test_names_that_no_folder_can_have(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.toml"
    path.write_text(mutate.toml({**SCENARIOS[2], "baseline": name}), encoding="utf-8")
    for words in (["check", str(path)], ["run", str(path)], ["check", name]):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code in (1, 2)
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert said.rstrip("\n").isprintable()
