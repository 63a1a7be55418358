"""What is made of stored figures: mortality by age on 1 January, rounds by group, profiles of migrants, accounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from demosim.baseline.mortality import DeclineTable, to_prob
from demosim.baseline.nation import survivors
from demosim.costs.services import read_services
from demosim.errors import DemosimError
from demosim.sources.fresh_country import accounts, alternatives, country_rows, profile_table, round_rows
from demosim.sources.fresh_mortality import FreshMortality, fresh_mortality, on_1_january
from stub_norway import kostra

AGES = 21
SETTINGS = {"pool": 3, "smoothing": 2.0, "oldest": 18}


def carried() -> DeclineTable:
    """Gompertz-like mortality of 2020 that falls by one per cent a year."""
    hazard = 0.002 * np.exp(0.12 * np.arange(AGES)) * np.array([[1.2], [0.8]])
    return DeclineTable(2020, to_prob(hazard), np.full((2, AGES), 0.01), np.array([0.996, 0.997]))


def exact_of(table: DeclineTable, year: int, factor: float = 1.0) -> np.ndarray:
    """Probabilities between exact ages (sex, x) whose table by age on 1 January is nearly that of a decline table."""
    hazard = factor * table.hazard(year)
    middle = np.arange(AGES) + 0.5
    exact = np.array([to_prob(np.interp(np.arange(AGES + 1), middle, row)) for row in hazard])
    lost = factor * (1 - table.newborn_survival_prob(year))
    exact[:, 0] = 1 - (1 - lost) * (1 - to_prob(hazard[:, 0]) / 2)
    return exact


def life_table(years: range, factor: float = 1.0) -> xr.DataArray:
    values = np.stack([exact_of(carried(), year, factor) for year in years], axis=-1)
    coords = {"sex": ["male", "female"], "exact_age": np.arange(AGES + 1), "year": list(years)}
    return xr.DataArray(values, coords, ("sex", "exact_age", "year"))


def people(years: range, persons: float = 1000.0) -> xr.DataArray:
    coords = {"year": list(years), "sex": ["male", "female"], "age": np.arange(AGES)}
    return xr.DataArray(np.full((len(years), 2, AGES), persons), coords, ("year", "sex", "age"))


def made(factor: float = 1.0, years: range = range(2015, 2025)) -> FreshMortality:
    return fresh_mortality(life_table(years, factor), people(years), carried(), SETTINGS)


def test_a_life_table_that_is_the_carried_one_changes_nothing() -> None:
    year, prob, survival = made().newest()
    assert year == 2024
    np.testing.assert_allclose(prob[:, 3:], to_prob(carried().hazard(2024))[:, 3:], rtol=0.03)
    np.testing.assert_allclose(survival, carried().newborn_survival_prob(2024), atol=2e-5)


@pytest.mark.parametrize("factor", [0.5, 1.3])
def test_more_deaths_are_more_deaths_at_every_age_and_for_newborns(factor: float) -> None:
    _, plain, alive = made().newest()
    _, prob, survival = made(factor).newest()
    hazard = np.log1p(-prob) / np.log1p(-plain)
    np.testing.assert_allclose(hazard[:, 2:], factor, rtol=0.03)
    np.testing.assert_allclose((1 - survival) / (1 - alive), factor, rtol=0.02)


def test_a_single_odd_year_is_pooled_away_and_a_single_age_is_smoothed() -> None:
    years = range(2015, 2025)
    table = life_table(years)
    table.loc[{"year": 2024, "exact_age": 10}] = 0.0
    _, plain, _ = made().newest()
    _, prob, _ = fresh_mortality(table, people(years), carried(), SETTINGS).newest()
    assert (prob[:, 10] > 0.85 * plain[:, 10]).all()
    assert (prob[:, 10] < plain[:, 10]).all()


def test_the_oldest_ages_have_the_correction_of_the_last_that_is_trusted() -> None:
    years = range(2020, 2025)
    table = life_table(years)
    table.loc[{"exact_age": slice(19, None)}] = 0.9
    _, prob, _ = fresh_mortality(table, people(years), carried(), {**SETTINGS, "smoothing": 0.3}).newest()
    ratio = np.log1p(-prob) / -carried().hazard(2024)
    np.testing.assert_allclose(ratio[:, 18:], ratio[:, 18:19] * np.ones((1, 3)), rtol=1e-9)


def test_what_was_known_at_each_launch_comes_from_the_years_before_it() -> None:
    years = range(2010, 2025)
    table = life_table(years)
    table.loc[{"year": slice(2020, None)}] = np.minimum(table.sel(year=slice(2020, None)) * 2, 0.99)
    found = fresh_mortality(table, people(years), carried(), SETTINGS).by_launch(range(2015, 2026))
    assert set(found.columns) == {
        "launch_year", "sex", "age", "death_prob", "improvement_rate", "newborn_survival"
    }  # fmt: skip
    assert len(found) == 11 * 2 * AGES
    at = found[(found["sex"] == "male") & (found["age"] == 12)].set_index("launch_year")["death_prob"]
    before = to_prob(carried().hazard(2017))[0, 12]
    assert at[2020] == pytest.approx(before, rel=0.05)  # nothing of 2020 was known on 1 January 2020
    assert at[2025] == pytest.approx(2 * to_prob(carried().hazard(2022))[0, 12], rel=0.08)


def test_years_with_holes_are_left_out_and_none_at_all_is_refused() -> None:
    years = range(2015, 2025)
    table = life_table(years)
    table.loc[{"year": 2024, "exact_age": 3, "sex": "male"}] = np.nan
    assert fresh_mortality(table, people(years), carried(), SETTINGS).years[-1] == 2023
    with pytest.raises(DemosimError, match="no year with all single ages"):
        fresh_mortality(table.where(table["exact_age"] != 5), people(years), carried(), SETTINGS)
    with pytest.raises(DemosimError, match="no year with all single ages"):
        fresh_mortality(table.isel(exact_age=slice(1, None)), people(years), carried(), SETTINGS)
    with pytest.raises(DemosimError, match="no year from 1990 to 1992"):
        made().table(1990, 1992, 1992)


@given(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=12))
def test_probabilities_stay_probabilities(exact: list[float]) -> None:
    prob = on_1_january(np.array(exact), len(exact) - 1)
    assert (prob >= -1e-12).all()
    assert (prob <= 1 + 1e-12).all()


def test_a_constant_hazard_is_the_same_by_either_age() -> None:
    exact = np.full(60, 0.1)
    np.testing.assert_allclose(on_1_january(exact, 60)[1:40], 0.1, rtol=1e-9)


def contents(labels: list[str], codes: list[str]) -> xr.DataArray:
    data = xr.DataArray(np.zeros(len(codes)), {"variant": codes}, ("variant",))
    return data.assign_coords(variant_label=("variant", labels))


def test_alternatives_are_read_from_the_labels_and_known_codes_stand_in() -> None:
    labels = ["Hovedalternativet (MMMM)", "Lav nasjonal vekst (Alternativ LLML)", "Personer"]
    assert alternatives(contents(labels, ["A", "B", "Personer2"]), {"Personer2": "HHMH", "A": "LLML"}) == {
        "A": "MMMM", "B": "LLML", "Personer2": "HHMH",
    }  # fmt: skip
    assert alternatives(contents(["x", "y"], ["A", "B"]), {}) == {}
    with pytest.raises(DemosimError, match="two contents for the alternative MMMM"):
        alternatives(contents(["(MMMM)", "(MMMM)"], ["A", "B"]), {})


def test_a_round_is_summed_over_places_and_ages() -> None:
    random = np.random.default_rng(3)
    values = random.integers(1, 50, (2, 2, 3, 1, 2)).astype(float)
    years = [2027, 2026]
    coords = {"county": ["03", "11"], "sex": ["male", "female"], "age": [0, 1, 2], "variant": ["P"], "year": years}
    data = xr.DataArray(values, coords, tuple(coords)).assign_coords(variant_label=("variant", ["(MMMM)"]))
    rows = round_rows(data, 2026, "14746", {}, ["0", "1-2", "0-1", "2+"])
    assert rows["year"].tolist() == [2026, 2027]
    assert rows["vintage"].tolist() == [2026, 2026]
    assert set(rows["alternative"]) == {"MMMM"}
    late = rows[rows["year"] == 2027].iloc[0]
    assert late["0"] == values[:, :, 0, 0, 0].sum()
    assert late["1-2"] == values[:, :, 1:, 0, 0].sum()
    assert late["0-1"] + late["2+"] == late["total"] == values[..., 0, 0].sum()


def moving_country() -> tuple[xr.DataArray, xr.DataArray, np.ndarray]:
    """A country whose net migration is known, its deaths by the carried table."""
    random = np.random.default_rng(5)
    net = random.uniform(-20, 60, (2, AGES))
    years = range(2010, 2018)
    rows, prob = [np.full((2, AGES), 1000.0)], []
    for year in years:
        prob.append(to_prob(carried().hazard(year)))
        extra = 3.0 if year >= 2015 else 0.0
        after = survivors(rows[-1], prob[-1]) + net * (1 + extra)
        after[:, 0] = 900.0
        rows.append(after)
    coords = {"year": list(range(2010, 2019)), "sex": ["male", "female"], "age": np.arange(AGES)}
    country = xr.DataArray(np.array(rows), coords, ("year", "sex", "age"))
    deaths = xr.DataArray(np.array(prob), {**coords, "year": list(years)}, ("year", "sex", "age"))
    return country, deaths, net


def profiles() -> pd.DataFrame:
    even = 1 / (2 * AGES)
    columns = {f"{name}_{sex}": even for name in ("ordinary", "wave") for sex in ("male", "female")}
    return pd.DataFrame({"age_end_of_year": np.arange(AGES), **columns})


def test_a_profile_is_the_net_migration_that_the_country_leaves_over() -> None:
    country, deaths, net = moving_country()
    asked = {"oldest": 15, "years": {"ordinary": {"years": [2010, 2014]},
                                     "wave": {"years": [2015, 2017], "less": [2010, 2014]}}}  # fmt: skip
    table = profile_table(country, deaths, profiles(), asked)
    inner = net[:, 1:16] / net[:, 1:16].sum() * (2 * 15 / (2 * AGES))
    for name in ("ordinary", "wave"):
        found = table[[f"{name}_male", f"{name}_female"]].to_numpy().T
        np.testing.assert_allclose(found[:, 1:16], inner, rtol=1e-9)
        np.testing.assert_allclose(found[:, 0], 1 / (2 * AGES))
        np.testing.assert_allclose(found[:, 16:], 1 / (2 * AGES))
        assert found.sum() == pytest.approx(1)


def test_a_profile_of_a_year_that_is_not_known_is_refused() -> None:
    country, deaths, _ = moving_country()
    with pytest.raises(DemosimError, match="no population or life table of 2018"):
        profile_table(country, deaths, profiles(), {"oldest": 15, "years": {"ordinary": {"years": [2016, 2018]}}})


def functions(factor: float = 1.0) -> xr.DataArray:
    codes, years, amounts = kostra(factor)
    return xr.DataArray(amounts, {"function": codes, "year": [int(year) for year in years]}, ("function", "year"))


def test_accounts_are_the_sums_of_the_declared_functions_in_kroner() -> None:
    data = accounts(functions(), functions())
    assert set(data["account_service"].values) == {
        service.name for service in read_services() if service.kostra_functions
    }  # fmt: skip
    care = next(service for service in read_services() if service.name == "pleie_omsorg")
    wanted = functions().sel(function=care.kostra_functions, year=2024).sum() * 1000
    assert float(data.sel(account_service="pleie_omsorg", account_year=2024)) == pytest.approx(float(wanted))


def test_a_function_that_was_not_in_use_adds_nothing_and_one_that_is_not_there_is_refused() -> None:
    data = functions()
    data.loc[{"function": "257", "year": 2020}] = np.nan
    whole, less = accounts(functions(), None), accounts(data, None)
    gap = whole.sel(account_service="pleie_omsorg") - less.sel(account_service="pleie_omsorg")
    assert float(gap.sel(account_year=2020)) == pytest.approx(1000 * float(functions().sel(function="257", year=2020)))
    assert float(gap.sel(account_year=2021)) == 0
    with pytest.raises(DemosimError, match="has no function 257, which pleie_omsorg needs"):
        accounts(data.sel(function=[code for code in data["function"].values if code != "257"]), None)
    data.loc[{"year": 2020}] = np.nan
    assert 2020 not in accounts(data, None)["account_year"].values


def test_two_tables_of_accounts_that_disagree_are_refused() -> None:
    other = functions()
    other.loc[{"function": "202", "year": 2023}] *= 1.2
    with pytest.raises(DemosimError, match=r"disagree on grunnskole in 2023: 10\.0%"):
        accounts(functions(), other)
    accounts(functions(), other.sel(year=[2024, 2025]))


def test_rows_of_the_country_stand_in_the_order_of_the_years() -> None:
    data = people(range(2020, 2022), 3.0).isel(year=[1, 0])
    rows = country_rows(data)
    assert [row[:3] for row in rows] == [
        ["2020", "male", "3"], ["2020", "female", "3"], ["2021", "male", "3"], ["2021", "female", "3"],
    ]  # fmt: skip
    assert country_rows(people(range(2020, 2021), 2.5))[0][2] == "2.5"
