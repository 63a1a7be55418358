"""Bands, age shape and robust weights."""

from __future__ import annotations

import numpy as np
import pytest

from demosim.baseline.calibrate.flows import derive_flows
from demosim.baseline.calibrate.robust import pulled_in
from demosim.baseline.calibrate.shape import estimate_shape, make_bands
from made_up_history import history, mortality


def test_bands_cover_every_age_but_the_newborn() -> None:
    bands = make_bands(106)
    assert bands.size <= 60
    assert (bands.index[:, 0] == 0).all()
    assert (bands.index[:, 1:] > 0).all()
    assert bands.index[0, 20] != bands.index[1, 20]
    assert bands.index[0, 70] == bands.index[1, 70]


def test_bands_fit_a_country_with_fewer_ages() -> None:
    assert make_bands(31).index.shape == (2, 31)
    assert make_bands(31).index.max() == make_bands(31).size - 1


def test_sums_over_bands() -> None:
    bands = make_bands(40)
    values = np.random.default_rng(1).uniform(0, 9, (3, 2, 40, 5))
    sums = bands.sums(values)
    member = bands.index == 2
    np.testing.assert_allclose(sums[2], values[:, member].sum(1))
    np.testing.assert_allclose(sums.sum(0), values.sum((1, 2)))


def test_shape_has_no_total_and_finds_students() -> None:
    made = history(24, 0.02)
    flows = derive_flows(made, mortality())
    students = np.zeros(flows.exposure.shape)
    students[4, :, 20] = 0.10 * flows.exposure[4, :, 20]
    students[4, :, 26] = -0.08 * flows.exposure[4, :, 26]
    bands = make_bands(flows.exposure.shape[2])
    shape = estimate_shape(flows.less(-students), bands)
    own = (shape.rate * shape.exposure).sum(0) / shape.exposure.sum(0)
    np.testing.assert_allclose(own, 0, atol=1e-12)
    assert shape.rate[bands.index[0, 20], 4] > 0.05
    assert shape.rate[bands.index[1, 26], 4] < -0.03
    assert abs(shape.rate[bands.index[0, 20], 11]) < 0.03
    assert (shape.rate[0] == 0).all()


def test_spread_gives_back_the_level() -> None:
    flows = derive_flows(history(24, 0.1), mortality())
    shape = estimate_shape(flows, make_bands(flows.exposure.shape[2]))
    level = np.linspace(-0.01, 0.01, 24)
    rate = shape.spread(level)
    np.testing.assert_allclose((rate * shape.exposure).sum(0) / shape.exposure.sum(0), level, atol=1e-15)


def test_far_years_are_brought_to_the_limit_and_others_left_alone() -> None:
    random = np.random.default_rng(2)
    persons = np.full((50, 10), 400.0)
    rate = random.normal(0, 1 / 20, (50, 10))
    rate[7, 3] = 5.0
    pulled = pulled_in(rate, persons)
    assert pulled[7, 3] < 0.5
    assert pulled[7, 3] == pulled[7].max()
    calm = np.delete(np.arange(50), 7)
    assert (pulled[calm] == pytest.approx(rate[calm])) or (np.abs(pulled - rate)[calm] > 0).sum() <= 3
