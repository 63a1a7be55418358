"""What a data set is built from: the store of a small country, and a made-up country in files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from demosim.errors import DemosimError
from demosim.sources import tables as tables_module
from demosim.sources.build import as_data_set, build_from_files, build_from_store, split_weights
from demosim.sources.fetch import fetch_table
from demosim.sources.store import Store
from stub_api import StubApi
from stub_client import client, serving, small_country
from test_sources_fetch import COUNTRY, LIST, TOWNS

CHANGES = {
    "codeChanges": [
        {"oldCode": old, "newCode": new, "changeOccurred": "2024-01-01"}
        for old, new in [("0101", "0110"), ("0102", "0110"), ("0301", "0302"), ("0301", "0303")]
    ]
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StubApi]:
    """A small country with the entries that a build asks for; 0301 has been split into 0302 and 0303."""
    folder = tmp_path / "tables"
    folder.mkdir()
    towns = TOWNS.replace('"country"', '"population-country"').replace("municipality = 3", "municipality = 4")
    history = COUNTRY.replace('values = ["0"]', 'codelist = "agg_KommSummer"').replace(
        "Region = {}", 'Region = { dim = "municipality", strip = "K-" }'
    )
    history = history.replace("top(1)", "from(2021)").replace("[checks]", "[checks]\ncomplete = false")
    by_code = history.replace("agg_KommSummer", "vs_Kommun")
    changes = LIST.replace("codesAt", "changes")
    value_map = LIST.replace("klass", "codelist").replace("codesAt.json", "agg_KommSummer").split("[query.date]")[0]
    texts = {
        "life-table": COUNTRY, "population": towns, "population-country": COUNTRY, "population-history": history,
        "population-by-code": by_code, "municipality-changes": changes,
        "municipality-value-map": value_map,
    }  # fmt: skip
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(tables_module, "embedded", lambda *_: folder)
    with serving(monkeypatch) as stub:
        stub.tables = small_country()
        stub.klass = {"changes.json": CHANGES}
        table = stub.tables["07459"]
        table.codes["Region"] += ["0302", "0303"]
        plain = table.value

        def persons(cell: dict[str, str]) -> float | None:
            """0301 lives until 2023, its parts (0.75 and 0.25 of it) from 2024."""
            town, late = cell["Region"], cell["Tid"] >= "2024"
            if town in ("0302", "0303"):
                return {"0302": 0.75, "0303": 0.25}[town] * (plain({**cell, "Region": "0301"}) or 0) if late else None
            return None if town == "0301" and late else plain(cell)

        table.value, table.symbol = persons, "."
        table.codelists["Region"] = {
            "agg_KommSummer": {"K-0110": ["0101", "0102"], "K-0201": ["0201"], "K-0302": ["0302"], "K-0303": ["0303"]},
            "vs_Kommun": {code: [code] for code in table.codes["Region"][1:]},
        }
        yield stub


@pytest.fixture
def filled(api: StubApi, tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    for name in ("population", "population-history", "population-by-code", "municipality-changes"):
        fetch_table(name, store, api=client(api))
    return store


def test_the_population_of_the_launch_year_with_its_vintage(filled: Store) -> None:
    inputs = build_from_store(2026, filled, weights={"0301": {"0302": 0.75, "0303": 0.25}})
    population = inputs.arrays["population"]
    assert population.dims == ("municipality", "sex", "age")
    assert population["municipality"].values.tolist() == ["0110", "0201", "0302", "0303"]
    origin = inputs.origins["population"]
    assert origin["table"] == "07459"
    assert origin["sha256"] == filled.vintages("population")[-1].digest
    assert "never checked against a real answer" in origin["confidence"]
    assert "fetch it where there is a network" in inputs.absent["life-table"]


def test_the_history_is_recoded_with_weights_that_the_origin_tells(filled: Store) -> None:
    with pytest.raises(DemosimError, match="0301: is split between 0302, 0303; nothing says how"):
        build_from_store(2026, filled)
    inputs = build_from_store(2026, filled, weights={"0301": {"0302": 0.75, "0303": 0.25}})
    history = inputs.arrays["population_history"]
    assert history["year"].values.tolist() == list(range(2021, 2027))
    old, new = history.sel(municipality="0302", year=2023), history.sel(municipality="0302", year=2024)
    assert not history.isnull().any()
    np.testing.assert_allclose(new - old, 0.75)
    told = inputs.origins["population_history"]["derivation"]
    assert "0301 is split: 75.00 % to 0302, 25.00 % to 0303" in told


def test_a_value_map_does_where_there_is_no_list_of_changes(api: StubApi, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    api.tables["07459"].codelists["Region"]["agg_KommSummer"] |= {
        "K-0302": ["0301", "0302"],
        "K-0303": ["0301", "0303"],
    }
    api.tables["07459"].symbol = "."
    for name in ("population-history", "population-by-code", "municipality-value-map"):
        fetch_table(name, store, api=client(api))
    with pytest.raises(DemosimError, match="0301: is split between 0302, 0303"):
        build_from_store(2022, store)
    inputs = build_from_store(2022, store, weights={"0301": {"0302": 0.75, "0303": 0.25}})
    assert not inputs.arrays["population_history"].isnull().any()
    assert "value map of the codelist" in inputs.origins["population_history"]["derivation"]


def test_weights_by_the_population_after_a_split(filled: Store) -> None:
    (weights,) = split_weights(
        build_from_store(2026, filled, weights={"0301": {"0302": 0.5, "0303": 0.5}}).arrays["population"],
        {"0301": ["0302", "0303"]},
    ).values()
    assert weights == pytest.approx({"0302": 0.75, "0303": 0.25})


def test_an_older_launch_is_taken_from_the_history_and_an_unknown_one_refused(filled: Store) -> None:
    inputs = build_from_store(2024, filled, weights={"0301": {"0302": 0.75, "0303": 0.25}})
    assert inputs.origins["population"]["sha256"] == filled.vintages("population-history")[-1].digest
    with pytest.raises(DemosimError, match="no population for 1 January 2031; fetch it"):
        build_from_store(2031, filled)


DECLARATION = """
[data_set]
name = "atlantis"
title = "Atlantis"
country = "Atlantis"
currency = "orichalcum"
language = "en"
launch_year = 2030
interval_years = 5
male_birth_share = 0.51

