"""A made-up country with a past: registered populations made by known rates, for calibration and back-tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.baseline.calibrate.history import FERTILITY_FILE, MORTALITY_FILE
from demosim.baseline.nation import survivors

AGES = 101
FIRST, LAST = 2000, 2016


def mortality(first: int = FIRST, last: int = LAST) -> xr.Dataset:
    """The same mortality at every launch year, without decline."""
    ages = np.arange(AGES)
    prob = np.minimum(np.exp(-9.5 + 0.09 * ages), 0.6) * np.array([[1.2], [0.9]])
    years = np.arange(first, last + 1)
    dims = ("launch_year", "sex", "age")
    return xr.Dataset(
        {
            "death_prob": (dims, np.repeat(prob[None], len(years), axis=0)),
            "improvement_rate": (dims, np.zeros((len(years), 2, AGES))),
            "newborn_survival": (dims[:2], np.full((len(years), 2), 0.998)),
        },
        coords={"launch_year": years, "sex": ["male", "female"], "age": ages},
    )


def fertility(first: int = 1995, last: int = LAST) -> xr.DataArray:
    """A bell of rates, the same every year; women have 1.7 children."""
    ages = np.arange(15, 50)
    bell = np.exp(-(((ages - 30) / 6.0) ** 2))
    years = np.arange(first, last + 1)
    values = np.repeat(1.7 * bell[None] / bell.sum(), len(years), axis=0)
    return xr.DataArray(values, dims=("year", "age"), coords={"year": years, "age": ages})


def history(
    places: int = 24,
    noise: float = 0.25,
    level: np.ndarray | None = None,
    factor: np.ndarray | None = None,
    seed: int = 4,
) -> xr.Dataset:
    """Registered populations 1 January of every year.

    `level` (place, year): yearly net migration rates above the country's, the same at all ages; `factor` (place,):
    fertility relative to the country; `noise`: variance of the yearly rate times persons.
    """
    random = np.random.default_rng(seed)
    years = np.arange(FIRST, LAST + 1)
    ages = np.arange(AGES)
    sizes = 1500.0 * 1.25 ** np.arange(places)
    people = sizes[:, None, None] / 2 * np.repeat(_stable()[None, None], 2, axis=1)
    prob = mortality()["death_prob"].values[0]
    rates = fertility().reindex(age=ages, fill_value=0.0).values[0]
    stocks = [people]
    for t in range(len(years) - 1):
        alive = survivors(stocks[-1], prob)
        rate = random.normal(0, np.sqrt(noise / sizes)) + (0 if level is None else level[:, t])
        after = alive * (1 + rate[:, None, None])
        women = (stocks[-1][:, 1] + after[:, 1]) / 2
        births = women @ rates * (1 if factor is None else factor)
        after[:, :, 0] = births[:, None] * np.array([0.5135, 0.4865]) * 0.998
        stocks.append(np.maximum(after, 0))
    county = [f"C{i % 4}" for i in range(places)]
    return xr.Dataset(
        {"population": (("year", "municipality", "sex", "age"), np.stack(stocks))},
        coords={
            "year": years, "municipality": [f"M{i:02}" for i in range(places)], "sex": ["male", "female"], "age": ages,
            "county": ("municipality", county),
        },
    )  # fmt: skip


def write_files(folder: Path, dataset: xr.Dataset) -> Path:
    """The history and its auxiliary files as a user would have them; returns the path of the history."""
    path = folder / "history.nc"
    dataset.to_netcdf(path, engine="netcdf4")
    table = mortality().to_dataframe().reset_index()
    table.to_csv(folder / MORTALITY_FILE, index=False, encoding="utf-8")
    rates = fertility().to_pandas().T
    rates.to_csv(folder / FERTILITY_FILE, encoding="utf-8")
    return path


def national_table(dataset: xr.Dataset, path: Path) -> Path:
    """The country as a CSV with a column for each age."""
    nation = dataset["population"].sum("municipality")
    rows = [
        {"year": int(year), "sex": str(sex)} | {str(a): v for a, v in enumerate(nation.sel(year=year, sex=sex).values)}
        for year in nation["year"].values
        for sex in nation["sex"].values
    ]
    pd.DataFrame(rows).to_csv(path, index=False, encoding="utf-8")
    return path


def _stable() -> np.ndarray:
    ages = np.arange(AGES)
    shape = np.exp(-((ages / 82.0) ** 5)) + 1e-3
    result: np.ndarray = shape / shape.sum()
    return result
