"""JSON-stat into arrays: the published example bodies, the forms the standard allows, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demosim.errors import DemosimError
from demosim.sources.jsonstat import merge, parse, read_jsonstat


def document(values: Any, **more: Any) -> dict[str, Any]:
    category = {"index": {"b": 1, "a": 0}, "label": {"a": "first", "b": "second"}}
    dimension = {"Region": {"category": category}, "Tid": {"category": {"index": ["2025", "2026", "2027"]}}}
    return {
        "class": "dataset", "id": ["Region", "Tid"], "size": [2, 3], "dimension": dimension, "value": values, **more,
    }  # fmt: skip


def test_codes_labels_and_order() -> None:
    data = read_jsonstat(document([1, 2, 3, 4, 5, 6]))
    assert data.dims == ("Region", "Tid")
    assert data["Region"].values.tolist() == ["a", "b"]
    assert data["Region_label"].values.tolist() == ["first", "second"]
    assert data["Tid_label"].values.tolist() == ["2025", "2026", "2027"]
    assert float(data.sel(Region="b", Tid="2025")) == 4


@pytest.mark.parametrize("symbol", [".", "..", "...", ":"])
def test_a_symbol_makes_a_cell_missing_even_with_a_zero_in_it(symbol: str) -> None:
    data = read_jsonstat(document([0, 2, 3, 4, 5, 6], status={"0": symbol}))
    assert np.isnan(data.values[0, 0])
    assert data["status"].values[0, 0] == symbol
    assert int(data.isnull().sum()) == 1


def test_null_without_a_symbol_is_missing_and_a_provisional_figure_is_kept() -> None:
    data = read_jsonstat(document([None, 2, 3, 4, 5, 6], status=["", "*", "", "", "", ""]))
    assert data["status"].values[0].tolist() == ["null", "*", ""]
    assert np.isnan(data.values[0, 0])
    assert data.values[0, 1] == 2


def test_the_old_sign_for_exactly_zero_is_zero() -> None:
    data = read_jsonstat(document([None, 2, 3, 4, 5, 6], status={"0": "-"}))
    assert data.values[0, 0] == 0
    assert data["status"].values[0, 0] == "-"


def test_sparse_values_leave_the_rest_missing() -> None:
    data = read_jsonstat(document({"0": 7, "5": 0}))
    assert data.values[0, 0] == 7
    assert data.values[1, 2] == 0
    assert int(data.isnull().sum()) == 4


def test_units_notes_and_update_go_into_attributes() -> None:
    said = document([1, 2, 3, 4, 5, 6], label="T", source="S", updated="2026-02-24T07:00:00Z", note=["one"])
    said["dimension"]["Region"]["category"]["unit"] = {"a": {"base": "persons"}, "b": {"base": "persons"}}
    said["dimension"]["Region"]["category"]["note"] = {"a": ["moved border"]}
    attrs = read_jsonstat(said).attrs
    assert attrs == {
        "label": "T", "source": "S", "updated": "2026-02-24T07:00:00Z", "notes": "one\nmoved border", "unit": "persons",
    }  # fmt: skip


def test_different_units_are_all_told() -> None:
    said = document([1, 2, 3, 4, 5, 6])
    said["dimension"]["Region"]["category"]["unit"] = {"a": {"base": "kr"}, "b": {"base": "persons"}}
    assert json.loads(read_jsonstat(said).attrs["unit"]) == {"a": "kr", "b": "persons"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"value": [1, 2, 3]}, "should have 6 values and has 3"),
        ({"value": None}, "should have 6 values"),
        ({"value": ["1", 2, 3, 4, 5, 6]}, "no numbers (str)"),
        ({"value": [True, 2, 3, 4, 5, 6]}, "no numbers (bool)"),
        ({"value": {"6": 1}}, "cell 6 of 6"),
        ({"value": {"x": 1}}, "cell x of 6"),
        ({"size": [2, 2]}, "says that Tid has 2 values and lists 3"),
        ({"size": [2]}, "does not fit"),
        ({"size": [2, "3"]}, "does not fit"),
        ({"id": None}, "no id and size"),
        ({"class": "collection"}, "not a JSON-stat 2.0 data set"),
        ({"status": ["."] * 4}, "4 status symbols"),
        ({"status": 3}, "neither text, list nor object"),
        ({"dimension": {}}, "dimension Region in a way that cannot be read"),
        ({"dimension": {"Region": {"category": {"index": {"a": 0, "b": 5}}}}}, "gaps"),
    ],
)
def test_another_form_is_refused_in_words(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(DemosimError) as raised:
        read_jsonstat({**document([1, 2, 3, 4, 5, 6]), **wrong}, "there")
    assert says in str(raised.value)
    assert str(raised.value).startswith("there: ")


@pytest.mark.parametrize("body", [b'{"value": [1, 2', b"", b"[]", b'{"value": [NaN]}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(DemosimError, match="JSON"):
        parse(body)


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(
            st.one_of(st.none(), st.integers(-5, 10**9), st.floats(-1e6, 1e6)), min_size=3 * n, max_size=3 * n
        )
    )
)
def test_sparse_and_dense_say_the_same(values: list[float | None]) -> None:
    rows = len(values) // 3
    category = {"index": [f"r{i}" for i in range(rows)]}
    said = document(values, size=[rows, 3])
    said["dimension"]["Region"]["category"] = category
    dense = read_jsonstat(said)
    sparse = read_jsonstat({**said, "value": {str(i): value for i, value in enumerate(values) if value is not None}})
    np.testing.assert_array_equal(dense.values, sparse.values)
    assert dense["status"].values.tolist() == sparse["status"].values.tolist()


def test_parts_of_a_split_query_become_one_array() -> None:
    whole = read_jsonstat(document([1, None, 3, 4, 5, 6], status={"1": ":"}))
    parts = [whole.isel(Tid=[2]), whole.isel(Tid=[0, 1], Region=[1]), whole.isel(Tid=[0, 1], Region=[0])]
    codes = {"Region": ["a", "b"], "Tid": ["2025", "2026", "2027"]}
    again = merge(parts, codes)
    np.testing.assert_array_equal(again.values, whole.values)
    assert again["status"].values.tolist() == whole["status"].values.tolist()
    assert again["Region_label"].values.tolist() == ["first", "second"]
    assert np.isnan(merge(parts[:2], codes).values[0, 0])


def test_the_bodies_of_the_published_form(shared_data: Path) -> None:
    small = read_jsonstat(parse((shared_data / "pxweb" / "07459_small.json").read_bytes()))
    assert small.shape == (4, 2, 106, 1, 2)
    assert small["Region_label"].values[0] == "Oslo-Oslove"
    body = gzip.decompress((shared_data / "pxweb" / "07459_2026_all.json.gz").read_bytes())
    country = read_jsonstat(parse(body))
    assert country.shape == (357, 2, 106, 1, 1)
    assert not country.isnull().any()
    assert float(country.sum()) == 5_627_400
    assert country.attrs["unit"] == "personer"
    assert country.attrs["updated"] == "2026-02-24T07:00:00Z"
