"""Read a data set or a table of facts, after its files have been checked against their digests."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from demosim.baseline.check import check_baseline
from demosim.baseline.find import embedded
from demosim.baseline.store import DATA_FILE, REFUGEE_PROFILE, SOURCE_FILE, file_digest
from demosim.errors import DemosimError, ProblemGroup, did_you_mean, instead_of, run_error, usage_error
from demosim.files import leads_outside

if TYPE_CHECKING:
    import pandas as pd

RESTORE = "restore the file from where the data came (reinstall demosim for an embedded one)"


def read_baseline(name_or_folder: str | Path) -> xr.Dataset:
    """The data set of a name (embedded) or of a folder, checked.

    Every file named in `source.toml` must be there with its sha256; then structure and numbers are checked
    (`check_baseline`). The result carries the attributes `digest`, which changes with any byte of any file, `sources`,
    what `source.toml` says, as JSON (`sources_of`), and `refugee_profile` where it names the profile of refugees.

    Raises `DemosimError` with all problems of the pass: 2 where the name or folder is wrong, 1 where a file is.
    """
    folder = find_data_set(name_or_folder)
    source = read_source(folder)
    if DATA_FILE not in source["files"]:
        raise run_error(f"says nothing about {DATA_FILE}", file=str(folder / SOURCE_FILE))
    check_digests(folder, source)
    dataset = load_netcdf(folder / DATA_FILE)
    problems = check_baseline(dataset)
    if problems:
        raise DemosimError([replace(problem, file=str(folder / DATA_FILE)) for problem in problems], 1)
    if REFUGEE_PROFILE in source:
        profile, known = source[REFUGEE_PROFILE], [str(name) for name in dataset["profile"].values]
        if profile not in known:
            what, at = f"the data set has no profile {profile!r}", str(folder / SOURCE_FILE)
            raise run_error(what, file=at, path=REFUGEE_PROFILE, **instead_of(profile, known))
        dataset = dataset.assign_attrs({REFUGEE_PROFILE: profile})
    return dataset.assign_attrs(digest=set_digest(source), sources=json.dumps(sources_of(source), ensure_ascii=False))


def data_sets() -> list[str]:
    """Names of the embedded data sets."""
    sources = embedded("data").glob(f"*/{SOURCE_FILE}")
    return sorted(path.parent.name for path in sources if (path.parent / DATA_FILE).is_file())


def find_data_set(name_or_folder: str | Path) -> Path:
    """The folder of a data set: one that is embedded under this name, else a folder of the file system."""
    if isinstance(name_or_folder, str) and name_or_folder in data_sets():
        return embedded("data", name_or_folder)
    folder = Path(name_or_folder)
    if folder.is_dir():
        if not (folder / SOURCE_FILE).is_file():
            raise usage_error(f"is not a data set: it has no {SOURCE_FILE}", file=str(folder))
        return folder
    if folder.exists():
        raise usage_error(f"is a file; give the folder that holds it and its {SOURCE_FILE}", file=str(folder))
    known = data_sets()
    raise usage_error(
        f'no data set or folder is called "{name_or_folder}"',
        allowed=f"embedded: {', '.join(known) or 'none'}",
        suggestion=did_you_mean(str(name_or_folder), known),
    )


def read_source(folder: Path) -> dict[str, Any]:
    """What a folder's `source.toml` says: keys at the top, and under `files` where each comes from and its sha256."""
    path = folder / SOURCE_FILE
    try:
        source = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise run_error(f"cannot be read ({error}); {RESTORE}", file=str(path)) from error
    problems = ProblemGroup(path)
    files = source.setdefault("files", {})
    for name, entry in files.items() if isinstance(files, dict) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            problems.add("no sha256", path=f"files.{name}", allowed="64 hexadecimal digits")
        if leads_outside(Path("of-the-data-set"), name):
            problems.add("lies outside the folder of the data set", path=f"files.{name}")
    if not isinstance(files, dict) or not files:
        problems.add("names no file", path="files")
    problems.raise_if_any(1)
    return source


