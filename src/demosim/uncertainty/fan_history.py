"""The country's past as three yearly series: net migration, fertility and mortality, from registered persons alone."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.fertility import on_ages
from demosim.baseline.calibrate.flows import mortality_seen
from demosim.baseline.calibrate.national import national_flows
from demosim.errors import usage_error

SERIES = ("migration", "fertility", "mortality")
OLD = 70  # years; above it hardly anyone moves across the border, so that who is gone has died
LEAST_YEARS = 12


def national_series(nation: xr.DataArray, mortality: xr.Dataset, fertility: xr.DataArray, until: int) -> xr.DataArray:
    """What national paths are uncertain in, by (series, year), from years before `until`.

    migration: net migration per inhabitant, the residual of persons and deaths by table; fertility: log of newborns
    over those that the newest known rates would give; mortality: log of deaths at 70 and older over those of the
    newest known table. Levels of the last two do not matter, only how they move.

    nation: persons (year, sex, age) on 1 January; mortality, fertility: see `demosim.baseline.calibrate.history`.
    Raises a `DemosimError` (2) where there are fewer than a dozen years.
    """
    nation = nation.sel(year=nation["year"] <= until)
    years = nation["year"].values[:-1]
    if len(years) < LEAST_YEARS:
        raise usage_error(f"has {len(years)} years before {until}", path="national series", allowed="a dozen at least")
    people = nation.values
    death_prob, newborn = mortality_seen(mortality, until, 0)
    flows = national_flows(nation, mortality)
    migration = flows.net_migration.sum((1, 2)) / flows.persons
    known = fertility.sel(year=fertility["year"] < until)
    rates = on_ages(known, people.shape[2]).values[-1]
    women = (people[:-1, 1] + people[1:, 1]) / 2
    births = people[1:, :, 0].sum(1) / newborn.mean()
    gone = people[:-1, :, OLD:].sum((1, 2)) - people[1:, :, OLD + 1 :].sum((1, 2))
    expected = (people[:-1, :, OLD:] * death_prob[:, OLD:]).sum((1, 2))
    values = np.stack([migration, np.log(births / (women @ rates)), np.log(gone / expected)])
    return xr.DataArray(values, dims=("series", "year"), coords={"series": list(SERIES), "year": years})
