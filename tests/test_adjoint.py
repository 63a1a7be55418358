"""Derivatives in reverse against central differences of the plain twin."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import made_up
import naive
from demosim.gradient import gradient
from demosim.projection import assumption_arrays
from plain_assumptions import plain_assumptions

COUNTRIES = {
    "years of one": lambda: made_up.small_country(regions=3, last_age=12, steps=4, scale=500),
    "years of five": lambda: made_up.three_regions().isel(year=slice(0, 3)),
}
CHECKED = (
    "jump_off_population", "death_prob", "newborn_survival_prob", "fertility_rate", "fertility_factor",
    "net_international_migration", "stream_inflow", "stream_outflow", "settlement_key", "net_migration_deviation",
    "deviation_fade",
)  # fmt: skip


def costs(assumptions: xr.Dataset, seed: int = 4) -> xr.DataArray:
    """Kroner per person of two services, one of which costs nothing in some ages."""
    ages = assumptions["age"].values
    values = np.random.default_rng(seed).uniform(1, 9, (2, len(ages)))
    values[1, : len(ages) // 2] = 0
    return xr.DataArray(values, dims=("service", "age"), coords={"service": ["school", "care"], "age": ages})


def random_weights(assumptions: xr.Dataset, seed: int = 5) -> xr.DataArray:
    """Weights of every service, municipality and date."""
    dates = np.append(assumptions["year"].values, assumptions["year"].values[-1] + assumptions.attrs["interval_years"])
    coords = {"service": ["school", "care"], "municipality": assumptions["municipality"].values, "date": dates}
    shape = [len(values) for values in coords.values()]
    return xr.DataArray(np.random.default_rng(seed).normal(size=shape), dims=list(coords), coords=coords)


def weighted_need(assumptions: xr.Dataset, unit_cost: xr.DataArray, of: xr.DataArray) -> float:
    """The number that is differentiated, by the plain twin."""
    population = naive.project(assumption_arrays(assumptions))["population"]
    need = np.einsum("tsam,ka->kmt", population, unit_cost.values)
    return float((need * of.transpose("service", "municipality", "date").values).sum())


def central_difference(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, of: xr.DataArray, name: str, place: tuple[int, ...], step: float
) -> float:
    """Difference quotient of fourth order by one number of the assumptions."""
    total = 0.0
    for times, factor in ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12)):
        changed = assumptions.copy()
        values = assumptions[name].values.copy()
        values[place] += times * step
        changed[name] = assumptions[name].copy(data=values)
        total += factor * weighted_need(changed, unit_cost, of)
    return total / step


def check(assumptions: xr.Dataset, places: int = 12, seed: int = 6) -> xr.Dataset:
    """Compare some numbers of every array; returns the derivatives."""
    unit_cost, of = costs(assumptions), random_weights(assumptions)
    found = gradient(assumptions, unit_cost, of)
    random = np.random.default_rng(seed)
    for name in CHECKED:
        values = assumptions[name].values
        scale = max(float(abs(found[name]).max()), 1e-3)
        for _ in range(places):
            place = tuple(int(random.integers(0, length)) for length in values.shape)
            step = 1e-3 * max(abs(float(values[place])), float(abs(values).mean()))
            expected = central_difference(assumptions, unit_cost, of, name, place, step)
            got = float(found[name].values[place])
            assert got == pytest.approx(expected, rel=1e-6, abs=1e-7 * scale), (name, place)
    return found


@pytest.mark.parametrize("country", COUNTRIES)
def test_law_10_the_gradient_equals_central_differences(country: str) -> None:
    assumptions = plain_assumptions(COUNTRIES[country](), streams=2)
    found = check(assumptions)
    assert found.attrs["smooth"] == 1
    assert found.attrs["value"] == pytest.approx(
        weighted_need(assumptions, costs(assumptions), random_weights(assumptions)), rel=1e-12
    )
