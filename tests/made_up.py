"""Countries that do not exist, in the form of a data set: for laws and for the claim that nothing says Norway.

`three_regions()`: 3 regions, 5-year ages 0-4 ... 85+, 5-year steps, its own currency.
`small_country()`: single years of age, as small as wanted, random but the same every time.
`write(dataset, folder)`: any of them as a data set folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from demosim.baseline.store import write_data_set

ORIGIN = {
    "origin": "made up", "table": "none", "licence": "MIT", "date": "2026-01-01", "confidence": "made up",
    "derivation": "tests/made_up.py",
}  # fmt: skip


DATA_SET = """
[data_set]
name = "x"
title = "x"
country = "x"
currency = "x"
language = "en"
launch_year = 2020
interval_years = 1
male_birth_share = 0.5
"""  # the head of a declaration of local files


def write(dataset: xr.Dataset, folder: Path) -> Path:
    """Write a made-up country as a data set folder and return the folder."""
    return write_data_set(dataset, folder, ORIGIN)


def three_regions() -> xr.Dataset:
    """A country of three regions with 5-year ages and 5-year steps, launched 2030, paths to 2060."""
    ages = np.arange(0, 90, 5)
    shape = np.exp(-((ages / 75.0) ** 4)) + 0.02
    sizes = np.array([90_000.0, 31_000.0, 4_200.0])
    tilt = 1 + np.array([0.0, 0.1, -0.2])[:, None, None] * np.linspace(-1, 1, len(ages))
    population = np.round(sizes[:, None, None] * tilt * shape / shape.sum() / 2 * np.array([[[1.02], [0.98]]]))
    dataset = _country(population, ages, interval=5, launch=2030, steps=6, variants=["1-central"], seed=5)
    names = ["Nordmark", "Åsby", "Little Haven"]
    return dataset.assign_coords(municipality=["N1", "N2", "S1"]).assign(
        municipality_name=("municipality", names),
        municipality_name_official=("municipality", ["Nordmark", "Åsby-Aasbie", "Little Haven"]),
        county=("municipality", ["N", "N", "S"]),
        county_name=("municipality", ["North", "North", "South"]),
        landsdel=("municipality", ["mainland", "mainland", "islands"]),
    ).assign_attrs(name="threeregions", title="Three regions", country="Threeland", currency="daler")  # fmt: skip


def small_country(
    regions: int = 4, last_age: int = 30, steps: int = 12, scale: float = 200.0, seed: int = 1
) -> xr.Dataset:
    """A country with single years of age 0 to `last_age`+ and yearly steps, launched 2020.

    `scale`: persons per region, sex and age about the middle; region sizes fall by a factor of three each, so that
    the last ones are tiny and their cells go to zero.
    """
    random = np.random.default_rng(seed)
    ages = np.arange(last_age + 1)
    sizes = scale / 3.0 ** np.arange(regions)
    shape = np.linspace(1.2, 0.4, last_age + 1)
    population = random.poisson(sizes[:, None, None] * shape * np.ones((1, 2, 1))).astype(float)
    return _country(population, ages, interval=1, launch=2020, steps=steps, variants=["a-low", "a-high"], seed=seed)


def _country(
    population: np.ndarray, ages: np.ndarray, interval: int, launch: int, steps: int, variants: list[str], seed: int
) -> xr.Dataset:
    """All arrays of a data set around a given population (municipality, sex, age)."""
    random = np.random.default_rng(seed)
    regions = len(population)
    years = launch + interval * np.arange(steps)
    shape = (len(variants), steps)
    relative = ages / (ages[-1] + interval)
    hazard = (np.exp(-9.5 + 8.6 * relative) + 0.004 * (ages == 0)) * np.array([[1.25], [0.9]])
    decline = np.exp(-0.01 * interval * np.arange(steps))
    death_prob = 1 - np.exp(-interval * decline[None, :, None, None] * hazard * np.ones((*shape, 1, 1)))
    bearing = np.exp(-(((relative - 0.35) / 0.08) ** 2)) * (np.abs(relative - 0.35) < 0.2)
    schedule = bearing / (bearing.sum() * interval)
    profiles = np.stack([_profile(relative, 0.3, 0.12), _profile(relative, 0.2, 0.25)])
    profiles[1, 0, -1] = -0.002  # a cell below zero: old men of this stream leave
    profiles /= profiles.sum((1, 2), keepdims=True)
    totals = population.sum() * interval * (0.004 + 0.002 * np.arange(len(variants)))
    migration = totals[:, None, None, None] * profiles[0] * np.ones((*shape, 1, 1))
    migration[:, :, 1, -2:] *= -0.5  # old women leave
    bands = np.minimum((relative * 3).astype(int), 2)
    quota = 1 / np.arange(1, regions + 1)
    share = population.sum((1, 2))
    tfr = np.linspace(1.6, 1.9, len(variants))
    labels = [f"R{i + 1}" for i in range(regions)]
    return xr.Dataset(
        {
            "population": (("municipality", "sex", "age"), population),
            "municipality_name": ("municipality", [f"Region {i + 1}" for i in range(regions)]),
            "municipality_name_official": ("municipality", [f"Region {i + 1}" for i in range(regions)]),
            "county": ("municipality", [f"C{i % 2 + 1}" for i in range(regions)]),
            "county_name": ("municipality", [f"County {i % 2 + 1}" for i in range(regions)]),
            "landsdel": ("municipality", ["all"] * regions),
            "death_prob": (("variant", "year", "sex", "age"), death_prob),
            "newborn_survival_prob": (("variant", "year", "sex"), np.full((*shape, 2), 0.998)),
            "total_fertility_rate": (("variant", "year"), tfr[:, None] * np.ones(shape)),
            "fertility_schedule": (("variant", "year", "age"), schedule * np.ones((*shape, 1))),
            "net_international_migration": (("variant", "year", "sex", "age_end_of_year"), migration),
            "migration_profile": (("profile", "sex", "age_end_of_year"), profiles),
            "settlement_key": (("settlement", "municipality"), np.stack([quota / quota.sum(), share / share.sum()])),
            "fertility_factor": ("municipality", random.uniform(0.85, 1.15, regions)),
            "net_migration_deviation": (("part", "band", "municipality"), random.normal(0, 0.01, (2, 3, regions))),
            "deviation_half_life": ("part", [1000.0, 7.0]),
            "deviation_band": (("sex", "age_end_of_year"), np.stack([bands, bands])),
        },
        coords={
            "municipality": labels, "sex": ["male", "female"], "age": ages, "age_end_of_year": ages, "year": years,
            "variant": variants, "profile": ["ordinary", "crisis"], "settlement": ["quota", "population"],
            "part": ["lasting", "fading"], "band": [0, 1, 2],
        },
        attrs={
            "name": "made-up", "title": "A made-up country", "country": "Nowhere", "currency": "mark",
            "language": "en", "launch_year": launch, "interval_years": interval, "male_birth_share": 0.512,
        },
    )  # fmt: skip


def with_moves(country: xr.Dataset, kind: str, seed: int = 11) -> xr.Dataset:
    """The country with gross moves in place of net deviations: `pool` or `matrix`, in two bands of destinations."""
    random = np.random.default_rng(seed)
    places, ages = country.sizes["municipality"], country.sizes["age"]
    young = np.exp(-(((np.arange(ages) / ages - 0.3) / 0.15) ** 2))
    prob = (0.02 + 0.12 * young) * random.uniform(0.5, 1.5, (places, 2, 1))
    band = np.broadcast_to((np.arange(ages) > ages // 2).astype(int), (2, ages))
    shares = random.uniform(0.2, 1.0, (2, places, places)) * (1 - np.eye(places))
    to = {
        "pool": {"in_move_share": (("destination_band", "municipality"), shares[:, 0] + shares[:, 1])},
        "matrix": {"destination_share": (("destination_band", "origin", "municipality"), shares)},
    }[kind]
    (name, (dims, values)) = next(iter(to.items()))
    return country.assign(
        {
            name: (dims, values / values.sum(-1, keepdims=True)),
            "out_move_prob": (("municipality", "sex", "age_end_of_year"), prob),
            "move_band": (("sex", "age_end_of_year"), band),
            "net_migration_deviation": 0 * country["net_migration_deviation"],
        }
    ).assign_coords(
        destination_band=[0, 1], **({"origin": country["municipality"].values} if kind == "matrix" else {})
    )  # fmt: skip


def _profile(relative: np.ndarray, peak: float, width: float) -> np.ndarray:
    """A hump over age, the same for both sexes; sums to one."""
    hump = np.exp(-(((relative - peak) / width) ** 2)) + 0.01
    both = np.stack([hump, hump * 0.9])
    result: np.ndarray = both / both.sum()
    return result
