"""Interruptions and disks that fill while a run is on, several runs at once: nothing is half written.

`test_every_command` has the same of every command, at the first file that it writes.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import made_up_result
import sweep_country
from conftest import ROOT
from demosim import files
from demosim.cli import main
from demosim.errors import DemosimError
from demosim.files import replacing, write_text
from demosim.outputs.netcdf import read_result, write_result
from demosim.sources.store import Store

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")
COMMANDS = {
    "run": ["run", "small.toml"],
    "export xlsx": ["export", "run.nc", "--output", "results/e.xlsx"],
    "report": ["report", "run.nc", "--output", "results/r.html"],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scenario, its data set and a run of it."""
    monkeypatch.chdir(tmp_path)
    sweep_country.scenario_file(tmp_path)
    write_result(tmp_path / "run.nc", made_up_result.small(), "run")
    return tmp_path


def inside(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def call(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main(words)
    return int(end.value.code or 0), capsys.readouterr().err


def at_first_sync(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """The fault comes when the first file is written and not yet in its place."""

    def failing(_: int) -> None:
        raise fault

    monkeypatch.setattr(files.os, "fsync", failing)


def test_data_that_are_fetched_are_kept_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command itself needs a network; what writes for it is the store."""
    store, about = Store(tmp_path), dict.fromkeys(("entry", "table", "updated", "fetched", "licence", "source"), "x")
    answers = [({"url": "x"}, b"{}"), ({"url": "y"}, b"[]")]
    at_first_sync(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        store.put({**about, "query": {}, "verified": False}, answers)
    assert inside(tmp_path) == []
    monkeypatch.undo()
    store.put({**about, "query": {}, "verified": False}, answers)
    assert len(inside(tmp_path)) == 3
    assert store.verify() == []


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from demosim.cli import main
main(sys.argv[2:])
"""


def python(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, encoding="utf-8", cwd=folder, env=environment,
        check=False, timeout=240,
    )  # fmt: skip


@posix
@pytest.mark.parametrize("most", [100, 20_000, 150_000])
@pytest.mark.parametrize("command", ["run", "export xlsx", "report"])
def test_a_disk_that_is_full_halfway(here: Path, command: str, most: int) -> None:
    """The library of NetCDF and the writer of workbooks meet the limit at different places."""
    before = inside(here)
    done = python("-c", LIMITED, str(most), *COMMANDS[command], folder=here)
    if done.returncode == 0:
        assert most == 150_000, "the limit was not met"
        return
    assert done.returncode == 1, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert inside(here) == before


# The first write says that it has begun and then takes a minute, so that the signal comes in the middle of it.
SLOW = """
import signal, sys, time
from demosim import files
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell started the tests in the background
def slow(path):
    print("writing", flush=True)
    time.sleep(60)
files._sync = slow
from demosim.cli import main
main(sys.argv[1:])
"""


@posix
@pytest.mark.parametrize("words", [
    ["run", "small.toml"], ["sweep", "small.toml", "--vary", "fertility.multiplier=0.9:1.1:0.01"],
    ["fan", "small.toml", "--draws", "16"],
    ["data", "recode", "run.nc", "--changes", "changes.csv", "--output", "x.nc"],
    ["pages", "run.nc", "--output", "pages"],
], ids=lambda words: words[0])  # fmt: skip
def test_a_signal_in_the_middle_of_a_write(here: Path, words: list[str]) -> None:
    """Ctrl+C, as a terminal sends it: 130, one word, and nothing left of what was being written."""
    (here / "changes.csv").write_text("old,new\nR3,R9\nR4,R9\n", encoding="utf-8")
    before = inside(here)
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "--quiet", *words], cwd=here, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said.split()) == (130, ["Interrupted."])
    assert inside(here) == before


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_without_root(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "results").mkdir(mode=0o500)
    code, said = call(COMMANDS["run"], capsys)
    assert (code, "cannot be written (Permission denied)" in said) == (1, True)


def test_a_reader_keeps_the_old_file_while_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with path.open(encoding="utf-8") as reader:
        write_text(path, "new")
        if os.name != "nt":
            assert reader.read() == "old"
    assert path.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("times", [1, 3])
def test_a_file_that_a_reader_holds_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Windows refuses to replace a file that is open; a reader that lets go soon is waited for."""
    path, tried = tmp_path / "a.txt", []
    write_text(path, "old")
    replace = os.replace

    def held(source: object, target: object) -> None:
        tried.append(source)
        if len(tried) <= times:
            raise PermissionError(errno.EACCES, "held by another program")
        replace(source, target)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(Path, "replace", lambda path, target: held(path, target))
    monkeypatch.setattr(files, "WAIT", 0.001)
    write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert len(tried) == times + 1


def test_a_file_that_stays_held_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def held(*_: object) -> None:
        raise PermissionError(errno.EACCES, "held by another program")

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr(files, "WAIT", 0.001)
    with pytest.raises(DemosimError, match="held by another program"):
        write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert inside(tmp_path) == ["a.txt"]


def test_many_writers_of_one_file_leave_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    texts = [str(number) * 50_000 for number in range(8)]

    def write(text: str) -> None:
        for _ in range(10):
            write_text(path, text)

    workers = [threading.Thread(target=write, args=(text,)) for text in texts]
    for worker in workers:
        worker.start()
    seen = set()
    while any(worker.is_alive() for worker in workers):
        if path.exists():
            seen.add(path.read_text(encoding="utf-8"))
    for worker in workers:
        worker.join()
    assert seen | {path.read_text(encoding="utf-8")} <= set(texts)
    assert inside(tmp_path) == ["a.txt"]


def test_runs_at_the_same_time_into_one_folder(here: Path) -> None:
    """Two of the same scenario and one of another: two results, both whole."""
    other = (here / "small.toml").read_text(encoding="utf-8").replace('"small"', '"other"')
    (here / "other.toml").write_text(other, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = [
        subprocess.Popen([sys.executable, "-m", "demosim", "--quiet", "run", name], cwd=here, env=environment)
        for name in ("small.toml", "small.toml", "other.toml")
    ]
    assert [process.wait(timeout=240) for process in running] == [0, 0, 0]
    assert inside(here / "results") == ["other.nc", "small.nc"]
    one, two = (read_result(here / "results" / f"{name}.nc") for name in ("small", "other"))
    assert one["population"].equals(two["population"])


@pytest.mark.parametrize("fault", [RuntimeError("NetCDF: HDF error"), OSError(errno.EIO, "Input/output error")])
def test_what_a_library_says_of_a_disk_comes_as_words(tmp_path: Path, fault: Exception) -> None:
    with pytest.raises(DemosimError, match="cannot be written"), replacing(tmp_path / "a.nc"):
        raise fault
    assert inside(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (OSError(errno.EIO, "Input/output error", "x.csv"), 1, "x.csv: Input/output error"),
        (MemoryError(), 1, "not enough memory"),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_what_nobody_expected_of_the_system_is_one_line(
    here: Path, fault: BaseException, code: int, says: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def failing(*_: object) -> None:
        raise fault

    monkeypatch.setattr(importlib.import_module("demosim.run"), "project", failing)
    ended, said = call(COMMANDS["run"], capsys)
    assert (ended, said.strip()) == (code, says)
