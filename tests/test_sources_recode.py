"""Municipal changes: sums, splits with weights that are seen, chains of changes, a merger followed through."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from demosim.errors import DemosimError
from demosim.sources.recode import Recoding, filled, from_changes, holes_of, recode, splits_of, unexplained

# Ålesund and its neighbours: five municipalities became 1507 in 2020, which became 1508 Ålesund and 1580 Haram in 2024.
OLD = ["1504", "1523", "1529", "1534", "1546"]
CHANGES = [
    *({"old_code": old, "new_code": "1507", "date": "2020-01-01"} for old in OLD),
    {"old_code": "1507", "new_code": "1508", "date": "2024-01-01"},
    {"old_code": "1507", "new_code": "1580", "date": "2024-01-01"},
]
WEIGHTS = {"1507": {"1508": 0.86, "1580": 0.14}}


def value_map(codes: dict[str, list[str]]) -> list[dict[str, str]]:
    """Changes without a date, as a codelist's value map gives them: new code, and the old ones it stands for."""
    return [{"old_code": old, "new_code": new, "date": ""} for new, olds in codes.items() for old in olds]


def counts(values: dict[str, list[float]], status: dict[str, list[str]] | None = None) -> xr.DataArray:
    years = list(range(2019, 2019 + len(next(iter(values.values())))))
    data = xr.DataArray(
        list(values.values()), dims=("municipality", "year"), coords={"municipality": list(values), "year": years},
        name="population", attrs={"unit": "persons"},
    )  # fmt: skip
    symbols = [(status or {}).get(code, [""] * len(years)) for code in values]
    return data.assign_coords(status=(("municipality", "year"), np.array(symbols)))


def test_the_split_of_aalesund_needs_weights_and_says_how_to_give_them() -> None:
    with pytest.raises(DemosimError) as raised:
        from_changes(CHANGES)
    said = str(raised.value)
    assert "1507: is split between 1508, 1580; nothing says how" in said
    assert "give weights: a file with the columns old, new, weight and rows such as 1507,1508,0.8" in said


def test_aalesund_and_haram_through_both_changes() -> None:
    recoding = from_changes(CHANGES, WEIGHTS)
    assert recoding.weights["1534"] == pytest.approx({"1508": 0.86, "1580": 0.14})
    assert "1507 is split: 86.00 % to 1508, 14.00 % to 1580" in recoding.describe()
    values = {code: [100.0, np.nan, np.nan] for code in OLD}
    values |= {
        "1507": [np.nan, 510, np.nan],
        "1508": [np.nan, np.nan, 450],
        "1580": [np.nan, np.nan, 80],
        "0301": [7, 8, 9],
    }
    unused = {code: ["." if np.isnan(value) else "" for value in row] for code, row in values.items()}
    result = recode(counts(values, unused), recoding, ["0301", "1508", "1580"])
    np.testing.assert_allclose(result.sel(municipality="1508"), [430, 438.6, 450])
    np.testing.assert_allclose(result.sel(municipality="1580"), [70, 71.4, 80])
    np.testing.assert_allclose(result.sum("municipality"), [507, 518, 539])
    assert "1507 is split: 86.00 % to 1508" in result.attrs["recoding"]
    assert result.attrs["unit"] == "persons"


HOLES = [
    ("1508", "1531", "2020-01-01"), ("1507", "1508", "2024-01-01"), ("1507", "1580", "2024-01-01"),
    ("5012", "5055", "2020-01-01"), ("5012", "5056", "2020-01-01"), ("1504", "1507", "2020-01-01"),
]  # fmt: skip


def history_with_holes() -> tuple[xr.DataArray, xr.DataArray, list[dict[str, str]]]:
    """Four municipalities of today by year; 1508 and 1580 are not known in 2020-2023, when they were 1507."""
    years = [2019, 2021, 2023, 2024]
    known = np.array([[40.0, np.nan, np.nan, 60.0], [9.0, np.nan, np.nan, 10.0], [5, 5, 5, 6.0], [7, 7, 7, 8.0]])
    history = xr.DataArray(
        known, {"municipality": ["1508", "1580", "5055", "5056"], "year": years}, ("municipality", "year")
    )
    by_code = np.array([[np.nan, 66.0, 68, np.nan], [40, np.nan, np.nan, np.nan], [3, np.nan, np.nan, np.nan]])
    codes = {"municipality": ["1507", "1504", "5012"], "year": years}
    told = xr.DataArray(by_code, codes, ("municipality", "year"))
    told = told.assign_coords(status=(told.dims, np.where(told.isnull(), ".", "")))
    return history, told, [dict(zip(("old_code", "new_code", "date"), row, strict=True)) for row in HOLES]


def test_only_the_holes_are_filled_and_only_their_splits_need_weights() -> None:
    history, by_code, changes = history_with_holes()
    assert splits_of(changes, ["1508", "1580"]) == {"1507": ["1508", "1580"]}
    assert splits_of(changes, ["5056"]) == {"5012": ["5055", "5056"]}
    made = filled(history, by_code, changes, {"1507": {"1508": 0.875, "1580": 0.125}})
    assert made.sel(municipality="1508").values.tolist() == [40, 66 * 0.875, 68 * 0.875, 60]
    assert made.sel(municipality="1580").values.tolist() == [9, 66 * 0.125, 68 * 0.125, 10]
    assert made.sel(municipality="5055").equals(history.sel(municipality="5055"))
    told = made.attrs["recoding"]
    assert "for 1508, 1580" in told
    assert "1507 is split: 87.50 % to 1508, 12.50 % to 1580" in told
    assert "5012" not in told
    assert float(made.sel(year=2023).sum()) == 68 + 5 + 7


