"""`demosim room` and `demosim refugees`: what is left of the growth in income, and what settlement costs."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import print_tables, write_frame
from demosim.cli.options import ALLOW_PATHS, FILE, MUNICIPALITIES, ONLY, PATH


@click.command()
@click.argument("file", type=PATH, required=False)
@click.option("--budget-year", type=int, help="Budget year [default: 2026, or the first of FILE].")
@click.option("--growth", type=float, metavar="BN", help="Growth in free income, bn kr [default: the published one].")
@click.option("--pension", type=float, metavar="BN", help="Growth of pension costs, bn kr [default: not included].")
@click.option("--free-income", type=PATH,
              help="Free income (csv: municipality, free_income in kr, price_year).")  # fmt: skip
@MUNICIPALITIES
@click.option("--output", type=PATH, help="Write every municipality and budget year (.csv).")
@ALLOW_PATHS
@click.pass_obj
def room(
    settings: Settings, file: Path | None, budget_year: int | None, growth: float | None, pension: float | None,
    free_income: Path | None, municipalities: tuple[str, ...], output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Growth in free income less what demography takes, and its weight in each municipality.

    FILE: a scenario or a stored result, whose [fiscal] holds where an option is not given. Without it, the budget of
    2026 as published, beside our figures of that year.
    """
    from demosim.errors import usage_error
    from demosim.outputs.fiscal_tables import burden_table, room_table

    if file is None:
        from demosim.validation.room import published_room

        if free_income is not None or municipalities or output is not None:
            raise usage_error("municipalities need a scenario or a result", path="room", allowed="demosim room FILE")
        columns, price_year = published_room(budget_year or 2026, growth, pension)
        print_tables(settings, [room_table(columns, budget_year or 2026, price_year, settings.lang)])
        return
    from demosim.cli.frames import asked_for, result_of
    from demosim.fiscal.read import places_table
    from demosim.fiscal.room import burden, demography_of, national_room
    from demosim.outputs.regions import municipality_names

    result, spec = result_of(file, allow_paths)
    growth = spec.fiscal.growth if growth is None else growth
    pension = spec.fiscal.pension if pension is None else pension
    own = places_table("free_income", free_income, spec.fiscal, result)
    found = burden(result, result["population"], own, spec.costs.price_growth)
    names = municipality_names(result)
    tables = [burden_table(found, settings.lang, names, asked_for(result, municipalities))]
    if growth is not None:
        year = budget_year or int(result["budget_year"].values[0])
        ours = national_room(year, growth, demography_of(result, year), pension)
        tables.insert(0, room_table({"ours": ours}, year, int(result.attrs["price_year"]), settings.lang))
    print_tables(settings, tables)
    write_frame(settings, output, found)


@click.command()
@FILE
@click.option("--stream", default="ukraine", show_default=True, help="The stream that is settled.")
@click.option("--rates", type=PATH,
              help="Rates of the grant (toml: [adult] and [child] with kr for years 2 to 5).")  # fmt: skip
@click.option("--coverage", type=float, help="Grant over measured cost [default: 0.91, published for 2024].")
@ONLY
@click.option("--output", type=PATH, help="Write every municipality and year (.csv).")
@ALLOW_PATHS
@click.pass_obj
def refugees(
    settings: Settings, file: Path, stream: str, rates: Path | None, coverage: float | None,
    municipalities: tuple[str, ...], output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Integration grant over five years against measured costs, beside the need that free income carries.

    FILE: a scenario with a stream. Rates of the years 2 to 5 have no source and are asked for by name, here or under
    [fiscal.refugees].
    """
    from demosim.fiscal.read import read_rates
    from demosim.fiscal.refugees import arrivals_of, beside_free_income, grant_and_cost, published_coverage
    from demosim.outputs.fiscal_tables import refugees_places_table, refugees_table
    from demosim.outputs.numbers import number
    from demosim.outputs.regions import municipality_names
    from demosim.run import run
    from demosim.scenario.places import select_places
    from demosim.scenario.read import read_scenario
    from demosim.scenario.vary import vary

    spec = read_scenario(file, allow_paths)
    known = read_rates(rates, spec.fiscal)
    coverage = spec.fiscal.refugees.coverage if coverage is None else coverage
    with_stream = run(spec)
    settled = arrivals_of(with_stream.assumptions, stream)
    without = run(vary(spec, {f"streams.{stream}.net": 0.0, f"streams.{stream}.stock": 0.0}))
    result = with_stream.dataset
    found = beside_free_income(grant_and_cost(settled, known, coverage), with_stream.costs, without.costs)
    inhabitants = result["population"].sum(("sex", "age")).isel(date=0).to_series()
    found["inhabitants"] = found["municipality"].map(inhabitants)
    codes, _ = select_places(result, municipalities)
    part = found[found["municipality"].isin(codes)]
    published, of_year = published_coverage()
    share = number(published if coverage is None else coverage, 2, settings.lang)
    about = {"coverage": share, "year": of_year, "price_year": result.attrs["price_year"]}
    tables = [
        refugees_table(part, settings.lang, stream, about),
        refugees_places_table(part, settings.lang, municipality_names(result), int(found["year"].iloc[0])),
    ]
    print_tables(settings, tables)
    write_frame(settings, output, found)
