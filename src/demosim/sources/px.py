"""The px file format of statistical offices: keywords, values and figures, into a labelled array.

Source: the PX file format specification (Statistics Sweden, SCB). Read are files with STUB, HEADING, VALUES, CODES
and DATA; not files with KEYS (sparse data), which are refused. No kept library for Python reads px into labelled
arrays with the symbols of missing cells, so the hundred lines are here.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.errors import run_error
from demosim.sources.jsonstat import MISSING, ZERO

_NAME = re.compile(r'([A-Z][A-Z0-9-]*)(?:\[(\w+)\])?(?:\(("[^"]*")(?:,"[^"]*")*\))?=')
_TEXT = re.compile(r'"([^"]*)"')
_CELL = re.compile(r'"([^"]*)"|([^\s;,"]+)')


def read_px(path: Path) -> xr.DataArray:
    """A px file as an array, in the same form as a JSON-stat answer (codes, labels, `status`, attributes).

    Raises `DemosimError` where the file is cut off or has another form.
    """
    place = str(path)
    try:
        text = _decode(path.read_bytes())
    except (OSError, UnicodeDecodeError, LookupError) as error:
        raise run_error(f"cannot be read ({error})", file=place) from error
    keywords, data = _keywords(text, place)
    dims = _list(keywords.get(("STUB", ""), "")) + _list(keywords.get(("HEADING", ""), ""))
    if not dims or any(key[0] == "KEYS" for key in keywords):
        what = "has no STUB and HEADING, or sparse data (KEYS), which are not read"
        raise run_error(what, code="wrong-form", file=place)
    coords: dict[str, object] = {}
    names, shape = [], []
    for label in dims:
        labels = _list(keywords.get(("VALUES", label), ""))
        codes = _list(keywords.get(("CODES", label), "")) or labels
        name = (_list(keywords.get(("VARIABLECODE", label), "")) or [label])[0]
        if not labels or len(codes) != len(labels):
            what = f'has {len(codes)} codes for {len(labels)} values of "{label}"'
            raise run_error(what, code="wrong-form", file=place)
        names.append(name)
        shape.append(len(codes))
        coords[name] = np.array(codes, dtype=np.str_)
        coords[f"{name}_label"] = (name, np.array(labels, dtype=np.str_))
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
            raise run_error(f'has no keyword at "{text[position : position + 30]!r}"', code="wrong-form", file=place)
        if match[1] == "DATA":
            end = text.rfind(";")
            if end < match.end():
                raise run_error("is cut off: its data do not end", code="wrong-form", file=place)
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
    raise run_error("is cut off: a keyword does not end", code="wrong-form", file=place)


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


def _cells(data: str, cells: int, place: str) -> tuple[np.ndarray, np.ndarray]:
    tokens = [(quoted, bare) for quoted, bare in _CELL.findall(data)]
    if len(tokens) != cells:
        raise run_error(f"should have {cells} figures and has {len(tokens)}", code="wrong-form", file=place)
    values, status = np.full(cells, np.nan), np.full(cells, "", dtype="<U4")
    for position, (quoted, bare) in enumerate(tokens):
        symbol = quoted or (bare if bare in MISSING or bare == ZERO or set(bare) == {"."} else "")
        if symbol:
            status[position] = symbol
            values[position] = 0.0 if symbol == ZERO else np.nan
            continue
        try:
            values[position] = float(bare)
        except ValueError as error:
            raise run_error(f'has the figure "{bare}"', code="wrong-form", file=place) from error
    return values, status
