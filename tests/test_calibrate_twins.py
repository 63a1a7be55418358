"""The estimators beside slow twins that follow the formulas one municipality, band and year at a time."""

from __future__ import annotations

import numpy as np
import pytest

from demosim.baseline.calibrate.estimates import Windows, calibrate
from demosim.baseline.calibrate.fertility import LEAST_VARIANCE as LEAST_FERTILITY_VARIANCE
from demosim.baseline.calibrate.fertility import estimate_fertility_factor
from demosim.baseline.calibrate.flows import Flows, derive_flows
from demosim.baseline.calibrate.level import LevelVariances, estimate_level
from demosim.baseline.calibrate.robust import LIMIT
from demosim.baseline.calibrate.shape import (
    LEAST_EIGENVALUE,
    LEAST_RESPONSE,
    LEAST_VARIANCE,
    estimate_shape,
    make_bands,
)
from made_up_history import AGES, LAST, fertility, history, mortality

PLACES = 10


@pytest.fixture(scope="module")
def flows() -> Flows:
    level = np.random.default_rng(8).normal(0, 0.004, PLACES)[:, None] * np.ones(LAST - 2000)
    return derive_flows(history(PLACES, 0.2, level), mortality()).before(LAST, 8)


def slow_flows(places: int) -> tuple[np.ndarray, np.ndarray]:
    """Expected survivors and net migrants, cell by cell."""
    people = history(places)["population"].values
    prob = mortality()["death_prob"].values[0]
    years = len(people) - 1
    exposure = np.zeros((places, 2, AGES, years))
    net = np.zeros_like(exposure)
    for t in range(years):
        for m in range(places):
            for s in range(2):
                for a in range(1, AGES):
                    alive = people[t, m, s, a - 1] * (1 - prob[s, a - 1])
                    if a == AGES - 1:
                        alive += people[t, m, s, a] * (1 - prob[s, a])
                    exposure[m, s, a, t] = alive
                    net[m, s, a, t] = people[t + 1, m, s, a] - alive
    return exposure, net


def test_flows() -> None:
    exposure, net = slow_flows(3)
    found = derive_flows(history(3), mortality())
    np.testing.assert_allclose(found.exposure, exposure, rtol=1e-12)
    np.testing.assert_allclose(found.net_migration, net, atol=1e-9)


def slow_deviation(flows: Flows) -> np.ndarray:
    result = np.zeros_like(flows.net_migration)
    for t in range(len(flows.years)):
        for s in range(2):
            for a in range(1, AGES):
                rate = flows.net_migration[:, s, a, t].sum() / flows.exposure[:, s, a, t].sum()
                result[:, s, a, t] = flows.net_migration[:, s, a, t] - rate * flows.exposure[:, s, a, t]
    return result


def test_deviation_and_level(flows: Flows) -> None:
    slow = slow_deviation(flows)
    np.testing.assert_allclose(flows.deviation, slow, atol=1e-9)
    for m in range(PLACES):
        for t in range(len(flows.years)):
            persons = flows.exposure[m, :, :, t].sum()
            assert flows.level[m, t] == pytest.approx(slow[m, :, :, t].sum() / persons, abs=1e-12)


