"""Residual migration, births and fertility factors against a past whose rates are known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from demosim.baseline.calibrate.fertility import estimate_fertility_factor
from demosim.baseline.calibrate.flows import derive_flows, mortality_seen
from demosim.errors import DemosimError
from made_up_history import FIRST, LAST, fertility, history, mortality


def test_residual_gives_back_the_rates_that_made_the_past() -> None:
    level = np.random.default_rng(1).normal(0, 0.01, (12, LAST - FIRST))
    flows = derive_flows(history(12, 0.0, level), mortality())
    rate = flows.net_migration.sum((1, 2)) / flows.exposure[:, :, 1:].sum((1, 2))
    np.testing.assert_allclose(rate, level, atol=1e-9)
    assert (flows.net_migration[:, :, 0] == 0).all()


def test_balance_of_the_flows() -> None:
    made = history(6)
    flows = derive_flows(made, mortality())
    after = flows.exposure + flows.net_migration
    np.testing.assert_allclose(after[:, :, 1:], flows.population[:, :, 1:, 1:], rtol=1e-12)


def test_deviations_sum_to_zero_over_places() -> None:
    flows = derive_flows(history(12), mortality())
    gross = np.abs(flows.net_migration).sum(0)
    assert (np.abs(flows.deviation.sum(0)) <= 1e-9 * gross + 1e-9).all()


def test_mortality_outside_the_table_moves_along_its_decline() -> None:
    table = mortality()
    table["improvement_rate"] = xr.full_like(table["improvement_rate"], 0.02)
    now, _ = mortality_seen(table, FIRST, 0)
    before, _ = mortality_seen(table, FIRST - 5, 0)
    same, _ = mortality_seen(table, FIRST - 5, 5)
    np.testing.assert_allclose(np.log(np.log1p(-before) / np.log1p(-now)), 0.1, rtol=1e-9)
    np.testing.assert_allclose(same, now)


def test_before_hides_everything_later() -> None:
    flows = derive_flows(history(5), mortality()).before(2010, 6)
    assert flows.years.tolist() == list(range(2004, 2010))
    assert flows.population.shape[-1] == 7


@pytest.mark.parametrize("launch", [FIRST + 1, LAST + 5])
def test_a_launch_outside_the_history_is_refused(launch: int) -> None:
    with pytest.raises(DemosimError, match="launch") as caught:
        derive_flows(history(5), mortality()).before(launch)
    assert caught.value.exit_code == 2


def test_other_ages_than_the_mortality_are_refused() -> None:
    with pytest.raises(DemosimError, match="the same ages"):
        derive_flows(history(5).isel(age=slice(0, 90)), mortality())


def test_fertility_factors_are_found_and_average_to_one() -> None:
    factor = np.linspace(0.8, 1.2, 24)
    flows = derive_flows(history(24, 0.0, factor=factor), mortality()).before(2016, 5)
    found = estimate_fertility_factor(flows, fertility()).factor
    large = slice(12, None)  # births of the small ones could be chance
    assert np.corrcoef(found[large], factor[large])[0, 1] > 0.95
    births = flows.births.sum(1)
    assert (births / found).sum() == pytest.approx(births.sum(), rel=0.02)


def test_missing_fertility_years_are_named() -> None:
    flows = derive_flows(history(5), mortality())
    with pytest.raises(DemosimError, match="lacks the years 2014, 2015"):
        estimate_fertility_factor(flows, fertility(last=2013))
