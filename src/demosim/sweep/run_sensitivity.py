"""The whole of `demosim sensitivity`: read, resolve, differentiate, run both ends, write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import did_you_mean, usage_error
from demosim.outputs.netcdf import write_result
from demosim.scenario.read import baseline_location, read_scenario
from demosim.scenario.resolve import resolve
from demosim.scenario.spec import Spec
from demosim.sweep.changes import list_changes
from demosim.sweep.municipal import list_municipal_changes
from demosim.sweep.sensitivity import Figure, tornado
from demosim.sweep.sobol import sobol
from demosim.uncertainty.fan_run import read_estimates
from demosim.uncertainty.many import refuse_in_many, said_not_counted


def run_sensitivity(
    scenario: str | Path | Spec,
    output: Path | None = None,
    municipalities: Sequence[str] = (),
    budget_year: int | None = None,
    accumulated: bool = False,
    sobol_points: int = 0,
    seed: int = 0,
    threads: int = 1,
    allow_paths: bool = False,
) -> xr.Dataset:
    """What matters for the demographic expenditure of a budget year (the first unless named), nationally and here.

    municipalities: numbers of those that shall have a tornado of their own. accumulated: all since the launch up to
    the budget year. Where the data set has municipal estimates, the level of net migration and the fertility of the
    municipalities named are moved too. sobol_points: also Sobol' indices from so many points (a power of two), seeded.

    Returns the data set of `sensitivity.tornado`, written as a result of the kind sensitivity where an output is named.
    Raises a `DemosimError` (2).
    """
    spec = scenario if isinstance(scenario, Spec) else read_scenario(scenario, allow_paths)
    baseline = read_baseline(baseline_location(spec))
    codes = [str(code) for code in baseline["municipality"].values]
    for code in municipalities:
        if code not in codes:
            near = did_you_mean(code, codes)
            raise usage_error(f"no municipality has the number {code}", path="municipality", suggestion=near)
    refuse_in_many(spec)
    assumptions = resolve(baseline, spec).assumptions
    unit_cost = derive_unit_cost(baseline, spec.costs, spec.price_year)
    changes = list_changes(assumptions, unit_cost)
    estimates = read_estimates(assumptions, baseline_location(spec)) if municipalities else None
    if estimates is not None:
        changes += list_municipal_changes(assumptions, estimates, municipalities)
    first = int(assumptions["year"][0]) + int(assumptions.attrs["interval_years"])
    figure = Figure(budget_year or first, accumulated)
    result = tornado(assumptions, unit_cost, changes, figure, municipalities, threads)
    if sobol_points:
        shares = sobol(assumptions, unit_cost, changes, figure, sobol_points, seed, threads)
        result = result.merge(shares.sel(assumption=result["assumption"].values))
        result = result.assign_attrs(sobol_points=sobol_points, sobol_seed=seed)
    names = ("scenario", "title", "price_year", "baseline", "baseline_digest", "launch_year", "horizon", "digest")
    attrs = {name: assumptions.attrs[name] for name in names if name in assumptions.attrs}
    result = result.assign_attrs(attrs | said_not_counted(spec))
    if output is not None:
        write_result(output, result, "sensitivity")
    return result
