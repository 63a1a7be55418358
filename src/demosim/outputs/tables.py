"""Tables as values: a title, rows with a label, numbers with decimals; printed on a terminal or handed on as data."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Literal

from demosim.outputs.numbers import DASH, number

if TYPE_CHECKING:
    from rich.console import Console

Cell = float | int | str | None
Rows = list[tuple[str, Sequence[Cell]]]  # a label and its cells
LABEL_WIDTH = 20  # what the labels of a table get at least, where they are that long
TEXT_WIDTH = 10  # and what a column of text gets where there is little room


@dataclass(frozen=True)
class Table:
    """A table for readers.

    `rows`: a label and the cells; `decimals` for all numbers; `totals`: labels of rows that are sums (set off);
    `notes` stand below. `key` names the table in files and in `--json`. `shown`: the rows as they are printed, where
    numbers are rounded together so that they add up.
    """

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    decimals: int = 0
    totals: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=list)
    shown: Sequence[tuple[str, Sequence[Cell]]] = ()

    @property
    def printed(self) -> Sequence[tuple[str, Sequence[Cell]]]:
        """The rows for readers."""
        return self.shown or self.rows

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
    from rich.text import Text

    console = _console(file, width)
    if table.title:
        console.print(Text(table.title, style="bold"))
    for widths in _parts(table, lang, console.width):
        console.print(_grid(table, lang, widths))
    for note in table.notes:
        console.print(Text(note, style="dim"))
    console.print()


def _grid(table: Table, lang: str, widths: Mapping[int, int]) -> Any:
    """Some columns of a table, with their widths; -1 is that of the labels."""
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(box=None, padding=(0, 0, 0, 1), pad_edge=False, show_edge=False)
    for at, width in widths.items():
        justify: Literal["left", "right"] = "left" if at < 0 or _is_text(table, at) else "right"
        grid.add_column(table.columns[1 + at], justify=justify, overflow="fold", width=width)
    for label, cells in table.printed:
        shown = [label if at < 0 else cell_text(cells[at], table.decimals, lang) for at in widths]
        grid.add_row(*map(Text, shown), style="bold" if label in table.totals else "")
    return grid


def _parts(table: Table, lang: str, width: int) -> list[dict[int, int]]:
    """The columns that stand beside each other, with their widths; the labels are number -1 and stand in each part.

    A column gets what its longest word takes where there is room for all, else what its numbers take; what room is
    left goes to where the most is folded.
    """
    texts = {-1: [label for label, _ in table.printed]}
    for at in range(len(table.columns) - 1):
        texts[at] = [cell_text(row[at], table.decimals, lang) for _, row in table.printed]
    least = {at: _longest_word([table.columns[1 + at], *own]) for at, own in texts.items()}
    least[-1] = max(_longest_word(texts[-1], 2 * LABEL_WIDTH), min(max(map(len, texts[-1]), default=0), LABEL_WIDTH))
    if _taken(least) > width:
        narrow = {at: min(least[at], TEXT_WIDTH) if _is_text(table, at) else max(map(len, texts[at]), default=1)
                  for at in texts if at >= 0}  # fmt: skip
        least |= narrow
    parts = [{-1: least[-1]}]
    for at in range(len(table.columns) - 1):
        if len(parts[-1]) > 1 and _taken(parts[-1] | {at: least[at]}) > width:
            parts.append({-1: least[-1]})
        parts[-1][at] = least[at]
    whole = {at: max(map(len, [*table.columns[1 + at].split("\n"), *own])) for at, own in texts.items()}
    return [_widened(part, whole, width) for part in parts]


def _taken(widths: Mapping[int, int]) -> int:
    """Letters that columns take beside each other, a space between them."""
    return sum(widths.values()) + len(widths) - 1


def _widened(widths: dict[int, int], whole: Mapping[int, int], width: int) -> dict[int, int]:
    """Widths with the room that is left given to the columns that lack most of what they would take unfolded."""
    while _taken(widths) < width:
        at = max(widths, key=lambda at: whole[at] - widths[at])
        if whole[at] <= widths[at]:
            break
        widths[at] += 1
    return widths


def _is_text(table: Table, at: int) -> bool:
    return any(isinstance(cells[at], str) for _, cells in table.printed)


def _longest_word(texts: Sequence[str], most: int = LABEL_WIDTH) -> int:
    """Letters of the longest word, up to `most`; a number is one word, its no-break spaces hold it together."""
    return min(max((len(word) for text in texts for word in re.split(r"[ \n]", text)), default=0), most)


def cell_text(cell: Cell, decimals: int, lang: str) -> str:
    """A cell as a reader sees it: text as it is, numbers in the language, a dash where there is none."""
    if cell is None:
        return DASH
    return cell if isinstance(cell, str) else number(cell, decimals, lang)


def print_text(text: str, file: IO[str] | None = None) -> None:
    """Print a paragraph, wrapped to the terminal or to 80 columns."""
    from rich.text import Text

    _console(file).print(Text(text))


def _console(file: IO[str] | None, width: int | None = None) -> Console:
    from rich.console import Console

    target = file or sys.stdout
    return Console(file=target, width=width or (None if target.isatty() else 80), highlight=False, emoji=False)
