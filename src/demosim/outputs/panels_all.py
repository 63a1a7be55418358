"""Which figures there are, and which of them the results at hand can fill."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import xarray as xr

from demosim.outputs.measures import Measures
from demosim.outputs.netcdf import kind_of
from demosim.outputs.panels import RUN_PANELS, Panel
from demosim.outputs.panels_others import COMMANDS, fan_panel, record_panel, tornado_panel
from demosim.outputs.panels_pressure import pressure_panel
from demosim.outputs.panels_scenarios import scenarios_panel

ORDER = (
    "yearly", "accumulated", "age_index", "pyramid", "pressure", "path", "fte", "fan", "record", "tornado", "scenarios",
)  # fmt: skip
MAPS = ("map_cost", "map_dependency_first", "map_dependency_last")


def makers(measures: Measures, others: Sequence[xr.Dataset]) -> dict[str, Callable[[], Panel | None]]:
    """What makes each figure that a run and the results beside it can fill; None from one that lacks its numbers."""
    by_kind: dict[str, list[xr.Dataset]] = {}
    for other in others:
        by_kind.setdefault(kind_of(other), []).append(other)
    found: dict[str, Callable[[], Panel | None]] = {key: partial(make, measures) for key, make in RUN_PANELS.items()}
    found["pressure"] = partial(pressure_panel, measures)
    found["record"] = partial(record_panel, measures)
    if "fan" in by_kind:
        found["fan"] = partial(fan_panel, measures, by_kind["fan"][0])
    if "sensitivity" in by_kind:
        found["tornado"] = partial(tornado_panel, measures, by_kind["sensitivity"][0])
    many = [other for kind in ("sweep", "comparison") for other in by_kind.get(kind, [])]
    found["scenarios"] = partial(scenarios_panel, measures, many or [measures.dataset, *by_kind.get("run", [])])
    return found


def all_panels(measures: Measures, others: Sequence[xr.Dataset]) -> tuple[list[Panel], list[tuple[str, str]]]:
    """The figures in order, and those left out with the command that makes what they need."""
    found = {key: make() for key, make in makers(measures, others).items()}
    panels = [panel for key in ORDER if (panel := found.get(key)) is not None]
    left_out = [(key, command) for key, command in COMMANDS.items() if found.get(key) is None]
    return panels, left_out
