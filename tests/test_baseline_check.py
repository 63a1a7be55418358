"""A data set's form: made-up countries pass, every fault is named with its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.baseline.check import check_baseline
from demosim.baseline.form import MOVES, MOVES_TO, NAMES, VARIABLES
from demosim.baseline.read import read_baseline

Change = Callable[[xr.Dataset], xr.Dataset]


def with_cell(name: str, value: float) -> Change:
    """A change of the first cell of an array."""

    def change(dataset: xr.Dataset) -> xr.Dataset:
        array = dataset[name].astype(float).copy(deep=True)
        array[(0,) * array.ndim] = value
        return dataset.assign({name: array})

    return change


@pytest.mark.parametrize("country", [made_up.three_regions(), made_up.small_country(), made_up.small_country(1, 8, 3)])
def test_made_up_countries_are_data_sets(country: xr.Dataset) -> None:
    assert check_baseline(country) == []


def test_the_embedded_data_set_has_every_declared_array() -> None:
    baseline = read_baseline("norway2026")
    assert check_baseline(baseline) == []
    derived = {"unit_cost", "accounts", "country_population"}  # from facts, not carried
    carried = set(VARIABLES) - derived - {*MOVES, *MOVES_TO}  # net deviations in place of gross moves
    assert set(baseline.data_vars) == {*carried, *NAMES}
    for name in carried:
        assert baseline[name].attrs["units"] == VARIABLES[name].unit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_cell("population", -1), "population: 1 cell below 0, the first at municipality N1, sex male, age 0"),
        (with_cell("population", np.nan), "population: 1 cell without a number"),
        (with_cell("death_prob", 1.5), "death_prob: 1 cell above 1"),
        (with_cell("migration_profile", 0.9), "migration_profile: 1 cell whose shares do not sum to 1"),
        (with_cell("settlement_key", 0.9), "settlement_key: 1 cell whose shares do not sum to 1"),
        (with_cell("fertility_schedule", 0.05), "fertility_schedule: 1 cell whose shares do not sum to 1"),
        (with_cell("deviation_half_life", np.inf), "deviation_half_life: 1 cell without a number"),
        (with_cell("deviation_band", 7), "deviation_band: names a band that does not exist"),
        (lambda d: d.drop_vars("death_prob"), "death_prob: missing; dims variant, year, sex, age"),
        (lambda d: d.assign(population=d["population"].sum("sex")), "population: has dims municipality, age"),
        (lambda d: d.assign(population=d["population"].transpose()), "population: has dims age, sex, municipality"),
        (lambda d: d.assign(county=("municipality", [1, 2, 3])), "county: holds int64; text"),
        (lambda d: d.assign_attrs(launch_year="2030"), "launch_year: is '2030'; a value of type int"),
        (lambda d: d.assign_attrs(launch_year=2031), "launch_year: 2031 is not among the years"),
        (lambda d: d.assign_attrs(interval_years=0), "interval_years: is 0; a whole number of years"),
        (lambda d: d.assign_attrs(interval_years=1), "age: labels are not one interval apart"),
        (lambda d: d.assign_attrs(male_birth_share=1.2), "male_birth_share: is 1.2; between 0 and 1"),
        (lambda d: d.assign_coords(sex=["female", "male"]), "sex: is female, male; male, female, in this order"),
        (lambda d: d.assign_coords(municipality=["N1", "N1", "S1"]), "municipality: N1 occurs more than once"),
        (lambda d: d.assign_coords(municipality=[1, 2, 3]), "municipality: labels are int64; text"),
        (lambda d: d.drop_vars("year"), "year: coordinate missing"),
        (lambda d: d.assign_coords(age=d["age"].values + 5), "age: starts at 5"),
        (lambda d: d.assign_coords(age=d["age"].values + 5), "age_end_of_year: differs from age"),
        (lambda d: d.assign(population=0 * d["population"]), "population: nobody lives here"),
    ],
)
def test_each_fault_is_named(change: Change, message: str) -> None:
    problems = check_baseline(change(made_up.three_regions()))
    assert any(str(problem).startswith(message) for problem in problems), [str(problem) for problem in problems]


def test_a_missing_attribute_and_all_problems_at_once() -> None:
    country = made_up.three_regions()
    del country.attrs["currency"]
    broken = country.drop_vars(["landsdel", "fertility_factor"])
    assert [problem.path for problem in check_baseline(broken)] == ["currency", "fertility_factor", "landsdel"]


def test_a_round_that_starts_later_may_be_empty_before_the_launch_only() -> None:
    country = made_up.small_country().assign_attrs(launch_year=2023)
    paths = ("death_prob", "newborn_survival_prob", "total_fertility_rate", "fertility_schedule")
    late = country.copy(deep=True)
    for name in (*paths, "net_international_migration"):
        late[name] = late[name].where((late["variant"] != "a-low") | (late["year"] >= 2023))
    assert check_baseline(late) == []
    assert len(check_baseline(late.assign_attrs(launch_year=2020))) == 5
    half = late.assign(death_prob=country["death_prob"].where((country["age"] > 3) | (country["year"] >= 2023)))
    assert [problem.path for problem in check_baseline(half)] == ["death_prob"]
