"""The integration grant by a hand-worked example, and rates that are asked for by name."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from demosim.costs.need import expenditure
from demosim.errors import DemosimError
from demosim.fiscal.refugees import (
    beside_free_income,
    first_year_rates,
    grant_and_cost,
    published_coverage,
)
from made_up_costs import school_and_roads

RATES = {"adult": [100.0, 80, 60, 40, 20], "child": [50.0, 40, 30, 20, 10]}


def arrivals() -> xr.DataArray:
    """Two adults and one child in 2026, one adult in 2028, to A; nobody to B."""
    values = np.zeros((2, 3, 7))
    values[0, 2, 0], values[0, 1, 0], values[0, 2, 2] = 2, 1, 1
    return xr.DataArray(
        values, dims=("municipality", "age_end_of_year", "year"),
        coords={"municipality": ["A", "B"], "age_end_of_year": [0, 17, 18], "year": 2026 + np.arange(7)},
    )  # fmt: skip


def test_five_years_by_hand() -> None:
    table = grant_and_cost(arrivals(), RATES, 0.8).set_index(["municipality", "year"])
    grant = [250, 200, 150 + 100, 100 + 80, 50 + 60, 40, 20]
    assert table.loc["A", "grant"].tolist() == grant
    assert table.loc["A", "persons"].tolist() == [3, 3, 4, 4, 4, 1, 1]
    np.testing.assert_allclose(table.loc["A", "cost"], np.array(grant) / 0.8)
    np.testing.assert_allclose(table.loc["A", "uncovered"], np.array(grant) * 0.25)
    assert not table.loc["B"].any().any()


def test_published_figures() -> None:
    assert first_year_rates() == {"adult": 194400, "child": 187000}
    assert published_coverage() == (0.91, 2024)
    table = grant_and_cost(arrivals(), RATES)
    np.testing.assert_allclose(table["grant"], 0.91 * table["cost"])


def test_what_cannot_be_counted_is_refused() -> None:
    for rates in ({"adult": [1.0] * 5}, {**RATES, "child": [1.0] * 4}, {**RATES, "adult": [1, 2, 3, -4, 5]}):
        with pytest.raises(DemosimError, match="rates are missing or below zero; kr, 0 or more, for each of 5 years"):
            grant_and_cost(arrivals(), rates)
    with pytest.raises(DemosimError, match="0 is no coverage"):
        grant_and_cost(arrivals(), RATES, 0)
    with pytest.raises(DemosimError, match="arrivals are negative"):
        grant_and_cost(-arrivals(), RATES)


def test_beside_what_free_income_carries() -> None:
    def costs(extra: float) -> xr.Dataset:
        values = np.full((2, 2, 1, 3), 10.0)
        values[0, ..., 1:] += extra
        people = xr.DataArray(
            values, dims=("municipality", "sex", "age", "date"),
            coords={"municipality": ["A", "B"], "sex": ["male", "female"], "age": [0], "date": [2026, 2027, 2028]},
        )  # fmt: skip
        unit_cost = school_and_roads(7.0, 1.0)
        return expenditure(people, unit_cost)

    table = beside_free_income(grant_and_cost(arrivals(), RATES, 0.8), costs(3.0), costs(0.0))
    rows = table.set_index(["municipality", "year"])
    assert rows.loc[("A", 2026), "demographic_expenditure"] == pytest.approx(6 * 7)
    assert rows.loc[("B", 2026), "demographic_expenditure"] == 0
    assert np.isnan(rows.loc[("A", 2032), "demographic_expenditure"])
    assert rows.loc[("A", 2026), "uncovered_share"] == pytest.approx(0.2)
    assert np.isnan(rows.loc[("B", 2026), "uncovered_share"])
