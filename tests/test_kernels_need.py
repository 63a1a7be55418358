"""Need inside the engine, small enough for plain Python: by municipality, by region, for few and many bands."""

from __future__ import annotations

import numpy as np
import pytest

import made_up
import naive
from demosim.kernels.threads import run_scenarios
from demosim.packing import CostTable, pack
from demosim.projection import assumption_arrays
from plain_assumptions import plain_assumptions

AGES, YEARS, REGIONS = 13, 3, 3
ARRAYS = assumption_arrays(
    plain_assumptions(made_up.small_country(REGIONS, last_age=AGES - 1, steps=YEARS, scale=900), streams=1)
)
FLAT = np.ones((1, AGES))  # one band
STEPS = np.stack([np.repeat([0.0, 3.0, 1.0], [3, 6, 4]), np.repeat([2.0, 5.0], [10, 3])])  # two and three bands
SMOOTH = np.linspace(1.0, 7.0, AGES)[None] ** 2  # a band for each age: four at once and one over


def unit_costs(kind: str) -> np.ndarray:
    return {"flat": FLAT, "steps": STEPS, "smooth": SMOOTH, "all": np.concatenate([FLAT, STEPS, SMOOTH])}[kind]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", ["flat", "steps", "smooth", "all"])
def test_need_by_municipality_is_that_of_the_plain_twin(kind: str, dtype: type[np.floating]) -> None:
    cost = unit_costs(kind)
    inputs, pick = pack([ARRAYS], [CostTable.from_unit_cost(cost, 2)], dtype=dtype)
    found = run_scenarios(inputs, pick, REGIONS)
    twin = naive.need(naive.project(ARRAYS)["population"], cost)
    np.testing.assert_allclose(found.need[0], twin, rtol=1e-12 if dtype is np.float64 else 2e-6)


def test_need_by_region_is_the_sum_of_its_municipalities_and_some_belong_to_none() -> None:
    tables = [CostTable.from_unit_cost(unit_costs("all"), 2)]
    apart = run_scenarios(*pack([ARRAYS], tables), REGIONS).need[0]
    inputs, pick = pack([ARRAYS], tables, np.array([1, -1, 1]))
    found = run_scenarios(inputs, pick, 2).need[0]
    np.testing.assert_allclose(found[..., 1], apart[..., 0] + apart[..., 2], rtol=1e-12)
    assert not found[..., 0].any()


def test_two_scenarios_beside_each_other_do_not_see_each_other() -> None:
    other = {**ARRAYS, "fertility_rate": 2 * ARRAYS["fertility_rate"]}
    tables = [CostTable.from_unit_cost(STEPS, 2)]
    both = run_scenarios(*pack([ARRAYS, other], tables), REGIONS).need
    for at, arrays in enumerate((ARRAYS, other)):
        np.testing.assert_array_equal(both[at], run_scenarios(*pack([arrays], tables), REGIONS).need[0])
    assert (both[1] >= both[0]).all()
