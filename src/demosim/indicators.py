"""What a population says at a glance: dependency ratio, old-age shares, growth by age, municipalities that decline.

Every function takes a projection (stocks on `date`) or a history (stocks on `year`), with whatever ages and places it
has, and gives labelled arrays on the same dates; `groups` (see `size_classes`, `places`) adds municipalities up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from demosim.axes import age_label, age_members, change, interval, ordered
from demosim.errors import usage_error

WORKING_AGES = (20, 64)
HIGH, VERY_HIGH = 0.95, 1.05  # limits of KS's classes: high from the one, very high above the other
CLASSES = ("below_high", "high", "very_high")
AGE_GROUPS = ("0+", "0-5", "6-15", "16-18", "19-66", "67-79", "80-89", "90+", "67+", "80+")
SIZE_CUTS = (3_000, 5_000, 10_000, 20_000, 50_000)


def stock(dataset: xr.Dataset) -> xr.DataArray:
    """Persons on 1 January, (..., sex, age, date), of a projection or of a history whose dates are called `year`."""
    population = dataset["population"].astype(np.float64)
    if "date" not in population.dims:
        if "year" not in population.dims:
            raise usage_error("has no dates", path="population", allowed="a projection or a history")
        population = population.rename(year="date")
    return population.sortby("date")


def size_classes(dataset: xr.Dataset, cuts: Sequence[float] = SIZE_CUTS) -> xr.DataArray:
    """Each municipality's size class by its population on the first date, half-open: a cut belongs to the class above.

    Labels such as `0-2999`, `3000-4999`, `50000+`.
    """
    persons = stock(dataset).isel(date=0, drop=True).sum(("sex", "age"))
    if list(cuts) != sorted(set(cuts)) or (len(cuts) and cuts[0] <= 0):
        raise usage_error(f"sizes {list(cuts)} do not rise from above zero", path="cuts")
    edges = [0, *cuts]
    labels = [f"{low:g}-{high - 1:g}" for low, high in pairwise(edges)] + [f"{edges[-1]:g}+"]
    number = np.searchsorted(np.asarray(cuts, dtype=float), persons.values, side="right")
    coords = {"municipality": persons["municipality"].values}
    return xr.DataArray(np.array(labels)[number], coords, name="group", attrs={"order": labels})


def places(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """Each municipality's `county`, `county_name`, `landsdel` or another of its coordinates, as groups."""
    known = [str(label) for label in dataset.coords if dataset[label].dims == ("municipality",)]
    if name not in known:
        raise usage_error(f'no grouping is called "{name}"', allowed=", ".join(known))
    values = dataset[name].values.astype(np.str_)
    return xr.DataArray(values, {"municipality": dataset["municipality"].values}, name="group")


def add_up(data: xr.DataArray, groups: xr.DataArray | None) -> xr.DataArray:
    """Sums over the municipalities of each group, dim `group` in place of `municipality`; as it is without groups.

    Groups stand in their own order (attribute `order`), else as they first occur; empty ones are left out.
    """
    if groups is None:
        return data
    labels = groups.reindex(municipality=data["municipality"].values)
    found = list(dict.fromkeys(groups.values.tolist()))
    names = [name for name in groups.attrs.get("order", found) if name in found]
    member = np.array([labels.values == name for name in names], dtype=np.float64)
    weight = xr.DataArray(
        member, {"group": np.array(names, dtype=np.str_), "municipality": data["municipality"].values}
    )
    about = [name for name in data.coords if name != "municipality" and "municipality" in data[name].dims]
    return ordered(xr.dot(weight, data.drop_vars(about), dim="municipality"))


def dependency_ratio(
    dataset: xr.Dataset, groups: xr.DataArray | None = None, working_ages: tuple[int, int] = WORKING_AGES
) -> xr.Dataset:
    """Persons outside working age per person in it, and the class of each ratio.

    working_ages: lowest and highest; where ages come in classes both must be limits of classes.

    Returns `dependency_ratio` and `dependency_class` (municipality or group, date): 0 below 0.95, 1 from 0.95 to 1.05,
    2 above 1.05; NaN and −1 where nobody is of working age. Classes: KS, Status Kommune 2025.
    """
    persons = add_up(stock(dataset).sum("sex"), groups)
    working = of_ages(persons, *working_ages)
    rest = persons.sum("age") - working
    ratio = ordered((rest / working.where(working > 0)).rename("dependency_ratio"))
    level = (ratio >= HIGH).astype(np.int64) + (ratio > VERY_HIGH)
    return xr.Dataset(
        {"dependency_ratio": ratio, "dependency_class": level.where(ratio.notnull(), -1).astype(np.int64)},
        attrs={"working_ages": f"{working_ages[0]}-{working_ages[1]}", "classes": " ".join(CLASSES)},
    )


def dependency_class_share(dataset: xr.Dataset, working_ages: tuple[int, int] = WORKING_AGES) -> xr.Dataset:
    """How many municipalities each class of the dependency ratio has, and their share, by (dependency_level, date)."""
    level = dependency_ratio(dataset, None, working_ages)["dependency_class"]
    member = xr.concat([(level == number) for number in range(len(CLASSES))], "dependency_level")
    counted = member.sum("municipality").assign_coords(dependency_level=list(CLASSES))
    share = counted / (level >= 0).sum("municipality")
    return xr.Dataset(
        {"municipalities_in_class": counted.astype(np.float64), "municipalities_in_class_share": share},
        attrs={"working_ages": f"{working_ages[0]}-{working_ages[1]}"},
    )


