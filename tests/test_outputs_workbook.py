"""The workbook: real numbers, live formulas that another program counts to the same, text that stays text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest
import xarray as xr

from demosim.errors import DemosimError
from demosim.outputs.export import export
from demosim.outputs.netcdf import write_result
from made_up_others import fan, sensitivity
from made_up_result import norway, small, three
from recalculate import compare_formulas

EVIL = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook with every sheet, of a result whose title is a formula."""
    folder = tmp_path_factory.mktemp("book")
    run = small().assign_attrs(title=EVIL, scenario="-evil")
    write_result(folder / "run.nc", run)
    write_result(folder / "reference.nc", small().assign_attrs(title="@reference"))
    write_result(folder / "fan.nc", fan(run), "fan")
    write_result(folder / "sensitivity.nc", sensitivity(run, "+1"), "sensitivity")
    others = [folder / name for name in ("reference.nc", "fan.nc", "sensitivity.nc")]
    return export(folder / "run.nc", folder / "book.xlsx", others)[0]


def test_every_table_has_a_sheet(book: Path) -> None:
    names = openpyxl.load_workbook(book).sheetnames
    assert names == [
        "Hovedtall", "Årlig", "Samlet", "Årlig, all finansiering", "Samlet, all finansiering", "Aldersgrupper",
        "Ettårig alder", "Kommuner", "Grupper", "Mot referanse, årlig", "Mot referanse, samlet", "Usikkerhet",
        "Følsomhet", "Forutsetninger", "Om",
    ]  # fmt: skip


def test_recalculated_cells_equal_ours(book: Path) -> None:
    assert sum(compare_formulas(book).values()) > 200


def test_live_formulas_follow_a_changed_cell(book: Path) -> None:
    """The need of an age group is a formula over the sheet of single ages, and not a number."""
    sheet = openpyxl.load_workbook(book)["Aldersgrupper"]
    need = [cell for cell in sheet[5] if cell.data_type == "f"]
    assert len(need) == 9
    assert "SUMPRODUCT" in need[-1].value
    assert "'Ettårig alder'!" in need[-1].value


def test_text_that_looks_like_a_formula_is_text(book: Path) -> None:
    found = []
    for sheet in openpyxl.load_workbook(book):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "s" and str(cell.value).startswith(("=", "+", "-", "@")):
                    found.append(cell.value)
                assert not (cell.data_type == "f" and "cmd" in str(cell.value))
    assert EVIL in found
    assert "-evil" in found


def test_totals_add_up_as_shown(book: Path) -> None:
    """Services add to their level, and the levels to the total, in the decimals that are shown."""
    sheet = openpyxl.load_workbook(book, data_only=True)["Årlig"]
    rows = {row[0]: row[1:] for row in sheet.iter_rows(min_row=5, max_row=13, values_only=True) if row[0]}
    inside = {"Kommuner": ("Nursery", "School", "Care", "Health"), "Fylkeskommuner": ("College", "Dentist")}
    for level, services in inside.items():
        for at, total in enumerate(rows[level]):
            assert round(sum(round(rows[name][at], 1) for name in services), 1) == round(total, 1)
    assert [round(a + b, 1) for a, b in zip(rows["Kommuner"], rows["Fylkeskommuner"], strict=True)] == [
        round(value, 1) for value in rows["Sum"]
    ]


def test_yearly_table_is_the_result(book: Path) -> None:
    sheet = openpyxl.load_workbook(book, data_only=True)["Årlig"]
    row = next(row for row in sheet.iter_rows(min_row=5, values_only=True) if row[0] == "Care")
    data = small()["demographic_expenditure"].sel(financing="free_income", service="care").sum("municipality") / 1e6
    assert np.allclose(row[1 : 1 + data.size], data.values, atol=0.1)


def test_sheets_are_set_up_for_reading_and_print(book: Path) -> None:
    for sheet in openpyxl.load_workbook(book):
        assert sheet.freeze_panes is not None
        assert sheet.auto_filter.ref is not None
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_title_rows == "$4:$4"
    charts = {sheet.title: len(sheet._charts) for sheet in openpyxl.load_workbook(book) if sheet._charts}
    assert charts == dict.fromkeys(
        ("Årlig", "Samlet", "Årlig, all finansiering", "Samlet, all finansiering", "Mot referanse, årlig",
         "Mot referanse, samlet", "Usikkerhet", "Følsomhet"), 1,
    )  # fmt: skip


