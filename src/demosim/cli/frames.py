"""Print tables and data frames: for readers, or for machines as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from demosim.cli import Settings
from demosim.outputs.messages import catalogue, message
from demosim.outputs.tables import Cell, Table, print_table, print_text

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from demosim.scenario.spec import Spec


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


def result_of(path: Path) -> tuple[xr.Dataset, Spec]:
    """A stored result (.nc), or that of a scenario, which is run now; and the scenario."""
    from demosim.continuation import stored_scenario
    from demosim.outputs.netcdf import read_assumptions, read_result
    from demosim.run import run
    from demosim.scenario.read import read_scenario

    if path.suffix == ".nc":
        return read_result(path, "run"), stored_scenario(read_assumptions(path))
    spec = read_scenario(path)
    return run(spec).dataset, spec


def names_of(result: xr.Dataset) -> dict[str, str]:
    """Names of the municipalities by number."""
    numbers, names = (result[name].values.astype(str).tolist() for name in ("municipality", "municipality_name"))
    return dict(zip(numbers, names, strict=True))


def write_frame(settings: Settings, output: Path | None, frame: pd.DataFrame) -> None:
    """Write a table with all its digits as CSV, whole or not at all, where a file is named; text stays text."""
    from demosim.files import without_formulas, write_text

    if output is None:
        return
    write_text(output, without_formulas(frame).to_csv(index=False, lineterminator="\n"))
    if not (settings.quiet or settings.as_json):
        click.echo(message(settings.lang, "written", path=output))


def _cell(value: object) -> Cell:
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return str(value)
    number = getattr(value, "item", lambda: value)()
    return number if isinstance(number, float | str) else str(number)
