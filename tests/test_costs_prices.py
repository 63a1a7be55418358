"""Prices: growth chained, estimates marked, years outside refused."""

from __future__ import annotations

import pytest

from demosim.costs.prices import Deflator, read_deflator
from demosim.errors import DemosimError


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
