"""`demosim run`: the main job."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE",
              help='Show this municipality, by number or name ("Herøy (Nordland)"); may be repeated.')  # fmt: skip
@click.option("--county", "counties", multiple=True, metavar="PLACE", help="Show this county; may be repeated.")
@click.option("--output", type=click.Path(path_type=Path), help="Result file [default: results/NAME.nc].")
@click.option("--allow-paths", is_flag=True, help="Let the scenario name data outside its own folder.")
@click.pass_obj
def run(
    settings: Settings, file: Path, municipalities: tuple[str, ...], counties: tuple[str, ...], output: Path | None,
    allow_paths: bool,
) -> None:  # fmt: skip
    """Project the scenario FILE and print what the change in population costs.

    The whole country is always projected, since municipalities share its migration; --municipality and --county
    choose what is shown. The result file holds all of it.
    """
    from demosim.cli.show_run import print_run
    from demosim.outputs.netcdf import write_result
    from demosim.run import run as run_scenario
    from demosim.scenario.places import select_places

    result = run_scenario(file, allow_paths)
    dataset = result.dataset
    path = output or Path("results") / f"{result.name}.nc"
    chosen, places = select_places(dataset, municipalities, counties)
    write_result(path, dataset, "run", result.assumptions)
    print_run(settings, dataset.sel(municipality=chosen), places, path)
