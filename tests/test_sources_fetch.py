"""Tables from declaration to store and back: fetched, checked, refused, read again without a network."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demosim.errors import DemosimError
from demosim.sources import tables as tables_module
from demosim.sources.fetch import fetch_table, fetch_tables, list_vintages, load_table, show_vintage, verify_live
from demosim.sources.store import Store
from demosim.sources.tables import entries, find_entries, read_entry
from stub_api import StubApi, StubTable
from stub_client import client, serving, small_country

TOWNS = """
table = "07459"
title = "Population of towns"
variable = "population"
unit = "persons"
[query.Region]
codelist = "agg_KommSummer"
[query.Kjonn]
values = ["1", "2"]
[query.Alder]
codelist = "vs_AlleAldre00B"
[query.ContentsCode]
values = ["Personer1"]
[query.Tid]
values = ["top(1)"]
[axes]
Region = { dim = "municipality", strip = "K-" }
Kjonn = { dim = "sex", codes = { 1 = "male", 2 = "female" } }
Alder = { dim = "age", kind = "age" }
ContentsCode = {}
Tid = { dim = "year", kind = "year" }
[checks]
size = { municipality = 3, sex = 2, age = 3 }
control = { entry = "country", over = "municipality" }
"""
COUNTRY = (
    TOWNS.replace('codelist = "agg_KommSummer"', 'values = ["0"]')
    .replace('{ dim = "municipality", strip = "K-" }', "{}")
    .replace("municipality = 3, ", "")
    .replace('control = { entry = "country", over = "municipality" }', "")
)
LIST = """
table = "131"
kind = "klass"
title = "Codes"
variable = "name"
unit = "code"
[query.list]
values = ["codesAt.json"]
[query.date]
values = ["2026-01-01"]
"""
CODES = {"codes": [{"code": "0110", "name": "Uvik"}, {"code": "0201", "name": "Bø"}, {"code": "0301", "name": "Åsby"}]}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubApi]:
    with serving(monkeypatch) as stub:
        stub.tables = small_country()
        stub.klass = {"codesAt.json": CODES}
        yield stub


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of entries of the small country in place of the embedded ones."""
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, text in {"towns": TOWNS, "country": COUNTRY, "codes": LIST}.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(tables_module, "embedded", lambda *_: folder)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def refusal(api: StubApi, store: Store, name: str = "towns", **limits: Any) -> str:
    """What a refused fetch says; the store is as it was, and whole."""
    before = [vintage.digest for vintage in store.vintages(name)]
    with pytest.raises(DemosimError) as raised:
        fetch_table(name, store, api=client(api, **limits))
    assert [vintage.digest for vintage in store.vintages(name)] == before
    assert store.verify() == []
    return str(raised.value)


def test_fetched_checked_kept_and_read_again_offline(api: StubApi, declared: Path, store: Store) -> None:
    (figures,) = fetch_table("towns", store, api=client(api))
    data = figures.data
    assert data.dims == ("municipality", "sex", "age", "year")
    assert data["municipality"].values.tolist() == ["0110", "0201", "0301"]
    assert data["age"].values.tolist() == [0, 1, 2]
    assert data["year"].values.tolist() == [2026]
    assert data.name == "population"
    assert data.attrs["unit"] == "persons"
    assert data.attrs["vintage"] == figures.vintage.reference
    assert data.attrs["verified"].startswith("no")
    calls = len(api.calls)
    (again,) = fetch_table("towns", store, offline=True)
    assert len(api.calls) == calls
    assert again.data.identical(data)
    assert {vintage.entry for vintage in list_vintages(store)} == {"towns", "country"}


def test_vintages_are_kept_apart_and_can_be_asked_for(api: StubApi, declared: Path, store: Store) -> None:
    (old,) = fetch_table("towns", store, api=client(api))
    api.tables["07459"].updated = "2026-08-20T07:00:00Z"
    before = api.tables["07459"].value
    api.tables["07459"].value = lambda cell: (before(cell) or 0) + (4 if cell["Region"] == "0" else 1)
    (new,) = fetch_table("towns", store, api=client(api))
    assert float(new.data.sum() - old.data.sum()) == 4 * 6
    assert load_table("towns", store).data.identical(new.data)
    assert load_table("towns", store, digest=old.vintage.digest[:12]).data.identical(old.data)
    assert [v.updated for v in list_vintages(store, "towns")] == ["2026-02-24T07:00:00Z", "2026-08-20T07:00:00Z"]
    assert len(store.prune(dry_run=True)) == 4
    assert store.prune(protect=[old.vintage.digest, load_table("country", store).vintage.digest])
    vintage, raw = show_vintage(old.vintage.digest[:12], store)
    assert vintage == old.vintage
    assert raw["Region"].values.tolist() == ["K-0110", "K-0201", "K-0301"]


