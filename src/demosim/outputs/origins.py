"""What a result rests on, told from its attributes and from the files it was made of: settings, changes, sources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import xarray as xr

from demosim.baseline.find import embedded
from demosim.baseline.read import find_data_set, read_source
from demosim.costs.services import read_services
from demosim.errors import DemosimError
from demosim.outputs.messages import catalogue, message
from demosim.outputs.tables import Table
from demosim.outputs.words import Words


@dataclass(frozen=True)
class Origin:
    """Where figures come from: `what` they are, with the fields of `source.toml`."""

    what: str
    origin: str = ""
    table: str = ""
    date: str = ""
    licence: str = ""
    confidence: str = ""
    digest: str = ""


def settings(words: Words) -> list[tuple[str, str]]:
    """What the user chose, a line each: scenario, data set, horizon, price year, digest."""
    attrs = {"launch": "launch_year", "version": "demosim_version"}
    names = ("scenario", "title", "baseline", "launch", "horizon", "price_year", "version", "digest", "baseline_digest")
    values = {name: str(words.dataset.attrs.get(attrs.get(name, name), "")) for name in names}
    return [(words(f"setting_{name}"), value) for name, value in values.items() if value]


def changes(words: Words) -> list[str]:
    """What the scenario changes in its data set, in words."""
    log = stored(words.dataset, "log") or {}
    found = log.get(words.lang) or log.get("nb" if words.lang == "nn" else "en") or []
    return [str(line) for line in found]


def stored(dataset: xr.Dataset, name: str) -> Any:
    """A table or list that was stored as an attribute, or None."""
    value = dataset.attrs.get(name)
    if isinstance(value, str):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return None
    return value


def origins(dataset: xr.Dataset) -> list[Origin]:
    """The sources of the figures: files and vintages of the data set, tables of facts, services.

    Those of the data set stand in the result itself, so that they are known when the data set has moved or changed.
    """
    name = str(dataset.attrs.get("baseline", ""))
    rows = [row for row in stored(dataset, "sources") or [] if isinstance(row, dict)]
    found = [Origin(**{**row, "what": f"{name}/{row['what']}"}) for row in rows]
    try:
        found = found or _files(name, read_source(find_data_set(name))["files"])
        found += _files("facts", read_source(embedded("data", "facts"))["files"])
    except DemosimError:  # a data set of the user's own that has moved, in a result that does not name its files
        pass
    return found + _services(dataset)


def source_table(dataset: xr.Dataset, lang: str, short: bool = False) -> Table:
    """The sources of a result or data set as a table: what, table, date, confidence, digest; `short` for a terminal."""
    named = dataset if "baseline" in dataset.attrs else dataset.assign_attrs(baseline=dataset.attrs.get("name", ""))
    keys = ("column_what", "column_table", "column_date", "column_confidence", "column_digest")
    date, digest = (10, 12) if short else (None, None)
    rows = [
        (e.what, [e.table, e.date[:date], confidence(e.confidence, lang), e.digest[:digest]]) for e in origins(named)
    ]
    return Table("sources", message(lang, "sheet_assumptions_title"), [message(lang, key) for key in keys], rows)


def confidence(text: str, lang: str) -> str:
    """The marks of `source.toml` in the language, such as annenhånds, grovt; what is no mark stays as it is."""
    return "; ".join(_mark(part, lang) for part in text.split("; "))


def _mark(part: str, lang: str) -> str:
    about, separator, mark = part.rpartition(": ") if ": " in part else ("", "", part)
    key = f"confidence_{mark.replace(' ', '_')}"
    if key in catalogue(lang):
        about = catalogue(lang).get(f"confidence_about_{about}", about)
        return about + separator + message(lang, key)
    start, _, end = part.rpartition(" ")
    if start == "non-age criteria" and f"confidence_{end}" in catalogue(lang):
        return message(lang, "confidence_non_age", mark=message(lang, f"confidence_{end}"))
    return part


def _files(folder: str, files: dict[str, Any]) -> list[Origin]:
    keys = ("origin", "table", "date", "licence", "confidence", "sha256")
    return [Origin(f"{folder}/{name}", *(str(entry.get(key, "")) for key in keys)) for name, entry in files.items()]


def _services(dataset: xr.Dataset) -> list[Origin]:
    known, found = {service.name: service for service in read_services()}, []
    for name in map(str, dataset["service"].values) if "service" in dataset.dims else ():
        if name in known:
            marks = {part: getattr(known[name], part).confidence for part in ("expenditure", "spread", "net_share")}
            said = "; ".join(f"{part}: {mark}" for part, mark in marks.items() if mark)
            found.append(Origin(f"services/{name}", "; ".join(known[name].sources), confidence=said))
    return found