def test_holes_are_told_by_municipality() -> None:
    history = history_with_holes()[0]
    assert holes_of(history) == ["1508", "1580"]
    assert holes_of(history.fillna(0.0)) == []


def test_a_hole_without_weights_or_without_a_code_is_refused() -> None:
    history, by_code, changes = history_with_holes()
    with pytest.raises(DemosimError, match="1507: is split between 1508, 1580"):
        filled(history, by_code, changes, {})
    others = by_code.assign_coords(municipality=["1599", "1504", "5012"])
    with pytest.raises(DemosimError, match="the history of 1508, 1580 stays incomplete"):
        filled(history, others, changes, {"1507": {"1508": 0.875, "1580": 0.125}})


def test_changes_after_a_date_are_left_out() -> None:
    assert from_changes(CHANGES, until="2023-12-31").weights["1504"] == {"1507": 1.0}


def test_better_weights_for_an_old_part_than_for_the_whole() -> None:
    """Haram of before 2020 went to Haram of 2024: a value map that says so is used as it stands."""
    recoding = from_changes(value_map({"1580": ["1534"], "1508": ["1504", "1523", "1529", "1546"]}))
    result = recode(counts({code: [100.0] for code in OLD}), recoding, ["1508", "1580"])
    assert result.values.ravel().tolist() == [400, 100]


def test_a_value_map_in_which_a_code_stands_twice_needs_weights() -> None:
    twice = {"1508": ["1507"], "1580": ["1507"]}
    with pytest.raises(DemosimError, match="is split between 1508, 1580"):
        from_changes(value_map(twice))
    assert from_changes(value_map(twice), WEIGHTS).splits == WEIGHTS


@pytest.mark.parametrize("first", [0.5, 1.2, np.nan, np.inf])
def test_weights_that_are_no_shares_are_refused(first: float) -> None:
    with pytest.raises(DemosimError, match="1507: is split between 1508, 1580; its weights sum to"):
        Recoding({"1507": {"1508": first, "1580": -0.2}})


def test_a_code_that_goes_nowhere_is_refused() -> None:
    with pytest.raises(DemosimError, match="its weights sum to 0; shares from 0 that sum to 1"):
        Recoding({"1507": {}})


def test_a_code_that_leads_nowhere_is_refused_and_one_that_was_never_used_is_not() -> None:
    with pytest.raises(DemosimError, match="2 codes lead to no code of the new structure: 0101, 0102"):
        recode(counts({"0101": [1.0], "0102": [1.0], "0301": [1.0]}), Recoding({}), ["0301"])
    unused = counts({"0101": [np.nan], "0301": [1.0]}, {"0101": ["."], "0301": [""]})
    assert recode(unused, Recoding({}), ["0301"]).values.tolist() == [[1.0]]


@pytest.mark.parametrize(("symbol", "sum_is"), [(".", 5.0), ("..", np.nan), (":", np.nan), ("null", np.nan)])
def test_a_missing_part_makes_the_sum_missing_unless_it_was_not_in_use(symbol: str, sum_is: float) -> None:
    data = counts({"a": [5.0], "b": [np.nan]}, {"a": [""], "b": [symbol]})
    result = recode(data, from_changes(value_map({"c": ["a", "b"]})), ["c"])
    np.testing.assert_array_equal(result.values, [[sum_is]])


def test_a_new_code_with_no_part_in_use_is_missing_not_zero() -> None:
    data = counts({"a": [np.nan]}, {"a": ["."]})
    assert recode(data, from_changes(value_map({"c": ["a"]})), ["c"]).isnull().all()


@given(
    parts=st.lists(st.lists(st.floats(0.01, 1), min_size=1, max_size=4), min_size=1, max_size=5),
    figures=st.lists(st.integers(0, 10**6), min_size=5, max_size=5),
)
def test_the_sum_over_codes_is_kept(parts: list[list[float]], figures: list[int]) -> None:
    weights = {
        f"o{i}": {f"n{j}": share / sum(shares) for j, share in enumerate(shares)} for i, shares in enumerate(parts)
    }  # fmt: skip
    data = counts({f"o{i}": [float(figures[i])] for i in range(len(parts))})
    result = recode(data, Recoding(weights), [f"n{j}" for j in range(4)])
    assert float(result.sum()) == pytest.approx(float(data.sum()), rel=1e-12)


def test_other_dims_and_their_order_stay() -> None:
    data = (
        counts({"a": [1.0, 2.0], "b": [3.0, 4.0]})
        .expand_dims(sex=["male", "female"])
        .transpose("year", "municipality", ...)
    )
    result = recode(data, from_changes(value_map({"c": ["a", "b"]})), ["c"])
    assert result.dims == ("year", "municipality", "sex")
    assert result.sel(sex="male").values.ravel().tolist() == [4.0, 6.0]


def test_missing_cells_are_told_by_their_symbol() -> None:
    data = counts({"a": [1.0, np.nan, np.nan]}, {"a": ["", ":", ".."]})
    assert sorted(problem.what for problem in unexplained(data)) == [
        "1 cells are missing (..)",
        "1 cells are missing (:)",
    ]
    assert unexplained(data.isel(year=[0])) == []
    assert unexplained(data.drop_vars("status"))[0].what == "2 cells are missing (no reason given)"
