"""Municipal fertility factors: births over those expected at the country's rates, drawn to the county's."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.flows import Flows
from demosim.errors import usage_error

LEAST_VARIANCE = 1e-5


def estimate_fertility_factor(flows: Flows, fertility: xr.DataArray) -> np.ndarray:
    """Fertility of each municipality relative to the country, (municipality,).

    Empirical Bayes: births are Poisson around factor times expected births, factors vary around the county's with a
    variance estimated by moments. Expected births are scaled to the registered ones, so that the country's factor is
    one each year.

    flows: the years of the window; fertility: births per woman-year (year, age), which must hold these years.
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
    expected *= flows.births.sum(0) / expected.sum(0)
    births, expected = flows.births.sum(1), np.maximum(expected.sum(1), 1e-9)
    member = np.eye(flows.county.max() + 1)[flows.county]
    county = ((births @ member) / (expected @ member))[flows.county]
    own = births / expected
    between = np.average((own - county) ** 2 - own / expected, weights=expected)
    between = max(float(between), LEAST_VARIANCE)
    result: np.ndarray = county + between / (between + county / expected) * (own - county)
    return result


def on_ages(fertility: xr.DataArray, ages: int) -> xr.DataArray:
    """Rates on all ages from 0, zero where none are given."""
    return fertility.reindex(age=np.arange(ages), fill_value=0.0)
