"""`demosim export`, `report`, `pages` and `plot`: what a reader gets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import print_json
from demosim.cli.progress import counted_bar
from demosim.outputs.messages import message

RESULTS = click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
OUTPUT = click.option(
    "--output", type=click.Path(path_type=Path), required=True, help="File; its suffix decides the form."
)
FREE_INCOME = click.option(
    "--free-income", type=click.Path(path_type=Path), metavar="FILE",
    help="Free income by municipality (csv: municipality, and free_income or free_income_per_inhabitant).",
)  # fmt: skip


@click.command()
@RESULTS
@OUTPUT
@click.option("--table", default="iamc", show_default=True, help="Which table a .csv file holds.")
@click.option("--dialect", type=click.Choice(["norwegian", "machine"]), help="Of CSV [default: by language].")
@FREE_INCOME
@click.pass_obj
def export(
    settings: Settings, results: tuple[Path, ...], output: Path, table: str, dialect: str | None,
    free_income: Path | None,
) -> None:  # fmt: skip
    """Write a result as a workbook (.xlsx), CSV (.csv, or a folder) or compressed NetCDF (.nc).

    The first of RESULTS is a run; a second run is a reference to compare with, and a fan or a sensitivity adds its
    tables.
    """
    from demosim.outputs.export import export as write

    _say(settings, write(results[0], output, results[1:], settings.lang, table, dialect, free_income))


@click.command()
@RESULTS
@OUTPUT
@click.option(
    "--borders", type=click.Path(path_type=Path), help="TopoJSON or GeoJSON of the municipalities, for the maps."
)
@FREE_INCOME
@click.pass_obj
def report(
    settings: Settings, results: tuple[Path, ...], output: Path, borders: Path | None, free_income: Path | None
) -> None:
    """Write results as one page that needs no network.

    The first of RESULTS is a run; a fan, a sensitivity, a sweep, a comparison and further runs add their figures.
    """
    from demosim.outputs.report import report as write

    _say(settings, [write(list(results), output, settings.lang, borders, free_income)])


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder for the pages.")
@click.option("--format", "form", type=click.Choice(["html", "pdf"]), default="html", show_default=True)
@click.option(
    "--municipality", "municipalities", multiple=True, metavar="PLACE", help="Only this one; may be repeated."
)
@click.option("--sensitivity", type=click.Path(path_type=Path), help="A sensitivity that tells of municipalities.")
@FREE_INCOME
@click.pass_obj
def pages(
    settings: Settings, result: Path, output: Path, form: str, municipalities: tuple[str, ...],
    sensitivity: Path | None, free_income: Path | None,
) -> None:  # fmt: skip
    """Write one page for each municipality of RESULT; an interrupted run goes on where it ended."""
    from demosim.outputs.netcdf import read_result
    from demosim.outputs.pages import pages as write
    from demosim.scenario.places import select_places

    codes: list[str] = []
    if municipalities:
        codes, _ = select_places(read_result(result, "run"), municipalities)
    with counted_bar(settings) as report:
        bar = None if report is None else lambda done, total, _: report(done, total)
        written = write(result, output, form, settings.lang, codes, bar, sensitivity, free_income)
    if settings.as_json:
        _say(settings, written)
    elif not settings.quiet:
        click.echo(message(settings.lang, "written", path=f"{output} ({len(written)})"))


@click.command()
@RESULTS
@click.option("--figure", required=True, help="Which figure; a wrong name lists them.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Picture: .svg or .png.")
@click.option("--place", default="country", show_default=True, help="Code or name of a place.")
@click.option("--shape", type=click.Choice(["wide", "square"]), default="wide", show_default=True)
@click.option(
    "--borders", type=click.Path(path_type=Path), help="TopoJSON or GeoJSON of the municipalities, for the maps."
)
@click.pass_obj
def plot(
    settings: Settings, results: tuple[Path, ...], figure: str, output: Path, place: str, shape: str,
    borders: Path | None,
) -> None:  # fmt: skip
    """Draw one figure of RESULTS, with a text alternative beside it."""
    from demosim.outputs.plot import plot as draw

    _say(settings, draw(list(results), figure, output, settings.lang, place, shape, borders))


def _say(settings: Settings, paths: Sequence[Path]) -> None:
    """Name the files written; as JSON a list of them."""
    if settings.as_json:
        print_json({"written": [str(path) for path in paths]})
    elif not settings.quiet:
        for path in paths:
            click.echo(message(settings.lang, "written", path=path))
