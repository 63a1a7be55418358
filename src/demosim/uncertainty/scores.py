"""Errors of projected municipal populations: bias, absolute errors, shares within bounds, by size and age group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from demosim.baseline.calibrate.sizes import SIZE_CUTS, size_classes

AGE_GROUPS: Mapping[str, tuple[int, int | None]] = {
    "total": (0, None), "0-5": (0, 5), "6-15": (6, 15), "16-18": (16, 18), "67-79": (67, 79), "80+": (80, None),
}  # fmt: skip
MEASURES = ("bias", "mean_error", "MAPE", "median_APE", "WAPE", "within_5")
WITHIN = 5.0  # per cent


def age_group(population: np.ndarray, group: tuple[int, int | None]) -> np.ndarray:
    """Persons of an age group by municipality, from (municipality, sex, single age)."""
    low, high = group
    result: np.ndarray = population[:, :, low : None if high is None else high + 1].sum((1, 2))
    return result


def errors(projected: np.ndarray, observed: np.ndarray) -> dict[str, float]:
    """Errors in per cent over municipalities; those where nobody was observed have no relative error of their own.

    bias: of the sum; mean_error: mean relative error; MAPE, median_APE: of its absolute value; WAPE: sum of absolute
    errors over the sum observed; within_5: share of municipalities within 5 per cent.
    """
    if not len(observed) or observed.sum() <= 0:
        return dict.fromkeys(MEASURES, float("nan"))
    some = observed > 0
    relative = (projected[some] / observed[some] - 1) * 100
    size = np.abs(relative)
    return {
        "bias": float((projected.sum() / observed.sum() - 1) * 100),
        "mean_error": float(relative.mean()),
        "MAPE": float(size.mean()),
        "median_APE": float(np.median(size)),
        "WAPE": float(np.abs(projected - observed).sum() / observed.sum() * 100),
        "within_5": float((size < WITHIN).mean() * 100),
    }


def score(
    projected: np.ndarray, observed: np.ndarray, at_launch: np.ndarray, cuts: tuple[float, ...] = SIZE_CUTS
) -> Iterator[dict[str, object]]:
    """All measures by age group and size class; populations by (municipality, sex, single age)."""
    classes = size_classes(at_launch.sum((1, 2)), cuts)
    for group, ages in AGE_GROUPS.items():
        guess, truth = age_group(projected, ages), age_group(observed, ages)
        for name, member in classes.items():
            yield {"group": group, "size": name, "places": int(member.sum()), **errors(guess[member], truth[member])}


def mean_over_launches(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean of every measure over launches, each launch counting the same."""
    keys = ["method", "ahead", "group", "size"]
    return scores.groupby(keys, sort=False)[list(MEASURES)].mean().reset_index()
