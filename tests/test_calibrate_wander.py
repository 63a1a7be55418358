"""How the pull of size and fertility wander: found again where they are known, nothing where nothing moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from demosim.baseline.calibrate.fertility import births_and_expected
from demosim.baseline.calibrate.flows import Flows, derive_flows
from demosim.baseline.calibrate.settlement import Settlement, lean, settlement_spread
from demosim.baseline.calibrate.wander import estimate_wander, fertility_step, pull_variance
from made_up_history import AGES, LAST, fertility, history, mortality

PLACES = 24
YEARS = 16


@pytest.fixture(scope="module")
def quiet() -> Flows:
    return derive_flows(history(PLACES, 0.0), mortality())


def moved(flows: Flows, rate: np.ndarray) -> Flows:
    """Flows with more net migration at rates (municipality, year) that are the same at all ages."""
    net = flows.net_migration + flows.exposure * rate[:, None, None, :]
    net[:, :, 0] = 0
    return replace(flows, net_migration=net)


def noisy(flows: Flows, variance: float = 0.2, seed: int = 2) -> Flows:
    random = np.random.default_rng(seed)
    return moved(flows, random.standard_normal(flows.size.shape) * np.sqrt(variance / flows.size))


def test_years_that_differ_in_their_pull_are_found(quiet: Flows) -> None:
    size = np.log(quiet.size[:, -1])
    found = []
    for seed in range(30):
        slope = np.random.default_rng(seed).normal(0, 1e-3, YEARS)
        found.append(pull_variance(noisy(moved(quiet, np.outer(size - size.mean(), slope)), seed=seed)))
    assert np.mean(found) == pytest.approx(1e-6, rel=0.15)


def test_noise_alone_has_hardly_a_pull(quiet: Flows) -> None:
    found = [pull_variance(noisy(quiet, seed=seed)) for seed in range(30)]
    assert min(found) == 0.0, "what sampling makes of it is taken off"
    assert np.mean(found) < 4e-8
    lasting = moved(quiet, np.outer(np.log(quiet.size[:, -1]), np.full(YEARS, 1e-3)))
    assert pull_variance(lasting) < 1e-10, "a pull that is the same every year is in the estimate"


def wandering(flows: Flows, step: float, seed: int) -> Flows:
    """Poisson births of municipalities whose factors wander by steps of a standard deviation."""
    random = np.random.default_rng(seed)
    _, expected = births_and_expected(flows, fertility())
    walk = np.exp(step * random.standard_normal(expected.shape).cumsum(1))
    return replace(flows, births=random.poisson(expected * walk).astype(float))


@pytest.mark.parametrize("step", [0.0, 0.02, 0.05])
def test_steps_of_fertility_are_found(quiet: Flows, step: float) -> None:
    found = np.mean([fertility_step(wandering(quiet, step, seed), fertility()) for seed in range(20)])
    # the country's births are the sum of all, so that a little of the steps is taken for the country's own
    assert found == pytest.approx(step**2, rel=0.3, abs=2e-5)


def test_only_years_in_a_row_with_known_rates_count(quiet: Flows) -> None:
    flows = wandering(quiet, 0.05, 1)
    rates = fertility()
    assert fertility_step(flows, rates.sel(year=rates["year"] != 2006)) == fertility_step(
        flows.before(LAST, LAST - 2007), rates
    )


def test_both_are_estimated_from_their_own_years(quiet: Flows) -> None:
    flows = wandering(noisy(quiet), 0.03, 4)
    both = estimate_wander(flows, flows.before(LAST, 8), fertility())
    assert both.pull == pull_variance(flows)
    assert both.fertility == fertility_step(flows.before(LAST, 8), fertility())


PROFILE = np.zeros((2, AGES))
PROFILE[:, 1:40] = 1 / 78


def settling(flows: Flows, spread: float, seed: int, tilt: float = 0.2) -> tuple[Flows, Settlement]:
    """Two years of a wave that every municipality takes more or less of than its share, the same in both."""
    random = np.random.default_rng(seed)
    persons = np.where(np.isin(flows.years, [2012, 2013]), 0.004 * flows.size.sum(0), 0.0)
    wave = Settlement(flows.years, persons, PROFILE, tilt, 0.01)
    rate = np.maximum(1 + tilt * lean(flows.size[:, -1], flows.size[:, -1]), 0)
    own = rate * np.exp(random.normal(0, np.sqrt(np.log1p(spread)), len(rate)) - np.log1p(spread) / 2)
    return moved(noisy(flows, seed=seed), np.outer(own - rate, persons / flows.size.sum(0))), wave


def test_municipalities_that_settle_as_they_please_are_seen(quiet: Flows) -> None:
    """Somewhat cautiously, since years far from a municipality's others are pulled in."""
    found, error = np.array([settlement_spread(*settling(quiet, 0.2, seed)) for seed in range(30)]).T
    assert 0.11 < found.mean() < 0.22
    assert 0.5 < np.sqrt((error**2).mean()) / found.std() < 1.5, "errors say how far estimates are from each other"
    wider = np.mean([settlement_spread(*settling(quiet, 0.6, seed))[0] for seed in range(30)])
    assert wider > 1.7 * found.mean()


def test_municipalities_that_follow_the_key_are_not(quiet: Flows) -> None:
    found, error = np.array([settlement_spread(*settling(quiet, 0.0, seed)) for seed in range(30)]).T
    assert (found >= 0).all()
    assert found.mean() < 0.05
    assert (found > 3 * error).sum() <= 1


@pytest.mark.parametrize("persons", [0.0, 1e4])
def test_without_calm_years_or_without_waves_nothing_is_said(quiet: Flows, persons: float) -> None:
    wave = Settlement(quiet.years, np.full(YEARS, persons), PROFILE, 0.2, 0.01)
    assert settlement_spread(quiet, wave) == (0.0, np.inf)
