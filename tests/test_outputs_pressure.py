"""Need that is not demography, and own unit costs of municipalities: sheets that another program counts to the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest
import xarray as xr

from demosim.outputs.export import export, tables
from demosim.outputs.measures import measures
from demosim.outputs.netcdf import write_result
from demosim.outputs.panels_all import all_panels
from demosim.outputs.panels_pressure import pressure_panel
from demosim.outputs.sheets import Entry, Formula, Sheet
from demosim.outputs.sheets_ages import age_groups_sheet, ages_sheet, own_ages_sheet, own_cost_places
from demosim.outputs.sheets_pressure import pressure_sheet
from demosim.outputs.words import Words
from made_up_costs import with_own_costs, with_path, with_pressure
from made_up_result import small, three
from recalculate import compare_formulas

KINDS = {"care_under_50": 1.3, "digital": -0.4}


def value(cell: Entry) -> float:
    """The number that a cell shows."""
    number = cell.value if isinstance(cell, Formula) else cell
    assert isinstance(number, int | float)
    return float(number)


def cells_of(sheet: Sheet) -> dict[str, np.ndarray]:
    """Rows of numbers by label."""
    return {str(row[0]): np.array([value(cell) for cell in row[1:]]) for row in sheet.rows}


def made(run: xr.Dataset, lang: str = "nb", accumulated: bool = False) -> Sheet:
    sheet = pressure_sheet(measures(run), Words(lang, run), accumulated)
    assert sheet is not None
    return sheet


@pytest.fixture(scope="module")
def full() -> xr.Dataset:
    """Own unit costs of two municipalities, two kinds of other need, and spending with delay."""
    return with_path(with_pressure(with_own_costs(small(), {"R2": 1.25, "R4": 0.7}), KINDS))


@pytest.fixture(scope="module")
def book(full: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    write_result(folder / "run.nc", full)
    return export(folder / "run.nc", folder / "book.xlsx", lang="en")[0]


def test_another_program_counts_both_to_the_same(book: Path) -> None:
    compared = compare_formulas(book)
    years = small().sizes["budget_year"]
    assert compared["Not demography, yearly"] == compared["Not demography, accumulated"] == 3 * years
    assert compared["Own unit costs"] == 3 * 2 * small().sizes["age"]
    assert compared["Age groups"] > 50


def test_age_groups_add_to_the_need_with_own_unit_costs(full: xr.Dataset) -> None:
    """The audit ends at the need of the result, which the country's unit costs alone do not give."""
    need = full["expenditure_need"].sel(financing="free_income").sum(("service", "municipality")) / 1e6
    total = age_groups_sheet(measures(full), Words("nb", full)).rows[-1]
    for place, at in enumerate((0, 1, -1)):
        assert value(total[7 + place]) == pytest.approx(float(need[at]), rel=1e-12)
    country = (full["population"].sum(("sex", "municipality")) * full["unit_cost"].sum("service")).sum("age") / 1e6
    assert abs(float(need[0] - country[0])) > 1e-3 * float(need[0])


def test_own_costs_stand_with_what_they_differ_by(full: xr.Dataset) -> None:
    seen, words = measures(full), Words("en", full)
    assert own_cost_places(seen) == ["R2", "R4"]
    sheet = own_ages_sheet(seen, words)
    assert sheet is not None
    assert [column.key for column in sheet.columns[:4]] == ["municipality", "name", "age", "group"]
    ages = full["age"].values.tolist()
    assert [(row[0], row[2]) for row in sheet.rows] == [(code, age) for code in ("R2", "R4") for age in ages]
    at = {column.key: place for place, column in enumerate(sheet.columns)}
    cost = full["unit_cost"].sel(service="health")
    for row in sheet.rows:
        factor = {"R2": 1.25, "R4": 0.7}[str(row[0])]
        own = float(cost.sel(age=row[2]))
        assert value(row[at["health"]]) == pytest.approx(factor * own)
        assert value(row[at["above"]]) == pytest.approx((factor - 1) * own, abs=1e-6)
        assert value(row[at["all_services"]]) - value(row[at["country"]]) == pytest.approx(value(row[at["above"]]))
    first = float(full["population"].isel(date=0).sel(municipality=["R2", "R4"]).sum())
    assert sum(value(row[at["d2020"]]) for row in sheet.rows) == pytest.approx(first)


def test_pages_of_ages_say_that_some_have_own_costs(full: xr.Dataset) -> None:
    for lang, name in (("nb", "Egne enhetskostnader"), ("nn", "Eigne einingskostnader"), ("en", "Own unit costs")):
        words = Words(lang, full)
        for sheet in (ages_sheet(measures(full), words), age_groups_sheet(measures(full), words)):
            assert name in sheet.notes[-1]
            assert ": 2." in sheet.notes[-1]
    assert all("Own unit costs" not in note for note in ages_sheet(measures(small()), Words("en", small())).notes)


