"""Municipalities beside published projections of them, which ours are never forced to."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from demosim.axes import age_bounds, parse_band
from demosim.errors import ProblemGroup, usage_error
from demosim.files import numbers, read_csv
from demosim.indicators import classes_of

_COLUMNS = ("vintage", "alternative", "region_code", "year", "age_group", "value")


def read_published(path: Path) -> pd.DataFrame:
    """A published municipal projection: a CSV file, also compressed, with a row for each figure.

    Columns `vintage`, `alternative`, `region_code`, `year` (1 January), `age_group` (`total`, `80+`, `0-19`) and
    `value` in persons; others are passed over. Raises a `DemosimError` (2) with all that is wrong.
    """
    table = read_csv(path, _COLUMNS, dtype=dict.fromkeys(_COLUMNS[:3], str) | {"age_group": str})
    problems = ProblemGroup(path)
    table["variant"] = table["vintage"] + "-" + table["alternative"]
    for name in ("year", "value"):
        table[name] = numbers(table, name, problems)
    for label in table["age_group"].unique():
        if label != "total" and parse_band(str(label)) is None:
            problems.add(f'"{label}" is no age group', path="age_group", allowed="total, 80+ or 0-19")
    if table.duplicated(["variant", "region_code", "year", "age_group"]).any():
        problems.add("has more than one figure for the same place, year and age group")
    problems.raise_if_any()
    return table[["variant", "region_code", "year", "age_group", "value"]].rename(columns={"value": "published"})


def published_ages(label: str, last: int) -> tuple[int, int]:
    """First and last age of a published group, of which `total` is everyone."""
    return age_bounds("0+" if label == "total" else label, last)


def beside_published(projection: xr.Dataset, published: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Our municipalities beside one published projection of them, not forced to it.

    Returns a row for each `municipality`, `year` and `age_group` that both have and that the ages make up: `published`
    and `ours` in persons, `deviation` in per cent. Raises where the file has nothing of the variant.
    """
    rows = published[published["variant"] == variant]
    if rows.empty:
        known = ", ".join(sorted(published["variant"].unique()))
        raise usage_error(f"the published figures have no {variant}", allowed=known)
    persons = projection["population"].sum("sex")
    ages = persons["age"].values
    found = [rows.head(0).assign(ours=0.0)]
    for label, part in rows.groupby("age_group", sort=False):
        members = classes_of(ages, *published_ages(str(label), int(ages[-1])))
        if members is None:
            continue
        counted = persons.isel(age=members).sum("age").transpose("municipality", "date")
        ours = pd.DataFrame(counted.values, persons["municipality"].values.astype(str), persons["date"].values)
        long = pd.Series(ours.stack(future_stack=True), name="ours")
        found.append(part.join(long, on=["region_code", "year"], how="inner"))
    table = pd.concat(found, ignore_index=True).rename(columns={"region_code": "municipality"})
    if table.empty:
        raise usage_error("the published figures and the projection have no municipality and year in common")
    table["deviation"] = 100 * (table["ours"] / table["published"] - 1)
    return table[["variant", "municipality", "year", "age_group", "published", "ours", "deviation"]]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Size of the differences in each year and age group, per cent: `bias` of the sum, `mape`, `median_ape`, `wape`.

    WAPE is the sum of absolute differences over the sum of the published figures. Places of nobody are left out.
    """
    keys = ["variant", "age_group", "year"]
    rows = [
        {
            **dict(zip(keys, name, strict=True)), "municipalities": len(part),
            "bias": 100 * (part["ours"].sum() / part["published"].sum() - 1), "mape": part["deviation"].abs().mean(),
            "median_ape": part["deviation"].abs().median(),
            "wape": 100 * (part["ours"] - part["published"]).abs().sum() / part["published"].sum(),
        }
        for name, part in table[table["published"] > 0].groupby(keys, sort=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def worst_places(table: pd.DataFrame, year: int, number: int = 10) -> pd.DataFrame:
    """The municipalities that differ most from the published figures in one year."""
    rows = table[(table["year"] == year) & (table["age_group"] == "total")]
    order = rows["deviation"].abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order].head(number).reset_index(drop=True)
