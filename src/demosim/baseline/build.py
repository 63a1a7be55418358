"""Make a data set from the tables of facts: jump-off population, national paths, profiles, keys, estimates."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.build_paths import Tables, constant, national_paths, population_by_age
from demosim.baseline.check import check_baseline
from demosim.baseline.form import VARIABLES
from demosim.baseline.graduate import graduate
from demosim.baseline.keys import migration_profile, settlement_by_size
from demosim.baseline.read import load_netcdf, read_facts
from demosim.baseline.store import Tables as SourceTables
from demosim.baseline.store import file_digest, write_data_set
from demosim.errors import DemosimError

RECIPE_FILE = "recipe.toml"
ESTIMATES_FILE = "estimates.nc"
_TABLES = (
    "fertility", "migration_profiles", "mortality", "municipalities", "population_groups",
    "population_norway", "refugees", "ssb_projections", "vital_constants",
)  # fmt: skip
_ESTIMATES = ("fertility_factor", "net_migration_deviation", "deviation_half_life", "deviation_band")
_PLACES = {"population": 9, "net_international_migration": 5}
_RATE_PLACES = 10
_NAMES = {
    "municipality_name": "name_nb", "municipality_name_official": "name_official", "county": "county",
    "county_name": "county_nb", "landsdel": "landsdel",
}  # fmt: skip


def build_baseline(
    facts: Path, estimates: Path | None, output: Path, *, extra: xr.Dataset | None = None,
    origin: Mapping[str, str] | None = None, further: Mapping[str, SourceTables] | None = None,
) -> Path:  # fmt: skip
    """Make `baseline.nc` and `source.toml` of a data set from facts, municipal estimates and its `recipe.toml`.

    facts: folder of tables with their `source.toml`; estimates: NetCDF file of the calibration (`fertility_factor`,
    `net_migration_deviation`, `deviation_half_life`, `deviation_band`), None for neutral ones; output: the folder,
    which holds `recipe.toml`; extra: arrays of the declared form that no recipe makes; origin, further: what
    `source.toml` says otherwise and besides. The same input gives the same bytes. Returns the folder.
    """
    recipe = tomllib.loads((output / RECIPE_FILE).read_text(encoding="utf-8"))
    tables = {name: read_facts(name, facts) for name in _TABLES}
    attributes = {key: recipe[key] for key in ("name", "title", "country", "currency", "language", "launch_year")}
    dataset = xr.Dataset(attrs={**attributes, "interval_years": 1})
    dataset = dataset.assign_attrs(
        male_birth_share=constant(tables, "male_birth_share"), refugee_profile=recipe["migration"]["passing"]
    )
    dataset = dataset.merge(_municipalities(tables))
    dataset = dataset.assign(population=_jump_off(recipe, tables))
    dataset = dataset.merge(national_paths(recipe, tables))
    dataset = dataset.merge(_streams(recipe, tables, dataset))
    dataset = dataset.merge(_estimates(estimates, dataset))
    dataset = _finished(dataset if extra is None else dataset.merge(extra))
    if problems := check_baseline(dataset):
        raise DemosimError(problems, 1)
    said = {**_origin(recipe, tables), **(origin or {})}
    return write_data_set(dataset, output, said, _inputs(output, estimates), further)


def _finished(dataset: xr.Dataset) -> xr.Dataset:
    """Dims in order, units, and numbers without the last digits, which differ from one processor to the next."""
    for name, form in VARIABLES.items():
        if name in dataset:
            array = dataset[name].transpose(*form.dims).assign_attrs({**dataset[name].attrs, "units": form.unit})
            places = _PLACES.get(name, _RATE_PLACES)
            whole = array.dtype.kind != "f"
            dataset[name] = array.astype(np.int64) if whole else array.astype(np.float64).round(places)
    return dataset


def _municipalities(tables: Tables) -> xr.Dataset:
    table = tables["municipalities"]
    columns = {name: ("municipality", table[column].to_numpy(dtype=str)) for name, column in _NAMES.items()}
    return xr.Dataset(columns, coords={"municipality": table["municipality"].to_numpy(dtype=str)})


def _jump_off(recipe: dict[str, Any], tables: Tables) -> xr.DataArray:
    launch = recipe["launch_year"]
    table = tables["population_groups"]
    table = table[table["year"] == launch].drop(columns="year").set_index(["municipality", "sex"])
    codes = tables["municipalities"]["municipality"].to_numpy(dtype=str)
    rows = table.loc[[(code, sex) for code in codes for sex in SEXES]].to_numpy(dtype=float)
    groups = xr.DataArray(
        rows.reshape(len(codes), len(SEXES), -1), dims=("municipality", "sex", "group"),
        coords={"municipality": codes, "sex": list(SEXES), "group": list(table.columns)},
    )  # fmt: skip
    population = graduate(groups, population_by_age(tables, launch))
    note = "registered groups split to single ages; single ages of a municipality are estimated"
    return population.assign_attrs(confidence=note)


def _streams(recipe: dict[str, Any], tables: Tables, dataset: xr.Dataset) -> xr.Dataset:
    """Profiles of migrants and settlement keys."""
    profiles = [recipe["migration"]["lasting"], recipe["migration"]["passing"]]
    shares = np.array([migration_profile(tables["migration_profiles"], profile) for profile in profiles])
    persons = dataset["population"].sum(("sex", "age")).values
    refugees, settlement = tables["refugees"], recipe["settlement"]
    column = {
        name: refugees[refugees["table"] == settlement[name]].set_index("key")["value"]
        for name in ("per_1000", "by_county")
    }
    by_size = settlement_by_size(column["per_1000"], column["by_county"], persons, dataset["county"].values)
    keys = np.stack([by_size, persons / persons.sum()])
    return xr.Dataset(
        {
            "migration_profile": (
                ("profile", "sex", "age_end_of_year"), shares,
                {"confidence": tables["migration_profiles"].attrs["confidence"]},
            ),
            "settlement_key": (
                ("settlement", "municipality"), keys, {"confidence": tables["refugees"].attrs["confidence"]}
            ),
        },
        coords={"profile": profiles, "settlement": [settlement["name"], "population"]},
    )  # fmt: skip


def _estimates(path: Path | None, dataset: xr.Dataset) -> xr.Dataset:
    """Municipal estimates from a file, or neutral ones: every municipality like the country."""
    if path is not None:
        estimates = load_netcdf(path)[list(_ESTIMATES)].reindex(municipality=dataset["municipality"].values)
        for name in _ESTIMATES:
            estimates[name].attrs.setdefault("confidence", "estimated from the registered population")
        return estimates
    codes, ages = dataset["municipality"].values, dataset["age_end_of_year"].values
    neutral = {"confidence": "neutral: no municipal estimates were given"}
    return xr.Dataset(
        {
            "fertility_factor": ("municipality", np.ones(len(codes)), neutral),
            "net_migration_deviation": (("part", "band", "municipality"), np.zeros((2, 1, len(codes))), neutral),
            "deviation_half_life": ("part", [1000.0, 15.0], neutral),
            "deviation_band": (("sex", "age_end_of_year"), np.zeros((2, len(ages)), dtype=np.int64), neutral),
        },
        coords={"municipality": codes, "sex": list(SEXES), "age_end_of_year": ages,
                "part": ["lasting", "fading"], "band": [0]},
    )  # fmt: skip


def _inputs(output: Path, estimates: Path | None) -> dict[str, dict[str, str]]:
    """Sources of the files of the folder that went into the build."""
    recipe = {
        "origin": "demosim", "licence": "MIT", "derivation": "written by hand", "confidence": "choices",
        "sha256": file_digest(output / RECIPE_FILE),
    }  # fmt: skip
    found = {RECIPE_FILE: recipe}
    if estimates is not None and estimates.resolve().parent == output.resolve():
        found[estimates.name] = {
            "origin": "demosim, estimated from registered population, table 07459 of Statistics Norway",
            "licence": "CC BY 4.0", "confidence": "estimated",
            "derivation": "municipal fertility and net migration against the country's; the history is not in the file",
            "sha256": file_digest(estimates),
        }  # fmt: skip
    return found


def _origin(recipe: dict[str, Any], tables: Tables) -> dict[str, str]:
    used = sorted(
        {table for name in _TABLES for table in str(tables[name].attrs.get("table", "")).split(", ") if table}
    )
    return {
        "origin": "Statistics Norway and IMDi by way of data/facts, see its source.toml",
        "table": ", ".join(used),
        "licence": "CC BY 4.0",
        "date": f"{recipe['launch_year']}-01-01",
        "confidence": "groups and country registered; single ages of municipalities, rates and paths estimated",
        "derivation": "demosim.baseline.build.build_baseline with recipe.toml",
    }