def files_elsewhere(folder: Path) -> list[str]:
    """Names of the files of a data set that symbolic links lead out of its folder; none where it is no data set."""
    try:
        named = list(read_source(folder)["files"])
    except DemosimError:
        named = []  # what is wrong with it is said when it is read
    return [name for name in (SOURCE_FILE, *named) if leads_outside(folder, name)]


def check_digests(folder: Path, source: dict[str, Any], only: str | None = None) -> None:
    """Compare every file (or one) with its sha256; raises a `DemosimError` naming each that is missing or differs."""
    problems = ProblemGroup()
    for name, entry in source["files"].items():
        path = folder / name
        if only is not None and name != only:
            continue
        if not path.is_file():
            problems.add(f"missing; {RESTORE}", code="data-file", file=str(path))
        elif (found := file_digest(path)) != entry["sha256"]:
            digests = f"sha256 {found[:12]}... where {SOURCE_FILE} says {entry['sha256'][:12]}..."
            problems.add(f"damaged or changed: {digests}; {RESTORE}", code="data-file", file=str(path))
    problems.raise_if_any(1)


def sources_of(source: dict[str, Any]) -> list[dict[str, str]]:
    """Where a data set comes from, a row each: its files, the vintages it was made from, and what was carried over.

    Keys: `what`, and of `origin`, `table`, `date`, `licence`, `confidence`, `digest` those that are known.
    """
    rows = []
    for group, prefix in (("files", ""), ("vintages", "vintage: "), ("carried", "carried: ")):
        for name, entry in source.get(group, {}).items():
            row = {"what": f"{prefix}{name}", "digest": str(entry.get("sha256", ""))}
            kept = ("origin", "table", "date", "licence", "confidence")
            rows.append(row | {key: str(entry[key]) for key in kept if entry.get(key)})
    return rows


def set_digest(source: dict[str, Any]) -> str:
    """One sha256 for a whole data set, over the names and digests of its files and of the vintages it names."""
    named = [*sorted(source["files"].items()), *sorted(source.get("vintages", {}).items())]
    lines = [f"{name} {entry['sha256']}\n" for name, entry in named]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_facts(name: str, folder: Path | None = None) -> pd.DataFrame:
    """A table of `data/facts` by its file name, with or without `.csv`, checked against its digest.

    What the folder's `source.toml` says of the file (`origin`, `table`, `licence`, `date`, `confidence`,
    `derivation`) comes along in `DataFrame.attrs`. Codes (municipality, county, key) stay text.
    """
    import pandas as pd

    folder, source = _embedded_facts() if folder is None else (folder, read_source(folder))
    file = name if name.endswith(".csv") else f"{name}.csv"
    if file not in source["files"]:
        known = [entry.removesuffix(".csv") for entry in source["files"]]
        what = f'no table of facts is called "{name}"'
        raise usage_error(what, file=str(folder), **instead_of(file.removesuffix(".csv"), sorted(known)))
    check_digests(folder, source, only=file)
    table = pd.read_csv(folder / file, comment="#", dtype={"municipality": str, "county": str, "key": str})
    table.attrs.update(source["files"][file])
    return table


@cache
def _embedded_facts() -> tuple[Path, dict[str, Any]]:
    """The folder of the embedded facts and what its `source.toml` says, read once for all tables."""
    folder = embedded("data", "facts")
    return folder, read_source(folder)


def load_netcdf(path: Path) -> xr.Dataset:
    """A NetCDF file in memory, its text as text and its attributes as plain values.

    Raises a `DemosimError` where it cannot be read.
    """
    try:
        dataset = xr.load_dataset(path, engine="netcdf4")
    except (OSError, ValueError) as error:
        raise run_error(f"is not a readable NetCDF file ({error}); {RESTORE}", file=str(path)) from error
    for name, values in dataset.variables.items():
        if values.dtype.kind in "OS":
            dataset[name] = dataset[name].astype(np.str_)
    dataset.attrs = {key: value.item() if hasattr(value, "item") else value for key, value in dataset.attrs.items()}
    return dataset
