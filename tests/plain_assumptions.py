"""Resolved assumptions straight from a data set and a random generator, for tests of the engine alone."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.baseline.form import MOVES, MOVES_TO


def plain_assumptions(baseline: xr.Dataset, variant: int = 0, streams: int = 1, seed: int = 3) -> xr.Dataset:
    """Assumptions over all years of the data set, with made-up streams that come in by a key and go out again."""
    random = np.random.default_rng(seed)
    path = baseline.isel(variant=variant, drop=True)
    years = path["year"].values
    places = baseline.sizes["municipality"]
    shape = (streams, len(years), baseline.sizes["sex"], baseline.sizes["age"])
    inflow = random.uniform(0, 2, shape)
    outflow = random.uniform(0, 0.5, shape)
    key = random.uniform(0, 1, (streams, places))
    elapsed = years - int(baseline.attrs["launch_year"])
    fade = 0.5 ** (elapsed / baseline["deviation_half_life"].values[:, None])
    cohort = ("stream", "year", "sex", "age_end_of_year")
    return xr.Dataset(
        {
            "jump_off_population": baseline["population"],
            "death_prob": path["death_prob"],
            "newborn_survival_prob": path["newborn_survival_prob"],
            "fertility_rate": path["total_fertility_rate"] * path["fertility_schedule"],
            "fertility_factor": baseline["fertility_factor"],
            "net_international_migration": path["net_international_migration"],
            "stream_inflow": (cohort, inflow),
            "stream_outflow": (cohort, outflow),
            "settlement_key": (("stream", "municipality"), key / key.sum(axis=1, keepdims=True)),
            "net_migration_deviation": baseline["net_migration_deviation"],
            "deviation_fade": (("part", "year"), fade),
            "deviation_band": baseline["deviation_band"],
            **{name: baseline[name] for name in (*MOVES, *MOVES_TO) if name in baseline},
        },
        coords={"stream": [f"stream {i}" for i in range(streams)]},
        attrs={name: baseline.attrs[name] for name in ("launch_year", "interval_years", "male_birth_share")},
    )
