"""The order of the axes, the open age group, and the two kinds of time: dates (stocks) and years (flows)."""

from __future__ import annotations

import numpy as np
import xarray as xr

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


def age_members(ages: np.ndarray, lower: int, upper: int) -> np.ndarray:
    """Which of the ages lie in [lower, upper]; the last age stands for itself and all above it."""
    members: np.ndarray = (ages >= lower) & (ages <= upper)
    return members
