"""What holds for every command: it prints on a narrow console, and nothing is half written when it is stopped."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demosim import files
from demosim.cli import main
from every_command import CALLS, NEEDS_NORWAY, OF_THE_STORE, commands, contents, copied, furnish, norway, words, writes
from test_cli_data import api  # noqa: F401  # a fixture

# cp1252 is the console of a Norwegian Windows, cp865 that of its old command prompt.
CONSOLES = ("cp1252", "cp865")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    furnish(folder)
    return folder


@pytest.fixture(scope="module")
def of_norway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("norway")
    norway(folder)
    return folder


@pytest.fixture
def here(request: pytest.FixtureRequest, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for a test of the command `name`, with all that its calls want."""
    name = request.getfixturevalue("name")
    folder = copied(made, tmp_path / "here")
    if name in NEEDS_NORWAY:
        copied(request.getfixturevalue("of_norway"), folder)
    monkeypatch.setenv("DEMOSIM_STORE", str(folder / ("towns" if name in OF_THE_STORE else "store")))
    if name in OF_THE_STORE:
        request.getfixturevalue("api")
    if name in OF_THE_STORE and name != "data fetch":
        with pytest.raises(SystemExit):
            main(["--quiet", "data", "fetch", "--table", "towns"])
    monkeypatch.chdir(folder)
    return folder


def call(typed: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main(typed)
    return int(end.value.code or 0), capsys.readouterr().err


def test_every_command_has_a_call() -> None:
    assert set(CALLS) == {name for name, _ in commands()}
    for name in CALLS:
        options = {option for parameter in dict(commands())[name].params for option in parameter.opts}
        assert "--output" not in options or "--output" in CALLS[name][0], f"the first call of {name} writes nothing"


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Files that are put into their place; afterwards: each of them was on the disk."""
    sync, replace = os.fsync, Path.replace
    synced: list[int] = []
    placed: list[int] = []

    def noted(path: Path, target: Path) -> Path:
        inside = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        placed.extend(file.stat().st_ino for file in inside)
        return replace(path, target)

    monkeypatch.setattr(files.os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_ino), sync(handle)))
    monkeypatch.setattr(Path, "replace", noted)
    yield placed
    assert set(placed) <= set(synced), "a file took its place that was not on the disk"


@pytest.mark.parametrize("name", CALLS)
def test_a_narrow_console_shows_what_it_can(
    name: str, here: Path, placed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No true minus, Sami letter or thin space ends a command with an error; what it writes is synced first."""
    for number, line in enumerate(CALLS[name]):
        encoding = CONSOLES[number % 2]
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
        typed = words(name, line)
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as end:
            main(typed)
        out.flush()
        err.flush()
        said, told = (stream.buffer.getvalue().decode(encoding) for stream in (out, err))  # type: ignore[attr-defined]  # of BytesIO
        assert end.value.code == 0, (line, told)
        assert (said + told).strip(), line
    assert bool(placed) is writes(name)


@pytest.mark.parametrize("encoding", CONSOLES)
def test_a_problem_is_said_on_a_narrow_console(encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    err = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stderr", err)
    with pytest.raises(SystemExit) as end:
        main(["check", "not-there-−-Ŋ.toml"])
    err.flush()
    assert (end.value.code, b"not-there-?-?.toml: " in err.buffer.getvalue()) == (2, True)  # type: ignore[attr-defined]  # of BytesIO


def at_first_sync(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """The fault comes when the first file is written and not yet in its place."""

    def failing(_: int) -> None:
        raise fault

    monkeypatch.setattr(files.os, "fsync", failing)


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


FAULTS = {
    "interrupted": (130, "Interrupted."),
    "full": (1, "cannot be written (No space left on device)"),
    "closed": (1, "Permission denied"),
}


@pytest.mark.parametrize(
    ("name", "fault"), [(name, fault) for name in CALLS for fault in FAULTS if writes(name) or fault == "closed"]
)
def test_what_goes_wrong_leaves_what_was_there(
    name: str, fault: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C, a full disk and a folder that may not be written, at the first file that a command writes.

    Those that write none are through before, and have left nothing either.
    """
    for word in words(name, CALLS[name][0]):
        if word.startswith("out/") and Path(word).suffix:
            Path(word).parent.mkdir()
            Path(word).write_bytes(b"of an earlier day")
    before = contents(here)
    match fault:
        case "interrupted":
            at_first_sync(monkeypatch, KeyboardInterrupt())
        case "full":
            at_first_sync(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
        case _:
            for place, kind in ((files.tempfile, "mkstemp"), (files.tempfile, "mkdtemp"), (Path, "mkdir")):
                monkeypatch.setattr(place, kind, refuse)
    code, said = call(words(name, CALLS[name][0]), capsys)
    expected, words_of_it = FAULTS[fault] if writes(name) else (0, "")
    assert (code, contents(here)) == (expected, before), said
    assert words_of_it in said
    assert "Traceback" not in said


HIDDEN = ("jinja2", "markupsafe", "vl_convert", "altair", "xlsxwriter", "openpyxl", "websockets", "requests")
WANT_REPORT = ("export", "report", "pages", "plot")  # in their first call


@pytest.mark.parametrize("name", [name for name in CALLS if writes(name)])
def test_without_the_extras_a_command_works_or_names_the_extra_and_leaves_nothing(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(here)
    for library in HIDDEN:
        monkeypatch.setitem(sys.modules, library, None)
    code, said = call(words(name, CALLS[name][0]), capsys)
    if name in WANT_REPORT:
        assert (code, contents(here)) == (2, before), said
        assert 'pip install "demosim[report]"' in said
    else:
        assert code == 0 or (code, contents(here), "demosim[data]" in said) == (2, before, True), said
