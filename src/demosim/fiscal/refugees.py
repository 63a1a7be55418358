"""Refugees: the integration grant over five years against measured costs, beside what free income carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from demosim.costs.figures import facts
from demosim.errors import instead_of, usage_error
from demosim.scenario.fiscal_options import PERSONS, YEARS_OF_STAY

ADULT_FROM = 18


def first_year_rates() -> dict[str, float]:
    """The published year-1 rates (2023–2024, nominal), kr per adult and child."""
    table = _rows("integration_grant_year1").set_index("key")["value"]
    return {"adult": float(table["adult"]), "child": float(table["child"])}


def published_coverage() -> tuple[float, int]:
    """The newest published share of measured costs that the grant covers, and its year."""
    table = _rows("grant_coverage")
    by_year = dict(zip(table["key"].astype(int), table["value"].astype(float), strict=True))
    return by_year[max(by_year)], max(by_year)


def _rows(table: str) -> pd.DataFrame:
    """The rows of one of the tables that `refugees` holds."""
    rows = facts("refugees")
    return rows[rows["table"] == table]


def grant_and_cost(
    arrivals: xr.DataArray, rates: Mapping[str, Sequence[float]], coverage: float | None = None
) -> pd.DataFrame:
    """Integration grant, measured cost and what is uncovered, by municipality and year.

    arrivals: persons settled (municipality, age_end_of_year, year), such as the inflow of a stream. rates: kr per
    `adult` (18 and over) and `child` for each of five years, the first the year of settlement; a whole year's rate is
    paid for each. coverage: grant / measured cost; by default the newest published one, for all years of stay.

    Nobody leaves the scheme before the fifth year has passed.

    Returns `municipality`, `year`, `persons` (in the scheme), `grant`, `cost` = grant / coverage, `uncovered` = cost −
    grant, in the (nominal) kroner of the rates.
    """
    if any(len(rates.get(person, ())) != YEARS_OF_STAY or min(rates[person]) < 0 for person in PERSONS):
        allowed = f"kr, 0 or more, for each of {YEARS_OF_STAY} years after settlement, for {' and '.join(PERSONS)}"
        raise usage_error("rates are missing or below zero", path="rates", allowed=allowed)
    share = published_coverage()[0] if coverage is None else coverage
    if not 0 < share < np.inf:
        raise usage_error(f"{share} is no coverage", path="coverage", allowed="above 0, such as 0.91")
    settled = arrivals.transpose("municipality", "age_end_of_year", "year")
    if float(settled.min()) < 0:
        raise usage_error("arrivals are negative", path="arrivals", allowed="the inflow of a stream, before returns")
    adult = settled["age_end_of_year"].values >= ADULT_FROM
    cohorts = {"adult": settled.values[:, adult].sum(axis=1), "child": settled.values[:, ~adult].sum(axis=1)}
    grant, present = np.zeros_like(cohorts["adult"]), np.zeros_like(cohorts["adult"])
    years = settled["year"].values
    for stay in range(min(YEARS_OF_STAY, len(years))):
        for person, arrived in cohorts.items():
            earlier = arrived[:, : len(years) - stay]
            grant[:, stay:] += rates[person][stay] * earlier
            present[:, stay:] += earlier
    index = pd.MultiIndex.from_product([settled["municipality"].values, years], names=["municipality", "year"])
    table = pd.DataFrame({"persons": present.ravel(), "grant": grant.ravel()}, index=index)
    table["cost"] = table["grant"] / share
    table["uncovered"] = table["cost"] - table["grant"]
    return table.reset_index()


def arrivals_of(assumptions: xr.Dataset, stream: str) -> xr.DataArray:
    """Persons of a stream who are settled in each municipality (municipality, age_end_of_year, year), both sexes.

    Raises where the scenario has no stream of that name.
    """
    names = [str(name) for name in assumptions["stream"].values]
    if stream not in names:
        what = f'the scenario has no stream "{stream}"'
        raise usage_error(what, path="--stream", **instead_of(stream, names or ["a stream"]))
    one = assumptions.sel(stream=stream, drop=True)
    return one["stream_inflow"].sum("sex") * one["settlement_key"]


def beside_free_income(table: pd.DataFrame, with_stream: xr.Dataset, without: xr.Dataset) -> pd.DataFrame:
    """The grant table with the ordinary demographic expenditure that free income carries for the stream.

    with_stream, without: costs of the same scenario with the stream and without it (`demosim.costs.need.expenditure`).

    Adds `demographic_expenditure`: the difference of need since the first date, services of municipalities, charged to
    free income, on 1 January after the year; and `uncovered_share` of measured cost.
    """
    name = "accumulated_demographic_expenditure"
    extra = (with_stream[name] - without[name]).sel(financing="free_income")
    if "level" in extra.coords:
        extra = extra.isel(service=np.flatnonzero(extra["level"].values == "municipal"))
    summed = extra.sum("service").transpose("municipality", "budget_year").to_series().rename("demographic_expenditure")
    carried = summed.reset_index().assign(year=lambda rows: rows["budget_year"] - 1).drop(columns="budget_year")
    joined = table.merge(carried, on=["municipality", "year"], how="left")
    joined["uncovered_share"] = joined["uncovered"] / joined["cost"].where(joined["cost"] > 0)
    return joined
