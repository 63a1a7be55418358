"""`demosim data` as a user meets it: against the local API, offline, without the libraries, with wrong input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demosim.sources import http as http_module
from demosim.sources import tables as tables_module
from demosim.sources.http import Limits
from stub_api import StubApi
from stub_client import serving, small_country
from test_cli import call
from test_sources_fetch import CODES, COUNTRY, LIST, TOWNS

SOURCES = str(Path(tables_module.__file__).parents[2])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StubApi]:
    """The small country behind `DEMOSIM_API`, its entries in place of the embedded ones, a store of its own."""
    with small_store(monkeypatch, tmp_path, {"towns": TOWNS, "country": COUNTRY, "codes": LIST}) as stub:
        yield stub


@contextmanager
def small_store(monkeypatch: pytest.MonkeyPatch, folder: Path, declared: dict[str, str]) -> Iterator[StubApi]:
    """The small country behind `DEMOSIM_API` with these entries by name, and an empty store, in a folder."""
    (folder / "tables").mkdir()
    for name, text in declared.items():
        (folder / "tables" / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(tables_module, "embedded", lambda *_: folder / "tables")
    monkeypatch.setenv("DEMOSIM_STORE", str(folder / "store"))
    monkeypatch.setattr(http_module.Transport.__init__, "__defaults__", (Limits(2.0, 2.0, 5.0, 2, 0.01), None))
    monkeypatch.chdir(folder)
    with serving(monkeypatch) as stub:
        monkeypatch.setenv("DEMOSIM_API", stub.base)
        stub.config["maxCallsPerTimeWindow"] = 1000
        stub.tables, stub.klass = small_country(), {"codesAt.json": CODES}
        yield stub


def test_fetch_tells_each_table_and_what_was_never_checked(api: StubApi, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "data", "fetch")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["codes", "country", "towns"]
    assert "towns: 07459 updated 2026-02-24T07:00:00Z sha256:" in out
    assert lines[-1] == "Oppføringer som aldri er holdt opp mot et virkelig svar: 3 av 3."
    assert call(capsys, "--quiet", "data", "fetch", "--table", "towns") == (0, "", "")


def test_fetch_years_of_ones_own(api: StubApi, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "data", "fetch", "--table", "country", "--times", "range(2020,2022),2026")
    assert (code, err) == (0, "")
    assert api.data_calls()[-1][2]["valueCodes[Tid]"] == "[range(2020,2022)],2026"
    code, _, err = call(capsys, "data", "fetch", "--table", "country", "--times", "2031")
    assert code == 1
    assert 'has no code "2031"; 7 codes: 2020, 2021' in err
    code, _, err = call(capsys, "data", "fetch", "--table", "country", "--times", "2020,,2021")
    assert code == 2
    assert "has an empty part" in err


def test_a_table_that_is_not_known_is_refused_before_anything_is_fetched(
    api: StubApi, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "data", "fetch", "--table", "twons", "--table", "towns", "--table", "99999")
    assert code == 2
    assert 'no table is called "twons"; codes, country, towns; did you mean "towns"?' in err
    assert 'no table is called "99999"' in err
    assert out == ""
    assert api.calls == []
    assert call(capsys, "data", "list", "--table", "twons")[0] == 2


def test_one_table_that_fails_does_not_keep_the_others_back(api: StubApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.klass["codesAt.json"] = {"codes": "none"}
    code, out, err = call(capsys, "data", "fetch")
    assert code == 1
    assert "towns: 07459" in out
    assert "does not list codes" in err


def test_the_network_is_away(api: StubApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMOSIM_API", "http://127.0.0.1:9/api/pxwebapi/v2")
    code, out, err = call(capsys, "data", "fetch")
    assert (code, out) == (1, "")
    assert err.count("cannot be reached") == 1  # said once, not for every table
    code, _, err = call(capsys, "data", "verify", "--live")
    assert code == 1
    assert err.count("cannot be reached") == 1


def test_list_show_and_prune(api: StubApi, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = call(capsys, "--lang", "en", "data", "list")
    assert code == 0
    assert out == f"The store {tmp_path / 'store'} is empty; `demosim data fetch` fills it.\n"
    assert call(capsys, "--lang", "nn", "data", "list", "--table", "towns")[1].endswith(
        "har ikkje noko av towns; `demosim data fetch` fyller det.\n"
    )
    assert json.loads(call(capsys, "--json", "data", "list")[1]) == []
    call(capsys, "data", "fetch", "--table", "towns")
    rows = json.loads(call(capsys, "--json", "data", "list")[1])
    assert {row["entry"] for row in rows} == {"towns", "country"}
    assert all(row["verified"] is False and row["table"] == "07459" for row in rows)
    out = call(capsys, "data", "list", "--table", "towns")[1]
    assert out.startswith("towns: 07459 updated 2026-02-24")
    assert ", hentet 20" in out
    assert len(out.splitlines()) == 1
    assert ", fetched 20" in call(capsys, "--lang", "en", "data", "list", "--table", "towns")[1]
    digest = next(row["digest"] for row in rows if row["entry"] == "towns")
    code, out, _ = call(capsys, "data", "show", digest[:10])
    assert code == 0
    assert "svar sha256:" in out
    assert "K-0110" in out
    shown = json.loads(call(capsys, "--json", "data", "show", digest[:10])[1])
    assert shown["digest"] == digest
    assert shown["query"]["Region"] == ["*", "codelist agg_KommSummer"]
    assert call(capsys, "data", "prune")[1] == "Ingenting å fjerne.\n"
    assert call(capsys, "--lang", "en", "data", "prune")[1] == "Nothing to remove.\n"
    assert call(capsys, "--quiet", "data", "prune")[1] == ""
    api.tables["07459"].updated = "2026-03-01T07:00:00Z"
    call(capsys, "data", "fetch", "--table", "towns")
    gone = call(capsys, "data", "prune", "--dry-run")[1].splitlines()
    assert len(json.loads(call(capsys, "--json", "data", "list")[1])) == 4
    assert call(capsys, "data", "prune")[1].splitlines() == gone
    assert len(json.loads(call(capsys, "--json", "data", "list")[1])) == 2
    assert call(capsys, "data", "prune", "--keep", "0")[0] == 2


@pytest.mark.parametrize("start", ["zzzz", ""])
def test_a_vintage_that_is_not_there(api: StubApi, capsys: pytest.CaptureFixture[str], start: str) -> None:
    code, _, err = call(capsys, "data", "show", start)
    assert code == 2
    assert f'no vintage begins with "{start}"; a digest, as `demosim data list` shows it' in err


def test_verify_names_what_is_damaged(api: StubApi, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    call(capsys, "data", "fetch", "--table", "towns")
    code, out, _ = call(capsys, "--lang", "en", "data", "verify")
    assert (code, out) == (0, f"The store {tmp_path / 'store'} is as it was written: 2 vintages.\n")
    body = next((tmp_path / "store" / "bodies").rglob("*.json"))
    body.write_bytes(body.read_bytes()[:-1])
    code, _, err = call(capsys, "data", "verify")
    assert code == 1
    assert "damaged, needed by 07459" in err
    assert str(body) in err


def test_verify_live_names_each_entry(api: StubApi, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "data", "verify", "--live")
    assert out.splitlines()[0] == "codes: som oppgitt"
    code, out, _ = call(capsys, "--lang", "en", "data", "verify", "--live")
    assert code == 0
    assert out.splitlines()[:3] == ["codes: as declared", "country: as declared", "towns: as declared"]
    api.tables["07459"].codelists["Region"]["agg_KommSummer"].pop("K-0301")
    code, out, err = call(capsys, "data", "verify", "--live")
    assert code == 1
    assert "towns: avviker" in out
    assert "has 2 values of municipality, not 3" in err
    del api.tables["07459"]
    assert "404: not found" in call(capsys, "data", "verify", "--live")[2]


def test_offline_never_asks(api: StubApi, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "data", "fetch", "--table", "towns", "--offline")
    assert code == 1
    assert "towns is not in the store; fetch it where there is a network: demosim data fetch --table towns" in err
    call(capsys, "data", "fetch", "--table", "towns")
    asked = len(api.calls)
    assert call(capsys, "data", "fetch", "--table", "towns", "--offline")[0] == 0
    assert "is not in the store for 2020" in call(
        capsys, "data", "fetch", "--table", "towns", "--offline", "--times", "2020"
    )[2]  # fmt: skip
    assert len(api.calls) == asked


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say what to build from; one of --launch YEAR, --from FILE, --embedded"),
        (["--embedded", "--launch", "2026"], "say what to build from"),
        (["--from", "nowhere.toml"], "nowhere.toml: --from: there is no such file"),
        (["--launch", "2026", "--history", "none.nc"], "none.nc: --history: there is no such file"),
        (["--launch", "2026", "--estimates", "none.nc"], "none.nc: --estimates: there is no such file"),
        (["--from", "a.toml", "--history", "a.toml"], "--history and --estimates go with a launch year"),
        (["--launch", "2026", "--history", "a.toml", "--estimates", "a.toml"], "both --history and --estimates"),
        (["--launch", "2026", "--weights", "none.csv"], "none.csv: there is no such file"),
        (["--launch", "2026", "--weights", "a.toml"], "a.toml: old: has no such column; columns old, new, weight"),
    ],
)
def test_a_build_that_cannot_be_meant_is_refused(
    api: StubApi, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], says: str
) -> None:
    (tmp_path / "a.toml").write_text("[names]\n", encoding="utf-8")
    code, out, err = call(capsys, "data", "build", "--output", "mine", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert not (tmp_path / "mine").exists()


def test_a_build_from_an_empty_store_says_what_to_fetch(api: StubApi, capsys: pytest.CaptureFixture[str]) -> None:
    (Path.cwd() / "tables" / "population.toml").write_text(TOWNS, encoding="utf-8")
    (Path.cwd() / "tables" / "population-history.toml").write_text(TOWNS, encoding="utf-8")
    code, _, err = call(capsys, "data", "build", "--output", "mine", "--launch", "2026")
    assert code == 1
    assert "the store has no population for 1 January 2026" in err
    assert "demosim data fetch --table population" in err
    assert not Path("mine").exists()


def test_weights_are_read_with_every_fault_at_once(tmp_path: Path) -> None:
    from demosim.errors import DemosimError
    from demosim.sources.command import read_weights
    from demosim.sources.store import Store

    path = tmp_path / "weights.csv"
    path.write_text("old,new,weight\n1507,1508,0.86\n1507,1580,0.14\n", encoding="utf-8")
    store = Store(tmp_path / "store")
    assert read_weights(str(path), 2026, store) == {"1507": {"1508": 0.86, "1580": 0.14}}
    assert read_weights(None, 2026, store) == {}
    wrong = ["1507,1508,much", "1500,1501,", "1502,1503,nan", "1504,1508,0.5", "1523,1508,1", "1523,1508,1"]
    path.write_text("\n".join(["old,new,weight", *wrong]), encoding="utf-8")
    with pytest.raises(DemosimError) as raised:
        read_weights(str(path), 2026, store)
    said = str(raised.value)
    assert ':2: weight: "much" is no number' in said
    assert "1504: is split between 1508; its weights sum to 0.5; shares from 0 that sum to 1" in said
    assert ':3: weight: "" is no number' in said
    assert "1502: is split between 1503; its weights sum to nan" in said
    assert ":7: 1523 goes to 1508 twice" in said


WITHOUT = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from demosim.cli import main
main(sys.argv[2:])
"""


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["data", "fetch", "--table", "population"], 2, "install demosim[data]"),
        (["data", "verify", "--live"], 2, "install demosim[data]"),
        (["data", "list"], 0, "er tomt"),
        (["data", "verify"], 0, "er slik det ble skrevet"),
        (["data", "fetch", "--table", "population", "--offline"], 1, "population is not in the store"),
        (["data", "build", "--launch", "2026", "--output", "mine"], 1, "the store has no population"),
    ],
)
def test_the_core_alone_says_which_extra_to_install(tmp_path: Path, words: list[str], code: int, says: str) -> None:
    environment = {**os.environ, "PYTHONPATH": SOURCES, "DEMOSIM_STORE": str(tmp_path / "store")}
    hidden = "requests,urllib3,truststore,openpyxl"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, hidden, *words], env=environment, cwd=tmp_path, text=True,
        capture_output=True, check=False, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_one_client_asks_for_all_tables_so_that_the_calls_of_a_window_are_counted(
    api: StubApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(capsys, "data", "fetch")[0] == 0
    assert sum(path.endswith("/config") for _, path, _, _ in api.calls) == 1
