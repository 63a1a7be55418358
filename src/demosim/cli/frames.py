"""Print tables and data frames: for readers, or for machines as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from demosim.cli import Settings
from demosim.outputs.messages import catalogue
from demosim.outputs.tables import Cell, Table, print_table, print_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Frame:
    """A tidy table under a title; the first column holds the labels."""

    title: str
    frame: pd.DataFrame
    decimals: int = 2

    def as_data(self) -> dict[str, Any]:
        """The table for machines: a record for each row, no number that is none."""
        return {"title": self.title, "rows": json.loads(self.frame.to_json(orient="records"))}

    def as_table(self, lang: str) -> Table:
        """The table for readers, its columns named in the language where there are words for them."""
        columns = [_head(str(column), lang) for column in self.frame.columns]
        rows: list[tuple[str, list[Cell]]] = [
            (str(row[0]), [_cell(value) for value in row[1:]]) for row in self.frame.itertuples(index=False, name=None)
        ]
        return Table("frame", self.title, columns, rows, self.decimals)


def print_frame(settings: Settings, title: str, frame: pd.DataFrame, decimals: int = 2) -> None:
    """Print one tidy table; as JSON its title and rows."""
    if settings.as_json:
        print_json(Frame(title, frame, decimals).as_data())
    else:
        print_frames(settings, [Frame(title, frame, decimals)])


def print_frames(settings: Settings, frames: Sequence[Frame], notes: Sequence[str] = ()) -> None:
    """Print several tidy tables and notes; as JSON one document."""
    if settings.as_json:
        print_json({"tables": [frame.as_data() for frame in frames], "notes": list(notes)})
    elif not settings.quiet:
        for frame in frames:
            print_table(frame.as_table(settings.lang), settings.lang)
        for note in notes:
            print_text(note)


def print_tables(settings: Settings, tables: Sequence[Table], notes: Sequence[str] = (), **more: object) -> None:
    """Print tables and notes for readers; as JSON one document, with `more` beside them."""
    if settings.as_json:
        print_json({"tables": [table.as_data() for table in tables], "notes": list(notes), **more})
    elif not settings.quiet:
        for table in tables:
            print_table(table, settings.lang)
        for note in notes:
            print_text(note)


def print_json(data: Any) -> None:
    """Print a document for machines; a number that is none is an error of ours, and not written as no JSON allows."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False, default=str))


def _head(column: str, lang: str) -> str:
    known = catalogue(lang).get(f"frame_{column}")
    return known or column.replace("_", "\n")


def _cell(value: object) -> Cell:
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return str(value)
    number = getattr(value, "item", lambda: value)()
    return number if isinstance(number, float | str) else str(number)
