"""Prices: amounts of one year in the prices of another, through the price index of the sector."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from demosim.baseline.find import embedded
from demosim.baseline.read import read_facts
from demosim.errors import usage_error


@dataclass(frozen=True)
class Deflator:
    """Price level by year (first year = 1), and the years whose growth is an estimate."""

    level: dict[int, float]
    estimates: tuple[int, ...]

    def factor(self, from_year: int, to_year: int) -> float:
        """What an amount in prices of `from_year` is multiplied by to be in prices of `to_year`.

        Raises a `DemosimError` for a year that the index does not cover.
        """
        for year in (from_year, to_year):
            if year not in self.level:
                years = f"{min(self.level)} to {max(self.level)}"
                raise usage_error(
                    f"the price index does not cover {year}", code="price-year", path="price_year",
                    allowed=f"{years}; add a year to data/facts/deflator.csv to go further",
                )  # fmt: skip
        return self.level[to_year] / self.level[from_year]

    def estimated(self, from_year: int, to_year: int) -> list[int]:
        """The years between two price levels whose growth is an estimate."""
        first, last = sorted((from_year, to_year))
        return [year for year in self.estimates if first < year <= last]


@cache
def read_deflator() -> Deflator:
    """The municipal deflator (kommunal deflator): growth from the year before, chained."""
    with embedded("data", "prices.toml").open("rb") as file:
        about = tomllib.load(file)
    growth = read_facts(about["facts"]).set_index("year")["growth_percent"]
    first = int(growth.index.min()) - 1
    level = {first: 1.0}
    for year, percent in growth.items():
        level[int(str(year))] = level[int(str(year)) - 1] * (1 + float(percent) / 100)
    return Deflator(level, tuple(about["estimates"]))