def test_numbers_are_numbers_with_formats(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["Kommuner"]
    cell = sheet["D5"]
    assert isinstance(cell.value, int | float)
    assert cell.number_format == "#,##0;−#,##0"  # a true minus sign


def test_columns_hold_their_numbers_and_their_words(book: Path) -> None:
    """No ### and no broken word: every column is wider than its longest number and than each word of its header."""
    for sheet in openpyxl.load_workbook(book, data_only=True):
        heads = {cell.column_letter: str(cell.value) for cell in sheet[4] if cell.value}
        spans = [(each.min, each.max, each.width) for each in sheet.column_dimensions.values()]
        for letter, head in heads.items():
            at = openpyxl.utils.column_index_from_string(letter)
            width = next(wide for first, last, wide in spans if first <= at <= last)
            assert width >= max(map(len, head.split())) + 3, (sheet.title, head)
            numbers = [cell.value for cell in sheet[letter][4:] if isinstance(cell.value, int | float)]
            assert width > max((len(f"{value:,.0f}") for value in numbers), default=0), (sheet.title, head)


def test_numbers_have_a_true_minus_and_their_header_stands_above_them(book: Path) -> None:
    formats = set()
    for sheet in openpyxl.load_workbook(book):
        for row in sheet.iter_rows(min_row=5):
            formats |= {cell.number_format for cell in row if cell.data_type == "n" and cell.value is not None}
        heads = [cell for cell in sheet[4] if cell.value]
        first = {cell.column: cell for cell in sheet[5] if cell.value is not None}
        for head in heads:
            if head.column in first and first[head.column].data_type in "nf":
                assert head.alignment.horizontal == "right", (sheet.title, head.value)
    assert all(";−" in code or code == "0" for code in formats), formats


def test_the_about_sheet_begins_with_the_scenario(book: Path) -> None:
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(book)["Om"].iter_rows(min_row=5)]
    again = [str(row[1]) for row in rows if row[0] == "Lages på nytt med"]
    assert again[0] == "demosim run -evil.toml --output run.nc"
    assert again[-1].startswith("demosim --lang nb export run.nc reference.nc fan.nc sensitivity.nc --output book.xlsx")


def test_the_tornado_and_the_band_are_drawn_from_their_cells(book: Path) -> None:
    loaded = openpyxl.load_workbook(book)
    band = loaded["Usikkerhet"]._charts[0]
    assert len(band.series) == 5
    assert "$B$5" in band.series[0].val.numRef.f
    tornado = loaded["Følsomhet"]._charts[0]
    assert [series.tx.strRef.f.split("!")[1] for series in tornado.series] == ["$E$4", "$F$4"]
    assert loaded["Følsomhet"]["A5"].value == "Netto innvandring"


def test_difference_to_the_same_run_is_zero(book: Path) -> None:
    sheet = openpyxl.load_workbook(book, data_only=True)["Mot referanse, årlig"]
    values = [value for row in sheet.iter_rows(min_row=5, max_row=13, min_col=2, values_only=True) for value in row]
    assert {value for value in values if value is not None} == {0}
    assert "minus @reference" in sheet["A2"].value


def test_five_year_ages_make_a_workbook(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", three())
    export(tmp_path / "run.nc", tmp_path / "book.xlsx", lang="en")
    book = openpyxl.load_workbook(tmp_path / "book.xlsx", data_only=True)
    assert "daler" in book["Headline"]["C5"].value or "daler" in book["Yearly"]["A2"].value
    assert book["Age groups"]["A5"].value == "0–19"


def test_age_sheet_counts_the_need_of_the_country(tmp_path: Path) -> None:
    """Persons × unit cost over all ages is the expenditure need of the result."""
    run = norway()
    write_result(tmp_path / "run.nc", run)
    export(tmp_path / "run.nc", tmp_path / "book.xlsx", lang="en")
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx", data_only=True)["Age groups"]
    total = [cell.value for cell in sheet[15]]
    assert total[0] == "Total"
    need = run["expenditure_need"].sel(financing="free_income").sum(("service", "municipality")) / 1e6
    assert total[-1] == pytest.approx(float(need[-1]), rel=1e-9)
    assert total[1] == pytest.approx(float(run["population"].isel(date=0).sum()), rel=1e-9)


def test_a_result_without_costs_is_refused(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", small()[["population"]])
    with pytest.raises(DemosimError, match="lacks demographic_expenditure"):
        export(tmp_path / "run.nc", tmp_path / "book.xlsx")


def test_a_reference_of_other_years_is_refused(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", small())
    short: xr.Dataset = small().isel(budget_year=slice(0, 5))
    write_result(tmp_path / "reference.nc", short)
    with pytest.raises(DemosimError, match="covers another budget year"):
        export(tmp_path / "run.nc", tmp_path / "book.xlsx", [tmp_path / "reference.nc"])
