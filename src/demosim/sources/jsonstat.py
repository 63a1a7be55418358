"""JSON-stat 2.0 into labelled arrays: codes as coordinates, labels beside them, missing cells with their reason.

Source of the form: the JSON-stat 2.0 specification (json-stat.org/full); the symbols for missing cells are those of
Statistics Norway ("standard signs in tables").
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import xarray as xr

from demosim.errors import DemosimError, run_error

NOT_IN_USE = "."
ZERO = "-"
MISSING = frozenset({NOT_IN_USE, "..", "...", ":", "null"})
MOST_CELLS = 100_000_000
TOLD_BY_NULL = "null"  # the cell was null and nothing said why


def parse(body: bytes, place: str = "answer") -> dict[str, Any]:
    """The JSON object of a body; `NaN`, `Infinity` and anything but an object are refused."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no JSON")

    try:
        document = json.loads(body.decode("utf-8-sig"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise run_error(f"is not JSON, or was cut off ({error})", code="not-json", file=place) from error
    if not isinstance(document, dict):
        raise wrong_form(place, f"is a JSON {type(document).__name__}, not an object")
    return document


def read_jsonstat(document: Mapping[str, Any], place: str = "answer") -> xr.DataArray:
    """A JSON-stat 2.0 data set as an array.

    Returns an array (float64) with the dims of `id`, codes (text) as coordinates, `<dim>_label` beside them and
    `status` (the symbol of each cell, empty where there is none) over all dims. A cell that is null, absent from
    sparse values, or marked `.`, `..` or `:` is NaN, never zero. Attributes: label, source, updated, notes, unit.
    Raises `DemosimError` where the document has another form.
    """
    dims, size = document.get("id"), document.get("size")
    if document.get("class", "dataset") != "dataset" or not isinstance(dims, list) or not isinstance(size, list):
        raise wrong_form(place, "is not a JSON-stat 2.0 data set: it has no id and size")
    plain = all(isinstance(dim, str) for dim in dims) and all(type(n) is int and n >= 0 for n in size)
    if len(dims) != len(size) or not plain or len(set(dims)) != len(dims):
        raise wrong_form(place, f"has a size {size} that does not fit its id {dims}")
    coords: dict[str, Any] = {}
    for dim, length in zip(dims, size, strict=True):
        codes, labels = categories(document, dim, place)
        if len(codes) != length:
            raise wrong_form(place, f"says that {dim} has {length} values and lists {len(codes)}")
        coords[dim] = np.array(codes, dtype=np.str_)
        coords[f"{dim}_label"] = (dim, np.array(labels, dtype=np.str_))
    cells = math.prod(size)
    if cells > MOST_CELLS:
        raise wrong_form(place, f"has {cells:,} cells; at most {MOST_CELLS:,} are read")
    values = _values(document.get("value"), cells, place)
    status = _statuses(document.get("status"), cells, place)
    status[np.isnan(values) & (status == "")] = TOLD_BY_NULL
    values[np.isnan(values) & (status == ZERO)] = 0.0
    values[np.isin(status, sorted(MISSING))] = np.nan
    coords["status"] = (dims, status.reshape(size))
    try:
        attrs = _attributes(document)
    except (AttributeError, TypeError) as error:
        raise wrong_form(place, f"has notes or units that cannot be read ({error})") from error
    return xr.DataArray(values.reshape(size), dims=dims, coords=coords, attrs=attrs)


def categories(document: Mapping[str, Any], dim: str, place: str = "answer") -> tuple[list[str], list[str]]:
    """Codes and labels of a dimension, in the order of its index."""
    try:
        category = document["dimension"][dim]["category"]
        labels = category.get("label", {})
        index = category.get("index", list(labels))
        codes = sorted(index, key=index.__getitem__) if isinstance(index, dict) else list(index)
        if isinstance(index, dict) and sorted(index.values()) != list(range(len(index))):
            raise ValueError("its index has gaps")
        return [str(code) for code in codes], [str(labels.get(code, code)) for code in codes]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise wrong_form(place, f"describes the dimension {dim} in a way that cannot be read ({error})") from error


def merge(parts: Sequence[xr.DataArray], codes: Mapping[str, Sequence[str]]) -> xr.DataArray:
    """One array from the parts of a query that was split; cells of no part stay missing."""
    if len(parts) == 1:
        return parts[0]
    dims = parts[0].dims
    shape = [len(codes[str(dim)]) for dim in dims]
    values, status = np.full(shape, np.nan), np.full(shape, TOLD_BY_NULL, dtype=parts[0]["status"].dtype)
    coords: dict[str, Any] = {}
    for dim in dims:
        named = [zip(part[dim].values, part[f"{dim}_label"].values, strict=True) for part in parts]
        labels = dict(pair for pairs in named for pair in pairs)
        coords[str(dim)] = np.array(codes[str(dim)], dtype=np.str_)
        coords[f"{dim}_label"] = (dim, np.array([labels[code] for code in codes[str(dim)]], dtype=np.str_))
    for part in parts:
        place = np.ix_(*[_positions(coords[str(dim)], part[dim].values) for dim in dims])
        values[place] = part.values
        status[place] = part["status"].values
    coords["status"] = (dims, status)
    return xr.DataArray(values, dims=dims, coords=coords, attrs=parts[0].attrs)


def _positions(codes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    where = {code: position for position, code in enumerate(codes)}
    return np.array([where[code] for code in wanted])


def _values(given: object, cells: int, place: str) -> np.ndarray:
    """The cells as float64 with NaN where nothing is known; the JSON list or the sparse object both fit."""
    flat: list[Any] = [None] * cells
    if isinstance(given, dict):
        for key, value in given.items():
            flat[_cell(key, cells, place)] = value
    elif isinstance(given, list) and len(given) == cells:
        flat = given
    else:
        count = len(given) if isinstance(given, list) else "no"
        raise wrong_form(place, f"should have {cells} values and has {count}")
    kinds = sorted(kind.__name__ for kind in {type(value) for value in flat} - {int, float, type(None)})
    if kinds:
        raise wrong_form(place, f"has values that are no numbers ({', '.join(kinds)})")
    return np.array(flat, dtype=np.float64)


def _statuses(given: object, cells: int, place: str) -> np.ndarray:
    """The symbol of each cell; JSON-stat allows a list, a sparse object, or one symbol for all."""
    status = np.full(cells, "", dtype="<U4")
    if isinstance(given, str):
        status[:] = given
    elif isinstance(given, dict):
        for key, symbol in given.items():
            status[_cell(key, cells, place)] = str(symbol)
    elif isinstance(given, list):
        if len(given) not in (1, cells):
            raise wrong_form(place, f"has {len(given)} status symbols for {cells} values")
        status[:] = [str(symbol or "") for symbol in given]
    elif given is not None:
        raise wrong_form(place, "has a status that is neither text, list nor object")
    return status


def _cell(key: object, cells: int, place: str) -> int:
    number = int(key) if isinstance(key, str) and key.isdecimal() else -1
    if not 0 <= number < cells:
        raise wrong_form(place, f"gives a value or status for cell {key} of {cells}")
    return number


def _attributes(document: Mapping[str, Any]) -> dict[str, str]:
    """Title, source, time of update, notes (of the table, its dimensions and values) and units, as text."""
    notes = [*document.get("note", [])]
    units: dict[str, str] = {}
    for dim in document.get("dimension", {}).values():
        notes += dim.get("note", [])
        category = dim.get("category", {})
        notes += [text for texts in category.get("note", {}).values() for text in texts]
        units |= {code: str(unit.get("base", "")) for code, unit in category.get("unit", {}).items()}
    texts = {key: str(document.get(key) or "") for key in ("label", "source", "updated")}
    unit = next(iter(units.values())) if len(set(units.values())) == 1 else json.dumps(units, ensure_ascii=False)
    return {**texts, "notes": "\n".join(map(str, notes)), "unit": unit if units else ""}


def wrong_form(place: str, what: str) -> DemosimError:
    """The error of an answer or file that has another form than it should."""
    return run_error(what, code="wrong-form", file=place)
