"""A table before it is written: columns with a form, rows of cells, formulas by place; for workbook and CSV alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from demosim.rounding import controlled_rounding


def _with_minus(code: str) -> str:
    """A number format of the workbook with a true minus sign; the separators are those of the reader's own settings."""
    return f"{code};−{code}"


# form of a column: number format of the workbook, decimals in CSV and on pages
FORMS: dict[str, tuple[str, int]] = {
    "text": ("@", 0),
    "year": ("0", 0),
    "integer": (_with_minus("#,##0"), 0),
    "one": (_with_minus("#,##0.0"), 1),
    "two": (_with_minus("#,##0.00"), 2),
    "percent": (_with_minus("0.0\u00a0%"), 1),
}

Place = Callable[[str, int, int], str]  # sheet, row, column (of the table) to the address of a cell


@dataclass(frozen=True)
class Formula:
    """A cell that the workbook counts itself: `value` is ours, `write` gives the formula from addresses of cells."""

    value: float
    write: Callable[[Place], str]


Entry = str | float | int | Formula | None


@dataclass(frozen=True)
class Column:
    """A column: `key` for machines, `label` for readers, `form` of its numbers (see `FORMS`)."""

    key: str
    label: str
    form: str = "one"


@dataclass(frozen=True)
class Chart:
    """A native chart of the workbook: `kind` as XlsxWriter calls it, rows that are `series`, columns from `first` to
    `last` that are points. `by_column`: columns are series and rows are points. `line`: a series drawn as a line.
    """

    kind: str
    title: str
    series: Sequence[int]
    first: int
    last: int
    unit: str = ""
    stacked: bool = False
    line: int | None = None
    by_column: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table with a title, a line on unit and prices, columns, rows and notes.

    `totals`: numbers of the rows that are sums. `chart`: drawn below the table. `forms`: of single cells (row, column)
    that differ from their column's.
    """

    key: str
    title: str
    subtitle: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Entry]]
    totals: Sequence[int] = ()
    notes: Sequence[str] = field(default_factory=tuple)
    chart: Chart | None = None
    forms: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def form(self, row: int, column: int) -> str:
        """The form of a cell: its own, else its column's."""
        return self.forms.get((row, column), self.columns[column].form)

    def values(self) -> list[list[str | float | int | None]]:
        """The cells without formulas: our own values."""
        return [[cell.value if isinstance(cell, Formula) else cell for cell in row] for row in self.rows]


def year_columns(years: Sequence[int]) -> list[Column]:
    """A column of amounts for each budget year."""
    return [Column(f"y{year}", str(year), "one") for year in years]


def sum_of(sheet: str, value: float, rows: Sequence[int], column: int) -> Formula:
    """A cell that is the sum of cells above it in the same column."""

    def write(place: Place) -> str:
        spans = (f"{place(sheet, low, column)}:{place(sheet, high, column)}" for low, high in _spans(rows))
        return f"=SUM({','.join(spans)})"

    return Formula(value, write)


def row_sum(sheet: str, value: float, row: int, first: int, last: int) -> Formula:
    """A cell that is the sum of neighbouring cells of a row."""
    return Formula(value, lambda place: f"=SUM({place(sheet, row, first)}:{place(sheet, row, last)})")


def add(value: float, sheet: str, cells: Sequence[tuple[int, int]]) -> Formula:
    """A cell that is the sum of other cells (row, column)."""
    return Formula(value, lambda place: "=" + "+".join(place(sheet, *cell) for cell in cells))


def additive(values: np.ndarray, decimals: int) -> np.ndarray:
    """A table (row, column) rounded to decimals so that its rounded parts add to its rounded totals."""
    scale = 10.0**decimals
    return controlled_rounding(values * scale) / scale


def _spans(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring row numbers."""
    spans: list[tuple[int, int]] = []
    for row in rows:
        if spans and spans[-1][1] == row - 1:
            spans[-1] = (spans[-1][0], row)
        else:
            spans.append((row, row))
    return spans
