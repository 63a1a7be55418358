"""Numbers by age of the user's own: from the scenario or a file beside it, to arrays, and back to text."""

from __future__ import annotations

import pickle
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
from demosim.baseline.mortality import life_expectancy
from demosim.errors import DemosimError
from demosim.projection import project
from demosim.scenario.document import to_toml
from demosim.scenario.knobs_by_age import cohort_hazards
from demosim.scenario.prepare import prepare
from demosim.scenario.read import read_scenario, spec_from
from demosim.scenario.resolve import Resolved, assemble, resolve
from demosim.scenario.vary import numeric_paths, split_path, vary, with_numbers
from made_up_scenario import resolved, tree
from scenario_corpus import baseline as data_set

YEARLY = made_up.small_country(regions=3, last_age=20, steps=8, scale=3000).assign_attrs(digest="abc")
FIVE_YEARS = made_up.three_regions()
BOTH = pytest.mark.parametrize("baseline", [YEARLY, FIVE_YEARS], ids=["yearly", "five"])
PATHS = ("fertility.rate", "mortality.death_prob", "mortality.death_rate", "migration.net_by_age")


def same(found: Resolved, other: Resolved, but: tuple[str, ...]) -> None:
    """Every array is the same, bit for bit, but those named, which are not."""
    for name, values in other.assumptions.data_vars.items():
        assert np.array_equal(found.assumptions[name].values, values.values) == (name not in but), name


@BOTH
def test_fertility_rates_of_ones_own_are_the_rates_of_the_run(baseline: xr.Dataset) -> None:
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    table = {
        f"{launch}-{launch + 2 * interval - 1}": {"5-9": 0.04, "10-14": 0.09},
        str(launch + 2 * interval): {"10-14": 0},
    }
    found, plain = resolved(baseline, fertility={"rate": table}), resolved(baseline)
    same(found, plain, ("fertility_rate",))
    rate, ages = found.assumptions["fertility_rate"], baseline["age"].values
    expected = np.where((ages >= 5) & (ages <= 9), 0.04, np.where((ages >= 10) & (ages <= 14), 0.09, 0.0))
    np.testing.assert_allclose(rate.values[:2], [expected, expected], rtol=1e-12)
    assert not rate.values[2].any()
    np.testing.assert_array_equal(rate.values[3], plain.assumptions["fertility_rate"].values[3])
    assert found.document["resolved"]["total_fertility_rate"][str(launch)] == pytest.approx(5 * 0.04 + 5 * 0.09)
    assert float(project(found.assumptions)["births"].sel(year=launch + 2 * interval).sum()) == 0


def test_what_acts_on_fertility_acts_on_ones_own_rates_too() -> None:
    rate = {"8": 0.1, "9": 0.2}
    found = resolved(YEARLY, fertility={"rate": rate, "multiplier": 1.5, "mean_age": 1.0})
    values = found.assumptions["fertility_rate"].values[0]
    np.testing.assert_allclose(values[8:12], [0.0, 0.15, 0.3, 0.0], atol=1e-15)


@BOTH
def test_death_probabilities_of_ones_own_replace_those_named_and_no_other(baseline: xr.Dataset) -> None:
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    table = {"male": {"0-9": 0.01, "newborn": 0.02}, "female": {"15+": 0.5}}
    at_once = resolved(baseline, mortality={"death_prob": table})
    same(at_once, resolved(baseline), ("death_prob", "newborn_survival_prob"))
    prob, usual = at_once.assumptions["death_prob"], resolved(baseline).assumptions["death_prob"]
    ages = baseline["age"].values
    np.testing.assert_array_equal(prob.values[:, 0], np.where(ages <= 9, 0.01, usual.values[:, 0]))
    np.testing.assert_array_equal(prob.values[:, 1], np.where(ages >= 15, 0.5, usual.values[:, 1]))
    newborn = at_once.assumptions["newborn_survival_prob"].values
    np.testing.assert_allclose(newborn[:, 0], 0.98)
    np.testing.assert_array_equal(newborn[:, 1], baseline["newborn_survival_prob"].values[0, :4, 1])
    second = str(launch + interval)
    one_year = resolved(baseline, mortality={"death_prob": {second: table}}).assumptions["death_prob"].values
    np.testing.assert_array_equal(one_year[1], prob.values[1])
    np.testing.assert_array_equal(one_year[[0, 2, 3]], usual.values[[0, 2, 3]])
    shock = resolved(baseline, mortality={"death_prob": table, "shock": {second: 2.0}}).assumptions["death_prob"]
    assert shock.values[1, 1, -1] == pytest.approx(1 - 0.5**2)


