"""The whole of the costs from a scenario: neutral keys change no bit, every other one by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
from demosim.costs.count import count_costs
from demosim.costs.need import expenditure
from demosim.costs.pressure import observed_growth
from demosim.costs.pressure_need import pressures_of
from demosim.errors import DemosimError
from demosim.projection import project
from demosim.scenario.cost_options import Adjustment, CostOptions, Pressure
from demosim.scenario.document import to_toml
from demosim.scenario.read import read_scenario, spec_from
from demosim.scenario.resolve import resolve
from demosim.variables import validate

COUNTRY = made_up.small_country(last_age=105, steps=8, scale=60.0)
TREE = {"name": "x", "baseline": "made-up/small", "variant": "a-low", "horizon": 2024, "price_year": 2026}
PROJECTION = project(resolve(COUNTRY, spec_from(TREE)).assumptions)
OWN = {"price_year": 2026, "barnehage": {"0": 0, "1-5": 100_000, "6+": 0}}


def costs_of(**options: object) -> xr.Dataset:
    spec = spec_from({**TREE, "costs": options})
    return count_costs(COUNTRY, spec, resolve(COUNTRY, spec).assumptions, PROJECTION["population"])


def free(data: xr.DataArray, **where: object) -> np.ndarray:
    return data.sel(financing="free_income", **where).transpose(..., "municipality", "date").values


PLAIN = costs_of()
NEUTRAL_PRESSURE = st.fixed_dictionaries(
    {},
    optional={
        "healthier_ageing": st.just(0.0), "coverage_80_plus": st.just(0.0), "care_under_50": st.just(0),
        "special_education": st.just(0.0), "special_education_share": st.floats(0, 1),
        "unit_cost": st.dictionaries(st.sampled_from(["grunnskole", "sosial"]), st.just(0.0)),
        "growth": st.just({"mine": {"service": "grunnskole", "growth": 5.0, "share": 0.0}}),
    },
)  # fmt: skip
NEUTRAL_ADJUSTMENT = st.dictionaries(
    st.sampled_from(["grunnskole", "pleie_omsorg"]),
    st.fixed_dictionaries({}, optional={"speed_up": st.just(1.0), "speed_down": st.just(1)}),
)


@settings(deadline=None, max_examples=12)
@given(NEUTRAL_PRESSURE, NEUTRAL_ADJUSTMENT)
def test_law_2_neutral_keys_change_no_bit_of_a_whole_run(pressure: dict, adjustment: dict) -> None:
    found = costs_of(pressure=pressure, adjustment=adjustment)
    for name in PLAIN.data_vars:
        np.testing.assert_array_equal(found[name].values, PLAIN[name].values, err_msg=str(name))
        assert found[name].attrs == PLAIN[name].attrs
    assert set(found) - set(PLAIN) <= {
        "feasible_expenditure", "feasible_demographic_expenditure", "adjustment_gap", "restructuring_cost",
        "accumulated_adjustment_cost",
    }  # fmt: skip
    if adjustment:
        np.testing.assert_array_equal(found["feasible_expenditure"], PLAIN["expenditure_need"])
        np.testing.assert_array_equal(found["feasible_demographic_expenditure"], PLAIN["demographic_expenditure"])


def test_own_costs_that_repeat_the_derived_change_no_bit() -> None:
    ages = COUNTRY["age"].values.tolist()
    cost = PLAIN["unit_cost"].sel(service="barnehage").values.tolist()
    bands = {f"{age}+" if age == ages[-1] else str(age): kroner for age, kroner in zip(ages, cost, strict=True)}
    found = costs_of(own={"price_year": 2026, "barnehage": bands})
    for name in PLAIN.data_vars:
        np.testing.assert_array_equal(found[name].values, PLAIN[name].values, err_msg=str(name))


def test_own_costs_of_the_country_and_of_one_municipality() -> None:
    found = costs_of(own={**OWN, "Region 2": {"barnehage": {"0-5": 50_000, "6+": 0}}})
    people = PROJECTION["population"].sum("sex").transpose("municipality", "age", "date").values
    need = free(found["expenditure_need"], service="barnehage")
    np.testing.assert_allclose(need[0], 100_000 * people[0, 1:6].sum(0), rtol=1e-12)
    np.testing.assert_allclose(need[1], 50_000 * people[1, :6].sum(0), rtol=1e-12)
    np.testing.assert_array_equal(
        free(found["expenditure_need"], service="grunnskole"), free(PLAIN["expenditure_need"], service="grunnskole")
    )
    assert found["unit_cost"].dims == ("service", "age")
    assert found["municipal_unit_cost"].dims == ("service", "municipality", "age")
    assert found["unit_cost"].attrs["own_unit_costs"] == "barnehage"
    assert found["municipal_unit_cost"].attrs["own_unit_costs"] == "barnehage; R2 barnehage"
    assert validate(found) == []


def test_staff_follow_the_derived_costs_whatever_a_scenario_pays() -> None:
    found = costs_of(own=OWN, pressure={"unit_cost": {"grunnskole": 2.0}})
    np.testing.assert_array_equal(found["full_time_equivalents"].values, PLAIN["full_time_equivalents"].values)


def test_pressure_stands_apart_and_adds_up() -> None:
    pressure = {"coverage_80_plus": -3.0, "care_under_50": 2.0, "unit_cost": {"pleie_omsorg": 1.0, "sosial": -1.0}}
    found = costs_of(pressure=pressure)
    for name in ("expenditure_need", "demographic_expenditure", "full_time_equivalents"):
        np.testing.assert_array_equal(found[name].values, PLAIN[name].values)
    assert found["pressure"].values.tolist() == ["coverage_80_plus", "care_under_50", "unit_cost_growth"]
    assert validate(found) == []
    need, more = free(found["expenditure_need"]), free(found["pressure_need"])
    people = PROJECTION["population"].sum("sex").transpose("municipality", "age", "date").values
    cost = PLAIN["unit_cost"].sel(service="pleie_omsorg").values
    years, ages = np.arange(5), COUNTRY["age"].values[:, None]
    ratio = np.where(ages >= 80, 1 + 0.54 * (0.97**years - 1), np.where(ages < 50, 1.02**years, 1.0)) * 1.01**years
    by_hand = (cost[:, None] * ratio * people).sum(1)
    care = PLAIN["service"].values.tolist().index("pleie_omsorg")
    np.testing.assert_allclose((need + more.sum(0))[care], by_hand, rtol=1e-12)
    assert not more[..., 0].any()
    changes = found["pressure_expenditure"].sel(financing="free_income").transpose(..., "municipality", "budget_year")
    np.testing.assert_array_equal(changes, more[..., 1:] - more[..., :-1])
    gross = found["pressure_need"].sel(financing="all", service="pleie_omsorg") * float(
        found["net_share"].sel(service="pleie_omsorg")
    )
    np.testing.assert_allclose(gross, found["pressure_need"].sel(financing="free_income", service="pleie_omsorg"))


def test_spending_with_delay_follows_the_need_with_its_pressure() -> None:
    found = costs_of(
        pressure={"unit_cost": {"grunnskole": 5.0}}, adjustment={"grunnskole": {"speed_up": 0.5, "speed_down": 0.0}}
    )
    need = free(found["expenditure_need"], service="grunnskole") + free(
        found["pressure_need"].sum("pressure"), service="grunnskole"
    )
    path = need.copy()
    for t in range(1, need.shape[1]):
        path[:, t] = path[:, t - 1] + 0.5 * np.maximum(need[:, t] - path[:, t - 1], 0)
    np.testing.assert_allclose(free(found["feasible_expenditure"], service="grunnskole"), path, rtol=1e-12)
    gap = free(found["adjustment_gap"], service="grunnskole")
    np.testing.assert_allclose(gap, path - need, atol=1e-6)
    summed = found["accumulated_adjustment_cost"].sel(financing="free_income", service="grunnskole", budget_year=2024)
    np.testing.assert_allclose(summed, gap[:, 1:].sum(1), atol=1e-6)
    assert not free(found["adjustment_gap"], service="pleie_omsorg").any()
    assert validate(found) == []
    assert all(found[name].attrs["price_year"] == 2026 for name in found if "adjustment" in str(name))


def test_municipal_sums_are_the_national_figure() -> None:
    everything = {
        "own": {**OWN, "R3": {"grunnskole": {"0-5": 0, "6-15": 300_000, "16+": 0}}},
        "pressure": {"healthier_ageing": 0.5, "care_under_50": 2.0},
        "adjustment": {"grunnskole": {"speed_down": 0.3, "places": 25, "kr_per_place": 100_000, "restructuring": 0.5}},
    }
    found = costs_of(**everything)
    country = count_costs(
        COUNTRY, spec_from({**TREE, "costs": {"pressure": everything["pressure"]}}),
        resolve(COUNTRY, spec_from(TREE)).assumptions, PROJECTION["population"],
    )  # fmt: skip
    one = PROJECTION["population"].sum("municipality").expand_dims(municipality=["all"])
    whole = expenditure(one, PLAIN["unit_cost"])["expenditure_need"].isel(municipality=0)
    np.testing.assert_allclose(country["expenditure_need"].sum("municipality"), whole, rtol=1e-12)
    total = found["feasible_expenditure"].sum("municipality") - found["adjustment_gap"].sum("municipality")
    need = (found["expenditure_need"] + found["pressure_need"].sum("pressure")).sum("municipality")
    np.testing.assert_allclose(total, need.transpose(*total.dims), rtol=1e-12)


def test_healthier_ageing_goes_on_to_the_last_date() -> None:
    yearly = costs_of(pressure={"healthier_ageing": 1.0})["pressure_expenditure"]
    ageing = yearly.sel(pressure="healthier_ageing", financing="free_income", service="pleie_omsorg")
    kroner = ageing.sum("municipality")
    assert (kroner < 0).all()
    assert 0.5 < float(kroner[-1] / kroner[-2]) < 2


def test_what_a_scenario_says_becomes_growth() -> None:
    growth, ageing = pressures_of(Pressure(coverage_80_plus=-3.0, special_education=1.8, special_education_share=0.2))
    observed = observed_growth(0.2)
    assert [(g.kind, g.service, g.lower, g.upper) for g in growth] == [
        (observed[i].kind, observed[i].service, observed[i].lower, observed[i].upper) for i in (0, 2)
    ]
    assert [g.yearly for g in growth] == [-0.03, pytest.approx(0.018)]
    assert growth[1].share == 0.2
    assert ageing.share == 0
    assert pressures_of(Pressure()) == ([], type(ageing)(0.0))
    own = Pressure.model_validate({"growth": {"digital": {"service": "grunnskole", "growth": 1.0, "ages": "13-15"}}})
    assert [(g.kind, g.lower, g.upper, g.share) for g in pressures_of(own)[0]] == [("digital", 13, 15, 1.0)]


def test_growth_of_a_users_own_acts_on_its_ages_alone() -> None:
    found = costs_of(pressure={"growth": {"digital": {"service": "grunnskole", "growth": 10.0, "ages": "13-15"}}})
    ratio = found["cost_multiplier"].sel(pressure="digital", service="grunnskole", date=2022).values
    assert ratio[12:17].tolist() == pytest.approx([1, 1.21, 1.21, 1.21, 1])
    assert (found["cost_multiplier"].sel(service="sosial") == 1).all()


@pytest.mark.parametrize(
    ("options", "service", "age", "kroner"),
    [
        ({"spread": {"barnehage": {"1-2": 0.5, "3-5": 0.5}}}, "barnehage", None, None),
        ({"net_share": {"barnehage": 0.5}}, "barnehage", None, None),
        ({"care_anchor": 50}, "pleie_omsorg", None, None),
    ],
)
def test_choices_of_spreading_keep_the_total(options: dict, service: str, age: object, kroner: object) -> None:
    """Whatever the ages, the spending of the accounts' year is what is spread."""
    from demosim.costs.unit_costs import derive_all

    usual, other = (
        next(item for item in derive_all(CostOptions.model_validate(chosen)) if item.service.name == service)
        for chosen in ({}, options)
    )
    assert (other.cost * other.number).sum() == pytest.approx((usual.cost * usual.number).sum(), rel=1e-9)
    changed = options.get("net_share") is None
    assert np.array_equal(usual.cost, other.cost) != changed


