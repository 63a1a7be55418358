"""`plot`: one figure as a picture, with its text alternative beside it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from demosim.errors import did_you_mean, usage_error
from demosim.files import replacing, write_text
from demosim.outputs.borders import read_borders
from demosim.outputs.charts import Labels, Spec
from demosim.outputs.maps import map_panels
from demosim.outputs.measures import Measures, measures
from demosim.outputs.netcdf import read_result, run_and_others
from demosim.outputs.panels_all import MAPS, ORDER, makers
from demosim.outputs.panels_others import COMMANDS
from demosim.outputs.render import png, svg, with_rows
from demosim.outputs.rows import Row, chart_rows, describe, describe_map, map_rows
from demosim.outputs.words import Words

SHAPES = {"wide": (1120, 630), "square": (800, 800)}  # pixels of the picture, titles and legend included
FIGURES = (*ORDER, *MAPS)
PADDING, LETTER = 16, 6.2  # pixels around the picture; of a letter of the note
CELL, HEAD = (50, 78), 90  # pixels of axes and titles of each small figure; of the head of the picture


@dataclass(frozen=True)
class Picture:
    """A figure with its words and numbers for one place, ready to be drawn; `alternative` says it in text."""

    spec: Spec
    rows: list[Row]
    labels: Labels
    place: str
    alternative: str


def plot(
    results: Sequence[Path], figure: str, output: Path, lang: str = "nb", place: str = "country", shape: str = "wide",
    borders: Path | None = None,
) -> list[Path]:  # fmt: skip
    """Draw one figure; returns the picture's path and that of its text alternative, `NAME.txt` beside it.

    `results`: as for a report. `figure`: one of `FIGURES`. `output`: `.svg` or `.png`. `place`: code or name of a
    place. `shape`: wide (16:9) or square. Raises a `DemosimError` where something is not known, or the figure needs
    a result that is not given.
    """
    if output.suffix.lower() not in (".svg", ".png"):
        raise usage_error("is not a form that a figure is drawn in", file=str(output), allowed=".svg, .png")
    if shape not in SHAPES:
        raise usage_error(f"a figure is not drawn {shape}", allowed=", ".join(SHAPES))
    picture = _picture(results, figure, lang, place, borders)
    width, height = SHAPES[shape]
    note = textwrap.wrap(picture.labels.note, int(width / LETTER))
    title = {"text": picture.labels.title, "subtitle": [f"{picture.place}, {picture.labels.unit}", *note], "offset": 14}
    spec = with_rows(picture.spec, picture.rows, width, height, title)
    spec["padding"] = PADDING
    if "facet" in spec:
        spec = _filled(spec, picture, width, height, lang)
    else:
        spec["autosize"] = {"type": "fit", "contains": "padding"}
    with replacing(output) as temporary:
        if output.suffix.lower() == ".svg":
            temporary.write_text(_titled(svg(spec, lang), picture), encoding="utf-8")
        else:
            temporary.write_bytes(png(spec, lang))
    alternative = output.with_suffix(".txt")
    write_text(alternative, picture.alternative + "\n")
    return [output, alternative]


def _filled(spec: Spec, picture: Picture, width: int, height: int, lang: str) -> Spec:
    """Small figures in cells that fill the picture; what is left at the edges is made up by padding."""
    count = len(dict.fromkeys(row["s"] for row in picture.rows))
    columns = min(count, 4 if width > height else 3)
    inner = {"width": width // columns - CELL[0], "height": (height - HEAD) // -(-count // columns) - CELL[1]}
    spec = {**spec, "columns": columns, "spec": {**spec["spec"], **inner}}
    drawn = [float(size) for size in re.findall(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)"', svg(spec, lang))[0]]
    left = [max(0.0, whole - size) for whole, size in zip((width, height), drawn, strict=True)]
    edges = {"left": PADDING, "top": PADDING, "right": PADDING + left[0], "bottom": PADDING + left[1]}
    return {**spec, "padding": edges}


def _picture(results: Sequence[Path], figure: str, lang: str, place: str, borders: Path | None) -> Picture:
    if figure not in FIGURES:
        meant = did_you_mean(figure, FIGURES)
        raise usage_error(f"no figure is called {figure}", allowed=", ".join(FIGURES), suggestion=meant)
    run, others = run_and_others([read_result(path) for path in results])
    seen, words = measures(run), Words(lang, run)
    at = place_number(seen, place, lang)
    name = seen.regions[at].label(lang)
    if figure in MAPS:
        shapes = None if borders is None else read_borders(borders, [str(code) for code in run["municipality"].values])
        drawn = {panel.key: panel for panel in map_panels(seen, shapes)}
        if figure not in drawn:
            raise usage_error("the municipalities of this result have no known places", allowed="--borders FILE")
        shown = drawn[figure]
        labels = shown.labels(words)
        rows, text = map_rows(shown, labels, lang), describe_map(shown, labels, lang)
        return Picture(shown.draw(labels), rows, labels, words("region_country"), text)
    seen = replace(seen, regions=(seen.regions[at],))  # one place is all that is drawn
    make = makers(seen, others).get(figure)
    panel = make() if make else None
    if panel is None:
        raise usage_error(f"the results at hand do not fill the figure {figure}", allowed=COMMANDS.get(figure))
    labels = panel.labels(words)
    name = words("region_country") if panel.whole else name
    if not np.isfinite(panel.values).any():
        raise usage_error(f"the figure {figure} is not counted for {name}", allowed=COMMANDS.get(figure))
    text = describe(panel, labels, 0, name, lang, words("total"))
    return Picture(panel.draw(labels), chart_rows(panel, labels, 0, lang), labels, name, text)


def place_number(measures: Measures, place: str, lang: str) -> int:
    """The number of a place by its code or name; raises a `DemosimError` that suggests one."""
    names: dict[str, int] = {}
    for at, region in enumerate(measures.regions):
        names.setdefault(region.label(lang).casefold(), at)
        names[region.code] = at
    found = names.get(place, names.get(place.casefold()))
    if found is None:
        raise usage_error(f'no place is called "{place}"', suggestion=did_you_mean(place, names))
    return found


def _titled(text: str, picture: Picture) -> str:
    """The SVG with its text alternative inside, as screen readers read it."""
    from html import escape

    head, separator, rest = text.partition(">")
    title, description = escape(picture.labels.title), escape(picture.alternative)
    return f'{head} role="img"{separator}<title>{title}</title><desc>{description}</desc>{rest}'
