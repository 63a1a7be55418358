"""`demosim export` and `demosim report`: what a reader gets."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.outputs.messages import message

RESULTS = click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
OUTPUT = click.option(
    "--output", type=click.Path(path_type=Path), required=True, help="File; its suffix decides the form."
)


@click.command()
@RESULTS
@OUTPUT
@click.option("--table", default="iamc", show_default=True, help="Which table a .csv file holds.")
@click.option("--dialect", type=click.Choice(["norwegian", "machine"]), help="Of CSV [default: by language].")
@click.pass_obj
def export(settings: Settings, results: tuple[Path, ...], output: Path, table: str, dialect: str | None) -> None:
    """Write a result as a workbook (.xlsx), CSV (.csv, or a folder) or compressed NetCDF (.nc).

    The first of RESULTS is a run; a second run is a reference to compare with, and a fan or a sensitivity adds its
    tables.
    """
    from demosim.outputs.export import export as write

    for path in write(results[0], output, results[1:], settings.lang, table, dialect):
        if not settings.quiet:
            click.echo(message(settings.lang, "written", path=path))


@click.command()
@RESULTS
@OUTPUT
@click.option(
    "--borders", type=click.Path(path_type=Path), help="TopoJSON or GeoJSON of the municipalities, for the maps."
)
@click.pass_obj
def report(settings: Settings, results: tuple[Path, ...], output: Path, borders: Path | None) -> None:
    """Write results as one page that needs no network.

    The first of RESULTS is a run; a fan, a sensitivity, a sweep, a comparison and further runs add their figures.
    """
    from demosim.outputs.report import report as write

    path = write(list(results), output, settings.lang, borders)
    if not settings.quiet:
        click.echo(message(settings.lang, "written", path=path))
