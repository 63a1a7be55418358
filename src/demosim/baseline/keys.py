"""How named streams of migrants spread over municipalities, and their shares by sex and age."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demosim.errors import run_error


def migration_profile(table: pd.DataFrame, profile: str) -> np.ndarray:
    """Share of a stream's net migration by sex and age at the end of the year, (sex, age), normalised to sum to one.

    Cells below zero stay: more of that sex and age left than came.
    """
    shares = table[[f"{profile}_male", f"{profile}_female"]].to_numpy(dtype=float).T
    result: np.ndarray = shares / shares.sum()
    return result


def settlement_by_size(
    per_1000: pd.Series[float], by_county: pd.Series[float], population: np.ndarray, county: np.ndarray
) -> np.ndarray:
    """Each municipality's share of the refugees that municipalities settle; sums to one.

    Within a county in proportion to the rate of the municipality's size class times its population; each county has
    the share of the country's settled refugees that `by_county` says. Assumes that the pattern of those years goes
    on; cells under five are suppressed at the source, so small places count slightly low.
    per_1000: persons settled per 1 000 inhabitants by class (`0-3000`, ..., `50000+`), lower bound included;
    by_county: persons by county code; population, county: of each municipality.
    """
    lower = np.array([int(str(label).rstrip("+").partition("-")[0]) for label in per_1000.index])
    order = np.argsort(lower)
    size_class = np.searchsorted(lower[order], population, side="right") - 1
    weight = per_1000.to_numpy(dtype=float)[order][size_class] * population
    unknown = sorted(set(county) - set(map(str, by_county.index)))
    if unknown:
        raise run_error(f"no settled refugees are given for county {', '.join(unknown)}")
    total = {code: weight[county == code].sum() for code in np.unique(county)}
    settled = {str(code): float(value) for code, value in by_county.items() if str(code) in total}
    share = np.array([settled[code] / total[code] for code in county])
    result: np.ndarray = weight * share / sum(settled.values())
    return result
