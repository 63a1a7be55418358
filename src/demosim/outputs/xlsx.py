"""Tables to a workbook: a sheet each, real numbers with formats, live formulas, native charts, print set-up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from demosim.files import replacing
from demosim.outputs.library import needs
from demosim.outputs.numbers import number
from demosim.outputs.sheets import FORMS, Formula, Sheet
from demosim.outputs.words import Words
from demosim.outputs.xlsx_charts import draw_chart

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

HEADER = 3  # rows above the header: title, subtitle, an empty one
NOTE_WIDTH = 95  # characters
WIDEST_TEXT, WIDEST_OF_MANY = 80, 34  # characters of a column of text; where there are many such columns
PAGE_WIDTH = 240  # characters that are still read on a landscape page of A4
BOLD = 1.15  # how much wider bold letters are
FILTER = 4  # characters that the arrow of a filter takes
EPOCH = datetime(2026, 1, 1)  # the same result gives the same workbook, whatever the clock says
_HEADER: dict[str, Any] = {
    "bold": True, "bg_color": "#12395B", "font_color": "#FFFFFF", "text_wrap": True, "valign": "top", "border": 1,
}  # fmt: skip
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


def write_workbook(path: Path, sheets: Sequence[Sheet], words: Words) -> None:
    """Write the sheets to a workbook, whole or not at all.

    Text is always written as text, also where it begins with = + - or @. Raises a `DemosimError` where the extra
    `report` is not installed.
    """
    xlsxwriter = needs("xlsxwriter")
    with replacing(path) as temporary, _system_errors(xlsxwriter):
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
                    chart = draw_chart(book, sheet, names[sheet.key], sheet.chart, HEADER)
                    below = HEADER + 3 + len(sheet.rows) + len(sheet.notes)
                    worksheet.insert_chart(below, 0, chart, {"description": sheet.chart.title})


@contextmanager
def _system_errors(xlsxwriter: ModuleType) -> Iterator[None]:
    """What the library says of the disk, as the system says it."""
    try:
        yield
    except xlsxwriter.exceptions.XlsxFileError as error:
        raise OSError(str(error)) from error


def _names(sheets: Sequence[Sheet], words: Words) -> dict[str, str]:
    """Names of the sheets in the language; Excel allows 31 letters without some signs."""
    return {sheet.key: _FORBIDDEN.sub(" ", words(f"sheet_{sheet.key}"))[:31] for sheet in sheets}


def _formats(book: Workbook) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": book.add_format({"bold": True, "font_size": 14, "font_color": "#12395B"}),
        "subtitle": book.add_format({"italic": True, "font_color": "#44515C"}),
        "header": book.add_format(_HEADER | {"align": "left", "indent": 1}),
        "header_number": book.add_format(_HEADER | {"align": "right", "indent": 2}),  # the filter's arrow has room
        "note": book.add_format({"font_color": "#44515C", "text_wrap": True, "valign": "top"}),
    }
    for form, (code, _) in FORMS.items():
        base: dict[str, Any] = {"num_format": code, "valign": "top"}
        if form == "text":
            base |= {"text_wrap": True, "align": "left", "indent": 1}
        made[form] = book.add_format(base)
        made[f"{form}_total"] = book.add_format({**base, "bold": True, "top": 1, "bg_color": "#E8EEF4"})
    return made


def _fill(worksheet: Worksheet, sheet: Sheet, names: dict[str, str], formats: dict[str, Any]) -> None:
    worksheet.write_string(0, 0, sheet.title, formats["title"])
    worksheet.write_string(1, 0, sheet.subtitle, formats["subtitle"])
    widths = [_width(sheet, at) for at in range(len(sheet.columns))]
    for at, column in enumerate(sheet.columns):
        look = formats["header" if column.form == "text" else "header_number"]
        worksheet.write_string(HEADER, at, column.label, look)
        worksheet.set_column(at, at, widths[at])
    heads = [_lines(column.label, width - FILTER) for column, width in zip(sheet.columns, widths, strict=True)]
    worksheet.set_row(HEADER, 15.5 * max(heads))
    for row_number, row in enumerate(sheet.rows):
        suffix = "_total" if row_number in sheet.totals else ""
        tall = max(_lines(cell, widths[at] - 1) for at, cell in enumerate(row))
        if tall > 1:
            worksheet.set_row(HEADER + 1 + row_number, 15.0 * tall)
        for at, cell in enumerate(row):
            chosen = formats[sheet.form(row_number, at) + suffix]
            _write(worksheet, HEADER + 1 + row_number, at, cell, chosen, names)
    bottom = HEADER + 1 + len(sheet.rows)
    _notes(worksheet, sheet, bottom + 1, formats["note"], widths)
    worksheet.freeze_panes(HEADER + 1, _frozen(sheet))
    if sheet.rows:
        worksheet.autofilter(HEADER, 0, bottom - 1, len(sheet.columns) - 1)


def _notes(worksheet: Worksheet, sheet: Sheet, top: int, look: Any, widths: Sequence[float]) -> None:
    """Notes below the table, wrapped over the columns that make up a readable line."""
    width, last = 0.0, -1
    while width < NOTE_WIDTH and last + 1 < len(widths):
        last += 1
        width += widths[last]
    for place, note in enumerate(sheet.notes):
        if last > 0:
            worksheet.merge_range(top + place, 0, top + place, last, "", look)
        worksheet.write_string(top + place, 0, note, look)
        worksheet.set_row(top + place, 15 * _lines(note, width))


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
    """Characters that a column takes: its longest number or text, and its header on at most four lines."""
    column = sheet.columns[at]
    word = max(map(len, column.label.split()))
    head = max(round(BOLD * word), -(-len(column.label) // 4)) + FILTER
    cells = [row[at] for row in sheet.rows]
    if column.form == "text":
        texts = sum(column.form == "text" for column in sheet.columns)
        most = WIDEST_TEXT if texts <= 3 else WIDEST_OF_MANY
        return max(12, head, min(max((len(str(cell)) for cell in cells), default=0) + 3, most))
    shown = [_digits(cell, sheet.form(row, at)) for row, cell in enumerate(cells)]
    return max(9, head, max(shown, default=0) + 2)


def _digits(cell: Any, form: str) -> int:
    """Characters of a number as it is shown; 0 of anything else."""
    value = cell.value if isinstance(cell, Formula) else cell
    if isinstance(value, str) or value is None:
        return 0
    percent = form.startswith("percent")
    return len(number(100 * value if percent else value, FORMS[form][1], "en")) + 2 * percent


def _lines(cell: Any, width: float) -> int:
    """Lines that a text takes in so many characters."""
    return -(-len(cell) // max(1, int(width))) if isinstance(cell, str) and cell else 1


def _print_setup(worksheet: Worksheet, sheet: Sheet) -> None:
    """Landscape A4, as many pages side by side as it takes to read the figures, the header and first column on each."""
    width = sum(_width(sheet, at) for at in range(len(sheet.columns)))
    across = -(-int(width) // PAGE_WIDTH)
    worksheet.set_landscape()
    worksheet.set_paper(9)
    worksheet.fit_to_pages(across, 1 if sheet.chart else 0)
    worksheet.repeat_rows(HEADER)
    if across > 1:
        worksheet.repeat_columns(0, _frozen(sheet) - 1)
    worksheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    worksheet.set_footer("&L&8&A&C&8demosim&R&8&P / &N")
    worksheet.hide_gridlines(2)
