"""Age bands as people write them: `0-5`, `80+`, `7`."""

from __future__ import annotations

import re

import numpy as np

_BAND = re.compile(r"^(\d{1,3})(?:\s*[-–]\s*(\d{1,3})|\s*(\+))?$")


def parse_band(text: str) -> tuple[int, int | None] | None:
    """First and last age of a band, the last None where it is open; None where the text is no band.

    >>> parse_band("0-5"), parse_band("80+"), parse_band("7"), parse_band("old"), parse_band("9-3")
    ((0, 5), (80, None), (7, 7), None, None)
    """
    found = _BAND.match(text.strip())
    if found is None:
        return None
    lower = int(found[1])
    upper = None if found[3] else int(found[2] or lower)
    return None if upper is not None and upper < lower else (lower, upper)


def band_members(ages: np.ndarray, width: int, lower: int, upper: int | None) -> np.ndarray | None:
    """Which age classes make up a band (True or False for each); None where the band cuts a class in two.

    ages: lower bounds of the classes, `width` years each, the last one open. An upper bound beyond the open class
    means all of it.
    """
    if lower not in ages:
        return None
    last = int(ages[-1])
    if upper is not None and upper + 1 not in ages and upper < last:
        return None
    open_class_cut = upper is not None and upper >= last and upper < last + width - 1 and width > 1
    if open_class_cut:
        return None
    members: np.ndarray = (ages >= lower) & (ages <= (last if upper is None else upper))
    return members
