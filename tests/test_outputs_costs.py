"""The tables that a run prints for need that is not demography and for spending that follows with delay."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from demosim.outputs.summary import unit_of
from demosim.outputs.summary_costs import cost_tables, feasible_table, pressure_table

YEARS = [2027, 2028]


def money(values: object, *dims: str, **coords: object) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, float), dims=dims, coords=coords, attrs={"price_year": 2026})


@pytest.fixture
def result() -> xr.Dataset:
    """One service and municipality, two kinds of pressure; amounts in kroner chosen so that rounding shows."""
    at = {"financing": ["free_income", "all"], "service": ["care"], "municipality": ["A"]}
    shape = ("financing", "service", "municipality", "budget_year")
    net = np.array([[[1.04e9, 2.04e9]]])
    each = {"pressure": ["care_under_50", "digital"], **at, "budget_year": YEARS}
    kinds = np.array([[[[0.004e9, -0.004e9]]], [[[0.004e9, 0.5e9]]]])
    path = np.array([[[1.0e9, 1.5e9]]])
    gap = np.array([[[0.0, 0.2e9, 0.7e9]]])
    none = np.zeros((1, 1, 2))
    return xr.Dataset(
        {
            "demographic_expenditure": money(np.stack([net, net]), *shape, **at, budget_year=YEARS),
            "pressure_expenditure": money(np.stack([kinds, kinds], axis=1), "pressure", *shape, **each),
            "feasible_expenditure": money(np.stack([gap, gap]), *shape[:3], "date", **at, date=[2026, *YEARS]),
            "feasible_demographic_expenditure": money(np.stack([path, path]), *shape, **at, budget_year=YEARS),
            "adjustment_gap": money(np.stack([gap, gap]), *shape[:3], "date", **at, date=[2026, *YEARS]),
            "restructuring_cost": money(np.stack([none, none]), *shape, **at, budget_year=YEARS),
            "accumulated_adjustment_cost": money(
                np.stack([gap[..., 1:].cumsum(-1)] * 2), *shape, **at, budget_year=YEARS
            ),
        },
        attrs={"price_year": 2026},
    )


def test_kinds_add_to_the_total_that_is_shown(result: xr.Dataset) -> None:
    table = pressure_table(result, "en")
    rows = dict(table.rows)
    assert list(rows) == ["Population alone", "Care below 50", "digital", "Total"]
    assert rows["Population alone"] == [1.04, 2.04]
    assert rows["Total"] == [1.05, 2.54]
    for column in range(2):
        shown = [row[column] for row in list(rows.values())[:-1]]
        assert sum(shown) == pytest.approx(rows["Total"][column], abs=1e-9)
    assert table.columns == ["Budget year", "2027", "2028"]
    assert "bn 2026 NOK" in table.title


def test_the_feasible_path_stands_beside_the_full_effect(result: xr.Dataset) -> None:
    rows = dict(feasible_table(result, "en").rows)
    assert "One-off cost" not in rows
    assert rows["Full effect, change"] == [1.05, 2.54] == dict(pressure_table(result, "en").rows)["Total"]
    assert rows["Gap on 1 January"] == pytest.approx([0.2, 0.7])
    assert rows["Feasible path, change"] == pytest.approx([1.25, 3.04])  # the full effect and what the gap rises by
    assert rows["Accumulated cost"] == pytest.approx([0.2, 0.9])
    result["restructuring_cost"] = result["restructuring_cost"] + 1e7
    assert dict(feasible_table(result, "nb").rows)["Engangskostnad"] == pytest.approx([0.01, 0.01])


def test_the_full_effect_without_pressure_is_that_of_demography(result: xr.Dataset) -> None:
    alone = result.drop_vars("pressure_expenditure")
    assert dict(feasible_table(alone, "en").rows)["Full effect, change"] == pytest.approx([1.04, 2.04])


BILLIONS = st.lists(st.floats(-0.9, 0.9), min_size=1, max_size=10)


@given(BILLIONS, BILLIONS, st.lists(st.floats(0, 0.3), min_size=10, max_size=10), st.booleans())
def test_the_rows_of_the_feasible_path_add_up_as_shown(
    full: list[float], lag: list[float], once: list[float], restructuring: bool
) -> None:
    """Gap = gap before + feasible - full; accumulated = accumulated before + gap + one-off: in the digits shown, and
    each within its last digit of what it is (the feasible path, which three roundings meet, within three)."""
    years = min(len(full), len(lag))
    need = np.array(full[:years])
    gap = np.r_[0.0, np.array(lag[:years])]
    cost = np.array(once[:years]) * restructuring
    path = need + np.diff(gap)
    at = {"financing": ["free_income"], "service": ["care"], "municipality": ["A"]}
    dates = [2026 + year for year in range(years + 1)]

    def one(values: np.ndarray, dim: str) -> xr.DataArray:
        coords = {**at, dim: dates if dim == "date" else dates[1:]}
        return money(values[None, None, None] * 1e9, "financing", "service", "municipality", dim, **coords)

    so_far = np.cumsum(gap[1:] + cost)
    made = xr.Dataset(
        {
            "demographic_expenditure": one(need, "budget_year"),
            "feasible_demographic_expenditure": one(path, "budget_year"),
            "adjustment_gap": one(gap, "date"),
            "restructuring_cost": one(cost, "budget_year"),
            "accumulated_adjustment_cost": one(so_far, "budget_year"),
        },
        attrs={"price_year": 2026},
    )
    table = feasible_table(made, "en")
    rows = {label: np.array(cells, dtype=float) for label, cells in table.rows}
    unit = 10.0**-table.decimals
    scale = 1e9 / unit_of(made, "en").kroner
    need, path, so_far, cost = (values * scale for values in (need, path, so_far, cost))
    gap = gap * scale
    shown = rows["Gap on 1 January"]
    paid = rows.get("One-off cost", np.zeros(years))
    behind = rows["Feasible path, change"] - rows["Full effect, change"]
    assert np.allclose(np.diff(shown, prepend=0.0), behind, atol=1e-6)
    assert np.allclose(np.diff(rows["Accumulated cost"], prepend=0.0), shown + paid, atol=1e-6)
    assert np.allclose(rows["Full effect, change"], need, atol=0.51 * unit)
    assert np.allclose(rows["Accumulated cost"], so_far, atol=0.51 * unit)
    assert np.allclose(shown, gap[1:], atol=1.01 * unit)
    assert np.allclose(paid, cost, atol=1.01 * unit)
    assert np.allclose(rows["Feasible path, change"], path, atol=2.51 * unit)


def test_tables_are_only_of_what_the_result_holds(result: xr.Dataset) -> None:
    assert [table.key for table in cost_tables(result, "nn")] == ["pressure", "feasible"]
    assert [table.key for table in cost_tables(result.drop_vars("feasible_expenditure"), "nb")] == ["pressure"]
    assert cost_tables(result[["demographic_expenditure"]], "en") == []
