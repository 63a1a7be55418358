"""The one place that imports numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

# Sums may be reordered (so that they vectorise) and products fused; NaN and infinity keep their meaning, because the
# kernels count them.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}


def jit(function: Function) -> Function:
    """Compile for the processor: cached on disk, releases the interpreter lock, no Python objects."""
    compile_ = numba.njit(cache=True, nogil=True, fastmath=FASTMATH, error_model="numpy")
    return cast("Function", compile_(function))
