"""A stored run carried on under its own scenario."""

from __future__ import annotations

import xarray as xr

from demosim.continuation import continue_with, stored_scenario


def continue_run(
    stored: xr.Dataset, assumptions: xr.Dataset, horizon: int, baseline: xr.Dataset
) -> tuple[xr.Dataset, xr.Dataset]:
    """The whole projection to a later horizon, and its assumptions."""
    spec = stored_scenario(assumptions).model_copy(update={"horizon": horizon})
    return continue_with(stored, assumptions, spec, baseline)
