"""A figure's numbers as the chart, the table and the text alternative take them, for one place and one language."""

from __future__ import annotations

from typing import Any

import numpy as np

from demosim.outputs.charts import Labels
from demosim.outputs.maps import MapPanel
from demosim.outputs.numbers import number
from demosim.outputs.panels import Panel
from demosim.outputs.tables import Table

Row = dict[str, Any]
MOST_DESCRIBED = 8


def place_of(panel: Panel, at: int) -> int:
    """The place whose numbers are shown: the first, where the figure is the same for all."""
    return 0 if panel.whole or len(panel.values) == 1 else at


def chart_rows(panel: Panel, labels: Labels, at: int, lang: str) -> list[Row]:
    """Rows for the chart of a place: {x, k, s, o, v, t}; numbers that there are."""
    place = place_of(panel, at)
    decimals = int(panel.decimals[place])
    rows = []
    for series, key in enumerate(panel.series):
        for point, x in enumerate(labels.points):
            value = float(panel.values[place, series, point])
            if np.isfinite(value):
                text = number(value, decimals, lang)
                rows.append({"x": x, "k": key, "s": labels.series[series], "o": series, "v": value, "t": text})
    return rows


def map_rows(panel: MapPanel, labels: Labels, lang: str) -> list[Row]:
    """Rows for a map: features of GeoJSON with {x, code, s, v, t}."""
    return [
        {
            **panel.places[at], "code": code, "x": panel.names[at], "s": labels.series[int(panel.classes[at])],
            "v": float(panel.values[at]), "t": number(float(panel.values[at]), panel.decimals, lang),
        }
        for at, code in enumerate(panel.codes)
    ]  # fmt: skip


def number_table(panel: Panel, labels: Labels, at: int, total: str) -> Table:
    """The numbers of a figure: a row for each point, a column for each series, with sums where series add up."""
    place = place_of(panel, at)
    kept = [series for series in range(len(panel.series)) if np.isfinite(panel.values[place, series]).any()]
    rows = []
    for point, x in enumerate(labels.points):
        cells = [float(panel.values[place, series, point]) for series in kept]
        rows.append((x, [*cells, sum(cells)] if panel.sums else cells))
    columns = [labels.x, *(labels.series[series] for series in kept), *([total] if panel.sums else [])]
    return Table(panel.key, labels.title, columns, rows, int(panel.decimals[place]))


def describe(panel: Panel, labels: Labels, at: int, place_name: str, lang: str, total: str) -> str:
    """The text alternative: what is shown, where, and each line's first and last number (of sums, the sum's)."""
    place = place_of(panel, at)
    values, decimals = panel.values[place], int(panel.decimals[place])
    if panel.sums:
        said = [(total, np.nansum(values, axis=0))]
    else:
        said = [(labels.series[series], values[series]) for series in range(len(panel.series))][:MOST_DESCRIBED]
    if panel.listed:
        parts = _listed(values, labels, decimals, lang)
        return f"{labels.title}, {place_name}. {labels.unit}. {'; '.join(parts)}."
    first, last = labels.points[0], labels.points[-1]
    parts = []
    for name, line in said:
        if np.isfinite(line[[0, -1]]).all():
            ends = [number(float(value), decimals, lang) for value in line[[0, -1]]]
            parts.append(f"{name}: {ends[0]} ({first}), {ends[1]} ({last})")
    return f"{labels.title}, {place_name}. {labels.unit}. {'; '.join(parts)}."


def _listed(values: np.ndarray, labels: Labels, decimals: int, lang: str) -> list[str]:
    """Each point with the number of every series."""
    parts = []
    for point, x in enumerate(labels.points[:MOST_DESCRIBED]):
        if np.isfinite(values[:, point]).all():
            shown = [number(float(value), decimals, lang) for value in values[:, point]]
            said = [f"{value} ({name})" for value, name in zip(shown, labels.series, strict=True)]
            parts.append(f"{x}: {', '.join(said)}")
    return parts


def describe_map(panel: MapPanel, labels: Labels, lang: str) -> str:
    """The text alternative of a map: how many municipalities each class holds, the lowest and the highest."""
    counts = np.bincount(panel.classes, minlength=len(labels.series))
    parts = [f"{name}: {count}" for name, count in zip(labels.series, counts.tolist(), strict=True)]
    ends = [
        f"{panel.names[at]} {number(float(panel.values[at]), panel.decimals, lang)}"
        for at in (int(panel.values.argmin()), int(panel.values.argmax()))
    ]
    return f"{labels.title}. {labels.unit}. {'; '.join(parts)}. {ends[0]} – {ends[1]}."
