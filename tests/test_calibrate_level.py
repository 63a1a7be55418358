"""The level model against its plain form, and against data whose variances are known."""

from __future__ import annotations

import numpy as np
import pytest

from demosim.baseline.calibrate.flows import derive_flows
from demosim.baseline.calibrate.level import (
    LevelVariances,
    _Data,
    _fit,
    _solve,
    estimate_effect,
    estimate_level,
    size_design,
)
from made_up_history import history, mortality

GIVEN = LevelVariances(8e-6, 6e-6, 0.25, 1.5e-5, 15.0, 1.5)


def data(places: int = 30, years: int = 8, seed: int = 1, v: LevelVariances = GIVEN) -> tuple[_Data, np.ndarray]:
    """Levels drawn from the model itself, and the county of each place."""
    random = np.random.default_rng(seed)
    persons = np.exp(random.uniform(7, 12, places))
    county = np.arange(places) % 5
    lag = np.abs(np.arange(years)[:, None] - np.arange(years))
    slow, fast = v.lasting_kept**lag, v.fading_kept**lag
    draw = random.multivariate_normal
    level = draw(np.zeros(years), v.lasting * slow + v.fading * fast, places)
    level += draw(np.zeros(years), v.county * slow, 5)[county]
    columns = size_design(persons)
    level += (np.array([0.0, 0.002, 0.0]) @ columns)[:, None]
    level += random.normal(0, 1, (places, years)) * np.sqrt(v.noise / persons)[:, None]
    return _Data(level, persons, np.repeat(columns[:, :, None], years, axis=2), np.eye(5)[:, county]), county


def dense(d: _Data, county: np.ndarray, v: LevelVariances) -> tuple[float, np.ndarray, np.ndarray]:
    """Restricted likelihood and coefficients from the full covariance matrix, and that matrix."""
    places, years = d.level.shape
    slow, fast = v.lasting_kept**d.lag, v.fading_kept**d.lag
    same = (county[:, None] == county).astype(float)
    covariance = np.kron(np.eye(places), v.lasting * slow + v.fading * fast) + np.kron(same, v.county * slow)
    covariance += np.diag(np.repeat(v.noise / d.persons + v.floor, years))
    design = d.design.reshape(len(d.design), -1).T
    y = d.level.ravel()
    inverse = np.linalg.inv(covariance)
    information = design.T @ inverse @ design
    gradient = np.linalg.solve(information, design.T @ inverse @ y)
    rest = y - design @ gradient
    log_det = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
    return -0.5 * (log_det + rest @ inverse @ rest), gradient, covariance


def test_likelihood_and_gradient_equal_the_dense_form() -> None:
    d, county = data(12, 6)
    expected, gradient, _ = dense(d, county, GIVEN)
    found = _solve(d, GIVEN)
    assert found.log_likelihood == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(found.gradient, gradient, rtol=1e-7)


def test_county_effect_equals_the_dense_prediction() -> None:
    d, county = data(12, 6)
    _, gradient, covariance = dense(d, county, GIVEN)
    found = _solve(d, GIVEN)
    rest = (d.level - np.einsum("p,pmk->mk", gradient, d.design)).ravel()
    weights = np.linalg.solve(covariance, rest).reshape(d.level.shape)
    by_county = np.stack([weights[county == c].sum(0) for c in range(5)])
    expected = by_county @ (GIVEN.county * GIVEN.lasting_kept**d.lag)
    np.testing.assert_allclose(found.county, expected, atol=1e-12)


def test_estimated_variances_come_near_the_true_ones() -> None:
    d, _ = data(300, 15, seed=7)
    found = _fit(d)
    assert found.estimated
    assert found.lasting_half_life == pytest.approx(15.0)
    assert found.noise == pytest.approx(GIVEN.noise, rel=0.15)
    assert found.lasting + found.fading == pytest.approx(GIVEN.lasting + GIVEN.fading, rel=0.25)
    assert 0.4 < found.fading_half_life < 4


def test_free_half_life_raises_the_likelihood() -> None:
    d, _ = data(60, 12, seed=2)
    fixed, free = _fit(d), _fit(d, None)
    assert _solve(d, free).log_likelihood >= _solve(d, fixed).log_likelihood - 1e-4


def test_level_of_a_made_up_country() -> None:
    places, years = 24, 16
    truth = np.zeros((places, years))
    truth[3] = 0.012
    truth[20] = -0.008
    flows = derive_flows(history(places, 0.05, truth), mortality())
    level = estimate_level(flows, LevelVariances(2e-5, 1e-9, 0.05, 1e-9, 1000.0, 1.0))
    own = level.lasting + level.fading - np.median(level.lasting + level.fading)
    assert own[3] > 0.008
    assert own[20] < -0.005
    assert (level.lasting_variance > 0).all()
    assert level.lasting_variance[0] > level.lasting_variance[-1]  # the small are known less well


def test_a_step_is_pulled_in_and_listed_not_deleted() -> None:
    places, years = 24, 16
    jump = np.zeros((places, years))
    jump[5, 9] = 0.2
    flows = derive_flows(history(places, 0.05, jump), mortality())
    level = estimate_level(flows)
    step = max(level.steps, key=lambda s: abs(s.deviations))
    assert (step.municipality, step.year) == (5, int(flows.years[9]))
    assert 0 < step.weight < 0.5
    assert step.persons == pytest.approx(0.2 * flows.size[5, 9], rel=0.1)
    assert abs(level.lasting[5]) < 0.02


def test_effect_of_a_known_column_is_found() -> None:
    flows = derive_flows(history(24, 0.05), mortality())
    column = np.zeros(flows.level.shape)
    column[:, 5:8] = np.tile([0.004, -0.004], 12)[:, None]
    effect, error = estimate_effect(flows.less(-0.7 * (column[:, None, None] * flows.exposure)), column)
    assert effect == pytest.approx(0.7, abs=4 * error)
    assert 0 < error < 0.2


def test_one_size_has_no_gradient() -> None:
    assert size_design(np.full(5, 100.0)).shape == (1, 5)
