"""Gross moves between municipalities: from assumptions to the kernel's arrays, to flows, and back to derivatives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from demosim.kernels.migration import moves_of

Arrays = Mapping[str, np.ndarray]
POOL, MATRIX = "in_move_share", "destination_share"


def has_moves(arrays: Arrays) -> bool:
    """Whether assumptions have gross moves."""
    return "out_move_prob" in arrays


def move_inputs(arrays: Arrays, width: int) -> dict[str, np.ndarray]:
    """The kernel's inputs `out_prob`, `destination` and `move_band`, `width` municipalities with padding.

    Shares of destinations are divided by their sum, so that all who leave arrive. Without gross moves all are empty.
    """
    if not has_moves(arrays):
        return {"out_prob": np.zeros((0, width)), "destination": np.zeros((0, 0, width)),
                "move_band": np.zeros(0, np.int64)}  # fmt: skip
    out = arrays["out_move_prob"]
    out_prob = np.zeros((out[0].size, width))
    out_prob[:, : len(out)] = out.reshape(len(out), -1).T
    shares = _rows(arrays)
    total = shares.sum(axis=-1, keepdims=True)
    origins = width if MATRIX in arrays else 1
    destination = np.zeros((len(shares), origins, width))
    destination[:, : shares.shape[1], : len(out)] = np.divide(
        shares, total, where=total > 0, out=np.zeros(shares.shape)
    )
    return {"out_prob": out_prob, "destination": destination, "move_band": arrays["move_band"].ravel().astype(np.int64)}


def move_flows(survivors: np.ndarray, arrays: Arrays) -> dict[str, np.ndarray]:
    """Out-moves, in-moves and their difference (T, sex × age, municipality), padded as the survivors before migration.

    By sex and age, in-moves of the country are its out-moves: their sums are equal in any order of summation.
    """
    inputs = move_inputs(arrays, survivors.shape[-1])
    flows = np.empty((2, *survivors.shape))
    moves_of(np.ascontiguousarray(survivors), **inputs, flows=flows, moves=np.empty((2, survivors.shape[-1])))
    return {"out_moves": flows[0], "in_moves": flows[1], "net_internal_migration": flows[1] - flows[0]}


def moves_derivatives(out_prob: np.ndarray, destination: np.ndarray, arrays: Arrays) -> dict[str, np.ndarray]:
    """Derivatives by the probabilities to move and by the shares as given, from those by the kernel's inputs."""
    if not has_moves(arrays):
        return {}
    size = len(arrays["out_move_prob"])
    shares = _rows(arrays)
    total = shares.sum(axis=-1, keepdims=True)
    used = np.divide(shares, total, where=total > 0, out=np.zeros(shares.shape))
    by_used = destination[:, : shares.shape[1], :size]
    by_share = by_used - (by_used * used).sum(axis=-1, keepdims=True)
    by_share = np.divide(by_share, total, where=total > 0, out=np.zeros(shares.shape))
    name = MATRIX if MATRIX in arrays else POOL
    return {
        "out_move_prob": out_prob[:, :size].T.reshape(arrays["out_move_prob"].shape),
        name: by_share.reshape(arrays[name].shape),
    }


def _rows(arrays: Arrays) -> np.ndarray:
    """Shares of destinations (bands, origins, municipalities); a pool is one origin."""
    return arrays[MATRIX] if MATRIX in arrays else arrays[POOL][:, None]
