"""The figures' numbers: for every place, by series and point, rounded as they are shown; and their words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.outputs import charts
from demosim.outputs.charts import Labels, Spec
from demosim.outputs.measures import FREE, Measures
from demosim.outputs.sheets import additive
from demosim.outputs.sheets_about import fte_notes
from demosim.outputs.words import MILLION, Words, money_decimals

INDEX_CUTS = (0, 6, 16, 20, 67, 80, 90)
LABOUR = (20, 67)


@dataclass(frozen=True)
class Panel:
    """A figure.

    `values`: (place, series, point) as shown, not a number where there is none; one place only where the figure is
    the same for all. `decimals`: of each place's numbers. `labels`: the words in a language. `draw`: the chart of
    these words. `sums`: series add up, so that the table of numbers has a row of sums. `whole`: of the country,
    whatever place is shown. `listed`: points are things and no course of time, told one by one.
    """

    key: str
    series: tuple[str, ...]
    points: tuple[str, ...]
    values: np.ndarray
    decimals: np.ndarray
    labels: Callable[[Words], Labels]
    draw: Callable[[Labels], Spec]
    sums: bool = False
    whole: bool = False
    listed: bool = False


def yearly_panel(measures: Measures) -> Panel:
    """Demographic expenditure by service and budget year, mill. kr charged to free income."""
    return _money_panel(measures, "yearly", measures.yearly(FREE))


def accumulated_panel(measures: Measures) -> Panel:
    """Demographic expenditure since the launch by service and budget year, mill. kr charged to free income."""
    return _money_panel(measures, "accumulated", measures.accumulated(FREE))


def _money_panel(measures: Measures, key: str, money: xr.DataArray) -> Panel:
    amounts = money.transpose("region", "service", "budget_year").values / MILLION
    decimals = np.array([money_decimals(np.nansum(place, axis=0)) for place in amounts])
    values = np.full(amounts.shape, np.nan)
    for at, place in enumerate(amounts):
        own = np.isfinite(place).all(axis=1)
        values[at, own] = additive(place[own], int(decimals[at]))
    points = tuple(map(str, measures.budget_years))

    def labels(words: Words) -> Labels:
        names = [words.services[key] for key in measures.services]
        return Labels(
            words(f"figure_{key}", launch=measures.launch_year), words.million, names, points,
            words("column_budget_year"), words("figure_stacked_note"),
        )  # fmt: skip

    return Panel(key, tuple(measures.services), points, values, decimals, labels, charts.stacked, sums=True)


def age_index_panel(measures: Measures) -> Panel:
    """Persons by age group, the launch = 100."""
    ages = {int(age) for age in measures.dataset["age"].values}
    cuts = [cut for cut in INDEX_CUTS if cut in ages]
    groups = measures.grouped(measures.dataset["population"].sum("sex"), cuts)
    persons = groups.transpose("region", "group", "date").values
    values = _index(persons)
    names = [str(group) for group in groups["group"].values]
    points = tuple(map(str, measures.dates))

    def labels(words: Words) -> Labels:
        unit = words("figure_index_unit", year=measures.launch_year)
        series = [words("figure_years_old", group=name) for name in names]
        return Labels(words("figure_age_index"), unit, series, points, words("figure_date"))

    return Panel("age_index", tuple(names), points, values, _one_decimal(values), labels, charts.lines)


def _index(numbers: np.ndarray) -> np.ndarray:
    """Index over the last dim, the first = 100; not a number from nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        index = 100 * numbers / numbers[..., :1]
    return np.round(np.where(np.isfinite(index), index, np.nan), 1)


def rounded_by_place(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mill. kr (place, series, point) as they are shown, and the decimals of each place."""
    decimals = np.array([money_decimals(place) for place in values])
    return np.stack([np.round(place, at) for place, at in zip(values, decimals.tolist(), strict=True)]), decimals


def _one_decimal(values: np.ndarray) -> np.ndarray:
    return np.ones(len(values), dtype=int)


def pyramid_panel(measures: Measures) -> Panel:
    """Persons by sex and five-year age group at the launch and the horizon."""
    data = measures.pyramid.transpose("region", "sex", "date", "group")
    sexes = [str(sex) for sex in data["sex"].values]
    shape = data.shape
    values = np.round(data.transpose("region", "date", "sex", "group").values.reshape(shape[0], -1, shape[3]))
    series = tuple(f"{sex}_{end}" for end in ("first", "last") for sex in sexes)
    points = tuple(str(group) for group in data["group"].values)
    years = {"first": measures.launch_year, "last": measures.horizon}

    def labels(words: Words) -> Labels:
        names = [words(f"figure_{sex}", year=years[end]) for end in ("first", "last") for sex in sexes]
        title = words("figure_pyramid", first=measures.launch_year, last=measures.horizon)
        note = words("figure_pyramid_note", first=measures.launch_year, last=measures.horizon)
        return Labels(title, words("unit_persons"), names, points, words("age_group"), note)

    return Panel("pyramid", series, points, values, np.zeros(shape[0], dtype=int), labels, charts.pyramid)


def fte_panel(measures: Measures) -> Panel | None:
    """Full-time equivalents that follow from the population beside persons of working age, the launch = 100."""
    if "full_time_equivalents" not in measures.dataset:
        return None
    data = measures.dataset["full_time_equivalents"].fillna(0.0)
    persons = measures.dataset["population"].sum("sex")
    inside = (persons["age"] >= LABOUR[0]) & (persons["age"] < LABOUR[1])
    supply = measures.by_region(persons.where(inside, 0.0).sum("age")).transpose("region", "date").values
    if "municipality" in data.dims:
        amount = measures.by_region(data.sum("service")).transpose("region", "date").values
    else:
        amount, supply = data.sum("service").values[None], supply[:1]
    values = _index(np.stack([amount, supply], axis=1))
    points = tuple(map(str, measures.dates))

    def labels(words: Words) -> Labels:
        series = [words("figure_fte_need"), words("figure_labour", lower=LABOUR[0], upper=LABOUR[1] - 1)]
        unit = words("figure_index_unit", year=measures.launch_year)
        note = " ".join(fte_notes(measures, words))
        return Labels(words("figure_fte"), unit, series, points, words("figure_date"), note)

    return Panel("fte", ("fte", "labour"), points, values, _one_decimal(values), labels, charts.lines)


def path_panel(measures: Measures) -> Panel | None:
    """Need at full effect beside the spending that can follow it, change since the launch in mill. kr."""
    if "feasible_expenditure" not in measures.dataset:
        return None
    feasible, gap = (
        measures.money(name).sum("service").transpose("region", "date").values / MILLION
        for name in ("feasible_expenditure", "adjustment_gap")
    )
    totals = [feasible - gap, feasible]
    values = np.stack([total - totals[0][:, :1] for total in totals], axis=1)
    shown, decimals = rounded_by_place(values)
    points = tuple(map(str, measures.dates))

    def labels(words: Words) -> Labels:
        series = [words("figure_path_need"), words("figure_path_feasible")]
        title = words("figure_path", launch=measures.launch_year)
        return Labels(title, words.million, series, points, words("figure_date"), words("figure_path_note"))

    return Panel("path", ("need", "feasible"), points, shown, decimals, labels, charts.lines)


RUN_PANELS: dict[str, Callable[[Measures], Panel | None]] = {
    "yearly": yearly_panel,
    "accumulated": accumulated_panel,
    "age_index": age_index_panel,
    "pyramid": pyramid_panel,
    "path": path_panel,
    "fte": fte_panel,
}
