"""Room to manoeuvre: growth in free income less what demography takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from demosim.costs.figures import facts
from demosim.costs.prices import Deflator, deflator_of
from demosim.errors import ProblemGroup, usage_error
from demosim.files import check_columns

NOT_INCLUDED = "not included"


def national_room(
    budget_year: int, growth: float | None = None, demography: float | None = None, pension: float | None = None
) -> pd.DataFrame:
    """Growth in free income less demographic expenditure charged to it (less pension), bn kr, whole sector.

    growth, demography: bn kr of one price year; by default the published ones of the budget year. pension: growth of
    pension costs, in the same prices; left out where it is not given, and said so.

    Returns rows `item`, `bn_kr`, `note`; the last is `room`. Raises where a figure is neither given nor published.
    """
    published = facts("free_income")
    table = published[published["year"] == budget_year].set_index("item")["value"]
    growth = _given_or_published(growth, table, "growth_adopted", "growth", budget_year)
    demography = _given_or_published(demography, table, "demography_charged", "demography", budget_year)
    rows = [("growth of free income", growth, ""), ("demographic expenditure", -demography, "")]
    rows.append(("pension", np.nan if pension is None else -pension, NOT_INCLUDED if pension is None else ""))
    room = growth - demography - (pension or 0.0)
    rows.append(("room", room, f"pension {NOT_INCLUDED}" if pension is None else ""))
    return pd.DataFrame(rows, columns=["item", "bn_kr", "note"])


def demography_of(costs: xr.Dataset, budget_year: int) -> float:
    """Our demographic expenditure of a budget year charged to free income, municipalities and counties, bn kr."""
    years = costs["budget_year"].values.tolist()
    if budget_year not in years:
        raise usage_error(f"there is no budget year {budget_year}", allowed=f"{years[0]} to {years[-1]}")
    money = costs["demographic_expenditure"].sel(financing="free_income", budget_year=budget_year)
    return float(money.sum()) / 1e9


def _given_or_published(given: float | None, table: pd.Series[float], item: str, name: str, year: int) -> float:
    if given is not None:
        return given
    if item not in table:
        raise usage_error(f"no {name} is published for {year}", path=name, allowed=f"give {name} in bn kr")
    return float(table[item])


def burden(
    costs: xr.Dataset, population: xr.DataArray, free_income: pd.DataFrame | None = None,
    price_growth: Mapping[str, float] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Demographic expenditure charged to free income in per cent of free income, by municipality and budget year.

    costs: as `demosim.costs.need.expenditure` gives them; services of counties are left out. population: persons
    (municipality, sex, age, date). free_income: the user's table with `municipality`, `free_income` (kr), `price_year`;
    without it the national figure per inhabitant of the newest year, which is second hand, times inhabitants.
    price_growth: of a scenario's own, per cent by year, where the known price index ends.

    Returns `municipality`, `budget_year`, `kroner`, `free_income` (prices of the costs), `per_cent`, `basis`.
    """
    money = costs["demographic_expenditure"].sel(financing="free_income")
    municipal = money.isel(service=money["level"].values == "municipal").sum("service")
    price_year = int(costs["expenditure_need"].attrs["price_year"])
    persons = population.sum(("sex", "age")).isel(date=0, drop=True)
    income, basis = _income(persons, free_income, price_year, deflator_of(price_growth))
    table = municipal.transpose("municipality", "budget_year").to_series().rename("kroner").reset_index()
    table["free_income"] = table["municipality"].map(income)
    table["per_cent"] = 100 * table["kroner"] / table["free_income"]
    return table.assign(basis=basis)


def _income(
    persons: xr.DataArray, given: pd.DataFrame | None, price_year: int, deflator: Deflator
) -> tuple[pd.Series[float], str]:
    places = persons["municipality"].values.tolist()
    if given is None:
        rows = facts("free_income")
        last = rows[rows["item"] == "free_income_per_inhabitant"].sort_values("year").iloc[-1]
        each = float(last["value"]) * deflator.factor(int(last["price_year"]), price_year)
        return pd.Series(persons.values * each, index=places), f"national per inhabitant, {int(last['year'])}"
    check_columns(given, ("municipality", "free_income", "price_year"))
    problems = ProblemGroup()
    for number in sorted(set(given["municipality"]) - set(places)):
        problems.add(f'there is no municipality "{number}"', path="municipality")
    if given["municipality"].duplicated().any():
        problems.add("municipalities stand more than once", path="municipality")
    problems.raise_if_any()
    factor = given["price_year"].map(lambda year: deflator.factor(int(year), price_year))
    values = pd.Series((given["free_income"] * factor).to_numpy(float), index=given["municipality"])
    return values.reindex(places), "the user's table"
