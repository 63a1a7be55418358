"""Fresh figures in the places where the build of a data set looks for them: tables of facts, or a whole data set."""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.baseline.build import ESTIMATES_FILE, RECIPE_FILE, build_baseline
from demosim.baseline.check import check_baseline
from demosim.baseline.find import embedded
from demosim.baseline.form import SEXES, VARIABLES
from demosim.baseline.read import read_source
from demosim.baseline.store import SOURCE_FILE, file_digest, write_data_set, write_sources
from demosim.errors import DemosimError, run_error
from demosim.files import write_text
from demosim.sources.build import BuildInputs, as_data_set, build_from_files, build_from_store
from demosim.sources.store import Store

GROUPS, COUNTRY = "population_groups.csv", "population_norway.csv"


def prepare_facts(inputs: BuildInputs, folder: Path, facts: Path | None = None) -> Path:
    """A folder of facts in which the population of the launch year is that of `inputs`, by single age.

    The other tables are those of `facts` (the embedded ones where nothing is said). Every age is a group of its own,
    so that `build_baseline` takes the registered figures as they are. Returns the folder.
    Raises where a municipality of the facts has no figures.
    """
    facts = facts or embedded("data", "facts")
    source, launch = read_source(facts), int(inputs.about["launch_year"])
    population = inputs.arrays["population"].transpose("municipality", "sex", "age").sel(sex=list(SEXES))
    folder.mkdir(parents=True, exist_ok=True)
    for name in source["files"]:
        shutil.copyfile(facts / name, folder / name)
    listed = [row["municipality"] for row in _rows(facts / "municipalities.csv")]
    missing = sorted(set(listed) - set(population["municipality"].values.tolist()))
    if missing:
        raise run_error(f"no population for {', '.join(missing[:8])} ({len(missing)})", code="codes", file="population")
    population = population.sel(municipality=listed)
    ages = [str(age) for age in population["age"].values]
    groups = [
        [launch, code, sex, *_whole(population.sel(municipality=code, sex=sex).values)]
        for code in listed
        for sex in SEXES
    ]
    head = ["year", "municipality", "sex", *ages[:-1], f"{ages[-1]}+"]
    _write_table(
        folder / GROUPS, "Registered population on 1 January by municipality, sex and age. persons.", head, groups
    )
    country = [list(row.values()) for row in _rows(facts / COUNTRY) if int(row["year"]) != launch]
    if country and len(country[0]) != len(ages) + 2:
        raise run_error(f"has {len(country[0]) - 2} ages and the population {len(ages)}", file=str(facts / COUNTRY))
    total = population.sum("municipality")
    country += [[str(launch), sex, *_whole(total.sel(sex=sex).values)] for sex in SEXES]
    _write_table(
        folder / COUNTRY, "Registered population of the country on 1 January. persons.", ["year", "sex", *ages], country
    )
    for name in (GROUPS, COUNTRY):
        origin = {**inputs.origins["population"], "sha256": file_digest(folder / name)}
        kept = "" if name == GROUPS else f"; other years: {source['files'][name].get('derivation', 'as embedded')}"
        origin["derivation"] = f"vintage sha256 {inputs.origins['population']['sha256']}, {origin['derivation']}{kept}"
        source["files"][name] = {**source["files"][name], **origin}
    write_sources(folder / SOURCE_FILE, {"name": source["name"], "title": source["title"]}, source["files"])
    return folder


def build_fresh(
    launch: int, output: Path, *, store: Store | None = None, estimates: Path | None = None,
    inputs: BuildInputs | None = None, recipe: Path | None = None,
) -> Path:  # fmt: skip
    """Make a data set launched on 1 January of a year from the store's population; returns the folder.

    `estimates`: the file of a calibration on `inputs.arrays["population_history"]`, None for neutral ones. `recipe`:
    how national paths are made (the embedded one where nothing is said), with the launch year put in. `inputs`: what
    `build_from_store` gave, where a caller has it. Raises `DemosimError`; nothing is written then.
    """
    inputs = inputs or build_from_store(launch, store)
    recipe = recipe or embedded("data", "norway2026", RECIPE_FILE)
    text = recipe.read_text(encoding="utf-8")
    title = f"Norway from 1 January {launch}: registered population by single age, official rounds"
    for key, value in {"name": f'"{output.name}"', "title": f'"{title}"', "launch_year": str(launch)}.items():
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, count=1, flags=re.MULTILINE)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent) as folder:
        facts, built = Path(folder) / "facts", Path(folder) / "built"
        write_text(built / RECIPE_FILE, text)
        if estimates is not None:
            estimates = Path(shutil.copyfile(estimates, built / ESTIMATES_FILE))
        build_baseline(prepare_facts(inputs, facts), estimates, built)
        output.mkdir(exist_ok=True)
        for file in built.iterdir():
            file.replace(output / file.name)
    return output


def build_declared(declaration: Path, output: Path, allow_paths: bool = False) -> Path:
    """Make a data set of a declaration and the files beside it, check it as a whole, and write it; returns the folder.

    Raises `DemosimError` with all that is wrong; nothing is written then.
    """
    inputs = build_from_files(declaration, allow_paths)
    dataset = _typed(as_data_set(inputs))
    if problems := check_baseline(dataset):
        raise DemosimError([replace(problem, file=str(declaration)) for problem in problems], 1)
    sources = sorted({origin["origin"] for origin in inputs.origins.values()})
    licences = sorted({origin["licence"] for origin in inputs.origins.values()})
    files = "; ".join(f"{name}: {origin['table']} sha256 {origin['sha256']}" for name, origin in inputs.origins.items())
    origin = {
        "origin": ", ".join(sources), "table": files, "licence": ", ".join(licences),
        "date": f"{dataset.attrs['launch_year']}-01-01", "confidence": "as given",
        "derivation": f"read by the declaration {declaration.name} sha256 {file_digest(declaration)}",
    }  # fmt: skip
    return write_data_set(dataset, output, origin)


def _typed(dataset: xr.Dataset) -> xr.Dataset:
    """Dims in the order of the declared form; what counts or points to something is whole."""
    for name, form in VARIABLES.items():
        if name in dataset and set(dataset[name].dims) == set(form.dims):
            array = dataset[name].transpose(*form.dims)
            dataset[name] = array.astype(np.int64) if name == "deviation_band" else array
            dataset[name].attrs = {"units": form.unit}
    return dataset


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def _whole(values: np.ndarray) -> list[str]:
    """Figures without a point where they are whole."""
    return [str(int(value)) if float(value).is_integer() else repr(float(value)) for value in values.tolist()]


def _write_table(path: Path, remark: str, head: list[str], rows: list[list[object]] | list[list[str]]) -> None:
    text = io.StringIO()
    text.write(f"# {remark}\n")
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    write_text(path, text.getvalue())
