"""Tables to CSV: as a Norwegian spreadsheet opens it, and as a machine reads it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from demosim.files import as_words, write_text
from demosim.outputs.sheets import FORMS, Sheet

DIALECTS = ("norwegian", "machine")


def write_csv(path: Path, sheet: Sheet, dialect: str) -> None:
    """Write a table, whole or not at all.

    `norwegian`: semicolons, decimal comma, labels, rounded as shown, UTF-8 with byte order mark. `machine`: commas,
    decimal point, keys as header, unrounded, UTF-8. In both, text that a spreadsheet would take for a formula gets an
    apostrophe in front.
    """
    write_text(path, norwegian(sheet) if dialect == "norwegian" else machine(sheet))


def norwegian(sheet: Sheet) -> str:
    """The table as text for a Norwegian spreadsheet."""
    rows = [
        [_shown(cell, sheet.form(number, at)) for at, cell in enumerate(row)]
        for number, row in enumerate(sheet.values())
    ]
    return "\ufeff" + _text([[as_words(column.label) for column in sheet.columns], *rows], ";")


def machine(sheet: Sheet) -> str:
    """The table as text for a program."""
    rows = [[_whole(cell) for cell in row] for row in sheet.values()]
    return _text([[as_words(column.key) for column in sheet.columns], *rows], ",")


def _whole(cell: str | float | int | None) -> str:
    """A cell with all its digits."""
    return as_words(cell) if isinstance(cell, str) else "" if cell is None else str(cell)


def _shown(cell: str | float | int | None, form: str) -> str:
    """A cell with decimal comma and no thousands separator; shares in per cent, as the header says."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return as_words(cell)
    value = 100 * cell if form.startswith("percent") else cell
    return f"{value:.{FORMS[form][1]}f}".replace(".", ",")


def _text(rows: list[list[str]], separator: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
