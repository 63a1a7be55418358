"""Figures from other results than runs: the fan, what matters, scenarios beside each other; and past misses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from demosim.baseline.read import read_facts
from demosim.outputs import charts
from demosim.outputs.charts import Labels
from demosim.outputs.measures import Measures
from demosim.outputs.panels import Panel
from demosim.outputs.sheets_about import sensitivity_rows
from demosim.outputs.words import MILLION, Words

QUANTILES = {"p10": 0.10, "p16": 0.165, "p50": 0.50, "p84": 0.835, "p90": 0.90}
MOST_SCENARIOS = 12
MOST_ASSUMPTIONS = 10


def fan_panel(measures: Measures, fan: xr.Dataset) -> Panel:
    """The band of demographic expenditure by budget year: 67 % and 80 %, with the middle; mill. kr."""
    data = fan["demographic_expenditure"]
    data = data.sel(financing="free_income") if "financing" in data.dims else data
    data = data.sel(service="total") if "service" in data.dims else data
    data = data.sel(quantile=list(QUANTILES.values()), method="nearest")
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
        series = [words("column_quantile", level=words.number(100 * level, 1)) for level in QUANTILES.values()]
        note = words("figure_fan_note", draws=fan.attrs.get("draws", "?"), seed=fan.attrs.get("seed", "?"))
        return Labels(words("figure_fan"), words.million, series, points, words("column_budget_year"), note)

    decimals = np.zeros(len(values), dtype=int)
    return Panel("fan", tuple(QUANTILES), points, np.round(values), decimals, labels, charts.fan)


def record_panel(measures: Measures) -> Panel | None:
    """Budget estimates beside what came, bn 2020-kr, as published; for Norway only."""
    if not str(measures.dataset.attrs.get("baseline", "")).startswith("norway"):
        return None
    facts = read_facts("estimate_vs_outcome")
    values = facts[["estimate", "outcome"]].to_numpy(dtype=float).T[None]
    points = tuple(str(year) for year in facts["year"])

    def labels(words: Words) -> Labels:
        series = [words("figure_estimate"), words("figure_outcome")]
        miss = values[0, 0] - values[0, 1]
        note = words("figure_record_note", mean=words.number(float(np.abs(miss).mean()), 2),
                     rmse=words.number(float(np.sqrt((miss**2).mean())), 2))  # fmt: skip
        return Labels(
            words("figure_record"), words("figure_record_unit"), series, points, words("column_budget_year"), note
        )

    return Panel("record", ("estimate", "outcome"), points, values, np.array([1]), labels, charts.paired)


def tornado_panel(sensitivity: xr.Dataset) -> Panel:
    """What moves the figure most: effect of each assumption's low and high end, mill. kr."""
    rows = {lang: sensitivity_rows(sensitivity, lang)[:MOST_ASSUMPTIONS] for lang in ("nb", "nn", "en")}
    values = np.array([[row[3], row[4]] for row in rows["nb"]]).T[None] / MILLION

    def labels(words: Words) -> Labels:
        names = [
            words("figure_assumption", name=name, low=_plain(low, words), high=_plain(high, words))
            for name, low, high, *_ in rows[words.lang]
        ]
        series = [words("column_effect_low"), words("column_effect_high")]
        return Labels(
            words("figure_tornado"), words.million, series, names, words("column_assumption"), words("note_sensitivity")
        )

    points = tuple(row[0] for row in rows["nb"])
    return Panel("tornado", ("low", "high"), points, np.round(values), np.array([0]), labels, charts.tornado)


def _plain(value: float, words: Words) -> str:
    """A value of an assumption, with three digits or as many as its whole part has."""
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    text = words.number(value, max(0, 3 - whole))
    mark = "." if words.lang == "en" else ","
    return text.rstrip("0").rstrip(mark) if mark in text and whole < 3 else text


def scenarios_panel(datasets: Sequence[xr.Dataset]) -> Panel | None:
    """Demographic expenditure of all services by scenario and budget year, mill. kr; of a sweep or a comparison, or of
    several runs. At most a dozen scenarios are drawn, spread over all."""
    names: list[str] = []
    series: list[np.ndarray] = []
    years: list[int] = []
    for dataset in datasets:
        found, amounts, own_years = _by_scenario(dataset)
        if years and own_years != years:
            continue
        years = own_years
        names += found
        series += list(amounts)
    if len(names) < 2:
        return None
    chosen = np.unique(np.linspace(0, len(names) - 1, min(len(names), MOST_SCENARIOS)).round().astype(int))
    shown = [names[at] for at in chosen]
    values = np.round(np.array([series[at] for at in chosen]))[None]
    points = tuple(map(str, years))

    def labels(words: Words) -> Labels:
        note = words("figure_scenarios_note", shown=len(shown), all=len(names))
        return Labels(words("figure_scenarios"), words.million, shown, points, words("column_budget_year"), note)

    return Panel("scenarios", tuple(shown), points, values, np.array([0]), labels, charts.multiples)


def _by_scenario(dataset: xr.Dataset) -> tuple[list[str], np.ndarray, list[int]]:
    """Names of scenarios, mill. kr (scenario, budget_year), budget years."""
    if "demographic_expenditure" in dataset:
        data = dataset["demographic_expenditure"]
    else:
        data = dataset["expenditure_need"].diff("date").rename(date="budget_year")
    data = data.sel(financing="free_income") if "financing" in data.dims else data
    data = data.sel(service="total") if "service" in data.dims and "total" in data["service"].values else data
    data = data.sum([dim for dim in data.dims if dim not in ("scenario", "budget_year")])
    years = [int(year) for year in data["budget_year"].values]
    if "scenario" not in data.dims:
        return [str(dataset.attrs.get("scenario", ""))], data.values[None] / MILLION, years
    return _scenario_names(dataset), data.transpose("scenario", "budget_year").values / MILLION, years


def _scenario_names(dataset: xr.Dataset) -> list[str]:
    """What tells the scenarios apart: the values of the varied knobs, else their own names."""
    knobs = [str(name) for name in dataset.coords if name != "scenario" and dataset[name].dims == ("scenario",)]
    if not knobs:
        return [str(name) for name in dataset["scenario"].values]
    found = []
    for at in range(dataset.sizes["scenario"]):
        values = [dataset[knob].values[at] for knob in knobs]
        said = [f"{value:g}" if isinstance(value, float | int | np.number) else str(value) for value in values]
        found.append(", ".join(f"{knob}={value}" for knob, value in zip(knobs, said, strict=True)))
    return found


COMMANDS: dict[str, str] = {  # figure that is left out: the command that makes what it needs
    "fte": "demosim run FILE --output run.nc",
    "fan": "demosim fan FILE --draws 2000 --seed 1 --output fan.nc",
    "tornado": "demosim sensitivity FILE --output sensitivity.nc",
    "scenarios": "demosim sweep FILE --vary streams.ukraine.net.2026=0:20000:5000 --output sweep.nc",
}
