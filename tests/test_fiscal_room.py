"""Room to manoeuvre: the published figures and a hand-worked municipality."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from demosim.costs.need import expenditure
from demosim.errors import DemosimError
from demosim.fiscal.room import burden, national_room
from made_up_costs import school_and_roads


def test_2026_as_published() -> None:
    table = national_room(2026).set_index("item")
    assert table["bn_kr"].drop("pension").tolist() == pytest.approx([8.4, -2.9, 5.5])
    assert table.loc["pension", "note"] == "not included"
    assert table.loc["room", "note"] == "pension not included"


def test_pension_and_own_figures() -> None:
    table = national_room(2027, growth=5.0, demography=3.0, pension=0.5).set_index("item")
    assert table.loc["room", "bn_kr"] == pytest.approx(1.5)
    assert table["note"].eq("").all()
    with pytest.raises(DemosimError, match="no demography is published for 2027; give demography in bn kr"):
        national_room(2027, growth=5.0)


def village() -> tuple[xr.Dataset, xr.DataArray]:
    people = xr.DataArray(
        np.array([[[[100.0, 110.0]], [[100.0, 110.0]]]]), dims=("municipality", "sex", "age", "date"),
        coords={"municipality": ["A"], "sex": ["male", "female"], "age": [0], "date": [2026, 2027]},
    )  # fmt: skip
    cost = school_and_roads(1000.0, 500.0)
    return expenditure(people, cost), people


def test_the_burden_by_the_national_figure() -> None:
    table = burden(*village())
    income = 200 * 78932 * 1.041
    assert table["kroner"].tolist() == [20_000]  # municipal services only
    assert table["per_cent"].tolist() == pytest.approx([100 * 20_000 / income])
    assert table["basis"].tolist() == ["national per inhabitant, 2025"]


def test_the_burden_by_the_users_table() -> None:
    own = pd.DataFrame({"municipality": ["A"], "free_income": [1e6], "price_year": [2025]})
    table = burden(*village(), own)
    assert table["per_cent"].tolist() == pytest.approx([100 * 20_000 / 1.041e6])
    assert table["basis"].tolist() == ["the user's table"]


def test_a_bad_table_says_all_that_is_wrong() -> None:
    own = pd.DataFrame({"municipality": ["A", "A", "B"], "free_income": [1e6] * 3, "price_year": [2025] * 3})
    with pytest.raises(DemosimError) as caught:
        burden(*village(), own)
    assert 'no municipality "B"' in str(caught.value)
    assert "stand more than once" in str(caught.value)
    with pytest.raises(DemosimError, match="price_year: has no such column"):
        burden(*village(), own.drop(columns="price_year"))
