"""What a population says at a glance: dependency ratio, old-age shares, growth by age, municipalities that decline.

Every function takes a projection (stocks on `date`) or a history (stocks on `year`), with whatever ages and places it
has, and gives labelled arrays on the same dates; `groups` (see `demosim.groups`) adds municipalities up.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from demosim.axes import age_bounds, age_label, band_members, change, interval, ordered
from demosim.errors import usage_error
from demosim.groups import groups_of, stock, summarise

WORKING_AGES = (20, 64)
HIGH, VERY_HIGH = 0.95, 1.05  # limits of KS's classes: high from the one, very high above the other
CLASSES = ("below_high", "high", "very_high")
AGE_GROUPS = ("0+", "0-5", "6-15", "16-18", "19-66", "67-79", "80-89", "90+", "67+", "80+")


def dependency_ratio(
    dataset: xr.Dataset, groups: xr.DataArray | None = None, working_ages: tuple[int, int] = WORKING_AGES
) -> xr.Dataset:
    """Persons outside working age per person in it, and the class of each ratio.

    working_ages: lowest and highest; where ages come in classes both must be limits of classes.

    Returns `dependency_ratio` and `dependency_class` (municipality or group, date): 0 below 0.95, 1 from 0.95 to 1.05,
    2 above 1.05; NaN and −1 where nobody is of working age. Classes: KS, Status Kommune 2025.
    """
    persons = _added_up(stock(dataset).sum("sex"), groups)
    working = of_ages(persons, *working_ages)
    rest = persons.sum("age") - working
    ratio = ordered((rest / working.where(working > 0)).rename("dependency_ratio"))
    level = (ratio >= HIGH).astype(np.int64) + (ratio > VERY_HIGH)
    return xr.Dataset(
        {"dependency_ratio": ratio, "dependency_class": level.where(ratio.notnull(), -1).astype(np.int64)},
        attrs={"working_ages": f"{working_ages[0]}-{working_ages[1]}", "classes": " ".join(CLASSES)},
    )


def dependency_class_share(dataset: xr.Dataset) -> xr.Dataset:
    """How many municipalities each class of the dependency ratio has, and their share, by (dependency_level, date)."""
    level = dependency_ratio(dataset)["dependency_class"]
    member = xr.concat([(level == number) for number in range(len(CLASSES))], "dependency_level")
    counted = member.sum("municipality").assign_coords(dependency_level=list(CLASSES))
    share = counted / (level >= 0).sum("municipality")
    return xr.Dataset(
        {"municipalities_in_class": counted.astype(np.float64), "municipalities_in_class_share": share},
        attrs={"working_ages": f"{WORKING_AGES[0]}-{WORKING_AGES[1]}"},
    )


def age_share(
    dataset: xr.Dataset, age_groups: Sequence[str] = AGE_GROUPS, groups: xr.DataArray | None = None
) -> xr.DataArray:
    """Share of the population in each age group, `age_share` (age_group, municipality or group, date)."""
    persons = _added_up(stock(dataset).sum("sex"), groups)
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
    persons = by_age_group(_added_up(stock(dataset).sum("sex"), groups), age_groups)
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
    chosen = groups_of(dataset, "all") if groups is None else groups
    falls = (change(persons) < 0).astype(np.float64)
    counted, share = (ordered(summarise(falls, chosen, how)) for how in ("sum", "mean"))
    return xr.Dataset(
        {"declining_municipalities": counted, "declining_municipalities_share": share},
        attrs={"interval_years": interval(persons)},
    )


def _added_up(data: xr.DataArray, groups: xr.DataArray | None) -> xr.DataArray:
    return data if groups is None else summarise(data, groups)


def by_age_group(persons: xr.DataArray, age_groups: Sequence[str]) -> xr.DataArray:
    """Sums over age groups such as `6-15`, `0` or `90+`, dim `age_group` in place of `age`."""
    last = int(persons["age"].values[-1])
    found = {}
    for label in age_groups:
        lower, upper = age_bounds(label, last)
        found[age_label(lower, upper, last)] = of_ages(persons, lower, upper)
    return xr.concat(list(found.values()), "age_group").assign_coords(age_group=list(found))


def of_ages(persons: xr.DataArray, lower: int, upper: int) -> xr.DataArray:
    """Persons from one age to another, both with; raises where a limit falls inside a class of ages."""
    ages = persons["age"].values
    members = classes_of(ages, lower, upper)
    if members is None:
        label = f"{lower}-{upper}" if upper > ages[-1] else age_label(lower, upper, int(ages[-1]))
        what = f"ages {label} are not made up of the classes of this population"
        raise usage_error(what, allowed=f"limits among {_few(ages)}")
    return persons.isel(age=members).sum("age")


def classes_of(ages: np.ndarray, lower: int, upper: int) -> np.ndarray | None:
    """Which classes of a population are the ages from one to another; None where they cut one, also the open last."""
    return band_members(ages, 1, lower, upper) if upper <= ages[-1] else None


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
    return [label for label in AGE_GROUPS if classes_of(ages, *age_bounds(label, int(ages[-1]))) is not None]


def _few(ages: np.ndarray) -> str:
    shown = ages.tolist()
    return ", ".join(map(str, shown if len(shown) < 12 else [*shown[:5], "...", shown[-1]]))
