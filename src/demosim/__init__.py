"""What will population change cost?

>>> import demosim as ds
>>> result = ds.run("scenarios/mars2026.toml")  # doctest: +SKIP
>>> result.costs["demographic_expenditure"]  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from demosim._version import __version__

# Public name and the module that holds it, imported when the name is first used, so that `import demosim` is quick.
_PUBLIC = {
    "DemosimError": "demosim.errors",
    "Problem": "demosim.errors",
    "Result": "demosim.run",
    "gradient": "demosim.gradient",
    "indicators": "demosim.indicators",
    "project": "demosim.projection",
    "read_baseline": "demosim.baseline.read",
    "read_result": "demosim.outputs.netcdf",
    "read_scenario": "demosim.scenario.read",
    "resolve": "demosim.scenario.resolve",
    "run": "demosim.run",
    "write_result": "demosim.outputs.netcdf",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


class _Package(ModuleType):
    """The package keeps its public functions where a module of the same name (`run`, `gradient`) would hide them."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _PUBLIC and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'demosim' has no attribute '{name}'")
    found = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


sys.modules[__name__].__class__ = _Package
