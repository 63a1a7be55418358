"""National paths: what they start from, where they go, and what they may not see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demosim.baseline.calibrate.flows import derive_flows
from demosim.baseline.calibrate.national import (
    NationalFlows,
    PathSettings,
    fertility_path,
    migration_path,
    national_flows,
    of_municipalities,
    read_nation,
)
from demosim.errors import DemosimError
from made_up_history import AGES, LAST, fertility, history, mortality, national_table


def series(rates: np.ndarray) -> NationalFlows:
    """A country of a million whose net migration has the given rates, on ages 20 to 29."""
    profile = np.zeros((2, AGES))
    profile[:, 20:30] = 1 / 20
    years = np.arange(LAST - len(rates), LAST)
    return NationalFlows(years, rates[:, None, None] * 1e6 * profile, np.full(len(rates), 1e6))


def test_migration_returns_to_its_mean_with_the_half_life() -> None:
    rates = np.append(np.tile([0.004, 0.006], 12), 0.011)
    path = migration_path(series(rates), LAST, 30).sum((1, 2)) / 1e6
    mean = rates[-20:].mean()
    assert path[2] - mean == pytest.approx((0.011 - mean) / 2, rel=1e-6)
    assert path[-1] == pytest.approx(mean, rel=0.02)


def test_what_comes_after_the_launch_changes_nothing() -> None:
    rates = np.linspace(0.002, 0.008, 26)
    other = rates.copy()
    other[-4:] = 0.05
    np.testing.assert_array_equal(
        migration_path(series(rates), LAST - 4, 5), migration_path(series(other), LAST - 4, 5)
    )


def test_no_year_before_the_launch_is_an_error() -> None:
    with pytest.raises(DemosimError, match="no year before"):
        migration_path(series(np.full(5, 0.01)), LAST - 5, 3)


def test_fertility_trend_is_damped_and_capped() -> None:
    rates = fertility()
    factors = np.ones(rates.sizes["year"])
    factors[-3:] = [0.9, 0.8, 0.7]
    path = fertility_path(rates * factors[:, None], LAST + 1, 40, AGES, PathSettings(cap=0.02)).sum(1)
    last = float((rates * factors[:, None]).sum("age")[-1])
    assert path[0] == pytest.approx(last * np.exp(-0.02 * 0.85))
    assert path[-1] == pytest.approx(last * np.exp(-0.02 * 0.85 / 0.15), rel=1e-2)


def test_constant_fertility_stays() -> None:
    path = fertility_path(fertility(), 2010, 5, AGES)
    np.testing.assert_allclose(path.sum(1), 1.7)
    assert path.shape == (5, AGES)


def test_too_few_years_of_fertility() -> None:
    with pytest.raises(DemosimError, match="fewer than 4 years"):
        fertility_path(fertility(first=2008), 2010, 5, AGES)


def test_national_series_equals_the_sum_of_the_municipalities(tmp_path: Path) -> None:
    made = history(6)
    nation = read_nation(national_table(made, tmp_path / "nation.csv"))
    flows = national_flows(nation, mortality())
    summed = of_municipalities(derive_flows(made, mortality()))
    np.testing.assert_allclose(flows.net_migration, summed.net_migration, atol=1e-9)
    np.testing.assert_allclose(flows.persons, summed.persons)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file; a series of the country by sex and age"),
        ("aar,kjonn\n2025,male\n", "year: has no such column"),
        ("year,sex,0,one\n2025,male,1,2\n2025,female,1,2\n", "has a column that is no age"),
    ],
)
def test_a_national_series_of_another_form_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "nation.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(DemosimError, match=rf"nation\.csv: {said}"):
        read_nation(path)
