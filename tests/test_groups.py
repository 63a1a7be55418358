"""Groups of municipalities, by hand-worked examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.errors import DemosimError
from demosim.groups import (
    by_group,
    expenditure_by_group,
    groups_by,
    groups_of,
    per_inhabitant,
    pick_variable,
    read_groups,
    set_apart,
    summarise,
)

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


def test_per_inhabitant_is_weighted(country: xr.Dataset, money: xr.DataArray) -> None:
    persons = country["population"].sum(("sex", "age")).isel(date=0, drop=True)
    found = per_inhabitant(money, persons, groups_of(country, "county"))
    assert float(found.sel(service="a", group="46")) == pytest.approx(11 / 16_000, rel=1e-12)


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
    with pytest.raises(DemosimError, match="not a readable CSV file"):
        read_groups(tmp_path / "none.csv", country)
    path.write_text("municipality,group\n0301,a\n", encoding="utf-8")
    with pytest.raises(DemosimError, match="no municipality of the groups is in the result"):
        summarise(xr.DataArray([1.0], {"municipality": ["1101"]}), read_groups(path, country))


def costed(country: xr.Dataset) -> xr.Dataset:
    """Kroner by service and municipality: 10, 20, ... per inhabitant of school, −1 of college, twice that in all."""
    persons = country["population"].sum(("sex", "age")).isel(date=0, drop=True).values
    one = np.stack([10.0 * persons * np.array([1, 2, 3, 4, 5]), -1.0 * persons])
    shape = ("financing", "service", "municipality", "budget_year")
    named = country["municipality_name"].values
    country = country.assign_coords(
        county_name=("municipality", named), municipality_name_official=("municipality", named)
    )  # fmt: skip
    coords = {"financing": ["free_income"], "service": ["school", "college"], "budget_year": [2027],
              "level": ("service", ["municipal", "county"])}  # fmt: skip
    grown = country["population"] * xr.DataArray([1.0, 1.1], {"date": [2026, 2027]})
    return country.assign(population=grown).assign_coords(coords).assign(
        demographic_expenditure=(shape, one[None, :, :, None]),
        accumulated_demographic_expenditure=(shape, 2 * one[None, :, :, None]),
    )  # fmt: skip


def test_expenditure_by_group_by_hand(country: xr.Dataset) -> None:
    data = costed(country)
    table = expenditure_by_group(data, groups_by(data, "landsdel", ["Oslo"]), 2027).set_index("group")
    west = table.loc["west"]
    persons = np.array(SIZES[1:])
    assert west["municipalities"] == 4
    assert west["persons"] == pytest.approx(persons.sum())
    assert west["growth"] == pytest.approx(0.1)
    each = 10.0 * np.array([2, 3, 4, 5])
    assert west["municipal"] == pytest.approx((each * persons).sum())
    assert west["county"] == pytest.approx(-persons.sum())
    assert west["per_inhabitant"] == pytest.approx((each * persons).sum() / persons.sum())
    assert (west["median"], west["mean"]) == (pytest.approx(35), pytest.approx(35))
    assert table.index.tolist()[-1] == "Oslo"
    longer = expenditure_by_group(data, groups_by(data, "all")).iloc[0]
    shorter = expenditure_by_group(data, groups_by(data, "all"), 2027).iloc[0]
    assert longer["municipal"] == pytest.approx(2 * shorter["municipal"])
    with pytest.raises(DemosimError, match="no budget year 2030; 2027 to 2027"):
        expenditure_by_group(data, groups_by(data, "all"), 2030)


def test_groups_as_a_user_asks_for_them(country: xr.Dataset, tmp_path: Path) -> None:
    data = country.assign_coords(county_name=("municipality", ["Oslo", "R", "R", "V", "V"]))
    data = data.assign_coords(municipality_name_official=data["municipality_name"])
    assert groups_by(data, "county").attrs["order"] == ["Oslo", "R", "V"]
    assert groups_by(data, "size", ["c"]).values.tolist() == ["50000+", "0-2999", "3000-4999", "C", "3000-4999"]
    path = tmp_path / "mine.csv"
    path.write_text("municipality,group\n1101,x\n1103,x\n4601,y\n", encoding="utf-8")
    assert groups_by(data, str(path), ["4601"]).values.tolist() == ["x", "x", "C"]  # named as the data set names it
    with pytest.raises(DemosimError, match=r'no kind of group.*did you mean "landsdel"'):
        groups_by(data, "landdel")
    with pytest.raises(DemosimError, match="not a readable CSV"):
        groups_by(data, "none.csv")


def test_arrays_without_municipalities_have_no_groups(country: xr.Dataset) -> None:
    assert pick_variable(country, "population").identical(country["population"])
    with pytest.raises(DemosimError, match='no array "persons" by municipality; population'):
        pick_variable(country, "persons")