def test_constant_death_rates_give_the_probabilities_of_a_constant_force() -> None:
    rate = np.full((1, 2, 5), 0.03)
    prob = np.full((1, 2, 5), 0.02)
    lived, newborn = cohort_hazards(rate, prob, np.full((1, 2), 0.99), 1)
    np.testing.assert_allclose(lived[..., 1:], 0.03)
    np.testing.assert_allclose(newborn + lived[..., 0], 0.03 + 0.015)  # a year in the lowest class, half in the next
    split = -np.log(0.99) / (-np.log(0.99) - np.log(0.98) / 2)
    np.testing.assert_allclose(newborn, split * 0.03)
    even, _ = cohort_hazards(rate, 0 * prob, np.ones((1, 2)), 5)  # nothing known of how deaths of the lowest class fall
    np.testing.assert_allclose(even, 5 * 0.03)


@BOTH
def test_death_rates_of_ones_own_come_to_the_life_expectancy_that_they_say(baseline: xr.Dataset) -> None:
    found = resolved(baseline, mortality={"death_rate": {"male": {"0+": 0.04}, "female": {"0+": 0.02}}})
    same(found, resolved(baseline), ("death_prob", "newborn_survival_prob"))
    expectancy = life_expectancy(
        found.assumptions["death_prob"].values, found.assumptions["newborn_survival_prob"].values,
        int(baseline.attrs["interval_years"]),
    )  # fmt: skip
    np.testing.assert_allclose(expectancy[:, 0], 1 / 0.04, rtol=0.03)
    np.testing.assert_allclose(expectancy[:, 1], 1 / 0.02, rtol=0.03)


def test_death_rates_made_from_norways_probabilities_come_near_them_again() -> None:
    norway = data_set("norway2026")
    plain = resolve(norway, spec_from(tree(norway, 1) | {"variant": "2024-MMMM"})).assumptions
    lived = -np.log1p(-plain["death_prob"].values)
    rate = np.maximum(lived, 1e-5)  # of completed age: half of those a year younger, half of the same age
    rate[..., 1:] = (lived[..., 1:] + lived[..., :-1]) / 2
    young = -np.log(plain["newborn_survival_prob"].values)
    rate[..., 0] = young + lived[..., 0] - lived[..., 1] / 2
    sexes = {
        sex: {f"{age}" if age < norway["age"].values[-1] else f"{age}+": float(rate[0, s, a])
              for a, age in enumerate(norway["age"].values)} for s, sex in enumerate(("male", "female"))
    }  # fmt: skip
    found = resolve(norway, spec_from(tree(norway, 1, mortality={"death_rate": sexes}) | {"variant": "2024-MMMM"}))
    for s in range(2):
        before, after = (
            float(life_expectancy(a["death_prob"].values, a["newborn_survival_prob"].values, 1)[0, s])
            for a in (plain, found.assumptions)
        )
        assert after == pytest.approx(before, abs=0.05)
    newborn = found.assumptions["newborn_survival_prob"].values
    np.testing.assert_allclose(newborn, plain["newborn_survival_prob"].values, atol=2e-4)


@BOTH
def test_migrants_by_age_of_ones_own_arrive_and_leave_as_written(baseline: xr.Dataset) -> None:
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    table = {str(launch + interval): {"male": {"0-9": 30, "15+": -4}, "female": {"5-9": 12.5}}}
    found, plain = resolved(baseline, migration={"net_by_age": table}), resolved(baseline)
    same(found, plain, ("net_international_migration",))
    net, ages = found.assumptions["net_international_migration"], baseline["age"].values
    np.testing.assert_array_equal(
        net.values[[0, 2, 3]], plain.assumptions["net_international_migration"].values[[0, 2, 3]]
    )
    year = net.values[1]
    assert year[0, ages <= 9].sum() == pytest.approx(30 * interval)
    assert year[0, ages >= 15].sum() == pytest.approx(-4 * interval)
    assert not year[0, (ages > 9) & (ages < 15)].any()
    assert year[1].sum() == pytest.approx(12.5 * interval)
    assert np.ptp(year[0, ages <= 9]) == 0  # a band is shared out evenly
    doubled = resolved(baseline, migration={"net_by_age": table, "multiplier": 2.0})
    np.testing.assert_allclose(doubled.assumptions["net_international_migration"].values[1], 2 * year)


