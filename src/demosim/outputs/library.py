"""Libraries of the extra `report`: imported when they are used, with a plain word where they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from demosim.errors import usage_error


def needs(name: str) -> ModuleType:
    """A library of the extra `report`; raises a `DemosimError` that says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        how = 'install it with: pip install "demosim[report]"'
        raise usage_error(f"needs the library {name}", allowed=how) from error
