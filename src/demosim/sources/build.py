"""What a data set is built from: arrays in the declared form with where each comes from, from the store or from files.

Nothing is estimated here: `demosim.baseline` makes rates of what this module gathers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from demosim.errors import DemosimError, ProblemGroup, run_error, usage_error
from demosim.files import beside, read_csv
from demosim.sources.fetch import Figures, load_table
from demosim.sources.files import read_file
from demosim.sources.provenance import vintage_table
from demosim.sources.recode import filled, holes_of, splits_of
from demosim.sources.services import Services, read_services_of
from demosim.sources.store import Store
from demosim.sources.tables import Entry, entry_from, read_toml

GATHERED = (
    "population-country-history", "life-table", "fertility", "immigration", "population-change",
    "projection-2024-counties", "projection-2026-counties", "kostra-functions", "kostra-services",
    "municipality-codes", "municipality-counties",
)  # fmt: skip
ATTRIBUTES = {
    "name": str, "title": str, "country": str, "currency": str, "language": str, "launch_year": int,
    "interval_years": int, "male_birth_share": float,
}  # fmt: skip

Weights = Mapping[str, Mapping[str, float]]
Origin = dict[str, str | list[str]]


@dataclass(frozen=True)
class BuildInputs:
    """Arrays by name, where each comes from, and what is absent with how to get it.

    `population` (municipality, sex, age) is on 1 January of the launch year. `origins` has the keys of a
    `source.toml` (origin, table, licence, date, confidence, derivation, sha256). `about`: the attributes of the data
    set, where a declaration gives them. `services`: what a declaration says of the services of its unit costs.
    """

    arrays: dict[str, xr.DataArray]
    origins: dict[str, Origin]
    absent: dict[str, str]
    about: dict[str, Any]
    services: Services | None = None


def build_from_store(launch: int, store: Store | None = None, *, weights: Weights | None = None,
                     history: bool = True, population: bool = True) -> BuildInputs:  # fmt: skip
    """What the store holds for a data set launched on 1 January of a year, without a network.

    The population is that of the launch year: the newest vintage that has it. The history is the one in today's
    municipalities; where the codelist leaves holes in it (a municipality that was split), they are filled from the
    figures by code, the changes of Klass 131 (else the value map of the codelist) and `weights` (old code: share to
    each new code). `history`, `population`: False where it comes from elsewhere.

    Raises where the population is not there; anything else that is not there is listed in `absent`.
    """
    store = store or Store()
    arrays: dict[str, xr.DataArray] = {}
    origins: dict[str, Origin] = {}
    absent: dict[str, str] = {}
    if population:
        jump_off = _population(launch, store)
        arrays["population"] = jump_off.data.sel(year=launch, drop=True)
        origins["population"] = vintage_table(jump_off.vintage, f"1 January {launch}")
    for name in (*(["population-history"] if history else []), *GATHERED):
        try:
            figures = load_table(name, store)
        except DemosimError as error:
            absent[name] = str(error)
            continue
        arrays[name], origins[name] = figures.data, vintage_table(figures.vintage, "as published")
    if (known := arrays.pop("population-history", None)) is not None:
        origin = origins.pop("population-history")
        known = known.sel(year=[year for year in known["year"].values if year <= launch])
        if holes_of(known):
            known, origin = _recoded(known, origin, store, weights or {})
        arrays["population_history"], origins["population_history"] = known, origin
    return BuildInputs(arrays, origins, absent, {"launch_year": launch})


def splits_in_store(launch: int, store: Store | None = None) -> dict[str, list[str]]:
    """The splits that the stored history needs weights for: old code and the new ones, empty where there are none."""
    store = store or Store()
    history = load_table("population-history", store).data
    history = history.sel(year=[year for year in history["year"].values if year <= launch])
    return splits_of(_changes(store), holes) if (holes := holes_of(history)) else {}


def build_from_files(declaration: Path, allow_paths: bool = False, whole: bool = True) -> BuildInputs:
    """What a declaration and the files beside it hold.

    The declaration is a TOML file: `[data_set]` with the attributes of the data set, `[files.<variable>]` as the
    entries in `data/tables` with `file = { path = ... }`, `[names]` with the path of a table of regions, and
    `[services]` with the path of a table of services and the price year, where unit costs are given. `whole`: it
    describes a data set by itself, so that all attributes are needed. Files outside the folder of the declaration
    are read with `allow_paths` only.

    Raises `DemosimError` with the problems of all files.
    """
    said = read_toml(declaration)
    problems = ProblemGroup(declaration)
    files = said.get("files", {})
    tables = {"data_set": said.get("data_set", {}), "files": files, "names": said.get("names", {})}
    tables |= {f"files.{name}": table for name, table in files.items()} if isinstance(files, dict) else {}
    for key, table in tables.items():
        if not isinstance(table, dict):
            problems.add("is not a table", path=key, allowed=f"[{key}] and keys below it", code="declaration")
    problems.raise_if_any()
    about = _about(said.get("data_set", {}), problems) if whole else dict(said.get("data_set", {}))
    for key in said.keys() - {"data_set", "files", "names", "services"}:
        problems.add(f'"{key}" is not known', path=key, allowed="data_set, files, names, services", code="declaration")
    arrays, origins = {}, {}
    for variable, declared in said.get("files", {}).items():
        try:
            entry = entry_from({"name": variable, "variable": variable, "kind": "file", **declared}, declaration)
            arrays[variable] = read_file(entry, declaration.parent, allow_paths=allow_paths)
            origins[variable] = _file_origin(entry, arrays[variable])
        except DemosimError as error:
            problems.problems += error.problems
    if "names" in said:
        try:
            arrays |= _names(beside(declaration.parent, str(said["names"].get("path", "")), allow_paths))
        except DemosimError as error:
            problems.problems += error.problems
    services = None
    try:
        services = read_services_of(said, arrays, declaration, allow_paths)
    except DemosimError as error:
        problems.problems += error.problems
    problems.raise_if_any()
    return BuildInputs(arrays, origins, {}, about, services)


def as_data_set(inputs: BuildInputs) -> xr.Dataset:
    """The inputs as one data set of the declared form, for a country that gives all its arrays itself.

    Raises where two arrays do not have the same regions, sexes, ages or years.
    """
    plain = {name: _plain(array) for name, array in inputs.arrays.items()}
    try:
        aligned = xr.align(*plain.values(), join="exact")
    except ValueError as error:
        raise run_error(f"the files do not have the same regions, sexes, ages or years ({error})") from error
    dataset = xr.Dataset(dict(zip(plain, aligned, strict=True)), attrs=inputs.about)
    return dataset if inputs.services is None else inputs.services.attach(dataset)


def split_weights(population: xr.DataArray, splits: Mapping[str, list[str]]) -> dict[str, dict[str, float]]:
    """Weights of municipalities that were split, by the population of the parts (municipality, ...) after the split.

    They are a rough stand-in for the population of the parts before it, for the user to see and to better.
    """
    weights = {}
    for old, news in splits.items():
        sizes = [float(population.sel(municipality=new).sum()) for new in news]
        weights[old] = {new: size / sum(sizes) for new, size in zip(news, sizes, strict=True)}
    return weights


def _population(launch: int, store: Store) -> Figures:
    """The newest figures that have the launch year."""
    for name in ("population", "population-history"):
        for vintage in reversed(store.vintages(name)):
            figures = load_table(name, store, digest=vintage.digest)
            if launch in figures.data["year"].values:
                return figures
    raise run_error(
        f"the store has no population for 1 January {launch}", code="not-in-store", file=str(store.folder),
        allowed="fetch it where there is a network: demosim data fetch --table population",
    )  # fmt: skip


def _recoded(history: xr.DataArray, origin: Origin, store: Store, weights: Weights) -> tuple[xr.DataArray, Origin]:
    """The history with its holes filled from the figures by code."""
    by_code = load_table("population-by-code", store)
    made = filled(history, by_code.data, _changes(store), weights)
    return made, {**origin, "derivation": f"holes filled from the figures by code: {made.attrs['recoding']}"}


def _changes(store: Store) -> list[dict[str, str]]:
    lists = [name for name in ("municipality-changes", "municipality-value-map") if store.vintages(name)]
    rows = load_table(lists[0] if lists else "municipality-changes", store).data.values.tolist()
    return [dict(zip(("old_code", "new_code", "date"), row, strict=True)) for row in rows]


def _about(said: Mapping[str, Any], problems: ProblemGroup) -> dict[str, Any]:
    for key, kind in ATTRIBUTES.items():
        value = said.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            problems.add(f"should be a {kind.__name__}, not {value!r}", path=f"data_set.{key}", code="declaration")
    for key in said.keys() - ATTRIBUTES.keys():
        problems.add("is not known", path=f"data_set.{key}", allowed=", ".join(ATTRIBUTES), code="declaration")
    return {key: said.get(key) for key in ATTRIBUTES}


def _plain(array: xr.DataArray) -> xr.DataArray:
    """The array without labels, symbols and origins beside it: figures, their axes and their unit."""
    bare = array.drop_vars([coord for coord in array.coords if coord not in array.dims])
    bare.attrs = {"unit": array.attrs["unit"]} if "unit" in array.attrs else {}
    return bare


def _names(path: Path) -> dict[str, xr.DataArray]:
    """Names and groups of regions: one row each, the first column is `municipality`."""
    table = read_csv(path, ("municipality",), dtype=str, keep_default_na=False)
    if table["municipality"].duplicated().any():
        raise usage_error("has a region more than once", path="municipality", code="columns", file=str(path))
    codes = {"municipality": table["municipality"].to_numpy(dtype=np.str_)}
    return {
        str(column): xr.DataArray(table[column].to_numpy(dtype=np.str_), dims="municipality", coords=codes)
        for column in table.columns.drop("municipality")
    }


def _file_origin(entry: Entry, data: xr.DataArray) -> Origin:
    return {
        "origin": entry.source, "table": entry.table or data.attrs["file"], "licence": entry.licence,
        "date": data.attrs.get("updated", ""), "confidence": "as given", "derivation": entry.note or "as given",
        "sha256": data.attrs["digest"],
    }  # fmt: skip