def test_a_file_and_the_same_numbers_in_the_scenario_are_the_same_run(tmp_path: Path) -> None:
    rows = [
        "year;sex;age;value",
        "# estimated",
        "2020-2022;male;0-9;1,5",
        "",
        "2020-2022; female ;10+;-2",
        "2023;male;7;3",
    ]
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "net.csv").write_bytes(("\ufeff" + "\r\n".join(rows)).encode("utf-8"))
    text = to_toml(tree(YEARLY, migration={"net_by_age": "own/net.csv"}))
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    from_file = resolve(YEARLY, read_scenario(tmp_path / "own.toml"))
    table = {"2020-2022": {"male": {"0-9": 1.5}, "female": {"10+": -2}}, "2023": {"male": {"7": 3}}}
    written = resolved(YEARLY, migration={"net_by_age": table})
    assert from_file.assumptions.identical(written.assumptions)
    assert from_file.digest == written.digest
    assert from_file.log == written.log
    assert from_file.log["en"][-1].endswith("3 numbers, 2020-2023, persons per year")
    assert from_file.log["nb"][-1].endswith("3 tall, 2020-2023, personer per år")
    net = from_file.document["migration"]["net_by_age"]
    assert net["2021"] == {"male": {"0-9": 1.5}, "female": {"10+": -2.0}}
    again = resolve(YEARLY, spec_from(tomllib.loads(to_toml(from_file.document))))  # without the file
    assert again.assumptions.identical(from_file.assumptions)
    (tmp_path / "own" / "net.csv").write_text("sex,age,value\nmale,3,1\n", encoding="utf-8")
    changed = resolve(YEARLY, read_scenario(tmp_path / "own.toml"))
    assert changed.digest != from_file.digest  # the digest is of the numbers, not of the name of the file


