"""The decomposition adds up whatever differs, and the shipped example gives what the notes say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up
from demosim.compare import PARTS, Case, assumptions_of_outcome, explain, in_order, shapley
from demosim.costs.need import expenditure
from demosim.errors import DemosimError
from demosim.outputs.comparison import explanation_table, factor_name
from demosim.outputs.netcdf import read_result, write_result
from demosim.projection import project
from demosim.run import run
from demosim.validation.june_march import june_to_march
from demosim.validation.results import one_region
from plain_assumptions import plain_assumptions


def costs(factor: float = 1.0, price_year: int = 2025) -> xr.DataArray:
    values = np.stack([np.linspace(1e4, 0, 31), np.linspace(0, 9e4, 31)]) * factor
    return xr.DataArray(
        values, dims=("service", "age"),
        coords={
            "service": ["school", "care"], "age": np.arange(31), "net_share": ("service", [0.9, 0.8]),
            "level": ("service", ["municipal", "county"]),
        },
        attrs={"price_year": price_year},
    )  # fmt: skip


def assumptions(**changed: float) -> xr.Dataset:
    """Assumptions of a made-up country, some arrays multiplied."""
    data = plain_assumptions(made_up.small_country(steps=4), streams=2)
    for name, factor in changed.items():
        data[name] = data[name] * factor
    return data


def total(case: Case, budget_year: int | None) -> np.ndarray:
    """The demographic expenditure counted without the decomposition, (financing, service)."""
    cost = case.unit_cost
    for multiplier in case.multipliers.values():
        cost = (cost * multiplier).assign_attrs(case.unit_cost.attrs)
    found = expenditure(project(case.assumptions)["population"], cost).sum("municipality")
    if budget_year is None:
        return found["accumulated_demographic_expenditure"].isel(budget_year=-1).values
    return found["demographic_expenditure"].sel(budget_year=budget_year).values


CHANGED = {
    "jump_off_population": 1.02, "fertility_rate": 1.2, "death_prob": 0.8, "net_migration_deviation": 0.3,
    "net_international_migration": 1.5, "stream_inflow": 2.0,
}  # fmt: skip


@pytest.mark.parametrize("method", ["shapley", "order"])
@pytest.mark.parametrize("budget_year", [None, 2022])
def test_the_parts_add_up_to_the_difference(method: str, budget_year: int | None) -> None:
    coverage = {"coverage": xr.DataArray([1.0, 0.97], {"service": ["school", "care"]})}
    before, after = Case(assumptions(), costs()), Case(assumptions(**CHANGED), costs(1.05, 2026), coverage)
    table = explain(before, after, budget_year, method)
    summed = table.groupby(["financing", "service"], sort=False)["kroner"].sum().to_numpy().reshape(2, 2)
    by_financing = table.groupby("financing", sort=False).size()
    assert by_financing.index.tolist() == ["free_income", "all"]
    wanted = total(after, budget_year) - total(before, budget_year)
    size = np.abs(expenditure(project(after.assumptions)["population"], after.unit_cost)["expenditure_need"]).sum()
    np.testing.assert_allclose(summed, wanted, atol=1e-9 * float(size))
    large = set(table[table["kroner"].abs() > 1e-9 * float(size)]["factor"])
    moving = {*PARTS, "stream stream 0", "stream stream 1", "coverage", "unit cost", "price"}
    assert large == moving - {"internal migration"}  # moves inside the country cancel


def test_a_municipality_has_internal_migration() -> None:
    changed = assumptions(net_migration_deviation=0.0, death_prob=0.9)
    before, after = Case(assumptions(), costs()), Case(changed, costs())
    table = explain(before, after, None, "shapley", "R2")
    needs = [expenditure(project(case.assumptions)["population"], case.unit_cost) for case in (before, after)]
    wanted = [need["accumulated_demographic_expenditure"].sel(municipality="R2").isel(budget_year=-1) for need in needs]
    summed = table.groupby(["financing", "service"], sort=False)["kroner"].sum().to_numpy().reshape(2, 2)
    np.testing.assert_allclose(summed, (wanted[1] - wanted[0]).values, rtol=1e-9, atol=1e-3)
    assert (table[table["factor"] == "internal migration"]["kroner"].abs() > 1e3).all()
    with pytest.raises(DemosimError, match='no municipality "R9"'):
        explain(before, after, None, "order", "R9")


def test_equal_cases_differ_by_nothing() -> None:
    table = explain(Case(assumptions(), costs()), Case(assumptions(), costs()))
    assert not table["kroner"].any()
    assert set(table["level"]) == {"municipal", "county"}


def test_one_factor_alone_takes_the_whole_difference_under_both_methods() -> None:
    before, after = Case(assumptions(), costs()), Case(assumptions(fertility_rate=1.3), costs())
    for method in ("shapley", "order"):
        table = explain(before, after, None, method)
        assert (table[table["factor"] != "fertility"]["kroner"] == 0).all()
        wanted = (total(after, None) - total(before, None)).ravel()
        np.testing.assert_allclose(table[table["factor"] == "fertility"]["kroner"], wanted, rtol=1e-9)


def test_price_and_unit_cost_are_told_apart() -> None:
    table = explain(Case(assumptions(), costs()), Case(assumptions(), costs(1.041, 2026)))
    assert np.abs(table[table["factor"] == "unit cost"]["kroner"]).max() < 1e-3
    price = table[(table["factor"] == "price") & (table["financing"] == "free_income")]["kroner"].to_numpy()
    np.testing.assert_allclose(price, 0.041 * total(Case(assumptions(), costs()), None)[0], rtol=1e-6)


def test_a_stream_that_only_one_has() -> None:
    with_streams = assumptions()
    without = with_streams.isel(stream=slice(0, 1))
    table = explain(Case(without, costs()), Case(with_streams, costs()))
    assert set(table[table["kroner"] != 0]["factor"]) == {"stream stream 1"}
    none = with_streams.isel(stream=slice(0, 0))
    back = explain(Case(with_streams, costs()), Case(none, costs()))
    assert set(back[back["kroner"] != 0]["factor"]) == {"stream stream 0", "stream stream 1"}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-10, 10), min_size=8, max_size=8))
def test_shapley_values_are_efficient_and_order_telescopes(worth: list[float]) -> None:
    table = {frozenset(n for i, n in enumerate("abc") if k >> i & 1): np.array(worth[k]) for k in range(8)}
    for parts in (shapley("abc", table.__getitem__), in_order("abc", table.__getitem__)):
        assert sum(float(part) for part in parts.values()) == pytest.approx(worth[7] - worth[0], abs=1e-9)


def test_shapley_by_hand() -> None:
    """A glove game: a is worth 1 with b or with c, so a gets 2/3 and the others 1/6 each."""

    def value(chosen: frozenset[str]) -> np.ndarray:
        return np.array(float("a" in chosen and len(chosen) > 1))

    parts = shapley(["a", "b", "c"], value)
    assert {name: float(part) for name, part in parts.items()} == pytest.approx({"a": 2 / 3, "b": 1 / 6, "c": 1 / 6})


def test_what_cannot_be_compared() -> None:
    one, other = Case(assumptions(), costs()), Case(assumptions().isel(year=slice(0, 3)), costs())
    with pytest.raises(DemosimError, match="year: differs between the two"):
        explain(one, other)
    with pytest.raises(DemosimError, match="there is no budget year 2020; 2021 to 2024"):
        explain(one, Case(assumptions(death_prob=0.9), costs()), 2020)
    with pytest.raises(DemosimError, match='"shaply" is no method'):
        explain(one, one, None, "shaply")


@pytest.mark.parametrize("municipality", [None, "R2"])
@pytest.mark.parametrize("method", ["shapley", "order"])
def test_unit_costs_of_single_municipalities_and_net_shares_add_up(municipality: str | None, method: str) -> None:
    """Costs of one municipality are doubled, and less of care is charged to free income."""
    factor = xr.DataArray([1.0, 2.0, 1.0, 1.0], {"municipality": ["R1", "R2", "R3", "R4"]})
    own = (costs() * factor).assign_attrs(price_year=2025).assign_coords(net_share=("service", [0.9, 0.5]))
    before, after = Case(assumptions(), costs()), Case(assumptions(death_prob=0.7), own)
    table = explain(before, after, None, method, municipality)
    needs = [
        expenditure(project(case.assumptions)["population"], case.unit_cost)["accumulated_demographic_expenditure"]
        for case in (before, after)
    ]
    wanted = (needs[1] - needs[0]).isel(budget_year=-1)
    wanted = wanted.sum("municipality") if municipality is None else wanted.sel(municipality=municipality)
    summed = table.groupby(["financing", "service"], sort=False)["kroner"].sum().to_numpy().reshape(2, 2)
    np.testing.assert_allclose(summed, wanted.transpose("financing", "service"), atol=1e-9 * float(abs(needs[1]).sum()))
    share = table[table["factor"] == "net share"].set_index(["financing", "service"])["kroner"]
    assert not share["free_income"].any()
    assert share["all", "care"] != 0
    assert share["all", "school"] == pytest.approx(0, abs=1e-3)
    assert set(table[table["kroner"].abs() > 1e-3]["factor"]) == {"mortality", "unit cost", "net share"}


def test_prices_beyond_the_deflator_are_the_users() -> None:
    before, after = Case(assumptions(), costs()), Case(assumptions(), costs(1.1, 2027), price_growth={"2027": 10.0})
    table = explain(before, after).groupby("factor")["kroner"].sum()
    years = {name: abs(kroner) > 1e-3 for name, kroner in table.items()}
    assert {name for name, differs in years.items() if differs} == {"unit cost", "price"}
    with pytest.raises(DemosimError, match="price index does not cover 2027"):
        explain(before, Case(assumptions(), costs(1.1, 2027)))


TREE = """
name = "NAME"
baseline = "norway2026"
variant = "2024-MMMM"
horizon = 2028
price_year = 2026
"""
CHANGES = """
[fertility]
multiplier = 1.1
[costs.pressure]
healthier_ageing = 0.5
unit_cost = { grunnskole = 1.0 }
growth = { digital = { service = "barnehage", growth = 2.0 } }
[costs.own]
price_year = 2025
Bergen = { barnehage = { "0" = 0, "1-5" = 300000, "6+" = 0 } }
"""


def test_the_table_for_readers_names_every_cause_apart(tmp_path: Path) -> None:
    """Two stored runs; the parts are those of need and of need that is not demography in the results."""
    paths = []
    for name, more in (("a", ""), ("b", CHANGES)):
        path = tmp_path / f"{name}.toml"
        path.write_text(TREE.replace("NAME", name) + more, encoding="utf-8")
        done = run(path)
        paths.append(tmp_path / f"{name}.nc")
        write_result(paths[-1], done.dataset, "run", done.assumptions)
    table = explanation_table(*paths, "en", 2028, method="order")
    rows = dict(table.rows)
    causes = ["Fertility", "Real growth of unit costs", "digital", "Healthier ageing", "Unit costs"]
    assert list(rows) == [*causes, "Total"]
    first, second = (read_result(path) for path in paths)
    here = {"financing": "free_income", "budget_year": 2028}
    demography = [data["demographic_expenditure"].sel(here).sum() for data in (first, second)]
    wanted = float(demography[1] - demography[0] + second["pressure_expenditure"].sel(here).sum()) / 1e6
    assert rows["Total"][2] == pytest.approx(wanted, rel=1e-9)
    shown = np.array([cells for _, cells in table.printed])
    assert [name for name, _ in table.printed] == list(rows)
    np.testing.assert_allclose(shown, shown.round(1), atol=1e-9)
    np.testing.assert_allclose(shown[:-1].sum(axis=0), shown[-1], atol=1e-9)
    np.testing.assert_allclose(shown[:, 0] + shown[:, 1], shown[:, 2], atol=1e-9)
    assert np.abs(shown - np.array(list(rows.values()))).max() < 0.21
    assert rows["Fertility"][0] > 0 > rows["Healthier ageing"][0]
    assert "in the order of the rows" in table.notes[0]
    norwegian = explanation_table(*paths, "nb", 2028, municipality="Bergen")
    assert [label for label, _ in norwegian.rows][:2] == ["Fruktbarhet", "Realvekst i enhetskostnader"]
    assert "Enhetskostnader" in dict(norwegian.rows)
    oslo = dict(explanation_table(*paths, "nb", 2028, municipality="Oslo").rows)
    assert "Enhetskostnader" not in oslo


def test_causes_in_words() -> None:
    assert factor_name("stream ukraine", "nb") == "Strøm: ukraine"
    assert factor_name("my own growth", "en") == "my own growth"
    for lang in ("nb", "nn", "en"):
        assert all(factor_name(factor, lang) != factor for factor in (*PARTS, "unit cost", "price", "net share"))


def test_assumptions_that_lead_to_a_registered_population() -> None:
    country = one_region(made_up.small_country(), np.full((2, 31), 1000.0), 2020)
    start = plain_assumptions(country, streams=0).isel(year=slice(0, 1))
    registered = np.random.default_rng(8).uniform(900, 1100, (2, 31))
    found = project(assumptions_of_outcome(start, registered))["population"].isel(municipality=0, date=1)
    np.testing.assert_allclose(found.values, registered, rtol=1e-10)
    with pytest.raises(DemosimError, match="one region and one year"):
        assumptions_of_outcome(assumptions(), registered)


def test_june_to_march() -> None:
    parts, beside = june_to_march()
    ours = beside.set_index("level")["ours"]
    assert ours["municipal"] == pytest.approx(-0.60, abs=0.006)
    assert ours["county"] == pytest.approx(0.08, abs=0.006)
    free = parts[parts["financing"] == "free_income"].groupby(["factor", "level"])["kroner"].sum() / 1e9
    assert free["international migration", "municipal"] == pytest.approx(-0.65, abs=0.006)
    assert free["fertility", "municipal"] == pytest.approx(0.06, abs=0.006)
    assert free["international migration", "county"] == pytest.approx(0.065, abs=0.006)
    assert free["mortality"].eq(0).all()


@pytest.mark.parametrize("kind", ["pool", "matrix"])
def test_gross_moves_are_internal_migration(kind: str) -> None:
    """Moves of one side only, and moves that differ: what a municipality needs differs by internal migration alone."""
    country = made_up.small_country(steps=4)
    plain = assumptions()
    moving = plain_assumptions(made_up.with_moves(country, kind), streams=2)
    fewer = moving.assign(out_move_prob=moving["out_move_prob"] * 0.5)
    for one, other in ((plain, moving), (moving, plain), (moving, fewer)):
        before, after = Case(one, costs()), Case(other, costs())
        table = explain(before, after, None, "shapley", "R2")
        needs = [
            expenditure(project(case.assumptions)["population"], case.unit_cost)["accumulated_demographic_expenditure"]
            .sel(municipality="R2").isel(budget_year=-1) for case in (before, after)
        ]  # fmt: skip
        summed = table.groupby(["financing", "service"], sort=False)["kroner"].sum().to_numpy().reshape(2, 2)
        np.testing.assert_allclose(summed, (needs[1] - needs[0]).transpose("financing", "service"), atol=1e-3)
        assert set(table[table["kroner"].abs() > 1e-3]["factor"]) == {"internal migration"}
