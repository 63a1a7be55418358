"""Write files whole or not at all; read tables, and what a file names only where it may name it."""

from __future__ import annotations

import os
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from demosim.errors import ProblemGroup, run_error, usage_error

if TYPE_CHECKING:
    import pandas as pd

TRIES, WAIT = 5, 0.2  # seconds
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # begin a formula in some spreadsheet


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well, and is removed when it does not.

    Folders on the way are made. Raises a `DemosimError` where the place cannot be written.
    """
    if path.is_dir():
        raise run_error("is a folder; give the name of a file", file=str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-", suffix=".part")
    except OSError as error:
        raise run_error(f"cannot be written ({error.strerror})", file=str(path)) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _sync(temporary)
        temporary.chmod(0o644)
        _put(temporary, path)
    except OSError as error:
        raise run_error(f"cannot be written ({error.strerror or error})", file=str(path)) from error
    except RuntimeError as error:  # how the NetCDF library says that the disk is full
        raise run_error(f"cannot be written ({error}; is the disk full?)", file=str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path, last: str) -> Iterator[Path]:
    """A folder beside `folder` whose files take their places in it when the block ends well: all of them, or none.

    A folder that is not there yet comes at one stroke. In one that is, files of other names stay, and what is replaced
    comes back where that fails half way. `last` goes first and comes last: where the machine stopped in between, it is
    missing, by which a reader knows.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name[:40]}-", suffix=".part") as beside:
        made, kept = Path(beside) / "made", Path(beside) / "kept"
        made.mkdir()
        yield made
        for path in made.iterdir():
            _sync(path)
        if not folder.exists():
            made.replace(folder)
            return
        kept.mkdir()
        names = sorted((path.name for path in made.iterdir()), key=lambda name: (name == last, name))
        try:
            for name in reversed(names):
                if (folder / name).exists():
                    _put(folder / name, kept / name)
            for name in names:
                _put(made / name, folder / name)
        except BaseException:
            for name in names:
                if (kept / name).exists():
                    _put(kept / name, folder / name)
                elif not (made / name).exists():
                    (folder / name).unlink()
            raise


def _sync(path: Path) -> None:
    """Have a file on the disk before it takes its place."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _put(temporary: Path, path: Path) -> None:
    """Replace a file. Windows refuses while a reader has it open: that is waited for, a little."""
    for _ in range(TRIES):
        try:
            temporary.replace(path)
            return
        except PermissionError:
            time.sleep(WAIT)
    temporary.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with plain line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def as_words(text: str) -> str:
    """Text for a table; what a spreadsheet would take for a formula gets an apostrophe in front.

    >>> as_words("=1+1"), as_words("0-5")
    ("'=1+1", '0-5')
    """
    return f"'{text}" if text.startswith(_RISKY) else text


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose header and text are words to every spreadsheet; see `as_words`."""

    def plain(cell: object) -> object:
        return as_words(cell) if isinstance(cell, str) else cell

    texts = [name for name in frame.columns if frame[name].dtype.kind not in "fiubM"]
    return frame.assign(**{name: frame[name].map(plain) for name in texts}).rename(columns=plain)


def read_csv(path: Path, columns: Sequence[str] = (), how: str | None = None, **reading: Any) -> pd.DataFrame:
    """A table in UTF-8, lines that begin with # passed over.

    columns: which it must have; how: to come by one, for a reader who has none; reading: as `pandas.read_csv` takes it.
    Raises a `DemosimError` (2) where there is no such file or it is none, and with every column that is missing.
    """
    import pandas as pd  # slow to import

    if not is_file(path):
        raise usage_error("there is no such file", code="missing_file", file=str(path), allowed=how)
    try:
        table: pd.DataFrame = pd.read_csv(path, comment="#", encoding="utf-8-sig", skipinitialspace=True, **reading)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        what = f"is not a readable CSV file ({error})"
        raise usage_error(what, code="unreadable", file=str(path), allowed=how) from error
    check_columns(table, columns, path)
    return table


def check_columns(table: pd.DataFrame, columns: Sequence[str], file: Path | None = None) -> None:
    """Raise a `DemosimError` (2) with every column that a table lacks."""
    problems = ProblemGroup(file)
    for name in columns:
        if name not in table:
            problems.add("has no such column", code="missing_key", path=name, allowed=f"columns {', '.join(columns)}")
    problems.raise_if_any()


def numbers(table: pd.DataFrame, column: str, problems: ProblemGroup, may_lack: bool = False) -> pd.Series[float]:
    """A column of text as numbers; notes each cell that is none, unless it is empty and may be."""
    import pandas as pd  # slow to import

    values = pd.to_numeric(table[column], errors="coerce").astype(float)
    wrong = ~values.abs().lt(float("inf")) & ~(table[column].isna() & may_lack)
    for row, cell in enumerate(table[column]):
        if wrong.iloc[row]:
            problems.add(f'"{cell}" is not a number', code="wrong_type", path=f"row {row + 2}, {column}")
    return values


def leads_outside(folder: Path, name: str) -> bool:
    """Whether what a file of a folder names lies elsewhere: absolute, above it, or by way of a symbolic link."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or name.startswith("~"):
        return True
    try:
        return not (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # links that go round in a circle, names that no file can have
        return True


def beside(folder: Path, name: str, allow_paths: bool = False) -> Path:
    """The path of a file that another file of `folder` names.

    Raises a `DemosimError` (2) where it leads out of the folder and that is not allowed.
    """
    if not allow_paths and leads_outside(folder, name):
        what = f'"{name}" lies outside the folder of the file that names it'
        raise usage_error(what, code="forbidden_path", allowed="a file in that folder, or --allow-paths")
    return folder / name


def is_file(path: Path) -> bool:
    """Whether there is a file; a name that no file can have is none (`Path.is_file` may raise)."""
    try:
        return path.is_file()
    except OSError:
        return False