def test_own_spread_and_net_share_by_hand() -> None:
    from demosim.costs.unit_costs import derive_all

    chosen = CostOptions(spread={"barnehage": {"1-2": 0.5, "3-5": 0.5}}, net_share={"barnehage": 0.5})
    item = next(item for item in derive_all(chosen) if item.service.name == "barnehage")
    assert item.cost[1] == pytest.approx(0.5 * item.amount.value / item.number[1:3].sum(), rel=1e-12)
    assert item.cost[5] == pytest.approx(0.5 * item.amount.value / item.number[3:6].sum(), rel=1e-12)
    assert not item.cost[6:].any()
    assert (item.net_share.value, item.net_share.source) == (0.5, "the scenario")


def test_the_anchor_says_where_the_rise_of_care_begins() -> None:
    """An earlier anchor makes the first years from 67 dearer and the last below 80 cheaper; totals of bands stay."""
    care = {
        anchor: costs_of(care_anchor=anchor)["unit_cost"].sel(service="pleie_omsorg").values for anchor in (50, 62, 66)
    }
    np.testing.assert_array_equal(care[62], PLAIN["unit_cost"].sel(service="pleie_omsorg").values)
    jumps = [care[anchor][67] / care[anchor][66] for anchor in (50, 62, 66)]
    assert jumps[0] > jumps[1] > jumps[2] > 1