[names]
path = "regions.csv"

[files.population]
title = "Census of 2030"
unit = "persons"
source = "The king's office"
licence = "free"
file = { path = "people.csv", wide = "age", separator = ";" }
[files.population.axes]
region = { dim = "municipality" }
sex = { dim = "sex", codes = { m = "male", f = "female" } }
age = { dim = "age", kind = "age" }

[files.fertility_factor]
title = "Births beside those of the country"
unit = "ratio to the country"
source = "The king's office"
licence = "free"
file = { path = "factors.csv" }
axes = { region = { dim = "municipality" } }
"""
PEOPLE = "region;sex;0-4;5-9;10+\nN;m;10;20;30\nN;f;11;21;31\nS;m;1;2;3\nS;f;1;2;4\n"
FACTORS = "region,value\nN,1.05\nS,0.9\n"
REGIONS = "municipality,municipality_name,county,county_name\nN,Northport,01,Inland\nS,Southport,02,Coast\n"


@pytest.fixture
def atlantis(tmp_path: Path) -> Path:
    for name, text in {
        "atlantis.toml": DECLARATION,
        "people.csv": PEOPLE,
        "factors.csv": FACTORS,
        "regions.csv": REGIONS,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "atlantis.toml"


def test_a_made_up_country_from_files(atlantis: Path) -> None:
    inputs = build_from_files(atlantis)
    data = as_data_set(inputs)
    assert data["population"].dims == ("municipality", "sex", "age")
    assert data["age"].values.tolist() == [0, 5, 10]
    assert float(data["population"].sum()) == 136
    assert data["municipality_name"].values.tolist() == ["Northport", "Southport"]
    assert data.attrs["interval_years"] == 5
    assert data["population"].attrs == {"unit": "persons"}
    assert len(inputs.origins["population"]["sha256"]) == 64
    assert inputs.origins["population"]["origin"] == "The king's office"


def test_every_fault_of_a_declaration_at_once(atlantis: Path) -> None:
    text = DECLARATION.replace("launch_year = 2030", 'launch_year = "soon"').replace("people.csv", "nowhere.csv")
    atlantis.write_text(text.replace('"factors.csv" }', '"factors.csv", sep = ";" }') + "\n[other]\n", encoding="utf-8")
    with pytest.raises(DemosimError) as raised:
        build_from_files(atlantis)
    said = str(raised.value)
    assert "data_set.launch_year: should be a int, not 'soon'" in said
    assert "nowhere.csv: there is no such file" in said
    assert "file.sep: extra inputs are not permitted" in said
    assert 'other: "other" is not known' in said


def test_regions_that_do_not_agree_are_refused(atlantis: Path) -> None:
    (atlantis.parent / "factors.csv").write_text(FACTORS.replace("S,", "W,"), encoding="utf-8")
    with pytest.raises(DemosimError, match="do not have the same regions"):
        as_data_set(build_from_files(atlantis))
    (atlantis.parent / "regions.csv").write_text(REGIONS.replace("S,", "N,"), encoding="utf-8")
    with pytest.raises(DemosimError, match="municipality: has a region more than once"):
        build_from_files(atlantis)
    (atlantis.parent / "regions.csv").unlink()
    with pytest.raises(DemosimError, match=r"regions.csv: there is no such file"):
        build_from_files(atlantis)
    with pytest.raises(DemosimError, match=r"no.toml: cannot be read"):
        build_from_files(atlantis.parent / "no.toml")


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    """The files in `docs/data-sources.md`, as they stand there, build a data set."""
    text = (Path(__file__).resolve().parents[1] / "docs" / "data-sources.md").read_text(encoding="utf-8")
    blocks = text.split("```")[1::2]
    for block in blocks:
        head, _, rest = block.partition("\n")
        if " " in head:
            (tmp_path / head.split()[1]).write_text(rest, encoding="utf-8")
    data = as_data_set(build_from_files(tmp_path / "atlantis.toml"))
    assert data.sizes["municipality"] == 3
    assert data.attrs["name"] == "atlantis"


WITHOUT = """
import sys
sys.modules["requests"] = None
from demosim.errors import DemosimError
from demosim.sources.fetch import fetch_table, list_vintages, load_table
from demosim.sources.store import Store
store = Store(sys.argv[1])
load_table("population", store) if store.vintages() else None
list_vintages(store), store.verify(), store.prune(dry_run=True)
try:
    fetch_table("population", store)
except DemosimError as error:
    assert error.exit_code == 2
    assert str(error).endswith("install demosim[data]"), error
else:
    raise AssertionError("fetched without a library")
"""


def test_without_the_libraries_the_store_can_be_read_and_fetching_says_what_to_install(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(tables_module.__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", WITHOUT, str(tmp_path)], env=environment, check=False).returncode == 0
