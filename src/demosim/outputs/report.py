"""`report`: results as one page that needs nothing else: figures, maps, tables and sources in three languages."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from demosim._version import __version__
from demosim.errors import usage_error
from demosim.files import write_text
from demosim.outputs.again import commands
from demosim.outputs.borders import read_borders
from demosim.outputs.free_income import with_free_income
from demosim.outputs.headline import headline
from demosim.outputs.library import needs
from demosim.outputs.look import config, locale
from demosim.outputs.maps import MapPanel, Shapes, map_panels
from demosim.outputs.measures import Measures, measures
from demosim.outputs.messages import catalogue
from demosim.outputs.netcdf import kind_of, read_result, run_and_others
from demosim.outputs.numbers import LANGUAGES
from demosim.outputs.origins import changes, confidence, origins, settings
from demosim.outputs.panels import Panel
from demosim.outputs.panels_all import all_panels
from demosim.outputs.places import free_income_notes
from demosim.outputs.places_table import place_columns, place_values
from demosim.outputs.render import javascript
from demosim.outputs.words import Words

# what makes the numbers of a municipality that a figure does not tell of
HINTS = {"tornado": "demosim sensitivity FILE --municipality {code} --output sensitivity.nc"}
PAGE_WORDS = ("page_", "kind_", "column_", "total")


def report(
    results: Sequence[Path], output: Path, lang: str = "nb", borders: Path | None = None,
    free_income: Path | None = None,
) -> Path:  # fmt: skip
    """Write results as one page; returns its path.

    `results`: first a run; then any of a fan, a sensitivity, a sweep, a comparison and further runs. A figure whose
    result is not given is left out and the page names the command that makes it. `borders`: TopoJSON or GeoJSON of
    the municipalities, drawn instead of squares. `free_income`: a table of the municipalities' own. The page opens in
    `lang` and speaks three languages. Raises a `DemosimError` where a file is wrong or the extra `report` is missing.
    """
    if output.suffix.lower() not in (".html", ".htm"):
        raise usage_error("a report is a page", file=str(output), allowed="a name that ends in .html")
    datasets = [read_result(path) for path in results]
    extra = "".join(
        f" --{name} {path.name}" for name, path in (("borders", borders), ("free-income", free_income)) if path
    )
    again = commands(list(zip(results, datasets, strict=True)), "report", output, lang, extra)
    run, others = run_and_others(datasets)
    run = with_free_income(run, free_income)
    if borders is not None:
        run.attrs["borders"] = borders.name
    shapes = None if borders is None else read_borders(borders, [str(code) for code in run["municipality"].values])
    write_text(output, render_report(run, others, lang, again, shapes))
    return output


def render_report(
    run: xr.Dataset, others: Sequence[xr.Dataset], lang: str, again: Sequence[str], borders: Shapes | None = None
) -> str:
    """The page as text. Whatever comes from a scenario is escaped; scripts are named by their digest in the policy."""
    seen = measures(run)
    words = {name: Words(name, run) for name in LANGUAGES}
    fan = next((other for other in others if kind_of(other) == "fan"), None)
    panels, left_out = all_panels(seen, others)
    text = needs("markupsafe").Markup
    data = page_data(seen, words, panels, map_panels(seen, borders))
    library, script = javascript(), asset("report.js")
    return str(
        template("report.html").render(
            lang=lang, words=words[lang], all_words=list(words.values()), title=words[lang].scenario,
            version=__version__,
            headline={name: headline(seen, said, fan) for name, said in words.items()}, left_out=left_out,
            launch=seen.launch_year,
            notes=str(run.attrs.get("notes", "")), borders=str(run.attrs.get("borders", "")),
            settings={name: settings(said) for name, said in words.items()},
            changes={name: changes(said) for name, said in words.items()}, origins=origins(run),
            confidence=confidence, commands=again,
            document=str(run.attrs.get("document", "")), scenario=str(run.attrs.get("scenario", "")),
            data=text(embedded_json(data)), library=text(library), script=text(script), style=text(asset("report.css")),
            policy=policy(library, script),
        )
    )  # fmt: skip


def page_data(
    seen: Measures, words: Mapping[str, Words], panels: Sequence[Panel], maps: Sequence[MapPanel]
) -> dict[str, Any]:
    """All that the page shows and redraws, as plain values."""
    columns = place_columns(seen, words)
    values = place_values(seen, columns)
    own = [at for at, region in enumerate(seen.regions) if region.kind == "municipality"]
    search = [" ".join(str(cell) for cell in row[:3]).casefold() for row in values]
    return {
        "words": {lang: page_words(lang) for lang in words},
        "locale": {lang: locale(lang) for lang in words},
        "config": config(),
        "regions": [
            {"code": region.code, "kind": region.kind, "name": {lang: region.label(lang) for lang in words}}
            for region in seen.regions
        ],
        "panels": [_panel(panel, words) for panel in panels],
        "maps": [_map(panel, words) for panel in maps], "shapes": maps[0].places if maps else (),
        "columns": columns, "places": values, "municipalities": own, "search": search,
        "keyNotes": {lang: [said("note_own_services"), said("note_per_head"), *free_income_notes(seen.dataset, said)]
                     for lang, said in words.items()},
    }  # fmt: skip


def page_words(lang: str) -> dict[str, str]:
    """The messages that the page itself uses."""
    return {key: text for key, text in catalogue(lang).items() if key.startswith(PAGE_WORDS)}


def _panel(panel: Panel, words: Mapping[str, Words]) -> dict[str, Any]:
    labels = {lang: panel.labels(said) for lang, said in words.items()}
    return {
        "key": panel.key, "series": panel.series, "sums": panel.sums, "listed": panel.listed,
        "hint": HINTS.get(panel.key, ""), "decimals": panel.decimals.tolist(),
        "values": [_plain(place, int(panel.decimals[at])) for at, place in enumerate(panel.values)],
        "words": {lang: vars(said) for lang, said in labels.items()},
        "spec": {lang: _bare(panel.draw(said)) for lang, said in labels.items()},
    }  # fmt: skip


def _map(panel: MapPanel, words: Mapping[str, Words]) -> dict[str, Any]:
    labels = {lang: panel.labels(said) for lang, said in words.items()}
    said = {lang: {"title": label.title, "unit": label.unit, "series": label.series} for lang, label in labels.items()}
    return {
        "key": panel.key, "codes": panel.codes, "names": panel.names, "decimals": panel.decimals,
        "values": _plain(panel.values[None], panel.decimals)[0], "classes": panel.classes.tolist(),
        "words": said, "spec": {lang: _bare(panel.draw(label)) for lang, label in labels.items()},
    }  # fmt: skip


def _bare(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in ("config", "data")}


def _plain(values: np.ndarray, decimals: int) -> list[list[float | int | None]]:
    """Numbers for JSON: whole where they are shown so, null where there is none."""

    def plain(cell: float) -> float | int | None:
        return None if not np.isfinite(cell) else int(cell) if decimals == 0 else round(float(cell), decimals)

    return [[plain(cell) for cell in line] for line in values]


def embedded_json(data: Any) -> str:
    """JSON that can stand in a page: nothing in it ends the script element or begins a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def policy(*scripts: str) -> str:
    """A content security policy: these scripts by their digest, no other, and no network at all."""
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    allowed = digests or "'none'"
    own = f"script-src {allowed}; style-src 'unsafe-inline'; img-src data:"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


@cache
def asset(name: str) -> str:
    """A file of the page: template, style or script."""
    return files("demosim.outputs").joinpath("page", name).read_text(encoding="utf-8")


@cache
def template(name: str) -> Any:
    """A template in which every value is escaped."""
    environment = needs("jinja2").Environment(autoescape=True, undefined=needs("jinja2").StrictUndefined)
    return environment.from_string(asset(name))
