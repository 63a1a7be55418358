"""Results whose scenario says more of costs: unit costs of single municipalities, need that is not demography, and
spending that follows with delay; counted by the functions that a run uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from demosim.costs.adjustment import adjustment_path
from demosim.costs.need import expenditure
from demosim.costs.pressure_need import pressure_need
from demosim.scenario.cost_options import Adjustment


def school_and_roads(school: float, roads: float) -> xr.DataArray:
    """Kr per person of one age class, of a service of municipalities and of one of counties, all of it net."""
    return xr.DataArray(
        [[school], [roads]], dims=("service", "age"),
        coords={
            "service": ["school", "roads"], "age": [0], "net_share": ("service", [1.0, 1.0]),
            "level": ("service", ["municipal", "county"]),
        },
        attrs={"price_year": 2026},
    )  # fmt: skip


def with_own_costs(run: xr.Dataset, own: Mapping[str, float]) -> xr.Dataset:
    """A run where health in some municipalities costs so many times what it does in the country, at each age."""
    places = run["municipality"].values.tolist()
    times = xr.DataArray(np.ones((run.sizes["service"], len(places))), {
        "service": run["service"].values, "municipality": places})  # fmt: skip
    for place, factor in own.items():
        times.loc[{"service": "health", "municipality": place}] = factor
    cost = (run["unit_cost"] * times).transpose("service", "municipality", "age").assign_attrs(run["unit_cost"].attrs)
    found = expenditure(run["population"], cost).drop_vars("unit_cost")
    return run.assign(found.data_vars).assign(municipal_unit_cost=cost)


def with_pressure(run: xr.Dataset, kinds: Mapping[str, float]) -> xr.Dataset:
    """A run where health costs rise by so many per cent a year for each kind, one after the other."""
    dates = run["date"].values
    years = xr.DataArray((dates - dates[0]).astype(float), {"date": dates})
    health = xr.DataArray((run["service"].values == "health").astype(float), {"service": run["service"].values})
    ages = xr.ones_like(run["age"], dtype=float)
    found = {kind: 1 + health * ages * ((1 + percent / 100) ** years - 1) for kind, percent in kinds.items()}
    cost = run["municipal_unit_cost"] if "municipal_unit_cost" in run else run["unit_cost"]
    more = pressure_need(run["population"], cost, run["expenditure_need"], found)
    return run.assign(more.data_vars)


def with_path(run: xr.Dataset, services: Sequence[str] = ("school", "health")) -> xr.Dataset:
    """A run whose services follow with delay, at a cost where they shrink."""
    how = {name: Adjustment(speed_up=0.6, speed_down=0.5, restructuring=0.2) for name in services}
    need = run["expenditure_need"]
    if "pressure_need" in run:
        need = (need + run["pressure_need"].sum("pressure")).assign_attrs(need.attrs)
    return run.assign(adjustment_path(run.assign(expenditure_need=need), how).data_vars)
