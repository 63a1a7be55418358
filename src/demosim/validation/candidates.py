"""What could explain the deviation from the published 2027 estimate: one change at a time, nothing fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.costs.calibrate import Target
from demosim.costs.figures import facts, persons, registered, single_ages
from demosim.costs.need import expenditure_of_change
from demosim.costs.prices import read_deflator
from demosim.costs.services import read_services
from demosim.costs.spread import averaged
from demosim.costs.trace import BANDS
from demosim.costs.unit_costs import TBU_BANDS, derive_unit_cost
from demosim.errors import usage_error
from demosim.scenario.cost_options import CostOptions
from demosim.validation.results import (
    DATA_SET,
    REFUGEES,
    change_behind,
    country_path,
    one_region,
    population_changes,
    ukraine_stream,
    whole_country,
)

COLUMNS = ("outcome 2026", "estimate 2026", "miss", "estimate 2027")
FREE_SHARE = 0.8
TARGET_PRICES = 2025  # of the unit costs that the example calibrates
PRICES_OF_OUTCOMES = 2020  # of the table `estimate_vs_outcome`
AFTER_SCHOOL_SHARE = 0.07  # of net spending of grunnskole, two cities 2025, rough

Changes = dict[str, np.ndarray]
Costs = Callable[[int], xr.DataArray]


def candidates(baseline: xr.Dataset | None = None) -> pd.DataFrame:
    """What each candidate does to the figures charged to free income, bn kr, changed alone from the default.

    Columns: `outcome 2026`, `estimate 2026`, `miss` (prices of 2025), `estimate 2027` (prices of 2026), and
    `2027 less 2026`: the 2027 estimate less the 2026 outcome in prices of 2026, where the published difference is
    2.9 − 2.2 × 1.041 = 0.61. The first row holds the default's own figures, the others the change from it.
    """
    data = read_baseline(DATA_SET) if baseline is None else baseline
    changes = population_changes(data)
    default = _costs(CostOptions())
    base = _figures(changes, default)
    rows = {"default": base}
    for name, costs in _other_costs(default).items():
        rows[name] = _figures(changes, costs) - base
    for name, change in _other_changes(data, changes).items():
        rows[name] = _figures(change, default) - base
    return pd.DataFrame(rows, index=[*COLUMNS, "2027 less 2026"]).T


def _figures(changes: Changes, costs: Costs) -> np.ndarray:
    found = [
        expenditure_of_change(changes[name], costs(2026 if name.endswith("2027") else 2025), "all", "free") / 1e9
        for name in COLUMNS
    ]
    in_2026 = expenditure_of_change(changes["outcome 2026"], costs(2026), "all", "free") / 1e9
    return np.array([*found, found[-1] - in_2026])


def _costs(options: CostOptions) -> Costs:
    return lambda price_year: derive_unit_cost(single_ages(), options, price_year)


def _other_costs(default: Costs) -> dict[str, Costs]:
    """Other unit costs: kindergarten and newborns, bands, care, county scope, financing, divisor."""
    spreads = {
        f"{service.name}: {name}": CostOptions(non_age_spread={service.name: name})
        for service in read_services() if service.enabled and service.non_age_spread is not None
        for name in service.non_age_spread.alternatives if name != service.non_age_spread.chosen
    }  # fmt: skip
    options = {
        "care in steps": CostOptions(care_shape="step"), "care by users": CostOptions(profile="users"),
        "TBU's bands, care in steps": CostOptions(care_shape="step", bands=list(TBU_BANDS)),
        "without transport": CostOptions(transport=False), "older pupils 0.3": CostOptions(older_pupils=0.3),
        "with administration": CostOptions(services={"administrasjon": True}),
        "accounts of 2023": CostOptions(kostra_year=2023), "accounts of 2025": CostOptions(kostra_year=2025), **spreads,
    }  # fmt: skip
    number = persons(2024)
    start = registered()[2024].sum(axis=0)
    ratio = averaged(number / start, start, BANDS)
    return {name: _costs(chosen) for name, chosen in options.items()} | {
        "0-5 one band": _changed(default, lambda cost: _one_band(cost, 6, number)),
        "free = 0.8 x gross in every service": _changed(default, lambda cost: cost * FREE_SHARE / cost["net_share"]),
        "persons of 1 January as divisor": _changed(default, lambda cost: cost * ratio),
        "without after-school care": _changed(default, lambda cost: _without_after_school(cost, number)),
    }


def _changed(costs: Costs, change: Callable[[xr.DataArray], xr.DataArray]) -> Costs:
    return lambda price_year: change(costs(price_year))


def _one_band(cost: xr.DataArray, until: int, number: np.ndarray) -> xr.DataArray:
    rest = list(range(until, len(number)))
    return cost.copy(data=np.stack([averaged(row, number, [0, *rest]) for row in cost.values]))


def _without_after_school(cost: xr.DataArray, number: np.ndarray) -> xr.DataArray:
    """Grunnskole without what after-school care takes at ages 6-9."""
    values = cost.values.copy()
    row = cost["service"].values.tolist().index("grunnskole")
    values[row, 6:10] -= AFTER_SCHOOL_SHARE * (values[row] @ number) / number[6:10].sum()
    return cost.copy(data=values)


def _other_changes(data: xr.Dataset, changes: Changes) -> dict[str, Changes]:
    """Other changes in persons: newborns, dating, the refugees and their profile."""
    country = whole_country(data)
    earlier = one_region(data, registered()[2025], 2025)
    path = country_path(country, ukraine_stream(REFUGEES))
    before = country_path(earlier, {})
    refugees = path[1] - path[0] - changes["estimate without refugees 2027"]
    first = int(data["year"].values[0])
    launched = {
        f"launched from 1 January {year}": country_path(one_region(data, registered()[year], year), {}, 2027 - year)
        for year in range(first, 2026)
    }
    births = changes["estimate 2027"].copy()
    births[0] = changes["outcome 2026"][0]
    round_2024 = country_path(one_region(data, registered()[first], first), {}, 2026 - first)
    toddlers = {
        name: changes[name] - _newborn_deviation(registered()[year].sum(axis=0), round_2024[year - first])
        for name, year in (("estimate 2026", 2025), ("estimate 2027", 2026))
    }
    toddlers["miss"] = changes["outcome 2026"] - toddlers["estimate 2026"]
    ordinary = country_path(country, ukraine_stream(REFUGEES, "ordinary"), 1)
    return {
        "newborns of 2026 as many more as those of 2025": changes | {"estimate 2027": births},
        "newborns of the last year not carried on, in 2027": changes | {"estimate 2027": toddlers["estimate 2027"]},
        "newborns of the last year not carried on, in both estimates": changes | toddlers,
        "dating half a year later": changes | {
            "estimate 2027": (path[2] - path[0]) / 2,
            "outcome 2026": (path[1] - before[0]) / 2,
            "estimate 2026": (before[2] - before[0]) / 2,
            "miss": (path[1] - before[2]) / 2,
        },
        **{name: changes | {"estimate 2027": way[-1] - way[-2] + refugees} for name, way in launched.items()},
        "without the 6 000": changes | {"estimate 2027": changes["estimate without refugees 2027"]},
        "the 6 000 as ordinary migrants": changes | {"estimate 2027": ordinary[1] - ordinary[0]},
    }  # fmt: skip


def _newborn_deviation(persons: np.ndarray, of_round: np.ndarray) -> np.ndarray:
    """At age 1, what the registered aged 0 a year before exceed the round's by; 0 at all other ages."""
    deviation = np.zeros(len(persons))
    deviation[1] = persons[0] - of_round[0]
    return deviation


