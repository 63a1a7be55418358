"""Every knob: neutral at its neutral value, refused outside its bounds, back after its inverse, described."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
import made_up_scenario
from demosim.errors import DemosimError
from demosim.scenario.draft import Draft
from demosim.scenario.knobs import UNITS_NB, Knob, decimal_year, find_knob, list_knobs
from demosim.scenario.prepare import prepare
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import Resolved, assemble, resolve
from demosim.scenario.series import Series

COUNTRIES = {"yearly": made_up.small_country(regions=3, last_age=20, steps=8), "five": made_up.three_regions()}
NUMERIC = [knob for knob in list_knobs() if knob.form not in ("date", "table")]
WITH_NEUTRAL = [knob for knob in NUMERIC if knob.neutral is not None]


def tree(baseline: xr.Dataset, values: dict[str, Any] | None = None, steps: int = 5) -> dict[str, Any]:
    """A scenario of a made-up country with a stream and a municipality, and values by dotted path."""
    streams = {"some": {"profile": "crisis", "settlement": "quota", "net": 50}}
    place = str(baseline["municipality"].values[1])
    result = made_up_scenario.tree(baseline, steps, streams=streams, municipalities={place: {}})
    for path, value in (values or {}).items():
        *tables, key = (
            path.replace("streams.*", "streams.some").replace("municipalities.*", f"municipalities.{place}").split(".")
        )
        table = result
        for name in tables:
            table = table.setdefault(name, {})
        table[key] = value
    return result


def resolved(baseline: xr.Dataset, values: dict[str, Any] | None = None, steps: int = 5) -> Resolved:
    return resolve(baseline, spec_from(tree(baseline, values, steps)))


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("knob", WITH_NEUTRAL, ids=lambda knob: knob.path)
def test_a_neutral_knob_changes_no_bit(knob: type[Knob], country: str) -> None:
    baseline = COUNTRIES[country]
    launch = int(baseline.attrs["launch_year"])
    if knob.path == "streams.*.net":
        values: dict[str, Any] = {"streams.*.stock": 100.0}
        without = resolve(
            baseline,
            spec_from({**tree(baseline, values), "streams": {"some": {"profile": "crisis", "settlement": "quota"}}}),
        )
    else:
        without = resolved(baseline)
    forms: list[Any] = [knob.neutral]
    if knob.form != "number":
        forms += (
            [{str(launch): knob.neutral}, {f"{launch}-{launch + 14}": [knob.neutral, knob.neutral]}]
            if country == "five"
            else [{str(launch): knob.neutral}]
        )
    if knob.form == "by_sex":
        forms += [{"male": knob.neutral}, {"female": {str(launch): knob.neutral}}]
    for form in forms:
        found = resolved(baseline, {knob.path: form})
        for name, values_without in without.assumptions.data_vars.items():
            np.testing.assert_array_equal(
                found.assumptions[name].values, values_without.values, err_msg=f"{name} {form}"
            )
        assert found.log == without.log


@pytest.mark.parametrize("knob", NUMERIC, ids=lambda knob: knob.path)
def test_a_knob_in_force_changes_something_and_says_so(knob: type[Knob]) -> None:
    baseline = COUNTRIES["yearly"]
    launch = int(baseline.attrs["launch_year"])
    value: Any = {
        "fertility.tfr": 1.234,
        "migration.net": 123,
        "mortality.life_expectancy": {"male": {str(launch + 4): 20.7}},
        "municipalities.*.net": 30,
        "fertility.mean_age": 1.5,
        "streams.*.stock": 100,
    }.get(knob.path, 0.75)
    more = {"streams.*.return_rate": 0.1} if knob.path == "streams.*.stock" else {}
    before, after = resolved(baseline, more), resolved(baseline, {**more, knob.path: value})
    assert not after.assumptions.equals(before.assumptions)
    assert after.digest != before.digest
    assert len(after.log["en"]) > len(before.log["en"]) or knob.path == "streams.*.net"
    assert any(knob.text_en in line for line in after.log["en"])
    assert any(knob.text_nb in line for line in after.log["nb"])


@pytest.mark.parametrize("knob", NUMERIC, ids=lambda knob: knob.path)
def test_values_outside_the_bounds_are_refused(knob: type[Knob]) -> None:
    baseline = COUNTRIES["yearly"]
    for bound, way in ((knob.low, -1), (knob.high, 1)):
        if np.isfinite(bound):
            beyond = bound + way * max(abs(bound), 1.0) * 1e-6
            with pytest.raises(DemosimError) as caught:
                resolved(baseline, {knob.path: beyond})
            assert {problem.code for problem in caught.value.problems} <= {
                "out_of_bounds",
                "negative_value",
                "unreachable",
            }


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize(
    "path", ["fertility.multiplier", "mortality.shock", "migration.multiplier", "migration.deviations"]
)
@settings(max_examples=15, deadline=None)
@given(factor=st.floats(0.3, 3.0))
def test_a_factor_and_its_inverse_return_to_the_baseline(country: str, path: str, factor: float) -> None:
    baseline = COUNTRIES[country]
    start = resolved(baseline).assumptions
    there = resolved(baseline, {path: factor}).assumptions
    changed = baseline.copy()
    variant = str(baseline["variant"].values[0])
    years = {"year": slice(0, there.sizes["year"])}
    schedule = baseline["fertility_schedule"].isel(years).sel(variant=variant).values
    if path == "fertility.multiplier":
        changed["total_fertility_rate"] = changed["total_fertility_rate"].copy()
        changed["total_fertility_rate"].loc[{"variant": variant}].isel(years)[:] = there["fertility_rate"].sum(
            "age"
        ).values / schedule.sum(1)
    elif path == "mortality.shock":
        for name in ("death_prob", "newborn_survival_prob"):
            changed[name] = changed[name].copy()
            changed[name].loc[{"variant": variant}].isel(years)[:] = there[name].values
    elif path == "migration.multiplier":
        changed["net_international_migration"] = changed["net_international_migration"].copy()
        changed["net_international_migration"].loc[{"variant": variant}].isel(years)[:] = there[
            "net_international_migration"
        ].values
    else:
        changed["net_migration_deviation"] = changed["net_migration_deviation"] * factor
    back = resolved(changed, {path: 1 / factor}).assumptions
    for name in start.data_vars:
        if name == "net_migration_deviation":
            continue
        ours, theirs = back[name].values, start[name].values
        if name == "deviation_fade" and path == "migration.deviations":
            ours = ours * factor
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15, err_msg=str(name))


def test_life_expectancy_is_reached_in_the_years_named() -> None:
    baseline = COUNTRIES["yearly"]
    launch = int(baseline.attrs["launch_year"])
    usual = resolved(baseline, steps=7).document["resolved"]["life_expectancy"]
    wanted = {
        "male": {str(launch + 3): usual["male"][str(launch + 3)] + 0.05},
        "female": {str(launch + 6): usual["female"][str(launch + 6)] - 0.1},
    }
    found = resolved(baseline, {"mortality.life_expectancy": wanted}, steps=7).document["resolved"]["life_expectancy"]
    for sex, path in wanted.items():
        for year, value in path.items():
            assert found[sex][year] == pytest.approx(value, abs=1e-4)
        assert found[sex][str(launch)] == usual[sex][str(launch)]


def test_a_path_of_life_expectancy_may_begin_in_the_launch_year() -> None:
    baseline = COUNTRIES["yearly"]
    launch = int(baseline.attrs["launch_year"])
    usual = resolved(baseline, steps=6)
    before = usual.document["resolved"]["life_expectancy"]["female"]
    level, late = before[str(launch)] - 0.2, before[str(launch + 5)] + 0.03
    both = resolved(baseline, {"mortality.life_expectancy": {"female": {str(launch): level, str(launch + 5): late}}}, 6)
    found = both.document["resolved"]["life_expectancy"]["female"]
    assert found[str(launch)] == pytest.approx(level, abs=1e-4)
    assert found[str(launch + 5)] == pytest.approx(late, abs=1e-4)
    np.testing.assert_array_equal(both.assumptions["death_prob"][:, 0], usual.assumptions["death_prob"][:, 0])
    alone = resolved(baseline, {"mortality.life_expectancy": {"female": {str(launch): level}}}, 6).assumptions
    ratio = np.log1p(-alone["death_prob"][:, 1].values) / np.log1p(-usual.assumptions["death_prob"][:, 1].values)
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-9)  # one factor on death rates, in all years and ages
    assert ratio[0, 0] > 1
    newborn = [np.log(a["newborn_survival_prob"].values[:, 1]) for a in (alone, usual.assumptions)]
    np.testing.assert_allclose(newborn[0] / newborn[1], ratio[0, 0], rtol=1e-9)


def test_a_plain_life_expectancy_of_a_run_of_one_year_is_met_in_that_year() -> None:
    for baseline in COUNTRIES.values():
        launch = str(baseline.attrs["launch_year"])
        wanted = resolved(baseline, steps=1).document["resolved"]["life_expectancy"]["male"][launch] + 0.3
        found = resolved(baseline, {"mortality.life_expectancy": {"male": wanted}}, steps=1)
        assert found.document["resolved"]["life_expectancy"]["male"][launch] == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("country", COUNTRIES)
def test_targets_after_the_horizon_shape_the_way_to_it(country: str) -> None:
    baseline = COUNTRIES[country]
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    steps = baseline.sizes["year"]
    last, second = str(launch + (steps - 1) * interval), str(launch + interval)
    usual = resolved(baseline, steps=steps).document["resolved"]["life_expectancy"]["male"]
    path = {"male": {second: usual[second] + 0.02, last: usual[last] + 0.1}}
    short, long = (resolved(baseline, {"mortality.life_expectancy": path}, n) for n in (steps - 2, steps))
    assert long.document["resolved"]["life_expectancy"]["male"][last] == pytest.approx(path["male"][last], abs=1e-4)
    for name in ("death_prob", "newborn_survival_prob"):
        np.testing.assert_array_equal(short.assumptions[name], long.assumptions[name][: steps - 2])
    again = resolve(baseline, spec_from(short.document))  # the resolved form keeps the years after the horizon
    assert again.assumptions.identical(short.assumptions)
    ignored = resolved(baseline, {"mortality.life_expectancy": {"male": {second: path["male"][second]}}}, steps - 2)
    assert not ignored.assumptions["death_prob"].equals(short.assumptions["death_prob"])
    assert ignored.digest != short.digest


def test_a_level_out_of_reach_is_refused_with_its_year() -> None:
    baseline = COUNTRIES["yearly"]
    launch = int(baseline.attrs["launch_year"])
    with pytest.raises(DemosimError, match=rf"no factor on death rates gives 100 years \(male, {launch}\)"):
        resolved(baseline, {"mortality.life_expectancy": {"male": {str(launch): 100.0}}})


def test_a_life_expectancy_out_of_reach_is_refused_with_its_place() -> None:
    baseline = COUNTRIES["yearly"]
    with pytest.raises(DemosimError, match="no scaling of the decline of death rates gives 80 years"):
        resolved(baseline, {"mortality.life_expectancy": {"male": 80.0}})


def test_own_migration_series_meets_the_number_and_leaves_other_years() -> None:
    for baseline in COUNTRIES.values():
        launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
        before = resolved(baseline).assumptions["net_international_migration"].sum(("sex", "age_end_of_year")).values
        after = resolved(baseline, {"migration.net": {str(launch + interval): 321.0}}).assumptions
        total = after["net_international_migration"].sum(("sex", "age_end_of_year")).values
        assert total[1] == pytest.approx(321.0 * interval)
        np.testing.assert_array_equal(total[[0, 2, 3, 4]], before[[0, 2, 3, 4]])


def test_variants_are_mixed_by_component() -> None:
    baseline = COUNTRIES["yearly"]
    mixed = {**tree(baseline), "variant": {"fertility": "a-high", "mortality": "a-low", "migration": "a-high"}}
    found = resolve(baseline, spec_from(mixed)).assumptions
    low = resolved(baseline).assumptions
    high = resolve(baseline, spec_from({**tree(baseline), "variant": "a-high"})).assumptions
    assert found["fertility_rate"].identical(high["fertility_rate"])
    assert found["net_international_migration"].identical(high["net_international_migration"])
    assert found["death_prob"].identical(low["death_prob"])
    assert not high["fertility_rate"].equals(low["fertility_rate"])


@pytest.mark.parametrize("knob", list_knobs(), ids=lambda knob: knob.path)
def test_a_knob_describes_itself(knob: type[Knob]) -> None:
    assert knob.text_en
    assert knob.text_nb not in ("", knob.text_en)
    assert knob.unit in UNITS_NB
    assert knob.low < knob.high
    assert knob.neutral is None or knob.low <= knob.neutral <= knob.high
    assert all(any(other.path == path for other in list_knobs()) for path in knob.excludes)
    concrete = knob.path.replace("*", "some")
    assert find_knob(concrete) == (knob, "some" if "*" in knob.path else "")


@pytest.fixture
def toy() -> Iterator[type[Knob]]:
    """A knob of a new kind in a table of its own: one class and nothing else."""

    class TwinBirths(Knob):
        path, neutral, high, unit, slip = "births.twins", 1.0, 2.0, "times", 100
        text_en, text_nb = "births, multiplied for twins", "fødsler, ganget opp for tvillinger"

        @classmethod
        def apply(cls, draft: Draft, value: Series, name: str) -> None:
            draft.total_fertility_rate = draft.total_fertility_rate * draft.fill(value, 1.0)

    yield TwinBirths
    Knob.registry.remove(TwinBirths)


def test_a_new_knob_is_one_class(toy: type[Knob]) -> None:
    baseline = COUNTRIES["yearly"]
    before, after = resolved(baseline), resolved(baseline, {"births.twins": 1.5})
    np.testing.assert_allclose(after.assumptions["fertility_rate"], 1.5 * before.assumptions["fertility_rate"])
    assert before.document["births"] == {"twins": 1.0}
    assert after.document["births"] == {"twins": 1.5}
    assert toy in list_knobs()
    with pytest.raises(DemosimError, match=r"births\.twins: 120 is above 2 times; did you mean 1\.2\?"):
        resolved(baseline, {"births.twins": 120})
    with pytest.raises(DemosimError, match=r'births\.twin: unknown key; twins; did you mean "twins"\?'):
        resolved(baseline, {"births.twin": 1})


def test_a_knob_without_effect_is_not_a_knob() -> None:
    with pytest.raises(NotImplementedError, match="Knob"):
        Knob.apply(None, None, "")  # type: ignore[arg-type]  # wrong on purpose


def test_municipal_arrays_are_passed_on_and_the_baseline_stays_as_it_is() -> None:
    baseline = COUNTRIES["yearly"]
    kept = baseline.copy(deep=True)
    values = {
        "fertility.multiplier": 1.2,
        "mortality.shock": 1.1,
        "mortality.decline": 0.5,
        "migration.deviations": 2.0,
        "fertility.mean_age": 1.0,
    }
    prepared = prepare(baseline, spec_from(tree(baseline, values)))
    first, second = (assemble(prepared, prepared.spec.knobs)[1] for _ in range(2))
    for name in ("jump_off_population", "fertility_factor", "net_migration_deviation", "deviation_band"):
        assert np.shares_memory(first[name], second[name])
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
    assert baseline.identical(kept)


def test_dates_as_decimal_years() -> None:
    assert decimal_year(datetime.date(2028, 1, 1)) == 2028.0
    assert decimal_year(datetime.date(2027, 7, 2)) == pytest.approx(2027 + 182 / 365)
    assert decimal_year(datetime.date(2028, 12, 31)) == pytest.approx(2028 + 365 / 366)
