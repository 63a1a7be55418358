"""The px file format of statistical offices: keywords, values and figures, into a labelled array.

Source: the PX file format specification (Statistics Sweden, SCB, 2013). Read are files with STUB, HEADING, VALUES,
CODES and DATA, and sparse files with KEYS, in which each row of figures begins with its codes or values of the stub.
No kept library for Python reads px into labelled arrays with the symbols of missing cells, so the lines are here.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from demosim.errors import run_error
from demosim.sources.jsonstat import MISSING, MOST_CELLS, TOLD_BY_NULL, ZERO, wrong_form

_NAME = re.compile(r'([A-Z][A-Z0-9-]*)(?:\[(\w+)\])?(?:\(("[^"]*")(?:,"[^"]*")*\))?=')
_TEXT = re.compile(r'"([^"]*)"')
_CELL = re.compile(r'"([^"]*)"|([^\s;,"]+)')


def read_px(path: Path, absent: Literal["missing", "zero"] = "missing") -> xr.DataArray:
    """A px file as an array, in the same form as a JSON-stat answer (codes, labels, `status`, attributes).

    absent: what a row is that a sparse file leaves out. The format leaves out rows of zeros; they become zeros only
    where the reader says so, as a file cannot tell them from rows that were lost.
    Raises `DemosimError` where the file is cut off or has another form.
    """
    place = str(path)
    try:
        text = _decode(path.read_bytes())
    except (OSError, UnicodeDecodeError, LookupError) as error:
        raise run_error(f"cannot be read ({error})", file=place) from error
    keywords, data = _keywords(text, place)
    stub = _list(keywords.get(("STUB", ""), ""))
    dims = stub + _list(keywords.get(("HEADING", ""), ""))
    if not dims:
        raise wrong_form(place, "has no STUB and HEADING")
    coords: dict[str, object] = {}
    names, shape = [], []
    for label in dims:
        labels = _list(keywords.get(("VALUES", label), ""))
        codes = _list(keywords.get(("CODES", label), "")) or labels
        name = (_list(keywords.get(("VARIABLECODE", label), "")) or [label])[0]
        if not labels or len(codes) != len(labels):
            raise wrong_form(place, f'has {len(codes)} codes for {len(labels)} values of "{label}"')
        names.append(name)
        shape.append(len(codes))
        coords[name] = np.array(codes, dtype=np.str_)
        coords[f"{name}_label"] = (name, np.array(labels, dtype=np.str_))
    if any(key[0] == "KEYS" for key in keywords):
        known = [_known(keywords, label, place) for label in stub]
        values, status = _sparse(data, known, math.prod(shape[len(stub) :]), absent, place)
    else:
        values, status = _cells(data, math.prod(shape), place)
    coords["status"] = (names, status.reshape(shape))
    attrs = {
        key: " ".join(_list(keywords.get((word, ""), "")))
        for key, word in {
            "label": "TITLE", "source": "SOURCE", "updated": "LAST-UPDATED", "notes": "NOTE", "unit": "UNITS",
        }.items()
    }  # fmt: skip
    return xr.DataArray(values.reshape(shape), dims=names, coords=coords, attrs=attrs)


def _decode(raw: bytes) -> str:
    """Text of the file: the code page that it names, UTF-8 with its mark, else Latin 1."""
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw.decode("utf-8-sig")
    head = raw[:2000].decode("latin-1")
    page = re.search(r'CODEPAGE="([^"]+)"', head)
    return raw.decode(page[1] if page else "latin-1")


def _keywords(text: str, place: str) -> tuple[dict[tuple[str, str], str], str]:
    """Values by keyword and the label it is about (main language only), and the text of DATA."""
    found: dict[tuple[str, str], str] = {}
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        match = _NAME.match(text, position)
        if match is None:
            raise wrong_form(place, f'has no keyword at "{text[position : position + 30]!r}"')
        if match[1] == "DATA":
            end = text.rfind(";")
            if end < match.end():
                raise wrong_form(place, "is cut off: its data do not end")
            return found, text[match.end() : end]
        end = _end(text, match.end(), place)
        if match[2] is None:
            found[match[1], (match[3] or "").strip('"')] = text[match.end() : end]
        position = end + 1


def _end(text: str, start: int, place: str) -> int:
    """Where a keyword's value ends: the first semicolon outside quotes."""
    quoted = False
    for position in range(start, len(text)):
        if text[position] == '"':
            quoted = not quoted
        elif text[position] == ";" and not quoted:
            return position
    raise wrong_form(place, "is cut off: a keyword does not end")


