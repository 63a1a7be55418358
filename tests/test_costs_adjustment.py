"""The adjustment path: neutral values change no bit, the rest is worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from demosim.costs.adjustment import adjustment_path, follow
from demosim.costs.need import expenditure
from demosim.errors import DemosimError
from demosim.scenario.cost_options import Adjustment
from demosim.variables import validate


def costs(seed: int = 0, places: int = 3, dates: int = 5) -> xr.Dataset:
    random = np.random.default_rng(seed)
    people = xr.DataArray(
        random.uniform(0, 100, (places, 2, 4, dates)), dims=("municipality", "sex", "age", "date"),
        coords={
            "municipality": [f"M{i}" for i in range(places)], "sex": ["male", "female"], "age": np.arange(4),
            "date": 2026 + np.arange(dates),
        },
    )  # fmt: skip
    unit_cost = xr.DataArray(
        random.uniform(1e3, 1e5, (2, 4)), dims=("service", "age"),
        coords={"service": ["school", "care"], "age": np.arange(4), "net_share": ("service", [0.9, 0.8])},
        attrs={"price_year": 2026},
    )  # fmt: skip
    return expenditure(people, unit_cost)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000))
def test_law_2_neutral_values_give_the_full_effect_bit_for_bit(seed: int) -> None:
    given_costs = costs(seed)
    for how in ({}, {"school": Adjustment(), "care": Adjustment(speed_up=1, speed_down=1.0, restructuring=0.0)}):
        found = adjustment_path(given_costs, how)
        np.testing.assert_array_equal(found["feasible_expenditure"], given_costs["expenditure_need"])
        np.testing.assert_array_equal(found["feasible_demographic_expenditure"], given_costs["demographic_expenditure"])
        for name in ("adjustment_gap", "restructuring_cost", "accumulated_adjustment_cost"):
            assert not found[name].any()
        assert validate(found) == []


def test_speeds_by_hand() -> None:
    path = follow(np.array([[100.0, 80, 80, 120]]), Adjustment(speed_up=0.5, speed_down=0.25))
    np.testing.assert_allclose(path, [[100, 95, 91.25, 105.625]])


def test_lumps_by_hand() -> None:
    lumpy = Adjustment(places=2, kr_per_place=5)
    assert lumpy.lump == 10
    # down by 4 cannot be taken out, down by 11 takes out one lump, up by 1 needs a whole one
    np.testing.assert_allclose(follow(np.array([[100.0, 96, 89, 101, 110]]), lumpy), [[100, 100, 90, 110, 110]])


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 50))
def test_spending_lies_between_its_past_and_the_need(up: float, down: float, seed: int) -> None:
    need = np.random.default_rng(seed).uniform(10, 1000, (4, 6))
    path = follow(need, Adjustment(speed_up=up, speed_down=down))
    low, high = np.minimum(path[:, :-1], need[:, 1:]), np.maximum(path[:, :-1], need[:, 1:])
    assert (path[:, 1:] >= low - 1e-9).all()
    assert (path[:, 1:] <= high + 1e-9).all()
    np.testing.assert_array_equal(follow(need, Adjustment(speed_up=0, speed_down=0)), need[:, :1] * np.ones(6))


@settings(deadline=None, max_examples=40)
@given(st.floats(1, 200), st.integers(0, 50))
def test_with_lumps_nobody_lacks_a_place_and_less_than_a_lump_is_idle(lump: float, seed: int) -> None:
    need = np.random.default_rng(seed).uniform(300, 1000, (4, 6))
    idle = follow(need, Adjustment(places=1, kr_per_place=lump)) - need
    assert (idle >= -1e-6).all()
    assert (idle <= lump + 1e-6).all()


def test_restructuring_and_what_is_accumulated() -> None:
    given_costs = costs(places=1, dates=3)
    need = given_costs["expenditure_need"].copy()
    need.loc[{"service": "school", "financing": "free_income"}] = [[100.0, 80.0, 90.0]]
    need.loc[{"service": "school", "financing": "all"}] = np.array([[100.0, 80.0, 90.0]]) / 0.9
    how = {"school": Adjustment(speed_down=0.5, restructuring=0.2)}
    found = adjustment_path(given_costs.assign(expenditure_need=need), how).sel(service="school", municipality="M0")
    net, gross = found.sel(financing="free_income"), found.sel(financing="all")
    np.testing.assert_allclose(net["feasible_expenditure"], [100, 90, 90])
    np.testing.assert_allclose(net["adjustment_gap"], [0, 10, 0])
    np.testing.assert_allclose(net["restructuring_cost"], [2, 0])
    np.testing.assert_allclose(net["accumulated_adjustment_cost"], [12, 12])
    np.testing.assert_allclose(gross["accumulated_adjustment_cost"], np.array([12, 12]) / 0.9)
    assert net["restructuring_cost"]["budget_year"].values.tolist() == [2027, 2028]


def test_bad_values_are_refused() -> None:
    with pytest.raises(ValidationError, match="places and kr_per_place belong together"):
        Adjustment(places=20)
    with pytest.raises(ValidationError, match="speed_up"):
        Adjustment(speed_up=1.5)
    with pytest.raises(ValidationError, match="Extra inputs"):
        Adjustment.model_validate({"speed": 0.5})
    with pytest.raises(DemosimError, match=r'no service is called "scool".*"school"'):
        adjustment_path(costs(), {"scool": Adjustment()})
