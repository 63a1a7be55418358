"""Indicators by group and date in one table, together and for the median municipality, and beside published figures."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from demosim.baseline.read import read_facts
from demosim.errors import usage_error
from demosim.groups import size_classes, stock, summarise
from demosim.indicators import (
    CLASSES,
    WORKING_AGES,
    age_share,
    decline,
    dependency_class_share,
    dependency_ratio,
    growth_index,
    usual_groups,
)

OLD = ("67+", "80+")
PUBLISHED_FOR = "norway2026"  # the data set that the published figures are about
SMALL, LARGE = 2_000, 50_000  # limits of the size classes that shares of the old are published for
DECLINE = "municipalities_with_population_decline"


def ages_from(text: str) -> tuple[int, int]:
    """Lowest and highest working age from text such as `20-64`."""
    found = re.fullmatch(r"(\d+)[-–](\d+)", text.strip())
    if found is None or int(found[1]) >= int(found[2]):
        raise usage_error(f'"{text}" is no span of ages', path="--working-ages", allowed="20-64, 20-66")
    return int(found[1]), int(found[2])


def indicators_by_group(
    dataset: xr.Dataset, groups: xr.DataArray, working_ages: tuple[int, int] = WORKING_AGES, base: int | None = None
) -> pd.DataFrame:
    """Every indicator of each group on each date.

    dataset: a projection or a history. groups: group by municipality; municipalities of no group are left out.
    base: the date of the growth index, by default the first; a history that does not have it has no index.

    Returns `group`, `date`, `municipalities`; `dependency_ratio` of all inhabitants together and
    `dependency_ratio_median` of municipalities; number (`below_high`, ...) and `..._share` of municipalities in each
    class; `67+`, `80+` (shares of the population, and `..._median`); `index_0-5` ...; `declining` and
    `declining_share`, municipalities that decline from this date to the next, NaN on the last.
    """
    chosen = dataset.sel(municipality=_named(dataset, groups))
    each, together = (dependency_ratio(chosen, by, working_ages) for by in (None, groups))
    tidy = {"dependency_ratio": together["dependency_ratio"],
            "dependency_ratio_median": summarise(each["dependency_ratio"], groups, "median")}  # fmt: skip
    known = summarise((each["dependency_class"] >= 0).astype(float), groups)
    for number, name in enumerate(CLASSES):
        tidy[name] = summarise((each["dependency_class"] == number).astype(float), groups)
        tidy[f"{name}_share"] = tidy[name] / known.where(known > 0)
    ages = usual_groups(chosen)
    for label in (label for label in OLD if label in ages):
        tidy[label] = age_share(chosen, [label], groups).isel(age_group=0, drop=True)
        tidy[f"{label}_median"] = summarise(age_share(chosen, [label]).isel(age_group=0, drop=True), groups, "median")
    if base is None or base in stock(chosen)["date"].values:
        index = growth_index(chosen, ages, groups, base)
        tidy |= {f"index_{label}": index.isel(age_group=at, drop=True) for at, label in enumerate(ages)}
    falls = decline(chosen, groups).rename(year="date")
    tidy["declining"] = falls["declining_municipalities"]
    tidy["declining_share"] = falls["declining_municipalities_share"]
    order = [str(name) for name in together["group"].values]
    table = xr.merge([data.rename(name) for name, data in tidy.items()], join="outer", compat="equals")
    frame = table.reindex(group=order).transpose("group", "date").to_dataframe().reset_index()
    counted = pd.Series(groups.values.astype(str)).value_counts()
    frame.insert(2, "municipalities", frame["group"].map(counted).astype(int))
    return frame[["group", "date", "municipalities", *tidy]]


def with_history(
    dataset: xr.Dataset, history: xr.Dataset | None, groups: xr.DataArray,
    working_ages: tuple[int, int] = WORKING_AGES,
) -> pd.DataFrame:  # fmt: skip
    """`indicators_by_group` of a projection, before it the registered years of a history; `kind` says which.

    Raises a `DemosimError` (2) where the history lacks municipalities of the groups.
    """
    found = indicators_by_group(dataset, groups, working_ages).assign(kind="projected")
    if history is None:
        return found
    launch = int(stock(dataset)["date"].values[0])
    past = indicators_by_group(history, groups, working_ages, launch).assign(kind="registered")
    return pd.concat([past, found], ignore_index=True)


def at_dates(found: pd.DataFrame, dates: tuple[int, ...] = ()) -> pd.DataFrame:
    """The rows of some dates, by default launch and horizon; a projected row goes before a registered one.

    Raises a `DemosimError` (2) naming every date that is not there.
    """
    projected = found.loc[found["kind"] == "projected", "date"]
    wanted = sorted(set(dates)) or sorted({int(projected.min()), int(projected.max())})
    missing = sorted(set(wanted) - set(found["date"]))
    if missing:
        raise usage_error(
            f"there is no 1 January {', '.join(map(str, missing))}", path="--date",
            allowed=f"{found['date'].min()} to {found['date'].max()}; --history FILE gives the past",
        )  # fmt: skip
    rows = found[found["date"].isin(wanted)].sort_values("kind", kind="stable")
    rows = rows.drop_duplicates(["group", "date"])
    order = {name: at for at, name in enumerate(dict.fromkeys(found["group"]))}
    return rows.assign(place=rows["group"].map(order)).sort_values(["place", "date"]).drop(columns="place")


def beside_published(dataset: xr.Dataset, history: xr.Dataset | None = None) -> pd.DataFrame:
    """Published indicators beside ours: dependency classes, decline, shares of the old in small and large places.

    Working age is 20–64 here, whatever is chosen elsewhere. dataset: a result; no rows where it is of another data set
    than the published figures are about, or of a part of it.

    Returns `item`, `year`, `published`, `ours` (NaN where neither the result nor the history has the year),
    `deviation`; per cent, except `very_high_municipalities`. Published: KS, Status Kommune 2025.
    """
    rows: list[tuple[str, int, float, float]] = []
    whole = dataset.sizes["municipality"] == len(read_facts("municipalities"))
    if str(dataset.attrs.get("baseline")) != PUBLISHED_FOR or not whole:
        return _deviations(rows)
    for fact in read_facts("dependency_ratio").to_dict("records"):
        year, registered = int(fact["year"]), fact["kind"] == "registered"
        source = _source(dataset, history, year, registered)
        share, number = (np.nan, np.nan) if source is None else _high(source)
        rows += [("high_or_very_high", year, 100 * float(fact["high_or_very_high_share"]), share),
                 ("very_high_municipalities", year, float(fact["very_high_municipalities"]), number)]  # fmt: skip
    for fact in read_facts("pressure").to_dict("records"):
        item, period = str(fact["item"]), str(fact["period"])
        if item in OF_PRESSURE:
            source = _source(dataset, history, int(period), registered=True, ahead=item == DECLINE)
            ours = np.nan if source is None else OF_PRESSURE[item](source)
            rows.append((item, int(period), float(fact["value"]), ours))
    return _deviations(rows)


def _declining(dates: xr.Dataset) -> float:
    return 100 * float(decline(dates)["declining_municipalities_share"].isel(group=0, year=0))


def _old(dates: xr.Dataset, size: str) -> float:
    shares = age_share(dates, ["67+"], size_classes(dates, [SMALL, LARGE]))
    return 100 * float(shares.sel(group=size).isel(age_group=0, date=0))


OF_PRESSURE: dict[str, Callable[[xr.Dataset], float]] = {
    DECLINE: _declining,
    "share_67_plus_in_municipalities_under_2000": partial(_old, size=f"0-{SMALL - 1}"),
    "share_67_plus_in_municipalities_over_50000_weighted": partial(_old, size=f"{LARGE}+"),
}  # fmt: skip


def _high(date: xr.Dataset) -> tuple[float, float]:
    """Municipalities from 0.95 in per cent of all, and the number above 1.05, on one date."""
    classes = dependency_class_share(date).isel(date=0)
    share = classes["municipalities_in_class_share"].sel(dependency_level=["high", "very_high"]).sum()
    return 100 * float(share), float(classes["municipalities_in_class"].sel(dependency_level="very_high"))


def _source(
    dataset: xr.Dataset, history: xr.Dataset | None, year: int, registered: bool, ahead: bool = False
) -> xr.Dataset | None:
    """The population on one 1 January (and the next where `ahead`); registered: of a history or at launch."""
    dates = [year, year + 1] if ahead else [year]
    for data in (history, dataset):
        if data is None or (data is history and not registered):
            continue
        persons = stock(data)
        launch = int(persons["date"].values[0])
        there = set(dates) <= set(persons["date"].values.tolist())
        if there and (data is history or not registered or dates == [launch]):
            return xr.Dataset({"population": persons.sel(date=dates)})
    return None


def _deviations(rows: list[tuple[str, int, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["item", "year", "published", "ours"])
    return frame.assign(deviation=frame["ours"] - frame["published"])


def _named(dataset: xr.Dataset, groups: xr.DataArray) -> list[str]:
    """The municipalities of the groups, which the population must have."""
    known = set(dataset["municipality"].values.astype(str).tolist())
    wanted = [str(number) for number in groups["municipality"].values]
    missing = [number for number in wanted if number not in known]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise usage_error(
            f"has no population of the municipalities {', '.join(missing[:3])}{more}", path="--history",
            allowed="the municipalities of the result, with the borders of its launch",
        )  # fmt: skip
    return wanted
