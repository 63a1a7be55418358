"""Tables that say what the figures are: FTE, assumptions with sources, about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from demosim._version import __version__
from demosim.outputs.measures import Measures
from demosim.outputs.origins import changes, confidence, origins, settings
from demosim.outputs.sheets import Chart, Column, Entry, Sheet, additive, sum_of
from demosim.outputs.words import Words


def fte_sheet(measures: Measures, words: Words) -> Sheet | None:
    """Full-time equivalents by service and date, with live sums; None where the result has none."""
    if "full_time_equivalents" not in measures.dataset:
        return None
    data = measures.dataset["full_time_equivalents"]
    data = data.sum("municipality", min_count=1) if "municipality" in data.dims else data  # nothing stays nothing
    data = data.transpose("service", "date").dropna("service", how="all")
    cells = additive(data.values, 0)
    columns = [Column("service", words("service"), "text")]
    columns += [Column(f"d{date}", f"1.1.{date}", "integer") for date in measures.dates]
    keys = [str(key) for key in data["service"].values]
    rows: list[list[Entry]] = [[words.services[key], *row] for key, row in zip(keys, cells.tolist(), strict=True)]
    whole = range(len(rows))
    sums = cells.sum(0).tolist()
    rows.append([words("total"), *(sum_of("fte", value, whole, 1 + at) for at, value in enumerate(sums))])
    title = words("sheet_fte_title")
    chart = Chart("line", title, whole, 1, len(columns) - 1, words("unit_fte"))
    notes = [*fte_notes(measures, words), words("note_rounded")]
    return Sheet("fte", title, words("unit_fte"), columns, rows, totals=[len(rows) - 1], notes=notes, chart=chart)


def fte_notes(measures: Measures, words: Words) -> list[str]:
    """What full-time equivalents rest on, and the services that no source counts."""
    attrs = measures.dataset["full_time_equivalents"].attrs
    missing = [words.services.get(key, key) for key in str(attrs.get("without_source", "")).split()]
    without = [words("note_fte_without", services=", ".join(missing))] if missing else []
    return [words("note_fte"), *without]


def assumptions_sheet(words: Words) -> Sheet:
    """Settings, changes and sources with table, date, licence, confidence and digest."""
    names = {"what": "what", "value": "source", "table": "table", "date": "date", "licence": "licence",
             "confidence": "confidence", "digest": "digest"}  # fmt: skip
    columns = [Column(key, words(f"column_{name}"), "text") for key, name in names.items()]
    chosen = [*settings(words), *((words("setting_change"), line) for line in changes(words))]
    rows: list[list[Entry]] = [[label, value, "", "", "", "", ""] for label, value in chosen]
    for entry in origins(words.dataset):
        told = replace(entry, confidence=confidence(entry.confidence, words.lang))
        rows.append(list(vars(told).values()))
    return Sheet("assumptions", words("sheet_assumptions_title"), words.scenario, columns, rows)


def about_sheet(words: Words, again: Sequence[str]) -> Sheet:
    """What the workbook is, how its figures are to be read, and how it is made again."""
    columns = [Column("what", words("column_what"), "text"), Column("value", words("column_value"), "text")]
    first, last = words.dataset["date"].values[[0, -1]]
    again_rows: list[list[Entry]] = [[words("about_again"), line] for line in again]
    rows: list[list[Entry]] = [
        [words("about_made_with"), f"demosim {__version__}"],
        [words("setting_scenario"), words.scenario],
        [words("about_prices"), words("about_prices_text", unit=words.unit)],
        [words("about_dates"), words("about_dates_text", first=int(first), last=int(last))],
        [words("about_need"), words("note_need")],
        [words("about_financing"), words("about_financing_text")],
        [words("about_levels"), words("about_levels_text")],
        [words("about_rounding"), words("note_rounded")],
        *again_rows,
        [words("setting_digest"), str(words.dataset.attrs.get("digest", ""))],
    ]
    return Sheet("about", words("sheet_about_title"), words.scenario, columns, rows)
