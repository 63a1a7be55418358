"""The main scenario through every table that follows the need: sums, signs and what the notes say."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from demosim.baseline.find import embedded
from demosim.baseline.read import read_baseline
from demosim.compare import Case, explain
from demosim.costs.adjustment import adjustment_path
from demosim.costs.figures import registered
from demosim.costs.fte import full_time_equivalents, labour_balance, labour_supply
from demosim.costs.pressure import HealthierAgeing, multipliers, observed_growth
from demosim.fiscal.income import income_system
from demosim.fiscal.refugees import beside_free_income, grant_and_cost
from demosim.fiscal.room import burden
from demosim.fiscal.survey import standing
from demosim.groups import by_group, groups_of, summarise
from demosim.run import Result, run
from demosim.scenario.cost_options import Adjustment, CostOptions
from demosim.validation.results import compare_results, country_assumptions, one_region, scale_to_growth
from demosim.variables import validate


@pytest.fixture(scope="module")
def main() -> Result:
    return run(embedded("scenarios", "mars2026.toml"))


@pytest.fixture(scope="module")
def without() -> Result:
    return run(embedded("scenarios", "no-ukraine.toml"))


def test_groups_of_every_kind_sum_to_the_country(main: Result) -> None:
    money = main.costs["demographic_expenditure"].sel(financing="free_income").sum("service")
    for name in ("county", "landsdel", "size", "all"):
        for apart in ((), ("0301",)):
            groups = groups_of(main.projection, name, apart=apart)
            np.testing.assert_allclose(summarise(money, groups).sum("group"), money.sum("municipality"), rtol=1e-9)
    table = by_group(money.isel(budget_year=[0]), groups_of(main.projection, "size", apart=["0301"]))
    assert table["municipalities"].sum() == 357
    assert table["group"].tolist()[-1] == "Oslo"
    assert len(table) == 7


def test_everything_is_in_the_registry(main: Result) -> None:
    fte = full_time_equivalents(main.costs["expenditure_need"], CostOptions())
    supply = labour_supply(main.projection["population"])
    assert validate(xr.Dataset({"full_time_equivalents": fte, "labour_supply": supply})) == []
    assert validate(adjustment_path(main.costs, {})) == []
    balance = labour_balance(fte, main.projection["population"])
    assert len(balance) == 357 * 11
    assert balance["share_20_64"].between(0.02, 0.35).all()


def test_slow_school_costs_what_the_notes_say(main: Result) -> None:
    found = adjustment_path(main.costs, {"grunnskole": Adjustment(speed_down=0.3)})
    school = found["accumulated_adjustment_cost"].sel(financing="free_income", service="grunnskole")
    country = school.sum("municipality") / 1e9
    assert float(country[0]) == pytest.approx(1.09, abs=0.02)
    assert float(country[-1]) == pytest.approx(19.0, abs=0.2)
    rest = found["adjustment_gap"].drop_sel(service="grunnskole")
    assert not rest.any()


def test_what_the_refugees_and_the_pressure_add(main: Result, without: Result) -> None:
    cost = main.costs["unit_cost"]
    more = multipliers(cost, main.assumptions, observed_growth(), HealthierAgeing(0.5))
    table = explain(Case(without.assumptions, cost), Case(main.assumptions, cost, more))
    free = table[table["financing"] == "free_income"].groupby("factor")["kroner"].sum() / 1e9
    assert free["stream ukraine"] == pytest.approx(0.59, abs=0.05)
    assert free["coverage_80_plus"] == pytest.approx(-14.7, abs=0.2)
    assert free["care_under_50"] == pytest.approx(10.2, abs=0.2)
    assert free["healthier_ageing"] == pytest.approx(-12.0, abs=0.2)
    assert free["fertility"] == free["unit cost"] == 0


def test_the_income_system_of_2027(main: Result) -> None:
    table = income_system(main.projection, 2027)
    assert abs(table["expenditure_equalisation"].sum()) < 1e-9 * table["innbyggertilskudd"].sum()
    assert table["need_index"].between(0.85, 1.15).all()
    mean = (table["need_index"] * table["persons_1_july"]).sum() / table["persons_1_july"].sum()
    assert mean == pytest.approx(1, rel=1e-12)
    assert table.attrs["held_weight"] == pytest.approx(0.293, abs=0.001)
    assert table.set_index("municipality").loc["0301", "expenditure_equalisation"] < 0


def test_the_tables_per_municipality_are_complete(main: Result, without: Result) -> None:
    assert burden(main.costs, main.projection["population"])["per_cent"].between(-5, 5).all()
    shown = standing(main.projection, main.costs)
    assert not shown[["result_size", "result_landsdel", "reserves_size"]].isna().any().any()
    inflow = main.projection["net_stream_migration"].sum("sex")
    rates = {"adult": [194_400.0, 4, 3, 2, 1], "child": [187_000.0, 4, 3, 2, 1]}
    table = beside_free_income(grant_and_cost(inflow, rates), main.costs, without.costs)
    first = table[table["year"] == 2026]
    assert first["persons"].sum() == pytest.approx(6000, rel=0.01)
    np.testing.assert_allclose(first["uncovered"], first["cost"] * 0.09, rtol=1e-9)
    assert 0.3e9 < first["demographic_expenditure"].sum() < 0.6e9


def test_the_country_scaled_to_a_growth() -> None:
    country = one_region(read_baseline("norway2026"), registered()[2025], 2025)
    scale = scale_to_growth(country, 39_400)
    assert 1 < scale < 2
    plain = country_assumptions(country, {}, 1)
    assert plain.sizes["municipality"] == plain.sizes["year"] == 1
    assert float(plain["jump_off_population"].sum()) == registered()[2025].sum()


def test_options_beside_the_default_say_what_they_do() -> None:
    rows = {(row.year, row.kind, row.sector, row.financing): row.ours for row in compare_results()}
    ours = rows[2027, "estimate", "all", "free"]
    assert ours["cost-key, step"] - ours["cost-key"] == pytest.approx(0.69, abs=0.01)
    assert ours["cost-key, no transport"] < ours["cost-key"]
    assert rows[2027, "estimate", "county", "free"]["cost-key, no transport"] == pytest.approx(0.28, abs=0.006)