def _list(value: str) -> list[str]:
    """The texts of a value; adjacent ones without a comma between are one text over several lines."""
    texts: list[str] = []
    end = 0
    for match in _TEXT.finditer(value):
        if texts and "," not in value[end : match.start()]:
            texts[-1] += match[1]
        else:
            texts.append(match[1])
        end = match.end()
    return texts


def _known(keywords: dict[tuple[str, str], str], label: str, place: str) -> dict[str, int]:
    """Position of each key of a stub variable in a sparse file: by its codes or its values, as KEYS says."""
    kind = keywords.get(("KEYS", label), "").strip().strip('"').upper()
    if kind not in ("CODES", "VALUES"):
        raise wrong_form(place, f'KEYS says nothing about "{label}"')
    names = _list(keywords.get((kind, label), "")) or _list(keywords.get(("VALUES", label), ""))
    return {name: position for position, name in enumerate(names)}


def _sparse(
    data: str, known: list[dict[str, int]], width: int, absent: str, place: str
) -> tuple[np.ndarray, np.ndarray]:
    """Cells of a sparse file: rows of keys and `width` figures; rows that are not there as `absent` says."""
    lengths = [len(names) for names in known]
    rows = math.prod(lengths)
    if rows * width > MOST_CELLS:
        raise wrong_form(place, f"has {rows * width:,} cells; at most {MOST_CELLS:,} are read")
    values, status = np.full((rows, width), np.nan), np.full((rows, width), TOLD_BY_NULL, dtype="<U4")
    if absent == "zero":
        values[:], status[:] = 0.0, ""
    tokens = _CELL.findall(data)
    each, seen = len(known) + width, set()
    if len(tokens) % each:
        what = f"has {len(tokens)} keys and figures, which are no rows of {len(known)} keys and {width} figures"
        raise wrong_form(place, what)
    for start in range(0, len(tokens), each):
        keys = [quoted or bare for quoted, bare in tokens[start : start + len(known)]]
        wrong = [key for key, names in zip(keys, known, strict=True) if key not in names]
        if wrong:
            raise run_error(f'has a row with the key "{wrong[0]}", which is not known', code="codes", file=place)
        row = int(np.ravel_multi_index([names[key] for key, names in zip(keys, known, strict=True)], lengths))
        if row in seen:
            raise run_error(f"has the row {', '.join(keys)} twice", code="twice", file=place)
        seen.add(row)
        values[row], status[row] = _figures(tokens[start + len(known) : start + each], place)
    return values.ravel(), status.ravel()


def _cells(data: str, cells: int, place: str) -> tuple[np.ndarray, np.ndarray]:
    tokens = _CELL.findall(data)
    if len(tokens) != cells:
        raise wrong_form(place, f"should have {cells} figures and has {len(tokens)}")
    return _figures(tokens, place)


def _figures(tokens: list[tuple[str, str]], place: str) -> tuple[np.ndarray, np.ndarray]:
    """Figures and symbols of cells, as text in quotes or bare."""
    values, status = np.full(len(tokens), np.nan), np.full(len(tokens), "", dtype="<U4")
    for position, (quoted, bare) in enumerate(tokens):
        symbol = quoted or (bare if bare in MISSING or bare == ZERO or set(bare) == {"."} else "")
        if symbol:
            status[position] = symbol
            values[position] = 0.0 if symbol == ZERO else np.nan
            continue
        try:
            values[position] = float(bare)
        except ValueError as error:
            raise wrong_form(place, f'has the figure "{bare}"') from error
    return values, status
