"""Gross moves of a data set: all that they need is there, fits together, and does not stand beside net deviations."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.baseline.form import MOVES, MOVES_TO, problem
from demosim.errors import Problem


def move_problems(dataset: xr.Dataset) -> list[Problem]:
    """Every way in which the gross moves of a data set are not whole; none where it has none."""
    there = [name for name in (*MOVES, *MOVES_TO) if name in dataset]
    if not there:
        return []
    missing = [name for name in MOVES if name not in dataset]
    problems = [problem(name, f"missing, while {there[0]} is there", "gross moves need it") for name in missing]
    to = [name for name in MOVES_TO if name in dataset]
    if len(to) != 1:
        what = "both are there" if to else "neither is there"
        problems.append(problem(" and ".join(MOVES_TO), what, "one of the two: a pool, or origins and destinations"))
    return problems or [*_labels(dataset), *_to_itself(dataset), *_deviations(dataset)]


def _labels(dataset: xr.Dataset) -> list[Problem]:
    problems = []
    bands = dataset.sizes["destination_band"]
    if "destination_band" in dataset.coords and not np.array_equal(dataset["destination_band"], np.arange(bands)):
        problems.append(problem("destination_band", "labels are not 0, 1, 2, ...", f"0 to {bands - 1}"))
    band = dataset["move_band"].values
    if (band % 1 != 0).any() or band.max() >= bands:
        problems.append(problem("move_band", "names a band that does not exist", f"whole numbers 0 to {bands - 1}"))
    has_origins = "origin" in dataset.coords and np.array_equal(dataset["origin"], dataset["municipality"])
    if "origin" in dataset.dims and not has_origins:
        problems.append(problem("origin", "differs from municipality", "the same numbers in the same order"))
    return problems


def _to_itself(dataset: xr.Dataset) -> list[Problem]:
    """A move from a municipality to itself is none."""
    if "destination_share" not in dataset or dataset.sizes["origin"] != dataset.sizes["municipality"]:
        return []
    own = np.diagonal(dataset["destination_share"].values, axis1=1, axis2=2)
    if not (own > 0).any():
        return []
    first = dataset["municipality"].values[np.argwhere(own > 0)[0, 1]]
    return [problem("destination_share", f"sends movers of {first} to {first}", "0 from a municipality to itself")]


def _deviations(dataset: xr.Dataset) -> list[Problem]:
    """Net deviations hold the moves inside the country already."""
    if not (dataset["net_migration_deviation"] != 0).any():
        return []
    what = "is not 0, and the moves inside the country would count twice"
    return [problem("net_migration_deviation", what, "0 everywhere in a data set with gross moves")]
