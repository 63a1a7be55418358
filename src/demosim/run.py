"""The stages in order: baseline, scenario, projection, costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.continuation import continue_with, with_scenario_text
from demosim.costs.check import check_costs
from demosim.costs.count import count_costs
from demosim.projection import project
from demosim.scenario.control import project_with_targets
from demosim.scenario.document import to_toml
from demosim.scenario.read import baseline_location, read_scenario
from demosim.scenario.resolve import resolve
from demosim.scenario.spec import Spec


@dataclass(frozen=True)
class Result:
    """A run: what was assumed, how the population goes, what it costs.

    `assumptions`, `projection`, `costs`: labelled arrays (see `demosim.variables`). `document`: the resolved scenario.
    `log`: what differs from the baseline, in words, by language. `digest`: of scenario and data together.
    """

    assumptions: xr.Dataset
    projection: xr.Dataset
    costs: xr.Dataset
    document: Mapping[str, Any]
    log: Mapping[str, list[str]]
    digest: str

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return str(self.assumptions.attrs["scenario"])

    @property
    def dataset(self) -> xr.Dataset:
        """Population and costs in one dataset; attributes `document` (the resolved scenario, TOML) and `log` (JSON)."""
        both = self.projection.assign(self.costs.data_vars)
        told = {"document": to_toml(self.document), "log": json.dumps(dict(self.log), ensure_ascii=False)}
        return both.assign_attrs({**self.costs.attrs, **self.projection.attrs, **told})


def run(
    scenario: str | Path | Spec, allow_paths: bool = False, stored: tuple[xr.Dataset, xr.Dataset] | None = None
) -> Result:
    """Project a scenario and count what it costs.

    scenario: a scenario file, or a scenario already read. `allow_paths`: let it name data outside its own folder.
    `stored`: a result to an earlier horizon and its assumptions (`demosim.outputs.netcdf`), which is carried on.

    Returns a `Result` for every municipality of the data set. Raises a `DemosimError` with all problems found.

    >>> import demosim as ds
    >>> result = ds.run("scenarios/mars2026.toml")  # doctest: +SKIP
    """
    spec = scenario if isinstance(scenario, Spec) else read_scenario(scenario, allow_paths)
    baseline = read_baseline(baseline_location(spec))
    resolved = resolve(baseline, spec)
    check_costs(baseline, spec)
    if stored is None:
        projection = project_with_targets(resolved.assumptions, project, resolved.controls, resolved.nets)
    else:
        projection, _ = continue_with(*stored, spec, baseline)
    costs = count_costs(baseline, spec, resolved.assumptions, projection["population"])
    assumptions = with_scenario_text(resolved.assumptions, baseline, spec)
    return Result(assumptions, projection, costs, resolved.document, resolved.log, resolved.digest)
