"""Our figures beside the published ones of the official calculation (TBU). Nothing is fitted to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.costs.figures import facts, registered, single_ages
from demosim.costs.need import expenditure_of_change
from demosim.costs.unit_costs import TBU_BANDS, derive_unit_cost
from demosim.projection import project
from demosim.scenario.cost_options import CostOptions
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import resolve

ASSUMED_GROWTH = 39_400  # persons in 2025, what the June 2025 estimate rested on
REFUGEES = 6_000  # from Ukraine in 2026, as the published estimate of 2027 assumes
DATA_SET, VARIANT = "norway2026", "2024-MMMM"

# Cost options shown side by side; the first is the default.
OPTIONS: dict[str, CostOptions] = {
    "cost-key": CostOptions(),
    "users": CostOptions(profile="users"),
    "cost-key, step": CostOptions(care_shape="step"),
    "cost-key, TBU bands": CostOptions(care_shape="step", bands=list(TBU_BANDS)),
    "cost-key, no transport": CostOptions(transport=False),
}

# Ours of 2027 without the refugees, which has no published counterpart.
UNPUBLISHED: list[dict[Any, Any]] = [
    {"year": 2027, "made": "", "kind": "estimate without refugees", "sector": "all", "financing": financing,
     "low": float("nan"), "high": float("nan"), "price_year": 2026}
    for financing in ("all", "free")
]  # fmt: skip


@dataclass(frozen=True)
class PublishedRow:
    """A published figure as a range, and ours under each set of options. bn kr in prices of `price_year`."""

    year: int
    made: str
    kind: str
    sector: str
    financing: str
    price_year: int
    low: float
    high: float
    ours: Mapping[str, float]
    used_in_calibration: bool = False

    @property
    def published(self) -> float:
        """The middle of the range."""
        return (self.low + self.high) / 2

    @property
    def deviation(self) -> float:
        """Ours by the default options less the published figure."""
        return next(iter(self.ours.values())) - self.published


def compare_results(baseline: xr.Dataset | None = None) -> list[PublishedRow]:
    """Every published row beside ours.

    The changes in persons by single age behind the rows: registered 2025 for the outcome of 2026; the 2024 main
    alternative from 1 January 2025 for the June 2025 estimate, with the net migration of 2025 scaled so that growth is
    39 400; the same alternative from 1 January 2026, with and without 6 000 from Ukraine, for 2027; the mean of the
    last two years to 1 January 2036, without new refugees, for the path. The country is run as one region.
    """
    changes = population_changes(read_baseline(DATA_SET) if baseline is None else baseline)
    return [_beside(row, changes) for row in facts("published_results").to_dict("records") + UNPUBLISHED]


def _beside(row: Mapping[Any, Any], changes: Mapping[str, np.ndarray]) -> PublishedRow:
    """A row with our figures; `low` and `high` are NaN where nothing was published."""
    price_year = int(row["price_year"])
    change = changes[change_behind(row)]
    ours = {
        name: expenditure_of_change(change, _unit_cost(name, price_year), row["sector"], row["financing"]) / 1e9
        for name in OPTIONS
    }
    told = ("year", "made", "kind", "sector", "financing", "price_year", "low", "high")
    return PublishedRow(**{name: row[name] for name in told}, ours=ours)


@cache
def _unit_cost(options: str, price_year: int) -> xr.DataArray:
    return derive_unit_cost(single_ages(), OPTIONS[options], price_year)


def population_changes(baseline: xr.Dataset) -> dict[str, np.ndarray]:
    """Changes of the country's persons by single age behind the published rows."""
    both = registered()
    country = whole_country(baseline)
    earlier = one_region(baseline, both[2025], 2025)
    with_refugees = country_path(country, ukraine_stream(REFUGEES))
    without = country_path(country, {})
    outcome = both[2026].sum(axis=0) - both[2025].sum(axis=0)
    estimate = _first_change(earlier, scale_to_growth(earlier, ASSUMED_GROWTH))
    return {
        "outcome 2026": outcome,
        "estimate 2026": estimate,
        "miss": outcome - estimate,
        "estimate 2027": with_refugees[1] - with_refugees[0],
        "estimate without refugees 2027": without[1] - without[0],
        "path": (without[10] - without[8]) / 2,
    }


def whole_country(baseline: xr.Dataset) -> xr.Dataset:
    """A data set as one region, launched as it is."""
    return one_region(baseline, baseline["population"].sum("municipality").values, int(baseline.attrs["launch_year"]))


def one_region(baseline: xr.Dataset, persons: np.ndarray, launch: int) -> xr.Dataset:
    """The country as a data set of one region, launched from persons (sex, age) on 1 January of a year."""
    country = baseline.isel(municipality=[0]).copy()
    country["population"] = (("municipality", "sex", "age"), persons[None].astype(float))
    for name, value in (("fertility_factor", 1.0), ("settlement_key", 1.0), ("net_migration_deviation", 0.0)):
        country[name] = xr.full_like(country[name], value)
    return country.assign_attrs(launch_year=launch)


def country_path(country: xr.Dataset, extra: dict[str, object], horizon: int = 10) -> np.ndarray:
    """Persons by date and single age of a country of one region; `extra` stands in the scenario."""
    population = project(country_assumptions(country, extra, horizon))["population"]
    persons: np.ndarray = population.sum(("municipality", "sex")).transpose("date", "age").values
    return persons


def country_assumptions(country: xr.Dataset, extra: dict[str, object], horizon: int) -> xr.Dataset:
    """Resolved assumptions of the main alternative for a country of one region, so many years ahead."""
    launch = int(country.attrs["launch_year"])
    tree = {
        "name": "country", "baseline": DATA_SET, "variant": VARIANT, "horizon": launch + horizon, "price_year": 2026,
    }  # fmt: skip
    return resolve(country, spec_from(tree | extra)).assumptions


def scale_to_growth(country: xr.Dataset, growth: float) -> float:
    """What the first year's net migration is multiplied by for the country to grow by so many persons (secant step).

    Growth is linear in net migration but for births to those who come, so that one step meets it within a person.
    """
    change = {scale: _first_change(country, scale).sum() for scale in (1.0, 1.5)}
    low, high = change
    return float(low + (growth - change[low]) * (high - low) / (change[high] - change[low]))


def _first_change(country: xr.Dataset, scale: float) -> np.ndarray:
    path = country_path(country, {"migration": {"multiplier": scale}}, horizon=1)
    change: np.ndarray = path[1] - path[0]
    return change


def ukraine_stream(persons: int, profile: str = "ukraine") -> dict[str, object]:
    """A stream of refugees from Ukraine in 2026, as a scenario writes it."""
    return {"streams": {"ukraine": {"profile": profile, "settlement": "refugees", "net": {"2026": persons}}}}


def change_behind(row: Mapping[Any, Any]) -> str:
    """The change in persons (`population_changes`) that a published row rests on."""
    return row["kind"] if row["kind"] in ("miss", "path") else f"{row['kind']} {row['year']}"
