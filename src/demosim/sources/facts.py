"""A whole data set from fresh figures: from the store, or from a declaration and the files beside it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
import xarray as xr

from demosim.baseline.build import ESTIMATES_FILE, RECIPE_FILE, build_baseline
from demosim.baseline.check import check_baseline
from demosim.baseline.find import embedded
from demosim.baseline.form import VARIABLES
from demosim.baseline.store import SOURCE_FILE, file_digest, write_data_set
from demosim.errors import DemosimError, run_error
from demosim.files import replacing_folder, write_text
from demosim.sources.build import BuildInputs, as_data_set, build_from_files, build_from_store
from demosim.sources.fresh_country import accounts
from demosim.sources.fresh_estimates import calibrated
from demosim.sources.fresh_facts import CARRIED, FreshFacts
from demosim.sources.fresh_tables import prepare_facts
from demosim.sources.provenance import Provenance
from demosim.sources.store import Store
from demosim.sources.tables import read_toml


def build_fresh(
    launch: int, output: Path, *, store: Store | None = None, estimates: Path | None = None,
    history: Path | None = None, inputs: BuildInputs | None = None, recipe: Path | None = None,
    weights: Mapping[str, Mapping[str, float]] | None = None,
) -> Provenance:  # fmt: skip
    """Make a complete data set launched on 1 January of a year from what the store holds; returns what it rests on.

    Jump-off population, national paths of the stored rounds, mortality, fertility, profiles, accounts, and municipal
    estimates: those of a file (`estimates`), else the calibration run on `history` (a file) or on the stored history,
    else the carried ones. What the store does not give is carried over from the embedded facts; the provenance and
    the `source.toml` name it. `weights`: of split municipalities, see `build_from_store`. `recipe`: how national paths
    are made (the embedded one where nothing is said). `inputs`: figures already gathered.

    Raises `DemosimError`; nothing is written then.
    """
    inputs = inputs or build_from_store(launch, store, weights=weights, history=history is None and estimates is None)
    chosen = _recipe(recipe, launch, output.name)
    with replacing_folder(output, SOURCE_FILE) as built, tempfile.TemporaryDirectory() as folder:
        write_text(built / RECIPE_FILE, tomli_w.dumps(chosen))
        made = prepare_facts(inputs, Path(folder) / "facts", chosen)
        found = estimates or calibrated(made, Path(folder), history) or _carried_estimates(made)
        kept = None if found is None else Path(shutil.copyfile(found, built / ESTIMATES_FILE))
        extra = _accounts(made)
        origin = {"origin": "Statistics Norway and IMDi: see the vintages and what is carried, below",
                  "derivation": f"demosim data build --launch {launch}"}  # fmt: skip
        build_baseline(made.folder, kept, built, extra=extra, origin=origin, further=made.provenance.tables())
    return made.provenance


def _recipe(recipe: Path | None, launch: int, name: str) -> dict[str, Any]:
    """The recipe for a launch year: its rounds are those that had been published, its paths begin with the first."""
    path = recipe or embedded("data", CARRIED, RECIPE_FILE)
    chosen = read_toml(path)
    rounds = {year: names for year, names in chosen["rounds"].items() if int(year) <= launch}
    if not rounds:
        known = ", ".join(chosen["rounds"])
        raise run_error(f"no round of projections starts by {launch}", file=str(path), allowed=f"rounds {known}")
    title = f"Norway from 1 January {launch}: registered population by single age, official rounds"
    first = min(int(year) for year in rounds)
    return {**chosen, "name": name, "title": title, "launch_year": launch, "first_year": first, "rounds": rounds}


def _carried_estimates(made: FreshFacts) -> Path | None:
    """The estimates of the embedded data set, where it has the same municipalities."""
    made.provenance.carry(
        "municipal estimates", f"no history is stored or given: those of {CARRIED} are taken, whatever the launch"
    )
    return embedded("data", CARRIED, ESTIMATES_FILE)


def _accounts(made: FreshFacts) -> xr.Dataset | None:
    """Accounts of the country by service and the population that they are spread on; None where none are stored."""
    functions = made.inputs.arrays.get("kostra-functions")
    if functions is None:
        made.provenance.carry("accounts", "table 12367 is not stored: spending by service is kostra_expenditure.csv")
        return None
    data = accounts(functions, made.inputs.arrays.get("kostra-services"))
    origin = made.inputs.origins["kostra-functions"]
    made.provenance.use(made.inputs.origins, ["kostra-functions"], "accounts by service, which unit costs rest on")
    made.provenance.use(made.inputs.origins, ["kostra-services"], "comparison with the accounts by function")
    updated = str(origin["date"])[:10]
    final_from = made.settings["accounts"]["final_from"]
    preliminary = [year for year in data["account_year"].values.tolist() if not _final(updated, year, final_from)]
    said = {
        "source": f"KOSTRA table {origin['table']}, updated {updated}", "confidence": str(origin["confidence"]),
        "preliminary": " ".join(map(str, preliminary)),
    }  # fmt: skip
    country = made.country().rename(year="country_date").transpose("country_date", "sex", "age")
    return xr.Dataset({"accounts": data.assign_attrs(said), "country_population": country.reset_coords(drop=True)})


def _final(updated: str, year: int, final_from: str) -> bool:
    """Whether accounts of a year were final when the table was updated."""
    try:
        return date.fromisoformat(updated) >= date.fromisoformat(f"{year + 1}-{final_from}")
    except ValueError:
        return False


def build_embedded(output: Path, estimates: Path | None = None) -> Path:
    """Make the embedded data set anew from its own facts, by the recipe of the folder where one lies there.

    estimates: municipal estimates of a calibration, else the carried ones. Raises `DemosimError`; nothing is written
    then.
    """
    own = output / RECIPE_FILE
    with replacing_folder(output, SOURCE_FILE) as built:
        shutil.copyfile(own if own.is_file() else embedded("data", CARRIED, RECIPE_FILE), built / RECIPE_FILE)
        found = estimates or embedded("data", CARRIED, ESTIMATES_FILE)
        build_baseline(embedded("data", "facts"), Path(shutil.copyfile(found, built / ESTIMATES_FILE)), built)
    return output


def build_declared(declaration: Path, output: Path, allow_paths: bool = False) -> Path:
    """Make a data set of a declaration and the files beside it, check it as a whole, and write it; returns the folder.

    Raises `DemosimError` with all that is wrong; nothing is written then.
    """
    inputs = build_from_files(declaration, allow_paths)
    dataset = _typed(as_data_set(inputs))
    if problems := check_baseline(dataset):
        raise DemosimError([replace(problem, file=str(declaration)) for problem in problems], 1)
    sources = sorted({str(origin["origin"]) for origin in inputs.origins.values()})
    licences = sorted({str(origin["licence"]) for origin in inputs.origins.values()})
    files = "; ".join(f"{name}: {origin['table']} sha256 {origin['sha256']}" for name, origin in inputs.origins.items())
    origin = {
        "origin": ", ".join(sources), "table": files, "licence": ", ".join(licences),
        "date": f"{dataset.attrs['launch_year']}-01-01", "confidence": "as given",
        "derivation": f"read by the declaration {declaration.name} sha256 {file_digest(declaration)}",
    }  # fmt: skip
    provenance = Provenance()
    provenance.use(inputs.origins, inputs.origins, "as declared")
    with replacing_folder(output, SOURCE_FILE) as built:
        write_data_set(dataset, built, origin, further=provenance.tables())
    return output


def _typed(dataset: xr.Dataset) -> xr.Dataset:
    """Dims in the order of the declared form; what counts or points to something is whole."""
    for name, form in VARIABLES.items():
        if name in dataset and set(dataset[name].dims) == set(form.dims):
            array = dataset[name].transpose(*form.dims)
            dataset[name] = array.astype(np.int64) if name == "deviation_band" else array
            kept = {key: array.attrs[key] for key in ("price_year",) if key in array.attrs}
            dataset[name].attrs = {"units": form.unit, **kept}
    return dataset
