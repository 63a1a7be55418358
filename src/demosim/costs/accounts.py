"""Accounts that a data set carries: newer spending, and the population that it is spread on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.costs.figures import Amount, persons, registered


@dataclass(frozen=True)
class Accounts:
    """Spending by service and year in place of that of the tables of facts.

    `kroner`: of the whole country, prices of the year; `population`: persons (sex, age) on 1 January by year;
    `year`: the newest accounts that are final; `preliminary`: years that are not; `source`, `confidence`: in words.
    """

    kroner: dict[tuple[str, int], float]
    population: dict[int, np.ndarray]
    year: int | None
    preliminary: frozenset[int]
    source: str
    confidence: str

    def amount(self, service: str, year: int) -> Amount | None:
        """The spending of a service in a year, None where these accounts do not have it."""
        value = self.kroner.get((service, year))
        if value is None:
            return None
        confidence = f"{self.confidence}; preliminary" if year in self.preliminary else self.confidence
        return Amount(value, year, self.source, confidence)

    def persons(self, year: int) -> np.ndarray:
        """Mean persons of a year by single age, half of each 1 January around it; else those of the tables."""
        here = year in self.population and year + 1 in self.population
        return persons(year, self.population if here else None)

    @staticmethod
    def known_year(year: int) -> int:
        """The nearest year of which the tables of facts have the population: shares by age are taken from there."""
        years = [known for known in registered() if known + 1 in registered()]
        return min(max(year, min(years)), max(years))


def accounts_of(baseline: xr.Dataset) -> Accounts | None:
    """The accounts of a data set, None where it carries none."""
    if "accounts" not in baseline:
        return None
    data = baseline["accounts"].transpose("account_service", "account_year")
    preliminary = frozenset(int(year) for year in str(data.attrs.get("preliminary", "")).split())
    years = [int(year) for year in data["account_year"].values]
    final = [year for year in years if year not in preliminary]
    kroner = {
        (str(service), year): float(data.values[at, column])
        for at, service in enumerate(data["account_service"].values)
        for column, year in enumerate(years)
    }
    population = {}
    if "country_population" in baseline:
        country = baseline["country_population"].transpose("country_date", "sex", "age")
        population = {int(date): country.values[at] for at, date in enumerate(country["country_date"].values)}
    return Accounts(
        kroner, population, max(final, default=None), preliminary, str(data.attrs.get("source", "")),
        str(data.attrs.get("confidence", "")),
    )  # fmt: skip
