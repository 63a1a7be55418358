"""The history that calibration and back-tests take, as files: registered population, mortality, fertility, country."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.calibrate.history import FERTILITY_FILE, MORTALITY_FILE, read_history
from demosim.baseline.calibrate.national import NATION_FILE
from demosim.baseline.read import read_facts
from demosim.baseline.store import file_digest
from demosim.errors import run_error, usage_error
from demosim.files import replacing
from demosim.sources.build import BuildInputs
from demosim.sources.fresh_facts import COUNTRY, FreshFacts
from demosim.sources.fresh_tables import total_fertility

WINDOW = 15  # years back from the launch that calibration looks at
MARK = "# Made by `demosim data history`"
WITHOUT = {
    MORTALITY_FILE: "life-table is not in the store; mortality is then rough, moved back from a data set",
    NATION_FILE: f"{COUNTRY} is not in the store; waves of refugees are then not kept apart",
}


def write_history(inputs: BuildInputs, output: Path) -> list[str]:
    """Write the stored history (NetCDF) and its companions under their usual names beside it.

    `inputs`: as `build_from_store` gathers them, with `population_history`. The history's attributes hold vintages,
    digests of answers and of companions. Mortality by launch year is from the stored life tables, fertility the carried
    schedule at the stored totals, the country as stored. Returns what was written and of what, a line each.
    Raises where the history does not reach the launch or a file beside it is not of this command's making; nothing is
    written then.
    """
    made = _facts(inputs)
    _own(output)
    said = []
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".history-") as name:
        folder = Path(name)
        stored = history_file(made, folder / "history.nc")
        if stored is None:
            raise run_error(
                f"the stored history does not reach from {made.launch - 3} or before to {made.launch}",
                code="not-in-store", allowed="demosim data fetch --table population-history",
            )  # fmt: skip
        years = read_history(stored)["year"].values
        made.provenance.use(inputs.origins, ["population_history"], output.name)
        files = {}
        for file, path in _companions(made, folder, years).items():
            if path is None:
                left = " (the older file of that name beside it is left, and would be taken)"
                there = left if (output.parent / file).exists() else ""
                said.append(f"not written: {file}: {WITHOUT[file]}{there}")
            else:
                files[file] = path
        _mark(stored, made, {file: file_digest(path) for file, path in files.items()})
        for file, path in [*files.items(), (output.name, stored)]:
            with replacing(output.parent / file) as temporary:
                path.replace(temporary)
            said.insert(0, f"written: {output.parent / file}")
    return [*said, *made.provenance.lines()]


def _facts(inputs: BuildInputs) -> FreshFacts:
    """Stored figures beside the carried tables; the population of the launch is the last of the history."""
    launch, history = int(inputs.about["launch_year"]), inputs.arrays.get("population_history")
    if history is None:
        why = inputs.absent.get("population-history", "the store has no history")
        raise run_error(why, code="not-in-store", allowed="fetch it where there is a network: demosim data fetch")
    arrays = dict(inputs.arrays)
    if launch in history["year"].values:
        arrays.setdefault("population", history.sel(year=launch, drop=True))
    return FreshFacts.of(replace(inputs, arrays=arrays))


def _companions(made: FreshFacts, folder: Path, years: np.ndarray) -> dict[str, Path | None]:
    """The files that go beside the history, None where the store does not give one; each begins with its origin."""
    makers: dict[str, tuple[str, Callable[[], Path | None]]] = {
        MORTALITY_FILE: ("life-table", lambda: mortality_file(made, folder / "mortality.csv", years)),
        FERTILITY_FILE: ("fertility", lambda: fertility_file(made, folder / "fertility.csv")),
        NATION_FILE: (COUNTRY, lambda: nation_file(made, folder / "nation.csv")),
    }
    found: dict[str, Path | None] = {}
    for file, (entry, make) in makers.items():
        plain = make()
        if plain is not None:
            origin = made.inputs.origins.get(entry, {"table": "none", "date": "", "sha256": "carried figures"})
            head = f"{MARK} from {entry}: table {origin['table']}, updated {origin['date']}, {origin['sha256']}\n"
            text = head + plain.read_text(encoding="utf-8")
            data = text.encode("utf-8")
            plain.write_bytes(gzip.compress(data, mtime=0) if file.endswith(".gz") else data)
            made.provenance.use(made.inputs.origins, [entry], file)
        found[file] = plain
    return found


def _mark(path: Path, made: FreshFacts, companions: dict[str, str]) -> None:
    """Write into the history what it and its companions were made from."""
    data = xr.load_dataset(path)
    data.attrs = {
        "title": f"Registered population on 1 January, to {made.launch}",
        "launch_year": made.launch, "made_by": "demosim data history", "provenance": "\n".join(made.provenance.lines()),
        "vintages": json.dumps(made.provenance.vintages, ensure_ascii=False), "companions": json.dumps(companions),
    }  # fmt: skip
    data.to_netcdf(path, engine="netcdf4")


def _own(output: Path) -> None:
    """Refuse to write over companions of another origin."""
    if output.suffix != ".nc":
        raise usage_error("is no name for a NetCDF file", file=str(output), path="--output", allowed="history.nc")
    for name in (MORTALITY_FILE, FERTILITY_FILE, NATION_FILE):
        path = output.parent / name
        if path.is_file() and not _first_line(path).startswith(MARK):
            raise usage_error("lies there and was not made by this command", file=str(path), path="--output",
                              allowed="a file in another folder")  # fmt: skip


def _first_line(path: Path) -> str:
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding="utf-8") as packed:
                return packed.readline()
        with path.open(encoding="utf-8") as file:
            return file.readline()
    except (OSError, EOFError, UnicodeDecodeError):
        return ""


def history_file(made: FreshFacts, path: Path) -> Path | None:
    """The stored history as a file in the form that calibration reads; None where it is not there or too short."""
    stored = made.inputs.arrays.get("population_history")
    if stored is None or stored.sizes["year"] < 4 or made.launch not in stored["year"].values:
        return None
    table = read_facts("municipalities", made.facts).set_index("municipality")
    codes = [str(code) for code in stored["municipality"].values]
    if unknown := [code for code in codes if code not in table.index]:
        raise run_error(f"holds municipalities that are not listed: {', '.join(unknown[:8])} ({len(unknown)})",
                        code="codes", file="population-history")  # fmt: skip
    plain = stored.reset_coords(drop=True).transpose("year", "municipality", "sex", "age").sel(sex=list(SEXES))
    data = xr.Dataset({"population": plain.astype(float)}).assign_coords(
        county=("municipality", np.array([str(table.loc[code, "county"]) for code in codes])),
        municipality_name=("municipality", np.array([str(table.loc[code, "name_nb"]) for code in codes])),
    )
    data["population"].attrs = {}
    data.to_netcdf(path, engine="netcdf4")
    return path


def mortality_file(made: FreshFacts, path: Path, years: np.ndarray) -> Path | None:
    """Mortality as known at each launch, from the stored life tables; None where none are stored."""
    mortality = made.mortality()
    if mortality is None:
        return None
    mortality.by_launch(range(int(years[0]), made.launch + 1)).to_csv(path, index=False, encoding="utf-8")
    return path


def fertility_file(made: FreshFacts, path: Path) -> Path:
    """Rates by year: the carried schedule, at the published total of each year where it is stored."""
    table = read_facts("fertility", made.facts)
    shape = table["fertility_rate"] / table["fertility_rate"].sum()
    totals = total_fertility(made.inputs) or dict.fromkeys(range(made.launch - WINDOW, made.launch), 1.0)
    rates = {str(year): shape * total for year, total in sorted(totals.items())}
    if not total_fertility(made.inputs):
        made.provenance.carry("fertility by year", "the carried schedule stands for all years: ratios to it are kept")
    pd.DataFrame({"age": table["age"], **rates}).to_csv(path, index=False, encoding="utf-8")
    return path


def nation_file(made: FreshFacts, path: Path) -> Path | None:
    """The long series of the country as a file, None where it is not stored."""
    if COUNTRY not in made.inputs.arrays:
        return None
    country = made.country()
    country.stack(row=("year", "sex")).transpose("row", "age").to_pandas().to_csv(path, encoding="utf-8")
    return path
