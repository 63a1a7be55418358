"""Noise of yearly migration by age: found again where it is known, from the smaller places, with its correlation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from demosim.baseline.calibrate.flows import Flows, derive_flows
from demosim.baseline.calibrate.noise import FIRST_AGES, noise_ages, noise_class, noise_covariance
from demosim.baseline.calibrate.shape import estimate_shape, make_bands
from made_up_history import history, mortality

AGES = 101


def noisy(covariance: np.ndarray, places: int = 60, seed: int = 3) -> Flows:
    """Flows without any noise but that of the classes, whose rates times roots of persons have this covariance."""
    flows = derive_flows(history(places, 0.0), mortality())
    random = np.random.default_rng(seed)
    number = noise_class(np.arange(AGES))
    people = np.stack([flows.exposure[:, :, number == at].sum((1, 2)) for at in range(len(FIRST_AGES))])
    normal = random.standard_normal((len(FIRST_AGES), *people.shape[1:]))
    rate = np.einsum("ab,bmt->amt", np.linalg.cholesky(covariance), normal) / np.sqrt(people)
    net = np.zeros_like(flows.exposure)
    for age in range(1, AGES):
        net[:, :, age] = flows.exposure[:, :, age] * rate[number[age]][:, None]
    return replace(flows, net_migration=net)


def test_classes_cover_all_ages_but_the_newborn() -> None:
    number = noise_class(np.arange(106))
    assert number[0] == -1
    assert (np.diff(number) >= 0).all()
    assert sorted(set(number[1:])) == list(range(len(FIRST_AGES)))
    assert noise_ages(np.arange(31)).tolist() == [1, 6, 16, 19, 25]
    assert noise_class(np.arange(31)).max() == 4


@pytest.mark.parametrize("together", [0.0, 0.06])
def test_covariance_is_found_again(together: float) -> None:
    size = len(FIRST_AGES)
    wanted = np.diag(np.linspace(0.1, 0.3, size)) + together * (np.ones((size, size)) - np.eye(size))
    found = noise_covariance(noisy(wanted))
    np.testing.assert_allclose(np.diag(found), np.diag(wanted), rtol=0.25)
    apart = ~np.eye(size, dtype=bool)
    assert found[apart].mean() == pytest.approx(together, abs=0.012)
    np.testing.assert_allclose(found, found.T)
    assert np.linalg.eigvalsh(found).min() > 0


def test_the_larger_half_says_nothing() -> None:
    flows = noisy(0.2 * np.eye(len(FIRST_AGES)))
    size = flows.population[..., -1].sum((1, 2))
    louder = flows.net_migration.copy()
    louder[size > np.median(size)] *= 3
    # the country's rate of the year, which is taken off, moves a little with the large
    np.testing.assert_allclose(
        np.diag(noise_covariance(replace(flows, net_migration=louder))), np.diag(noise_covariance(flows)), rtol=0.1
    )


def test_a_single_wild_year_counts_little() -> None:
    flows = noisy(0.2 * np.eye(len(FIRST_AGES)))
    wild = flows.net_migration.copy()
    wild[3, :, 25:35, 5] += 0.5 * flows.exposure[3, :, 25:35, 5]
    calm, moved = (noise_covariance(replace(flows, net_migration=net)) for net in (flows.net_migration, wild))
    assert moved[4, 4] < 1.3 * calm[4, 4]
    assert moved[4, 4] > calm[4, 4]


def test_what_is_not_known_of_the_shape_falls_with_size_and_is_below_the_signal() -> None:
    flows = noisy(0.05 * np.eye(len(FIRST_AGES)))
    students = np.random.default_rng(5).normal(0, 0.03, (60, 1, 1, 1)) * flows.exposure
    students[:, :, :20] = 0
    students[:, :, 25:] = 0
    bands = make_bands(AGES)
    shape = estimate_shape(replace(flows, net_migration=flows.net_migration + students), bands)
    assert shape.variance.shape == shape.rate.shape
    assert (shape.variance[0] == 0).all()
    assert (shape.variance >= 0).all()
    assert (shape.variance <= shape.signal[:, None] * (1 + 1e-9)).all()
    band = bands.index[0, 22]
    size = shape.exposure[band]
    order = np.argsort(size)
    assert (np.diff(shape.variance[band][order]) <= 1e-12).all(), "the larger, the better known"
    assert shape.variance[band][order[-1]] < 0.3 * shape.signal[band]
