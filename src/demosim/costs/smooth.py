"""Cost that rises smoothly with age where the source has steps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from demosim.costs.services import Smooth
from demosim.errors import DemosimError, usage_error


def smooth_from(cost: np.ndarray, number: np.ndarray, how: Smooth) -> np.ndarray:
    """Kroner per person by single age, log-linear between the mean ages of the bands from `how.from_` on.

    The total of every band is kept to 1e-12. Above the mean age of the last band the cost goes on rising at half the
    slope for six years and is then constant, because little is known there.

    The knots are found by fixed-point iteration: each is multiplied by wanted / obtained total of its band.
    Raises a `DemosimError` (2) where no such curve rises all the way: the means of the bands fall or rise too unevenly.
    """
    ages = np.arange(len(cost))
    bounds = [*how.bands, len(cost)]
    bands = [slice(a, b) for a, b in pairwise(bounds)]
    people = np.array([number[band].sum() for band in bands])
    wanted = np.array([(cost[band] * number[band]).sum() for band in bands])
    where = np.r_[how.anchor, [(ages[band] * number[band]).sum() / n for band, n in zip(bands, people, strict=True)]]
    means = np.r_[cost[how.anchor], wanted / people]
    if not (means > 0).all():
        raise _not_rising(means)
    level, curve, obtained = means.copy(), cost, wanted
    for _ in range(500):
        log = np.interp(ages, where, np.log(level))
        slope = 0.5 * (np.log(level[-1]) - np.log(level[-2])) / (where[-1] - where[-2])
        curve = np.exp(log + slope * np.clip(ages - where[-1], 0, 6))
        obtained = np.array([(curve[band] * number[band]).sum() for band in bands])
        if np.allclose(obtained, wanted, rtol=1e-13, atol=0):
            break
        level[1:] *= wanted / obtained
    falls = (np.diff(curve[how.from_ :]) < -1e-9 * curve[how.from_ + 1 :]).any()
    if falls or not np.allclose(obtained, wanted, rtol=1e-12, atol=0):
        raise _not_rising(means)
    return np.where(ages >= how.from_, curve, cost)


def _not_rising(means: np.ndarray) -> DemosimError:
    listed = ", ".join(f"{mean:,.0f}".replace(",", " ") for mean in means)
    return usage_error(
        f"no smoothly rising cost has these means of the bands: {listed} kr per person", path="costs.care_shape",
        code="not-rising", allowed='care_shape = "step" keeps the bands as they are',
    )  # fmt: skip
