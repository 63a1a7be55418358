"""Third pass: values within bounds, years within the data, nothing set twice over, names that the baseline has."""

from __future__ import annotations

import datetime
from functools import partial

import numpy as np
import xarray as xr

from demosim.errors import instead_of
from demosim.scenario.check_tables import Axes, check_table
from demosim.scenario.forms import BySex, Report, Value, grouped
from demosim.scenario.knobs import Knob, find_knob
from demosim.scenario.series import Segment, Series
from demosim.scenario.spec import COMPONENTS, Spec
from demosim.scenario.tables import Table
from demosim.scenario.toml_lines import KeyPath

MOST_OF_POPULATION = 0.1  # more persons per year than this share of the population are taken for a slip
EARLIEST_PRICES = 30  # years before launch


def check_numbers(spec: Spec, baseline: xr.Dataset, report: Report) -> None:
    """All checks of keys and knobs that need no place names."""
    years = flow_years(baseline)
    interval = int(baseline.attrs["interval_years"])
    axes = Axes(years, np.asarray(baseline["age"].values), interval)
    _variants(spec, baseline, report)
    _horizon(spec.horizon, axes, report)
    first, last = int(years[0]) - EARLIEST_PRICES, int(years[-1]) + interval
    if not first <= spec.price_year <= last:
        report.add("year_outside", ("price_year",), f"{spec.price_year} is outside {first}-{last}")
    population = float(baseline["population"].sum())
    for path, value in spec.knobs.items():
        found = find_knob(path)
        if found is None:
            continue
        knob, name = found
        keys = knob_keys(knob, name)
        judge = partial(_wrong_with, knob, population=population)
        if isinstance(value, Table):
            check_table(knob, value, keys, axes, judge, report)
        for subpath, series in _series_of(value, keys):
            for key, number in series.values():
                wrong = judge(number)
                if wrong is not None:
                    report.add(wrong[0], (*subpath, key) if key else subpath, wrong[1], None, wrong[2])
            _years(series, subpath, axes, report)
        _collisions(knob, keys, spec, report)
    _dates(spec, years, interval, report)


def flow_years(baseline: xr.Dataset) -> np.ndarray:
    """First years of the intervals that can be projected: those of the data from the launch year on."""
    years = np.asarray(baseline["year"].values)
    result: np.ndarray = years[years >= int(baseline.attrs["launch_year"])]
    return result


def knob_keys(knob: type[Knob], name: str) -> KeyPath:
    """The key path of a knob."""
    return tuple(name if part == "*" else part for part in knob.path.split("."))


def _variants(spec: Spec, baseline: xr.Dataset, report: Report) -> None:
    known = [str(name) for name in baseline["variant"].values]
    asked = {part: getattr(spec.variant, part) for part in COMPONENTS}
    one = len(set(asked.values())) == 1
    for part, name in list(asked.items())[: 1 if one else None]:
        if name not in known:
            path = ("variant",) if one else ("variant", part)
            what = f'the baseline has no variant "{name}"'
            report.add("unknown_variant", path, what, **instead_of(name, known))


def _horizon(horizon: int, axes: Axes, report: Report) -> None:
    first, last = int(axes.years[0]) + axes.interval, int(axes.years[-1]) + axes.interval
    if not first <= horizon <= last:
        report.add("year_outside", ("horizon",), f"{horizon} is outside the data", f"1 January of {first} to {last}")
    elif (wrong := axes.off_step(horizon)) is not None:
        report.add(wrong[0], ("horizon",), *wrong[1:])


def _wrong_with(knob: type[Knob], number: float, population: float) -> tuple[str, str, str | None] | None:
    """Code, what, and what was perhaps meant, of a number outside the bounds of a knob; None where it is within."""
    per_year = knob.unit == "persons per year"
    low, high = knob.low, knob.high
    if per_year:
        most = round(MOST_OF_POPULATION * population)
        low, high = max(low, -most), min(high, most)
    if low <= number <= high:
        return None
    near = _slip(knob, number, low, high)
    if low >= 0 > number:
        return "negative_value", f"{grouped(number)} {knob.unit} is negative", near
    side, bound = ("below", low) if number < low else ("above", high)
    tenth = f" (a tenth of the population of {population:,.0f})".replace(",", " ") if per_year else ""
    return "out_of_bounds", f"{grouped(number)} is {side} {grouped(bound)} {knob.unit}{tenth}", near


def _slip(knob: type[Knob], number: float, low: float, high: float) -> str | None:
    """The value within bounds that a slip of the point, the sign or a per cent would explain."""
    factors = (knob.slip, 10, 100) if knob.slip <= 100 else (knob.slip,)
    tries = [-number] if low >= 0 > number else [number / f for f in factors] + [number * f for f in factors]
    near = next((value for value in tries if low <= value <= high and value != 0), None)
    return None if near is None else f"{near:.12g}"


def _series_of(value: Value, path: KeyPath) -> list[tuple[KeyPath, Series]]:
    if isinstance(value, Series):
        return [(path, value)]
    if isinstance(value, BySex):
        if value.male is not None and value.male == value.female:
            return [(path, value.male)]
        return [((*path, sex), series) for sex, series in value.items()]
    return []


def _years(series: Series, path: KeyPath, axes: Axes, report: Report) -> None:
    """The years named: in the data, on its steps, each once, and in order."""
    taken: list[Segment] = []
    for part in series.segments + series.over:
        here = (*path, part.key)
        wrong = axes.wrong_years(part.first, part.last)
        if wrong is not None:
            report.add(wrong[0], here, *wrong[1:])
        if part in series.over or (wrong is not None and wrong[0] != "year_off_step"):
            continue
        before = next((p for p in taken if part.first <= p.last and p.first <= part.last), None)
        if before is not None:
            report.add("overlapping_years", here, f"{part.key} and {before.key} have years in common")
        taken.append(part)


def _collisions(knob: type[Knob], path: KeyPath, spec: Spec, report: Report) -> None:
    """Two knobs that set the same thing."""
    own = spec.knobs[".".join(map(str, path))]
    for pattern in knob.excludes:
        other = pattern.replace("*", str(path[1]))
        value = spec.knobs.get(other)
        found = find_knob(other)
        if value is None or found is None or found[0].is_neutral(value) or knob.is_neutral(own):
            continue
        report.add("collision", path, f"sets what {other} sets too", "keep one of the two")


def _dates(spec: Spec, years: np.ndarray, interval: int, report: Report) -> None:
    """Dates of returns: within the data, the end after the beginning."""
    first, last = int(years[0]), int(years[-1]) + interval
    for path, value in spec.knobs.items():
        if not isinstance(value, datetime.date):
            continue
        found = find_knob(path)
        keys = knob_keys(*found) if found else (path,)
        if not first <= value.year <= last:
            report.add("year_outside", keys, f"{value} is outside the data", f"{first} to {last}")
        begin = spec.knobs.get(path.removesuffix("until") + "from") if path.endswith("return_until") else None
        if isinstance(begin, datetime.date) and value <= begin:
            report.add("reversed_range", keys, f"{value} is not after return_from, {begin}")
