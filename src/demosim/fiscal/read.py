"""Tables and rates of the user's own, for what a municipality gets and has."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.errors import Problem, ProblemGroup, usage_error
from demosim.files import numbers, read_csv
from demosim.fiscal.refugees import first_year_rates
from demosim.scenario.fiscal_files import COLUMNS, tables_of
from demosim.scenario.fiscal_options import PERSONS, YEARS_OF_STAY, FiscalOptions
from demosim.scenario.places import Gazetteer

NOTHING = FiscalOptions()


def read_places_table(path: Path, amounts: Sequence[str], texts: Sequence[str], dataset: xr.Dataset) -> pd.DataFrame:
    """A CSV file with a row for each municipality (and whatever the `texts` tell apart), other columns passed over.

    amounts, texts: columns that must be there, beside `municipality`, which is a number or a name of the dataset.

    Returns municipalities by number. Raises a `DemosimError` (2) with every column that is missing, cell that is no
    number, municipality that is not there and row that stands twice.
    """
    table, problems = _columns(path, amounts, texts)
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
    return table


def read_columns(path: Path, amounts: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    """The columns `municipality` (as written), texts and numbers of a CSV file, other columns passed over.

    Raises a `DemosimError` (2) with every column that is missing and cell that is no number.
    """
    table, problems = _columns(path, amounts, texts)
    problems.raise_if_any()
    return table


def _columns(path: Path, amounts: Sequence[str], texts: Sequence[str]) -> tuple[pd.DataFrame, ProblemGroup]:
    """The columns as they are, and the cells that are no numbers."""
    problems, wanted = ProblemGroup(path), ["municipality", *texts, *amounts]
    table = read_csv(path, wanted, dtype=str)[wanted]
    return table.assign(**{column: numbers(table, column, problems) for column in amounts}), problems


def places_table(key: str, path: Path | None, fiscal: FiscalOptions, dataset: xr.Dataset) -> pd.DataFrame | None:
    """A table of the user's own by municipality: that of a file, else that of the scenario, else None.

    key: `criteria`, `tax`, `free_income` or `revenue`; path: a CSV file that goes before the scenario's; fiscal: what
    the scenario says; dataset: a result. Municipalities that the result does not hold are left out of the scenario's.

    Returns `municipality` (number) and the columns of the key, see `demosim.scenario.fiscal_files.COLUMNS`.
    """
    amounts, texts = COLUMNS[key]
    if path is not None:
        return read_places_table(path, amounts, texts, dataset)
    if getattr(fiscal, key) is None:
        return None
    names, rows = Gazetteer(dataset), []
    for (*_, last), table in tables_of(fiscal, key).items():
        for text, value in table.items():
            rows += [(number, str(last), value) for number in names.candidates(text)]
    found = pd.DataFrame(rows, columns=["municipality", "criterion", amounts[0]])
    if fiscal.free_income is not None:
        found["price_year"] = fiscal.free_income.price_year
    return found[["municipality", *texts, *amounts]]


def tax_of(path: Path | None, fiscal: FiscalOptions, dataset: xr.Dataset) -> xr.DataArray | None:
    """Tax, kr per inhabitant (municipality), from a file or else the scenario; None where neither gives it."""
    table = places_table("tax", path, fiscal, dataset)
    return None if table is None else complete(table, "tax_per_inhabitant", dataset, path)


def complete(table: pd.DataFrame, column: str, dataset: xr.Dataset, path: Path | None) -> xr.DataArray:
    """A column over all municipalities of the dataset; raises where some are not in the table."""
    every = dataset["municipality"].values.astype(str).tolist()
    missing = [number for number in every if number not in set(table["municipality"])]
    if missing:
        listed = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
        what = f"lacks {len(missing)} municipalities: {listed}"
        allowed, file = f"all {len(every)}, since they share one sum", None if path is None else str(path)
        raise usage_error(what, file=file, path=column, allowed=allowed)
    values = table.set_index("municipality")[column].loc[every].to_numpy(float)
    return xr.DataArray(values, {"municipality": every}, name=column)


def read_rates(path: Path | None, fiscal: FiscalOptions = NOTHING) -> dict[str, list[float]]:
    """Rates of the integration grant by year after settlement, for an adult and for a child, from TOML.

    `[adult]` and `[child]` with kr by year, `2 = 150000` up to 5; year 1 is the published one (2023-2024, nominal)
    where it is left out. Without a file those of the scenario hold. Raises a `DemosimError` (2) that asks for each rate
    that is missing by name.
    """
    tree: dict[str, object] = dict(fiscal.refugees.rates)
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise usage_error("there is no such file", code="missing_file", file=str(path)) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise usage_error(f"is not valid TOML: {error}", file=str(path)) from error
    problems, rates = ProblemGroup(path), {}
    years = [str(year) for year in range(1, YEARS_OF_STAY + 1)]
    allowed = "[adult] and [child] with kr by year after settlement, 1 to 5"
    for name in tree:
        if name not in PERSONS:
            problems.add("unknown key", path=name, allowed=allowed)
    for person, first in first_year_rates().items():
        own = tree.get(person)
        given = {"1": first, **(own if isinstance(own, dict) else {})}
        for year in [year for year in given if year not in years]:
            problems.add(f'"{year}" is no year after settlement', path=person, allowed=allowed)
        for year in years:
            value, path_of = given.get(year), f"{person}.{year}"
            if value is None:
                what = "is needed, for which there is no source"
                problems.add(what, path=path_of, allowed=f"kr in year {year} after settlement")
            elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < np.inf:
                problems.add(f"{value} is not an amount of kroner", path=path_of)
        rates[person] = [given.get(year) for year in years]
    problems.raise_if_any()
    return {person: [float(value) for value in each if value is not None] for person, each in rates.items()}
