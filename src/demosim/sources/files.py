"""Local files (CSV, xlsx, JSON-stat, px) into the declared form, by a declaration that stands beside them."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.errors import run_error, usage_error
from demosim.files import beside, is_file
from demosim.sources.declare import check, declare
from demosim.sources.fetch import facts_column
from demosim.sources.jsonstat import MISSING, MOST_CELLS, ZERO, parse, read_jsonstat
from demosim.sources.px import read_px
from demosim.sources.tables import Columns, Entry
from demosim.workbook import read_sheet

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".json", ".px")


def read_file(
    entry: Entry, folder: Path, control: xr.DataArray | None = None, allow_paths: bool = False
) -> xr.DataArray:
    """The figures of a user's file in the declared form, checked as fetched ones are.

    `entry.file.path` is looked for in `folder` (elsewhere with `allow_paths`); its suffix says the format. The digest
    of the file is among the attributes. Raises `DemosimError` with the file and what is wrong.
    """
    if entry.file is None:
        raise usage_error(f"{entry.name} names no file", code="declaration", allowed='a table [file] with path = "..."')
    path = beside(folder, entry.file.path, allow_paths)
    if not is_file(path):
        raise usage_error("there is no such file", code="no-file", file=str(path))
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise usage_error(f"has the suffix {suffix}", code="suffix", file=str(path), allowed=", ".join(SUFFIXES))
    if suffix == ".px":
        raw = read_px(path, entry.file.absent)
    elif suffix == ".json":
        raw = read_jsonstat(parse(path.read_bytes(), str(path)), str(path))
    else:
        raw = from_rows(_rows(path, entry.file), entry, str(path))
    data = declare(raw, entry, str(path))
    check(data, entry, str(path), facts_column, control)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return data.assign_attrs({**data.attrs, "digest": digest, "file": path.name, "licence": entry.licence})


def from_rows(rows: pd.DataFrame, entry: Entry, place: str) -> xr.DataArray:
    """An array from rows of text: one figure a row, or one column a code of the `wide` dimension.

    A combination that no row has is missing, never zero; one that two rows have is refused.
    """
    columns = entry.file or Columns(path="")
    wide = columns.wide
    keys = [dim for dim in entry.axes if dim != wide]
    absent = [name for name in [*keys, *([] if wide else [columns.value])] if name not in rows.columns]
    if absent:
        raise usage_error(f"has no column {', '.join(absent)}", code="columns", file=place,
                          allowed=", ".join(map(str, rows.columns)))  # fmt: skip
    if wide:
        rows = rows.melt(id_vars=keys, var_name=wide, value_name=columns.value)
    if rows.empty or not entry.axes:
        raise usage_error("has no rows, or its declaration no axes", code="columns", file=place)
    codes = {dim: list(dict.fromkeys(rows[dim].astype(str))) for dim in entry.axes}
    if (cells := math.prod(map(len, codes.values()))) > MOST_CELLS:
        raise usage_error(f"has {cells:,} cells; at most {MOST_CELLS:,} are read", code="columns", file=place)
    position = [rows[dim].astype(str).map({code: i for i, code in enumerate(codes[dim])}) for dim in entry.axes]
    flat = np.ravel_multi_index([p.to_numpy() for p in position], [len(codes[dim]) for dim in entry.axes])
    twice = np.unique(flat)[np.unique(flat, return_counts=True)[1] > 1]
    if twice.size:
        row = rows.iloc[int(np.flatnonzero(flat == twice[0])[1])]
        where = ", ".join(f"{dim} {row[dim]}" for dim in entry.axes)
        raise usage_error(f"has more than one figure for {where}", code="twice", file=place)
    shape = [len(codes[dim]) for dim in entry.axes]
    values, status = np.full(int(np.prod(shape)), np.nan), np.full(int(np.prod(shape)), "null", dtype="<U4")
    values[flat], status[flat] = _figures(rows[columns.value], columns.decimal, place)
    coords: dict[str, object] = {dim: np.array(chosen, dtype=np.str_) for dim, chosen in codes.items()}
    coords["status"] = (list(entry.axes), status.reshape(shape))
    return xr.DataArray(values.reshape(shape), dims=list(entry.axes), coords=coords)


def _rows(path: Path, columns: Columns) -> pd.DataFrame:
    """The rows of a CSV or xlsx file as text, so that no code loses its zeros and no symbol becomes a number."""
    try:
        if path.suffix.lower() == ".xlsx":
            return _sheet(path, columns)
        separator = "\t" if path.suffix.lower() == ".tsv" else columns.separator
        rows = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, skiprows=columns.skip,
                           encoding=columns.encoding, comment="#")  # fmt: skip
    except (OSError, ValueError, UnicodeDecodeError, LookupError) as error:
        raise usage_error(f"cannot be read ({error})", code="unreadable", file=str(path)) from error
    return rows.rename(columns=str.strip)


def _sheet(path: Path, columns: Columns) -> pd.DataFrame:
    """A sheet of a workbook, its numbers as they are shown: 301, not 301.0."""
    table = [[_shown(cell) for cell in row] for row in read_sheet(path, columns.sheet, columns.skip)]
    if not table:
        raise usage_error("has an empty sheet", code="unreadable", file=str(path))
    return pd.DataFrame(table[1:], columns=[name.strip() for name in table[0]])


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _figures(column: pd.Series, decimal: str, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Figures and symbols of a column of text; an empty cell is missing, `-` is zero."""
    text = column.str.strip().to_numpy(dtype=np.str_)
    symbol = np.isin(text, [*sorted(MISSING), ZERO]) | (text == "")
    status = np.where(symbol, np.where(text == "", "null", text), "").astype("<U4")
    plain = np.where(text == ZERO, "0", np.where(symbol, "nan", text))
    for old, new in ((" ", ""), ("\xa0", ""), ("\u202f", ""), (decimal, "."), ("\u2212", "-")):
        plain = np.char.replace(plain, old, new)
    try:
        values = plain.astype(np.float64)
    except ValueError as error:
        raise run_error(f"has a figure that is no number ({error})", code="wrong-form", file=place) from error
    stray = np.isnan(values) & ~symbol | np.isinf(values)
    if stray.any():
        raise run_error(f'has the figure "{text[stray][0]}"', code="wrong-form", file=place)
    return values, status
