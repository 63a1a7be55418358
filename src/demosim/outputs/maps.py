"""Maps of the municipalities: their value, its class, and the square or border that is coloured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from demosim.indicators import HIGH, VERY_HIGH
from demosim.outputs import charts
from demosim.outputs.charts import Labels, Spec
from demosim.outputs.look import ABOVE, BELOW, CLASSES
from demosim.outputs.measures import Measures
from demosim.outputs.places import key_figures
from demosim.outputs.tiles import tile_layout
from demosim.outputs.words import Words

Shapes = Mapping[str, dict[str, Any]]  # GeoJSON geometry in the plane by municipality


@dataclass(frozen=True)
class MapPanel:
    """A map.

    `codes`, `names`: the municipalities. `values` as shown with `decimals`; `classes`: the number of the class that
    each is in. `places`: what is drawn for each, a feature of GeoJSON in the plane. `labels`: the words,
    with the classes as series and the names as points.
    """

    key: str
    codes: tuple[str, ...]
    names: tuple[str, ...]
    values: np.ndarray
    classes: np.ndarray
    decimals: int
    places: tuple[dict[str, Any], ...]
    labels: Callable[[Words], Labels]
    draw: Callable[[Labels], Spec]


def map_panels(measures: Measures, borders: Shapes | None = None) -> list[MapPanel]:
    """Maps of kr per inhabitant and of the dependency ratio at both ends; none where places cannot be laid out."""
    own = [at for at, region in enumerate(measures.regions) if region.kind == "municipality"]
    codes = tuple(measures.regions[at].code for at in own)
    places = _places(codes, borders)
    if not places:
        return []
    figures = key_figures(measures)
    first, last = measures.launch_year, measures.horizon
    per_head = figures.accumulated_per_head[own]
    cuts = nice_cuts(per_head)
    names = tuple(measures.regions[at].name for at in own)

    def made(key: str, values: np.ndarray, cuts: Sequence[float], decimals: int, unit: str, **said: object) -> MapPanel:
        ratio = decimals > 0

        def labels(words: Words) -> Labels:
            series = class_labels(cuts, decimals, words, "figure_class_over" if ratio else "figure_class_above")
            title = words(f"figure_{key}", **said)
            return Labels(title, words(unit, unit=words.unit), series, names, words("column_municipality"))

        draw = partial(charts.shapes, colours=CLASSES if ratio else _colours(cuts))
        classes = np.searchsorted(np.array(cuts), values, side="right")
        return MapPanel(key, codes, names, np.round(values, decimals), classes, decimals, places, labels, draw)

    ratios = [values[own] for values in (figures.dependency_first, figures.dependency_last)]
    return [
        made("map_cost", per_head, cuts, 0, "figure_per_head_unit", first=first, last=last),
        made("map_dependency_first", ratios[0], (HIGH, VERY_HIGH), 2, "figure_dependency_unit", year=first),
        made("map_dependency_last", ratios[1], (HIGH, VERY_HIGH), 2, "figure_dependency_unit", year=last),
    ]


def _places(codes: Sequence[str], borders: Shapes | None) -> tuple[dict[str, Any], ...]:
    if borders:
        return tuple({"type": "Feature", "geometry": borders.get(code)} for code in codes)
    layout = tile_layout(codes)
    return tuple({"type": "Feature", "geometry": _square(*layout[code])} for code in codes) if layout else ()


def _square(column: int, row: int) -> dict[str, Any]:
    """A square of the plane, clockwise, with rows that go down."""
    left, top = column, -row
    ring = [[left, top], [left + 1, top], [left + 1, top - 1], [left, top - 1], [left, top]]
    return {"type": "Polygon", "coordinates": [ring]}


def nice_cuts(values: np.ndarray, most: int = 6) -> list[float]:
    """Round limits of classes: multiples of 1, 2, 2.5 or 5 times a power of ten over nine in ten values."""
    low, high = np.quantile(values, [0.05, 0.95])
    size = max(float(high - low), 1e-6) / most
    power = 10.0 ** np.floor(np.log10(size))
    step = power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= size)
    cuts = np.arange(np.ceil(low / step), np.floor(high / step) + 1)[:most] * step + 0.0
    return [float(cut) for cut in cuts] or [float(np.round(low / step) * step)]


def _colours(cuts: Sequence[float]) -> list[str]:
    """A colour for each class between the cuts: purple below zero, orange above, darker away from it."""
    below = sum(cut <= 0 for cut in cuts)
    above = len(cuts) + 1 - below
    purple = [BELOW[min(at, len(BELOW) - 1)] for at in range(below)]
    orange = [ABOVE[min(at, len(ABOVE) - 1)] for at in range(above)]
    return [*reversed(purple), *orange]


def class_labels(cuts: Sequence[float], decimals: int, words: Words, last: str) -> list[str]:
    """Words for the classes between the cuts; `last` is the message for the highest."""
    texts = [words.number(cut, decimals) for cut in cuts]
    middle = [words("figure_class_between", lower=low, upper=high) for low, high in pairwise(texts)]
    return [words("figure_class_below", upper=texts[0]), *middle, words(last, lower=texts[-1])]
