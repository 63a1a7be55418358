"""Tables and rates of the user's own, for what a municipality gets and has."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.errors import Problem, ProblemGroup, usage_error
from demosim.fiscal.refugees import YEARS, first_year_rates
from demosim.scenario.places import Gazetteer


def read_places_table(path: Path, numbers: Sequence[str], texts: Sequence[str], dataset: xr.Dataset) -> pd.DataFrame:
    """A CSV file with a row for each municipality (and whatever the `texts` tell apart), other columns passed over.

    numbers, texts: columns that must be there, beside `municipality`, which is a number or a name of the dataset.

    Returns municipalities by number. Raises a `DemosimError` (2) with every column that is missing, cell that is no
    number, municipality that is not there and row that stands twice.
    """
    if not path.is_file():
        raise usage_error("no such file", file=str(path))
    try:
        table = pd.read_csv(path, comment="#", dtype=str, encoding="utf-8", skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise usage_error(f"is not a readable CSV file ({error})", file=str(path)) from error
    problems, wanted = ProblemGroup(path), ["municipality", *texts, *numbers]
    for column in wanted:
        if column not in table:
            problems.add("has no such column", path=column, allowed=f"columns {', '.join(wanted)}")
    problems.raise_if_any()
    for column in numbers:
        values = pd.to_numeric(table[column], errors="coerce")
        for row in np.flatnonzero(~np.isfinite(values)).tolist():
            problems.add(f'"{table[column][row]}" is not a number', path=f"row {row + 2}, {column}")
        table[column] = values
    names, places = Gazetteer(dataset), []
    for text in table["municipality"]:
        found = names.municipality(str(text))
        if isinstance(found, Problem):
            problems.add(found.what, allowed=found.allowed, suggestion=found.suggestion)
        places.append(str(found))
    table["municipality"] = places
    twice = table[table.duplicated(["municipality", *texts])]
    for row, place in zip(twice.index, twice["municipality"], strict=True):
        problems.add(f"municipality {place} stands more than once", path=f"row {row + 2}")
    problems.raise_if_any()
    return table[wanted]


def complete(table: pd.DataFrame, column: str, dataset: xr.Dataset, path: Path) -> xr.DataArray:
    """A column over all municipalities of the dataset; raises where some are not in the table."""
    every = dataset["municipality"].values.astype(str).tolist()
    missing = [number for number in every if number not in set(table["municipality"])]
    if missing:
        listed = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
        what = f"lacks {len(missing)} municipalities: {listed}"
        raise usage_error(what, file=str(path), allowed=f"all {len(every)}, since they share one sum")
    values = table.set_index("municipality")[column].loc[every].to_numpy(float)
    return xr.DataArray(values, {"municipality": every}, name=column)


def read_rates(path: Path | None) -> dict[str, list[float]]:
    """Rates of the integration grant by year after settlement, for an adult and for a child, from TOML.

    `[adult]` and `[child]` with kr by year, `2 = 150000` up to 5; year 1 is the published one (2023-2024, nominal)
    where it is left out. Raises a `DemosimError` (2) that asks for each rate that is missing by name.
    """
    tree: dict[str, object] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise usage_error("no such file", file=str(path)) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise usage_error(f"is not valid TOML: {error}", file=str(path)) from error
    problems, rates = ProblemGroup(path), {}
    allowed = "[adult] and [child] with kr by year after settlement, 1 to 5"
    for name in tree:
        if name not in ("adult", "child"):
            problems.add("unknown key", path=name, allowed=allowed)
    for person, first in first_year_rates().items():
        given = tree.get(person, {})
        given = given if isinstance(given, dict) else {}
        for year in given:
            if year not in map(str, range(1, YEARS + 1)):
                problems.add(f'"{year}" is no year after settlement', path=person, allowed=allowed)
        each = []
        for year in range(1, YEARS + 1):
            value = given.get(str(year), first if year == 1 else None)
            if value is None:
                what = "is needed, for which there is no source"
                problems.add(what, path=f"{person}.{year}", allowed=f"kr in year {year} after settlement")
            elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < np.inf:
                problems.add(f"{value} is not an amount of kroner", path=f"{person}.{year}")
            else:
                each.append(float(value))
        rates[person] = each
    problems.raise_if_any()
    return rates
