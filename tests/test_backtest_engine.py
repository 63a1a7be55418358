"""The projections inside a back-test: the engine beside a plain loop, streams, the round's own path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from demosim.baseline.calibrate.estimates import Calibration, calibrate
from demosim.baseline.calibrate.national import PathSettings
from demosim.baseline.calibrate.settlement import Settlement
from demosim.projection import project
from demosim.uncertainty.against import OFFICIAL_PATH, against, age_bounds
from demosim.uncertainty.backtest import (
    Design,
    Evidence,
    assemble,
    honest_assumptions,
    oracle_assumptions,
    project_launch,
)
from made_up_history import AGES, FIRST, LAST, fertility, history, mortality

PLACES, LAUNCH, YEARS = 8, 2010, 4
SETTINGS = PathSettings()


@pytest.fixture(scope="module")
def here() -> Evidence:
    trend = np.linspace(-0.006, 0.006, PLACES)[:, None] * np.ones(LAST - FIRST)
    return Evidence(history(PLACES, 0.2, trend), mortality(), fertility())


@pytest.fixture(scope="module")
def estimates(here: Evidence) -> Calibration:
    return calibrate(here.history, here.mortality, here.fertility, LAUNCH)


def with_wave(estimates: Calibration, persons: float, tilt: float = 0.3) -> Calibration:
    """The same estimates with refugees in every year of the past and future."""
    profile = np.zeros((2, AGES))
    profile[:, 1:40] = 1 / 78
    years = np.arange(FIRST, LAST)
    return replace(estimates, settlement=Settlement(years, np.full(len(years), persons), profile, tilt, 0.01))


def slow_projection(assumptions: xr.Dataset) -> np.ndarray:
    """Populations (date, municipality, sex, age) by the equations of the design, one year and cohort at a time."""
    a = {str(name): values.values for name, values in assumptions.data_vars.items()}
    people = [a["jump_off_population"]]
    male = float(assumptions.attrs["male_birth_share"])
    for t in range(assumptions.sizes["year"]):
        now = people[-1]
        after = np.zeros_like(now)
        for s in range(2):
            for age in range(1, AGES):
                alive = now[:, s, age - 1] * (1 - a["death_prob"][t, s, age - 1])
                if age == AGES - 1:
                    alive = alive + now[:, s, age] * (1 - a["death_prob"][t, s, age])
                net = a["net_international_migration"][t, s, age] - a["stream_outflow"][:, t, s, age].sum()
                band = a["deviation_band"][s, age]
                rate = (a["deviation_fade"][:, t, None] * a["net_migration_deviation"][:, band]).sum(0)
                total = alive.sum()
                mean = (rate * alive).sum() / total if total > 0 else 0.0
                share = net / total if total > 0 else 0.0
                moved = alive * (1 + share + rate - mean)
                after[:, s, age] = moved + a["stream_inflow"][:, t, s, age] @ a["settlement_key"]
        women = (now[:, 1] + after[:, 1]) / 2
        plain = women @ a["fertility_rate"][t]
        births = plain * a["fertility_factor"]
        births *= plain.sum() / births.sum()
        for s, part in enumerate((male, 1 - male)):
            after[:, s, 0] = births * part * a["newborn_survival_prob"][t, s]
        people.append(after)
    return np.stack(people)


@pytest.mark.parametrize("persons", [0.0, 300.0])
@pytest.mark.parametrize("oracle", [False, True])
def test_engine_equals_the_plain_loop(
    here: Evidence, estimates: Calibration, oracle: bool, persons: float
) -> None:
    table = with_wave(estimates, persons) if persons else estimates
    honest = honest_assumptions(here, table, YEARS, SETTINGS)
    assumptions = oracle_assumptions(here, table, YEARS) if oracle else honest
    result = project(assumptions)["population"].transpose("date", "municipality", "sex", "age")
    np.testing.assert_allclose(result.values, slow_projection(assumptions), rtol=1e-9, atol=1e-6)


def test_refugees_change_the_spread_but_not_the_country(here: Evidence, estimates: Calibration) -> None:
    plain = project(oracle_assumptions(here, estimates, YEARS))["population"]
    moved = project(oracle_assumptions(here, with_wave(estimates, 400.0), YEARS))["population"]
    adults = {"age": slice(1, None), "date": slice(1, None)}
    np.testing.assert_allclose(
        moved.isel(adults).sum("municipality"), plain.isel(adults).sum("municipality"), rtol=1e-9, atol=1e-6
    )
    growth = (moved - plain).isel(date=-1).sum(("sex", "age")).values / estimates.population
    assert growth[0] > 0 > growth[-1]  # the smallest gains, the largest loses


def test_a_tilt_that_is_not_significant_makes_no_stream(here: Evidence, estimates: Calibration) -> None:
    faint = with_wave(estimates, 400.0)
    faint = replace(faint, settlement=replace(faint.settlement, tilt_error=0.2))
    assert oracle_assumptions(here, faint, YEARS).sizes["stream"] == 0


def test_honest_refugees_are_their_mean_before_the_launch(here: Evidence, estimates: Calibration) -> None:
    table = with_wave(estimates, 0.0)
    years = table.settlement.years
    persons = np.where(years < LAUNCH, 120.0, 9_999.0)  # what comes later must not be seen
    table = replace(table, settlement=replace(table.settlement, persons=persons))
    inflow = honest_assumptions(here, table, YEARS, SETTINGS)["stream_inflow"]
    np.testing.assert_allclose(inflow.sum(("sex", "age_end_of_year")), 120.0)


def test_deviations_fade_by_their_half_lives(here: Evidence, estimates: Calibration) -> None:
    fade = honest_assumptions(here, estimates, YEARS, SETTINGS)["deviation_fade"].values
    half_life = estimates.dataset["deviation_half_life"].values
    assert (fade[:, 0] == 1).all()
    np.testing.assert_allclose(fade[:, 2], 0.5 ** (2 / half_life))


def test_assumptions_have_the_labels_of_the_engine(here: Evidence, estimates: Calibration) -> None:
    net = np.zeros((YEARS, 2, AGES))
    rates = np.zeros((YEARS, AGES))
    table = assemble(here, estimates, net, rates, np.zeros(YEARS))
    assert table["year"].values.tolist() == list(range(LAUNCH, LAUNCH + YEARS))
    assert table.attrs["launch_year"] == LAUNCH
    assert float(project(table)["births"].sum()) == 0


def official(here: Evidence, first: int, years: int) -> xr.Dataset:
    """A data set that carries only the national path of a round."""
    when = np.arange(first, first + years)
    prob = np.repeat(mortality()["death_prob"].values[:1], years, axis=0)
    ages = np.arange(AGES)
    schedule = fertility().reindex(age=ages, fill_value=0.0).values[0]
    return xr.Dataset(
        {
            "net_international_migration": (
                ("variant", "year", "sex", "age_end_of_year"), np.zeros((1, years, 2, AGES)),
            ),
            "death_prob": (("variant", "year", "sex", "age"), prob[None]),
            "newborn_survival_prob": (("variant", "year", "sex"), np.full((1, years, 2), 0.998)),
            "total_fertility_rate": (("variant", "year"), np.full((1, years), 1.7)),
            "fertility_schedule": (("variant", "year", "age"), np.tile(schedule / 1.7, (1, years, 1))),
        },
        coords={"variant": [f"{LAUNCH}-MMMM"], "year": when, "sex": ["male", "female"], "age": ages,
                "age_end_of_year": ages},
    )  # fmt: skip


@pytest.mark.parametrize(("first", "years", "there"), [(LAUNCH, 3, True), (LAUNCH + 1, 3, False), (LAUNCH, 1, False)])
def test_the_official_path_is_used_where_it_is_whole(here: Evidence, first: int, years: int, there: bool) -> None:
    import pandas as pd

    published = pd.DataFrame(
        [
            {"vintage": LAUNCH, "alternative": "MMMM", "region_code": code, "year": LAUNCH + 2, "age_group": group,
             "value": 1000.0}
            for code in here.history["municipality"].values
            for group in ("total", "80+", "nonsense")
        ]
    )  # fmt: skip
    rows = against(here, Design((LAUNCH,)), published, baseline=official(here, first, years))
    assert (OFFICIAL_PATH in set(rows["method"])) is there
    assert set(rows["group"]) == {"total", "80+"}


def test_methods_of_a_launch(here: Evidence) -> None:
    methods = project_launch(here, Design((LAUNCH,), (1, 3)), LAUNCH)
    assert list(methods) == ["no change", "linear trend", "demosim", "oracle"]
    for at in methods.values():
        assert at(3).shape == (PLACES, 2, AGES)
        assert (at(3) >= 0).all()
    np.testing.assert_array_equal(methods["no change"](3), here.registered(LAUNCH))


@pytest.mark.parametrize(
    ("name", "bounds"),
    [("total", (0, None)), ("80+", (80, None)), ("20-64", (20, 64)), ("0", (0, 0)), ("old", None), ("6-", (6, 6))],
)
def test_names_of_age_groups(name: str, bounds: tuple[int, int | None] | None) -> None:
    assert age_bounds(name) == bounds
