"""A scenario of a made-up country: as written, and resolved."""

from __future__ import annotations

from typing import Any

import xarray as xr

from demosim.scenario.read import spec_from
from demosim.scenario.resolve import Resolved, resolve


def tree(baseline: xr.Dataset, steps: int = 4, **more: Any) -> dict[str, Any]:
    """The scenario so many intervals ahead, by the country's first variant; `more` stands in it too."""
    launch, interval = int(baseline.attrs["launch_year"]), int(baseline.attrs["interval_years"])
    return {
        "name": "test", "baseline": "made-up", "variant": str(baseline["variant"].values[0]),
        "horizon": launch + steps * interval, "price_year": launch, **more,
    }  # fmt: skip


def resolved(baseline: xr.Dataset, steps: int = 4, **more: Any) -> Resolved:
    """The scenario resolved."""
    return resolve(baseline, spec_from(tree(baseline, steps, **more)))
