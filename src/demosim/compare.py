"""Two results apart: what each assumption does to the need, in parts that add up exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import xarray as xr

from demosim.baseline.nation import mean_births, newborns, survivors
from demosim.costs.prices import deflator_of
from demosim.errors import ProblemGroup, did_you_mean, usage_error
from demosim.projection import project

# Parts of the assumptions, in the stated order in which they are changed; each named stream comes after them.
PARTS: dict[str, tuple[str, ...]] = {
    "start population": ("jump_off_population", "launch_share"),
    "fertility": ("fertility_rate", "fertility_factor"),
    "mortality": ("death_prob", "newborn_survival_prob"),
    "internal migration": (
        "net_migration_deviation", "deviation_fade", "deviation_band", "out_move_prob", "in_move_share",
        "destination_share", "move_band",
    ),
    "international migration": ("net_international_migration",),
}  # fmt: skip
_STREAM = ("stream_inflow", "stream_outflow", "settlement_key")
NET_SHARE = "net share"
MOST_FACTORS = 10  # Shapley values take 2 to this power of projections

Value = Callable[[frozenset[str]], np.ndarray]


@dataclass(frozen=True)
class Case:
    """One side of a comparison: resolved assumptions, net unit costs, and what multiplies them.

    `unit_cost`: (service, age), or (service, municipality, age) where municipalities have their own. `multipliers` by
    name, such as `coverage_80_plus`: ratios that broadcast against (service, age, date). The price level is the price
    year of the unit costs; `price_growth`: growth of one's own by year, per cent, beyond the known deflator.
    """

    assumptions: xr.Dataset
    unit_cost: xr.DataArray
    multipliers: Mapping[str, xr.DataArray] = field(default_factory=dict)
    price_growth: Mapping[str, float] | None = None


def explain(
    before: Case, after: Case, budget_year: int | None = None, method: str = "shapley",
    municipality: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Why the demographic expenditure of one case differs from that of the other, factor by factor.

    budget_year: whose expenditure; None for the change of the need over the whole projection. method: `shapley`, the
    mean over all orders, or `order`, the order of `PARTS`, streams, multipliers, unit cost, price, net share. Factors:
    the parts of the assumptions, `stream NAME` for each stream, each multiplier, `unit cost`, `price` and `net share`
    (of what is regardless of financing), kept apart.
    municipality: by number; None for the country, where internal migration moves nothing.

    Returns rows of `factor`, `financing`, `service`, `level` and `kroner`; factors that do not differ are 0.
    The rows of a service add up to the difference exactly (1e-9 of the need).
    """
    _check(before, after)
    known = before.assumptions["municipality"].values.tolist()
    if municipality is not None and municipality not in known:
        raise usage_error(f'there is no municipality "{municipality}"', suggestion=did_you_mean(municipality, known))
    differing, value = _game(before, after, budget_year, municipality)
    if method not in ("shapley", "order"):
        raise usage_error(f'"{method}" is no method', path="method", allowed="shapley, order")
    if method == "shapley" and len(differing) > MOST_FACTORS:
        raise usage_error(f"{len(differing)} factors differ", path="method", allowed=f"order above {MOST_FACTORS}")
    parts = shapley(differing, value) if method == "shapley" else in_order(differing, value)
    return _table(before, after, parts)


def shapley(factors: Sequence[str], value: Value) -> dict[str, np.ndarray]:
    """The part of each factor: the mean of what it adds over all orders in which the factors can be changed.

    Equation: φᵢ = Σ over sets S without i of |S|! (n − |S| − 1)! / n! × (v(S ∪ i) − v(S)) (Shapley 1953).
    """
    n = len(factors)
    worth = {
        frozenset(chosen): value(frozenset(chosen)) for size in range(n + 1) for chosen in combinations(factors, size)
    }
    found = {}
    for factor in factors:
        others = [name for name in factors if name != factor]
        total: np.ndarray | float = 0.0
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for chosen in combinations(others, size):
                base = frozenset(chosen)
                total = total + weight * (worth[base | {factor}] - worth[base])
        found[factor] = np.asarray(total)
    return found


