"""`demosim room` and `demosim refugees`: what is left of the growth in income, and what settlement costs."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import print_tables, write_frame


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--budget-year", type=int, help="Budget year [default: 2026, or the first of FILE].")
@click.option("--growth", type=float, metavar="BN", help="Growth in free income, bn kr [default: the published one].")
@click.option("--pension", type=float, metavar="BN", help="Growth of pension costs, bn kr [default: not included].")
@click.option("--free-income", type=click.Path(path_type=Path),
              help="Free income (csv: municipality, free_income in kr, price_year).")  # fmt: skip
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE", help="Show this one, or these.")
@click.option("--output", type=click.Path(path_type=Path), help="Write every municipality and budget year (.csv).")
@click.pass_obj
def room(
    settings: Settings, file: Path | None, budget_year: int | None, growth: float | None, pension: float | None,
    free_income: Path | None, municipalities: tuple[str, ...], output: Path | None,
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
    from demosim.cli.frames import names_of, result_of
    from demosim.fiscal.read import places_table
    from demosim.fiscal.room import burden, demography_of, national_room
    from demosim.scenario.places import select_places

    result, spec = result_of(file)
    growth = spec.fiscal.growth if growth is None else growth
    pension = spec.fiscal.pension if pension is None else pension
    own = places_table("free_income", free_income, spec.fiscal, result)
    found = burden(result, result["population"], own, spec.costs.price_growth)
    codes = select_places(result, municipalities)[0] if municipalities else []
    tables = [burden_table(found, settings.lang, names_of(result), codes)]
    if growth is not None:
        year = budget_year or int(result["budget_year"].values[0])
        ours = national_room(year, growth, demography_of(result, year), pension)
        tables.insert(0, room_table({"ours": ours}, year, int(result.attrs["price_year"]), settings.lang))
    print_tables(settings, tables)
    write_frame(settings, output, found)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--stream", default="ukraine", show_default=True, help="The stream that is settled.")
@click.option("--rates", type=click.Path(path_type=Path),
              help="Rates of the grant (toml: [adult] and [child] with kr for years 2 to 5).")  # fmt: skip
@click.option("--coverage", type=float, help="Grant over measured cost [default: 0.91, published for 2024].")
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE", help="Show only this one.")
@click.option("--output", type=click.Path(path_type=Path), help="Write every municipality and year (.csv).")
@click.pass_obj
def refugees(
    settings: Settings, file: Path, stream: str, rates: Path | None, coverage: float | None,
    municipalities: tuple[str, ...], output: Path | None,
) -> None:  # fmt: skip
    """Integration grant over five years against measured costs, beside the need that free income carries.

    FILE: a scenario with a stream. Rates of the years 2 to 5 have no source and are asked for by name, here or under
    [fiscal.refugees].
    """
    from demosim.cli.frames import names_of
    from demosim.fiscal.read import read_rates
    from demosim.fiscal.refugees import arrivals_of, beside_free_income, grant_and_cost, published_coverage
    from demosim.outputs.fiscal_tables import refugees_places_table, refugees_table
    from demosim.run import run
    from demosim.scenario.places import select_places
    from demosim.scenario.read import read_scenario
    from demosim.scenario.vary import vary

    spec = read_scenario(file)
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
    about = {"coverage": f"{coverage or published:g}", "year": of_year, "price_year": result.attrs["price_year"]}
    tables = [
        refugees_table(part, settings.lang, stream, about),
        refugees_places_table(part, settings.lang, names_of(result), int(found["year"].iloc[0])),
    ]
    print_tables(settings, tables)
    write_frame(settings, output, found)
