"""Tables to a workbook: a sheet each, real numbers with formats, live formulas, native charts, print set-up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demosim.files import replacing
from demosim.outputs.library import needs
from demosim.outputs.look import COLOURS
from demosim.outputs.sheets import FORMS, Chart, Formula, Sheet
from demosim.outputs.words import Words

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

HEADER = 3  # rows above the header: title, subtitle, an empty one
NOTE_WIDTH = 95  # characters
EPOCH = datetime(2026, 1, 1)  # the same result gives the same workbook, whatever the clock says
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


def write_workbook(path: Path, sheets: Sequence[Sheet], words: Words) -> None:
    """Write the sheets to a workbook, whole or not at all.

    Text is always written as text, also where it begins with = + - or @. Raises a `DemosimError` where the extra
    `report` is not installed.
    """
    xlsxwriter = needs("xlsxwriter")
    with replacing(path) as temporary:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        with xlsxwriter.Workbook(str(temporary), options) as book:
            book.set_properties({"title": words.scenario, "comments": "demosim", "created": EPOCH})
            book.set_calc_mode("auto")
            names = _names(sheets, words)
            formats = _formats(book)
            for sheet in sheets:
                worksheet = book.add_worksheet(names[sheet.key])
                _fill(worksheet, sheet, names, formats)
                _print_setup(worksheet, sheet)
                if sheet.chart:
                    _draw(book, worksheet, sheet, names[sheet.key], sheet.chart)


def _names(sheets: Sequence[Sheet], words: Words) -> dict[str, str]:
    """Names of the sheets in the language; Excel allows 31 letters without some signs."""
    return {sheet.key: _FORBIDDEN.sub(" ", words(f"sheet_{sheet.key}"))[:31] for sheet in sheets}


def _formats(book: Workbook) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": book.add_format({"bold": True, "font_size": 14, "font_color": "#12395B"}),
        "subtitle": book.add_format({"italic": True, "font_color": "#44515C"}),
        "header": book.add_format(
            {
                "bold": True,
                "bg_color": "#12395B",
                "font_color": "#FFFFFF",
                "text_wrap": True,
                "valign": "vcenter",
                "border": 1,
            }
        ),
        "note": book.add_format({"font_color": "#44515C", "text_wrap": True, "valign": "top"}),
    }
    for form, (code, _) in FORMS.items():
        base: dict[str, Any] = {"num_format": code, "valign": "top"}
        if form == "text":
            base |= {"text_wrap": True, "indent": 1}
        made[form] = book.add_format(base)
        made[f"{form}_total"] = book.add_format({**base, "bold": True, "top": 1, "bg_color": "#E8EEF4"})
    return made


def _fill(worksheet: Worksheet, sheet: Sheet, names: dict[str, str], formats: dict[str, Any]) -> None:
    worksheet.write_string(0, 0, sheet.title, formats["title"])
    worksheet.write_string(1, 0, sheet.subtitle, formats["subtitle"])
    for at, column in enumerate(sheet.columns):
        worksheet.write_string(HEADER, at, column.label, formats["header"])
        worksheet.set_column(at, at, _width(sheet, at))
    lines = max(-(-len(column.label) // int(_width(sheet, at) - 1)) for at, column in enumerate(sheet.columns))
    worksheet.set_row(HEADER, 15.5 * lines)
    for number, row in enumerate(sheet.rows):
        suffix = "_total" if number in sheet.totals else ""
        tall = max((_lines(cell, sheet, at) for at, cell in enumerate(row)), default=1)
        if tall > 1:
            worksheet.set_row(HEADER + 1 + number, 15.0 * tall)
        for at, cell in enumerate(row):
            chosen = formats[sheet.form(number, at) + suffix]
            _write(worksheet, HEADER + 1 + number, at, cell, chosen, names)
    bottom = HEADER + 1 + len(sheet.rows)
    _notes(worksheet, sheet, bottom + 1, formats["note"])
    worksheet.freeze_panes(HEADER + 1, _frozen(sheet))
    if sheet.rows:
        worksheet.autofilter(HEADER, 0, bottom - 1, len(sheet.columns) - 1)


def _notes(worksheet: Worksheet, sheet: Sheet, top: int, look: Any) -> None:
    """Notes below the table, wrapped over the columns that make up a readable line."""
    width, last = 0.0, -1
    while width < NOTE_WIDTH and last + 1 < len(sheet.columns):
        last += 1
        width += _width(sheet, last)
    for place, note in enumerate(sheet.notes):
        if last > 0:
            worksheet.merge_range(top + place, 0, top + place, last, "", look)
        worksheet.write_string(top + place, 0, note, look)
        worksheet.set_row(top + place, 15 * (1 + int(len(note) / (width * 1.05))))


def _write(worksheet: Worksheet, row: int, column: int, cell: Any, chosen: Any, names: dict[str, str]) -> None:
    if isinstance(cell, Formula):

        def place(sheet: str, table_row: int, table_column: int) -> str:
            return address(names[sheet], table_row, table_column)

        worksheet.write_formula(row, column, cell.write(place), chosen, cell.value)
    elif cell is None:
        worksheet.write_blank(row, column, None, chosen)
    elif isinstance(cell, str):
        worksheet.write_string(row, column, cell, chosen)
    else:
        worksheet.write_number(row, column, cell, chosen)


def address(sheet: str, row: int, column: int) -> str:
    """The address of a cell of a table in its sheet, such as 'Alder'!$C$7."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return f"'{sheet}'!{xl_rowcol_to_cell(HEADER + 1 + row, column, row_abs=True, col_abs=True)}"


