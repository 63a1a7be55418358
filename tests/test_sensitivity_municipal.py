"""What matters here: the level of net migration and the fertility of single municipalities, as run and as linear."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sweep_country
from demosim.baseline.read import read_baseline
from demosim.costs.need import expenditure
from demosim.projection import assumption_arrays, project
from demosim.scenario.read import read_scenario
from demosim.scenario.resolve import resolve
from demosim.sweep.changes import moved_arrays
from demosim.sweep.municipal import YEARS, fertility_spread, level_spread, list_municipal_changes
from demosim.sweep.run_sensitivity import run_sensitivity
from demosim.sweep.sensitivity import Figure, tornado
from demosim.uncertainty.fan_draws import generator
from demosim.uncertainty.fan_local import NEEDED, Local, local_from

KEPT = 0.5 ** (1 / np.array([15.0, 1.0]))


def estimates(assumptions: xr.Dataset, noise: float = 1e-5) -> xr.Dataset:
    """Municipal estimates for the made-up country; ages differ in how they follow the level."""
    size, bands = assumptions.sizes["municipality"], assumptions.sizes["band"]
    place, codes = ("municipality",), assumptions["municipality"].values
    scale = np.arange(1.0, size + 1)
    classes = 5
    return xr.Dataset(
        {
            "level_response": ("band", np.linspace(0.5, 2, bands)),
            "level_lasting_variance": (place, 4e-6 * scale), "level_fading_variance": (place, 9e-6 * scale),
            "level_part_covariance": (place, -2e-6 * scale), "level_county_variance": (place, np.full(size, 1e-6)),
            "level_noise_variance": (place, np.full(size, noise)),
            "level_process_variance": ("part", [0.0, 5e-6, 1e-5]), "level_pull_variance": ((), 2e-6),
            "fertility_factor": (place, np.linspace(0.9, 1.1, size)),
            "fertility_factor_variance": (place, 0.002 * scale), "fertility_step_variance": ((), 4e-4),
            "deviation_half_life": ("part", [1000.0, 15.0, 1.0]),
            "shape_variance": (("band", "municipality"), np.zeros((bands, size))),
            "noise_covariance": (("noise_age", "noise_age_other"), np.eye(classes)),
        },
        coords={"part": ["shape", "lasting", "fading"], "municipality": codes},
    )  # fmt: skip


@pytest.fixture
def parts(tmp_path: Path) -> tuple[xr.Dataset, xr.DataArray]:
    path = sweep_country.scenario_file(tmp_path)
    country = sweep_country.country()
    return resolve(country, read_scenario(path)).assumptions, country["unit_cost"]


def need(assumptions: xr.Dataset, unit_cost: xr.DataArray, code: str, year: int) -> float:
    """The demographic expenditure of one municipality."""
    costs = expenditure(project(assumptions)["population"], unit_cost)["demographic_expenditure"]
    return float(costs.sel(financing="free_income", municipality=code, budget_year=year).sum())


def test_the_spread_is_that_of_the_mean_of_five_years_of_the_fan(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    """Levels drawn as a fan draws them, five years of each, noise left out."""
    assumptions, _ = parts
    known = estimates(assumptions, noise=0.0)
    arrays = assumption_arrays(assumptions)
    place: Local = local_from(known, arrays, assumptions["county"].values, assumptions["age"].values)
    means = np.stack([place.levels(generator(0, draw, 1), YEARS).mean(0) for draw in range(6000)])
    people = assumptions["jump_off_population"].sum(("sex", "age")).values
    np.testing.assert_allclose(means.std(0), level_spread(known, people), rtol=0.05)
    noisy = level_spread(estimates(assumptions, noise=5e-5), people)
    np.testing.assert_allclose(noisy**2 - level_spread(known, people) ** 2, 1e-5, rtol=1e-9)


def test_fertility_spreads_as_in_the_fan(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    """A factor that is not known at the launch, and steps that add up, as the mean of five years."""
    known = estimates(parts[0])
    random = np.random.default_rng(0)
    factor, variance = known["fertility_factor"].values, known["fertility_factor_variance"].values
    start = random.standard_normal((20_000, len(factor))) * np.sqrt(variance) / factor
    steps = 0.02 * random.standard_normal((20_000, YEARS, len(factor))).cumsum(1)
    np.testing.assert_allclose((start + steps.mean(1)).std(0), fertility_spread(known), rtol=0.03)


def test_a_level_brings_the_persons_it_says(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, _ = parts
    level, _factor = list_municipal_changes(assumptions, estimates(assumptions), ["R2"])
    arrays = assumption_arrays(assumptions)
    moved = moved_arrays(level, level.high, arrays)["net_migration_deviation"] - arrays["net_migration_deviation"]
    assert not np.delete(moved, level.municipality, axis=2).any()
    assert not moved[1:].any()
    people = assumptions["jump_off_population"].sel(municipality="R2").values
    rate = moved[0][assumptions["deviation_band"].values.astype(int), level.municipality]
    assert (rate * people).sum() == pytest.approx(level.high)
    spread = level_spread(estimates(assumptions), assumptions["jump_off_population"].sum(("sex", "age")).values)
    spread = spread[level.municipality]
    assert level.high == pytest.approx(1.282 * spread * people.sum())
    assert level.low == -level.high


def test_ends_are_as_if_run_alone(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, unit_cost = parts
    changes = list_municipal_changes(assumptions, estimates(assumptions), ["R1", "R2"])
    assert [change.key for change in changes] == ["level.R1", "fertility_factor.R1", "level.R2", "fertility_factor.R2"]
    found = tornado(assumptions, unit_cost, changes, Figure(2026), ("R1", "R2"))
    base = need(assumptions, unit_cost, "R2", 2026)
    factor = assumptions["fertility_factor"].copy()
    factor.loc[{"municipality": "R2"}] *= changes[3].high
    alone = need(assumptions.assign(fertility_factor=factor), unit_cost, "R2", 2026) - base
    effect = found["municipal_effect_high"].sel(municipality="R2", assumption="fertility_factor.R2")
    assert float(effect) == pytest.approx(alone, rel=1e-6)
    deviation = assumptions["net_migration_deviation"].copy()
    deviation[{"part": 0, "municipality": 1}] += changes[2].low * changes[2].bands
    alone = need(assumptions.assign(net_migration_deviation=deviation), unit_cost, "R2", 2026) - base
    effect = found["municipal_effect_low"].sel(municipality="R2", assumption="level.R2")
    assert float(effect) == pytest.approx(alone, rel=1e-6)


def test_own_level_matters_here_and_hardly_in_the_country(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, unit_cost = parts
    changes = list_municipal_changes(assumptions, estimates(assumptions), ["R2"])
    found = tornado(assumptions, unit_cost, changes, Figure(2024, True), ("R2",))
    own = found["municipal_effect_high"].sel(municipality="R2", assumption="level.R2")
    country = found["effect_high"].sel(assumption="level.R2")
    assert abs(float(country)) < 0.2 * abs(float(own))
    linear = found["municipal_linear_high"].sel(municipality="R2", assumption="level.R2")
    assert float(own) == pytest.approx(float(linear), rel=0.1)


def test_a_data_set_without_estimates_moves_no_municipality(tmp_path: Path) -> None:
    found = run_sensitivity(sweep_country.scenario_file(tmp_path), municipalities=["R2"])
    assert not any(str(key).startswith(("level", "fertility_factor")) for key in found["assumption"].values)


def test_a_data_set_with_estimates_does(parts: tuple[xr.Dataset, xr.DataArray], tmp_path: Path) -> None:
    path = sweep_country.scenario_file(tmp_path)
    known = estimates(parts[0])
    assert set(NEEDED) <= set(known.data_vars)
    known.to_netcdf(tmp_path / "country" / "estimates.nc", engine="netcdf4")
    found = run_sensitivity(path, municipalities=["R3"])
    keys = [str(key) for key in found["assumption"].values]
    assert {"level.R3", "fertility_factor.R3"} <= set(keys)
    assert str(found["label_en"].sel(assumption="level.R3").item()) == "Net migration to Region 3, changed by"
    assert not any(key.startswith("level") for key in run_sensitivity(path)["assumption"].values.tolist())


def test_norway_says_what_matters_here() -> None:
    spec = Path(__file__).parents[1] / "scenarios" / "mars2026.toml"
    found = run_sensitivity(spec, municipalities=["1144"])
    own = found.sel(municipality="1144")
    width = np.abs(own["municipal_effect_high"] - own["municipal_effect_low"])
    assert str(width["assumption"][int(width.argmax("assumption"))].item()) == "level.1144"
    persons = float(read_baseline("norway2026")["population"].sel(municipality="1144").sum())
    assert 0.005 * persons < float(found["high"].sel(assumption="level.1144")) < 0.05 * persons
    flagged = found["nonlinear"].sel(assumption=["level.1144", "fertility_factor.1144"])
    assert not flagged.any(), "next to nothing for the country is not flagged"
