"""Baseline and scenario to assumptions: form, digest, document, words."""

from __future__ import annotations

import datetime
import tomllib
from typing import Any

import numpy as np
import pytest
import xarray as xr

import made_up
import made_up_scenario
from demosim.errors import DemosimError
from demosim.projection import project
from demosim.scenario.document import to_toml
from demosim.scenario.resolve import Resolved
from scenario_corpus import baseline as data_set

YEARLY = made_up.small_country(regions=3, last_age=20, steps=8).assign_attrs(digest="abc")
FIVE_YEARS = made_up.three_regions()
STREAM = {"profile": "crisis", "settlement": "quota", "net": 10}


COHORTS = ("year", "sex", "age_end_of_year")
DIMS = {
    "jump_off_population": ("municipality", "sex", "age"), "death_prob": ("year", "sex", "age"),
    "newborn_survival_prob": ("year", "sex"), "fertility_rate": ("year", "age"), "fertility_factor": ("municipality",),
    "net_international_migration": COHORTS, "stream_inflow": ("stream", *COHORTS),
    "stream_outflow": ("stream", *COHORTS), "settlement_key": ("stream", "municipality"),
    "net_migration_deviation": ("part", "band", "municipality"),
    "deviation_fade": ("part", "year"), "deviation_band": ("sex", "age_end_of_year"),
}  # fmt: skip

def resolved(baseline: xr.Dataset, **more: Any) -> Resolved:
    return made_up_scenario.resolved(baseline, 4, **{"title": "A test", "streams": {"crisis": STREAM}, **more})


@pytest.mark.parametrize("baseline", [YEARLY, FIVE_YEARS], ids=["yearly", "five"])
def test_assumptions_have_the_dims_labels_and_attributes_agreed_upon(baseline: xr.Dataset) -> None:
    found = resolved(baseline).assumptions
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    assert {name: found[name].dims for name in found.data_vars} == DIMS
    assert list(found["year"].values) == [launch + k * interval for k in range(4)]
    assert list(found["stream"].values) == ["crisis"]
    for name in ("municipality", "age", "age_end_of_year", "sex", "part", "band", "municipality_name", "county"):
        np.testing.assert_array_equal(found[name].values, baseline[name].values)
    expected = {"launch_year": launch, "horizon": launch + 4 * interval, "interval_years": interval, "scenario": "test"}
    assert expected.items() <= found.attrs.items()
    assert found.attrs["price_year"] == launch
    assert found.attrs["male_birth_share"] == baseline.attrs["male_birth_share"]
    half_life = baseline["deviation_half_life"].values[:, None]
    np.testing.assert_allclose(found["deviation_fade"], 0.5 ** (interval * np.arange(4) / half_life))
    tfr = baseline["total_fertility_rate"].values[0, :4]
    np.testing.assert_allclose(found["fertility_rate"].sum("age") * interval, tfr)
    for name in ("death_prob", "newborn_survival_prob", "net_international_migration"):
        np.testing.assert_array_equal(found[name].values, baseline[name].values[0, :4])
    assert float(project(found)["population"].sum()) > 0


def test_doubling_persons_doubles_flows_and_leaves_rates() -> None:
    double = YEARLY.copy()
    for name in ("population", "net_international_migration"):
        double[name] = 2 * YEARLY[name]
    one = resolved(YEARLY, streams={"crisis": {**STREAM, "net": 40, "stock": 60, "return_rate": 0.2}})
    two = resolved(double, streams={"crisis": {**STREAM, "net": 80, "stock": 120, "return_rate": 0.2}})
    for name in DIMS:
        persons = name.startswith(("jump", "stream", "net_int"))
        factor = 2.0 if persons else 1.0
        np.testing.assert_allclose(two.assumptions[name], factor * one.assumptions[name], rtol=1e-12, err_msg=name)


def test_years_before_the_launch_are_passed_over() -> None:
    later = YEARLY.assign_attrs(launch_year=2022)
    found = resolved(later).assumptions
    assert list(found["year"].values) == [2022, 2023, 2024, 2025]
    np.testing.assert_array_equal(found["death_prob"].values, YEARLY["death_prob"].values[0, 2:6])
    assert float(found["deviation_fade"].values[1, 0]) == 1.0


def test_the_digest_is_of_what_can_change_a_result() -> None:
    digest = resolved(YEARLY).digest
    assert len(digest) == 64
    assert resolved(YEARLY).digest == digest
    assert resolved(YEARLY, title="Another title").digest == digest
    assert resolved(YEARLY, fertility={"multiplier": 1.0}).digest == digest
    assert resolved(YEARLY, streams={"crisis": {**STREAM, "net": {"2020-2023": 10}}}).digest != ""
    changes: list[dict[str, Any]] = [
        {"fertility": {"multiplier": 1.01}}, {"price_year": 2021}, {"horizon": 2025}, {"costs": {"transport": False}},
        {"streams": {}},
    ]  # fmt: skip
    for change in changes:
        assert resolved(YEARLY, **change).digest != digest
    assert resolved(YEARLY.assign_attrs(digest="abd")).digest != digest
    assert resolved(YEARLY).assumptions.attrs["digest"] == digest


