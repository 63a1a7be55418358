"""Unit costs of the user's own as a file or a table of the scenario: `costs.own`. Form only; ages come in `costs`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demosim.errors import usage_error
from demosim.files import check_columns, is_file, read_csv
from demosim.scenario.cost_options import COUNTRY, OwnCosts
from demosim.scenario.forms import Report
from demosim.scenario.paths import named_file
from demosim.scenario.syntax import read_source
from demosim.scenario.toml_lines import KeyPath
from demosim.workbook import read_sheet

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("service", "ages", "kr_per_person", "price_year")
SUFFIXES = (".toml", ".csv", ".xlsx")


def read_own_costs(path: Path) -> OwnCosts:
    """Unit costs from TOML, CSV or xlsx.

    TOML: `price_year = 2026`, then `[barnehage]` with bands as keys (`"0" = 0`, `"1-5" = 260000`, `"6+" = 0`), and
    `["4601".barnehage]` for a municipality. CSV and xlsx: columns `service`, `ages`, `kr_per_person`, `price_year` and,
    if wanted, `municipality`.

    Raises a `DemosimError` (2) with all that is wrong with the form.
    """
    suffix = path.suffix.lower()
    if not is_file(path):
        raise usage_error("there is no such file", code="missing_file", file=str(path))
    if suffix not in SUFFIXES:
        raise usage_error(f"has the suffix {suffix}", code="not_a_file", file=str(path), allowed=", ".join(SUFFIXES))
    if suffix == ".toml":
        source = read_source(path)
        report = Report(source.file, source.lines)
        found = parse_own_costs(source.tree, (), report)
    else:
        report = Report(str(path), None)
        found = _from_rows(path, report)
    report.raise_if_any()
    assert found is not None
    return found.model_copy(update={"file": str(path)})


def parse_own_costs(tree: dict[str, Any], path: KeyPath, report: Report) -> OwnCosts | None:
    """Own unit costs from the tables of a file; None, with the problems noted, where they are not of the form."""
    before = len(report.group.problems)
    year = tree.get("price_year")
    if isinstance(year, bool) or not isinstance(year, int):
        report.add("missing_key", (*path, "price_year"), "is missing or not a year", "price_year = 2026")
    cost: dict[str, dict[str, dict[str, float]]] = {}
    for name, table in tree.items():
        if name == "price_year":
            continue
        if not isinstance(table, dict) or not table:
            report.add("wrong_type", (*path, name), "is not a table of age bands", '{ "0-5" = 1000, "6+" = 0 }')
        elif all(isinstance(value, dict) for value in table.values()):
            own = {service: _numbers(bands, (*path, name, service), report) for service, bands in table.items()}
            cost[name] = own
        else:
            cost.setdefault(COUNTRY, {})[name] = _numbers(table, (*path, name), report)
    if not cost and len(report.group.problems) == before:
        report.add("missing_key", path, "has no costs", '[barnehage] with age bands: "0" = 0, "1-5" = 260000, "6+" = 0')
    return None if len(report.group.problems) > before else OwnCosts(price_year=int(year or 0), cost=cost)


def _numbers(bands: dict[str, Any], path: KeyPath, report: Report) -> dict[str, float]:
    good = {}
    for band, value in bands.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            report.add("wrong_type", (*path, band), f"{value} is not an amount of kroner", "0 or more")
        elif value < 0:
            report.add("negative_value", (*path, band), f"{value:g} kr is negative", None, f"{-value:g}")
        else:
            good[band] = float(value)
    if not bands:
        report.add("wrong_type", path, "is not a table of age bands", '{ "0-5" = 1000, "6+" = 0 }')
    return good


def _from_rows(path: Path, report: Report) -> OwnCosts | None:
    """The rows of a table as the tree of a TOML file."""
    import pandas as pd  # slow to import, and few scenarios name a table

    table = read_csv(path, COLUMNS, dtype=str) if path.suffix.lower() == ".csv" else _sheet(path)
    years = pd.to_numeric(table["price_year"], errors="coerce").unique()
    if len(years) != 1 or not math.isfinite(years[0]):
        report.add("wrong_type", ("price_year",), "all rows must name one and the same year")
    tree: dict[str, Any] = {"price_year": 0 if report.group.problems else int(years[0])}
    places = table["municipality"].fillna(COUNTRY) if "municipality" in table else [COUNTRY] * len(table)
    rows = zip(places, table["service"], table["ages"], table["kr_per_person"], strict=True)
    for row, (place, service, band, value) in enumerate(rows, start=2):
        where = tree.setdefault(place, {}) if place else tree
        bands = where.setdefault(str(service), {})
        if str(band) in bands:
            report.add("duplicate_key", (f"row {row}",), f"ages {band} of {service} stand twice")
        bands[str(band)] = _number(value)
    return parse_own_costs(tree, (), report)


def _sheet(path: Path) -> pd.DataFrame:
    import pandas as pd

    head, *rows = read_sheet(path) or [[]]
    cells = [[None if cell is None else str(cell) for cell in row] for row in rows]
    table = pd.DataFrame(cells, columns=[str(name) for name in head], dtype=object)
    check_columns(table, COLUMNS, path)
    return table


def _number(value: object) -> float | str:
    try:
        return float(str(value))
    except ValueError:
        return str(value)


def take_own_costs(tree: dict[str, Any], report: Report) -> None:
    """Put the costs in the place of the file or table that a scenario gives as `costs.own`.

    No file is read once something is wrong with the paths of the scenario.
    """
    costs = tree.get("costs")
    if not isinstance(costs, dict) or costs.get("own") is None:
        return
    given = costs["own"]
    path: KeyPath = ("costs", "own")
    if isinstance(given, dict):
        costs["own"] = parse_own_costs(given, path, report)
    elif isinstance(given, str):
        costs["own"] = None if report.group.problems else _own_file(given, path, report)
    elif not isinstance(given, OwnCosts):
        allowed = 'own = "my-costs.toml", or [costs.own.barnehage]'
        report.add("wrong_type", path, "is neither a file nor a table", allowed)
        costs["own"] = None


def _own_file(name: str, path: KeyPath, report: Report) -> OwnCosts | None:
    file = named_file(name, path, report)
    if file is not None:
        with report.group.collecting():
            return read_own_costs(file)
    return None
