"""`demosim groups` and `demosim staff`: a run by groups of municipalities, and staff beside persons of working age."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import print_tables, result_of, write_frame
from demosim.cli.options import ALLOW_PATHS, COUNTIES, FILE, MUNICIPALITIES, PATH


@click.command()
@FILE
@click.option("--by", default="county", show_default=True, metavar="county|landsdel|size|all|FILE",
              help="Kind of group, or a file of your own (csv: municipality, group).")  # fmt: skip
@click.option("--apart", multiple=True, metavar="PLACE", help="A group of its own, such as Oslo; may be repeated.")
@click.option("--budget-year", type=int, help="Change from the year before [default: since the launch].")
@click.option("--of", "variable", metavar="NAME", help="Another array of the result by municipality; needs --output.")
@click.option("--output", type=PATH, help="Write the table with all its digits (.csv).")
@ALLOW_PATHS
@click.pass_obj
def groups(
    settings: Settings, file: Path, by: str, apart: tuple[str, ...], budget_year: int | None, variable: str | None,
    output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Sums, medians and unweighted means by groups of municipalities. FILE: a scenario, or a stored result.

    Size classes are those of KS; a municipality of exactly 3 000 inhabitants belongs to the class above.
    """
    from demosim.errors import usage_error
    from demosim.groups import by_group, expenditure_by_group, groups_by, pick_variable
    from demosim.outputs.groups_tables import group_tables

    dataset, _ = result_of(file, allow_paths)
    chosen = groups_by(dataset, by, apart)
    if variable is None:
        found = expenditure_by_group(dataset, chosen, budget_year)
        print_tables(settings, group_tables(found, dataset, settings.lang, budget_year))
    elif output is None:
        raise usage_error("a table of another array is written to a file", path="--of", allowed="--output groups.csv")
    else:
        found = by_group(pick_variable(dataset, variable), chosen)
    write_frame(settings, output, found)


@click.command()
@FILE
@MUNICIPALITIES
@COUNTIES
@click.option("--output", type=PATH, help="Write every municipality and date (.csv).")
@ALLOW_PATHS
@click.pass_obj
def staff(
    settings: Settings, file: Path, municipalities: tuple[str, ...], counties: tuple[str, ...], output: Path | None,
    allow_paths: bool,
) -> None:  # fmt: skip
    """Full-time equivalents that the need calls for, beside persons of working age and published changes.

    FILE: a scenario, or a stored result.
    """
    from demosim.costs.fte import labour_balance, ten_year_change
    from demosim.errors import usage_error
    from demosim.outputs.groups_tables import labour_tables, ten_year_table
    from demosim.scenario.places import select_places

    dataset, _ = result_of(file, allow_paths)
    if "full_time_equivalents" not in dataset:
        raise usage_error("holds no full-time equivalents: its services have no source", file=str(file))
    codes, named = select_places(dataset, municipalities, counties)
    found = labour_balance(dataset["full_time_equivalents"], dataset["population"])
    tables = labour_tables(found[found["municipality"].isin(codes)], dataset, settings.lang, bool(named))
    if not named and dataset.sizes["date"] > 10:
        tables.insert(0, ten_year_table(ten_year_change(dataset["full_time_equivalents"]), dataset, settings.lang))
    print_tables(settings, tables)
    write_frame(settings, output, found)
