"""A map of equal squares, one for each municipality, laid out so that neighbours stay near."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from demosim.baseline.read import read_facts

SPREAD = 0.55  # how far points are drawn from their true places (0) towards an even spread (1)
ASPECT = 1.25  # rows for each column of the area that holds the squares
ROOM = 2.2  # squares of the grid for each municipality; more keeps the outline, less packs tighter


def tile_layout(codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Column and row of each municipality's square; empty where the points of a municipality are not known.

    The squares of a grid go to the municipalities so that the sum of squared distances from their points is least
    (a linear assignment problem). The points are first drawn towards an even spread, coordinate by coordinate, or the
    densely settled south would not have room; distances keep their order along each axis.
    """
    points = read_facts("municipality_points").set_index("municipality")
    if not codes or any(code not in points.index for code in codes):
        return {}
    longitude = points.loc[list(codes), "longitude"].to_numpy(dtype=float)
    latitude = points.loc[list(codes), "latitude"].to_numpy(dtype=float)
    east = longitude * np.cos(np.radians(latitude.mean()))
    columns = max(1, round(np.sqrt(len(codes) * ROOM / ASPECT)))
    rows = -(-round(len(codes) * ROOM) // columns)
    x, y = _spread(east) * (columns - 1), (1 - _spread(latitude)) * (rows - 1)
    grid_x, grid_y = (axis.ravel() for axis in np.meshgrid(np.arange(columns), np.arange(rows)))
    cost = (x[:, None] - grid_x) ** 2 + (y[:, None] - grid_y) ** 2
    _, chosen = linear_sum_assignment(cost)
    column, row = grid_x[chosen] - grid_x[chosen].min(), grid_y[chosen] - grid_y[chosen].min()
    return {code: (int(column[at]), int(row[at])) for at, code in enumerate(codes)}


def _spread(values: np.ndarray) -> np.ndarray:
    """Coordinates in 0-1, drawn towards their ranks."""
    scaled = (values - values.min()) / max(float(np.ptp(values)), 1e-9)
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(len(values) - 1, 1)
    mixed: np.ndarray = (1 - SPREAD) * scaled + SPREAD * rank
    return mixed
