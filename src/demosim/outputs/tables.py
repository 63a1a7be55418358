"""Tables as values: a title, rows with a label, numbers with decimals; printed on a terminal or handed on as data."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Literal

from demosim.outputs.numbers import DASH, number

Cell = float | int | str | None
LABEL_WIDTH = 20  # what the labels of a table get at least, where they are that long
TEXT_WIDTH = 10  # and what a column of text gets where there is little room


@dataclass(frozen=True)
class Table:
    """A table for readers.

    `rows`: a label and the cells; `decimals` for all numbers; `totals`: labels of rows that are sums (set off);
    `notes` stand below. `key` names the table in files and in `--json`.
    """

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    decimals: int = 0
    totals: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """The table for machines: plain numbers, no rounding."""
        return {
            "key": self.key,
            "title": self.title,
            "columns": list(self.columns),
            "rows": [{"label": label, "values": [_plain(cell) for cell in cells]} for label, cells in self.rows],
            "notes": list(self.notes),
        }


def _plain(cell: Cell) -> Cell:
    """A cell that JSON can hold: no number that is none."""
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def print_table(table: Table, lang: str, file: IO[str] | None = None, width: int | None = None) -> None:
    """Print a table within 80 columns, or the terminal's; colour only on a terminal and without NO_COLOR.

    Columns for which there is no room go on below, behind the labels: a number is never cut.
    """
    from rich.console import Console
    from rich.text import Text

    target = file or sys.stdout
    console = Console(file=target, width=width or (None if target.isatty() else 80), highlight=False, emoji=False)
    if table.title:
        console.print(Text(table.title, style="bold"))
    for columns in _parts(table, lang, console.width):
        console.print(_grid(table, lang, columns))
    for note in table.notes:
        console.print(Text(note, style="dim"))
    console.print()


def _grid(table: Table, lang: str, columns: Mapping[int, int]) -> Any:
    """Some columns of a table behind its labels, with the least width of each."""
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(box=None, padding=(0, 0, 0, 1), pad_edge=False, show_edge=False, title_justify="left")
    grid.add_column(table.columns[0], overflow="fold", min_width=_label_width(table))
    for at, least in columns.items():
        justify: Literal["left", "right"] = "left" if _is_text(table, at) else "right"
        grid.add_column(table.columns[1 + at], justify=justify, overflow="fold", min_width=least)
    for label, cells in table.rows:
        shown = [Text(cell_text(cells[at], table.decimals, lang)) for at in columns]
        grid.add_row(Text(label), *shown, style="bold" if label in table.totals else "")
    return grid


def _parts(table: Table, lang: str, width: int) -> list[dict[int, int]]:
    """The columns that stand beside each other within a width, with the least width of each: as much as the longest
    word of header and cells takes where there is room for all, else what the numbers take."""
    count = len(table.columns) - 1
    cells = [[cell_text(row[at], table.decimals, lang) for _, row in table.rows] for at in range(count)]
    wanted = [_longest_word([table.columns[1 + at], *cells[at]]) for at in range(count)]
    if _label_width(table) + sum(1 + each for each in wanted) <= width:
        return [dict(enumerate(wanted))]
    parts: list[dict[int, int]] = [{}]
    left = width - _label_width(table)
    for at in range(count):
        least = min(wanted[at], TEXT_WIDTH) if _is_text(table, at) else max(map(len, cells[at]), default=1)
        if parts[-1] and left < 1 + least:
            parts.append({})
            left = width - _label_width(table)
        parts[-1][at] = least
        left -= 1 + least
    return parts


def _is_text(table: Table, at: int) -> bool:
    return any(isinstance(cells[at], str) for _, cells in table.rows)


def _label_width(table: Table) -> int:
    return min(max((len(label) for label, _ in table.rows), default=0), LABEL_WIDTH)


def _longest_word(texts: Sequence[str]) -> int:
    """Letters of the longest word, which a column gets in any case; a number is one word, its spaces do not break."""
    return min(max((len(word) for text in texts for word in re.split(r"[ \n]", text)), default=0), LABEL_WIDTH)


def cell_text(cell: Cell, decimals: int, lang: str) -> str:
    """A cell as a reader sees it: text as it is, numbers in the language, a dash where there is none."""
    if cell is None:
        return DASH
    return cell if isinstance(cell, str) else number(cell, decimals, lang)


def print_text(text: str, file: IO[str] | None = None) -> None:
    """Print a paragraph, wrapped to the terminal or to 80 columns."""
    from rich.console import Console
    from rich.text import Text

    target = file or sys.stdout
    Console(file=target, width=None if target.isatty() else 80, highlight=False, emoji=False).print(Text(text))
