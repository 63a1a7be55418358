"""The income system of municipalities: need index, equalisation, grant per inhabitant and tax equalisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from demosim.costs.figures import facts
from demosim.errors import ProblemGroup, instead_of, usage_error
from demosim.files import check_columns
from demosim.indicators import of_ages

BELOW = 0.9  # of the mean tax, under which the extra equalisation begins


@dataclass(frozen=True)
class NeedIndex:
    """Need per inhabitant, country = 1 (`index`: municipality), and what was held at the national share (`held`)."""

    index: xr.DataArray
    held: tuple[str, ...]
    held_weight: float


def cost_key(year: int = 2026) -> pd.Series[float]:
    """Weight of every criterion in the whole cost key: Σ over sectors of sector weight × weight in the sector."""
    key, sectors = facts("cost_keys").set_index("criterion"), facts("sector_weights").set_index("year")
    if year not in sectors.index:
        known = ", ".join(map(str, sectors.index))
        raise usage_error(f"no sector weights of {year} are carried", path="year", allowed=known)
    names = list(sectors.columns)
    weights = (key[names].astype(float) * sectors.loc[year]).sum(axis=1)
    return weights / weights.sum()


def own_criteria() -> list[str]:
    """Criteria of the cost key that are not ages, which a user may give."""
    key = facts("cost_keys").set_index("criterion")
    return [str(name) for name in key.index[key["age_from"].isna()]]


def need_index(persons: xr.DataArray, year: int = 2026, other: pd.DataFrame | None = None) -> NeedIndex:
    """Need per inhabitant by the cost key, country = 1.

    persons: (municipality, age) on the count date, 1 July of the year before. other: the user's counts of criteria that
    are not ages, columns `municipality`, `criterion`, `value` (an amount, such as persons); criteria that it lacks are
    held at the national share per inhabitant, and named.

    Equation: index = Σ_criterion weight × (share of the country's criterion / share of the country's inhabitants).
    """
    key = facts("cost_keys").set_index("criterion")
    weights = cost_key(year)
    everyone = persons.sum("age")
    share = everyone / everyone.sum()
    given = _other(other, persons["municipality"].values.tolist(), own_criteria())
    index, held = xr.zeros_like(share), []
    ages = key[["age_from", "age_to"]].dropna().astype(int).T.to_dict("list")
    last = int(persons["age"].values[-1])
    for name, weight in weights.items():
        if name in ages:
            lower, upper = ages[name]
            counted = of_ages(persons, lower, min(upper, last))
        elif name in given:
            counted = xr.DataArray(given[str(name)], {"municipality": persons["municipality"].values})
        else:
            held.append(str(name))
            index = index + weight
            continue
        index = index + weight * (counted / counted.sum()) / share
    return NeedIndex(index.rename("need_index"), tuple(held), float(weights[held].sum()))


def _other(other: pd.DataFrame | None, places: list[str], criteria: list[str]) -> dict[str, np.ndarray]:
    """The user's criteria as arrays over the municipalities; every one complete."""
    if other is None:
        return {}
    check_columns(other, ("municipality", "criterion", "value"))
    problems, found = ProblemGroup(), {}
    for name, rows in other.groupby("criterion", sort=False):
        if name not in criteria:
            problems.add(f'no criterion is called "{name}"', **instead_of(name, criteria))
            continue
        if rows["municipality"].duplicated().any() or set(rows["municipality"]) != set(places):
            problems.add("every municipality must stand once", path=str(name), allowed=f"{len(places)} municipalities")
            continue
        found[str(name)] = rows.set_index("municipality")["value"].loc[places].to_numpy(float)
    problems.raise_if_any()
    return found


def figure(item: str, year: int) -> tuple[float, int, str]:
    """A figure of the income system: of the year, else of the newest year before it; with its year and its mark."""
    table = facts("income_system")
    rows = table[(table["item"] == item) & (table["year"] <= year)]
    if rows.empty:
        raise usage_error(f"no {item} of {year} or before is carried", path=item)
    last = rows.sort_values("year").iloc[-1]
    return float(last["value"]), int(last["year"]), str(last["confidence"])


def expenditure_equalisation(persons: xr.DataArray, index: xr.DataArray, need_per_inhabitant: float) -> xr.DataArray:
    """What a municipality gets (or gives) for its need, kr: (index − 1) × need per inhabitant × inhabitants.

    persons: (municipality) on 1 July of the year before. Sums to zero over municipalities.
    """
    return ((index - 1) * need_per_inhabitant * persons).rename("expenditure_equalisation")


