"""`demosim compare`: what differs between results, and why."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.options import METHOD, PATH, RESULTS


@click.command()
@RESULTS
@click.option("--explain", is_flag=True, help="Split the difference of the first two exactly by assumption.")
@click.option("--budget-year", type=int, help="Year that is explained [default: the change over the whole projection].")
@click.option("--municipality", metavar="PLACE", help="Explain this municipality [default: the country].")
@METHOD
@click.option("--output", type=PATH, help="Write the comparison (.nc).")
@click.pass_obj
def compare(
    settings: Settings, results: tuple[Path, ...], explain: bool, budget_year: int | None, municipality: str | None,
    method: str, output: Path | None,
) -> None:  # fmt: skip
    """Compare runs: RESULTS after the first, each less the first."""
    from demosim.cli.frames import print_tables
    from demosim.errors import usage_error
    from demosim.outputs.comparison import difference_tables, explanation_table
    from demosim.outputs.messages import message
    from demosim.sweep.compare import compare_results

    if len(results) < 2:
        raise usage_error("a comparison takes two results or more")
    where = (budget_year, municipality, method)
    causes = [explanation_table(results[0], results[1], settings.lang, *where)] if explain else []
    tables = [*difference_tables(compare_results(results, output), settings.lang), *causes]
    written = [] if output is None else [message(settings.lang, "written", path=output)]
    print_tables(settings, tables, written)