def test_a_file_elsewhere_needs_leave(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("age,value\n8-10,0.1\n", encoding="utf-8")
    (tmp_path / "here").mkdir()
    for name in ("../rates.csv", str(tmp_path / "rates.csv")):
        scenario = tmp_path / "here" / "own.toml"
        scenario.write_text(to_toml(tree(YEARLY, fertility={"rate": name})), encoding="utf-8")
        with pytest.raises(DemosimError, match=r"fertility\.rate: .* lies outside the folder of this file"):
            read_scenario(scenario)
        cells = read_scenario(scenario, allow_paths=True).knobs["fertility.rate"].cells
        assert [(cell.ages, cell.value, cell.line) for cell in cells] == [("8-10", 0.1, 2)]


def test_a_link_to_a_file_elsewhere_needs_leave_too(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("age,value\n8-10,0.1\n", encoding="utf-8")
    (tmp_path / "here").mkdir()
    try:
        (tmp_path / "here" / "rates.csv").symlink_to(tmp_path / "rates.csv")
    except OSError:
        pytest.skip("no symbolic links here")
    scenario = tmp_path / "here" / "own.toml"
    scenario.write_text(to_toml(tree(YEARLY, fertility={"rate": "rates.csv"})), encoding="utf-8")
    with pytest.raises(DemosimError, match="lies outside the folder of this file"):
        read_scenario(scenario)
    assert read_scenario(scenario, allow_paths=True).knobs["fertility.rate"].span() is None


def test_problems_of_a_file_stand_at_its_lines_and_those_alike_once(tmp_path: Path) -> None:
    lines = ["age,value", *(f"{age},{900 + age}" for age in range(5, 10)), "19-25,0.1", "30-33,0.1"]
    (tmp_path / "rates.csv").write_text("\n".join(lines), encoding="utf-8")
    scenario = tmp_path / "own.toml"
    scenario.write_text(to_toml(tree(YEARLY, horizon=2099, fertility={"rate": "rates.csv"})), encoding="utf-8")
    with pytest.raises(DemosimError) as caught:
        resolve(YEARLY, read_scenario(scenario))
    found = [(Path(str(p.file)).name, p.line, p.code) for p in caught.value.problems]
    assert sorted(found) == [
        ("own.toml", 4, "year_outside"), ("rates.csv", 2, "out_of_bounds"), ("rates.csv", 8, "bad_age_band"),
    ]  # fmt: skip
    assert "and 4 more like it" in str(caught.value)
    assert "did you mean 0.905?" in str(caught.value)


def test_a_table_for_years_after_the_horizon_changes_nothing_yet() -> None:
    late = {"2026": {"8": 0.2}}
    short, long, plain = (resolved(YEARLY, 4, fertility={"rate": late}), resolved(YEARLY, 8, fertility={"rate": late}),
                          resolved(YEARLY, 4))  # fmt: skip
    assert short.assumptions["fertility_rate"].equals(plain.assumptions["fertility_rate"])
    assert "rate" not in short.document["fertility"]
    assert short.digest == plain.digest
    assert float(long.assumptions["fertility_rate"].values[6, 8]) == pytest.approx(0.2)


def test_a_table_cannot_be_varied_but_other_numbers_of_its_scenario_can() -> None:
    spec = spec_from(tree(YEARLY, fertility={"rate": {"8": 0.2}}))
    assert not set(PATHS) & set(numeric_paths(spec))
    for path in ("fertility.rate", "fertility.rate.2020"):
        with pytest.raises(DemosimError, match="a table, which cannot be varied"):
            split_path(spec, path)
    varied = vary(spec, {"fertility.multiplier": 2.0})
    assert resolve(YEARLY, varied).assumptions["fertility_rate"].values[0, 8] == pytest.approx(0.4)
    assert pickle.loads(pickle.dumps(spec.knobs["fertility.rate"])) == spec.knobs["fertility.rate"]


ages = st.sampled_from(["0-4", "5-9", "10-14", "15+"])
sexes = st.dictionaries(st.sampled_from(["male", "female"]), st.dictionaries(ages, st.floats(-50, 50)), min_size=1)
years = st.dictionaries(st.sampled_from(["2020", "2021-2022", "2023"]), sexes, min_size=1)


@given(table=years)
@settings(max_examples=40, deadline=None)
def test_any_table_comes_back_from_its_resolved_form_and_keeps_its_persons(table: dict[str, Any]) -> None:
    table = {year: kept for year, inner in table.items() if (kept := {s: bands for s, bands in inner.items() if bands})}
    if not table:
        return
    found = resolved(YEARLY, migration={"net_by_age": table})
    again = resolve(YEARLY, spec_from(tomllib.loads(to_toml(found.document))))
    assert again.assumptions.identical(found.assumptions)
    total = found.assumptions["net_international_migration"].sum(("sex", "age_end_of_year"))
    for year, inner in table.items():
        expected = sum(value for bands in inner.values() for value in bands.values())
        np.testing.assert_allclose(total.sel(year=int(year[-4:])), expected, atol=1e-9)


def test_empty_tables_inside_are_refused_like_empty_ones() -> None:
    for table in ({}, {"2020": {}}, {"male": {}}):
        with pytest.raises(DemosimError, match="empty table"):
            resolved(YEARLY, migration={"net_by_age": table})


@pytest.mark.parametrize(
    "value", [3, True, [1], None, {"2020": 4}, {"2020": {"male": [1]}}, {"2020": {"2021": {"0": 1}}}]
)
def test_what_is_no_table_is_refused(value: object) -> None:
    with pytest.raises(DemosimError) as caught:
        resolved(YEARLY, migration={"net_by_age": value})
    assert caught.value.exit_code == 2
    assert {problem.code for problem in caught.value.problems} == {"wrong_type"}


def test_a_sweep_beside_a_table_fills_the_table_once() -> None:
    spec = spec_from(tree(YEARLY, migration={"net_by_age": {"male": {"0-9": 30.0}}}, fertility={"multiplier": 1.0}))
    table = spec.knobs["migration.net_by_age"]
    prepared = prepare(YEARLY, spec)
    before = table.fill(prepared.draft.years, prepared.draft.ages, 1, counts=True)
    kept = before.copy()
    found = [assemble(prepared, with_numbers(spec.knobs, {"fertility.multiplier": factor}))[1] for factor in (0.5, 2.0)]
    assert table.fill(prepared.draft.years, prepared.draft.ages, 1, counts=True) is before
    np.testing.assert_array_equal(before, kept)
    assert not before.flags.writeable
    np.testing.assert_array_equal(*(arrays["net_international_migration"] for arrays in found))
    assert np.nanmax(table.fill(prepared.draft.years, prepared.draft.ages, 1)) == 30.0  # rates are not shared out
