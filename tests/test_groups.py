"""Groups of municipalities, by hand-worked examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.errors import DemosimError
from demosim.groups import by_group, groups_of, read_groups, set_apart, summarise

SIZES = [700_000.0, 2_999.0, 3_000.0, 12_000.0, 4_000.0]


@pytest.fixture
def country() -> xr.Dataset:
    persons = np.array(SIZES)[:, None, None, None] * np.ones((1, 2, 1, 2)) / 2
    return xr.Dataset(
        {"population": (("municipality", "sex", "age", "date"), persons)},
        coords={
            "municipality": ["0301", "1101", "1103", "4601", "4602"], "sex": ["male", "female"], "age": [0],
            "date": [2026, 2027],
            "municipality_name": ("municipality", ["Oslo", "A", "B", "C", "D"]),
            "county": ("municipality", ["03", "11", "11", "46", "46"]),
            "landsdel": ("municipality", ["east", "west", "west", "west", "west"]),
        },
    )  # fmt: skip


@pytest.fixture
def money() -> xr.DataArray:
    return xr.DataArray(
        np.array([[100.0, 1, 2, 8, 3], [200.0, 2, 4, 16, 6]]), dims=("service", "municipality"),
        coords={"service": ["a", "b"], "municipality": ["0301", "1101", "1103", "4601", "4602"]},
        attrs={"price_year": 2026},
    )  # fmt: skip


def test_sizes_are_ks_classes_with_cuts_in_the_class_above(country: xr.Dataset) -> None:
    groups = groups_of(country, "size")
    assert groups.values.tolist() == ["50000+", "0-2999", "3000-4999", "10000-19999", "3000-4999"]
    assert groups.attrs["order"] == ["0-2999", "3000-4999", "10000-19999", "50000+"]


def test_oslo_apart(country: xr.Dataset, money: xr.DataArray) -> None:
    groups = groups_of(country, "size", apart=["0301"])
    assert groups.attrs["order"] == ["0-2999", "3000-4999", "10000-19999", "Oslo"]
    assert summarise(money, groups).sel(service="a").values.tolist() == [1, 5, 8, 100]
    with pytest.raises(DemosimError, match=r'no municipality "301".*"0301"'):
        groups_of(country, "landsdel", apart=["301"])


def test_sum_median_and_mean(country: xr.Dataset, money: xr.DataArray) -> None:
    groups = groups_of(country, "landsdel")
    assert summarise(money, groups).dims == ("service", "group")
    assert summarise(money, groups).sel(group="west").values.tolist() == [14, 28]
    assert summarise(money, groups, "median").sel(group="west").values.tolist() == [2.5, 5]
    assert summarise(money, groups, "mean").sel(group="west").values.tolist() == [3.5, 7]
    assert summarise(money, groups).attrs["price_year"] == 2026
    table = by_group(money, groups).set_index(["service", "group"])
    assert table.loc[("b", "west")].tolist() == [28, 5, 7, 4]
    with pytest.raises(DemosimError, match='"sums" is no way to sum up'):
        summarise(money, groups, "sums")


@pytest.mark.parametrize("name", ["county", "landsdel", "size", "all"])
def test_groups_sum_to_the_country(country: xr.Dataset, money: xr.DataArray, name: str) -> None:
    summed = summarise(money, groups_of(country, name)).sum("group")
    np.testing.assert_allclose(summed, money.sum("municipality"), rtol=1e-12)


def test_unknown_groupings_are_refused(country: xr.Dataset) -> None:
    with pytest.raises(DemosimError, match='no grouping is called "region"'):
        groups_of(country, "region")


def test_groups_of_the_users_own(country: xr.Dataset, money: xr.DataArray, tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("# mine\nmunicipality,group\n1103,coast\n0301,town\n1101,coast\n", encoding="utf-8")
    groups = read_groups(path, country)
    found = summarise(money, groups)
    assert found["group"].values.tolist() == ["coast", "town"]
    assert found.sel(service="a").values.tolist() == [3, 100]
    assert set_apart(groups, ["1103"], country.sel(municipality=["1103", "0301", "1101"])).values.tolist()[0] == "B"


def test_a_bad_group_file_says_all_that_is_wrong(country: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("municipality,group\n301,a\n1101,b\n1101,c\n4601,\n", encoding="utf-8")
    with pytest.raises(DemosimError) as caught:
        read_groups(path, country)
    text = str(caught.value)
    assert 'no municipality "301"' in text
    assert 'did you mean "0301"' in text
    assert 'municipality "1101" stands 2 times' in text
    assert "1 rows name no group" in text
    path.write_text("kommune,group\n0301,a\n", encoding="utf-8")
    with pytest.raises(DemosimError, match="municipality: has no such column"):
        read_groups(path, country)
    with pytest.raises(DemosimError, match="there is no such file"):
        read_groups(tmp_path / "none.csv", country)
    path.write_text("municipality,group\n0301,a\n", encoding="utf-8")
    with pytest.raises(DemosimError, match="no municipality of the groups is in the result"):
        summarise(xr.DataArray([1.0], {"municipality": ["1101"]}), read_groups(path, country))
