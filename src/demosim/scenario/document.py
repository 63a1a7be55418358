"""A scenario with every value filled in, as text: the resolved form, its digest, and the changes in words."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from demosim.axes import SEXES
from demosim.baseline.mortality import life_expectancy
from demosim.scenario.fiscal_files import with_numbers_of_places
from demosim.scenario.forms import BySex, Value, grouped
from demosim.scenario.knobs import UNITS_NB, Knob, find_knob, list_knobs
from demosim.scenario.prepare import Prepared
from demosim.scenario.read import NOTES
from demosim.scenario.series import Series
from demosim.scenario.spec import COMPONENTS
from demosim.scenario.tables import Table

_ENGLISH = {"path": "national path", "point": ".", **{word: word for word in ("numbers", "to", *SEXES, *COMPONENTS)}}
_NORWEGIAN = {
    "path": "nasjonal bane", "numbers": "tall", "to": "til", "point": ",", "male": "menn", "female": "kvinner",
    "fertility": "fruktbarhet", "mortality": "dødelighet", "migration": "innvandring",
}  # fmt: skip


def document_of(prepared: Prepared, arrays: Mapping[str, np.ndarray], streams: list[str]) -> dict[str, Any]:
    """The resolved form: a scenario of the same effect, and under `resolved` what it comes to, for a reader.

    Values by year are written out for every year up to the horizon; municipalities stand by number.
    """
    spec = prepared.spec
    document: dict[str, Any] = {
        "name": spec.name, "title": spec.title, "baseline": spec.baseline, "horizon": spec.horizon,
        "price_year": spec.price_year, "variant": {part: getattr(spec.variant, part) for part in COMPONENTS},
        "costs": spec.costs.model_dump(exclude_none=True),
        "fiscal": with_numbers_of_places(spec.fiscal, prepared.names),
    }  # fmt: skip
    document["streams"] = {name: _stream(prepared, name) for name in spec.streams}
    document["municipalities"] = {
        number: spec.municipalities[text].model_dump() for text, number in prepared.places.items()
    }
    document["control"] = [control.model_dump(exclude_none=True) for control in spec.control]
    for knob in list_knobs():
        if "*" not in knob.path:
            document.setdefault(knob.path.split(".")[0], {})
        _write_knob(knob, prepared, document)
    if spec.sweep:
        document["sweep"] = spec.sweep
    document[NOTES] = _notes(prepared, arrays, streams)
    return {key: value for key, value in document.items() if value not in ({}, [])}


def digest_of(document: Mapping[str, Any]) -> str:
    """sha256 of a resolved scenario: all that can change a result, and the digest of the baseline."""
    parts = {key: value for key, value in document.items() if key not in (NOTES, "title", "fiscal")}
    parts["baseline_digest"] = document[NOTES]["baseline_digest"]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def to_toml(document: Mapping[str, Any]) -> str:
    """A resolved scenario as the text of a scenario file."""
    import tomli_w

    return tomli_w.dumps(document)


def change_log(prepared: Prepared) -> dict[str, list[str]]:
    """What a scenario says that the baseline does not, one sentence each, in English (`en`) and Norwegian (`nb`)."""
    return {"en": list(_changes(prepared, _ENGLISH)), "nb": list(_changes(prepared, _NORWEGIAN))}


def _changes(prepared: Prepared, words: Mapping[str, str]) -> Iterator[str]:
    spec = prepared.spec
    variants = [(words[part], getattr(spec.variant, part)) for part in COMPONENTS]
    one = len({name for _, name in variants}) == 1
    yield f"{words['path']}: {variants[0][1] if one else ', '.join(' '.join(pair) for pair in variants)}"
    for path, value in spec.knobs.items():
        found = find_knob(path)
        if found is None or found[0].is_neutral(value):
            continue
        knob, name = found
        prefix = f"{prepared.places.get(name, name)}: " if name else ""
        text, unit = (knob.text_en, knob.unit) if words is _ENGLISH else (knob.text_nb, UNITS_NB[knob.unit])
        yield f"{prefix}{text}: {_said(value, words)} {unit}".rstrip()


def _stream(prepared: Prepared, name: str) -> dict[str, Any]:
    """The part of a stream's table that is not knobs, with municipalities by number."""
    table: dict[str, Any] = prepared.spec.streams[name].model_dump()
    names = prepared.names
    for key in ("settlement", "onward_settlement"):
        setting = table[key]
        if isinstance(setting, list):
            table[key] = [str(names.municipality(text)) for text in setting]
        elif isinstance(setting, dict):
            table[key] = {str(names.municipality(text)): weight for text, weight in setting.items()}
    return table


