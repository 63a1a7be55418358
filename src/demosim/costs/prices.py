"""Prices: amounts of one year in the prices of another, through the price index of the sector."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
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
                    allowed=f"{years}; give the growth of later years yourself, in per cent from the year before: "
                    f"[costs] price_growth = {{ {max(self.level) + 1} = 3.0 }}",
                )  # fmt: skip
        return self.level[to_year] / self.level[from_year]

    def extended(self, growth: Mapping[int, float]) -> Deflator:
        """The index with growth of one's own, per cent from the year before, for later years or instead of the known.

        Those years count as estimates. Raises a `DemosimError` where a year is missing between two.
        """
        level = dict(self.level)
        for year in sorted(growth):
            if year - 1 not in level:
                raise usage_error(
                    f"the price index does not cover {year - 1}, the year before {year}", code="price-year",
                    path=f"costs.price_growth.{year}", allowed=f"the known years are {min(level)} to {max(level)}",
                )  # fmt: skip
            new = level[year - 1] * (1 + growth[year] / 100)
            later = new / level.get(year, new)
            level = {known: value * later if known > year else value for known, value in level.items()} | {year: new}
        return Deflator(level, tuple(sorted({*self.estimates, *growth})))

    def estimated(self, from_year: int, to_year: int) -> list[int]:
        """The years between two price levels whose growth is an estimate."""
        first, last = sorted((from_year, to_year))
        return [year for year in self.estimates if first < year <= last]


def deflator_of(price_growth: Mapping[str, float] | None) -> Deflator:
    """The municipal deflator, with a scenario's own growth by year where it gives any."""
    known = read_deflator()
    return known if not price_growth else known.extended({int(year): value for year, value in price_growth.items()})


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
