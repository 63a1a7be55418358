"""Need that is not demography: neutral changes no bit, the rest by hand, and apart in the decomposition."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.baseline.mortality import life_expectancy
from demosim.compare import Case, explain
from demosim.costs.need import expenditure
from demosim.costs.pressure import Growth, HealthierAgeing, multipliers, observed_growth
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.projection import project
from demosim.scenario.cost_options import CostOptions
from plain_assumptions import plain_assumptions


@pytest.fixture(scope="module")
def assumptions() -> xr.Dataset:
    return plain_assumptions(made_up.small_country(last_age=105, steps=10))


@pytest.fixture(scope="module")
def cost(assumptions: xr.Dataset) -> xr.DataArray:
    return derive_unit_cost(assumptions, CostOptions(), 2026)


def test_neutral_values_change_no_bit(assumptions: xr.Dataset, cost: xr.DataArray) -> None:
    neutral = multipliers(cost, assumptions, [Growth("coverage", "pleie_omsorg", 0.0)], HealthierAgeing(0.0))
    assert neutral == {}


def multiplied(cost: xr.DataArray, found: dict[str, xr.DataArray]) -> xr.DataArray:
    return prod(found.values(), start=cost).assign_attrs(cost.attrs)


def test_growth_by_hand(assumptions: xr.Dataset, cost: xr.DataArray) -> None:
    growth = [Growth("coverage", "pleie_omsorg", -0.03, 80, None, 0.5), Growth("coverage", "pleie_omsorg", 0.01)]
    ratio = multipliers(cost, assumptions, growth)["coverage"].sel(service="pleie_omsorg")
    assert float(ratio.sel(age=85, date=2022)) == pytest.approx((1 + 0.5 * (0.97**2 - 1)) * 1.01**2, rel=1e-12)
    assert float(ratio.sel(age=79, date=2022)) == pytest.approx(1.01**2, rel=1e-12)
    assert (ratio.sel(date=2020) == 1).all()
    assert (multipliers(cost, assumptions, growth)["coverage"].sel(service="grunnskole") == 1).all()


def test_need_follows_growth(assumptions: xr.Dataset, cost: xr.DataArray) -> None:
    people = project(assumptions)["population"]
    growth = [Growth("unit cost growth", name, 0.01) for name in cost["service"].values.tolist()]
    plain = expenditure(people, cost)["expenditure_need"]
    grown = expenditure(people, multiplied(cost, multipliers(cost, assumptions, growth)))["expenditure_need"]
    factor = xr.DataArray(1.01 ** np.arange(11), {"date": people["date"].values})
    np.testing.assert_allclose(grown, (plain * factor).transpose(*plain.dims), rtol=1e-12)


def test_healthier_ageing_moves_the_profile(assumptions: xr.Dataset, cost: xr.DataArray) -> None:
    ratio = multipliers(cost, assumptions, ageing=HealthierAgeing(0.5))["healthier_ageing"].sel(service="pleie_omsorg")
    prob, newborn = assumptions["death_prob"].values, assumptions["newborn_survival_prob"].values
    expected = life_expectancy(prob, newborn, 1).mean(axis=1)
    shift = 0.5 * (expected[9] - expected[0])
    assert shift > 0
    care = cost.sel(service="pleie_omsorg").values
    by_hand = care[84] + (1 - shift) * (care[85] - care[84])  # shift is below a year
    assert 0 < shift < 1
    assert float(ratio.sel(age=85, date=2029)) == pytest.approx(by_hand / care[85], rel=1e-12)
    assert (ratio.sel(age=slice(67, 90), date=slice(2021, None)) < 1).all()
    assert (ratio.sel(age=slice(0, 66)) == 1).all()
    full = multipliers(cost, assumptions, ageing=HealthierAgeing(1.0))["healthier_ageing"].sel(service="pleie_omsorg")
    assert (full.sel(age=85, date=2029) < ratio.sel(age=85, date=2029)).all()


def test_each_kind_stands_apart_in_the_decomposition(assumptions: xr.Dataset, cost: xr.DataArray) -> None:
    growth = [Growth("coverage", "pleie_omsorg", -0.02, 80), Growth("care below 50", "pleie_omsorg", 0.02, 0, 49)]
    found = multipliers(cost, assumptions, growth, HealthierAgeing(0.5))
    table = explain(Case(assumptions, cost), Case(assumptions, cost, found))
    care = table[(table["service"] == "pleie_omsorg") & (table["financing"] == "free_income")].set_index("factor")
    kroner = care["kroner"]
    assert kroner["coverage"] < 0 < kroner["care below 50"]
    assert kroner["healthier_ageing"] < 0
    assert kroner["fertility"] == 0
    people = project(assumptions)["population"]
    before, after = (
        expenditure(people, each)["accumulated_demographic_expenditure"]
        .sel(financing="free_income", service="pleie_omsorg").isel(budget_year=-1).sum()
        for each in (cost, multiplied(cost, found))
    )  # fmt: skip
    assert kroner.sum() == pytest.approx(float(after - before), rel=1e-9)


def test_observed_growth() -> None:
    coverage, young = observed_growth()
    assert (1 + coverage.yearly) ** 5 == pytest.approx(24.8 / 28.9, rel=1e-12)
    assert (coverage.lower, coverage.share) == (80, pytest.approx(0.54))
    assert (1 + young.yearly) ** 10 == pytest.approx(1.25, rel=1e-12)
    special = observed_growth(0.2)[2]
    assert (1 + special.yearly) ** 10 == pytest.approx(1.2, rel=1e-12)
    assert special.share == 0.2


def test_bad_pressure_is_refused_all_at_once(assumptions: xr.Dataset, cost: xr.DataArray) -> None:
    with pytest.raises(DemosimError) as caught:
        multipliers(cost, assumptions, [Growth("x", "care", 0.1), Growth("y", "sosial", 2.0)], HealthierAgeing(5.0))
    said = str(caught.value)
    assert 'no service is called "care"' in said
    assert "growth 2.0 of share 1.0" in said
    assert "share 5.0; -1 to 2" in said
    wide = made_up.three_regions()
    with pytest.raises(DemosimError, match="single years of age"):
        multipliers(derive_unit_cost(wide, CostOptions(), 2026), plain_assumptions(wide), ageing=HealthierAgeing(0.5))
