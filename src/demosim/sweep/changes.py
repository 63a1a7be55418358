"""One assumption moved at a time, to a plausible low and high: what a sensitivity is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.packing import Arrays
from demosim.sweep.ranges import Range, read_ranges
from demosim.uncertainty.fan_arrays import (
    Moved,
    add_migration,
    times_fertility,
    times_mortality,
    times_stream,
    usual_profile,
)

NATIONAL = ("migration", "fertility", "mortality")
LANGUAGES = ("nb", "nn", "en")


@dataclass(frozen=True)
class Change:
    """An assumption that is moved. `low`, `high`: of it, in `unit`. `stream`, `service` or `municipality`: which one,
    else −1. `bands` (band,): rates of net migration that one person a year means in the municipality."""

    key: str
    kind: str
    low: float
    high: float
    unit: str
    confidence: str
    label: Mapping[str, str]
    stream: int = -1
    service: int = -1
    municipality: int = -1
    bands: np.ndarray | None = None


def list_changes(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, ranges: Mapping[str, Range] | None = None
) -> list[Change]:
    """Everything that a tornado moves: migration, fertility, mortality, each stream with arrivals, each unit cost."""
    known = ranges or read_ranges()
    persons = float(assumptions["jump_off_population"].sum())
    found = []
    for kind in NATIONAL:
        scale = persons if kind == "migration" else 1.0
        found.append(change_of(kind, kind, known[kind], dict.fromkeys(LANGUAGES, ""), scale))
    for at, name in enumerate(map(str, assumptions["stream"].values)):
        if assumptions["stream_inflow"].isel(stream=at).any():
            names = dict.fromkeys(LANGUAGES, name)
            found.append(change_of(f"stream.{name}", "stream", known["stream"], names, stream=at))
    for at, name in enumerate(map(str, unit_cost["service"].values)):
        labels = {lang: _label(unit_cost, lang, at) for lang in LANGUAGES}
        found.append(change_of(f"unit_cost.{name}", "unit_cost", known["unit_cost"], labels, service=at))
    return found


def change_of(
    key: str, kind: str, span: Range, names: Mapping[str, str], scale: float = 1.0, stream: int = -1, service: int = -1
) -> Change:
    """A change with the ends of a range times a scale, and labels with names put in."""
    label = {lang: span.label[lang].format(name=names[lang]) for lang in LANGUAGES}
    return Change(key, kind, span.low * scale, span.high * scale, span.unit, span.confidence, label, stream, service)


def _label(unit_cost: xr.DataArray, lang: str, at: int) -> str:
    name = f"service_label_{lang}"
    return str(unit_cost[name if name in unit_cost.coords else "service"].values[at])


def moved_arrays(change: Change, value: float, arrays: Arrays) -> Moved:
    """What of the assumptions is new when an assumption has a value; nothing for unit costs."""
    years = np.ones(len(arrays["fertility_rate"]))
    if change.kind == "migration":
        return add_migration(arrays, value * years, usual_profile(arrays))
    if change.kind == "fertility":
        return times_fertility(arrays, value * years)
    if change.kind == "mortality":
        return times_mortality(arrays, value * years)
    if change.kind == "level" and change.bands is not None:
        deviation = arrays["net_migration_deviation"].copy()
        deviation[0, :, change.municipality] += value * change.bands  # the first part is the one that hardly fades
        return {"net_migration_deviation": deviation}
    if change.kind == "fertility_factor":
        factor = arrays["fertility_factor"].copy()
        factor[change.municipality] *= value
        return {"fertility_factor": factor}
    return times_stream(arrays, change.stream, value) if change.kind == "stream" else {}


def cost_factor(change: Change, value: float, services: int) -> np.ndarray:
    """What the unit costs of each service are multiplied by when an assumption has a value."""
    factor = np.ones(services)
    if change.kind == "unit_cost":
        factor[change.service] = value
    return factor


def together(changes: Sequence[Change], values: Sequence[float], arrays: Arrays) -> dict[str, np.ndarray]:
    """The assumptions with several of them moved at once, one after another."""
    current = dict(arrays)
    for change, value in zip(changes, values, strict=True):
        current |= moved_arrays(change, value, current)
    return current
