"""What matters: linear effects beside runs, by country and municipality, ranges from a past, Sobol' indices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sweep_country
from demosim.baseline.calibrate import history as past
from demosim.baseline.calibrate.national import read_nation
from demosim.baseline.read import read_facts
from demosim.costs.need import expenditure
from demosim.costs.prices import read_deflator
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_result
from demosim.projection import project
from demosim.scenario.read import read_scenario
from demosim.scenario.resolve import resolve
from demosim.sweep.changes import list_changes
from demosim.sweep.ranges import changes, national_ranges, read_ranges, unit_cost_changes
from demosim.sweep.run_sensitivity import run_sensitivity
from demosim.sweep.sensitivity import Figure, tornado
from demosim.sweep.sobol import sobol
from demosim.uncertainty.fan_history import national_series


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    return sweep_country.scenario_file(tmp_path)


def parts(scenario: Path) -> tuple[xr.Dataset, xr.DataArray]:
    country = sweep_country.country()
    return resolve(country, read_scenario(scenario)).assumptions, country["unit_cost"]


def yearly(assumptions: xr.Dataset, unit_cost: xr.DataArray, year: int) -> float:
    costs = expenditure(project(assumptions)["population"], unit_cost).sel(financing="free_income")
    return float(costs["demographic_expenditure"].sel(budget_year=year).sum())


def test_ends_are_as_if_run_alone(scenario: Path) -> None:
    assumptions, unit_cost = parts(scenario)
    found = run_sensitivity(scenario, budget_year=2024)
    base = yearly(assumptions, unit_cost, 2024)
    assert found.attrs["value"] == pytest.approx(base, rel=1e-9)
    span = read_ranges()["fertility"]
    more = assumptions.assign(fertility_rate=assumptions["fertility_rate"] * span.high)
    effect = float(found["effect_high"].sel(assumption="fertility"))
    assert effect == pytest.approx(yearly(more, unit_cost, 2024) - base, rel=1e-6)
    dearer = unit_cost.copy()
    dearer.loc[{"service": "school"}] *= read_ranges()["unit_cost"].low
    effect = float(found["effect_low"].sel(assumption="unit_cost.school"))
    assert effect == pytest.approx(yearly(assumptions, dearer, 2024) - base, rel=1e-6)
    persons = float(assumptions["jump_off_population"].sum())
    low = float(found["low"].sel(assumption="migration"))
    assert low == pytest.approx(read_ranges()["migration"].low * persons)


def test_linear_figures_are_the_first_order(scenario: Path) -> None:
    """With ranges a hundredth as wide, ends and linear figures agree to a few thousandths."""
    assumptions, unit_cost = parts(scenario)
    narrow = {
        kind: replace(span, low=span.low / 100, high=span.high / 100) if kind == "migration"
        else replace(span, low=1 + (span.low - 1) / 100, high=1 + (span.high - 1) / 100)
        for kind, span in read_ranges().items()
    }  # fmt: skip
    found = tornado(assumptions, unit_cost, list_changes(assumptions, unit_cost, narrow), Figure(2026), ("R2",))
    for prefix in ("", "municipal_"):
        for end in ("low", "high"):
            run, linear = found[f"{prefix}effect_{end}"], found[f"{prefix}linear_{end}"]
            np.testing.assert_allclose(run, linear, rtol=5e-3, atol=1.0)
        assert not found[f"{prefix}nonlinear"].any()


def test_the_widest_comes_first_and_parts_add_up(scenario: Path) -> None:
    found = run_sensitivity(scenario, municipalities=["R1", "R2", "R3", "R4"], accumulated=True, budget_year=2026)
    width = np.maximum(abs(found["effect_low"]), abs(found["effect_high"])).values
    assert (np.diff(width) <= 0).all()
    for name in ("effect_low", "linear_high"):
        np.testing.assert_allclose(found[f"municipal_{name}"].sum("municipality"), found[name], rtol=1e-8, atol=1e-3)
    assert float(found["municipal_value"].sum()) == pytest.approx(found.attrs["value"])
    assert set(found["assumption"].values) >= {"migration", "fertility", "mortality", "stream.crisis", "unit_cost.care"}
    assert found["label_en"].sel(assumption="stream.crisis").item() == "Stream crisis, times"


def test_what_is_not_linear_is_flagged(scenario: Path) -> None:
    assumptions, unit_cost = parts(scenario)
    wild = dict(read_ranges())
    wild["fertility"] = replace(wild["fertility"], low=0.1, high=4.0)
    wild["mortality"] = replace(wild["mortality"], low=0.1, high=6.0)
    found = tornado(assumptions, unit_cost, list_changes(assumptions, unit_cost, wild), Figure(2026))
    assert found["nonlinear"].sel(assumption="mortality").item() == 1
    assert found["nonlinear"].sel(assumption="unit_cost.school").item() == 0


def test_the_result_is_written_and_threads_do_not_matter(scenario: Path, tmp_path: Path) -> None:
    one = run_sensitivity(scenario, tmp_path / "a.nc", ["R1"], sobol_points=4, seed=0)
    two = run_sensitivity(scenario, tmp_path / "b.nc", ["R1"], sobol_points=4, seed=0, threads=2)
    xr.testing.assert_identical(one, two)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    assert read_result(tmp_path / "a.nc", "sensitivity").attrs["sobol_points"] == 4


def test_indices_of_an_additive_figure_sum_to_one(scenario: Path) -> None:
    assumptions, unit_cost = parts(scenario)
    chosen = [change for change in list_changes(assumptions, unit_cost) if change.kind == "unit_cost"]
    found = sobol(assumptions, unit_cost, chosen, Figure(2026), 256)
    assert float(found["first_order"].sum()) == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(found["first_order"], found["total_order"], atol=0.05)
    widths = np.array([abs(tornado(assumptions, unit_cost, [c], Figure(2026))["linear_high"].item()) for c in chosen])
    np.testing.assert_allclose(found["total_order"], widths**2 / (widths**2).sum(), atol=0.05)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"municipalities": ["R9"]}, "no municipality has the number R9"),
        ({"budget_year": 2050}, "2050 is not projected"),
        ({"sobol_points": 3}, "no power of two"),
    ],
)
def test_wrong_requests(scenario: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(DemosimError, match=said):
        run_sensitivity(scenario, **options)  # type: ignore[arg-type]  # options by name


def test_fitted_targets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="only `run` takes it"):
        run_sensitivity(sweep_country.scenario_file(tmp_path, '[municipalities."R1"]\nnet = 5\n'))


def test_changes_over_five_years() -> None:
    assert changes(np.arange(8.0) ** 2).tolist() == [25, 35, 45]
    moved = unit_cost_changes(np.array([[1.0, 1.1], [1.0, 1.2], [1.0, 1.5]]), np.array([1.0, 1.05]), 1)
    assert np.median(moved) == 0
    np.testing.assert_allclose(moved, np.log(np.array([1.1, 1.2, 1.5]) / 1.2))


def test_the_ranges_that_stand_are_those_of_the_past(shared_data: Path) -> None:
    series = national_series(
        read_nation(shared_data / "population_norway_1986_2026.csv"),
        past.read_mortality(shared_data / past.MORTALITY_FILE),
        past.read_fertility(shared_data / past.FERTILITY_FILE), 2026,
    )  # fmt: skip
    stand = read_ranges()
    for kind, (low, high) in national_ranges(series).items():
        assert (stand[kind].low, stand[kind].high) == pytest.approx((low, high), rel=2e-3)
    spending = read_facts("kostra_expenditure").set_index("service").drop(index="inhabitants_31_dec").astype(float)
    levels = np.array([read_deflator().level[int(year)] for year in spending.columns])
    low, high = np.exp(np.percentile(unit_cost_changes(spending.to_numpy(), levels), [10, 90]))
    assert (stand["unit_cost"].low, stand["unit_cost"].high) == pytest.approx((low, high), rel=1e-3)
