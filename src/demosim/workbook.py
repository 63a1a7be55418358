"""A sheet of a workbook that somebody else made: refused where it is not what it looks like, read within bounds."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from demosim.errors import usage_error

MOST_UNPACKED = 200_000_000  # bytes of all parts; a sheet of a million rows has about half of it
MOST_TEXTS = 40_000_000  # bytes of the part with texts, which is read whole
MOST_PACKED = 200  # times; what programs write is packed five to thirty times
SMALL = 20_000_000  # bytes that may be packed as tightly as they like
MOST_PARTS = 5_000
MOST_ROWS = 1_048_576  # of the file format itself
MOST_CELLS = 10_000_000
_CHUNK = 1 << 20


def read_sheet(path: Path, sheet: str | None = None, skip: int = 0) -> list[list[object]]:
    """The rows of a sheet (the first where none is named) that hold anything, from row `skip` + 1, all of one length.

    Formulas count as what was last shown. Raises a `DemosimError` where the file is no xlsx workbook, has no such
    sheet, is damaged, or is made to fill the memory: packed too tightly, with a document type (entities that expand),
    or with more cells than a table has.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise usage_error("xlsx files are read with openpyxl; install demosim[data]", file=str(path)) from error
    try:
        with path.open("rb") as file:
            _check_parts(file, path)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            names = [one.title for one in book.worksheets]
            if not names or (sheet is not None and sheet not in names):
                raise usage_error(f"has no sheet {sheet or ''}".rstrip(), file=str(path), allowed=", ".join(names))
            rows = _rows(book[sheet or names[0]], skip, path)
            book.close()
    except (zipfile.BadZipFile, OSError) as error:
        raise usage_error("is not an xlsx workbook", code="unreadable", file=str(path)) from error
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError) as error:
        raise usage_error(f"is damaged ({error})", code="unreadable", file=str(path)) from error  # from openpyxl
    return rows


def _check_parts(file: BinaryIO, path: Path) -> None:
    """Look at every part before it is parsed. What a part declares as its size is all that is ever unpacked of it."""
    with zipfile.ZipFile(file) as parts:
        entries = parts.infolist()
        unpacked, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
        texts = sum(e.file_size for e in entries if "sharedStrings" in e.filename)
        too_tight = unpacked > SMALL and unpacked > MOST_PACKED * max(packed, 1)
        if len(entries) > MOST_PARTS or unpacked > MOST_UNPACKED or texts > MOST_TEXTS or too_tight:
            what = f"unpacks to {unpacked / 1e6:,.0f} MB in {len(entries)} parts and is not read"
            raise usage_error(what, code="unreadable", file=str(path), allowed="save the table as CSV")
        for entry in entries:
            if not entry.filename.endswith((".xml", ".rels", ".vml")):
                continue
            with parts.open(entry) as part:
                before = b""
                while chunk := part.read(_CHUNK):
                    before = before[-16:] + chunk.replace(b"\0", b"")  # also in UTF-16
                    if b"<!DOCTYPE" in before or b"<!ENTITY" in before:
                        what = f"has a document type in {entry.filename}, which no workbook needs, and is not read"
                        raise usage_error(what, code="unreadable", file=str(path))


def _rows(sheet: Any, skip: int, path: Path) -> list[list[object]]:
    """Rows with anything in them. What the sheet says of its own size is not believed."""
    sheet.reset_dimensions()
    kept: list[list[object]] = []
    cells = width = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        cells += len(row)
        width = max(width, len(row))
        if number > MOST_ROWS or max(cells, width * len(kept)) > MOST_CELLS:
            most = f"{MOST_CELLS}"
            raise usage_error("has more cells than are read", code="unreadable", file=str(path), allowed=most)
        if number > skip and any(cell is not None and cell != "" for cell in row):
            kept.append(list(row))
    return [row + [None] * (width - len(row)) for row in kept]