def test_a_file_of_own_costs_stands_in_the_resolved_form(tmp_path: Path) -> None:
    """The resolved scenario holds the costs, so that it has the same effect and digest without the file."""
    (tmp_path / "mine.csv").write_text(
        "municipality,service,ages,kr_per_person,price_year\n,barnehage,0-5,1000,2025\n,barnehage,6+,0,2025\n"
        "Bergen,barnehage,0-5,2000,2025\nBergen,barnehage,6+,0,2025\n", encoding="utf-8",
    )  # fmt: skip
    text = 'name = "x"\nbaseline = "norway2026"\nvariant = "2024-MMMM"\nhorizon = 2027\nprice_year = 2026\n'
    (tmp_path / "a.toml").write_text(f'{text}[costs]\nown = "mine.csv"\n', encoding="utf-8")
    from scenario_corpus import baseline

    spec = read_scenario(tmp_path / "a.toml")
    resolved = resolve(baseline("norway2026"), spec)
    written = to_toml(resolved.document)
    assert "mine.csv" not in written
    again = spec_from(tomllib.loads(written))
    assert again.costs.own is not None
    assert again.costs.own.cost == spec.costs.own.cost  # type: ignore[union-attr]  # just read
    assert resolve(baseline("norway2026"), again).digest == resolved.digest
    (tmp_path / "mine.csv").write_text("service,ages\n", encoding="utf-8")
    with pytest.raises(DemosimError, match=r"mine\.csv: kr_per_person: has no such column"):
        read_scenario(tmp_path / "a.toml")


