"""The order of the axes, the open age group, and the two kinds of time: dates (stocks) and years (flows)."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from demosim.errors import usage_error

SEXES = ("male", "female")
ORDER = (
    "scenario", "draw", "quantile", "variant", "profile", "stream", "part", "band", "destination_band", "origin",
    "pressure", "financing", "service", "dependency_level", "working_ages", "age_group", "group", "municipality",
    "sex", "age", "age_end_of_year", "date", "year", "budget_year",
)  # fmt: skip


def ordered(data: xr.DataArray) -> xr.DataArray:
    """The array with its axes in the house order."""
    return data.transpose(*(dim for dim in ORDER if dim in data.dims))


def interval(data: xr.DataArray | xr.Dataset) -> int:
    """Years per step of a projection, read from the coordinate of dates or years (one where there is a single step)."""
    time = data["date"] if "date" in data.dims else data["year"]
    return int(time[1] - time[0]) if time.size > 1 else 1


def opening(stock: xr.DataArray) -> xr.DataArray:
    """The stock at the start of each year: dim `date` becomes `year`, the last date is left out."""
    return stock.isel(date=slice(None, -1)).rename(date="year")


def closing(stock: xr.DataArray) -> xr.DataArray:
    """The stock at the end of each year: the next date's, labelled with the year that it ends."""
    late = stock.isel(date=slice(1, None)).rename(date="year")
    return late.assign_coords(year=stock["date"].values[:-1])


def change(stock: xr.DataArray) -> xr.DataArray:
    """Growth of a stock over each year, on dim `year`; the labels of both ends must agree exactly."""
    with xr.set_options(arithmetic_join="exact"):  # type: ignore[no-untyped-call]  # untyped in xarray
        return closing(stock) - opening(stock)


def age_label(lower: int, upper: int, last: int) -> str:
    """An age band in words: `6-15`, `0`, or `90+` where the band ends in the open group.

    >>> age_label(90, 105, 105), age_label(6, 15, 105), age_label(0, 0, 105)
    ('90+', '6-15', '0')
    """
    if upper >= last:
        return f"{lower}+"
    return str(lower) if lower == upper else f"{lower}-{upper}"


_BAND = re.compile(r"^(\d{1,3})(?:\s*[-–]\s*(\d{1,3})|\s*(\+))?$")


def parse_band(text: str) -> tuple[int, int | None] | None:
    """First and last age of a band, the last None where it is open; None where the text is no band.

    >>> parse_band("0-5"), parse_band("80+"), parse_band("7"), parse_band("old"), parse_band("9-3")
    ((0, 5), (80, None), (7, 7), None, None)
    """
    found = _BAND.match(text.strip())
    if found is None:
        return None
    lower = int(found[1])
    upper = None if found[3] else int(found[2] or lower)
    return None if upper is not None and upper < lower else (lower, upper)


def age_bounds(label: str, last: int) -> tuple[int, int]:
    """First and last age of a group such as `6-15`; an open one ends at the last age. Raises where it is none.

    >>> age_bounds("0", 105), age_bounds("1-5", 105), age_bounds("90+", 105)
    ((0, 0), (1, 5), (90, 105))
    """
    band = parse_band(label)
    if band is None:
        raise usage_error(f'"{label}" is not an age group', allowed="6-15, 0 or 90+")
    return band[0], last if band[1] is None else band[1]


def band_members(ages: np.ndarray, width: int, lower: int, upper: int | None) -> np.ndarray | None:
    """Which age classes make up a band (True or False for each); None where it cuts a class in two or has no age.

    ages: lower bounds of the classes, `width` years each, the last one open. An upper bound beyond the open class
    means all of it.
    """
    last = int(ages[-1])
    if upper is None or upper >= last + width - 1:
        upper = last
    elif upper + 1 not in ages:
        return None
    return age_members(ages, lower, upper) if lower in ages and lower <= upper else None


def age_members(ages: np.ndarray, lower: int, upper: int) -> np.ndarray:
    """Which of the ages lie in [lower, upper]; the last age stands for itself and all above it."""
    members: np.ndarray = (ages >= lower) & (ages <= upper)
    return members
