"""Numbers out of the tables of facts: amounts, persons and deaths of a year, each with where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.read import read_facts
from demosim.costs.services import Figure
from demosim.errors import run_error, usage_error

_UNITS = {"bn kr": 1e9, "million kr": 1e6, "1000 kr": 1e3, "kr": 1.0, "%": 0.01, "per 10 000 inhabitants": 1e-4}


@dataclass(frozen=True)
class Amount:
    """A number, the year it is of, and where it stands."""

    value: float
    year: int | None
    source: str
    confidence: str


@dataclass(frozen=True)
class Part:
    """A share of a service's spending on the ages from..to, and the reason it is there."""

    lower: int
    upper: int
    share: float
    reason: str


@cache
def facts(name: str) -> pd.DataFrame:
    """A table of facts, read once."""
    return read_facts(name)


def look_up(figure: Figure, year: int | None = None) -> Amount:
    """The number that a figure points at; `{year}` in its column stands for the year that is asked for.

    Amounts per inhabitant are multiplied by the inhabitants of the figure, or by those of the country that year.
    """
    if figure.amount is not None:
        return Amount(figure.amount, figure.year, figure.source or "assumed", figure.confidence)
    table, asked = facts(str(figure.facts)), figure.year or year
    where = {**figure.where, **({figure.year_column: asked} if figure.year_column and asked else {})}
    rows = table
    for column, wanted in where.items():
        rows = rows[rows[column].astype(str) == str(wanted)]
    column = str(figure.column).format(year=asked)
    if column not in table:
        years = [name for name in table.columns if str(name).isdigit()]
        raise usage_error(
            f"{figure.facts} has no column {column}", code="kostra-year", path="costs.kostra_year",
            allowed=", ".join(years),
        )  # fmt: skip
    if rows[column].nunique() != 1:
        raise run_error(f"{rows[column].nunique()} different figures of {figure.facts} fit {where}, not one")
    unit = figure.unit or (str(rows[figure.unit_column].iloc[0]) if figure.unit_column else "")
    value = float(rows[column].iloc[0]) * _UNITS.get(unit, 1.0)
    source = f"{figure.facts}: {', '.join(f'{k} = {v}' for k, v in where.items())}, {column}"
    if unit == "kr per inhabitant":
        inhabitants = look_up(figure.inhabitants, asked).value if figure.inhabitants else persons(int(asked or 0)).sum()
        value *= inhabitants
    confidence = figure.confidence
    if figure.preliminary_from and asked and asked >= figure.preliminary_from:
        confidence += "; preliminary"
    return Amount(value, asked, source, confidence)


@cache
def registered() -> dict[int, np.ndarray]:
    """Persons in the country on 1 January of each year, (sex, single age); men first."""
    table = facts("population_norway")
    ages = [column for column in table.columns if column.isdigit()]
    by_sex = {sex: rows.set_index("year")[ages] for sex, rows in table.groupby("sex")}
    return {
        int(year): np.stack([by_sex[sex].loc[year].to_numpy(float) for sex in SEXES])
        for year in by_sex["male"].index
    }


def single_ages() -> xr.Dataset:
    """The single ages of the tables, which unit costs are derived for; the last one is open."""
    return xr.Dataset(coords={"age": np.arange(next(iter(registered().values())).shape[1])})


def persons(year: int, known: Mapping[int, np.ndarray] | None = None) -> np.ndarray:
    """Mean persons of a year by single age: half of each 1 January around it. Raises where they are not carried.

    known: persons (sex, age) by year, by default those `registered`.
    """
    both = registered() if known is None else known
    if year not in both or year + 1 not in both:
        raise usage_error(
            f"the population of {year} and {year + 1} is needed to spread the spending of {year}", code="kostra-year",
            path="costs.kostra_year", allowed=f"{min(both)} to {max(both) - 1}",
        )  # fmt: skip
    mean: np.ndarray = (both[year].sum(axis=0) + both[year + 1].sum(axis=0)) / 2
    return mean


def deaths(year: int) -> np.ndarray:
    """Expected deaths of a year by single age on 1 January, from the table of death probabilities."""
    table = facts("mortality")
    prob = np.stack([table["death_prob_male"], table["death_prob_female"]])
    expected: np.ndarray = (registered()[year] * prob).sum(axis=0)
    return expected
