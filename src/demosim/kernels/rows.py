"""Work on single rows: a sex and age in all municipalities, contiguous, so that the compiler vectorises every loop.

Functions take a whole array and the number of a row: a view of a row would be counted as a reference for every cohort.
"""

from __future__ import annotations

import numpy as np

from demosim.kernels._jit import inner


@inner
def clear(target):
    """Set to zero. A loop of its own, because `target[:] = 0` does not become one over vectors."""
    zero = target.dtype.type(0)
    for i in range(target.shape[0]):
        for m in range(target.shape[1]):
            target[i, m] = zero


@inner
def clear_part(target, i, left, right):
    """target[i] = 0 for municipalities left..right-1."""
    zero = target.dtype.type(0)
    for m in range(np.uintp(left), np.uintp(right)):  # without a sign, so that no index can count from the end
        target[i, m] = zero


@inner
def copy_part(target, i, source, j, left, right):
    """target[i] = source[j] for municipalities left..right-1."""
    for m in range(np.uintp(left), np.uintp(right)):
        target[i, m] = source[j, m]


@inner
def copy_rows(target, source):
    """target = source, in all rows."""
    for i in range(target.shape[0]):
        for m in range(target.shape[1]):
            target[i, m] = source[i, m]


@inner
def copy_row(target, i, source, j):
    """target[i] = source[j]."""
    for m in range(target.shape[1]):
        target[i, m] = source[j, m]


@inner
def set_scaled(target, i, source, j, scale):
    """target[i] = scale × source[j], municipality by municipality."""
    for m in range(target.shape[1]):
        target[i, m] = scale * source[j, m]


@inner
def add_scaled(target, i, source, j, scale):
    """target[i] += scale × source[j], municipality by municipality."""
    for m in range(target.shape[1]):
        target[i, m] += scale * source[j, m]


@inner
def add_part(target, i, source, j, scale, left, right):
    """`add_scaled` for municipalities left..right-1."""
    for m in range(np.uintp(left), np.uintp(right)):
        target[i, m] += scale * source[j, m]


@inner
def add_four(target, i, source, j, scale, first, left, right):
    """target[i] += scale × source[j] for four rows at once, municipalities left..right-1."""
    a, b, c, d = j[first], j[first + 1], j[first + 2], j[first + 3]
    p, q, r, s = scale[first], scale[first + 1], scale[first + 2], scale[first + 3]
    for m in range(np.uintp(left), np.uintp(right)):
        target[i, m] += p * source[a, m] + q * source[b, m] + r * source[c, m] + s * source[d, m]


@inner
def add_consecutive(target, i, source, first, scale, a):
    """target[i] += scale[a] × source[first] and the same of the three that follow."""
    p, q, r, s = scale[a], scale[a + 1], scale[a + 2], scale[a + 3]
    for m in range(target.shape[1]):
        target[i, m] += (p * source[first, m] + q * source[first + 1, m]) + (
            r * source[first + 2, m] + s * source[first + 3, m]
        )


@inner
def dot(left, i, right, j):
    """Σ left[i] × right[j] over municipalities."""
    total = 0.0
    for m in range(left.shape[1]):
        total += left[i, m] * right[j, m]
    return total


@inner
def sum_row(state, row, deviation, k):
    """A row over the country: persons, and persons × deviation of band k."""
    persons = drift = state.dtype.type(0)
    for m in range(state.shape[1]):
        persons += state[row, m]
        drift += state[row, m] * deviation[k, m]
    return persons, drift


@inner
def join_open(target, i, source, row, survival, survival_open):
    """target[i] = the open age group: its own survivors and those of the age below."""
    for m in range(target.shape[1]):
        target[i, m] = source[row - 1, m] * survival + source[row, m] * survival_open


@inner
def advance(target, row, source, i, stay, stir, deviation, k):
    """target[row] = source[i] × (stay + stir × deviation of band k)."""
    for m in range(target.shape[1]):
        target[row, m] = source[i, m] * (stay + stir * deviation[k, m])


@inner
def advance_and_count(
    target, row, source, i, stay, stir, deviation, k, following, next_k, country, tallies, j, left, right
):  # fmt: skip
    """`advance`, the tally and next year's `sum_row` in one pass over municipalities left..right-1."""
    persons = drift = target.dtype.type(0)  # a plain 0 would make them float64, which is slow
    for m in range(np.uintp(left), np.uintp(right)):
        x = source[i, m] * (stay + stir * deviation[k, m])
        target[row, m] = x
        tallies[j, m] += x
        persons += x
        drift += x * following[next_k, m]
    country[row, 0] += persons
    country[row, 1] += drift


@inner
def arrive_and_count(
    target, row, source, i, stay, stir, deviation, k, following, next_k, country, tallies, j, arriving, left, right
):  # fmt: skip
    """`advance_and_count` of a row that `arriving` is added to."""
    persons = drift = target.dtype.type(0)
    for m in range(np.uintp(left), np.uintp(right)):
        x = source[i, m] * (stay + stir * deviation[k, m]) + arriving[0, m]
        target[row, m] = x
        tallies[j, m] += x
        persons += x
        drift += x * following[next_k, m]
    country[row, 0] += persons
    country[row, 1] += drift


@inner
def floor_row(state, row, counters):
    """Set negative cells to zero and take the amount from the same sex and age elsewhere, so that the sum holds."""
    cells = 0
    for m in range(state.shape[1]):
        cells += state[row, m] < 0
    if cells == 0:
        return
    below = positive = 0.0
    for m in range(state.shape[1]):
        if state[row, m] < 0:
            below -= state[row, m]
            state[row, m] = 0
        else:
            positive += state[row, m]
    counters[0] += cells
    counters[1] += below
    counters[2] += max(below - positive, 0.0)
    scale = state.dtype.type(max(positive - below, 0.0) / positive if positive > 0 else 0.0)
    for m in range(state.shape[1]):
        state[row, m] *= scale
