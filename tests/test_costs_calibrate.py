"""Calibration: small problems solved by hand, and the published figures as the example of over-fitting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.costs.calibrate import Calibration, Target, calibrate_costs, cell_uncertainty
from demosim.costs.figures import persons
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.scenario.cost_options import CostOptions
from demosim.validation.candidates import history_targets, published_targets
from demosim.validation.results import DATA_SET, population_changes, single_ages

COST = xr.DataArray(
    np.array([[100.0, 0.0], [0.0, 50.0]]), dims=("service", "age"),
    coords={
        "service": ["young", "old"], "age": [0, 1], "net_share": ("service", [0.5, 1.0]),
        "level": ("service", ["municipal", "county"]),
    },
    attrs={"price_year": 2025},
)  # fmt: skip
CELLS = pd.DataFrame({"service": ["young", "old"], "lower": [0, 1], "upper": [0, 1], "sd": [0.1, 0.2]})
ONE = np.array([1.0, 1.0])


def test_the_least_change_by_hand() -> None:
    """Minimise (x/0.1)² + (y/0.2)² with 100 x + 50 y = 10: by Lagrange x = 0.05 and y = 0.1."""
    found = calibrate_costs(COST, [Target("sum", ONE, 160.0, 161.0)], CELLS)
    np.testing.assert_allclose(found.cells["change"], [0.05, 0.1], rtol=1e-5)
    np.testing.assert_allclose(found.unit_cost.values, [[105, 0], [0, 55]], rtol=1e-6)
    assert found.targets["before"].tolist() == [150]
    assert found.targets["after"][0] == pytest.approx(160, rel=1e-8)
    assert found.size == pytest.approx(0.25 + 0.25, rel=1e-4)
    assert found.cells["ages"].tolist() == ["0", "1+"]


def test_targets_that_are_met_change_nothing() -> None:
    found = calibrate_costs(COST, [Target("sum", ONE, 149.0, 151.0)], CELLS)
    np.testing.assert_allclose(found.cells["change"], 0, atol=1e-9)


def test_sector_financing_and_prices_of_a_target() -> None:
    targets = [
        Target("municipal", ONE, 100, 100, "municipal"), Target("all financing", ONE, 250, 250, "all", "all"),
        Target("dearer", ONE, 300, 300, price_factor=2.0),
    ]  # fmt: skip
    assert calibrate_costs(COST, targets, CELLS).targets["before"].tolist() == [100, 250, 300]


def test_what_is_held_out_is_shown_and_not_met() -> None:
    targets = [Target("sum", ONE, 160, 160), Target("old only", np.array([0.0, 1.0]), 50, 52, hold_out=True)]
    table = calibrate_costs(COST, targets, CELLS).targets.set_index("target")
    assert table.loc["old only", "after"] == pytest.approx(55, rel=1e-5)
    assert table.loc["old only", "residual"] == pytest.approx(3, rel=1e-4)


def test_what_cannot_be_met_is_named() -> None:
    targets = [Target("more", ONE, 160, 161), Target("less", ONE, 100, 110)]
    with pytest.raises(DemosimError, match="out of reach: "):
        calibrate_costs(COST, targets, CELLS)
    with pytest.raises(DemosimError, match="no target is to be met"):
        calibrate_costs(COST, [Target("x", ONE, 0, 1, hold_out=True)], CELLS)


def test_costs_never_become_negative() -> None:
    found = calibrate_costs(COST, [Target("young", np.array([1.0, 0.0]), 0, 0.5)], CELLS)
    assert (found.unit_cost.values >= -1e-9).all()


def test_uncertainty_of_the_cells() -> None:
    table = cell_uncertainty().set_index(["service", "lower"])["sd"]
    assert table["grunnskole", 6] == pytest.approx(0.05, abs=0.01)
    assert table["pleie_omsorg", 75] > 0.4
    assert table["fylkestransport", 25] == 0.35
    assert table["videregaende", 16] == 0.10
    assert ("barnehage", 6) not in table.index


@pytest.fixture(scope="module")
def published() -> Calibration:
    changes = population_changes(read_baseline(DATA_SET))
    cost = derive_unit_cost(single_ages(), CostOptions(), 2025)
    return calibrate_costs(cost, published_targets(changes) + history_targets())


def test_the_published_figures_can_be_met_and_that_is_over_fitting(published: Calibration) -> None:
    """As the notes say: the history gets worse, and 75–79 nearly as dear as 80–84."""
    used = published.targets[~published.targets["hold_out"]]
    assert len(used) == 10
    assert (used["residual"] < 1e3).all()
    history = published.targets[published.targets["hold_out"]]
    assert len(history) == 14
    middle = (history["low"] + history["high"]) / 2
    before, after = (float(np.sqrt(((history[name] - middle) ** 2).mean())) / 1e9 for name in ("before", "after"))
    assert before == pytest.approx(0.78, abs=0.01)
    assert after == pytest.approx(0.83, abs=0.01)
    number = persons(2024)
    care = published.unit_cost.sel(service="pleie_omsorg").values * number
    level = [care[a:b].sum() / number[a:b].sum() for a, b in ((75, 80), (80, 85))]
    assert level[0] / level[1] > 0.9
    cell = published.cells.set_index(["service", "ages"]).loc[("pleie_omsorg", "75-79")]
    assert cell["change"] == pytest.approx(0.42, abs=0.02)
    assert cell["change_over_sd"] < 1
