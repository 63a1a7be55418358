"""`demosim export`, `report`, `pages` and `plot`: what a reader gets."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import say, say_written
from demosim.cli.options import BORDERS, PATH, RESULTS
from demosim.cli.progress import progress_bar
from demosim.outputs.messages import message

OUTPUT = click.option("--output", type=PATH, required=True, help="File; its suffix decides the form.")
FREE_INCOME = click.option(
    "--free-income", type=PATH, metavar="FILE",
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

    say_written(settings, write(results[0], output, results[1:], settings.lang, table, dialect, free_income))


@click.command()
@RESULTS
@OUTPUT
@BORDERS
@FREE_INCOME
@click.pass_obj
def report(
    settings: Settings, results: tuple[Path, ...], output: Path, borders: Path | None, free_income: Path | None
) -> None:
    """Write results as one page that needs no network.

    The first of RESULTS is a run; a fan, a sensitivity, a sweep, a comparison and further runs add their figures.
    """
    from demosim.outputs.report import report as write

    say_written(settings, [write(list(results), output, settings.lang, borders, free_income)])


@click.command()
@click.argument("result", type=PATH)
@click.option("--output", type=PATH, required=True, help="Folder for the pages.")
@click.option("--format", "form", type=click.Choice(["html", "pdf"]), default="html", show_default=True)
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE",
              help="Only this one; may be repeated.")  # fmt: skip
@click.option("--sensitivity", type=PATH, help="A sensitivity that tells of municipalities.")
@FREE_INCOME
@click.pass_obj
def pages(
    settings: Settings, result: Path, output: Path, form: str, municipalities: tuple[str, ...],
    sensitivity: Path | None, free_income: Path | None,
) -> None:  # fmt: skip
    """Write one page for each municipality of RESULT; an interrupted run goes on where it ended."""
    from demosim.outputs.pages import pages as write

    with progress_bar(settings) as bar:
        written = write(result, output, form, settings.lang, municipalities, bar, sensitivity, free_income)
    if settings.as_json:
        say_written(settings, written)
    else:
        say(settings, [message(settings.lang, "written", path=f"{output} ({len(written)})")])


@click.command()
@RESULTS
@click.option("--figure", required=True, help="Which figure; a wrong name lists them.")
@click.option("--output", type=PATH, required=True, help="Picture: .svg or .png.")
@click.option("--place", default="country", show_default=True, help="Code or name of a place.")
@click.option("--shape", type=click.Choice(["wide", "square"]), default="wide", show_default=True)
@BORDERS
@click.pass_obj
def plot(
    settings: Settings, results: tuple[Path, ...], figure: str, output: Path, place: str, shape: str,
    borders: Path | None,
) -> None:  # fmt: skip
    """Draw one figure of RESULTS, with a text alternative beside it."""
    from demosim.outputs.plot import plot as draw

    say_written(settings, draw(list(results), figure, output, settings.lang, place, shape, borders))
