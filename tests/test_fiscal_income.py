"""The income system by hand-worked examples; everything that is shared out sums to zero."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
from demosim.costs.figures import facts
from demosim.errors import DemosimError
from demosim.fiscal.income import (
    cost_key,
    effect_of_change,
    expenditure_equalisation,
    figure,
    income_system,
    need_index,
    tax_equalisation,
)
from demosim.projection import project
from plain_assumptions import plain_assumptions


def persons(seed: int = 0, places: int = 4) -> xr.DataArray:
    values = np.random.default_rng(seed).uniform(10, 100, (places, 106))
    names = [f"M{i}" for i in range(places)]
    return xr.DataArray(values, {"municipality": names, "age": np.arange(106)}, ("municipality", "age"))


def test_the_weights_of_the_whole_key_sum_to_one() -> None:
    for year in (2025, 2026):
        assert cost_key(year).sum() == pytest.approx(1, rel=1e-12)
    assert cost_key(2026)["age_90_plus"] == pytest.approx(
        0.3532 * 0.1082 + 0.0637 * 0.0056 + 0.0772 * 0.0071, rel=1e-3
    )
    with pytest.raises(DemosimError, match=r"no sector weights of 2020 are carried; 2025, 2026"):
        cost_key(2020)


def test_the_index_by_hand() -> None:
    """Two municipalities alike but for those aged 6-12, of whom one has twice as many."""
    people = xr.DataArray(np.full((2, 106), 10.0), {"municipality": ["A", "B"], "age": np.arange(106)})
    people[0, 6:13] = 20.0
    found = need_index(people)
    share = float(people[0].sum() / people.sum())
    weight = cost_key(2026)
    held = weight[list(found.held)].sum()
    aged = 1 - held - weight["age_6_12"]
    by_hand = held + aged * 0.5 / share + weight["age_6_12"] * (2 / 3) / share
    assert float(found.index[0]) == pytest.approx(by_hand, rel=1e-12)
    assert found.held_weight == pytest.approx(held, rel=1e-12)
    assert "mortality" in found.held
    assert "age_6_12" not in found.held


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_equalisation_sums_to_zero(seed: int) -> None:
    people = persons(seed)
    everyone = people.sum("age")
    found = need_index(people).index
    assert float((found * everyone).sum()) == pytest.approx(float(everyone.sum()), rel=1e-12)
    need = expenditure_equalisation(everyone, found, 72_000)
    assert abs(float(need.sum())) < 1e-9 * 72_000 * float(everyone.sum())
    revenue = np.random.default_rng(seed).uniform(2e4, 8e4, 4)
    tax = xr.DataArray(revenue, {"municipality": people["municipality"].values})
    assert abs(float(tax_equalisation(tax, everyone).sum())) < 1e-9 * 8e4 * float(everyone.sum())


def test_the_users_criteria_replace_what_is_held() -> None:
    people = persons()
    other = pd.DataFrame({"municipality": ["M0", "M1", "M2", "M3"], "criterion": "mortality", "value": [4.0, 2, 2, 2]})
    plain, more = need_index(people), need_index(people, 2026, other)
    assert "mortality" not in more.held
    everyone = people.sum("age")
    gain = cost_key(2026)["mortality"] * (0.4 / float(everyone[0] / everyone.sum()) - 1)
    assert float(more.index[0] - plain.index[0]) == pytest.approx(gain, rel=1e-9)
    bad = pd.concat([other.head(3), other.assign(criterion="mortalty")])
    with pytest.raises(DemosimError) as caught:
        need_index(people, 2026, bad)
    assert "every municipality must stand once" in str(caught.value)
    assert 'did you mean "mortality"' in str(caught.value)
    with pytest.raises(DemosimError, match="value: has no such column"):
        need_index(people, 2026, other.drop(columns="value"))


def test_tax_equalisation_by_hand() -> None:
    """Mean 40 000; the poor one at 30 000 is 6 000 below 90 %: 0.62 × 10 000 + 0.35 × 6 000 − 1 050."""
    tax = xr.DataArray([30_000.0, 50_000.0], {"municipality": ["A", "B"]})
    people = xr.DataArray([100.0, 100.0], {"municipality": ["A", "B"]})
    found = tax_equalisation(tax, people) / people
    np.testing.assert_allclose(found, [6200 + 2100 - 1050, -6200 - 1050])


def test_figures_carry_year_and_mark() -> None:
    assert figure("innbyggertilskudd_per_inhabitant", 2024) == (29831.73, 2024, "inferred from exact amounts")
    assert figure("need_per_inhabitant", 2027)[1:] == (2025, "inferred (71 600-72 600)")
    with pytest.raises(DemosimError, match="no need_per_inhabitant of 2020"):
        figure("need_per_inhabitant", 2020)


def projection() -> xr.Dataset:
    country = made_up.small_country(last_age=105, steps=8, scale=2000).assign_attrs(launch_year=2024)
    country = country.assign_coords(year=country["year"] + 4)
    return project(plain_assumptions(country))


def test_the_whole_system_of_a_year() -> None:
    run = projection()
    tax = xr.DataArray([40e3, 30e3, 35e3, 60e3], {"municipality": run["municipality"].values})
    table = income_system(run, 2026, tax=tax)
    july = run["population_mid_year"].sel(year=2025).sum(("sex", "age")).values
    np.testing.assert_allclose(table["persons_1_july"], july)
    np.testing.assert_allclose(table["innbyggertilskudd"], 31469.73 * july)
    assert abs(table["expenditure_equalisation"].sum()) < 1e-9 * table["innbyggertilskudd"].sum()
    assert abs(table["tax_equalisation"].sum()) < 1e-9 * table["innbyggertilskudd"].sum()
    january = run["population"].sel(date=2026).sum(("sex", "age"))
    np.testing.assert_allclose(table["tax_equalisation"], tax_equalisation(tax, january, 0.62, 0.35))
    assert table.attrs["cost_key"] == 2026
    assert "inferred" in table.attrs["need_per_inhabitant"]
    assert "mortality" in table.attrs["held"]
    assert "tax_equalisation" not in income_system(run, 2026)
    with pytest.raises(DemosimError, match="there is no 1 July 2023; 2025 to 2032"):
        income_system(run, 2024)


def test_the_effect_of_population_change() -> None:
    run = projection()
    before, after = income_system(run, 2026), income_system(run, 2027)
    effect = effect_of_change(before, after)
    assert abs(effect["expenditure_equalisation"].sum()) < 1e-9 * before["innbyggertilskudd"].sum()
    np.testing.assert_allclose(
        effect["innbyggertilskudd"], 31469.73 * (after["persons_1_july"] - before["persons_1_july"]), atol=1e-3
    )
    np.testing.assert_allclose(
        effect["innbyggertilskudd_per_inhabitant"], effect["innbyggertilskudd"] / after["persons_1_july"]
    )
    with pytest.raises(DemosimError, match="different municipalities"):
        effect_of_change(before, after.head(2))


def test_the_published_charge_pays_for_the_extra_equalisation() -> None:
    """The charges that are carried are of the size that the formula gives: 0.5 to 2 per cent of tax."""
    table = facts("income_system").pivot_table(index="year", columns="item", values="value")
    ratio = (table["financing_charge"] / table["mean_tax_per_inhabitant"]).dropna()
    assert ratio.between(0.005, 0.02).all()
