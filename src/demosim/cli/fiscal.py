"""`demosim income`, `standing` and `survey`: the income system, and what the accounts of groups say."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import print_tables, result_of, write_frame
from demosim.cli.options import ALLOW_PATHS, COUNTIES, FILE, MUNICIPALITIES, ONLY, PATH


@click.command()
@FILE
@click.option("--year", type=int, help="Year of the grants [default: the second after the launch].")
@click.option("--since", type=int, help="Show what population change since this year does to the grants.")
@click.option("--criteria", type=PATH, help="Criteria (csv: municipality, criterion, value).")
@click.option("--tax", type=PATH, help="Tax (csv: municipality, tax_per_inhabitant in kr).")
@ONLY
@click.option("--output", type=PATH, help="Write all municipalities (.csv).")
@ALLOW_PATHS
@click.pass_obj
def income(
    settings: Settings, file: Path, year: int | None, since: int | None, criteria: Path | None, tax: Path | None,
    municipalities: tuple[str, ...], output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Need index, grant per inhabitant and equalisation by municipality. FILE: a scenario, or a stored result.

    Criteria and tax of the scenario's [fiscal] hold where an option is not given.
    """
    from demosim.fiscal.income import effect_of_change, income_system
    from demosim.fiscal.read import places_table, tax_of
    from demosim.outputs.fiscal_tables import effect_table, income_tables
    from demosim.outputs.regions import municipality_names
    from demosim.scenario.places import select_places

    result, spec = result_of(file, allow_paths)
    other = places_table("criteria", criteria, spec.fiscal, result)
    own_tax = tax_of(tax, spec.fiscal, result)
    asked = year or int(result["year"].values[0]) + 1
    table = income_system(result, asked, other, own_tax)
    codes, _ = select_places(result, municipalities)
    names = municipality_names(result)
    tables = income_tables(table, settings.lang, names, codes)
    if since is not None:
        effect = effect_of_change(income_system(result, since, other, own_tax), table)
        tables.insert(0, effect_table(effect, settings.lang, names, codes, f"{since}–{asked}"))
        table = table.merge(effect, on="municipality", suffixes=("", "_change"))
    print_tables(settings, tables)
    write_frame(settings, output, table)


@click.command()
@FILE
@click.option("--revenue", type=PATH,
              help="Operating revenue (csv: municipality, revenue in kr of the price year).")  # fmt: skip
@MUNICIPALITIES
@COUNTIES
@click.option("--output", type=PATH, help="Write all municipalities (.csv).")
@ALLOW_PATHS
@click.pass_obj
def standing(
    settings: Settings, file: Path, revenue: Path | None, municipalities: tuple[str, ...], counties: tuple[str, ...],
    output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Accounts of a municipality's size class and landsdel beside its need. FILE: a scenario, or a stored result.

    Revenue of the scenario's [fiscal] holds where the option is not given.
    """
    from demosim.fiscal.read import places_table
    from demosim.fiscal.survey import standing as standing_of
    from demosim.outputs.fiscal_tables import standing_tables
    from demosim.outputs.regions import municipality_names
    from demosim.scenario.places import select_places

    result, spec = result_of(file, allow_paths)
    codes, _ = select_places(result, municipalities, counties)
    own = places_table("revenue", revenue, spec.fiscal, result)
    found = standing_of(result, result, own)
    print_tables(settings, standing_tables(found, settings.lang, municipality_names(result), codes))
    write_frame(settings, output, found)


@click.command()
@FILE
@click.pass_obj
def survey(settings: Settings, file: Path) -> None:
    """From the municipalities that answered (FILE, csv) to all: a stratified ratio estimate."""
    from demosim.cli.frames import Frame, print_table_alone
    from demosim.fiscal.survey import estimate_all, read_survey

    print_table_alone(settings, Frame(file.name, estimate_all(read_survey(file))))