def test_keys_that_are_not_used_leave_the_digest_alone() -> None:
    plain = resolve(COUNTRY, spec_from(TREE))
    assert set(plain.document["costs"]) <= {
        "profile", "care_shape", "transport", "non_age_spread", "services",
    }  # fmt: skip
    other = resolve(COUNTRY, spec_from({**TREE, "costs": {"adjustment": {"grunnskole": {"speed_up": 0.5}}}}))
    assert other.digest != plain.digest
    assert other.document["costs"]["adjustment"]["grunnskole"] == Adjustment(speed_up=0.5).model_dump(exclude_none=True)


def test_what_runs_many_times_takes_own_costs_of_the_country_and_refuses_those_of_municipalities() -> None:
    from demosim.costs.unit_costs import derive_unit_cost

    spec = spec_from({**TREE, "costs": {"own": OWN}})
    found = derive_unit_cost(COUNTRY, spec.costs, 2026)
    assert found.sel(service="barnehage").values[:7].tolist() == [0, *[100_000.0] * 5, 0]
    other = spec_from({**TREE, "costs": {"own": {**OWN, "R1": {"sosial": {"0+": 1}}}}})
    with pytest.raises(DemosimError, match="single municipalities, which only a run counts"):
        derive_unit_cost(COUNTRY, other.costs, 2026)
    assert derive_unit_cost(COUNTRY, other.costs.of_country, 2026).identical(found)


def test_the_users_growth_of_prices_holds_for_own_costs_too() -> None:
    found = costs_of(own={"price_year": 2026, "sosial": {"0+": 1000}}, price_growth={"2027": 10.0})
    assert float(found["unit_cost"].sel(service="sosial", age=3)) == pytest.approx(1000)
    later = spec_from({**TREE, "price_year": 2027, "costs": {"own": OWN, "price_growth": {"2027": 10.0}}})
    costs = count_costs(COUNTRY, later, resolve(COUNTRY, later).assumptions, PROJECTION["population"])
    assert float(costs["unit_cost"].sel(service="barnehage", age=3)) == pytest.approx(110_000)
