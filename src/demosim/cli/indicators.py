"""`demosim indicators`: what the population of a run says at a glance, by groups of municipalities."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import print_tables, result_of, write_frame
from demosim.cli.options import ALLOW_PATHS, FILE, PATH


@click.command()
@FILE
@click.option("--by", default="all", show_default=True, metavar="all|size|landsdel|county|FILE",
              help="Kind of group, or a file of your own (csv: municipality, group).")  # fmt: skip
@click.option("--date", "dates", type=int, multiple=True, metavar="YEAR",
              help="1 January that is shown; may be repeated [default: launch and horizon].")  # fmt: skip
@click.option("--working-ages", default="20-64", show_default=True, help="Lowest and highest working age: 20-66.")
@click.option("--history", type=PATH, help="The registered past too (NetCDF), as for backtest.")
@click.option("--output", type=PATH, help="Write every date with all its digits (.csv).")
@ALLOW_PATHS
@click.pass_obj
def indicators(
    settings: Settings, file: Path, by: str, dates: tuple[int, ...], working_ages: str, history: Path | None,
    output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Dependency ratio and its classes, shares of the old, growth by age, and municipalities that decline.

    FILE: a scenario, or a stored result. Size classes are those of KS, by the population at launch. Published figures
    stand beside ours where the result is of the embedded data set.
    """
    from demosim.baseline.calibrate.history import read_history
    from demosim.groups import groups_by
    from demosim.indicators_by_group import ages_from, at_dates, beside_published, with_history
    from demosim.outputs.indicators_tables import indicator_tables

    ages = ages_from(working_ages)
    past = None if history is None else read_history(history)
    dataset, _ = result_of(file, allow_paths)
    found = with_history(dataset, past, groups_by(dataset, by), ages)
    chosen = at_dates(found, dates)
    published = beside_published(dataset, past)
    print_tables(settings, indicator_tables(found, chosen, published, settings.lang, ages))
    write_frame(settings, output, found)
