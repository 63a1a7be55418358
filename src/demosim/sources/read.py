"""Small files of the user's own, read whole or refused with the place: declarations (TOML) and tables (CSV)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from demosim.errors import ProblemGroup, usage_error


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file says; raises a `DemosimError` (2) where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise usage_error(f"cannot be read ({error})", file=str(path)) from error


def read_rows(path: Path, needed: Sequence[str], others: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a CSV file as text, empty cells as empty text; lines that begin with # are passed over.

    needed: columns that must be there; others: further ones that may be, where only known ones are let through.
    Raises a `DemosimError` (2) with every column that is missing or not known.
    """
    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, comment="#", encoding="utf-8-sig", skipinitialspace=True
        )
    except (OSError, ValueError) as error:
        raise usage_error(f"cannot be read ({error})", file=str(path)) from error
    problems, known = ProblemGroup(path), [*needed, *others]
    for column in needed:
        if column not in table:
            problems.add("has no such column", path=column, allowed=f"columns {', '.join(known)}")
    for column in table.columns if others else ():
        if column not in known:
            problems.add("is not known", path=str(column), allowed=", ".join(known))
    problems.raise_if_any()
    return table
