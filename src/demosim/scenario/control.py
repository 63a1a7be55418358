"""Targets that are met while projecting: control totals by age, and net migration of single municipalities.

Both need the projection, which comes later in the chain, so it is handed in as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from demosim.axes import closing, opening
from demosim.errors import run_error
from demosim.packing import launch_share

Project = Callable[[xr.Dataset], xr.Dataset]
TOLERANCE = 1e-9  # relative, of control totals
MOST_ROUNDS = 1000
NEAR_ENOUGH = 1e-6  # persons, of net migration
WIDE = 0.5  # persons; a miss above it is an error
LARGEST = ("mass_balance",)  # what the engine reports that is a largest error and no count


@dataclass(frozen=True)
class ControlTotal:
    """Persons that certain ages (A,) of certain municipalities (M,) shall be on dates."""

    label: str
    municipalities: np.ndarray
    ages: np.ndarray
    persons: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class NetTarget:
    """Net migration that a municipality shall have, persons per year (T,), nan where it is free.

    `profile`: sex and age (S, A) of what is added or taken; it sums to one.
    """

    municipality: str
    persons: np.ndarray
    profile: np.ndarray


def project_with_targets(
    assumptions: xr.Dataset, project: Project, controls: Sequence[ControlTotal] = (),
    nets: Sequence[NetTarget] = (),
) -> xr.Dataset:  # fmt: skip
    """Project, meeting the net migration of municipalities and the control totals that a scenario sets.

    With control totals the result has `control_adjustment` (municipality, sex, age, date): persons that the fitting
    added on each date, on top of what births, deaths and migration gave. Without any target it is `project` itself.
    """
    if nets:
        assumptions = with_net_migration(assumptions, project, nets)
    return project_controlled(assumptions, project, controls) if controls else project(assumptions)


def with_net_migration(assumptions: xr.Dataset, project: Project, nets: Sequence[NetTarget]) -> xr.Dataset:
    """Assumptions whose projection gives municipalities the net migration asked for.

    The streams `net NUMBER` are corrected by what is missing until nothing is. What is added in one year moves net
    migration of that year one for one and of later years a little, so as many rounds as there are years suffice.
    Raises a `DemosimError` (1) where cells at zero stand in the way.
    """
    interval = int(assumptions.attrs["interval_years"])
    inflow = assumptions["stream_inflow"].copy()
    names = [str(name) for name in assumptions["stream"].values]
    missing: dict[str, float] = {}
    for _ in range(assumptions.sizes["year"] + 2):
        found = net_migration(project(assumptions.assign(stream_inflow=inflow)))
        missing = {}
        for net in nets:
            number = net.municipality
            short = np.nan_to_num(net.persons * interval - found.sel(municipality=number).values)
            missing[number] = float(np.abs(short).max())
            for name, sign in ((f"net {number}", 1.0), (f"net {number}, others", -1.0)):
                if name in names:
                    inflow[names.index(name)] += sign * short[:, None, None] * net.profile
        if max(missing.values()) < NEAR_ENOUGH:
            break
    else:
        worst = max(missing, key=lambda number: missing[number])
        if missing[worst] > WIDE:
            what = f"net migration cannot be met, {missing[worst]:.0f} persons are missing: too few live there to leave"
            raise run_error(what, path=f"municipalities.{worst}.net")
    return assumptions.assign(stream_inflow=inflow)


def net_migration(projection: xr.Dataset) -> xr.DataArray:
    """Net migration of all kinds by municipality and year: growth less births plus deaths."""
    total = projection["population"].sum(("sex", "age"))
    growth = total.diff("date", label="lower").rename(date="year").assign_coords(year=projection["year"])
    births = projection["births"].sum("sex")
    deaths = projection["deaths"].sum(("sex", "age_end_of_year"))
    return growth - births + deaths


def project_controlled(assumptions: xr.Dataset, project: Project, controls: Sequence[ControlTotal]) -> xr.Dataset:
    """Project from one controlled date to the next; at each the population is fitted to its totals and carried on.

    Migrants to an age where nobody is go by the shares of the first launch throughout, as without totals.
    """
    interval = int(assumptions.attrs["interval_years"])
    first, horizon = int(assumptions["year"].values[0]), int(assumptions["year"].values[-1]) + interval
    dates = sorted({date for control in controls for date in control.persons if date <= horizon} | {horizon})
    pieces: list[xr.Dataset] = []
    start = first
    population = assumptions["jump_off_population"]
    if "launch_share" not in assumptions:
        share = launch_share({"jump_off_population": population.transpose("municipality", ...).values})
        assumptions = assumptions.assign(launch_share=("municipality", share))
    for date in dates:
        part = assumptions.sel(year=slice(start, date - interval)).assign(jump_off_population=population)
        piece = project(part.assign_attrs(launch_year=start, horizon=date))
        late = piece["population"].sel(date=date).transpose("municipality", "sex", "age")
        fitted = fit(late.values, [(c, c.persons[date]) for c in controls if date in c.persons], date)
        piece["control_adjustment"] = xr.zeros_like(piece["population"])
        piece["control_adjustment"].loc[{"date": date}] = late.copy(data=fitted - late.values)
        beyond = piece["population_mid_year"] - _middle(piece)  # streams that come early or late in the year
        piece["population"] = piece["population"] + piece["control_adjustment"]
        piece["population_mid_year"] = _middle(piece) + beyond
        pieces.append(piece)
        population = late.copy(data=fitted).drop_vars("date")
        start = date
    return joined(pieces, assumptions.attrs)


def fit(population: np.ndarray, totals: Sequence[tuple[ControlTotal, float]], date: int) -> np.ndarray:
    """Iterative proportional fitting: the population nearest to the given one that meets all totals.

    Every cell of a total is multiplied by one factor, total after total, until all hold (Deming and Stephan 1940).

    population: (M, S, A). Raises a `DemosimError` (1) where totals contradict each other or no one is there to scale.
    """
    result = population.copy()
    for _ in range(MOST_ROUNDS):
        worst, gap = "", 0.0
        for control, persons in totals:
            cells = np.ix_(control.municipalities, np.ones(result.shape[1], dtype=bool), control.ages)
            now = float(result[cells].sum())
            if now == 0.0 < persons:
                raise run_error(f"no one is there on 1 January {date} to be {persons:g} persons", path=control.label)
            miss = abs(now - persons) / max(persons, 1.0)
            if miss > gap:
                worst, gap = control.label, miss
            if now > 0.0:
                result[cells] *= persons / now
        if gap <= TOLERANCE:
            return result
    raise run_error(f"control totals of 1 January {date} contradict each other (miss {gap:.1e})", path=worst)


def joined(pieces: Sequence[xr.Dataset], common: Mapping[Hashable, Any]) -> xr.Dataset:
    """Projections of consecutive stretches as one; each begins on the date on which the one before ends.

    common: attributes of the whole. What the engine counted is added up; of a relative error the largest is taken.
    """
    for before, after in pairwise(pieces):
        if int(before["date"].values[-1]) != int(after["date"].values[0]):
            raise run_error(f"a projection to {before['date'].values[-1]} does not meet {after['date'].values[0]}")
    first, *rest = pieces
    names = [str(name) for name in first.data_vars]
    stocks = [name for name in names if "date" in first[name].dims]
    flows = [name for name in names if "year" in first[name].dims]
    ends = [first, *(piece.isel(date=slice(1, None)) for piece in rest)]
    by_date = xr.concat([part[stocks].drop_dims("year", errors="ignore") for part in ends], "date")
    by_year = xr.concat([part[flows].drop_dims("date", errors="ignore") for part in pieces], "year")
    merged = xr.merge([by_date, by_year], join="exact", compat="equals", combine_attrs="drop")[names]
    counted = [str(name) for name in pieces[-1].attrs if name not in common and name in first.attrs]
    counts = {name: [float(piece.attrs[name]) for piece in pieces] for name in counted}
    added = {name: max(values) if name in LARGEST else sum(values) for name, values in counts.items()}
    return merged.assign_attrs({**common, **added})


def _middle(piece: xr.Dataset) -> xr.DataArray:
    """The mean of the stocks at both ends of each year, with the axes of the population in the middle of the year."""
    mean = (opening(piece["population"]) + closing(piece["population"])) / 2
    return mean.transpose(*piece["population_mid_year"].dims)
