"""Prices: growth chained, estimates marked, years outside refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from demosim.costs.prices import Deflator, deflator_of, read_deflator
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.scenario.cost_options import CostOptions

SINGLE_AGES = xr.Dataset(coords={"age": np.arange(106)})


def test_growth_is_chained() -> None:
    deflator = read_deflator()
    assert deflator.factor(2024, 2024) == 1.0
    assert deflator.factor(2024, 2026) == pytest.approx(1.047 * 1.041, rel=1e-12)
    assert deflator.factor(2023, 2022) == pytest.approx(1 / 1.043, rel=1e-12)
    assert deflator.factor(2026, 2024) * deflator.factor(2024, 2026) == pytest.approx(1, rel=1e-12)


def test_years_whose_growth_is_an_estimate_are_named_in_both_directions() -> None:
    deflator = read_deflator()
    assert deflator.estimated(2024, 2026) == [2026]
    assert deflator.estimated(2026, 2024) == [2026]
    assert deflator.estimated(2024, 2025) == []
    assert deflator.estimated(2026, 2026) == []


@pytest.mark.parametrize("years", [(2012, 2025), (2025, 2030)])
def test_a_year_outside_the_index_is_refused(years: tuple[int, int]) -> None:
    with pytest.raises(DemosimError, match="does not cover") as caught:
        read_deflator().factor(*years)
    assert caught.value.exit_code == 2
    assert "2013 to 2026" in str(caught.value)


def test_a_made_up_index() -> None:
    deflator = Deflator({2000: 1.0, 2001: 1.1}, (2001,))
    assert deflator.factor(2000, 2001) == 1.1
    assert deflator.estimated(2000, 2001) == [2001]


def test_growth_of_ones_own_goes_on_from_the_last_year_and_is_an_estimate() -> None:
    longer = read_deflator().extended({2027: 3.0, 2028: 2.5})
    assert longer.factor(2026, 2028) == pytest.approx(1.03 * 1.025, rel=1e-12)
    assert longer.factor(2024, 2026) == read_deflator().factor(2024, 2026)
    assert longer.estimated(2025, 2028) == [2026, 2027, 2028]


def test_growth_of_ones_own_in_place_of_a_known_one_moves_all_later_years() -> None:
    made_up = Deflator({2000: 1.0, 2001: 1.1, 2002: 1.21}, ())
    changed = made_up.extended({2001: 20.0})
    assert changed.level == pytest.approx({2000: 1.0, 2001: 1.2, 2002: 1.32}, rel=1e-12)
    assert made_up.level[2001] == 1.1


def test_a_gap_in_growth_of_ones_own_is_refused() -> None:
    with pytest.raises(DemosimError, match="does not cover 2027, the year before 2028"):
        read_deflator().extended({2028: 2.5})


def test_without_growth_of_ones_own_the_index_is_the_known_one() -> None:
    assert deflator_of(None) is read_deflator()
    assert deflator_of({"2027": 0.0}).factor(2026, 2027) == 1.0


def test_a_scenario_goes_beyond_the_index_with_its_own_growth() -> None:
    later = derive_unit_cost(SINGLE_AGES, CostOptions(price_growth={"2027": 3.0}), 2027)
    now = derive_unit_cost(SINGLE_AGES, CostOptions(), 2026)
    np.testing.assert_allclose(later.values, 1.03 * now.values, rtol=1e-12)
    assert later.attrs["price_year"] == 2027
    assert later.attrs["estimated_price_years"] == "2026 2027"
    with pytest.raises(DemosimError, match=r"price_growth = \{ 2027 = 3.0 \}"):
        derive_unit_cost(SINGLE_AGES, CostOptions(), 2027)
