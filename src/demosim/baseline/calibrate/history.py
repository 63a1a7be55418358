"""Read what calibration and back-tests need: the registered population, mortality by launch year, fertility by year."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.mortality import DeclineTable, to_prob
from demosim.errors import ProblemGroup, usage_error
from demosim.files import read_csv

MORTALITY_FILE = "mortality_by_launch_year.csv.gz"
FERTILITY_FILE = "fertility_rates_by_year.csv"
HOW_HISTORY = (
    "`demosim data fetch`, then `demosim data history --output history.nc` makes one; or name another NetCDF file of "
    "population by year, municipality, sex and age (docs/data-sources.md)"
)
HOW_MORTALITY = f"name one with --mortality, or lay {MORTALITY_FILE} beside the history"
HOW_FERTILITY = f"name one with --fertility, or lay {FERTILITY_FILE} beside the history"
# The tables describe the middle of the five years before the launch, three years before the middle of its first year.
YEARS_TO_LAUNCH = 3
_MORTALITY_COLUMNS = ("launch_year", "sex", "age", "death_prob", "improvement_rate", "newborn_survival")


def read_history(path: Path) -> xr.Dataset:
    """Registered population of municipalities over a run of years.

    path: NetCDF file with `population` (year, municipality, sex, age), persons on 1 January by single year of age,
    the last age open, and the coordinate `county` (municipality).

    Returns the data set with axes in that order. Raises a `DemosimError` (2) naming all that is missing.
    """
    if not path.is_file():
        raise usage_error("there is no such file", file=str(path), allowed=HOW_HISTORY)
    try:
        with xr.open_dataset(path) as opened:
            dataset = opened.load()
    except (OSError, ValueError) as error:
        raise usage_error(f"cannot be read as NetCDF ({error})", file=str(path), allowed=HOW_HISTORY) from error
    check_history(dataset, path)
    dataset["population"] = dataset["population"].transpose("year", "municipality", "sex", "age").astype(float)
    codes = [str(code) for code in dataset["municipality"].values]
    return dataset.sel(sex=list(SEXES)).assign_coords(municipality=codes)


def check_history(dataset: xr.Dataset, path: Path | str | None = None) -> None:
    """Raise a `DemosimError` (2) with every way in which a history is not of the declared form."""
    problems = ProblemGroup(path)
    wanted = {"year", "municipality", "sex", "age"}
    if "population" not in dataset or set(dataset["population"].dims) != wanted:
        problems.add("needs persons by these dims", path="population", allowed="dims year, municipality, sex, age")
    for name in ("year", "municipality", "sex", "age"):
        if name in dataset.dims and name not in dataset.coords:
            problems.add("has no labels", path=name)
    if "county" not in dataset or dataset["county"].dims != ("municipality",):
        problems.add("needs the county of each municipality", path="county", allowed="dims municipality")
    problems.raise_if_any()
    _check_labels(dataset, problems)
    problems.raise_if_any()


def _check_labels(dataset: xr.Dataset, problems: ProblemGroup) -> None:
    if sorted(map(str, dataset["sex"].values)) != sorted(SEXES):
        problems.add(f"is {list(map(str, dataset['sex'].values))}", path="sex", allowed="male and female")
    ages = dataset["age"].values
    if not np.array_equal(ages, np.arange(len(ages))):
        wanted = "0, 1, 2, ..., the last one open"
        problems.add("calibration needs single years of age from 0", path="age", allowed=wanted)
    years = dataset["year"].values
    if len(years) < 2 or not (np.diff(years) == 1).all():
        problems.add("needs at least two years in a row without gaps", path="year")
    values = dataset["population"].values
    if not np.isfinite(values).all() or (values < 0).any():
        problems.add("has missing or negative numbers of persons", path="population")


def read_mortality(path: Path) -> xr.Dataset:
    """What was known about mortality at each launch year.

    path: CSV with the columns launch_year, sex, age (on 1 January), death_prob, improvement_rate (yearly fall of the
    log death rate) and newborn_survival.

    Returns `death_prob` and `improvement_rate` (launch_year, sex, age) and `newborn_survival` (launch_year, sex).
    """
    table = read_csv(path, _MORTALITY_COLUMNS, HOW_MORTALITY)
    cube = table.set_index(["launch_year", "sex", "age"]).to_xarray().sel(sex=list(SEXES))
    if bool(cube.isnull().any().to_array().any()):
        raise usage_error("has gaps: every launch year needs both sexes and all ages", file=str(path))
    return cube.assign(newborn_survival=cube["newborn_survival"].isel(age=0, drop=True))


def rough_mortality(baseline: xr.Dataset, launches: range) -> xr.Dataset:
    """Mortality by launch year where no file is given: that of a data set moved along its own yearly decline.

    Rough: the decline of the first years of the projection stands for all years, so that mortality ten years back is
    off by several per cent.

    baseline: a data set with yearly `death_prob`; its first variant is used.
    """
    path = baseline[["death_prob", "newborn_survival_prob"]].isel(variant=0, drop=True).dropna("year")
    start, years = int(path["year"][0]), min(10, path.sizes["year"] - 1)
    hazard = -np.log1p(-np.minimum(path["death_prob"].values, 1 - 1e-9))
    decline = np.log(np.maximum(hazard[0], 1e-12) / np.maximum(hazard[years], 1e-12)) / years
    table = DeclineTable(start, path["death_prob"].values[0], decline, path["newborn_survival_prob"].values[0])
    seen = [table.hazard(year - YEARS_TO_LAUNCH) for year in launches]
    newborn = [table.newborn_survival_prob(year - YEARS_TO_LAUNCH) for year in launches]
    dims = ("launch_year", "sex", "age")
    return xr.Dataset(
        {"death_prob": (dims, to_prob(np.stack(seen))),
         "improvement_rate": (dims, np.repeat(decline[None], len(seen), axis=0)),
         "newborn_survival": (dims[:2], np.stack(newborn))},
        coords={"launch_year": list(launches), "sex": list(SEXES), "age": baseline["age"].values},
        attrs={"confidence": "rough: the mortality of a data set moved back along its own decline"},
    )  # fmt: skip


def read_fertility(path: Path) -> xr.DataArray:
    """Age-specific fertility rates of past years, births per woman-year by completed age, as (year, age).

    path: CSV with a column `age` and one column for each calendar year. Ages not listed are zero.
    """
    rates = read_csv(path, ("age",), HOW_FERTILITY).set_index("age")
    try:
        years = [int(str(name)) for name in rates.columns]
    except ValueError as error:
        raise usage_error(f"has a column that is no year ({error})", file=str(path), allowed=HOW_FERTILITY) from error
    values = rates.to_numpy(dtype=float).T
    return xr.DataArray(values, dims=("year", "age"), coords={"year": years, "age": rates.index.to_numpy()})


def auxiliary(history: Path, given: Path | None, name: str, how: str) -> Path:
    """The file the user named, else the one of that name beside the history; raises where there is neither."""
    path = given if given is not None else history.parent / name
    if not path.is_file():
        raise usage_error("there is no such file", file=str(path), allowed=how)
    return path
