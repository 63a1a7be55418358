"""`demosim run`: the main job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from demosim.cli import Settings
from demosim.cli.options import ALLOW_PATHS, FILE, PATH
from demosim.errors import DemosimError, usage_error

if TYPE_CHECKING:
    from demosim.run import Result


@click.command()
@FILE
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE",
              help='Show this municipality, by number or name ("Herøy (Nordland)"); may be repeated.')  # fmt: skip
@click.option("--county", "counties", multiple=True, metavar="PLACE", help="Show this county; may be repeated.")
@click.option("--output", type=PATH, help="Result file [default: results/NAME.nc].")
@click.option("--continue", "stored", type=PATH, metavar="RESULT",
              help="A result of the scenario to an earlier horizon: project only the years after it.")  # fmt: skip
@ALLOW_PATHS
@click.pass_obj
def run(
    settings: Settings, file: Path, municipalities: tuple[str, ...], counties: tuple[str, ...], output: Path | None,
    stored: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Project the scenario FILE and print what the change in population costs.

    The whole country is always projected, since municipalities share its migration; --municipality and --county
    choose what is shown. The result file holds all of it. With --continue the result is, bit for bit, that of the
    whole run.
    """
    from demosim.cli.show_run import print_run
    from demosim.outputs.netcdf import write_result
    from demosim.run import run as run_scenario
    from demosim.scenario.places import select_places

    result = run_scenario(file, allow_paths) if stored is None else _go_on(file, allow_paths, stored)
    dataset = result.dataset
    path = output or Path("results") / f"{result.name}.nc"
    chosen, places = select_places(dataset, municipalities, counties)
    write_result(path, dataset, "run", result.assumptions)
    print_run(settings, dataset.sel(municipality=chosen), places, path)


def _go_on(file: Path, allow_paths: bool, stored: Path) -> Result:
    """Carry a stored result on; what keeps it from going on is said of the result's file."""
    from demosim.outputs.netcdf import has_assumptions, read_assumptions, read_result
    from demosim.run import run as run_scenario

    result = read_result(stored, "run")
    if not has_assumptions(stored):
        raise usage_error("does not hold its assumptions and cannot be continued", file=str(stored))
    try:
        return run_scenario(file, allow_paths, (result, read_assumptions(stored)))
    except DemosimError as error:
        problems = [replace(problem, file=problem.file or str(stored)) for problem in error.problems]
        raise DemosimError(problems, error.exit_code, error.notes) from error
