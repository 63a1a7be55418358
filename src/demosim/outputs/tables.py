"""Tables as values: a title, rows with a label, numbers with decimals; printed on a terminal or handed on as data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from demosim.outputs.numbers import DASH, number

Cell = float | int | str | None
LABEL_WIDTH = 20  # what the labels of a table get at least, where they are that long


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
            "rows": [{"label": label, "values": list(cells)} for label, cells in self.rows],
            "notes": list(self.notes),
        }


def print_table(table: Table, lang: str, file: IO[str] | None = None, width: int | None = None) -> None:
    """Print a table within 80 columns, or the terminal's; colour only on a terminal and without NO_COLOR."""
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    target = file or sys.stdout
    console = Console(file=target, width=width or (None if target.isatty() else 80), highlight=False, emoji=False)
    grid = RichTable(box=None, padding=(0, 0, 0, 1), pad_edge=False, show_edge=False, title_justify="left")
    widest = max((len(label) for label, _ in table.rows), default=0)
    grid.add_column(table.columns[0], overflow="fold", min_width=min(widest, LABEL_WIDTH))
    for position, column in enumerate(table.columns[1:]):
        words = any(isinstance(cells[position], str) for _, cells in table.rows)
        grid.add_column(column, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    for label, cells in table.rows:
        style = "bold" if label in table.totals else ""
        grid.add_row(Text(label), *(Text(cell_text(cell, table.decimals, lang)) for cell in cells), style=style)
    if table.title:
        console.print(Text(table.title, style="bold"))
    console.print(grid)
    for note in table.notes:
        console.print(Text(note, style="dim"))
    console.print()


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
