"""The tables we know: one small declarative file each, in `data/tables/`.

An entry says what to ask for (`[query.<dimension>]`), what each dimension becomes (`[axes.<dimension>]`), and what
must hold on arrival (`[checks]`). The same declaration, with `[file]` for a query, reads a user's own file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from demosim.baseline.find import embedded
from demosim.errors import ProblemGroup, did_you_mean, usage_error

ASCII = r"^[\t -~]$"  # one sign


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ask(_Strict):
    """What is asked for of one dimension: codes and expressions, and the codelist that they belong to."""

    values: list[str] = ["*"]
    codelist: str | None = None


class Axis(_Strict):
    """What a dimension of the source becomes.

    `dim`: name in the declared form; without it the dimension must have one value and is dropped. `kind`: `text`,
    `age` (the lower bound of the class: 000, 105+, 0-4) or `year`. `strip`: letters before the code. `width`: digits,
    filled with zeros from the left. `codes`: names for codes. `every_code`: codes that `codes` does not name are
    refused rather than kept.
    """

    dim: str | None = None
    kind: Literal["text", "age", "year"] = "text"
    strip: str = ""
    width: Annotated[int, Field(ge=0, le=20)] = 0
    codes: dict[str, str] = {}
    every_code: bool = True


class Control(_Strict):
    """Sums that must agree: of this entry over `over`, and of another entry; within `tolerance`."""

    entry: str
    over: str
    tolerance: float = 0.0


class Checks(_Strict):
    """What must hold on arrival.

    `size`: length by dim. `non_negative`; `complete`: no cell missing. `codes`: by dim, a column of a table of facts
    (`municipalities.municipality`) that lists exactly the codes to be found. `range`: lowest and highest value.
    """

    size: dict[str, int] = {}
    non_negative: bool = True
    complete: bool = True
    codes: dict[str, str] = {}
    range: tuple[float, float] | None = None
    control: Control | None = None


class Columns(_Strict):
    """How a local file is laid out.

    `path`: the file, beside the declaration. `value`: the column with the figures (long form), or `wide`: the
    dimension whose codes are the other columns' names. `sheet`, `separator`, `decimal`, `skip`: as the file has them.
    `absent`: what rows are that a sparse px file leaves out, missing or zero.
    """

    path: str
    value: str = "value"
    wide: str | None = None
    sheet: str | None = None
    separator: Annotated[str, Field(pattern=ASCII)] = ","
    decimal: Annotated[str, Field(pattern=ASCII)] = "."
    skip: Annotated[int, Field(ge=0)] = 0
    encoding: str = "utf-8-sig"
    absent: Literal["missing", "zero"] = "missing"


class Entry(_Strict):
    """A table, or a user's file, and what is known of it.

    `scale`: what the source's figures are multiplied by. `large`: fetched only when it is named.
    """

    name: str = ""
    table: str = ""
    kind: Literal["pxweb", "klass", "codelist", "file"] = "pxweb"
    title: str
    variable: str
    unit: str
    scale: float = 1.0
    source: str = "Statistics Norway"
    licence: str = "CC BY 4.0"
    verified: bool = False
    large: bool = False
    note: str = ""
    query: dict[str, Ask] = {}
    axes: dict[str, Axis] = {}
    checks: Checks = Field(default_factory=Checks)
    file: Columns | None = None


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file says; raises a `DemosimError` (2) where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise usage_error(f"cannot be read ({error})", file=str(path)) from error


def entries() -> dict[str, Entry]:
    """All entries by name, in alphabetical order."""
    return {path.stem: read_entry(path) for path in sorted(embedded("data", "tables").glob("*.toml"))}


def find_entries(name: str) -> list[Entry]:
    """The entry of a name, or all entries of a table number."""
    known = entries()
    if name in known:
        return [known[name]]
    found = [entry for entry in known.values() if entry.table == name]
    if not found:
        words = [*known, *(entry.table for entry in known.values())]
        raise usage_error(f'no table is called "{name}"', code="table", allowed=", ".join(known),
                          suggestion=did_you_mean(name, words))  # fmt: skip
    return found


def read_entry(path: Path) -> Entry:
    """An entry from its file; raises with every problem in it."""
    return entry_from({"name": path.stem, **read_toml(path)}, path)


def entry_from(said: dict[str, Any], path: Path) -> Entry:
    """An entry from what a file says; raises with every problem in it."""
    problems = ProblemGroup(path)
    try:
        return Entry.model_validate(said)
    except ValidationError as error:
        for fault in error.errors():
            where = ".".join(str(part) for part in fault["loc"])
            problems.add(fault["msg"].lower(), path=where, code="declaration")
    problems.raise_if_any()
    raise AssertionError("unreachable: a validation error has at least one fault")