def test_years_can_be_chosen(api: StubApi, declared: Path, store: Store) -> None:
    (figures,) = fetch_table("towns", store, api=client(api), times=["from(2024)"])
    assert figures.data["year"].values.tolist() == [2024, 2025, 2026]
    fetch_table("towns", store, api=client(api))
    assert load_table("towns", store, times=["from(2024)"]).data.sizes["year"] == 3
    assert load_table("towns", store, times=["top(1)"]).data.sizes["year"] == 1
    with pytest.raises(DemosimError, match=r"is not in the store for 2020; fetch it .*--table towns"):
        load_table("towns", store, times=["2020"])


def test_a_table_number_stands_for_all_its_entries(api: StubApi, declared: Path, store: Store) -> None:
    assert {figures.entry.name for figures in fetch_table("07459", store, api=client(api))} == {"towns", "country"}
    with pytest.raises(DemosimError, match=r'no table is called "07495".*did you mean "07459"'):
        fetch_table("07495", store, api=client(api))


def test_one_that_fails_does_not_keep_the_others_back(api: StubApi, declared: Path, store: Store) -> None:
    (declared / "gone.toml").write_text(COUNTRY.replace("07459", "99999"), encoding="utf-8")
    with pytest.raises(DemosimError) as raised:
        fetch_tables(store=store, api=client(api))
    assert len(raised.value.problems) == 1
    assert "tables/99999/metadata: 404" in str(raised.value)
    assert raised.value.notes == ["fetched and kept: codes, country, towns"]
    assert {vintage.entry for vintage in list_vintages(store)} == {"codes", "country", "towns"}
    assert len(fetch_tables(["towns", "codes"], store, api=client(api))) == 2


def test_a_large_table_is_fetched_only_when_it_is_named(api: StubApi, declared: Path, store: Store) -> None:
    (declared / "wide.toml").write_text("large = true\n" + COUNTRY, encoding="utf-8")
    assert "wide" not in {figures.entry.name for figures in fetch_tables(store=store, api=client(api))}
    assert [figures.entry.name for figures in fetch_tables(["wide"], store, api=client(api))] == ["wide"]


def test_offline_says_what_to_do(declared: Path, store: Store) -> None:
    with pytest.raises(DemosimError, match=r"towns is not in the store; fetch it .* demosim data fetch --table towns"):
        fetch_table("towns", store, offline=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("edit null", "1 cells are missing (null)"),
        ("edit negative", "has negative figures (-3 at municipality 0110, sex male, age 0, year 2026)"),
        ("edit one-more", "does not sum to country: the difference is 1 at sex male, age 0, year 2026"),
        ("edit other-code", "Region with K-9999"),
        ("403", "403: refused (Made to fail)"),
        ("html", "a web page"),
    ],
)
def test_figures_that_do_not_hold_are_refused(
    api: StubApi, declared: Path, store: Store, change: str, says: str
) -> None:
    fetch_table("towns", store, api=client(api))
    api.tables["07459"].updated = "2026-08-20T07:00:00Z"
    api.trouble = ["", *[change] * 2]  # the country, then the towns
    assert says in refusal(api, store)
    assert load_table("towns", store).vintage.updated == "2026-02-24T07:00:00Z"


def test_a_changed_codelist_is_refused_with_every_difference(api: StubApi, declared: Path, store: Store) -> None:
    api.tables["07459"].codelists["Region"]["agg_KommSummer"]["K-0401"] = []
    said = refusal(api, store)
    assert "has 4 values of municipality, not 3" in said
    api.tables["07459"].codelists["Region"]["agg_KommSummer"] = {
        "K-0110": ["0101"],
        "K-0201": ["0201"],
        "K-0301": ["0301"],
    }
    assert "does not sum to country" in refusal(api, store)