def age_share(
    dataset: xr.Dataset, age_groups: Sequence[str] = AGE_GROUPS, groups: xr.DataArray | None = None
) -> xr.DataArray:
    """Share of the population in each age group, `age_share` (age_group, municipality or group, date)."""
    persons = add_up(stock(dataset).sum("sex"), groups)
    everyone = persons.sum("age")
    share = by_age_group(persons, age_groups) / everyone.where(everyone > 0)
    return ordered(share.clip(max=1.0).rename("age_share"))  # all ages in another order may add up to a bit above


def growth_index(
    dataset: xr.Dataset, age_groups: Sequence[str] = AGE_GROUPS, groups: xr.DataArray | None = None,
    base: int | None = None,
) -> xr.DataArray:  # fmt: skip
    """Persons in each age group with those of one date, by default the first, as 100.

    Returns `population_since_launch` (age_group, municipality or group, date); NaN where there was nobody.
    """
    persons = by_age_group(add_up(stock(dataset).sum("sex"), groups), age_groups)
    if base is not None and base not in persons["date"].values:
        dates = persons["date"].values
        raise usage_error(f"there is no 1 January {base}", allowed=f"{dates[0]} to {dates[-1]}")
    start = persons.isel(date=0, drop=True) if base is None else persons.sel(date=base, drop=True)
    return ordered((100.0 * persons / start.where(start > 0)).rename("population_since_launch"))


def decline(dataset: xr.Dataset, groups: xr.DataArray | None = None) -> xr.Dataset:
    """Municipalities whose population falls over a year, and their share, of all or of those in each group.

    Returns `declining_municipalities` and `declining_municipalities_share` (group, year): the year in which the
    population falls; `group` is `all` where no groups are given. A municipality is counted once whatever its size.
    """
    persons = stock(dataset).sum(("sex", "age"))
    names = persons["municipality"].values
    everything = xr.DataArray(np.full(len(names), "all"), {"municipality": names}, name="group")
    chosen = everything if groups is None else groups
    falls = (change(persons) < 0).astype(np.float64)
    counted, of_all = add_up(falls, chosen), add_up(xr.ones_like(falls), chosen)
    return xr.Dataset(
        {"declining_municipalities": counted, "declining_municipalities_share": counted / of_all},
        attrs={"interval_years": interval(persons)},
    )


def by_age_group(persons: xr.DataArray, age_groups: Sequence[str]) -> xr.DataArray:
    """Sums over age groups such as `6-15`, `0` or `90+`, dim `age_group` in place of `age`."""
    last = int(persons["age"].values[-1])
    found = {}
    for label in age_groups:
        lower, upper = _bounds(label, last)
        found[age_label(lower, upper, last)] = of_ages(persons, lower, upper)
    return xr.concat(list(found.values()), "age_group").assign_coords(age_group=list(found))


def of_ages(persons: xr.DataArray, lower: int, upper: int) -> xr.DataArray:
    """Persons from one age to another, both with; raises where a limit falls inside a class of ages."""
    ages = persons["age"].values
    last, starts = int(ages[-1]), set(ages.tolist())
    if lower not in starts or (upper < last and upper + 1 not in starts) or upper < lower:
        what = f"ages {age_label(lower, upper, last)} are not made up of the classes of this population"
        raise usage_error(what, allowed=f"limits among {_few(ages)}")
    return persons.isel(age=age_members(ages, lower, upper)).sum("age")


def indicators(
    dataset: xr.Dataset, groups: xr.DataArray | None = None, working_ages: tuple[int, int] = WORKING_AGES
) -> xr.Dataset:
    """Dependency ratio and class, shares and growth of the usual age groups, and who declines, in one dataset."""
    usual = usual_groups(dataset)
    parts = [
        dependency_ratio(dataset, groups, working_ages), age_share(dataset, usual, groups).to_dataset(),
        growth_index(dataset, usual, groups).to_dataset(), decline(dataset, groups),
    ]  # fmt: skip
    return xr.merge(parts, combine_attrs="drop_conflicts", compat="equals", join="outer")


def usual_groups(dataset: xr.Dataset) -> list[str]:
    """The usual age groups that the classes of this population make up; always all ages, `0+`."""
    ages = dataset["age"].values
    return [label for label in AGE_GROUPS if _fits(label, ages)]


def _fits(label: str, ages: np.ndarray) -> bool:
    lower, upper = _bounds(label, int(ages[-1]))
    return bool(lower in ages and (upper >= ages[-1] or upper + 1 in ages))


def _bounds(label: str, last: int) -> tuple[int, int]:
    lower, _, upper = label.removesuffix("+").partition("-")
    if not lower.isdigit() or (upper and not upper.isdigit()):
        raise usage_error(f'"{label}" is not an age group', allowed="6-15, 0 or 90+")
    return int(lower), last if label.endswith("+") else int(upper or lower)


def _few(ages: np.ndarray) -> str:
    shown = ages.tolist()
    return ", ".join(map(str, shown if len(shown) < 12 else [*shown[:5], "...", shown[-1]]))