def tax_equalisation(
    tax_per_inhabitant: xr.DataArray, persons: xr.DataArray, rate: float = 0.62, extra_rate: float = 0.35
) -> xr.DataArray:
    """What a municipality gets (or gives) for its tax revenue, kr. Sums to zero over municipalities.

    tax_per_inhabitant: kr (municipality). persons: on 1 January of the year.

    Equation, kr per inhabitant: rate × (mean − own) + extra rate × max(0, 0.9 mean − own) − charge; the charge per
    inhabitant pays for the extra equalisation.
    """
    mean = (tax_per_inhabitant * persons).sum() / persons.sum()
    extra = extra_rate * (BELOW * mean - tax_per_inhabitant).clip(min=0)
    charge = (extra * persons).sum() / persons.sum()
    each = rate * (mean - tax_per_inhabitant) + extra - charge
    return (each * persons).rename("tax_equalisation")


def income_system(
    projection: xr.Dataset, year: int, other: pd.DataFrame | None = None, tax: xr.DataArray | None = None
) -> pd.DataFrame:
    """Grant per inhabitant, equalisation of need and of tax of every municipality in a year.

    projection: with `population_mid_year` of the year before (1 July t−1) and `population` on 1 January t. tax: the
    user's tax revenue, kr per inhabitant (municipality); without it there is no tax equalisation.

    Figures of years that are not carried are those of the newest before, nominal; `attrs` says which, with their marks,
    and which criteria were held at the national share.

    Columns: `municipality`, `persons_1_july`, `need_index`, `innbyggertilskudd`, `expenditure_equalisation`, each also
    `_per_inhabitant`, and `tax_equalisation` where tax is given.
    """
    mid = projection["population_mid_year"]
    if year - 1 not in mid["year"].values:
        allowed = f"{mid['year'].values[0] + 1} to {mid['year'].values[-1] + 1}"
        raise usage_error(f"there is no 1 July {year - 1}", path="year", allowed=allowed)
    persons = mid.sel(year=year - 1, drop=True).sum("sex")
    everyone = persons.sum("age")
    keys = facts("sector_weights")["year"]
    key_year = int(keys[keys <= year].max()) if (keys <= year).any() else int(keys.min())
    found = need_index(persons, key_year, other)
    need, need_year, need_mark = figure("need_per_inhabitant", year)
    grant, grant_year, grant_mark = figure("innbyggertilskudd_per_inhabitant", year)
    table = pd.DataFrame({"municipality": persons["municipality"].values, "persons_1_july": everyone.values})
    table["need_index"] = found.index.values
    table["innbyggertilskudd"] = grant * everyone.values
    table["expenditure_equalisation"] = expenditure_equalisation(everyone, found.index, need).values
    for name in ("innbyggertilskudd", "expenditure_equalisation"):
        table[f"{name}_per_inhabitant"] = table[name] / table["persons_1_july"]
    if tax is not None:
        january = projection["population"].sel(date=year, drop=True).sum(("sex", "age"))
        rate, extra = figure("symmetric_rate", year)[0], figure("extra_rate_below_90", year)[0]
        table["tax_equalisation"] = tax_equalisation(tax.reindex_like(january), january, rate, extra).values
        table["tax_equalisation_per_inhabitant"] = table["tax_equalisation"] / january.values
    table.attrs.update(
        year=year, cost_key=key_year, held=" ".join(found.held), held_weight=found.held_weight,
        need_per_inhabitant=f"{need:.0f} kr, {need_year}, {need_mark}",
        innbyggertilskudd=f"{grant:.2f} kr, {grant_year}, {grant_mark}",
        tax_equalisation="the user's tax revenue" if tax is not None else "not included",
    )  # fmt: skip
    return table


def effect_of_change(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """What the change of population between two years or runs does to each municipality, kr and kr per inhabitant.

    before, after: as `income_system` gives them, with the same municipalities. Per inhabitant of `after`.
    """
    if before["municipality"].tolist() != after["municipality"].tolist():
        raise usage_error("the two have different municipalities")
    every = ("innbyggertilskudd", "expenditure_equalisation", "tax_equalisation")
    names = [name for name in every if name in before and name in after]
    table = after[["municipality"]].copy()
    for name in names:
        table[name] = after[name].to_numpy() - before[name].to_numpy()
        table[f"{name}_per_inhabitant"] = table[name] / after["persons_1_july"].to_numpy()
    return table
