"""Tables that say how sure the figures are: the band of a fan, and what moves the figure."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from demosim.outputs.measures import of_all_services
from demosim.outputs.sensitivity import TIMES, moved
from demosim.outputs.sheets import Chart, Column, Entry, Sheet
from demosim.outputs.words import MILLION, Words


def uncertainty_sheet(fan: xr.Dataset, words: Words) -> Sheet:
    """The band of demographic expenditure by budget year: quantiles of a fan, mill. kr charged to free income."""
    data = fan_total(fan)
    levels = [float(level) for level in data["quantile"].values]
    columns = [Column("budget_year", words("column_budget_year"), "year")]
    labels = zip(levels, band_labels(levels, words), strict=True)
    columns += [Column(f"q{level:g}", label, "one") for level, label in labels]
    years = [int(year) for year in data["budget_year"].values]
    values = data.transpose("budget_year", "quantile").values / MILLION
    rows: list[list[Entry]] = [[year, *row] for year, row in zip(years, values.tolist(), strict=True)]
    title = words("sheet_uncertainty_title")
    notes = [words("note_fan", draws=fan.attrs.get("draws", "?"), seed=fan.attrs.get("seed", "?"))]
    chart = Chart("line", title, range(1, len(columns)), 0, len(rows) - 1, words.million, by_column=True)
    subtitle = f"{words('paid_free_income')}, {words.million}"
    return Sheet("uncertainty", title, subtitle, columns, rows, notes=notes, chart=chart)


def band_labels(levels: Sequence[float], words: Words) -> list[str]:
    """Names of quantiles, such as `P10 (nedre grense, 80 %)`."""
    found = []
    for level in levels:
        name = quantile_name(level, words)
        ends = "column_low_band" if level < 0.5 else "column_high_band"
        band = words.number(100 * abs(1 - 2 * level))
        found.append(words("column_middle", level=name) if level == 0.5 else words(ends, level=name, band=band))
    return found


def quantile_name(level: float, words: Words) -> str:
    """A quantile as readers write it: P10, P16,5."""
    percent = round(100 * level, 1)
    return words("column_quantile", level=words.number(percent, 0 if percent == round(percent) else 1))


def fan_total(fan: xr.Dataset) -> xr.DataArray:
    """Demographic expenditure of all services in a fan: (quantile, budget_year)."""
    data = of_all_services(fan["demographic_expenditure"])
    return data.sel(region="country") if "region" in data.dims else data


def sensitivity_sheet(sensitivity: xr.Dataset, words: Words) -> Sheet:
    """What moves the figure: each assumption at its low and high end, and the effect on the figure, mill. kr."""
    columns = [
        Column("assumption", words("column_assumption"), "text"), Column("unit", words("column_unit"), "text"),
        Column("low", words("column_low"), "two"), Column("high", words("column_high"), "two"),
        Column("effect_low", words("column_effect_low"), "one"),
        Column("effect_high", words("column_effect_high"), "one"),
    ]  # fmt: skip
    rows: list[list[Entry]] = []
    forms: dict[tuple[int, int], str] = {}
    for at, one in enumerate(moved(sensitivity, words.lang)):
        effects = (one.effect_low / MILLION, one.effect_high / MILLION)
        rows.append([one.name, one.unit_label(words.lang), one.low, one.high, *effects])
        if one.unit != TIMES and max(abs(one.low), abs(one.high)) >= 100:
            forms |= {(at, 2): "integer", (at, 3): "integer"}
    title = words("sheet_sensitivity_title")
    subtitle = f"{words('paid_free_income')}, {words.million}"
    chart = Chart("bar", title, (4, 5), 0, len(rows) - 1, words.million, by_column=True)
    notes = [words("note_sensitivity", figure=figure_name(sensitivity, words))]
    return Sheet("sensitivity", title, subtitle, columns, rows, notes=notes, chart=chart, forms=forms)


def figure_name(sensitivity: xr.Dataset, words: Words) -> str:
    """The figure whose sensitivity is told: of a budget year, or accumulated up to it."""
    kind = "accumulated" if int(sensitivity.attrs.get("accumulated", 0)) else "yearly"
    return words(f"sensitivity_figure_{kind}", year=int(sensitivity.attrs["budget_year"]))
