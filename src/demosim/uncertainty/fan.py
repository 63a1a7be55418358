"""The fan: quantiles of need and persons over draws, by year, service and region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from demosim.uncertainty.fan_draws import Drawn
from demosim.uncertainty.scores import AGE_GROUPS

# Ends of the 80 and 67 per cent bands, the levels that Statistics Norway uses, and the middle.
QUANTILES = (0.1, 0.165, 0.5, 0.835, 0.9)
COUNTRY = "country"


def age_groups(ages: np.ndarray, groups: Mapping[str, tuple[int, int | None]] = AGE_GROUPS) -> np.ndarray:
    """Members (age group, age) of age groups, by the lower bound of each age class."""
    return np.stack([(ages >= low) & (ages <= (np.inf if high is None else high)) for low, high in groups.values()])


def regions_of(assumptions: xr.Dataset) -> tuple[list[str], np.ndarray]:
    """Codes of country, counties and municipalities, and who belongs to each (region, municipality)."""
    codes = [str(code) for code in assumptions["municipality"].values]
    county = assumptions["county"].values.astype(str) if "county" in assumptions.coords else np.empty(0, str)
    counties = [code for code in sorted(set(county.tolist())) if code not in codes]
    member = [np.ones(len(codes), bool), *(county == code for code in counties), *np.eye(len(codes), dtype=bool)]
    return [COUNTRY, *counties, *codes], np.stack(member)


def sums(values: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Municipalities (…, municipality) summed over regions (…, region) in double precision."""
    singles = np.flatnonzero(member.sum(1) == 1)
    result = np.empty((*values.shape[:-1], len(member)))
    result[..., singles] = values[..., member[singles].argmax(1)]
    for region in np.setdiff1d(np.arange(len(member)), singles):
        result[..., region] = values[..., member[region]].sum(-1, dtype=float)
    return result


def fan_dataset(
    drawn: Drawn, assumptions: xr.Dataset, unit_cost: xr.DataArray, quantiles: Sequence[float] = QUANTILES
) -> xr.Dataset:
    """Quantiles over draws.

    Returns `demographic_expenditure` and `accumulated_demographic_expenditure` (financing, quantile, service, region,
    budget_year), kroner, with the service `total`; `population` (quantile, age_group, region, date), persons. Regions
    are the country, counties and municipalities by code. Quantiles of parts do not add up to those of their sum.
    """
    regions, member = regions_of(assumptions)
    years = assumptions["year"].values
    dates = np.append(years, years[-1] + int(assumptions.attrs["interval_years"]))
    share = unit_cost["net_share"].values
    services = [str(name) for name in unit_cost["service"].values]
    financing = ("free_income", "all")
    dims = ("financing", "quantile", "service", "region", "budget_year")
    shape = (2, len(quantiles), len(services) + 1, len(regions), len(years))
    yearly, gathered = np.empty(shape, np.float32), np.empty(shape, np.float32)
    totals = np.zeros((2, len(drawn.need), len(dates), len(regions)))
    for at in range(len(services)):
        need = sums(drawn.need[:, :, at], member)
        totals += np.stack([need, need / share[at]])
        change, since = _quantiles(need, quantiles)
        for row, divisor in enumerate((1.0, share[at])):
            yearly[row, :, at], gathered[row, :, at] = change / divisor, since / divisor
    for row in range(2):
        yearly[row, :, -1], gathered[row, :, -1] = _quantiles(totals[row], quantiles)
    persons = np.empty((len(quantiles), len(AGE_GROUPS), len(regions), len(dates)), np.float32)
    for at in range(len(AGE_GROUPS)):
        persons[:, at] = np.quantile(sums(drawn.persons[:, :, at], member), quantiles, axis=0).transpose(0, 2, 1)
    prices = {"price_year": int(unit_cost.attrs["price_year"]), "units": "kr"}
    return xr.Dataset(
        {
            "demographic_expenditure": (dims, yearly, prices),
            "accumulated_demographic_expenditure": (dims, gathered, prices),
            "population": (("quantile", "age_group", "region", "date"), persons, {"units": "persons"}),
        },
        coords={
            "financing": list(financing), "quantile": list(quantiles), "service": [*services, "total"],
            "region": regions, "budget_year": dates[1:], "age_group": list(AGE_GROUPS), "date": dates,
        },
    )  # fmt: skip


def _quantiles(need: np.ndarray, quantiles: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles (quantile, region, budget year) of the yearly change and of the change since the launch."""
    yearly = np.quantile(np.diff(need, axis=1), quantiles, axis=0)
    since = np.quantile(need[:, 1:] - need[:, :1], quantiles, axis=0)
    return yearly.transpose(0, 2, 1), since.transpose(0, 2, 1)