def test_a_run_with_the_countrys_costs_has_no_such_sheets() -> None:
    assert not {"ages_own", "pressure_yearly", "pressure_accumulated", "path"} & set(tables(small()))
    same = with_own_costs(small(), {})  # an array of municipal costs that are the country's
    assert own_ages_sheet(measures(same), Words("nb", same)) is None
    plain = age_groups_sheet(measures(small()), Words("nb", small())).values()
    assert age_groups_sheet(measures(same), Words("nb", same)).values() == plain


def test_formulas_reach_the_sheet_of_own_costs(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["Age groups"]
    need = [cell.value for cell in sheet[9] if cell.data_type == "f"][-1]
    assert need.count("SUMPRODUCT") == 2
    assert "'Own unit costs'!" in need
    assert "'Single ages'!" in need


@pytest.mark.parametrize("accumulated", [False, True])
def test_pressure_sheet_is_the_result(full: xr.Dataset, accumulated: bool) -> None:
    rows = cells_of(made(full, "en", accumulated))
    assert list(rows) == ["Population alone", "Care below 50", "digital", "Need that is not demography", "Total"]
    free = full.sel(financing="free_income").sum(("service", "municipality"))
    more = free["pressure_expenditure"].transpose("pressure", "budget_year").values / 1e6
    alone = free["demographic_expenditure"].values / 1e6
    if accumulated:
        more, alone = more.cumsum(1), alone.cumsum()
        level = free["pressure_need"].transpose("pressure", "date").values / 1e6
        assert np.allclose(more, level[:, 1:] - level[:, :1])
    assert np.allclose(rows["Care below 50"], more[0], atol=0.1)
    assert np.allclose(rows["digital"], more[1], atol=0.1)
    assert (rows["digital"] <= 0).all()
    assert np.allclose(rows["Population alone"], alone, atol=0.1)
    assert np.allclose(rows["Total"], alone + more.sum(0), atol=0.2)


@pytest.mark.parametrize("accumulated", [False, True])
def test_pressure_rows_add_up_as_shown(full: xr.Dataset, accumulated: bool) -> None:
    rows = cells_of(made(full, "en", accumulated))
    kinds = np.round(rows["Care below 50"], 1) + np.round(rows["digital"], 1)
    assert np.allclose(kinds, rows["Need that is not demography"], atol=1e-9)
    assert np.allclose(rows["Population alone"] + kinds, rows["Total"], atol=1e-9)
    key = "accumulated_free_income" if accumulated else "yearly_free_income"
    table = tables(full, lang="en")[key]()
    assert np.allclose([value(cell) for cell in table.rows[-1][1:]], rows["Population alone"], atol=1e-9)


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_pressure_sheets_name_prices_and_financing(full: xr.Dataset, lang: str) -> None:
    words = Words(lang, full)
    titles = set()
    for accumulated in (False, True):
        sheet = made(full, lang, accumulated)
        titles.add(sheet.title)
        assert "2020" in sheet.subtitle
        assert words("paid_free_income") in sheet.subtitle
        assert len({column.label for column in sheet.columns}) == len(sheet.columns)
        assert sheet.chart is not None
        assert list(sheet.chart.series) == [0, 1, 2]
        assert sheet.chart.line == 4
    assert len(titles) == 2


def test_one_kind_one_year_and_five_year_steps() -> None:
    run = with_pressure(three(), {"digital": 2.0})
    rows = cells_of(made(run, "en"))
    assert len(rows["digital"]) == run.sizes["budget_year"]
    assert np.allclose(rows["digital"], rows["Need that is not demography"])
    short = with_pressure(small(), KINDS)
    short = short.isel(budget_year=[0], date=[0, 1])
    rows = cells_of(made(short, "nb"))
    assert all(len(row) == 1 for row in rows.values())
    assert np.allclose(rows["Sum"], cells_of(made(short, "nb", accumulated=True))["Sum"])


def test_the_figure_is_of_every_place(full: xr.Dataset) -> None:
    seen = measures(full)
    panel = pressure_panel(seen)
    assert panel is not None
    assert panel.series == ("population", *KINDS)
    assert panel.values.shape == (len(seen.regions), 3, full.sizes["budget_year"])
    at = next(place for place, region in enumerate(seen.regions) if region.code == "R2")
    own = full.sel(financing="free_income", municipality="R2", service="health")["pressure_expenditure"] / 1e6
    unit = 10.0 ** -panel.decimals[at]
    assert np.allclose(panel.values[at, 1:], own.transpose("pressure", "budget_year").values, atol=unit)
    total = panel.values[at].sum(0)
    yearly = seen.yearly().sum("service").values[at] / 1e6
    assert np.allclose(total, yearly + own.sum("pressure").values, atol=0.5001 * unit)


def test_the_figure_is_left_out_with_its_command_where_there_is_no_such_need(full: xr.Dataset) -> None:
    panels, left_out = all_panels(measures(small()), [])
    assert "pressure" not in [panel.key for panel in panels]
    assert "costs.pressure" in dict(left_out)["pressure"]
    panels, left_out = all_panels(measures(full), [])
    keys = [panel.key for panel in panels]
    assert keys.index("pressure") == keys.index("path") - 1
    assert not {"pressure", "path"} & set(dict(left_out))
