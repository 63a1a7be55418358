"""The store: content-addressed, whole or not at all, side by side, also with several processes and a kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demosim.errors import DemosimError
from demosim.sources import store as store_module
from demosim.sources.store import GRACE, Store, Vintage, default_folder, digest

ABOUT: dict[str, Any] = {
    "entry": "population", "table": "07459", "query": {"Tid": ["top(1)"]}, "updated": "2026-02-24T07:00:00Z",
    "fetched": "2026-03-01T10:00:00Z", "licence": "CC BY 4.0", "source": "Statistics Stubland", "verified": False,
}  # fmt: skip


def put(store: Store, *bodies: bytes, **about: Any) -> Vintage:
    return store.put({**ABOUT, **about}, [({"params": {"n": str(n)}}, body) for n, body in enumerate(bodies)])


def files(store: Store) -> set[str]:
    return {path.relative_to(store.folder).as_posix() for path in store.folder.rglob("*") if path.is_file()}


def test_what_is_put_can_be_read_as_it_came(tmp_path: Path) -> None:
    store = Store(tmp_path)
    vintage = put(store, b'{"a": 1}', b"\xff\x00 as it came")
    assert store.read(store.get(vintage.digest[:8])) == [b'{"a": 1}', b"\xff\x00 as it came"]
    assert vintage.size == 8 + 13
    assert store.verify() == []
    assert vintage.reference == f"07459 updated 2026-02-24T07:00:00Z sha256:{vintage.digest[:32]}"
    manifest = json.loads((tmp_path / "vintages" / f"{vintage.digest}.json").read_text(encoding="utf-8"))
    assert {"table", "query", "updated", "fetched", "licence", "size", "answers"} <= set(manifest)


def test_the_same_again_is_the_same_vintage_with_its_first_date(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, before = put(store, b"1"), files(store)
    again = put(store, b"1", fetched="2026-04-01T00:00:00Z")
    assert again == first
    assert files(store) == before


@pytest.mark.parametrize("change", [{"query": {"Tid": ["2025"]}}, {"entry": "other"}, {"table": "1"}])
def test_another_query_with_the_same_body_is_another_vintage(tmp_path: Path, change: dict[str, Any]) -> None:
    store = Store(tmp_path)
    one, two = put(store, b"1"), put(store, b"1", **change)
    assert one.digest != two.digest
    assert len(list((tmp_path / "bodies").rglob("*.json"))) == 1


def test_vintages_stand_side_by_side_oldest_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, b"2", updated="2026-08-01")
    put(store, b"1", updated="2026-02-01")
    put(store, b"3", entry="moves", table="09588")
    assert [v.updated for v in store.vintages("population")] == ["2026-02-01", "2026-08-01"]
    assert [v.entry for v in store.vintages("09588")] == ["moves"]
    assert len(store.vintages()) == 3


def test_an_empty_or_absent_store_is_no_trouble(tmp_path: Path) -> None:
    store = Store(tmp_path / "nowhere")
    assert store.vintages() == []
    assert store.verify() == []
    assert store.prune() == []
    with pytest.raises(DemosimError, match='no vintage begins with "abc"'):
        store.get("abc")


def test_a_digest_must_be_clear(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(20):
        put(store, str(number).encode())
    starts = [v.digest[0] for v in store.vintages()]
    twice = next(start for start in starts if starts.count(start) > 1)
    with pytest.raises(DemosimError, match="several vintages begin"):
        store.get(twice)
    with pytest.raises(DemosimError, match="no vintage begins"):
        store.get("")


@pytest.mark.parametrize("harm", ["flip", "cut", "gone", "manifest", "format", "renamed", "json"])
def test_damage_is_found_and_nothing_damaged_is_read(tmp_path: Path, harm: str) -> None:
    store = Store(tmp_path)
    vintage = put(store, b"figures")
    whole = put(store, b"others", entry="moves")
    body = next((tmp_path / "bodies").rglob(f"{digest(b'figures')}.json"))
    manifest = tmp_path / "vintages" / f"{vintage.digest}.json"
    match harm:
        case "flip":
            body.write_bytes(b"figurez")
        case "cut":
            body.write_bytes(b"fig")
        case "gone":
            body.unlink()
        case "manifest":
            manifest.write_text(manifest.read_text(encoding="utf-8").replace("top(1)", "top(2)"), encoding="utf-8")
        case "format":
            manifest.write_text(
                manifest.read_text(encoding="utf-8").replace('"format": 1', '"format": 9'), encoding="utf-8"
            )
        case "renamed":
            manifest.rename(manifest.with_name(f"{'0' * 64}.json"))
        case "json":
            manifest.write_text("{", encoding="utf-8")
    assert len(store.verify()) == 1
    with pytest.raises(DemosimError):
        store.read(store.get(vintage.digest if harm != "renamed" else "0" * 64))
    assert store.read(whole) == [b"others"]
    if harm in ("flip", "cut", "gone"):
        put(store, b"figures")  # fetching again mends it
        assert store.verify() == []


def test_prune_keeps_the_newest_of_each_query(tmp_path: Path) -> None:
    store = Store(tmp_path)
    vintages = [put(store, f"{n}".encode(), updated=f"2026-0{n}-01") for n in range(1, 5)]
    other = put(store, b"1", query={"Tid": ["2025"]})
    would = store.prune(keep=2, dry_run=True)
    assert len(files(store)) == 4 + 5
    assert store.prune(keep=2) == would
    assert [v.updated for v in store.vintages("population")][1:] == ["2026-03-01", "2026-04-01"]
    assert store.read(other) == [b"1"]  # the body of a removed vintage that another still needs stays
    assert store.verify() == []
    assert store.prune(keep=1, protect=[vintages[2].digest[:10]]) == []
    with pytest.raises(DemosimError, match="1 or more"):
        store.prune(keep=0)


def test_prune_leaves_alone_what_another_process_may_be_writing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, b"1")
    fresh, stale = (tmp_path / "bodies" / "aa" / f".{name}.part" for name in ("fresh", "stale"))
    fresh.parent.mkdir()
    for path in (fresh, stale):
        path.write_bytes(b"half")
    os.utime(stale, (time.time() - 2 * GRACE,) * 2)
    assert store.prune() == [stale]
    assert fresh.exists()


def test_a_body_pruned_between_body_and_manifest_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, write = Store(tmp_path), store_module._write

    def pruned_meanwhile(path: Path, content: bytes) -> None:
        write(path, content)
        if path.parent.name == "vintages":
            for body in (tmp_path / "bodies").rglob("*.json"):
                body.unlink()

    monkeypatch.setattr(store_module, "_write", pruned_meanwhile)
    vintage = put(store, b"1", b"2")
    assert store.read(vintage) == [b"1", b"2"]


@settings(max_examples=20, deadline=None)
@given(stop=st.integers(0, 5))
def test_an_interruption_anywhere_leaves_the_store_whole(tmp_path_factory: pytest.TempPathFactory, stop: int) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    put(store, b"old")
    before, write = files(store), store_module._write
    count = 0

    def interrupted(path: Path, content: bytes) -> None:
        nonlocal count
        count += 1
        if count > stop:
            raise KeyboardInterrupt
        write(path, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "_write", interrupted)
        try:
            put(store, b"1", b"2", b"3", entry="new")
        except KeyboardInterrupt:
            assert store.vintages("new") == []
    assert store.verify() == []
    assert before <= files(store)
    assert not [name for name in files(store) if name.endswith(".part")]


def test_a_write_that_fails_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DemosimError, match=r"cannot be written .*No space left"):
        put(Store(tmp_path), b"1")
    assert not list(tmp_path.rglob("*.part"))
    (tmp_path / "a file").write_text("", encoding="utf-8")
    with pytest.raises(DemosimError, match="cannot be written"):
        put(Store(tmp_path / "a file"), b"1")


KILLED = """
import os, sys
from demosim.sources.store import Store
real, count = os.fsync, 0
def fsync(handle):
    global count
    count += 1
    if count == int(sys.argv[2]):
        os._exit(9)
    real(handle)