def in_order(factors: Sequence[str], value: Value) -> dict[str, np.ndarray]:
    """The part of each factor when they are changed one after the other in the order given."""
    found, done = {}, frozenset[str]()
    for factor in factors:
        found[factor] = value(done | {factor}) - value(done)
        done = done | {factor}
    return found


def _check(before: Case, after: Case) -> None:
    """Both cases must cover the same places, ages, years and services."""
    problems = ProblemGroup()
    for name in ("municipality", "sex", "age", "year"):
        if not np.array_equal(before.assumptions[name], after.assumptions[name]):
            problems.add("differs between the two", path=name, allowed="runs of the same places, ages and years")
    if not np.array_equal(before.unit_cost["service"], after.unit_cost["service"]):
        problems.add("differs between the two", path="service", allowed="runs that count the same services")
    for name in ("male_birth_share", "interval_years"):
        if before.assumptions.attrs[name] != after.assumptions.attrs[name]:
            problems.add("differs between the two", path=name)
    problems.raise_if_any()


def _game(before: Case, after: Case, budget_year: int | None, municipality: str | None) -> tuple[list[str], Value]:
    """The factors that differ, and the expenditure (financing, service) with a set of them taken from the second."""
    streams = list(dict.fromkeys([*_streams(before), *_streams(after)]))
    people = [name for name, arrays in PARTS.items() if _differs(before, after, arrays)]
    people += [f"stream {name}" for name in streams if _stream_differs(before, after, name)]
    costs = _cost_factors(before, after)
    money = [name for name, (first, second) in costs.items() if not first.equals(second)]
    shares = [case.unit_cost["net_share"].values for case in (before, after)]
    money += [] if np.array_equal(shares[0], shares[1]) else [NET_SHARE]
    levels: dict[frozenset[str], xr.DataArray] = {}
    by_place = any("municipality" in case.unit_cost.dims for case in (before, after))

    def change(chosen: frozenset[str]) -> xr.DataArray:
        """Persons at the two dates by age (and municipality), with a set of the factors of the population."""
        if chosen not in levels:
            everyone = _persons(_mixed(before, after, streams, chosen), budget_year, municipality)
            levels[chosen] = everyone if by_place else everyone.sum("municipality")
        return levels[chosen]

    def value(chosen: frozenset[str]) -> np.ndarray:
        cost = xr.DataArray(1.0)
        for name, pair in costs.items():
            cost = cost * pair[name in chosen]
        persons = change(frozenset(chosen & set(people)))
        if "municipality" in cost.dims:
            cost = cost.sel(municipality=persons["municipality"])
        need = persons * cost.reindex(date=persons["date"]) if "date" in cost.dims else persons * cost
        need = need.sum([name for name in need.dims if name in ("age", "municipality")])
        net = (need.isel(date=1) - need.isel(date=0)).transpose("service").values
        return np.stack([net, net / shares[NET_SHARE in chosen]])

    return people + money, value


def _cost_factors(before: Case, after: Case) -> dict[str, tuple[xr.DataArray, xr.DataArray]]:
    """What the unit costs of each case are the product of: multipliers, unit cost in the first's prices, price."""
    names = list(dict.fromkeys([*before.multipliers, *after.multipliers]))
    one = xr.DataArray(1.0)
    years = [int(case.unit_cost.attrs["price_year"]) for case in (before, after)]
    growth = {**(before.price_growth or {}), **(after.price_growth or {})}
    price = deflator_of(growth).factor(*years) if years[0] != years[1] else 1.0
    kept = ("service", "municipality", "age", "date")
    costs = [case.unit_cost.drop_vars([n for n in case.unit_cost.coords if n not in kept]) for case in (before, after)]
    return {
        **{name: (before.multipliers.get(name, one), after.multipliers.get(name, one)) for name in names},
        "unit cost": (costs[0], costs[1] / price if price != 1.0 else costs[1]),
        "price": (one, xr.DataArray(price)),
    }


def _streams(case: Case) -> list[str]:
    return [str(name) for name in case.assumptions["stream"].values]


def _differs(before: Case, after: Case, arrays: Iterable[str]) -> bool:
    first, second = before.assumptions, after.assumptions
    held = [name for name in arrays if name in first or name in second]
    return not all(n in first and n in second and np.array_equal(first[n].values, second[n].values) for n in held)


