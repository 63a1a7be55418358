"""What is timed side by side must give the same figures."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import made_up
from conftest import ROOT
from demosim.kernels.threads import run_scenarios
from demosim.projection import assumption_arrays
from plain_assumptions import plain_assumptions

sys.path.insert(0, str(ROOT))
inputs = pytest.importorskip("benchmarks.inputs")
numpy_model = pytest.importorskip("benchmarks.numpy_model")
pandas_model = pytest.importorskip("benchmarks.pandas_model")
plot = pytest.importorskip("benchmarks.plot")


def small_case(scale: float = 3000, deviations: float = 1) -> inputs.Case:
    """A made-up country as a case."""
    arrays = assumption_arrays(plain_assumptions(made_up.small_country(steps=5, scale=scale), streams=2))
    arrays["net_migration_deviation"] = arrays["net_migration_deviation"] * deviations
    cost = np.random.default_rng(1).uniform(0, 9, (3, arrays["jump_off_population"].shape[2]))
    return inputs.Case(arrays, cost)


def ours(case: inputs.Case, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Need by the kernel."""
    packed, pick = inputs.packed(case, [arrays], np.float64)
    return run_scenarios(packed, pick, case.size).need[0]


@pytest.mark.parametrize("deviations", [1, 60])
def test_numpy_gives_the_same_need_also_where_cells_are_floored(deviations: float) -> None:
    case = small_case(scale=20 if deviations > 1 else 3000, deviations=deviations)
    model = numpy_model.NumpyModel(case.arrays, case.unit_cost, np.float64)
    for arrays in [case.arrays, *inputs.sweep(case, 2)]:
        np.testing.assert_allclose(model.run(arrays), ours(case, arrays), rtol=1e-10)


def test_pandas_gives_the_same_need() -> None:
    case = small_case()
    need = pandas_model.PandasModel(case.arrays, case.unit_cost).run().unstack("place").to_numpy()
    expected = ours(case, case.arrays)
    np.testing.assert_allclose(need.reshape(expected.shape), expected, rtol=1e-10)


def test_a_country_in_many_copies_needs_the_same() -> None:
    case = small_case()
    tiled = inputs.tiled(case, 3)
    once, thrice = ours(case, case.arrays), ours(tiled, tiled.arrays)
    np.testing.assert_allclose(thrice.reshape(*once.shape[:2], 3, -1).sum(axis=2), once, rtol=1e-10)


def test_cases_of_other_ages_and_years_run() -> None:
    case = small_case()
    for grown in (inputs.with_ages(case, 15), inputs.with_ages(case, 62), inputs.with_years(case, 13)):
        assert np.isfinite(ours(grown, grown.arrays)).all()


def test_the_plot_has_a_bar_for_each_value() -> None:
    picture = plot.bars("Title & more", "ms", {"demosim": 0.5, "NumPy": 4.0})
    assert picture.count("<rect") == 3
    assert "Title &amp; more" in picture