def example_targets(years: Sequence[str] = ()) -> tuple[list[Target], int]:
    """The documented example of over-fitting: published figures as targets, outcomes 2007–2020 held out.

    years: of the published figures that shall be met, all where none is named. Returns targets and the price year of
    the unit costs. Raises for a year without published figures.
    """
    published = published_targets(population_changes(read_baseline(DATA_SET)))
    known = sorted({name.split()[1].rstrip(",") for name in (target.name for target in published) if "20" in name})
    for year in years:
        if year not in known:
            raise usage_error(f"no figures of {year} are published", path="--only", allowed=", ".join(known))
    chosen = [target for target in published if not years or any(year in target.name for year in years)]
    return [*chosen, *history_targets()], TARGET_PRICES


def published_targets(changes: Changes) -> list[Target]:
    """The published rows of 2026 and 2027 as targets of a calibration, for unit costs in prices of `TARGET_PRICES`."""
    deflator = read_deflator()
    targets = []
    published = facts("published_results")
    for row in published[published["year"] <= 2027].to_dict("records"):
        factor = deflator.factor(TARGET_PRICES, int(row["price_year"]))
        name = f"{row['kind']} {row['year']}, {row['sector']}, {row['financing']}"
        bounds = (row["low"] * 1e9, row["high"] * 1e9)
        targets.append(Target(name, changes[change_behind(row)], *bounds, row["sector"], row["financing"], factor))
    return targets


def history_targets() -> list[Target]:
    """The outcomes of 2007–2020, all financing, as targets that are held out: what calibration must not make worse."""
    both, deflator = registered(), read_deflator()
    targets = []
    for row in facts("estimate_vs_outcome").to_dict("records"):
        year, kroner = int(row["year"]), float(row["outcome"]) * 1e9
        if year - 1 in both:
            change = both[year].sum(axis=0) - both[year - 1].sum(axis=0)
            factor = deflator.factor(TARGET_PRICES, PRICES_OF_OUTCOMES)
            bounds = (kroner - 0.05e9, kroner + 0.05e9)
            targets.append(Target(f"outcome {year}", change, *bounds, "all", "all", factor, hold_out=True))
    return targets
