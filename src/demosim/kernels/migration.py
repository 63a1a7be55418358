"""Gross moves between municipalities: out by rates of one's own, in by shares of a pool or by origin and destination.

With y survivors, p the probability to move out and q[o, m] the share of those who leave o that goes to m,

    out[m] = p[m] y[m],   in[m] = Σ_o out[o] q[o, m].

A migrant pool is a single row of q for all origins: in[m] = q[m] Σ out. Multiregional projection and the pool: Rogers
(1995), Multiregional Demography; Wilson and Bell (2004), Environment and Planning A 36.

In-moves are out-moves, exactly and in any order of summation: both are whole multiples of a power of two so small that
it is lost in the rounding of their sum (2⁻⁵¹ of it), so that adding them rounds nothing; what the rounding of the
in-moves leaves over goes to the largest of them. The plain twin is `tests/naive.py`.
"""

from __future__ import annotations

import math

import numpy as np

from demosim.kernels._jit import apart, inner, kernel, one_copy
from demosim.kernels.rows import add_scaled, dot

OUT, INTO = 0, 1  # rows of moves
EXACT = 51  # binary digits of a sum of which every part is a whole number


@inner
def finest(total):
    """The smallest power of two of which sums up to `total` are exact multiples."""
    return math.ldexp(1.0, math.frexp(total)[1] - EXACT) if total > 0 else 0.0


@inner
def to_multiples(values, row, unit):
    """Round to whole multiples of `unit`; returns their sum, which is exact."""
    total = 0.0
    for m in range(values.shape[1]):
        x = np.rint(values[row, m] / unit) * unit
        values[row, m] = x
        total += x
    return total


@inner
def send(moves, destination, pool):
    """In-moves before rounding, from out-moves: by origin, or from the pool where there is one row for all origins."""
    for m in range(moves.shape[1]):
        moves[INTO, m] = pool * destination[0, m] if destination.shape[0] == 1 else 0.0
    if destination.shape[0] > 1:
        for o in range(destination.shape[0]):
            if moves[OUT, o] != 0:
                add_scaled(moves, INTO, destination, o, moves[OUT, o])


@apart
def set_moves(moves, source, i, alive, out_prob, row, destination):
    """Out-moves and in-moves (float64) of the survivors alive × source[i], whose sums are the same number."""
    one_copy()
    total = 0.0
    for m in range(moves.shape[1]):
        x = np.float64(source[i, m]) * alive * np.float64(out_prob[row, m])
        moves[OUT, m] = x
        total += x
    if not total > 0 or not np.isfinite(total):
        for m in range(moves.shape[1]):
            moves[INTO, m] = moves[OUT, m]
        return
    unit = finest(total)
    pool = to_multiples(moves, OUT, unit)
    send(moves, destination, pool)
    rest = pool - to_multiples(moves, INTO, unit)
    largest = 0
    for m in range(moves.shape[1]):
        if moves[INTO, m] > moves[INTO, largest]:
            largest = m
    moves[INTO, largest] += rest


@inner
def add_moves(target, j, inputs, source, i, alive, row, moves):
    """Add net internal migration of the survivors alive × source[i] to row j of `target`."""
    set_moves(moves, source, i, alive, inputs.out_prob, row, inputs.destination[inputs.move_band[row]])
    for m in range(target.shape[1]):
        target[j, m] += target.dtype.type(moves[INTO, m] - moves[OUT, m])


@inner
def back_moves(inputs, bar, row, source, i, alive, scratch, adjoint):
    """What moves add to the adjoint of source[i], into the spare row; returns their part of the adjoint of survival.

    `bar` (1, M) is the adjoint of the row that is made of source[i].
    With w[o] = Σ_m q[o, m] x̄[m], of survivors p (w − x̄), of p y (w − x̄), of q[o, m] out[o] x̄[m]. Rounding to
    multiples is passed over.
    """
    spare, k, alive_bar = scratch.spare, inputs.move_band[row], 0.0
    destination, destination_bar = inputs.destination[k], adjoint.destination[k]
    by_origin = destination.shape[0] > 1
    pool, mean = 0.0, 0.0 if by_origin else dot(bar, 0, destination, 0)
    for m in range(spare.shape[1]):
        out = inputs.out_prob[row, m] * source[i, m]
        if by_origin:
            mean = dot(bar, 0, destination, m)
            if out != 0:
                add_scaled(destination_bar, m, bar, 0, alive * out)
        gain = mean - bar[0, m]
        adjoint.out_prob[row, m] += alive * source[i, m] * gain
        spare[0, m] = alive * inputs.out_prob[row, m] * gain
        alive_bar += out * gain
        pool += alive * out
    if not by_origin:
        add_scaled(destination_bar, 0, bar, 0, pool)
    return alive_bar


@kernel
def moves_of(
    survivors: np.ndarray,
    out_prob: np.ndarray,
    destination: np.ndarray,
    move_band: np.ndarray,
    flows: np.ndarray,
    moves: np.ndarray,
) -> None:
    """Out-moves and in-moves of every year and row, into flows (2, T, S × A, M).

    survivors (T, S × A, M) before migration; out_prob (S × A, M); destination (bands, 1 or origins, M), rows that sum
    to one; move_band (S × A,) which of these a row goes by;
    moves (2, M) to work in.
    """
    for t in range(survivors.shape[0]):
        for row in range(survivors.shape[1]):
            set_moves(moves, survivors[t], row, 1.0, out_prob, row, destination[move_band[row]])
            for m in range(moves.shape[1]):
                flows[OUT, t, row, m] = moves[OUT, m]
                flows[INTO, t, row, m] = moves[INTO, m]
