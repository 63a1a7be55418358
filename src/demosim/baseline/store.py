"""Write a data set: one NetCDF file, and a `source.toml` that says where it comes from and carries its digest."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.files import replacing, write_text

DATA_FILE = "baseline.nc"
SOURCE_FILE = "source.toml"
REFUGEE_PROFILE = "refugee_profile"  # key of the profile by which waves of refugees are told, where a data set has one
ORIGIN_KEYS = ("origin", "table", "licence", "date", "confidence", "derivation")


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset so that equal content gives equal bytes, whole or not at all.

    Text is stored as UTF-8 characters and numbers with zlib and shuffle: readable by every NetCDF-4 library, and
    without the heap of variable-length strings, whose unused bytes are not defined.
    """
    encoding: dict[str, dict[str, object]] = {}
    for name, values in dataset.variables.items():
        if values.dtype.kind in "UO":
            encoding[str(name)] = {"dtype": "S1", "zlib": values.ndim > 0}
        elif values.ndim and values.size > 64:
            encoding[str(name)] = {"zlib": True, "shuffle": True, "complevel": 9, "_FillValue": None}
        else:
            encoding[str(name)] = {"_FillValue": None}
    plain = dataset.copy()
    for name, values in plain.variables.items():
        plain[name].encoding = {}
        if values.dtype.kind == "O":
            plain[name] = plain[name].astype(np.str_)
    with replacing(path) as temporary:
        plain.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)


Tables = Mapping[str, Mapping[str, str | list[str]]]


def write_data_set(
    dataset: xr.Dataset, folder: Path, origin: Mapping[str, str], inputs: Mapping[str, Mapping[str, str]] | None = None,
    further: Mapping[str, Tables] | None = None,
) -> Path:  # fmt: skip
    """Write a data set folder (`baseline.nc`, `source.toml`) and return the folder.

    `origin` says where the file comes from (keys `origin`, `table`, `licence`, `date`, `confidence`, `derivation`);
    `inputs` says the same, with the sha256, of other files of the folder that went into it; `further` has more tables
    for `source.toml`, such as the vintages. The same content gives the same bytes: nothing in either file depends on
    when or where it was written. The attribute `refugee_profile` stands in `source.toml`.
    """
    head = {key: str(dataset.attrs[key]) for key in ("name", "title", REFUGEE_PROFILE) if key in dataset.attrs}
    plain = dataset.copy(deep=False)
    plain.attrs.pop(REFUGEE_PROFILE, None)
    write_netcdf(plain, folder / DATA_FILE)
    files = {DATA_FILE: {**origin, "sha256": file_digest(folder / DATA_FILE)}, **(inputs or {})}
    write_sources(folder / SOURCE_FILE, head, files, further)
    return folder


def write_sources(
    path: Path, head: Mapping[str, str], files: Mapping[str, Mapping[str, str]],
    further: Mapping[str, Tables] | None = None,
) -> None:  # fmt: skip
    """Write a `source.toml`: a few keys at the top, then one table per file, then what is said further."""
    import tomli_w

    kept = {name: {key: files[name][key] for key in (*ORIGIN_KEYS, "sha256") if key in files[name]} for name in files}
    write_text(path, tomli_w.dumps({**head, "files": dict(sorted(kept.items())), **(further or {})}))


def sign(folder: Path) -> None:
    """Bring the sha256 of every file that a folder's `source.toml` names up to date, after a change that is meant."""
    source = tomllib.loads((folder / SOURCE_FILE).read_text(encoding="utf-8"))
    files = {name: {**entry, "sha256": file_digest(folder / name)} for name, entry in source.pop("files").items()}
    further = {key: source.pop(key) for key in [key for key in source if isinstance(source[key], dict)]}
    write_sources(folder / SOURCE_FILE, source, files, further)
