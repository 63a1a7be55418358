"""One look for all figures: colours that colour-blind readers tell apart, type, lines, separators of numbers."""

from __future__ import annotations

from typing import Any

# Paul Tol's "muted" set (https://personal.sron.nl/~pault/), ordered so that neighbours in a stack differ in lightness.
COLOURS = ("#332288", "#88CCEE", "#117733", "#DDCC77", "#AA4499", "#44AA99", "#882255", "#CC6677", "#999933", "#B8BEC4")
LINES = ("#332288", "#0077BB", "#117733", "#AA4499", "#882255", "#CC3311", "#44515C", "#7A6A00")  # 3:1 on white or more
INK, QUIET, GRID, ACCENT = "#16232E", "#44515C", "#D5DCE2", "#12395B"
PAIR = ("#88CCEE", "#882255")
MEN, WOMEN = "#44AA99", "#882255"
# ColorBrewer's PuOr, its ends (purple below zero, orange above) and YlOrBr: safe for colour-blind readers.
BELOW, ABOVE = (
    ("#D8DAEB", "#998EC3", "#542788"),
    ("#FEE8C8", "#FDC98A", "#F5A54A", "#DB7A1B", "#AF4E08", "#702A00", "#3D1600"),
)
CLASSES = ("#F3E9D2", "#E08A1E", "#7A2C02")
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
DASHES = ([1, 0], [6, 2], [2, 2], [8, 2, 2, 2], [4, 4], [1, 3], [10, 3], [6, 2, 1, 2])


def locale(lang: str) -> dict[str, Any]:
    """How the axes write numbers (d3-format)."""
    if lang == "en":
        return {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""]}
    return {"decimal": ",", "thousands": "\u00a0", "grouping": [3], "currency": ["", "\u00a0kr"]}


def config() -> dict[str, Any]:
    """The look of a figure, as Vega-Lite takes it. The picture itself is silent to screen readers: its text
    alternative and its table of numbers stand beside it."""
    return {
        "aria": False,
        "background": "#FFFFFF",
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK, "labelFontSize": 12, "labelLimit": 220,
            "titleColor": QUIET, "titleFontSize": 12, "titleFontWeight": "normal",
            "gridColor": GRID, "domainColor": QUIET, "tickColor": QUIET,
        },
        "axisX": {"grid": False, "labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 4},
        "legend": {"labelColor": INK, "labelFontSize": 12, "symbolStrokeColor": INK, "labelLimit": 260},
        "title": {"anchor": "start", "color": INK, "fontSize": 17, "subtitleColor": QUIET, "subtitleFontSize": 12},
        "header": {"labelColor": INK, "labelFontSize": 12, "title": None},
        "line": {"strokeWidth": 2.5},
    }  # fmt: skip