def test_a_closed_list_of_codes(api: StubApi, declared: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = TOWNS + 'codes = { municipality = "municipalities.municipality" }\n'
    (declared / "towns.toml").write_text(closed, encoding="utf-8")
    said = refusal(api, store)
    assert "municipality: lacks codes: 1101, 1103" in said
    assert "municipality: has unknown codes: 0110, 0201 (2)" in said


def test_a_missing_symbol_is_never_zero(api: StubApi, declared: Path, store: Store) -> None:
    plain = api.tables["07459"].value
    api.tables["07459"].value = lambda cell: None if cell["Alder"] == "001" else plain(cell)
    assert "cells are missing (..)" in refusal(api, store)
    open_entry = COUNTRY.replace("[checks]", "[checks]\ncomplete = false")
    (declared / "country.toml").write_text(open_entry, encoding="utf-8")
    (figures,) = fetch_table("country", store, api=client(api))
    assert np.isnan(figures.data.sel(age=1)).all()
    assert set(figures.data["status"].sel(age=1).values.ravel()) == {".."}


def test_a_table_of_nothing_but_missing_cells_is_refused(api: StubApi, declared: Path, store: Store) -> None:
    api.tables["07459"].value = lambda cell: None
    open_entry = COUNTRY.replace("[checks]", "[checks]\ncomplete = false")
    (declared / "country.toml").write_text(open_entry, encoding="utf-8")
    assert "has no figures at all" in refusal(api, store, "country")


TROUBLES = {
    "stall": "cannot be reached, or stopped answering", "cut": "stopped answering", "cut-chunks": "stopped answering",
    "truncated": "is not JSON, or was cut off", "broken-gzip": "", "429": "429: too many calls",
    "wait 1": "429: too many calls", "wait 400": "asked to wait 400 s; try again later",
    "400": "400: the request is not understood", "401": "401: needs a login", "403": "403: refused",
    "404": "404: not found", "500": "500: the server failed", "503": "503: the server is closed",
    "html": "a web page where data were expected", "bomb": "is larger than", "circle": "in circles",
    "edit types": "values that are no numbers", "edit true": "values that are no numbers",
    "edit short": "should have", "edit null": "cells are missing", "edit negative": "has negative figures",
    "edit one-more": "does not sum to country", "edit other-code": "other codes than asked for",
    "edit list": "is a JSON list",
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_trouble_ends_in_words_with_the_store_intact_and_passes_when_it_is_over(
    api: StubApi, declared: Path, store: Store, trouble: str
) -> None:
    """Met at the control and at the table itself; once it is over the same fetch succeeds."""
    (kept,) = fetch_table("towns", store, api=client(api))
    files = {path: path.read_bytes() for path in store.folder.rglob("*.json")}
    api.tables["07459"].updated = "2026-08-20T07:00:00Z"
    for quiet in (1,) if trouble == "edit one-more" else (0, 1):  # one more in both agrees with itself
        api.trouble = [""] * quiet + [trouble] * 6
        said = refusal(api, store, most_bytes=2_000_000)
        assert TROUBLES[trouble] in said
        assert "07459" in said or "data" in said or "country" in said
    left = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    assert files.items() <= left.items()
    assert not [path for path in left if path.suffix == ".part"]
    assert load_table("towns", store, digest=kept.vintage.digest).data.identical(kept.data)
    api.trouble = []
    (again,) = fetch_table("towns", store, api=client(api))
    assert again.vintage.updated == "2026-08-20T07:00:00Z"
    assert store.verify() == []


@pytest.mark.parametrize("trouble", ["stall", "cut", "429", "wait 1", "500", "503", "truncated", "cut-chunks"])
def test_a_trouble_that_passes_is_success(api: StubApi, declared: Path, store: Store, trouble: str) -> None:
    api.trouble = [trouble, trouble]
    (figures,) = fetch_table("towns", store, api=client(api))
    assert float(figures.data.sum()) > 0
    assert store.verify() == []


def test_an_interruption_in_the_middle_of_a_split_query_keeps_nothing_of_it(
    api: StubApi, declared: Path, store: Store
) -> None:
    (declared / "country.toml").write_text(COUNTRY.replace("top(1)", "from(2020)"), encoding="utf-8")
    api.config["maxDataCells"] = 12
    api.trouble = ["", "", "404"]
    assert "404: not found" in refusal(api, store, "country")
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []
    (figures,) = fetch_table("country", store, api=client(api))
    assert len(figures.vintage.answers) == 4
    assert store.verify() == []


def test_codes_from_klass(api: StubApi, declared: Path, store: Store) -> None:
    (figures,) = fetch_table("codes", store, api=client(api))
    assert str(figures.data.sel(code="0301").item()) == "Åsby"
    assert load_table("codes", store).data.identical(figures.data)
    api.klass["codesAt.json"] = {"codes": [{"code": "0110"}]}
    assert "does not list codes with code, name" in refusal(api, store, "codes")
    api.klass["codesAt.json"] = CODES
    fetch_table("codes", store, api=client(api), times=["2024-01-01"])
    assert api.calls[-1][2] == {"date": "2024-01-01"}


def test_verify_live_compares_every_entry_with_its_table(api: StubApi, declared: Path) -> None:
    assert not any(verify_live(api=client(api)).values())
    api.tables["07459"].codelists["Region"]["agg_KommSummer"].pop("K-0301")
    api.klass.clear()
    api.klass["codesAt.json"] = {}
    found = {name: [str(p) for p in problems] for name, problems in verify_live(api=client(api)).items()}
    assert found["towns"] == ["towns: has 2 values of municipality, not 3"]
    assert found["country"] == []
    assert len(found["codes"]) == 1
    api.tables["07459"].codes["Sex"] = api.tables["07459"].codes.pop("Kjonn")
    problems = verify_live(["country"], client(api))["country"]
    assert any('no dimension "Kjonn"' in problem.what for problem in problems)


def test_the_whole_country_in_the_published_form(api: StubApi, store: Store, shared_data: Path) -> None:
    """Every municipality, sex and age in a body of the published form passes the embedded entry, and not one less."""
    body = json.loads(gzip.decompress((shared_data / "pxweb" / "07459_2026_all.json.gz").read_bytes()))
    codes = {dim: list(body["dimension"][dim]["category"]["index"]) for dim in body["id"]}
    values = dict(
        zip(((r, s, a) for r in codes["Region"] for s in "12" for a in codes["Alder"]), body["value"], strict=True)
    )
    sums = {(s, a): sum(values[r, s, a] for r in codes["Region"]) for s in "12" for a in codes["Alder"]}

    def persons(cell: dict[str, str]) -> float:
        kind = (cell["Kjonn"], cell["Alder"])
        return float(sums[kind] if cell["Region"] == "0" else values[f"K-{cell['Region']}", *kind])

    towns = {code: [code.removeprefix("K-")] for code in codes["Region"]}
    codes["Region"] = ["0", *(town for (town,) in towns.values())]
    lists = {"Region": {"agg_KommSummer": towns}, "Alder": {"vs_AlleAldre00B": {age: [age] for age in codes["Alder"]}}}
    api.tables["07459"] = StubTable(codes, persons, lists, ("Region", "Kjonn", "Alder"))
    (figures,) = fetch_table("population", store, api=client(api, read=60.0))
    assert figures.data.sizes == {"municipality": 357, "sex": 2, "age": 106, "year": 1}
    assert float(figures.data.sum()) == 5_627_400
    assert int(figures.data["age"][-1]) == 105
    towns.pop("K-5636")
    with pytest.raises(DemosimError) as raised:
        fetch_table("population", store, api=client(api, read=60.0))
    assert "has 356 values of municipality, not 357" in str(raised.value)
    assert "lacks codes: 5636 (1)" in str(raised.value)
    assert "does not sum to population-country" in str(raised.value)


TWICE = """
import os, sys
from demosim.sources import tables
from pathlib import Path
tables.embedded = lambda *_: Path(sys.argv[2])
from demosim.sources.fetch import fetch_table
from demosim.sources.http import Transport
from demosim.sources.pxweb import PxWeb
from demosim.sources.store import Store
for _ in range(3):
    fetch_table("towns", Store(sys.argv[3]), api=PxWeb(Transport(), sys.argv[1]))
"""


def test_two_processes_that_fetch_at_once(api: StubApi, declared: Path, store: Store) -> None:
    path = str(Path(tables_module.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": path}
    api.config["maxCallsPerTimeWindow"] = 1000
    command = [sys.executable, "-c", TWICE, api.base, str(declared), str(store.folder)]
    running = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    assert store.verify() == []
    assert len(list_vintages(store)) == 2


def test_every_embedded_entry_is_read_and_says_that_it_was_never_checked() -> None:
    known = entries()
    tables = {entry.table for entry in known.values()}
    assert {
        "07459",
        "14288",
        "14746",
        "13599",
        "06913",
        "07902",
        "04232",
        "05426",
        "09588",
        "12362",
        "12367",
        "131",
    } <= tables
    for entry in known.values():
        assert not entry.verified  # none has seen a real answer yet
        assert entry.title
        assert entry.unit
        if entry.kind == "pxweb":
            assert set(entry.query) == set(entry.axes)
            assert {"ContentsCode", "Tid"} <= set(entry.query)
        if entry.checks.control:
            assert find_entries(entry.checks.control.entry)[0].table == entry.table


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("titel = 1", "titel: extra inputs are not permitted"),
        ('title = "x"\nvariable = "v"\nunit = "u"\nscale = "many"', "scale: input should be a valid number"),
        ("title =", "cannot be read"),
        ('title = "x"\nvariable = "v"\nunit = "u"\n[axes.a]\nkind = "month"', "axes.a.kind: input should be 'text'"),
    ],
)
def test_an_entry_that_is_wrong_is_refused_with_every_problem(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DemosimError) as raised:
        read_entry(path)
    assert says in str(raised.value)
    assert raised.value.exit_code == 2
    with pytest.raises(DemosimError, match="cannot be read"):
        read_entry(tmp_path / "nowhere.toml")
