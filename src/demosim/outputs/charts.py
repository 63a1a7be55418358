"""Figures as Vega-Lite descriptions, without their numbers: the same for the page, the pictures and the single pages.

Every figure draws rows of the form {x, k, s, v, t}: the point's label, the key and label of the series, the number and
the number as text. See https://vega.github.io/vega-lite/docs/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demosim.outputs.look import ACCENT, COLOURS, DASHES, INK, LINES, MEN, PAIR, QUIET, SHAPES, WOMEN, config

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True)
class Labels:
    """The words of a figure in one language; `series` and `points` in the order of the numbers."""

    title: str
    unit: str
    series: Sequence[str]
    points: Sequence[str]
    x: str = ""
    note: str = ""


def _figure(**parts: Any) -> Spec:
    return {"$schema": SCHEMA, "data": {"name": "rows"}, "config": config(), **parts}


def _x(labels: Labels) -> Spec:
    return {"field": "x", "type": "ordinal", "sort": list(labels.points), "title": labels.x or None}


def _y(labels: Labels, **extra: Any) -> Spec:
    return {"field": "v", "type": "quantitative", "title": labels.unit, "axis": {"tickCount": 6}, **extra}


def _colour(labels: Labels, colours: Sequence[str] = COLOURS, columns: int = 2) -> Spec:
    chosen = [colours[at % len(colours)] for at in range(len(labels.series))]
    scale = {"domain": list(labels.series), "range": chosen}
    legend = {"title": None, "orient": "bottom", "columns": columns, "symbolType": "square"}
    return {"field": "s", "type": "nominal", "scale": scale, "legend": legend}


def _tooltip(labels: Labels) -> list[Spec]:
    return [
        {"field": "x", "type": "nominal", "title": labels.x or "x"},
        {"field": "s", "type": "nominal", "title": labels.title[:40]},
        {"field": "t", "type": "nominal", "title": labels.unit},
    ]


def stacked(labels: Labels) -> Spec:
    """Bars by point, stacked up and down, with the sum as a line."""
    bars = {
        "mark": {"type": "bar", "stroke": INK, "strokeWidth": 0.6},
        "encoding": {
            "x": _x(labels), "y": _y(labels, stack="zero"), "color": _colour(labels),
            "order": {"field": "o", "type": "quantitative"}, "tooltip": _tooltip(labels),
        },
    }  # fmt: skip
    net = {
        "transform": [{"aggregate": [{"op": "sum", "field": "v", "as": "net"}], "groupby": ["x"]}],
        "mark": {"type": "line", "color": "#000000", "strokeWidth": 2.5,
                 "point": {"filled": False, "fill": "#FFFFFF", "size": 50}},
        "encoding": {"x": _x(labels), "y": {"field": "net", "type": "quantitative"}},
    }  # fmt: skip
    zero = {"mark": {"type": "rule", "color": INK}, "encoding": {"y": {"datum": 0}}}
    return _figure(layer=[bars, zero, net])


def lines(labels: Labels, from_zero: bool = False) -> Spec:
    """A line for each series, told apart by colour, dash and mark."""
    names = list(labels.series)
    legend = {"title": None, "orient": "bottom", "columns": 4, "symbolSize": 90}
    # dashes by test and not by scale: a scale would dash the edges of the marks in the legend too
    dashes = [{"test": f"datum.o === {at}", "value": DASHES[at % len(DASHES)]} for at in range(len(names))]

    def told_apart(values: Sequence[Any]) -> Spec:
        scale = {"domain": names, "range": [values[at % len(values)] for at in range(len(names))]}
        return {"field": "s", "type": "nominal", "scale": scale, "legend": legend}

    return _figure(
        encoding={
            "x": _x(labels), "y": _y(labels, scale={"zero": from_zero}), "color": told_apart(LINES),
            "tooltip": _tooltip(labels),
        },
        layer=[
            {"mark": "line", "encoding": {"strokeDash": {"condition": dashes, "value": [1, 0]}}},
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {"shape": told_apart(SHAPES)},
            },
        ],
    )  # fmt: skip


def pyramid(labels: Labels) -> Spec:
    """Men to the left, women to the right; the last date filled, the first as an outline."""
    side = [{"calculate": "indexof(datum.k, 'male') === 0 ? -datum.v : datum.v", "as": "side"}]
    y = {**_x(labels), "sort": list(reversed(labels.points)), "axis": {"labelOverlap": "greedy", "labelSeparation": 1}}
    axis = {"labelExpr": "format(abs(datum.value), ',')", "tickCount": 6}
    x = {"field": "side", "type": "quantitative", "title": labels.unit, "axis": axis}
    men, women = labels.series[2], labels.series[3]
    scale = {"domain": [men, women], "range": [MEN, WOMEN]}
    legend = {"title": None, "orient": "bottom", "symbolType": "square"}
    filled = {
        "transform": [{"filter": "indexof(datum.k, '_last') > 0"}, *side],
        "mark": {"type": "bar", "stroke": INK, "strokeWidth": 0.4},
        "encoding": {"y": y, "x": x, "tooltip": _tooltip(labels),
                     "color": {"field": "s", "type": "nominal", "scale": scale, "legend": legend}},
    }  # fmt: skip
    outline = {
        "transform": [{"filter": "indexof(datum.k, '_first') > 0"}, *side],
        "mark": {"type": "bar", "fill": None, "fillOpacity": 0, "stroke": "#000000", "strokeWidth": 1.6},
        "encoding": {"y": y, "x": x, "tooltip": _tooltip(labels)},
    }
    return _figure(layer=[filled, outline])


def fan(labels: Labels) -> Spec:
    """A band of 80 % with one of 67 % inside, and the middle as a line."""
    wide = [{"pivot": "k", "value": "v", "groupby": ["x"]}]

    def band(low: str, high: str, colour: str) -> Spec:
        return {
            "transform": wide, "mark": {"type": "area", "color": colour},
            "encoding": {
                "x": _x(labels), "y2": {"field": high},
                "y": {"field": low, "type": "quantitative", "title": labels.unit},
            },
        }  # fmt: skip

    middle = {
        "transform": [{"filter": "datum.k === 'p50'"}],
        "mark": {"type": "line", "color": ACCENT, "point": {"filled": True, "color": ACCENT}},
        "encoding": {"x": _x(labels), "y": _y(labels), "tooltip": _tooltip(labels)},
    }
    edge = {
        "transform": [{"filter": "datum.k !== 'p50'"}],
        "mark": {"type": "line", "color": QUIET, "strokeWidth": 0.7},
        "encoding": {"x": _x(labels), "y": _y(labels), "detail": {"field": "k", "type": "nominal"}},
    }
    return _figure(layer=[band("p10", "p90", "#C9DDF0"), band("p16", "p84", "#8FB8DD"), edge, middle])


def tornado(labels: Labels) -> Spec:
    """Effect of each assumption's low and high end, the widest first."""
    # the name stands above its bars, so that a long one does not take their room
    y = {
        **_x(labels),
        "axis": {"title": None, "labelLimit": 480, "labelAlign": "left", "labelPadding": 0, "labelOffset": -9,
                 "labelFontSize": 11, "ticks": False, "domain": False, "zindex": 1},
    }  # fmt: skip
    bars = {
        "mark": {"type": "bar", "stroke": INK, "strokeWidth": 0.6, "height": {"band": 0.42}, "yOffset": 8},
        "encoding": {"y": y, "x": _y(labels, stack=None), "tooltip": _tooltip(labels), "color": _colour(labels, PAIR)},
    }  # fmt: skip
    return _figure(layer=[bars, {"mark": {"type": "rule", "color": INK}, "encoding": {"x": {"datum": 0}}}])


