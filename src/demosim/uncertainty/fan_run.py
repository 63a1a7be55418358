"""The whole of `demosim fan`: read, resolve, draw, take quantiles, write."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.run import refugee_profile
from demosim.baseline.find import embedded
from demosim.baseline.read import find_data_set, load_netcdf, read_baseline
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import usage_error
from demosim.outputs.netcdf import write_result
from demosim.projection import assumption_arrays
from demosim.scenario.read import baseline_location, read_scenario
from demosim.scenario.resolve import resolve
from demosim.scenario.spec import Spec
from demosim.uncertainty.fan import age_groups, fan_dataset
from demosim.uncertainty.fan_draws import CHUNK, Sources, simulate
from demosim.uncertainty.fan_local import NEEDED, Local, local_from
from demosim.uncertainty.fan_national import read_national
from demosim.uncertainty.fan_waves import read_waves
from demosim.uncertainty.many import refuse_in_many, said_not_counted

ESTIMATES = "estimates.nc"
MOST_DRAWS = 20_000


@dataclass(frozen=True)
class Switches:
    """What a fan lets vary: the country's paths, municipal net migration and births, unit costs, prices."""

    national: bool = True
    municipal: bool = True
    unit_costs: bool = True
    deflator: bool = True


def run_fan(
    scenario: str | Path | Spec,
    output: Path | None = None,
    draws: int = 2000,
    seed: int = 1,
    switches: Switches | None = None,
    threads: int = 1,
    report: Callable[[int, int], None] | None = None,
    allow_paths: bool = False,
    chunk: int = CHUNK,
) -> xr.Dataset:
    """A band on the figures of a scenario: 67 and 80 per cent, P10, P50 and P90, from draws around its assumptions.

    seed: any whole number from 0; the same seed gives the same bits whatever the threads. report: called with draws
    done and in all. Returns the data set of `fan.fan_dataset`, written as a result of the kind fan where an output is
    named. Raises a `DemosimError` (2).
    """
    if not 10 <= draws <= MOST_DRAWS:
        raise usage_error(f"{draws} draws", path="draws", allowed=f"10 to {MOST_DRAWS}")
    if seed < 0:
        raise usage_error(f"{seed} is below zero", path="seed", allowed="0, 1, 2, ...")
    chosen = switches or Switches()
    spec = scenario if isinstance(scenario, Spec) else read_scenario(scenario, allow_paths)
    location = baseline_location(spec)
    baseline = read_baseline(location)
    refuse_in_many(spec)
    resolved = resolve(baseline, spec)
    unit_cost = derive_unit_cost(baseline, spec.costs, spec.price_year)
    profile = refugee_profile(baseline)
    sources = make_sources(resolved.assumptions, unit_cost, location, chosen, profile)
    ages = age_groups(baseline["age"].values)
    drawn = simulate(resolved.assumptions, unit_cost, sources, draws, seed, ages, threads, chunk, report)
    names = ("scenario", "title", "price_year", "baseline", "baseline_digest", "launch_year", "horizon", "digest")
    attrs = {name: resolved.assumptions.attrs[name] for name in names if name in resolved.assumptions.attrs}
    used = {
        "national": int(sources.national is not None), "municipal": int(sources.local is not None),
        "unit_costs": int(sources.unit_cost_sd > 0), "deflator": int(sources.deflator_sd > 0),
    }  # fmt: skip
    used["waves"] = int(sources.waves is not None)
    found = fan_dataset(drawn, resolved.assumptions, unit_cost)
    result = found.assign_attrs(draws=draws, seed=seed, **attrs, **used, **said_not_counted(spec))
    if output is not None:
        write_result(output, result, "fan")
    return result


def make_sources(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, location: str | Path, chosen: Switches,
    refugees: np.ndarray | None = None,
) -> Sources:  # fmt: skip
    """What is uncertain in a scenario, from the embedded estimates and those of its data set.

    A data set without municipal estimates has no municipal uncertainty, one without a profile of refugees (sex, age) no
    waves; the attributes `municipal` and `waves` of a fan say so. Waves go with the national uncertainty.
    """
    with embedded("data", "uncertainty", "costs.toml").open("rb") as file:
        spread = tomllib.load(file)
    estimated = str(unit_cost.attrs.get("estimated_price_years", "")).split()
    return Sources(
        read_national() if chosen.national else None,
        read_local(assumptions, location) if chosen.municipal else None,
        float(spread["unit_cost"]) if chosen.unit_costs else 0.0,
        float(spread["deflator"]) * len(estimated) ** 0.5 if chosen.deflator else 0.0,
        read_waves(refugees) if chosen.national and refugees is not None else None,
    )


def read_local(assumptions: xr.Dataset, location: str | Path) -> Local | None:
    """Municipal uncertainty of a data set, None where it has no estimates that say."""
    estimates = read_estimates(assumptions, location)
    if estimates is None:
        return None
    arrays, county = assumption_arrays(assumptions), assumptions["county"].values
    return local_from(estimates, arrays, county, assumptions["age"].values)


def read_estimates(assumptions: xr.Dataset, location: str | Path) -> xr.Dataset | None:
    """Municipal estimates beside a data set, for the municipalities of the assumptions; None where there are none."""
    path = find_data_set(location) / ESTIMATES
    if not path.is_file():
        return None
    estimates = load_netcdf(path)
    if any(name not in estimates for name in NEEDED):
        return None
    codes = assumptions["municipality"].values.astype(str)
    estimates = estimates.assign_coords(municipality=estimates["municipality"].values.astype(str))
    return estimates.sel(municipality=codes)
