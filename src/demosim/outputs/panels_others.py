"""Figures from other results than runs: the fan, what matters; and past misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from demosim.baseline.read import read_facts
from demosim.outputs import charts
from demosim.outputs.charts import Labels
from demosim.outputs.measures import Measures, is_norway, of_all_services
from demosim.outputs.numbers import LANGUAGES
from demosim.outputs.panels import Panel, rounded_by_place
from demosim.outputs.sensitivity import Moved, moved
from demosim.outputs.sheets_sure import band_labels, figure_name
from demosim.outputs.words import MILLION, Words

QUANTILES = {"p10": 0.10, "p16": 0.165, "p50": 0.50, "p84": 0.835, "p90": 0.90}
MOST_ASSUMPTIONS = 10


def fan_panel(measures: Measures, fan: xr.Dataset) -> Panel:
    """The band of demographic expenditure by budget year: 67 % and 80 %, with the middle; mill. kr."""
    data = of_all_services(fan["demographic_expenditure"]).sel(quantile=list(QUANTILES.values()), method="nearest")
    years = [int(year) for year in data["budget_year"].values]
    if "region" in data.dims:
        codes = {str(code): at for at, code in enumerate(data["region"].values)}
        values = np.full((len(measures.regions), len(QUANTILES), len(years)), np.nan)
        amounts = data.transpose("region", "quantile", "budget_year").values / MILLION
        for at, region in enumerate(measures.regions):
            code = region.code.removeprefix("county-")
            if code in codes:
                values[at] = amounts[codes[code]]
    else:
        values = data.transpose("quantile", "budget_year").values[None] / MILLION
    points = tuple(map(str, years))

    def labels(words: Words) -> Labels:
        series = band_labels(list(QUANTILES.values()), words)
        note = words("figure_fan_note", draws=fan.attrs.get("draws", "?"), seed=fan.attrs.get("seed", "?"))
        return Labels(words("figure_fan"), words.million, series, points, words("column_budget_year"), note)

    shown, decimals = rounded_by_place(values)
    return Panel("fan", tuple(QUANTILES), points, shown, decimals, labels, charts.fan, whole=len(values) == 1)


def record_panel(measures: Measures) -> Panel | None:
    """Budget estimates beside what came, bn 2020-kr, as published; for Norway only."""
    if not is_norway(measures.dataset):
        return None
    facts = read_facts("estimate_vs_outcome")
    values = facts[["estimate", "outcome"]].to_numpy(dtype=float).T[None]
    points = tuple(str(year) for year in facts["year"])

    def labels(words: Words) -> Labels:
        series = [words("figure_estimate"), words("figure_outcome")]
        miss = values[0, 0] - values[0, 1]
        note = words("figure_record_note", mean=words.number(float(np.abs(miss).mean()), 2),
                     rmse=words.number(float(np.sqrt((miss**2).mean())), 2))  # fmt: skip
        title, unit = words("figure_record"), words("figure_record_unit")
        return Labels(title, unit, series, points, words("column_budget_year"), note)

    return Panel("record", ("estimate", "outcome"), points, values, np.array([1]), labels, charts.paired, whole=True)


def tornado_panel(measures: Measures, sensitivity: xr.Dataset) -> Panel:
    """What moves the figure most: effect of each assumption's low and high end, mill. kr; for the country, and for the
    municipalities that the sensitivity tells of. Each place has its own widest; the widest of any stands first."""
    told = [str(code) for code in sensitivity["municipality"].values] if "municipality" in sensitivity.dims else []
    by_place = {"country": moved(sensitivity, "nb")[:MOST_ASSUMPTIONS]}
    by_place |= {code: moved(sensitivity, "nb", code)[:MOST_ASSUMPTIONS] for code in told}
    keys = _widest(by_place)
    codes = [region.code for region in measures.regions] if told else ["country"]
    values = np.stack([_effects(by_place.get(code, []), keys) for code in codes])
    nb = [one.name for one in moved(sensitivity, "nb")]
    rows = {lang: dict(zip(nb, moved(sensitivity, lang), strict=True)) for lang in LANGUAGES}

    def labels(words: Words) -> Labels:
        ends = [(one.named(words.lang), one.span(words.lang)) for one in (rows[words.lang][key] for key in keys)]
        names = [words("figure_assumption", name=name, ends=span) for name, span in ends]
        series = [words("column_effect_low"), words("column_effect_high")]
        note = words("note_sensitivity", figure=figure_name(sensitivity, words))
        return Labels(words("figure_tornado"), words.million, series, names, words("column_assumption"), note)

    shown, decimals = rounded_by_place(values)
    return Panel(
        "tornado", ("low", "high"), tuple(keys), shown, decimals, labels, charts.tornado, whole=not told, listed=True
    )


def _widest(by_place: Mapping[str, Sequence[Moved]]) -> list[str]:
    """The assumptions of all places, by how wide they are where they are widest, beside the widest of that place."""
    share: dict[str, float] = {}
    for rows in by_place.values():
        most = max((_width(one) for one in rows), default=0.0) or 1.0
        for one in rows:
            share[one.name] = max(share.get(one.name, 0.0), _width(one) / most)
    return sorted(share, key=lambda name: -share[name])


def _width(one: Moved) -> float:
    return abs(one.effect_high - one.effect_low)


def _effects(rows: Sequence[Moved], keys: Sequence[str]) -> np.ndarray:
    """Mill. kr (end, assumption) in the order of the keys; not a number of those that the place has not."""
    by_name = {one.name: (one.effect_low, one.effect_high) for one in rows}
    return np.array([by_name.get(key, (np.nan, np.nan)) for key in keys]).T / MILLION


COMMANDS: dict[str, str] = {  # figure that is left out: the command that makes what it needs
    "pressure": "demosim run FILE --output run.nc ([costs.pressure])",
    "path": "demosim run FILE --output run.nc ([costs.adjustment.SERVICE])",
    "fte": "demosim run FILE --output run.nc",
    "fan": "demosim fan FILE --draws 2000 --seed 1 --output fan.nc",
    "tornado": "demosim sensitivity FILE --output sensitivity.nc",
    "scenarios": "demosim sweep FILE --vary streams.ukraine.net.2026=0:20000:5000 --output sweep.nc",
}
