"""`demosim fan`: a band on the figures."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.progress import counted_bar


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--draws", type=int, default=2000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="0 is a seed.")
@click.option("--without", multiple=True, type=click.Choice(["national", "municipal", "unit-costs", "deflator"]),
              help="Leave this uncertainty out; may be repeated.")  # fmt: skip
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE", help="Show this one too.")
@click.option("--output", type=click.Path(path_type=Path), help="Result file [default: results/NAME-fan.nc].")
@click.option("--allow-paths", is_flag=True, help="Let the scenario name data outside its own folder.")
@click.pass_obj
def fan(
    settings: Settings, file: Path, draws: int, seed: int, without: tuple[str, ...], municipalities: tuple[str, ...],
    output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Draw the uncertain assumptions of the scenario FILE many times and show the band of its figures."""
    from demosim.baseline.read import read_baseline
    from demosim.cli.frames import print_tables
    from demosim.outputs.fan import fan_table, record_table
    from demosim.outputs.measures import is_norway
    from demosim.outputs.messages import message
    from demosim.scenario.places import find_municipality
    from demosim.scenario.read import baseline_location, read_scenario
    from demosim.uncertainty.fan_record import budget_record, next_year_half_width
    from demosim.uncertainty.fan_run import Switches, run_fan

    spec = read_scenario(file, allow_paths)
    baseline = read_baseline(baseline_location(spec))
    codes = [find_municipality(baseline, text) for text in municipalities]
    switches = Switches(**{name.replace("-", "_"): False for name in without})
    path = output or Path("results") / f"{spec.name}-fan.nc"
    with counted_bar(settings) as report:
        result = run_fan(spec, path, draws, seed, switches, settings.workers, report)
    names = dict(zip(baseline["municipality"].values, baseline["municipality_name"].values, strict=True))
    tables = [fan_table(result, settings.lang, region, names.get(region, "")) for region in ["country", *codes]]
    if is_norway(result):
        tables.append(record_table(result, budget_record(), next_year_half_width(result), settings.lang))
    print_tables(settings, tables, [message(settings.lang, "written", path=path)])