def multiples(labels: Labels) -> Spec:
    """A small figure for each scenario, all with the same axes."""
    return _figure(
        facet={"field": "s", "type": "nominal", "sort": list(labels.series), "title": None},
        columns=3,
        resolve={"axis": {"x": "independent"}},
        spec={
            "width": 190, "height": 120, "mark": {"type": "bar", "color": ACCENT},
            "encoding": {"x": _x(labels), "y": _y(labels, axis={"tickCount": 3}),
                         "tooltip": _tooltip(labels)},
        },
    )  # fmt: skip


def paired(labels: Labels) -> Spec:
    """Two marks for each point, joined by a line: what was estimated and what came."""
    join = {
        "transform": [{"pivot": "k", "value": "v", "groupby": ["x"]}], "mark": {"type": "rule", "color": QUIET},
        "encoding": {"x": _x(labels), "y": {"field": "estimate", "type": "quantitative", "title": labels.unit},
                     "y2": {"field": "outcome"}},
    }  # fmt: skip
    marks = {
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
        "encoding": {
            "x": _x(labels), "y": _y(labels), "color": _colour(labels, PAIR), "tooltip": _tooltip(labels),
            "shape": {"field": "s", "type": "nominal",
                      "scale": {"domain": list(labels.series), "range": ["circle", "diamond"]},
                      "legend": {"title": None, "orient": "bottom"}},
        },
    }  # fmt: skip
    return _figure(layer=[join, marks])


def shapes(labels: Labels, colours: Sequence[str]) -> Spec:
    """A map coloured by class; rows are features in the plane, squares or borders, with the municipality's `code`."""
    return _figure(
        projection={"type": "identity", "reflectY": True},  # fitted to the space there is, with its proportions
        mark={"type": "geoshape", "cursor": "pointer"},
        encoding={"color": _colour(labels, colours, 3), "tooltip": _tooltip(labels), **_outlined(0.4)},
    )


def _outlined(width: float) -> Spec:
    """A dark outline around the municipality that the reader has picked."""
    picked = "datum.picked === true"
    return {
        "stroke": {"condition": {"test": picked, "value": "#000000"}, "value": "#FFFFFF"},
        "strokeWidth": {"condition": {"test": picked, "value": 3}, "value": width},
    }
