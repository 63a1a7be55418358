"""Factors on the width of municipal bands, fitted in the past: read, write and apply."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import numpy as np

from demosim.baseline.calibrate.sizes import SIZE_CUTS, size_classes
from demosim.baseline.find import embedded

FILE = ("data", "uncertainty", "widths.toml")
MIDDLE = 0.5
Widths = Mapping[tuple[str, str], float]


def read_widths() -> dict[tuple[str, str], float]:
    """The embedded factors by (size class, group)."""
    with embedded(*FILE).open("rb") as file:
        about = tomllib.load(file)
    return {(size, group): float(width) for size, table in about.items() for group, width in table.items()}


def widths_toml(widths: Widths, note: str) -> str:
    """Factors as the text of the embedded file."""
    lines = [f"# {line}" for line in note.splitlines()]
    for size in dict.fromkeys(size for size, _ in widths):
        lines.append(f'["{size}"]')
        lines += [f'"{group}" = {width:.2f}' for (own, group), width in widths.items() if own == size]
    return "\n".join(lines) + "\n"


def by_place(widths: Widths, group: str, persons: np.ndarray, cuts: tuple[float, ...] = SIZE_CUTS) -> np.ndarray:
    """Factor of each municipality by its persons at the launch; 1 where none was fitted."""
    factor = np.ones(len(persons))
    for size, member in list(size_classes(persons, cuts).items())[1:]:
        factor[member] = widths.get((size, group), 1.0)
    return factor


def widen(ends: np.ndarray, quantiles: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Quantiles (quantile, …, place) with their distance from the middle one times a factor (place,)."""
    middle = ends[int(np.flatnonzero(quantiles == MIDDLE)[0])]
    widened: np.ndarray = middle + factor * (ends - middle)
    return widened
