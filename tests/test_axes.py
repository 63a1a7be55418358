"""Dates, years and ages."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from demosim import axes
from demosim.errors import DemosimError

STOCK = xr.DataArray([[1.0, 4.0, 9.0]], dims=("municipality", "date"), coords={"date": [2026, 2027, 2028]})


def test_opening_and_closing_are_labelled_with_the_year_between() -> None:
    assert axes.opening(STOCK)["year"].values.tolist() == [2026, 2027]
    assert axes.closing(STOCK)["year"].values.tolist() == [2026, 2027]
    assert axes.closing(STOCK).values.tolist() == [[4.0, 9.0]]


def test_change_is_closing_less_opening() -> None:
    assert axes.change(STOCK).values.tolist() == [[3.0, 5.0]]


def test_five_year_steps_are_read_from_the_dates() -> None:
    wide = STOCK.assign_coords(date=[2030, 2035, 2040])
    assert axes.interval(wide) == 5
    assert axes.interval(wide.isel(date=[0])) == 1
    assert axes.change(wide)["year"].values.tolist() == [2030, 2035]


def test_axes_come_in_the_house_order() -> None:
    data = xr.DataArray(np.zeros((2, 3, 4)), dims=("date", "age", "municipality"))
    assert axes.ordered(data).dims == ("municipality", "age", "date")


def test_what_is_no_age_group_is_refused() -> None:
    assert axes.age_bounds(" 6 – 15 ", 105) == (6, 15)
    for label in ("", "old", "6-", "15-6", "total"):
        with pytest.raises(DemosimError, match="is not an age group; 6-15, 0 or 90\\+"):
            axes.age_bounds(label, 105)


def test_members_of_the_open_group() -> None:
    ages = np.array([0, 80, 90, 105])
    assert axes.age_members(ages, 80, 105).tolist() == [False, True, True, True]


@pytest.mark.parametrize(("lower", "upper", "label"), [(16, 18, "16-18"), (0, 0, "0"), (80, 120, "80+")])
def test_age_labels(lower: int, upper: int, label: str) -> None:
    assert axes.age_label(lower, upper, 105) == label
