"""Results beside each other: differences by year, service and municipality, and the assumptions that differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from demosim.errors import DemosimError, usage_error
from demosim.outputs.netcdf import read_assumptions, read_result, write_result

MONEY = ("expenditure_need", "demographic_expenditure")
AXES = ("financing", "service", "municipality", "date", "budget_year")
SETTINGS = ("title", "baseline", "baseline_digest", "launch_year", "horizon", "profile", "transport", "demosim_version")


def compare_results(paths: Sequence[Path], output: Path | None = None) -> xr.Dataset:
    """What results of runs differ in, the first being the one that others are compared with.

    Returns, for every result along `scenario`: need, demographic expenditure and persons by municipality as they are;
    `…_difference` from the first; `…_percent`, the same over the first (nan where that is nothing). Only places,
    services and years that all have are compared; the attribute `left_out` names the rest, `differing` lists the
    assumptions and settings that differ. Written as a result of the kind comparison where an output is named.

    Raises a `DemosimError` (2) where there is one result only, prices are of different years or nothing is in common.
    """
    if len(paths) < 2:
        raise usage_error("needs two results at least", path="compare")
    results = [read_result(path, "run") for path in paths]
    years = {int(result.attrs["price_year"]) for result in results}
    if len(years) > 1:
        listed = ", ".join(map(str, sorted(years)))
        raise usage_error(f"the results are in prices of {listed}", path="compare", allowed="one price year")
    shared, left_out = _shared(results)
    tables = [_table(result.sel(shared)) for result in results]
    names = _names(paths, results)
    together = xr.concat(tables, xr.Variable("scenario", names), coords="minimal", compat="override", join="exact")
    reference = together.isel(scenario=0, drop=True)
    found = together.copy()
    for name in map(str, together.data_vars):
        difference = together[name] - reference[name]
        found[f"{name}_difference"] = difference.assign_attrs(together[name].attrs)
        known = reference[name] != 0
        found[f"{name}_percent"] = (difference / reference[name].where(known) * 100).assign_attrs(units="%")
    found.attrs = {
        "reference": names[0], "price_year": years.pop(), "left_out": left_out,
        "differing": differing(paths, results, names),
    }  # fmt: skip
    if output is not None:
        write_result(output, found, "comparison")
    return found


def _shared(results: Sequence[xr.Dataset]) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Labels that all results have, in the order of the first, and those that only some have."""
    shared, left_out = {}, {}
    for axis in AXES:
        lists = [result[axis].values.tolist() for result in results]
        common = set(lists[0]).intersection(*lists[1:])
        if not common:
            raise usage_error(f"the results have no {axis} in common", path="compare")
        shared[axis] = [label for label in lists[0] if label in common]
        other = [label for labels in lists for label in labels if label not in common]
        if other:
            left_out[axis] = list(dict.fromkeys(other))
    return shared, left_out


def _table(result: xr.Dataset) -> xr.Dataset:
    """Money and persons by municipality of one result; values that are not compared are left behind."""
    table = result[[name for name in MONEY if name in result]]
    persons = result["population"].sum(("sex", "age"))
    return table.assign(population=persons.assign_attrs(units="persons")).drop_attrs(deep=False)


def _names(paths: Sequence[Path], results: Sequence[xr.Dataset]) -> list[str]:
    """Names of the scenarios, with those of the files where two are called the same."""
    names = [str(result.attrs.get("scenario", path.stem)) for path, result in zip(paths, results, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} ({path.name})" for name, path in zip(names, paths, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} {number}" for number, name in enumerate(names, 1)]
    return names


def differing(paths: Sequence[Path], results: Sequence[xr.Dataset], names: Sequence[str]) -> list[dict[str, Any]]:
    """Assumptions and settings of each further result that differ from the first.

    For arrays: `largest`, the largest difference of a number, and `cells`, how many differ; for settings: both values.
    Arrays with other labels (years, streams) are compared on what is common, and `labels` names the axis that differs.
    """
    found: list[dict[str, Any]] = []
    assumed = [_assumptions(path) for path in paths]
    for path_at in range(1, len(paths)):
        for key in SETTINGS:
            both = [results[at].attrs.get(key) for at in (0, path_at)]
            if str(both[0]) != str(both[1]):
                found.append({"scenario": names[path_at], "name": key, "from": str(both[0]), "to": str(both[1])})
        first, second = assumed[0], assumed[path_at]
        if first is None or second is None:
            continue
        for name in map(str, first.data_vars):
            if name in second:
                row = _array_difference(first[name], second[name])
                found += [{"scenario": names[path_at], "name": name} | row] if row else []
    return found


def _assumptions(path: Path) -> xr.Dataset | None:
    try:
        return read_assumptions(path)
    except DemosimError:
        return None


def _array_difference(first: xr.DataArray, second: xr.DataArray) -> dict[str, Any]:
    other = [str(dim) for dim in first.dims if first[dim].values.tolist() != second[dim].values.tolist()]
    one, two = xr.align(first, second, join="inner")
    apart = np.abs(two.values - one.values)
    row: dict[str, Any] = {"labels": other} if other else {}
    if apart.any():
        row |= {"largest": float(apart.max()), "cells": int(np.count_nonzero(apart))}
    return row