def _write_knob(knob: type[Knob], prepared: Prepared, document: dict[str, Any]) -> None:
    """Put a knob's values, or its neutral value, into the tables of a document."""
    written = {number: text for text, number in prepared.places.items()}
    for path, table in knob.tables(document):
        names = [written.get(str(part), str(part)) if path[0] == "municipalities" else str(part) for part in path]
        value = prepared.spec.knobs.get(".".join(names))
        if value is None and knob.neutral is not None:
            value = Series(number=knob.neutral)
        if value is not None:
            years = prepared.draft.ahead.years if knob.beyond_horizon else prepared.draft.years
            filled = _filled(value, years, knob.neutral)
            if filled != {}:  # a table for years after the horizon
                table[knob.key()] = filled


def _filled(value: Value, years: np.ndarray, neutral: float | None) -> Any:
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, Table):
        return value.document(years)
    if isinstance(value, BySex):
        if value.male == value.female and value.male is not None:
            return _filled(value.male, years, neutral)
        return {sex: _filled(series, years, neutral) for sex, series in value.items()}
    if value.number is not None and value.is_plain:
        return value.number
    filled = value.fill(years, np.nan if neutral is None else neutral)
    return {str(year): float(v) for year, v in zip(years, filled, strict=True) if np.isfinite(v)}


def _notes(prepared: Prepared, arrays: Mapping[str, np.ndarray], streams: list[str]) -> dict[str, Any]:
    """What a scenario comes to, by year: for a reader, passed over when the document is read as a scenario."""
    years, interval = prepared.draft.years, prepared.draft.interval

    def by_year(values: np.ndarray) -> dict[str, float]:
        return {str(year): round(float(value), 4) for year, value in zip(years, values, strict=True)}

    expectancy = life_expectancy(arrays["death_prob"], arrays["newborn_survival_prob"], interval)
    notes: dict[str, Any] = {
        "launch_year": int(prepared.baseline.attrs["launch_year"]), "interval_years": interval,
        "baseline_digest": str(prepared.baseline.attrs.get("digest", "")),
        "total_fertility_rate": by_year(arrays["fertility_rate"].sum(1) * interval),
        "net_international_migration": by_year(arrays["net_international_migration"].sum((1, 2)) / interval),
        "life_expectancy": {sex: by_year(expectancy[:, s]) for s, sex in enumerate(SEXES)},
    }  # fmt: skip
    if streams:
        flows = arrays["stream_inflow"].sum((2, 3)), arrays["stream_outflow"].sum((2, 3))
        notes["inflow"] = {name: by_year(flows[0][k] / interval) for k, name in enumerate(streams)}
        notes["outflow"] = {name: by_year(flows[1][k] / interval) for k, name in enumerate(streams)}
    return notes


def _said(value: Value, words: Mapping[str, str]) -> str:
    """A knob's value in words."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Table):
        span = value.span()
        return f"{len(value.cells)} {words['numbers']}," + (f" {span}," if span else "")
    if isinstance(value, BySex):
        if value.male == value.female and value.male is not None:
            return _said(value.male, words)
        return "; ".join(f"{words[sex]} {_said(series, words)}" for sex, series in value.items())
    said = [] if value.number is None else [_number(value.number, words)]
    for part in value.segments + value.over:
        start, end = _number(part.start, words), _number(part.end, words)
        said.append(f"{start} ({part.key})" if start == end else f"{start} {words['to']} {end} ({part.key})")
    return ", ".join(said)


def _number(number: float, words: Mapping[str, str]) -> str:
    return grouped(number).replace(".", words["point"])
