"""Where the embedded files are: the packaged copy, else the checkout."""

from __future__ import annotations

from pathlib import Path

from demosim.errors import run_error

_PACKAGE = Path(__file__).resolve().parents[1]
_ROOTS = (_PACKAGE / "_packaged", _PACKAGE.parents[1])


def embedded(*parts: str) -> Path:
    """Path of an embedded file or folder, such as `embedded("data", "services")`.

    Raises a `DemosimError` where neither the installed package nor a checkout holds it.
    """
    for root in _ROOTS:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise run_error("not among the embedded files; reinstall demosim", file="/".join(parts))