def slow_rates(flows: Flows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residual rates in bands (band, place, year) pulled in, survivors, and responses."""
    bands = make_bands(AGES)
    rows, years = bands.size - 1, len(flows.years)
    persons = np.zeros((rows, PLACES, years))
    rate = np.zeros_like(persons)
    for b in range(rows):
        member = bands.index == b + 1
        for m in range(PLACES):
            for t in range(years):
                persons[b, m, t] = max(flows.exposure[m, :, :, t][member].sum(), 1)
                rate[b, m, t] = flows.deviation[m, :, :, t][member].sum() / persons[b, m, t]
    weight = np.minimum(flows.size, np.quantile(flows.size, 0.95))
    swing = flows.level - flows.level.mean(1, keepdims=True)
    response = np.array([(weight * swing * rate[b]).sum() / (weight * swing**2).sum() for b in range(rows)])
    response = np.maximum(response, LEAST_RESPONSE)
    residual = rate - response[:, None, None] * flows.level
    for b in range(rows):
        middle = np.median(residual[b], axis=1)
        scaled = (residual[b] - middle[:, None]) * np.sqrt(persons[b])
        bound = LIMIT * 1.4826 * np.median(np.abs(scaled)) * np.sqrt(years / (years - 1))
        for m in range(PLACES):
            for t in range(years):
                cut = min(max(scaled[m, t], -bound), bound)
                residual[b, m, t] = middle[m] + cut / np.sqrt(persons[b, m, t])
    return residual, persons, response


def test_shape(flows: Flows) -> None:
    residual, persons, response = slow_rates(flows)
    rows, _, years = residual.shape
    total = persons.sum(2)
    mean = (residual * persons).sum(2) / total
    noise = np.zeros((rows, rows))
    for b in range(rows):
        for c in range(rows):
            eb = (residual[b] - mean[b][:, None]) * np.sqrt(persons[b])
            ec = (residual[c] - mean[c][:, None]) * np.sqrt(persons[c])
            noise[b, c] = (eb * ec).sum() / (PLACES * (years - 1))
    county = np.zeros_like(mean)
    for m in range(PLACES):
        same = flows.county == flows.county[m]
        county[:, m] = (mean[:, same] * total[:, same]).sum(1) / total[:, same].sum(1)
    usual = total / years
    sampling = [noise / np.sqrt(np.outer(usual[:, m], usual[:, m])) / years for m in range(PLACES)]
    size = usual.sum(0)
    large = [m for m in range(PLACES) if size[m] >= np.median(size)]
    gaps = mean - county
    between = sum(np.outer(gaps[:, m], gaps[:, m]) - sampling[m] for m in large) / len(large)
    spread = np.sqrt(np.maximum(np.diag(between), LEAST_VARIANCE))
    values, vectors = np.linalg.eigh(between / np.outer(spread, spread))
    between = vectors @ np.diag(np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T * np.outer(spread, spread)
    expected = np.zeros((rows + 1, PLACES))
    found = estimate_shape(flows, make_bands(AGES))
    for m in range(PLACES):
        drawn = between @ np.linalg.inv(between + sampling[m]) @ gaps[:, m]
        rate = np.append(0.0, county[:, m] + drawn)
        weight = found.exposure[:, m] / found.exposure[:, m].sum()
        unit = np.append(0.0, response)
        expected[:, m] = rate - unit * (rate @ weight) / (unit @ weight)
    np.testing.assert_allclose(found.rate, expected, atol=1e-9)
    np.testing.assert_allclose(found.response[1:], response, rtol=1e-9)


def test_fertility_factor(flows: Flows) -> None:
    rates = fertility().reindex(age=np.arange(AGES), fill_value=0.0)
    births, expected = np.zeros(PLACES), np.zeros(PLACES)
    for t, year in enumerate(flows.years):
        rate = rates.sel(year=year).values
        own = [
            sum(rate[a] * (flows.population[m, 1, a, t] + flows.population[m, 1, a, t + 1]) / 2 for a in range(AGES))
            for m in range(PLACES)
        ]
        births += flows.births[:, t]
        expected += np.array(own) * flows.births[:, t].sum() / sum(own)
    factor = births / expected
    mean = np.array(
        [
            births[flows.county == flows.county[m]].sum() / expected[flows.county == flows.county[m]].sum()
            for m in range(PLACES)
        ]
    )
    between = max(np.average((factor - mean) ** 2 - factor / expected, weights=expected), LEAST_FERTILITY_VARIANCE)
    wanted = [
        mean[m] + between / (between + mean[m] / expected[m]) * (factor[m] - mean[m]) for m in range(PLACES)
    ]
    found = estimate_fertility_factor(flows, fertility())
    np.testing.assert_allclose(found.factor, wanted, rtol=1e-9)
    unknown = [1 / (1 / between + expected[m] / mean[m]) for m in range(PLACES)]
    np.testing.assert_allclose(found.variance, unknown, rtol=1e-9)


def test_parts_of_the_level_and_what_is_not_known_of_them(flows: Flows) -> None:
    v = LevelVariances(8e-6, 6e-6, 0.2, 4e-6, 15.0, 1.5, floor=1e-7)
    found = estimate_level(flows, v)
    years = len(flows.years)
    lag = np.abs(np.arange(years)[:, None] - np.arange(years))
    persons = flows.size[:, -1]
    middle = np.median(flows.level, axis=1, keepdims=True)
    bound = 3 * np.sqrt(v.noise / persons + v.floor + v.fading)[:, None]
    level = middle + np.clip(flows.level - middle, -bound, bound)
    same = (flows.county[:, None] == flows.county).astype(float)
    slow, fast = v.lasting_kept**lag, v.fading_kept**lag
    own = np.kron(np.eye(PLACES), v.lasting * slow + v.fading * fast)
    own += np.diag(np.repeat(v.noise / persons + v.floor, years))
    covariance = own + np.kron(same, v.county * slow)
    size = np.log(flows.population[..., -1].sum((1, 2)))
    columns = [np.ones(PLACES), size, (size - size.mean()) ** 2]
    columns = [columns[0], *((c - c.mean()) / c.std() for c in columns[1:])]
    design = np.repeat(np.stack(columns, 1), years, axis=0)
    inverse = np.linalg.inv(covariance)
    gradient = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ level.ravel())
    weights = (inverse @ (level.ravel() - design @ gradient)).reshape(PLACES, years)
    ahead = np.arange(years, 0, -1)
    for m in range(PLACES):
        mates = flows.county == flows.county[m]
        county = weights[mates].sum(0) @ (v.county * v.lasting_kept**ahead)
        mean = np.array([c[m] for c in columns]) @ gradient * v.lasting_kept
        lasting = weights[m] @ (v.lasting * v.lasting_kept**ahead)
        assert found.lasting[m] == pytest.approx(mean + county + lasting, abs=1e-12)
        assert found.fading[m] == pytest.approx(weights[m] @ (v.fading * v.fading_kept**ahead), abs=1e-12)
        alone = own[m * years : (m + 1) * years, m * years : (m + 1) * years]
        slow_row, fast_row = v.lasting * v.lasting_kept**ahead, v.fading * v.fading_kept**ahead
        solved = np.linalg.solve(alone, np.stack([slow_row, fast_row], 1))
        assert found.lasting_variance[m] == pytest.approx(v.lasting - slow_row @ solved[:, 0], rel=1e-9)
        assert found.fading_variance[m] == pytest.approx(v.fading - fast_row @ solved[:, 1], rel=1e-9)
        assert found.part_covariance[m] == pytest.approx(-slow_row @ solved[:, 1], rel=1e-9)


def test_order_of_municipalities_does_not_matter() -> None:
    made = history(PLACES)
    order = np.random.default_rng(2).permutation(PLACES)
    rest = (mortality(), fertility(), LAST, Windows(8, 10, 3), LevelVariances(8e-6, 6e-6, 0.2, 4e-6, 15.0, 1.5))
    found = calibrate(made, *rest).dataset
    moved = calibrate(made.isel(municipality=order), *rest).dataset
    moved = moved.sel(municipality=found["municipality"])
    for name in ("fertility_factor", "level_noise_variance"):
        np.testing.assert_allclose(moved[name], found[name], rtol=1e-9)
    np.testing.assert_allclose(moved["net_migration_deviation"], found["net_migration_deviation"], atol=1e-12)


def test_sex_and_axis_order_of_the_file_do_not_matter() -> None:
    made = history(PLACES)
    turned = made.transpose("age", "sex", "municipality", "year")
    first = derive_flows(made, mortality())
    second = derive_flows(turned, mortality())
    np.testing.assert_array_equal(first.net_migration, second.net_migration)
