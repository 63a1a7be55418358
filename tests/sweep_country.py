"""A made-up country in a folder with a scenario file beside it: for sweeps, sensitivities and fans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

import made_up

HEAD = """
name = "small"
baseline = "country"
variant = "a-low"
horizon = 2026
price_year = 2026
[streams.crisis]
profile = "crisis"
settlement = "quota"
"""
SCENARIO = f"{HEAD}net = {{ 2020 = 40 }}\n"


def unit_cost(ages: np.ndarray) -> xr.DataArray:
    """Three services: for the young, for the old, and for everybody alike."""
    old = np.maximum(ages - 18.0, 0.0)
    values = np.stack([np.where(ages < 8, 9e4, 0.0), 1e3 * old, np.full(len(ages), 2e3)])
    services = ["school", "care", "roads"]
    return xr.DataArray(
        values, dims=("service", "age"),
        coords={
            "service": services, "age": ages, "level": ("service", ["municipal", "municipal", "county"]),
            "net_share": ("service", [0.9, 0.8, 1.0]),
            **{f"service_label_{lang}": ("service", services) for lang in ("nb", "nn", "en")},
        },
        attrs={"price_year": 2026},
    )  # fmt: skip


def country(regions: int = 4, last_age: int = 30) -> xr.Dataset:
    """The made-up country with unit costs of its own."""
    dataset = made_up.small_country(regions=regions, last_age=last_age)
    return dataset.assign(unit_cost=unit_cost(dataset["age"].values))


def scenario_file(folder: Path, more: str = "", regions: int = 4) -> Path:
    """A scenario of the country, written with its data set into a folder."""
    made_up.write(country(regions), folder / "country")
    path = folder / "small.toml"
    path.write_text(SCENARIO + more, encoding="utf-8")
    return path
