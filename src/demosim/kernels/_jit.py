"""The one place that imports numba."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])

# Sums may be reordered (so that they vectorise) and products fused; NaN and infinity keep their meaning, because the
# kernels count them.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
# No references to arrays are counted (`_nrt`): kernels make no arrays, and their callers hold all that they are given.
# What was counted, at every view and call, took longer than the rows of a small country.
OPTIONS: dict[str, Any] = {
    "nogil": True, "fastmath": FASTMATH, "error_model": "numpy", "forceinline": False, "_nrt": False
}  # fmt: skip
WITHIN: dict[str, Any] = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_njit: Any = numba.njit  # its types know only some of the options


def _digest() -> str:
    """Digest of all kernels. A compiled function holds those that it calls, maybe from other files, and numba looks at
    its own file alone."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


DIGEST = _digest()


def inner(function: Function) -> Function:
    """Compile for the processor, as a part of each kernel that calls it."""
    return cast("Function", _njit(**{**WITHIN, "forceinline": True})(function))


def apart(function: Function) -> Function:
    """The same, but not copied into those who call it if it calls `one_copy`."""
    return cast("Function", _njit(**WITHIN)(function))


def _one_copy(_typing: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


# Called in a function that is compiled apart: that the compiler makes no copies of it for those who call it, which may
# be vectorised in different ways, and so add in different orders.
_plain: bool = numba.config.DISABLE_JIT  # type: ignore[attr-defined]  # numba fills it in
one_copy: Any = (lambda: None) if _plain else intrinsic(_one_copy)


def kernel(function: Function) -> Function:
    """Compile for the processor, to be called from Python: cached on disk, releases the interpreter lock.

    The cache lies beside the source or, where that cannot be written, in the user's folder (or in NUMBA_CACHE_DIR);
    where there is none at all, the kernel is compiled anew in every process.
    """
    function.__qualname__ = f"{function.__name__}_{DIGEST}"
    try:
        return cast("Function", _njit(cache=True, **OPTIONS)(function))
    except RuntimeError:  # no folder for a cache
        return cast("Function", _njit(**OPTIONS)(function))
