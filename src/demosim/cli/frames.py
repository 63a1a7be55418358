"""Print a data frame: as a table, or for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from demosim.cli import Settings
from demosim.outputs.messages import message
from demosim.outputs.tables import Cell, Table, print_table

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from demosim.scenario.spec import CostOptions


def print_frame(settings: Settings, title: str, frame: pd.DataFrame, decimals: int = 2) -> None:
    """Print a tidy table under a title; the first column holds the labels."""
    if settings.as_json:
        click.echo(
            json.dumps({"title": title, "rows": json.loads(frame.to_json(orient="records"))}, ensure_ascii=False)
        )
        return
    if settings.quiet:
        return
    columns = [str(column).replace("_", "\n") for column in frame.columns]
    rows: list[tuple[str, list[Cell]]] = [
        (str(row[0]), [_cell(value) for value in row[1:]]) for row in frame.itertuples(index=False, name=None)
    ]
    print_table(Table("frame", title, columns, rows, decimals), settings.lang)


def result_of(path: Path) -> tuple[xr.Dataset, CostOptions]:
    """A stored result (.nc), or that of a scenario, which is run now; and how its costs are counted."""
    from demosim.continuation import stored_scenario
    from demosim.outputs.netcdf import read_assumptions, read_result
    from demosim.run import run
    from demosim.scenario.read import read_scenario

    if path.suffix == ".nc":
        return read_result(path, "run"), stored_scenario(read_assumptions(path)).costs
    spec = read_scenario(path)
    return run(spec).dataset, spec.costs


def names_of(result: xr.Dataset) -> dict[str, str]:
    """Names of the municipalities by number."""
    numbers, names = (result[name].values.astype(str).tolist() for name in ("municipality", "municipality_name"))
    return dict(zip(numbers, names, strict=True))


def print_tables(settings: Settings, tables: Sequence[Table]) -> None:
    """Print tables for readers, or one list of them for machines."""
    if settings.as_json:
        click.echo(json.dumps([table.as_data() for table in tables], ensure_ascii=False, indent=1))
    elif not settings.quiet:
        for table in tables:
            print_table(table, settings.lang)


def write_frame(settings: Settings, output: Path | None, frame: pd.DataFrame) -> None:
    """Write a table with all its digits as CSV, whole or not at all, where a file is named."""
    from demosim.files import write_text

    if output is None:
        return
    write_text(output, frame.to_csv(index=False, lineterminator="\n"))
    if not (settings.quiet or settings.as_json):
        click.echo(message(settings.lang, "written", path=output))


def _cell(value: object) -> Cell:
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return str(value)
    number = getattr(value, "item", lambda: value)()
    return number if isinstance(number, float | str) else str(number)
