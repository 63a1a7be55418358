"""The figure of scenarios beside each other: of a sweep or a comparison, or of several runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.outputs import charts
from demosim.outputs.charts import Labels
from demosim.outputs.measures import Measures, of_all_services
from demosim.outputs.panels import Panel, rounded_by_place
from demosim.outputs.words import MILLION, Words
from demosim.scenario.knobs import find_knob

MOST_SCENARIOS = 12
_YEARS = re.compile(r"\.(\d{4}(?:-\d{4})?)$")


@dataclass(frozen=True)
class Drawn:
    """A scenario: what tells it apart (its name, or the values of the varied knobs), mill. kr (place, budget_year)."""

    name: str
    values: tuple[float, ...]
    amounts: np.ndarray

    def label(self, words: Words) -> str:
        """The name, or the values, as a reader of the language writes them."""
        return " / ".join(words.number(value, _decimals(value)) for value in self.values) or self.name


def scenarios_panel(measures: Measures, datasets: Sequence[xr.Dataset]) -> Panel | None:
    """Demographic expenditure of all services by scenario and budget year, mill. kr; None where there is but one.

    For every place where all results tell of municipalities, else for the country. At most a dozen scenarios are
    drawn, spread over all.
    """
    found, years, knobs = _read(measures, datasets)
    if len(found) < 2:
        return None
    chosen = np.unique(np.linspace(0, len(found) - 1, min(len(found), MOST_SCENARIOS)).round().astype(int))
    shown = [found[at] for at in chosen]
    values = np.stack([one.amounts for one in shown], axis=1)
    values, decimals = rounded_by_place(values)
    points = tuple(map(str, years))

    def labels(words: Words) -> Labels:
        note = words("figure_scenarios_note", shown=len(shown), all=len(found))
        if knobs:
            note += " " + words("figure_scenarios_varied", knobs="; ".join(knob_label(knob, words) for knob in knobs))
        names = [one.label(words) for one in shown]
        return Labels(words("figure_scenarios"), words.million, names, points, words("column_budget_year"), note)

    whole = len(values) == 1
    series = tuple(one.name for one in shown)
    return Panel("scenarios", series, points, values, decimals, labels, charts.multiples, whole=whole)


def _read(measures: Measures, datasets: Sequence[xr.Dataset]) -> tuple[list[Drawn], list[int], list[str]]:
    """All scenarios over the budget years of the first result, the years, and the paths of the varied knobs."""
    amounts = [_amounts(dataset) for dataset in datasets]
    by_place = all(_same_places(data, measures) for data in amounts)
    found: list[Drawn] = []
    years: list[int] = []
    knobs: list[str] = []
    for dataset, data in zip(datasets, amounts, strict=True):
        own = [int(year) for year in data["budget_year"].values]
        if years and own != years:
            continue
        years, varied = own, _varied(dataset)
        knobs += [knob for knob in varied if knob not in knobs]
        found += _scenarios(dataset, varied, _by_place(data, measures) if by_place else _country(data))
    return found, years, knobs


def _amounts(dataset: xr.Dataset) -> xr.DataArray:
    """Kr charged to free income by budget year and whatever else the result tells of."""
    if "demographic_expenditure" in dataset:
        data = dataset["demographic_expenditure"]
    else:
        data = dataset["expenditure_need"].diff("date").rename(date="budget_year")
    return of_all_services(data)


def _same_places(data: xr.DataArray, measures: Measures) -> bool:
    own = measures.dataset["municipality"].values.tolist()
    return "municipality" in data.dims and data["municipality"].values.tolist() == own and "level" in data.coords


def _country(data: xr.DataArray) -> np.ndarray:
    """Mill. kr (scenario, one place, budget_year)."""
    data = data.sum([dim for dim in data.dims if dim not in ("scenario", "budget_year")])
    values = data.transpose(..., "budget_year").values / MILLION
    return values.reshape(-1, 1, values.shape[-1])


def _by_place(data: xr.DataArray, measures: Measures) -> np.ndarray:
    """Mill. kr (scenario, place, budget_year), of the services that each place pays for."""
    data = data if "scenario" in data.dims else data.expand_dims("scenario")
    county = data["level"].values == "county"
    regional = measures.by_region(data).transpose("scenario", "region", "service", "budget_year").values
    pays = measures.owns_county_services[:, None] | ~county
    total: np.ndarray = np.einsum("srky,rk->sry", regional, pays.astype(float)) / MILLION
    return total


def _scenarios(dataset: xr.Dataset, varied: Sequence[str], amounts: np.ndarray) -> list[Drawn]:
    if "scenario" not in dataset.dims:
        return [Drawn(str(dataset.attrs.get("scenario", "")), (), amounts[0])]
    return [
        Drawn(str(name), tuple(float(dataset[knob].values[at]) for knob in varied), amounts[at])
        for at, name in enumerate(dataset["scenario"].values)
    ]


def _varied(dataset: xr.Dataset) -> list[str]:
    """Paths of the knobs whose values stand beside the scenarios as numbers."""
    return [
        str(name) for name in dataset.coords
        if name != "scenario" and dataset[name].dims == ("scenario",) and dataset[name].dtype.kind in "fiu"
    ]  # fmt: skip


def knob_label(path: str, words: Words) -> str:
    """What a path such as `streams.ukraine.net.2026` turns, in words; the path where it is no knob's."""
    years = _YEARS.search(path)
    found = find_knob(path[: years.start()] if years else path)
    if found is None:
        return path
    knob, name = found
    text = knob.text_en if words.lang == "en" else knob.text_nb
    return ", ".join(part for part in (text, name, years[1] if years else "") if part)


def _decimals(value: float) -> int:
    """Decimals that a value has, six at most."""
    text = f"{value:.6f}".rstrip("0")
    return len(text.partition(".")[2])
