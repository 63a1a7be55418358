"""Free income of the municipalities from a table of the user's own."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.errors import ProblemGroup, did_you_mean, usage_error

KEY = "municipality"
COLUMNS = ("free_income", "free_income_per_inhabitant")  # kr a year, of the municipality or for each inhabitant


def with_free_income(run: xr.Dataset, path: Path | None) -> xr.Dataset:
    """A run with `free_income` (municipality), kr a year, from a CSV file; as it is where no file is given.

    The file has the column `municipality` (number) and one of `free_income` and `free_income_per_inhabitant`, in kr of
    the run's price year; comma or semicolon, decimal point or comma. Inhabitants are those of the first date. Raises a
    `DemosimError` with every row that is wrong and the municipalities that lack a row.
    """
    if path is None:
        return run
    codes = [str(code) for code in run[KEY].values]
    column, found = _read(path, codes)
    values = np.array([found[code] for code in codes])
    if column == COLUMNS[1]:
        values = values * run["population"].isel(date=0).sum(("sex", "age")).values
    attrs = {"units": "kr", "price_year": run.attrs["price_year"], "origin": path.name}
    return run.assign(free_income=((KEY,), values, attrs))


def _read(path: Path, codes: list[str]) -> tuple[str, dict[str, float]]:
    """The column that is given, and its value by municipality."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise usage_error("cannot be read", file=str(path), allowed="a CSV file in UTF-8") from error
    rows = list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ","))
    column = next((name for name in COLUMNS if rows and name in rows[0]), None)
    if column is None or KEY not in rows[0]:
        raise usage_error("lacks its columns", file=str(path), allowed=f"{KEY} and {' or '.join(COLUMNS)}")
    problems, found = ProblemGroup(path), dict[str, float]()
    for line, row in enumerate(rows, start=2):
        code, value = str(row[KEY]).strip(), _number(row[column])
        if code not in codes:
            suggestion = did_you_mean(code, codes)
            problems.add(f'there is no municipality "{code}"', line=line, suggestion=suggestion)
        elif value is None:
            problems.add(f'"{row[column]}" is not an amount above zero', line=line)
        elif code in found:
            problems.add(f"municipality {code} stands twice", line=line)
        else:
            found[code] = value
    missing = [code for code in codes if code not in found]
    if missing and not problems.problems:
        some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        problems.add(f"lacks {len(missing)} municipalities: {some}")
    problems.raise_if_any()
    return column, found


def _number(text: str | None) -> float | None:
    try:
        value = float((text or "").replace("\u00a0", "").replace(" ", "").replace(",", "."))
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
