"""`demosim list` and `demosim show`: what there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from demosim.cli import Settings
from demosim.cli.frames import print_json, print_table_alone, print_tables, read_spec, result_of
from demosim.cli.options import ALLOW_PATHS, BASELINE, PATH
from demosim.errors import usage_error
from demosim.outputs.messages import heads, message
from demosim.outputs.numbers import number
from demosim.outputs.tables import Rows, Table

if TYPE_CHECKING:
    import xarray as xr

    from demosim.scenario.cost_options import CostOptions

PRICE_YEAR = 2026  # of unit costs, where no file says it
_KINDS = {"country": "all"}  # of regions, where `demosim groups --by` has another word
WHAT = ("municipalities", "services", "variants", "profiles", "knobs", "groups", "figures")


@click.command("list")
@click.argument("what", type=click.Choice(WHAT))
@BASELINE
@click.pass_obj
def list_(settings: Settings, what: str, baseline: str) -> None:
    """List what can be named: municipalities, services, variants (national paths), profiles, knobs, groups, figures."""
    makers: dict[str, Callable[[str, str], Table]] = {
        "municipalities": _municipalities, "services": _services, "variants": _variants, "profiles": _profiles,
        "knobs": _knobs, "groups": _groups, "figures": _figures,
    }  # fmt: skip
    print_table_alone(settings, makers[what](baseline, settings.lang))


def _municipalities(name: str, lang: str) -> Table:
    from demosim.baseline.read import read_baseline

    data = read_baseline(name)
    columns = [data[key].values for key in ("municipality_name_official", "county", "county_name", "landsdel")]
    told = zip(data["municipality"].values, *columns, strict=True)
    rows: Rows = [(str(code), [str(cell) for cell in cells]) for code, *cells in told]
    return Table("municipalities", str(data.attrs["title"]), ["", *heads(lang, "heads_municipalities")], rows)


def _services(name: str, lang: str) -> Table:
    from demosim.costs.figures import look_up
    from demosim.costs.services import read_services
    from demosim.outputs.origins import confidence

    rows: Rows = [
        (
            service.name,
            [service.label[lang], message(lang, f"level_{service.level}"),
             message(lang, "yes" if service.enabled else "no"), confidence(service.spread.confidence, lang),
             look_up(service.net_share).value],
        )
        for service in read_services()
    ]  # fmt: skip
    return Table("services", "", ["", *heads(lang, "heads_services")], rows, 2)


def _variants(name: str, lang: str) -> Table:
    from demosim.baseline.read import read_baseline

    data = read_baseline(name)
    total = data["net_international_migration"].sum(("sex", "age_end_of_year"), skipna=False)
    rows: Rows = []
    for variant in data["variant"].values:
        fertility = data["total_fertility_rate"].sel(variant=variant).dropna("year")
        years = fertility["year"].values
        first, last = int(years[0]), int(years[-1])
        net = [number(float(total.sel(variant=variant, year=year)), 0, lang) for year in (first, last)]
        rows.append((str(variant), [f"{first}–{last}", float(fertility[0]), float(fertility[-1]), *net]))
    return Table("variants", str(data.attrs["title"]), ["", *heads(lang, "heads_variants")], rows, 2)


def _profiles(name: str, lang: str) -> Table:
    from demosim.baseline.read import read_baseline

    data = read_baseline(name)
    kinds = (("profile", message(lang, "list_profile")), ("settlement", message(lang, "list_settlement")))
    rows: Rows = [(str(key), [said]) for dim, said in kinds for key in data[dim].values]
    return Table("profiles", str(data.attrs["title"]), ["", *heads(lang, "heads_profiles")], rows)


def _groups(name: str, lang: str) -> Table:
    """Groups as `demosim groups --by` and the pickers have them: kind, bounds in inhabitants, municipalities."""
    from demosim.baseline.read import read_baseline
    from demosim.outputs.regions import list_regions, members

    data = read_baseline(name)
    launch = int(data.attrs["launch_year"])
    stock = data.assign(population=data["population"].expand_dims(date=[launch]))
    regions = list_regions(stock, ("country", "landsdel", "county", "size"))
    rows: Rows = []
    for region, count in zip(regions, members(stock, regions).sum(1).tolist(), strict=True):
        lower = region.lower if region.kind == "size" else None
        rows.append((region.label(lang), [_KINDS.get(region.kind, region.kind), lower, region.upper, count]))
    title = message(lang, "list_groups_title", year=launch)
    return Table("groups", title, ["", *heads(lang, "heads_group_names")], rows)


def _figures(name: str, lang: str) -> Table:
    """Figures that `demosim plot --figure` draws, with what makes the results that they need beside a run."""
    from demosim.outputs.panels_others import COMMANDS
    from demosim.outputs.plot import FIGURES

    launch, horizon = message(lang, "list_launch"), message(lang, "list_horizon")
    years = {"launch": launch, "first": launch, "last": horizon}
    rows: Rows = []
    for figure in FIGURES:
        year = launch if figure.endswith("_first") else horizon
        rows.append((figure, [message(lang, f"figure_{figure}", **years, year=year), COMMANDS.get(figure)]))
    return Table("figures", "", ["", *heads(lang, "heads_figure_names")], rows)


def _knobs(name: str, lang: str) -> Table:
    from demosim.scenario.cost_keys import cost_rows
    from demosim.scenario.describe import knob_rows

    every = [*knob_rows(lang), *cost_rows(lang)]
    neutral = {
        row.path: row.absent if row.neutral is None else number(row.neutral, int(row.neutral % 1 > 0), lang)
        for row in every
    }
    rows: Rows = [(row.path, [row.text, row.unit, neutral[row.path]]) for row in every]
    return Table("knobs", "", ["", *heads(lang, "heads_knobs")], rows)


@click.command()
@click.argument("what", type=click.Choice(["unit-costs", "sources"]))
@click.argument("file", required=False, type=PATH)
@click.option("--profile", type=click.Choice(["cost-key", "users"]), help="[default: cost-key, or that of FILE]")
@click.option("--price-year", type=int, help="[default: 2026, or that of FILE]")
@click.option("--service", help="Only this service, with total, weight, persons and source of every cell.")
@ALLOW_PATHS
@click.pass_obj
def show(
    settings: Settings, what: str, file: Path | None, profile: Literal["cost-key", "users"] | None,
    price_year: int | None, service: str | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Show unit costs by age band with what they come from, or the sources of a result or data set (FILE).

    `unit-costs`: kroner per person, what they come from, and the other ways to derive them; by the accounts and cost
    options of FILE, a scenario, a stored result or a data set. `sources`: files, vintages with their digests, and what
    was carried over.
    """
    if what == "sources":
        _sources(settings, file)
        return
    from demosim.costs.accounts import accounts_of
    from demosim.costs.services import read_services
    from demosim.costs.trace import trace_derivations, trace_unit_costs
    from demosim.outputs.trace import derivation_tables, source_table, unit_cost_tables

    baseline, options, year = _costs_of(file, allow_paths)
    accounts = None if baseline is None else accounts_of(baseline)
    options = options if profile is None else options.model_copy(update={"profile": profile})
    traced = trace_unit_costs(options, price_year or year, accounts=accounts)
    ways = trace_derivations(service, accounts=accounts)
    if service is not None:
        traced = traced[traced["service"] == service]
    if settings.as_json:
        print_json({"unit_costs": traced.to_dict("records"), "derivations": ways.to_dict("records")})
        return
    labels = {service.name: service.label[settings.lang] for service in read_services()}
    tables = [*unit_cost_tables(traced, settings.lang, labels),
              source_table(traced, settings.lang, labels, cells=service is not None)]  # fmt: skip
    notes = [] if options.own is None else [message(settings.lang, "unit_cost_own")]
    print_tables(settings, [*tables, *derivation_tables(ways, settings.lang, labels)], notes)


