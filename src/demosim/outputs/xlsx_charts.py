"""Native charts of the workbook: their series are cells, so that they follow what a reader changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demosim.outputs.look import COLOURS, PAIR
from demosim.outputs.sheets import Chart, Sheet

if TYPE_CHECKING:
    from xlsxwriter import Workbook

SIZE = {"width": 960, "height": 460}
_GRID = {"visible": True, "line": {"color": "#D5DCE2"}}
_AXIS = "#,##0;−#,##0"
Cells = list[Any]


def draw_chart(book: Workbook, sheet: Sheet, name: str, chart: Chart, header: int) -> Any:
    """A chart of a table whose header stands in the row `header` of the sheet `name`."""
    kinds = {"type": chart.kind, "subtype": "stacked"} if chart.stacked else {"type": chart.kind}
    drawn = book.add_chart(kinds)
    for place, at in enumerate(chart.series):
        drawn.add_series(_cells(name, chart, header, at) | _look(chart, place))
    if chart.line is not None:
        line = book.add_chart({"type": "line"})
        dark = {"line": {"color": "#111111", "width": 2.25}, "marker": {"type": "circle", "size": 5}}
        line.add_series(_cells(name, chart, header, chart.line) | dark)
        drawn.combine(line)
    drawn.set_title({"name": _said(chart.title), "name_font": {"size": 12}})
    amounts = {"name": _said(chart.unit), "num_format": _AXIS, "major_gridlines": _GRID}
    if chart.kind == "bar":  # the first row on top, names at the edge and not in the bars
        drawn.set_y_axis({"reverse": True, "label_position": "low"})
        drawn.set_x_axis(amounts)
    else:
        drawn.set_y_axis(amounts)
        drawn.set_x_axis({"label_position": "low"})
    drawn.set_legend({"position": "bottom" if chart.kind == "bar" else "right"})
    drawn.set_size(SIZE)
    return drawn


def _said(words: str) -> str:
    """Words as a title: the library takes what looks like `Sheet!A1` for a reference, unless there is a thin gap."""
    return words.replace("!", "!\u200b")


def _cells(name: str, chart: Chart, header: int, at: int) -> dict[str, Cells]:
    """Where the name, the points and the numbers of a series stand."""
    top = header + 1
    if chart.by_column:
        return {
            "name": [name, header, at], "categories": [name, top + chart.first, 0, top + chart.last, 0],
            "values": [name, top + chart.first, at, top + chart.last, at],
        }  # fmt: skip
    return {
        "name": [name, top + at, 0], "categories": [name, header, chart.first, header, chart.last],
        "values": [name, top + at, chart.first, top + at, chart.last],
    }  # fmt: skip


def _look(chart: Chart, place: int) -> dict[str, Any]:
    if chart.kind == "bar":
        return {"fill": {"color": PAIR[place]}, "border": {"color": "#44515C"}, "gap": 40, "overlap": 100}
    colour = {"color": COLOURS[place % len(COLOURS)]}
    if chart.kind == "column":
        return {"fill": colour, "border": {"color": "#FFFFFF", "width": 0.5}, "gap": 60}
    return {"line": colour | {"width": 2}}
