"""The stages in order: baseline, scenario, projection, costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.costs.need import expenditure
from demosim.costs.unit_costs import derive_unit_cost
from demosim.projection import project
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
    def dataset(self) -> xr.Dataset:
        """Population and costs in one dataset."""
        return xr.merge([self.projection, self.costs], combine_attrs="drop_conflicts", compat="equals", join="exact")


def run(scenario: str | Path | Spec, allow_paths: bool = False) -> Result:
    """Project a scenario and count what it costs.

    scenario: a scenario file, or a scenario already read. `allow_paths`: let it name data outside its own folder.

    Returns a `Result` for every municipality of the data set. Raises a `DemosimError` with all problems found.

    >>> import demosim as ds
    >>> result = ds.run("scenarios/mars2026.toml")  # doctest: +SKIP
    """
    spec = scenario if isinstance(scenario, Spec) else read_scenario(scenario, allow_paths)
    baseline = read_baseline(baseline_location(spec))
    resolved = resolve(baseline, spec)
    projection = project(resolved.assumptions)
    unit_cost = derive_unit_cost(baseline, spec.costs, spec.price_year)
    costs = expenditure(projection["population"], unit_cost)
    return Result(resolved.assumptions, projection, costs, resolved.document, resolved.log, resolved.digest)
