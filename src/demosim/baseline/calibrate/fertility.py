"""Municipal fertility factors: births over those expected at the country's rates, drawn to the county's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.flows import Flows
from demosim.errors import usage_error

LEAST_VARIANCE = 1e-5


@dataclass(frozen=True)
class Factors:
    """`factor` (municipality,): fertility relative to the country; `variance`: what is not known of it."""

    factor: np.ndarray
    variance: np.ndarray


def estimate_fertility_factor(flows: Flows, fertility: xr.DataArray) -> Factors:
    """Fertility of each municipality relative to the country.

    Empirical Bayes: births are Poisson around factor times expected births, factors vary around the county's with a
    variance estimated by moments.

    flows: the years of the window; fertility: births per woman-year (year, age), which must hold these years.
    """
    yearly_births, yearly = births_and_expected(flows, fertility)
    births, expected = yearly_births.sum(1), yearly.sum(1)
    member = np.eye(flows.county.max() + 1)[flows.county]
    county = ((births @ member) / (expected @ member))[flows.county]
    own = births / expected
    between = np.average((own - county) ** 2 - own / expected, weights=expected)
    between = max(float(between), LEAST_VARIANCE)
    kept = between / (between + county / expected)
    return Factors(county + kept * (own - county), kept * county / expected)


def births_and_expected(flows: Flows, fertility: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Births and those expected at the country's rates, (municipality, year).

    Expected births are scaled to the registered ones, so that the country's factor is one each year. Raises a
    `DemosimError` (2) where the rates lack a year.
    """
    missing = sorted(set(flows.years.tolist()) - set(fertility["year"].values.tolist()))
    if missing:
        raise usage_error(
            f"lacks the years {', '.join(map(str, missing))}", path="fertility rates",
            allowed=f"rates for {int(flows.years[0])} to {int(flows.years[-1])}",
        )  # fmt: skip
    women = (flows.population[:, 1, :, :-1] + flows.population[:, 1, :, 1:]) / 2
    rates = on_ages(fertility, women.shape[1]).sel(year=flows.years).values
    expected = np.einsum("mat,ta->mt", women, rates)
    expected *= flows.births.sum(0) / np.maximum(expected.sum(0), 1e-9)
    return flows.births, np.maximum(expected, 1e-9)


def on_ages(fertility: xr.DataArray, ages: int) -> xr.DataArray:
    """Rates on all ages from 0, zero where none are given."""
    return fertility.reindex(age=np.arange(ages), fill_value=0.0)
