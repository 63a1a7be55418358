"""The fan: what each source does, seeds, threads and chunks, quantiles beside plain ones, processes from a past."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sweep_country
from demosim.baseline.calibrate import history as past
from demosim.baseline.calibrate.estimates import calibrate
from demosim.baseline.calibrate.national import read_nation
from demosim.baseline.calibrate.noise import noise_class
from demosim.baseline.read import read_baseline
from demosim.costs.need import expenditure
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_result
from demosim.projection import assumption_arrays, project
from demosim.scenario.read import read_scenario
from demosim.scenario.resolve import resolve
from demosim.uncertainty.fan import QUANTILES, age_groups, fan_dataset
from demosim.uncertainty.fan_draws import Sources, draw_assumptions, draw_factors, generator, simulate
from demosim.uncertainty.fan_history import SERIES, national_series
from demosim.uncertainty.fan_local import Local, local_from
from demosim.uncertainty.fan_national import National, estimate_national, national_toml, read_national
from demosim.uncertainty.fan_run import Switches, run_fan
from demosim.uncertainty.fan_waves import read_waves, waves_from
from demosim.uncertainty.run import read_evidence

NATIONAL = National(np.array([0.8, 0.9, 0.5]), np.array([0.002, 0.03, 0.02]), np.eye(3), np.array([0, 0, 0.001]))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[xr.Dataset, xr.DataArray]:
    country = sweep_country.country()
    path = sweep_country.scenario_file(tmp_path_factory.mktemp("fan"))
    return resolve(country, read_scenario(path)).assumptions, country["unit_cost"]


# yearly rates times the roots of the persons, five classes of ages up to 34: the young move with their parents
NOISE = 1e-4 * (np.diag([2.0, 1.0, 0.5, 3.0, 4.0]) + 0.5 * (np.ones((5, 5)) - np.eye(5)))


def estimates(assumptions: xr.Dataset) -> xr.Dataset:
    """Municipal estimates for the made-up country."""
    size, bands = assumptions.sizes["municipality"], assumptions.sizes["band"]
    place = ("municipality",)
    return xr.Dataset(
        {
            "level_response": ("band", np.linspace(1, 2, bands)),
            "level_lasting_variance": (place, np.full(size, 4e-6)),
            "level_fading_variance": (place, np.full(size, 9e-6)),
            "level_part_covariance": (place, np.full(size, -2e-6)),
            "level_county_variance": (place, np.full(size, 1e-6)),
            "shape_variance": (("band", "municipality"), np.full((bands, size), 1e-6)),
            "noise_covariance": (("noise_age", "noise_age_other"), NOISE),
            "level_process_variance": ("part", [0.0, 5e-6, 1e-5]),
            "level_pull_variance": ((), 2e-6),
            "deviation_half_life": ("part", [1000.0, 15.0, 1.0]),
            "fertility_factor_variance": (place, np.linspace(0.001, 0.01, size)),
            "fertility_step_variance": ((), 4e-4),
        },
        coords={"part": ["shape", "lasting", "fading"]},
    )


def local(assumptions: xr.Dataset) -> Local:
    arrays, county = assumption_arrays(assumptions), assumptions["county"].values
    return local_from(estimates(assumptions), arrays, county, assumptions["age"].values)


def test_nothing_uncertain_is_the_scenario_itself(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, unit_cost = parts
    groups = age_groups(assumptions["age"].values)
    drawn = simulate(assumptions, unit_cost, Sources(), 10, 0, groups)
    projection = project(assumptions)
    costs = expenditure(projection["population"], unit_cost)
    found = fan_dataset(drawn, assumptions, unit_cost)
    for financing in ("free_income", "all"):
        expected = costs["demographic_expenditure"].sel(financing=financing)
        for quantile in QUANTILES:
            one = found["demographic_expenditure"].sel(financing=financing, quantile=quantile)
            total = expected.sum(("service", "municipality"))
            np.testing.assert_allclose(one.sel(service="total", region="country"), total, rtol=1e-3, atol=50)
            np.testing.assert_allclose(
                one.sel(service="care", region="R2"), expected.sel(service="care", municipality="R2"), rtol=1e-3, atol=1
            )
    old = projection["population"].sel(age=slice(6, 15)).sum(("sex", "age"))
    middle = found["population"].sel(age_group="6-15", quantile=0.5)
    county = old.sel(municipality=["R1", "R3"]).sum("municipality")
    np.testing.assert_allclose(middle.sel(region="C1"), county, rtol=1e-6)


def test_quantiles_are_those_of_the_draws(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, unit_cost = parts
    groups = age_groups(assumptions["age"].values)
    drawn = simulate(assumptions, unit_cost, Sources(NATIONAL, local(assumptions), 0.05, 0.01), 40, 3, groups)
    found = fan_dataset(drawn, assumptions, unit_cost)
    need = drawn.need.astype(float)[:, :, :, 2].sum(2)
    plain = np.quantile(need[:, 4] - need[:, 3], QUANTILES)
    year = int(assumptions["year"][3]) + 1
    here = found.sel(region="R3", budget_year=year)
    ours = here["demographic_expenditure"].sel(financing="free_income", service="total")
    np.testing.assert_allclose(ours, plain, rtol=1e-5, atol=1)
    since = here["accumulated_demographic_expenditure"].sel(financing="all", service="care")
    care = drawn.need.astype(float)[:, :, 1, 2] / 0.8
    np.testing.assert_allclose(since, np.quantile(care[:, 4] - care[:, 0], QUANTILES), rtol=1e-5, atol=1)


def test_threads_and_chunks_do_not_matter_and_seeds_do(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, unit_cost = parts
    groups = age_groups(assumptions["age"].values)
    sources = Sources(NATIONAL, local(assumptions), 0.05, 0.01)

    def need(seed: int, draws: int = 20, **how: int) -> np.ndarray:
        return simulate(assumptions, unit_cost, sources, draws, seed, groups, **how).need

    first = need(0)
    assert np.array_equal(first, need(0, threads=2, chunk=3))
    assert np.array_equal(first[:13], need(0, draws=13)), "more draws leave the first ones as they are"
    assert not np.array_equal(first, need(1))


def test_a_source_draws_the_same_whatever_else_is_on(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    arrays = assumption_arrays(parts[0])
    alone = draw_assumptions(Sources(NATIONAL), arrays, 5, 7)
    both = draw_assumptions(Sources(NATIONAL, local(parts[0])), arrays, 5, 7)
    assert np.array_equal(alone["death_prob"], both["death_prob"])
    assert not np.array_equal(both["fertility_factor"], arrays["fertility_factor"])
    assert (draw_factors(Sources(), 3, 5, 7) == 1).all()
    assert np.ptp(draw_factors(Sources(deflator_sd=0.1), 3, 5, 7)) == 0
    assert generator(0, 1, 2).random() == generator(0, 1, 2).random() != generator(0, 2, 1).random()


def test_national_deviations_have_the_variances_of_the_process() -> None:
    correlation = np.array([[1, -0.5, 0], [-0.5, 1, 0.3], [0, 0.3, 1.0]])
    national = replace(NATIONAL, correlation=correlation)
    draws = np.stack([national.draw(generator(0, draw, 0), 6) for draw in range(4000)])
    first = draws[:, :, 0]
    np.testing.assert_allclose(first.std(0), np.hypot(national.sd, national.trend_sd), rtol=0.05)
    assert np.corrcoef(first[:, 0], first[:, 1])[0, 1] == pytest.approx(-0.5, abs=0.05)
    expected = np.sqrt(national.sd**2 * (1 - national.kept**12) / (1 - national.kept**2) + (6 * national.trend_sd) ** 2)
    np.testing.assert_allclose(draws[:, :, 5].std(0), expected, rtol=0.05)


def test_processes_are_found_again() -> None:
    random = np.random.default_rng(1)
    years = 4000
    shocks = random.standard_normal((years, 3)) * NATIONAL.sd
    values = np.zeros((years, 3))
    for t in range(1, years):
        values[t] = NATIONAL.kept * values[t - 1] + shocks[t]
    values[:, 2] -= 0.02 * np.arange(years)
    series = xr.DataArray(values.T, dims=("series", "year"), coords={"series": list(SERIES), "year": np.arange(years)})
    found = estimate_national(series)
    np.testing.assert_allclose(found.kept, NATIONAL.kept, atol=0.04)
    np.testing.assert_allclose(found.sd, NATIONAL.sd, rtol=0.05)
    np.testing.assert_allclose(found.correlation, np.eye(3), atol=0.06)
    assert 0 < found.trend_sd[2] < 1e-4
    assert found.trend_sd[:2].tolist() == [0, 0]


def test_levels_have_their_variances(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    place = replace(local(parts[0]), pull=np.zeros(4))
    draws = np.stack([place.levels(generator(0, draw, 1), 3) for draw in range(6000)])
    np.testing.assert_allclose(draws[:, 0].var(0), 4e-6 + 9e-6 - 4e-6 + 1e-6, rtol=0.07)
    kept = 0.5 ** (1 / np.array([15.0, 1.0]))
    county = 1e-6 * kept[0] ** 2
    lasting, fading = 4e-6 * kept[0] ** 2 + 5e-6 * (1 - kept[0] ** 2), 9e-6 * kept[1] ** 2 + 1e-5 * (1 - kept[1] ** 2)
    both = -4e-6 * kept[0] * kept[1]
    np.testing.assert_allclose(draws[:, 1].var(0), county + lasting + fading + both, rtol=0.07)
    assert np.corrcoef(draws[:, 0, 0], draws[:, 0, 2])[0, 1] > 0.05, "R1 and R3 share a county"


def test_the_pull_of_size_moves_large_and_small_apart_and_lasts(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, _ = parts
    place = local(assumptions)
    still = replace(place, root=place.root * 0, county_sd=place.county_sd * 0, process_sd=place.process_sd * 0)
    draws = np.stack([still.levels(generator(0, draw, 1), 4) for draw in range(6000)])
    size = np.log(assumptions["jump_off_population"].sum(("sex", "age")).values)
    # two places differ by the slope of the year times how much larger one is
    slope = (draws[:, :, 0] - draws[:, :, 1]) / (size[1] - size[0])
    np.testing.assert_allclose(slope.var(0), 2e-6, rtol=0.07)
    np.testing.assert_allclose(draws[:, :, 2] - draws[:, :, 3], slope * (size[3] - size[2]), atol=1e-12)
    assert np.corrcoef(slope[:, 0], slope[:, 3])[0, 1] == pytest.approx(0.5 ** (3 / 15), abs=0.02)


def test_noise_has_the_variance_and_the_correlation_of_its_classes(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, _ = parts
    place = local(assumptions)
    people, number = assumptions["jump_off_population"].values, noise_class(assumptions["age"].values)
    draws = place.noise(generator(0, 0, 1), 20_000)
    for band, own in enumerate(place.noise_class):
        if own >= 0:
            persons = people[:, :, number == own].sum((1, 2))
            np.testing.assert_allclose(draws[:, band].var(0) * persons, NOISE[own, own], rtol=0.05)
    first, last = (int(np.flatnonzero(place.noise_class == own)[0]) for own in np.unique(place.noise_class)[[0, -1]])
    own, other = place.noise_class[first], place.noise_class[last]
    expected = NOISE[own, other] / np.sqrt(NOISE[own, own] * NOISE[other, other])
    assert np.corrcoef(draws[:, first, 2], draws[:, last, 2])[0, 1] == pytest.approx(expected, abs=0.03)
    assert abs(np.corrcoef(draws[:, first, 0], draws[:, first, 1])[0, 1]) < 0.03, "places are on their own"


def test_newborns_are_poisson_where_they_are_a_band(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    place = replace(local(parts[0]), noise_class=np.array([-1, 1, 2]), newborn_sd=np.array([0.1, 0.2, 0.3, 0.4]))
    draws = replace(place, factor_step=0.0).noise(generator(0, 0, 1), 4000)
    np.testing.assert_allclose(draws[:, 0].std(0), [0.1, 0.2, 0.3, 0.4], rtol=0.05)
    years = np.stack([place.noise(generator(0, draw, 1), 9)[:, 0] for draw in range(4000)])
    expected = np.array([0.1, 0.2, 0.3, 0.4]) ** 2 + np.arange(1, 10)[:, None] * 4e-4
    np.testing.assert_allclose(years.var(0), expected, rtol=0.1)
    apart = np.diff(years - years[:, :1], axis=1)[:, 1:].mean((0, 1))
    np.testing.assert_allclose(apart, 0, atol=0.01)


def test_factors_have_the_variance_of_the_estimate(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    arrays = assumption_arrays(parts[0])
    place = local(parts[0])
    drawn = [place.draw(generator(0, draw, 1), arrays)["fertility_factor"] for draw in range(4000)]
    relative = np.stack(drawn) / arrays["fertility_factor"]
    np.testing.assert_allclose(relative.mean(0), 1, atol=0.01)
    unknown = np.linspace(0.001, 0.01, 4) / arrays["fertility_factor"] ** 2
    np.testing.assert_allclose(np.log(relative).var(0), unknown, rtol=0.08)


def test_departures_of_the_shape_have_no_total_and_stay(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    place = local(parts[0])
    draws = np.stack([place.shapes(generator(0, draw, 1)) for draw in range(2000)])
    total = (draws * place.persons).sum(1) / place.persons.sum(0)
    np.testing.assert_allclose(total, 0, atol=1e-15)
    assert 0.5e-3 < draws.std() < 1e-3, "a little of it goes with the total"
    still = replace(place, root=place.root * 0, county_sd=place.county_sd * 0, process_sd=place.process_sd * 0,
                    noise_root=place.noise_root * 0, newborn_sd=place.newborn_sd * 0, pull=place.pull * 0,
                    factor_step=0.0)  # fmt: skip
    more = still.draw(generator(0, 1, 1), assumption_arrays(parts[0]))["net_migration_deviation"][-3:]
    assert np.ptp(more, axis=0).max() == 0
    assert np.abs(more).max() > 0


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        ([[0, 1, 1, 2, 2]] * 2, [-1, 0, 1]),
        ([[0, 0, 0, 0, 0]] * 2, [0]),
        ([[0, 1, 1, 1, 1], [0, 2, 2, 2, 2]], [-1, 0, 0]),
    ],
)
def test_bands_take_the_class_of_their_middle_age(band: list[list[int]], expected: list[int]) -> None:
    arrays = {"jump_off_population": np.full((2, 2, 5), 10.0), "deviation_band": np.array(band)}
    arrays["fertility_factor"] = np.ones(2)
    size = len(expected)
    known = xr.Dataset(
        {
            "level_response": ("band", np.ones(size)), "shape_variance": (("band", "m"), np.ones((size, 2))),
            **{name: ("m", np.ones(2)) for name in ("level_lasting_variance", "level_fading_variance")},
            "level_part_covariance": ("m", np.zeros(2)), "level_county_variance": ("m", np.ones(2)),
            "level_process_variance": ("part", [0.0, 1, 1]), "level_pull_variance": ((), 0.0),
            "fertility_factor_variance": ("m", np.ones(2)), "fertility_step_variance": ((), 0.0),
            "deviation_half_life": ("part", [1000.0, 15, 1]), "noise_covariance": (("a", "b"), np.eye(2)),
        },
        coords={"part": ["shape", "lasting", "fading"]},
    )  # fmt: skip
    found = local_from(known, arrays, np.array(["x", "y"]), np.array([0, 3, 5, 6, 7]))
    assert found.noise_class.tolist() == expected
    assert (found.response[found.noise_class < 0] == 0).all()


def test_deviations_cancel_in_the_country(parts: tuple[xr.Dataset, xr.DataArray]) -> None:
    assumptions, unit_cost = parts
    groups = age_groups(assumptions["age"].values)
    quiet = replace(local(assumptions), factor_sd=np.zeros(4))
    drawn = simulate(assumptions, unit_cost, Sources(local=quiet), 10, 0, groups)
    country = drawn.persons.sum(-1)
    assert drawn.persons[:, -1, 0, 0].std() > 1
    np.testing.assert_allclose(country[:, 1], np.broadcast_to(country[:1, 1], country[:, 1].shape), rtol=1e-5)


def test_the_whole_command(tmp_path: Path) -> None:
    scenario = sweep_country.scenario_file(tmp_path)
    told: list[tuple[int, int]] = []
    one = run_fan(scenario, tmp_path / "a.nc", draws=20, seed=0, report=lambda *done: told.append(done))
    run_fan(scenario, tmp_path / "b.nc", draws=20, seed=0, threads=2, chunk=7)
    assert told[-1] == (20, 20)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    stored = read_result(tmp_path / "a.nc", "fan")
    assert (stored.attrs["draws"], stored.attrs["seed"], stored.attrs["municipal"]) == (20, 0, 0)
    width = one["demographic_expenditure"].sel(service="total", region="country", financing="free_income")
    assert (width.diff("quantile") >= 0).all()
    still = run_fan(scenario, draws=20, switches=Switches(False, False, False, False))["demographic_expenditure"]
    assert np.ptp(still.sel(region="R1", service="care").isel(budget_year=3, financing=0).values) == 0


@pytest.mark.parametrize(("draws", "seed", "said"), [(5, 0, "5 draws"), (20, -1, "below zero")])
def test_wrong_requests(tmp_path: Path, draws: int, seed: int, said: str) -> None:
    with pytest.raises(DemosimError, match=said):
        run_fan(tmp_path / "x.toml", draws=draws, seed=seed)


def test_targets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="only `run` takes it"):
        run_fan(sweep_country.scenario_file(tmp_path, '[municipalities."R1"]\nnet = 5\n'), draws=20)


def test_norway_has_all_sources() -> None:
    found = run_fan(Path(__file__).parents[1] / "scenarios" / "mars2026.toml", draws=16, seed=1, threads=2)
    assert [found.attrs[name] for name in ("national", "municipal", "unit_costs", "deflator", "waves")] == [1] * 5
    assert {"country", "03", "0301"} <= set(found["region"].values.tolist())
    assert np.isfinite(found["demographic_expenditure"].values).all()


def test_the_estimate_that_stands_is_that_of_the_past(shared_data: Path) -> None:
    nation = read_nation(shared_data / "population_norway_1986_2026.csv")
    series = national_series(
        nation, past.read_mortality(shared_data / past.MORTALITY_FILE),
        past.read_fertility(shared_data / past.FERTILITY_FILE), 2026,
    )  # fmt: skip
    evidence, _ = read_evidence(shared_data / "population_history.nc", None, None, None, read_baseline("norway2026"))
    wave = calibrate(
        evidence.history, evidence.mortality, evidence.fertility, 2026, flows=evidence.flows, waves=evidence.waves
    ).settlement
    assert wave is not None
    waves = waves_from(wave, evidence.national.persons, 2026)
    stand = read_waves(waves.profile)
    np.testing.assert_allclose(stand.share, waves.share, atol=6e-6)
    known = (waves.tilt, waves.tilt_error, waves.spread)
    assert (stand.tilt, stand.tilt_error, stand.spread) == pytest.approx(known, abs=6e-4)
    found, stands = estimate_national(series), read_national()
    for name in ("kept", "sd", "trend_sd", "correlation"):
        np.testing.assert_allclose(getattr(stands, name), getattr(found, name), rtol=5e-3, atol=6e-4)
    assert "[fertility]\nkept = 0.98" in national_toml(found, "a note")
    with pytest.raises(DemosimError, match="a dozen"):
        national_series(nation, past.read_mortality(shared_data / past.MORTALITY_FILE),
                        past.read_fertility(shared_data / past.FERTILITY_FILE), 1995)  # fmt: skip