def test_the_document_has_every_value_filled_in() -> None:
    net = {"2021": 5, "2022-2023": [1, 2]}
    found = resolved(YEARLY, streams={"crisis": {**STREAM, "net": net}}, mortality={"shock": {"female": {"2021": 2}}})
    document = found.document
    assert document["streams"]["crisis"]["net"] == {"2020": 0.0, "2021": 5.0, "2022": 1.0, "2023": 2.0}
    assert document["streams"]["crisis"]["timing"] == 0.5
    assert document["mortality"] == {
        "decline": 1.0,
        "shock": {"female": {"2020": 1.0, "2021": 2.0, "2022": 1.0, "2023": 1.0}},
    }
    assert document["fertility"] == {"multiplier": 1.0, "mean_age": 0.0}
    assert document["variant"] == {"fertility": "a-low", "mortality": "a-low", "migration": "a-low"}
    assert document["costs"]["profile"] == "cost-key"
    notes = document["resolved"]
    assert notes["launch_year"] == 2020
    assert notes["total_fertility_rate"]["2021"] == pytest.approx(1.6)
    assert notes["inflow"]["crisis"]["2021"] == pytest.approx(5.0, abs=0.02)
    assert tomllib.loads(to_toml(document)) == document


def test_dates_and_municipalities_come_through_the_document() -> None:
    stream = {**STREAM, "return_rate": 0.1, "return_from": datetime.date(2021, 7, 1), "return_until": 2023}
    stream |= {"settlement": {"region 2": 3.0, "R3": 1.0}, "onward_settlement": ["Region 1"]}
    document = resolved(YEARLY, streams={"crisis": stream}, municipalities={"region 3": {"extra_net": 2}}).document
    crisis = tomllib.loads(to_toml(document))["streams"]["crisis"]
    assert crisis["return_from"] == datetime.date(2021, 7, 1)
    assert crisis["return_until"] == datetime.date(2023, 1, 1)
    assert crisis["settlement"] == {"R2": 3.0, "R3": 1.0}
    assert crisis["onward_settlement"] == ["R1"]
    assert document["municipalities"] == {"R3": {"take_from_others": True, "extra_net": 2.0}}


def test_the_log_says_in_two_languages_what_differs() -> None:
    found = resolved(
        YEARLY, variant={"fertility": "a-high", "mortality": "a-low", "migration": "a-low"},
        fertility={"tfr": {"2020": 1.5, "2021-2023": [1.5, 1.7]}}, mortality={"shock": 1.0, "decline": {"male": 0.5}},
    )  # fmt: skip
    assert found.log["en"] == [
        "national path: fertility a-high, mortality a-low, migration a-low",
        "total fertility rate: 1.5 (2020), 1.5 to 1.7 (2021-2023) children per woman",
        "decline of death rates since the launch year, multiplied: male 0.5 times",
        "crisis: net arrivals of the stream: 10 persons per year",
    ]
    assert found.log["nb"] == [
        "nasjonal bane: fruktbarhet a-high, dødelighet a-low, innvandring a-low",
        "samlet fruktbarhetstall: 1,5 (2020), 1,5 til 1,7 (2021-2023) barn per kvinne",
        "nedgang i dødsrater siden utgangsåret, ganget med: menn 0,5 ganger",
        "crisis: netto ankomster i strømmen: 10 personer per år",
    ]


def test_problems_of_the_third_pass_come_together_without_a_file() -> None:
    with pytest.raises(DemosimError) as caught:
        resolved(YEARLY, variant="b", horizon=2019, fertility={"tfr": -1}, streams={"x": {**STREAM, "profile": "y"}})
    assert [problem.code for problem in caught.value.problems] == [
        "unknown_variant", "year_outside", "negative_value", "unknown_profile",
    ]  # fmt: skip
    assert all(problem.file is None for problem in caught.value.problems)


@pytest.mark.parametrize("value", [None, [None], {"a": None}, object(), b"x", 1j, {1: 2}])
def test_values_that_no_file_can_have_are_problems_too(value: object) -> None:
    for path in ("title", "streams", "fertility", "costs", "horizon", "sweep_"):
        with pytest.raises(DemosimError):
            resolved(YEARLY, **{path: value})


def test_norway_resolves_with_its_own_numbers_of_places() -> None:
    norway = data_set("norway2026")
    found = resolved(norway, streams={"s": {"profile": "ukraine", "settlement": ["Oslo", "Bergen"], "net": 10}})
    key = found.assumptions["settlement_key"].values[0]
    assert list(norway["municipality"].values[key > 0]) == ["0301", "4601"]
    assert found.assumptions["jump_off_population"].values is not None
    assert np.shares_memory(found.assumptions["jump_off_population"].values, norway["population"].values)