def _costs_of(file: Path | None, allow_paths: bool) -> tuple[xr.Dataset | None, CostOptions, int]:
    """The data set, cost options and price year that a scenario, a result or a data set stands for."""
    from demosim.baseline.read import read_baseline
    from demosim.scenario.cost_options import CostOptions
    from demosim.scenario.read import baseline_location

    if file is None:
        return None, CostOptions(), PRICE_YEAR
    if _is_data_set(file):
        spec, baseline = None, read_baseline(str(file))
    elif file.suffix == ".nc":
        _, spec = result_of(file, allow_paths)
        baseline = read_baseline(baseline_location(spec))
    else:
        spec, baseline = read_spec(file, allow_paths)
    if "unit_cost" in baseline:
        what = "has a data set that gives its unit costs itself; none is derived"
        raise usage_error(what, file=str(file), allowed="demosim show sources FILE")
    if spec is None:
        return baseline, CostOptions(), int(baseline.attrs["launch_year"])
    return baseline, spec.costs, spec.price_year


def _is_data_set(file: Path) -> bool:
    from demosim.baseline.read import data_sets

    return file.is_dir() or str(file) in data_sets()


def _sources(settings: Settings, file: Path | None) -> None:
    """Where a result, or a data set by its folder or name, comes from."""
    from demosim.baseline.read import read_baseline
    from demosim.outputs.netcdf import read_result
    from demosim.outputs.origins import source_table

    if file is None:
        raise usage_error("say of what", path="show sources", allowed="a result file, or the folder of a data set")
    dataset = read_baseline(str(file)) if _is_data_set(file) else read_result(file)
    print_tables(settings, [source_table(dataset, settings.lang, short=not settings.as_json)])
