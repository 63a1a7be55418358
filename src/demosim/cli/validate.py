"""`demosim validate`: ours beside the published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from demosim.cli import Settings
from demosim.cli.options import BASELINE, METHOD, PATH

if TYPE_CHECKING:
    from demosim.cli.frames import Frame


@click.group()
def validate() -> None:
    """Lay our figures beside published ones. Nothing is fitted to them."""


@validate.command()
@click.option("--candidates", is_flag=True, help="Also what could explain the deviation of 2027, one change at a time.")
@click.pass_obj
def results(settings: Settings, candidates: bool) -> None:
    """Every published row of the official calculation beside ours, for each cost profile and option."""
    from dataclasses import asdict

    from demosim.cli.frames import print_json, print_tables
    from demosim.outputs.calibration_tables import candidates_table
    from demosim.outputs.published import validation_tables
    from demosim.validation.candidates import candidates as try_candidates
    from demosim.validation.results import compare_results

    rows = compare_results()
    more = [candidates_table(try_candidates(), settings.lang)] if candidates else []
    if settings.as_json:
        listed = [asdict(row) | {"published": row.published, "deviation": row.deviation} for row in rows]
        plain = [{key: None if value != value else value for key, value in row.items()} for row in listed]
        print_json([*plain, *(table.as_data() for table in more)])
    else:
        print_tables(settings, [*validation_tables(rows, settings.lang), *more])


@validate.command("june-march")
@METHOD
@click.pass_obj
def june_march(settings: Settings, method: str) -> None:
    """Why the estimate of June 2025 for budget year 2026 became the outcome of March 2026, cause by cause."""
    from demosim.cli.frames import print_tables
    from demosim.outputs.calibration_tables import june_march_tables
    from demosim.validation.june_march import june_to_march

    parts, beside = june_to_march(method=method)
    print_tables(settings, june_march_tables(parts, beside, settings.lang, method))


@validate.command()
@click.option("--published", type=PATH, help="Municipal projections to stand beside ours (csv).")
@BASELINE
@click.pass_obj
def population(settings: Settings, published: Path | None, baseline: str) -> None:
    """The country by age group beside the official rounds: as shipped, and without raking."""
    from demosim.baseline.read import read_baseline
    from demosim.cli.frames import Frame, print_tables
    from demosim.outputs.published import population_table
    from demosim.validation.population import validate_population, worst_by_group

    worst = worst_by_group(validate_population(read_baseline(baseline)))
    beside = [] if published is None else _municipal(published, baseline)
    first = Frame("population", worst) if settings.as_json else population_table(worst, settings.lang)
    print_tables(settings, [first, *beside])


def _municipal(published: Path, baseline: str) -> list[Frame]:
    """Ours beside published municipal projections: the size of the differences, and the places that differ most."""
    from demosim.baseline.read import read_baseline
    from demosim.cli.frames import Frame
    from demosim.projection import project
    from demosim.scenario.read import spec_from
    from demosim.scenario.resolve import resolve
    from demosim.validation.published import beside_published, read_published, summary, worst_places

    table = read_published(published)
    data = read_baseline(baseline)
    frames = []
    for variant in [str(name) for name in data["variant"].values if name in set(table["variant"])]:
        tree = {"name": "validation", "baseline": baseline, "variant": variant, "price_year": 2026,
                "horizon": int(data["year"].values[-1]) + 1}  # fmt: skip
        beside = beside_published(project(resolve(data, spec_from(tree)).assumptions), table, variant)
        if len(beside):
            last = int(beside["year"].max())
            frames += [Frame(variant, summary(beside)), Frame(f"{variant} {last}", worst_places(beside, last))]
    return frames
