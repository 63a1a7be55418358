"""Tables that say what the figures are and how sure: FTE, band, sensitivity, assumptions with sources, about."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim._version import __version__
from demosim.outputs.measures import Measures
from demosim.outputs.origins import changes, origins, settings
from demosim.outputs.sheets import Chart, Column, Entry, Sheet, additive, sum_of
from demosim.outputs.words import MILLION, Words


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
    whole = list(range(len(rows)))
    rows.append(
        [words("total"), *(sum_of("fte", value, whole, 1 + at) for at, value in enumerate(cells.sum(0).tolist()))]
    )
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


def uncertainty_sheet(fan: xr.Dataset, words: Words) -> Sheet:
    """The band of demographic expenditure by budget year: quantiles of a fan, mill. kr charged to free income."""
    data = fan_total(fan)
    quantiles = [float(level) for level in data["quantile"].values]
    columns = [Column("budget_year", words("column_budget_year"), "year")]
    columns += [
        Column(f"q{level:g}", words("column_quantile", level=words.number(100 * level, 1)), "one")
        for level in quantiles
    ]
    years = [int(year) for year in data["budget_year"].values]
    values = data.transpose("budget_year", "quantile").values / MILLION
    rows: list[list[Entry]] = [[year, *row] for year, row in zip(years, values.tolist(), strict=True)]
    notes = [words("note_fan", draws=fan.attrs.get("draws", "?"), seed=fan.attrs.get("seed", "?"))]
    return Sheet("uncertainty", words("sheet_uncertainty_title"), words.million, columns, rows, notes=notes)


def fan_total(fan: xr.Dataset) -> xr.DataArray:
    """Demographic expenditure of all services in a fan: (quantile, budget_year)."""
    data = fan["demographic_expenditure"]
    data = data.sel(financing="free_income") if "financing" in data.dims else data
    data = data.sel(region="country") if "region" in data.dims else data
    return data.sel(service="total") if "service" in data.dims else data


def sensitivity_sheet(sensitivity: xr.Dataset, words: Words) -> Sheet:
    """What moves the figure: each assumption at its low and high end, and the effect on the figure, mill. kr."""
    columns = [
        Column("assumption", words("column_assumption"), "text"), Column("low", words("column_low"), "two"),
        Column("high", words("column_high"), "two"), Column("effect_low", words("column_effect_low"), "one"),
        Column("effect_high", words("column_effect_high"), "one"),
    ]  # fmt: skip
    rows: list[list[Entry]] = []
    for label, low, high, below, above in sensitivity_rows(sensitivity, words.lang):
        rows.append([label, low, high, below / MILLION, above / MILLION])
    notes = [words("note_sensitivity")]
    return Sheet("sensitivity", words("sheet_sensitivity_title"), words.million, columns, rows, notes=notes)


def sensitivity_rows(sensitivity: xr.Dataset, lang: str) -> list[tuple[str, float, float, float, float]]:
    """Assumption, low and high value, effect of each on the figure (kr), widest first."""
    names = sensitivity[f"label_{lang}" if f"label_{lang}" in sensitivity else "assumption"].values
    parts = [sensitivity[name].values.astype(float) for name in ("low", "high", "effect_low", "effect_high")]
    width = np.abs(parts[3] - parts[2])
    order = np.argsort(-width, kind="stable")
    return [(str(names[at]), *(float(part[at]) for part in parts)) for at in order]  # type: ignore[misc]  # four floats


def assumptions_sheet(words: Words) -> Sheet:
    """Settings, changes and sources with table, date, licence, confidence and digest."""
    columns = [
        Column("what", words("column_what"), "text"), Column("value", words("column_source"), "text"),
        Column("table", words("column_table"), "text"), Column("date", words("column_date"), "text"),
        Column("licence", words("column_licence"), "text"), Column("confidence", words("column_confidence"), "text"),
        Column("digest", words("column_digest"), "text"),
    ]  # fmt: skip
    rows: list[list[Entry]] = [[label, value, "", "", "", "", ""] for label, value in settings(words)]
    rows += [[words("setting_change"), line, "", "", "", "", ""] for line in changes(words)]
    for entry in origins(words.dataset):
        rows.append([entry.what, entry.origin, entry.table, entry.date, entry.licence, entry.confidence, entry.digest])
    return Sheet("assumptions", words("sheet_assumptions_title"), words.scenario, columns, rows)


def about_sheet(words: Words, command: str) -> Sheet:
    """What the workbook is, how its figures are to be read, and how it is made again."""
    columns = [Column("what", words("column_what"), "text"), Column("value", words("column_value"), "text")]
    first, last = words.dataset["date"].values[[0, -1]]
    rows: list[list[Entry]] = [
        [words("about_made_with"), f"demosim {__version__}"],
        [words("setting_scenario"), words.scenario],
        [words("about_prices"), words("about_prices_text", unit=words.unit)],
        [words("about_dates"), words("about_dates_text", first=int(first), last=int(last))],
        [words("about_need"), words("note_need")],
        [words("about_financing"), words("about_financing_text")],
        [words("about_levels"), words("about_levels_text")],
        [words("about_rounding"), words("note_rounded")],
        [words("about_again"), command],
        [words("setting_digest"), str(words.dataset.attrs.get("digest", ""))],
    ]
    return Sheet("about", words("sheet_about_title"), words.scenario, columns, rows)