def _stream_differs(before: Case, after: Case, stream: str) -> bool:
    first, second = (_stream(case, stream) for case in (before, after))
    return any(not np.array_equal(first[name], second[name]) for name in _STREAM)


def _stream(case: Case, stream: str) -> dict[str, np.ndarray]:
    """A stream's arrays; nobody moves where a case does not have it."""
    names = _streams(case)
    if stream in names:
        return {name: case.assumptions[name].values[names.index(stream)] for name in _STREAM}
    return {name: np.zeros(case.assumptions[name].shape[1:]) for name in _STREAM}


def _mixed(before: Case, after: Case, streams: Sequence[str], chosen: frozenset[str]) -> xr.Dataset:
    """The first's assumptions with the chosen parts of the second."""
    mixed = before.assumptions.drop_dims("stream", errors="ignore").assign_coords(stream=np.array(streams, dtype=str))
    for part, arrays in PARTS.items():
        if part in chosen:
            for name in arrays:
                mixed = mixed.drop_vars(name, errors="ignore")
                if name in after.assumptions:
                    mixed[name] = after.assumptions[name]
    sides = [_stream(after if f"stream {name}" in chosen else before, name) for name in streams]
    for name in _STREAM:
        dims = before.assumptions[name].dims
        shape = before.assumptions[name].shape[1:]
        mixed[name] = (dims, np.stack([side[name] for side in sides]) if sides else np.zeros((0, *shape)))
    return mixed


def _persons(assumptions: xr.Dataset, budget_year: int | None, municipality: str | None) -> xr.DataArray:
    """Persons of all municipalities, or of one, by age on the two dates whose need is compared."""
    everywhere = project(assumptions)["population"].sum("sex")
    population = everywhere if municipality is None else everywhere.sel(municipality=[municipality])
    dates = population["date"].values
    if budget_year is None:
        return population.isel(date=[0, -1])
    if budget_year not in dates[1:]:
        raise usage_error(f"there is no budget year {budget_year}", allowed=f"{dates[1]} to {dates[-1]}")
    at = int(np.flatnonzero(dates == budget_year)[0])
    return population.isel(date=[at - 1, at])


def _table(before: Case, after: Case, parts: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Tidy rows; factors of either case that do not differ stand with 0."""
    streams = dict.fromkeys([*_streams(before), *_streams(after)])
    every = [*PARTS, *(f"stream {name}" for name in streams), *_cost_factors(before, after), NET_SHARE]
    services, levels = before.unit_cost["service"].values, before.unit_cost["level"].values
    none = np.zeros((2, len(services)))
    rows = [
        (factor, financing, str(services[i]), str(levels[i]), float(parts.get(factor, none)[f, i]))
        for factor in every for f, financing in enumerate(("free_income", "all")) for i in range(len(services))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["factor", "financing", "service", "level", "kroner"])


def assumptions_of_outcome(assumptions: xr.Dataset, registered: np.ndarray) -> xr.Dataset:
    """One-year assumptions for a country of one region that lead to a registered population exactly.

    Deaths by age are not known from a stock, so death probabilities are kept and net migration takes what is left:
    it is migration and the deviation of deaths together. Births give the number aged 0, net migration of newborns kept.

    registered: persons (sex, age) on the next 1 January. Raises where there is more than one region or year.
    """
    if assumptions.sizes["municipality"] != 1 or assumptions.sizes["year"] != 1:
        raise usage_error("one region and one year are needed", allowed="the country as a data set of one region")
    start = assumptions["jump_off_population"].values[0]
    expected = survivors(start, assumptions["death_prob"].values[0])
    male = float(assumptions.attrs["male_birth_share"])
    newborn = newborns(1.0, male, assumptions["newborn_survival_prob"].values[0])
    kept = assumptions["net_international_migration"].values[0, :, 0].sum()
    births = (registered[:, 0].sum() - kept) / newborn.sum()
    factor = float(assumptions["fertility_factor"].values[0]) * int(assumptions.attrs["interval_years"])
    usual = factor * mean_births(start[-1], registered[-1], assumptions["fertility_rate"].values[0])
    expected[:, 0] = births * newborn
    return assumptions.assign(
        fertility_rate=assumptions["fertility_rate"] * (births / usual),
        net_international_migration=(assumptions["net_international_migration"].dims, (registered - expected)[None]),
    )
