"""Indicators by hand-worked examples, on made-up countries, and against published shares."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.baseline.read import read_facts
from demosim.errors import DemosimError
from demosim.groups import groups_of, size_classes, stock, summarise
from demosim.projection import project
from demosim.variables import validate
from plain_assumptions import plain_assumptions

ind = importlib.import_module("demosim.indicators")  # the package gives its public function by this name

# persons by municipality and date in the age classes 0-19, 20-64 and 65+
PERSONS = np.array([[[20, 50, 30], [18, 48, 35]], [[10, 40, 28], [10, 40, 29]], [[1, 4, 4], [1, 4, 4]]], dtype=float)


def village() -> xr.Dataset:
    """Three municipalities with three age classes on two dates, half of everyone of each sex."""
    both = np.stack([PERSONS / 2, PERSONS / 2], axis=1).transpose(0, 1, 3, 2)
    return xr.Dataset(
        {"population": (("municipality", "sex", "age", "date"), both)},
        coords={
            "municipality": ["A", "B", "C"], "sex": ["male", "female"], "age": [0, 20, 65], "date": [2030, 2031],
            "county": ("municipality", ["N", "S", "N"]),
        },
    )  # fmt: skip


def by(**groups: str) -> xr.DataArray:
    return xr.DataArray(list(groups.values()), {"municipality": list(groups)})


def test_dependency_ratio_and_its_class_by_hand() -> None:
    found = ind.dependency_ratio(village())
    assert found["dependency_ratio"].dims == ("municipality", "date")
    np.testing.assert_allclose(found["dependency_ratio"], [[50 / 50, 53 / 48], [38 / 40, 39 / 40], [5 / 4, 5 / 4]])
    np.testing.assert_array_equal(found["dependency_class"], [[1, 2], [1, 1], [2, 2]])  # 0.95 is high, 1.05 not above
    assert found.attrs["working_ages"] == "20-64"
    wide = ind.dependency_ratio(village(), working_ages=(0, 64))
    np.testing.assert_allclose(wide["dependency_ratio"].sel(municipality="A"), [30 / 70, 35 / 66])


def test_limits_of_the_classes_belong_where_they_are_published() -> None:
    people = village().isel(date=[0])
    for outside, level in ((949, 0), (950, 1), (1050, 1), (1051, 2)):
        persons = np.array([outside - 100, 1000, 100.0])[None, None, :, None]
        people["population"] = people["population"] * 0 + persons
        assert (ind.dependency_ratio(people)["dependency_class"] == level).all(), outside


def test_groups_add_persons_up_and_not_ratios() -> None:
    found = ind.dependency_ratio(village(), by(A="north", B="south", C="north"))
    assert list(found["group"].values) == ["north", "south"]
    np.testing.assert_allclose(found["dependency_ratio"].sel(group="north"), [55 / 54, 58 / 52])
    counties = groups_of(village(), "county")
    np.testing.assert_allclose(
        ind.dependency_ratio(village(), counties)["dependency_ratio"].sel(group="S"), [0.95, 0.975]
    )
    with pytest.raises(DemosimError, match='no grouping is called "region"'):
        groups_of(village(), "region")


def test_nobody_of_working_age_has_no_ratio_and_no_class() -> None:
    empty = village()
    empty["population"] = empty["population"].where(empty["age"] != 20, 0.0)
    found = ind.dependency_ratio(empty)
    assert found["dependency_ratio"].isnull().all()
    assert (found["dependency_class"] == -1).all()


def test_municipalities_in_each_class_by_hand() -> None:
    found = ind.dependency_class_share(village())
    assert list(found["dependency_level"].values) == ["below_high", "high", "very_high"]
    np.testing.assert_array_equal(found["municipalities_in_class"], [[0, 0], [2, 1], [1, 2]])
    np.testing.assert_allclose(found["municipalities_in_class_share"], [[0, 0], [2 / 3, 1 / 3], [1 / 3, 2 / 3]])
    assert validate(found) == []


def test_shares_of_age_groups_by_hand() -> None:
    found = ind.age_share(village(), ["65+", "0-19", "20-64"])
    assert found.dims == ("age_group", "municipality", "date")
    np.testing.assert_allclose(found.sel(age_group="65+", municipality="B"), [28 / 78, 29 / 79])
    np.testing.assert_allclose(found.sum("age_group"), 1)
    together = ind.age_share(village(), ["65+"], by(A="all", B="all", C="all"))
    np.testing.assert_allclose(together.squeeze(), [62 / 187, 68 / 189])


def test_growth_of_age_groups_by_hand() -> None:
    found = ind.growth_index(village(), ["65+", "0+"])
    assert (found.sel(date=2030) == 100).all()
    np.testing.assert_allclose(found.sel(age_group="65+", date=2031), [100 * 35 / 30, 100 * 29 / 28, 100])
    np.testing.assert_allclose(found.sel(age_group="0+", date=2031), [101, 100 * 79 / 78, 100])
    later = ind.growth_index(village(), ["0+"], base=2031)
    np.testing.assert_allclose(later.sel(municipality="A").squeeze(), [10000 / 101, 100])
    with pytest.raises(DemosimError, match="no 1 January 1999"):
        ind.growth_index(village(), ["0+"], base=1999)
    gone = village()
    gone["population"] = gone["population"].where(gone["age"] != 65, 0.0)
    assert ind.growth_index(gone, ["65+"]).isnull().all()


def test_decline_counts_municipalities_and_labels_the_year_in_which_they_fall() -> None:
    people = village()
    people["population"].loc[{"municipality": "B", "date": 2031}] *= 0.5
    found = ind.decline(people)
    assert list(found["year"].values) == [2030]
    assert float(found["declining_municipalities_share"].sel(group="all", year=2030)) == pytest.approx(1 / 3)
    groups = ind.decline(people, groups_of(people, "county"))
    np.testing.assert_allclose(groups["declining_municipalities_share"].sel(year=2030), [0, 1])
    np.testing.assert_allclose(groups["declining_municipalities"].sel(year=2030), [0, 1])


def test_size_classes_are_half_open_by_the_first_date() -> None:
    found = size_classes(village(), [9, 78])
    assert list(found.values) == ["78+", "78+", "9-77"]
    assert list(size_classes(village(), [10, 79]).values) == ["79+", "10-78", "0-9"]
    counted = ind.decline(village(), size_classes(village(), [10, 79, 500]))
    assert list(counted["group"].values) == ["0-9", "10-78", "79-499"]  # from small to large, empty ones left out
    for wrong in ([5, 5], [9, 3], [0, 4]):
        with pytest.raises(DemosimError, match="do not rise"):
            size_classes(village(), wrong)


def test_what_the_ages_cannot_give_is_refused() -> None:
    with pytest.raises(DemosimError, match=r"ages 6-15 are not made up of .*; limits among 0, 20, 65"):
        ind.age_share(village(), ["6-15"])
    young = village().isel(age=slice(0, 2))  # 20 and over is its open class, in which those of 65 and over are too
    assert ind.usual_groups(young) == ["0+"]
    with pytest.raises(DemosimError, match=r"ages 20-64 are not made up of .*; limits among 0, 20"):
        ind.dependency_ratio(young)
    with pytest.raises(DemosimError, match="is not an age group"):
        ind.age_share(village(), ["old"])
    with pytest.raises(DemosimError, match="ages 20-65"):
        ind.dependency_ratio(made_history(made_up.three_regions()), working_ages=(20, 65))
    with pytest.raises(DemosimError, match="a projection or a history"):
        stock(made_up.three_regions())


def made_history(baseline: xr.Dataset) -> xr.Dataset:
    """Two years of a country as a history: dates called `year`, years not in order."""
    both = xr.concat([1.02 * baseline["population"], baseline["population"]], "year").assign_coords(year=[2031, 2030])
    names = [name for name in ("county", "landsdel") if name in baseline]
    return xr.Dataset({"population": both}, coords={name: baseline[name] for name in names})


@pytest.mark.parametrize("country", [made_up.small_country, made_up.three_regions])
def test_any_country_has_indicators_in_the_registered_form(country: object) -> None:
    baseline = country()  # type: ignore[operator]  # a parameter of the test
    projection = project(plain_assumptions(baseline)).assign_coords(county=baseline["county"])
    for dataset in (projection, made_history(baseline)):
        sizes = size_classes(dataset, [1000, 20_000])
        for groups in (None, groups_of(dataset, "county"), sizes):
            found = ind.indicators(dataset, groups, working_ages=(20, 24))
            assert validate(found) == []
            assert set(ind.usual_groups(dataset)) >= {"0+"}
            assert (found["population_since_launch"].isel(date=0) == 100).all()
            np.testing.assert_allclose(found["age_share"].sel(age_group="0+"), 1)


def test_a_country_adds_up_whatever_the_groups() -> None:
    projection = project(plain_assumptions(made_up.three_regions()))
    persons = stock(projection).sum("sex")
    groups = by(N1="x", N2="y", S1="x")
    np.testing.assert_allclose(summarise(persons, groups).sum("group"), persons.sum("municipality"), rtol=1e-12)


@pytest.fixture(scope="module")
def history(shared_data: Path) -> xr.Dataset:
    return xr.load_dataset(shared_data / "population_history.nc")


def test_declining_municipalities_beside_the_published_shares(history: xr.Dataset) -> None:
    """Published 54, 15 and 29 per cent; the registered population of today's borders gives 53.8, 15.1 and 27.7."""
    share = 100 * ind.decline(history)["declining_municipalities_share"].sel(group="all")
    np.testing.assert_allclose(share.sel(year=[2020, 2023, 2024]), [53.8, 15.1, 27.7], atol=0.05)
    table = read_facts("pressure").set_index(["item", "period"])["value"]
    published = [float(table["municipalities_with_population_decline", str(year)]) for year in (2020, 2023, 2024)]
    np.testing.assert_allclose(share.sel(year=[2020, 2023, 2024]), published, atol=1.5)


def test_dependency_classes_beside_the_published(history: xr.Dataset) -> None:
    """Published for 2025: 7 per cent high or very high, 8 very high; single years of age give 23 and 6."""
    found = ind.dependency_class_share(history).sel(date=2025)
    high, very_high = found["municipalities_in_class"].sel(dependency_level=["high", "very_high"]).values
    assert (high + very_high, very_high) == (23, 6)
    table = read_facts("dependency_ratio").set_index("year")
    share = float(found["municipalities_in_class_share"].sel(dependency_level=["high", "very_high"]).sum())
    assert round(share, 2) == pytest.approx(float(table.loc[2025, "high_or_very_high_share"]), abs=0.011)


def test_old_age_shares_of_small_and_large_municipalities_beside_the_published(history: xr.Dataset) -> None:
    """Published for 2025: 24 per cent aged 67 and over below 2 000 inhabitants, 14.3 per cent above 50 000."""
    year = history.sel(year=[2025])
    share = 100 * ind.age_share(year, ["67+"], size_classes(year, [2000, 50_000])).squeeze()
    assert float(share.sel(group="0-1999")) == pytest.approx(24, abs=0.5)
    assert float(share.sel(group="50000+")) == pytest.approx(14.3, abs=0.25)