def _frozen(sheet: Sheet) -> int:
    """Columns that stay in sight: those of text at the left."""
    forms = [column.form for column in sheet.columns]
    text = next((at for at, form in enumerate(forms) if form != "text"), 1)
    return max(1, min(text, 2))


def _width(sheet: Sheet, at: int) -> float:
    if sheet.columns[at].form != "text":
        return 13
    longest = max((len(str(row[at])) for row in sheet.rows), default=0)
    return max(12, min(longest + 4, 60))


def _lines(cell: Any, sheet: Sheet, at: int) -> int:
    """Lines that a text takes in its column."""
    return -(-len(cell) // int(_width(sheet, at) - 3)) if isinstance(cell, str) else 1


def _print_setup(worksheet: Worksheet, sheet: Sheet) -> None:
    worksheet.set_landscape()
    worksheet.set_paper(9)
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(HEADER)
    worksheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    worksheet.set_footer("&L&8&A&C&8demosim&R&8&P / &N")
    worksheet.hide_gridlines(2)


def _draw(book: Workbook, worksheet: Worksheet, sheet: Sheet, name: str, chart: Chart) -> None:
    kinds = {"type": chart.kind, "subtype": "stacked"} if chart.stacked else {"type": chart.kind}
    drawn = book.add_chart(kinds)
    heads = [name, HEADER, chart.first, HEADER, chart.last]
    for place, row in enumerate(chart.series):
        at = HEADER + 1 + row
        look = {"color": COLOURS[place % len(COLOURS)]}
        drawn.add_series({
            "name": [name, at, 0], "categories": heads, "values": [name, at, chart.first, at, chart.last],
            **({"fill": look, "border": {"color": "#FFFFFF", "width": 0.5}, "gap": 60} if chart.kind == "column"
               else {"line": {**look, "width": 2}}),
        })  # fmt: skip
    if chart.line is not None:
        at = HEADER + 1 + chart.line
        line = book.add_chart({"type": "line"})
        line.add_series({
            "name": [name, at, 0], "categories": heads, "values": [name, at, chart.first, at, chart.last],
            "line": {"color": "#111111", "width": 2.25}, "marker": {"type": "circle", "size": 5},
        })  # fmt: skip
        drawn.combine(line)
    drawn.set_title({"name": chart.title, "name_font": {"size": 12}})
    drawn.set_y_axis(
        {"name": chart.unit, "num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#D5DCE2"}}}
    )
    drawn.set_x_axis({"label_position": "low"})
    drawn.set_legend({"position": "right"})
    drawn.set_size({"width": 960, "height": 460})
    worksheet.insert_chart(HEADER + 3 + len(sheet.rows) + len(sheet.notes), 0, drawn, {"description": chart.title})