os.fsync = fsync
about = dict(entry="e", table="t", query={}, updated="", fetched="", licence="", source="", verified=False)
Store(sys.argv[1]).put(about, [({}, b"1" * 100_000), ({}, b"2" * 100_000)])
"""

MANY = """
import sys
from demosim.sources.store import Store
about = dict(table="t", query={}, updated="", fetched="", licence="", source="", verified=False)
for number in range(25):
    Store(sys.argv[1]).put({"entry": f"e{number % 5}", **about}, [({}, bytes([number % 7]) * 50_000), ({}, b"same")])
"""


def python(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(store_module.__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], env=environment)


def test_a_process_killed_in_the_middle_leaves_nothing_half(tmp_path: Path) -> None:
    for moment in (1, 2, 3):
        store = Store(tmp_path / str(moment))
        assert python(KILLED, store.folder, moment).wait(60) == 9
        assert store.vintages() == []
        assert store.verify() == []
        for path in store.folder.rglob("*"):
            os.utime(path, (time.time() - 2 * GRACE,) * 2)
        assert len(store.prune()) == moment
        assert files(store) == set()
        assert python(KILLED, store.folder, 99).wait(60) == 0
        assert len(store.vintages()) == 1


def test_processes_that_write_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    running = [python(MANY, tmp_path) for _ in range(3)]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    store = Store(tmp_path)
    assert store.verify() == []
    assert len(store.vintages()) == 25
    assert len(list((tmp_path / "bodies").rglob("*.json"))) == 8
    assert not list(tmp_path.rglob("*.part"))


def test_the_users_own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMOSIM_STORE", str(tmp_path / "mine"))
    assert Store().folder == default_folder() == tmp_path / "mine"
    monkeypatch.delenv("DEMOSIM_STORE")
    assert default_folder().name == "store"
