"""`demosim fan`: a band on the figures."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.options import ALLOW_PATHS, FILE, PATH
from demosim.cli.progress import progress_bar


@click.command()
@FILE
@click.option("--draws", type=int, default=2000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="0 is a seed.")
@click.option("--without", multiple=True, type=click.Choice(["national", "municipal", "unit-costs", "deflator"]),
              help="Leave this uncertainty out; may be repeated.")  # fmt: skip
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE", help="Show this one too.")
@click.option("--output", type=PATH, help="Result file [default: results/NAME-fan.nc].")
@ALLOW_PATHS
@click.pass_obj
def fan(
    settings: Settings, file: Path, draws: int, seed: int, without: tuple[str, ...], municipalities: tuple[str, ...],
    output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Draw the uncertain assumptions of the scenario FILE many times and show the band of its figures."""
    from demosim.cli.frames import asked_for, print_tables, read_spec, told_not_counted
    from demosim.outputs.fan import fan_table, record_table
    from demosim.outputs.measures import is_norway
    from demosim.outputs.messages import message
    from demosim.outputs.regions import municipality_names
    from demosim.uncertainty.fan_record import budget_record, next_year_half_width
    from demosim.uncertainty.fan_run import Switches, run_fan

    spec, baseline = read_spec(file, allow_paths)
    codes, names = asked_for(baseline, municipalities), municipality_names(baseline)
    switches = Switches(**{name.replace("-", "_"): False for name in without})
    path = output or Path("results") / f"{spec.name}-fan.nc"
    with progress_bar(settings) as report:
        result = run_fan(spec, path, draws, seed, switches, settings.workers, report)
    tables = [fan_table(result, settings.lang, region, names.get(region, "")) for region in ["country", *codes]]
    if is_norway(result):
        tables.append(record_table(result, budget_record(), next_year_half_width(result), settings.lang))
    print_tables(settings, tables, [*told_not_counted(settings, result), message(settings.lang, "written", path=path)])
