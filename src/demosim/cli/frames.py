"""What commands share: read a scenario or a result, print tables for readers or as one JSON document, write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from demosim.cli import Settings
from demosim.outputs.messages import catalogue, message
from demosim.outputs.tables import Cell, Rows, Table, print_table, print_text

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
        names = [str(column) for column in self.frame.columns]
        columns = [catalogue(lang).get(f"frame_{name}") or name.replace("_", "\n") for name in names]
        cells = self.frame.itertuples(index=False, name=None)
        rows: Rows = [(catalogue(lang).get(f"frame_row_{first}", str(first)), [_cell(each) for each in rest])
                      for first, *rest in cells]  # fmt: skip
        return Table("frame", self.title, columns, rows, self.decimals)


def print_table_alone(settings: Settings, table: Table | Frame) -> None:
    """Print the one table of a command; as JSON it is the document."""
    if settings.as_json:
        print_json(table.as_data())
    else:
        print_tables(settings, [table])


def print_tables(settings: Settings, tables: Sequence[Table | Frame], notes: Sequence[str] = ()) -> None:
    """Print tables and notes for readers; as JSON one document."""
    if settings.as_json:
        print_json({"tables": [table.as_data() for table in tables], "notes": list(notes)})
    elif not settings.quiet:
        for table in tables:
            print_table(table.as_table(settings.lang) if isinstance(table, Frame) else table, settings.lang)
        for note in notes:
            print_text(note)


def told_not_counted(settings: Settings, result: xr.Dataset) -> list[str]:
    """A note on what of the scenario a sweep, a fan or a sensitivity does not count, where there is anything."""
    names = result.attrs.get("not_counted")
    return [message(settings.lang, "not_counted", names=names)] if names else []


def print_json(data: Any) -> None:
    """Print a document for machines; a number that is none is an error of ours, and not written as no JSON allows."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False, default=str))


def say(settings: Settings, lines: Iterable[str]) -> None:
    """Print lines as they are, to be copied: names of files, what was done; nothing where only errors are wanted."""
    for line in () if settings.quiet else lines:
        click.echo(line)


def say_written(settings: Settings, paths: Sequence[Path]) -> None:
    """Name the files written; as JSON a list of them."""
    if settings.as_json:
        print_json({"written": [str(path) for path in paths]})
    else:
        say(settings, [message(settings.lang, "written", path=path) for path in paths])


def read_spec(path: Path, allow_paths: bool) -> tuple[Spec, xr.Dataset]:
    """The scenario of a file, and its data set."""
    from demosim.baseline.read import read_baseline
    from demosim.scenario.read import baseline_location, read_scenario

    spec = read_scenario(path, allow_paths)
    return spec, read_baseline(baseline_location(spec))


def result_of(path: Path, allow_paths: bool) -> tuple[xr.Dataset, Spec]:
    """A stored result (.nc), or that of a scenario, which is run now; and the scenario."""
    from demosim.continuation import stored_scenario
    from demosim.outputs.netcdf import read_assumptions, read_result
    from demosim.run import run
    from demosim.scenario.read import read_scenario

    if path.suffix == ".nc":
        return read_result(path, "run"), stored_scenario(read_assumptions(path))
    spec = read_scenario(path, allow_paths)
    return run(spec).dataset, spec


def asked_for(dataset: xr.Dataset, municipalities: Sequence[str]) -> list[str]:
    """Numbers of the municipalities that are asked for, none where none are; raises with all that are not found."""
    from demosim.scenario.places import select_places

    return select_places(dataset, municipalities)[0] if municipalities else []


def write_frame(settings: Settings, output: Path | None, frame: pd.DataFrame) -> None:
    """Write a table with all its digits as CSV, whole or not at all, where a file is named; text stays text."""
    from demosim.files import without_formulas, write_text

    if output is None:
        return
    write_text(output, without_formulas(frame).to_csv(index=False, lineterminator="\n"))
    if not settings.as_json:
        say_written(settings, [output])


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value)
    number = getattr(value, "item", lambda: value)()
    return number if isinstance(number, float | str) else str(number)
