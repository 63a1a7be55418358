"""The result of a sweep as one NetCDF file, chunk after chunk, so that it never stands in memory whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

from demosim.errors import run_error
from demosim.files import replacing
from demosim.outputs.netcdf import write_result
from demosim.outputs.seal import seal
from demosim.sweep.design import Design
from demosim.sweep.job import Job
from demosim.sweep.store import Store
from demosim.variables import REGISTRY

_DIMS = {
    "country": ("scenario", "service", "date"),
    "county": ("scenario", "service", "county", "date"),
    "municipality": ("scenario", "service", "municipality", "date"),
}


def write_sweep(path: Path, store: Store, job: Job, design: Design, attrs: Mapping[str, object]) -> None:
    """Write a finished sweep, whole or not at all.

    `expenditure_need` on (scenario, service, [county or municipality], date), kroner charged to free income;
    `demographic_expenditure` by budget year where it is of the whole country; `population` where it was kept.
    Coordinates on `scenario`: each varied knob by its path. Raises a `DemosimError` (1) where the disk is full.
    """
    with replacing(path) as temporary:
        write_result(temporary, _frame(job, design).assign_attrs(attrs), "sweep")
        try:
            with netCDF4.Dataset(temporary, "a") as file:
                _fill(file, store, job)
            seal(temporary)
        except (RuntimeError, OSError) as error:
            raise run_error(f"cannot be written, the disk is perhaps full ({error})", file=str(path)) from error


def _frame(job: Job, design: Design) -> xr.Dataset:
    """Everything but the large arrays: labels, knob values, what was asked."""
    costs = job.unit_cost
    coords = {name: costs[name] for name in costs.coords if costs[name].dims == ("service",)}
    knobs = {path: ("scenario", design.values[:, column]) for column, path in enumerate(design.paths)}
    dates = {"scenario": np.arange(len(design.values)), "date": job.dates, "budget_year": job.dates[1:]}
    frame = xr.Dataset(coords=coords).assign_coords({**dates, **knobs})
    base = job.baseline
    if job.by == "municipality":
        places = list(job.places)
        chosen = base.assign_coords(municipality=base["municipality"].astype(str)).sel(municipality=places)
        names = chosen["municipality_name"].values.astype(str)
        frame = frame.assign_coords(municipality=places, municipality_name=("municipality", names))
    elif job.by == "county":
        by_code = dict(zip(base["county"].values.astype(str), base["county_name"].values.astype(str), strict=True))
        labels = [by_code[code] for code in job.places]
        frame = frame.assign_coords(county=list(job.places), county_name=("county", labels))
    if job.population:
        codes = [str(code) for code in base["municipality"].values]
        frame = frame.assign_coords(municipality=codes, sex=base["sex"].values.astype(str), age=base["age"].values)
    return frame


def _fill(file: netCDF4.Dataset, store: Store, job: Job) -> None:
    """The large arrays, one chunk in memory at a time."""
    country = job.by == "country"
    wanted: dict[str, tuple[str, tuple[str, ...]]] = {
        "expenditure_need": ("f4" if job.single and not country else "f8", _DIMS[job.by])
    }
    if country:
        wanted["demographic_expenditure"] = ("f8", ("scenario", "service", "budget_year"))
    if job.population:
        persons = ("scenario", "municipality", "sex", "age", "date")
        wanted["population"] = ("f4" if job.single else "f8", persons)
    variables = {}
    for name, (kind, dims) in wanted.items():
        variables[name] = file.createVariable(name, kind, dims, fill_value=False)
        _describe(name, variables[name], int(job.unit_cost.attrs["price_year"]))
    for number in store.chunks:
        rows = store.rows(number)
        need = store.load(number, "expenditure_need")
        need = need[:, :, 0] if country else need
        variables["expenditure_need"][rows] = need
        if country:
            variables["demographic_expenditure"][rows] = np.diff(need)
        if job.population:
            variables["population"][rows] = store.load(number, "population")


def _describe(name: str, variable: Any, price_year: int) -> None:
    entry = REGISTRY[name]
    attrs: dict[str, object] = {
        "long_name": entry.label, "long_name_nb": entry.label_nb, "units": entry.unit, "kind": entry.kind,
    }  # fmt: skip
    if entry.is_money:
        attrs |= {"price_year": np.int64(price_year), "financing": "free_income"}
    variable.setncatts(attrs)
