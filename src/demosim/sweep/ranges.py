"""Plausible low and high of assumptions: 10th and 90th percentile of what changed over five years in the past."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray as xr

from demosim.baseline.find import embedded

FILE = ("data", "uncertainty", "ranges.toml")
SPAN = 5
PERCENTILES = (10.0, 90.0)


@dataclass(frozen=True)
class Range:
    """How far an assumption plausibly moves. `low`, `high`: factors, or persons per inhabitant and year to add."""

    low: float
    high: float
    unit: str
    confidence: str
    label: Mapping[str, str]


@cache
def read_ranges() -> dict[str, Range]:
    """The embedded estimates, by kind of assumption."""
    with embedded(*FILE).open("rb") as file:
        about = tomllib.load(file)
    return {kind: Range(**table) for kind, table in about.items()}


def changes(series: np.ndarray, span: int = SPAN) -> np.ndarray:
    """What a yearly series changes by over so many years, from every year that has both ends."""
    result: np.ndarray = series[span:] - series[:-span]
    return result


def national_ranges(series: xr.DataArray) -> dict[str, tuple[float, float]]:
    """Low and high of net migration (added per inhabitant), fertility and mortality (factors).

    series: see `demosim.uncertainty.fan_history.national_series`. Mortality is taken about its mean fall, which a
    path has in it already.
    """
    found = {}
    for name in map(str, series["series"].values):
        moved = changes(series.sel(series=name).values)
        if name == "mortality":
            moved = moved - moved.mean()
        low, high = np.percentile(moved, PERCENTILES)
        found[name] = (float(low), float(high)) if name == "migration" else (float(np.exp(low)), float(np.exp(high)))
    return found


def unit_cost_changes(kroner: np.ndarray, deflator: np.ndarray, span: int = SPAN) -> np.ndarray:
    """Log real changes of spending per inhabitant (service, year) over so many years, less their median.

    The median is the growth of all services alike, which a calculation at unchanged standard leaves out.
    """
    real = np.log(kroner / deflator)
    moved = np.concatenate([changes(row, span) for row in real])
    result: np.ndarray = moved - np.median(moved)
    return result
