"""Controlled rounding: whole numbers for presentation whose row and column sums agree with the rounded totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demosim.errors import run_error

if TYPE_CHECKING:
    from scipy import sparse

_MARGIN = 1000.0  # a margin away from its nearest whole number costs as much as so many cells
_TIE = 1e-5  # among equal choices the earlier cell goes up
_WHOLE = 1e-9


def controlled_rounding(table: np.ndarray) -> np.ndarray:
    """Whole numbers for a two-way table (row, column), additive: sums of what is returned are its totals.

    Every cell, row total and column total goes to one of its two neighbouring whole numbers (a whole number stays)
    and the grand total to its nearest. Among the tables that do, the one nearest in absolute (and in squared)
    distance, the margins before the cells: a row or column total is its nearest whole number unless the others and
    the grand total do not allow it. Deterministic. A table of one dim is a table of one row.
    Raises a `DemosimError` where a cell is not a finite number.

    Such a table always exists and is the solution of a transportation problem, whose corners are whole numbers:
    Cox and Ernst (1982), Controlled rounding, INFOR 20(4), 423-432.

    >>> controlled_rounding(np.array([[0.4, 0.4], [0.4, 1.8]]))
    array([[1, 0],
           [0, 2]])
    """
    from scipy.optimize import linprog  # slow to import

    cells = np.atleast_2d(np.asarray(table, dtype=float))
    if not np.isfinite(cells).all():
        raise run_error("a table with missing numbers cannot be rounded")
    if cells.size == 0:
        return np.zeros(np.shape(table), dtype=np.int64)
    floor, part = _split(cells)
    rows, row_part = _split(cells.sum(1))
    columns, column_part = _split(cells.sum(0))
    total = int(np.floor(cells.sum() + 0.5))
    parts = np.concatenate([part.ravel(), row_part, column_part])
    weight = np.concatenate([np.ones(cells.size), np.full(len(rows) + len(columns), _MARGIN)])
    cost = weight * (1 - 2 * parts) + _TIE * np.linspace(0, 1, len(parts))
    needed = [rows - floor.sum(1), columns - floor.sum(0), [total - rows.sum()], [total - columns.sum()]]
    upper = (parts > 0).astype(float)
    solution = linprog(
        cost, A_eq=_constraints(*cells.shape), b_eq=np.concatenate(needed).astype(float),
        bounds=np.stack([np.zeros(len(upper)), upper], axis=1), method="highs-ds",
    )  # fmt: skip
    if solution.status != 0:  # cannot happen for a table of finite numbers
        raise run_error(f"the table could not be rounded: {solution.message}")
    up = np.rint(solution.x[: cells.size]).astype(np.int64).reshape(cells.shape)
    result: np.ndarray = (floor + up).reshape(np.shape(table))
    return result


def rounded_parts(parts: np.ndarray, total: np.ndarray | None = None) -> np.ndarray:
    """Whole numbers for parts of a sum, along the first axis, that add to the rounded sum.

    Each part goes to one of its neighbouring whole numbers: down, but for those with the largest fractions, which go
    up until the sum is met (largest remainder method, Hamilton 1792). `total`: the whole number to add to, where a
    table above has fixed it.

    >>> rounded_parts(np.array([0.4, 0.4, 0.4]))
    array([1, 0, 0])
    """
    columns = parts.reshape(len(parts), -1)
    floor, fraction = _split(columns)
    wanted = np.floor(columns.sum(axis=0) + 0.5) if total is None else np.broadcast_to(total, columns.shape[1:])
    missing = wanted.astype(np.int64) - floor.sum(axis=0)
    rank = np.argsort(np.argsort(-fraction, axis=0, kind="stable"), axis=0, kind="stable")
    rounded: np.ndarray = (floor + (rank < missing) + np.minimum(missing, 0) * (rank == len(parts) - 1)).reshape(
        parts.shape
    )
    return rounded


def _split(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole part and fraction; what differs from a whole number by the noise of summation only is whole."""
    nearest = np.rint(values)
    is_whole = abs(values - nearest) <= _WHOLE * np.maximum(1, abs(values))
    whole = np.where(is_whole, nearest, np.floor(values))
    return whole.astype(np.int64), np.where(is_whole, 0, values - whole)


def _constraints(rows: int, columns: int) -> sparse.csr_array:
    """Cells that go up fill each row and column; rows and columns that go up fill the grand total."""
    from scipy import sparse

    by_row = sparse.kron(sparse.eye(rows), np.ones((1, columns)))
    by_column = sparse.kron(np.ones((1, rows)), sparse.eye(columns))
    none = sparse.csr_array
    return sparse.csr_array(
        sparse.vstack([
            sparse.hstack([by_row, -sparse.eye(rows), none((rows, columns))]),
            sparse.hstack([by_column, none((columns, rows)), -sparse.eye(columns)]),
            sparse.hstack([none((1, rows * columns)), np.ones((1, rows)), none((1, columns))]),
            sparse.hstack([none((1, rows * columns)), none((1, rows)), np.ones((1, columns))]),
        ])
    )  # fmt: skip
