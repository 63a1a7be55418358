"""A stored run carried on to a later horizon, as if it had gone there at once."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import NoReturn

import numpy as np
import xarray as xr

from demosim.errors import ProblemGroup, usage_error
from demosim.packing import launch_share
from demosim.projection import project
from demosim.scenario.check import flow_years
from demosim.scenario.control import joined, project_with_targets
from demosim.scenario.document import to_toml
from demosim.scenario.forms import BySex
from demosim.scenario.knobs import LifeExpectancy
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import Resolved, resolve
from demosim.scenario.series import Segment, Series
from demosim.scenario.spec import Spec

TEXT = "scenario_text"  # attribute of stored assumptions


def with_scenario_text(assumptions: xr.Dataset, baseline: xr.Dataset, spec: Spec) -> xr.Dataset:
    """Assumptions that carry their scenario, so that a stored run can be continued (attribute `scenario_text`).

    The text is the resolved form for every year of the data set and not only up to the horizon; a life expectancy
    given as one number, which is met in the last year of the run, stands with that year.
    """
    interval, years = int(baseline.attrs["interval_years"]), flow_years(baseline)
    whole = _dated(spec, spec.horizon - interval).model_copy(update={"horizon": int(years[-1]) + interval})
    document = {**resolve(baseline, whole).document, "horizon": spec.horizon}
    return assumptions.assign_attrs({TEXT: to_toml(document)})


def stored_scenario(assumptions: xr.Dataset) -> Spec:
    """The scenario of a stored run.

    It is a resolved one: a stored scenario that names a file was not written by us, and no file is read for it.
    Raises a `DemosimError` (2) where none is stored, or one that is no scenario.
    """
    text = assumptions.attrs.get(TEXT)
    if not isinstance(text, str):
        raise usage_error("does not hold its scenario and cannot be continued; run the scenario again to the horizon")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise usage_error(f"holds a scenario that cannot be read ({error})", path=TEXT) from error
    return spec_from(tree, alone=True)


def continue_with(
    stored: xr.Dataset, assumptions: xr.Dataset, spec: Spec, baseline: xr.Dataset
) -> tuple[xr.Dataset, xr.Dataset]:
    """A stored projection carried on to the horizon of a scenario: the whole projection, and its assumptions.

    The scenario is resolved anew for the whole period and the years that lie ahead are projected from the last
    stored stock; settlement keys, fading deviations and returns are therefore those of the first launch, and the
    result is that of one run to the horizon, bit for bit. (Counters are added up; net migration that municipalities
    shall have is met to 1e-6 persons in either case, and is then not the same to the last bit.)

    stored: result of `demosim.projection.project` for all municipalities, further variables are left out;
    assumptions: what it was made from, as stored, with `scenario_text`; spec: the scenario to go on with, which may
    differ from the stored one after the years already projected; baseline: the data set it was made from.
    Raises a `DemosimError` (2) where the horizon is not later, the data set is another, the result holds only some
    municipalities, or the scenario means something else for the years already projected.
    """
    resolved = resolve(baseline, spec)
    check_stored(stored, assumptions, resolved)
    _check_targets(resolve(baseline, stored_scenario(assumptions)), resolved)
    piece = _ahead(stored, assumptions, resolved)
    whole = with_scenario_text(resolved.assumptions, baseline, spec)
    return joined([stored[list(piece.data_vars)], piece], resolved.assumptions.attrs), whole


def check_stored(stored: xr.Dataset, assumptions: xr.Dataset, resolved: Resolved) -> None:
    """Raise a `DemosimError` (2) with all that keeps a stored run from being continued under a resolved scenario."""
    now, problems = resolved.assumptions, ProblemGroup()
    last, horizon = int(stored["date"].values[-1]), int(now.attrs["horizon"])
    if horizon <= last:
        problems.add(f"{horizon} is not after 1 January {last}, where the stored run ends", path="horizon")
    if assumptions.attrs.get("baseline_digest") != now.attrs["baseline_digest"]:
        problems.add("the stored run was made from another version of the data set", path="baseline")
    if not np.array_equal(stored["municipality"].values.astype(str), now["municipality"].values.astype(str)):
        held, all_of_them = stored.sizes["municipality"], now.sizes["municipality"]
        problems.add(f"holds {held} municipalities of {all_of_them}; only a run of all can be continued")
    problems.raise_if_any()
    changed = _changed(assumptions, now)
    if changed:
        _refuse(changed)


def _check_targets(before: Resolved, now: Resolved) -> None:
    """Refuse other control totals or municipal net migration in the years already projected."""
    last, steps = int(before.assumptions.attrs["horizon"]), before.assumptions.sizes["year"]

    def targets(one: Resolved) -> dict[str, list[tuple[object, ...]]]:
        totals = [(c.label, date, n) for c in one.controls for date, n in c.persons.items() if date <= last]
        nets = [(net.municipality, net.persons[:steps].tobytes()) for net in one.nets]
        return {"control": list(totals), "municipalities": list(nets)}

    was, shall = targets(before), targets(now)
    changed = [name for name in was if was[name] != shall[name]]
    if changed:
        _refuse(changed)


def _refuse(changed: list[str]) -> NoReturn:
    what = f"the scenario differs from that of the stored run in years already projected ({', '.join(changed)})"
    raise usage_error(what, allowed="run the scenario from its launch, without the stored run")


def _ahead(stored: xr.Dataset, assumptions: xr.Dataset, resolved: Resolved) -> xr.Dataset:
    """The years that lie ahead of a stored run."""
    now, start = resolved.assumptions, int(stored["date"].values[-1])
    shape = now["jump_off_population"].dims
    stock = stored["population"].isel(date=-1, drop=True).transpose(*shape)
    share = launch_share({"jump_off_population": now["jump_off_population"].transpose(*shape).values})
    ahead = now["year"].values >= start
    part = now.isel(year=ahead).assign(jump_off_population=(shape, stock.values), launch_share=("municipality", share))
    controls = [
        replace(control, persons={date: n for date, n in control.persons.items() if date > start})
        for control in resolved.controls
    ]
    nets = [replace(net, persons=net.persons[ahead]) for net in resolved.nets]
    kept = [control for control in controls if control.persons]
    piece = project_with_targets(part, project, kept, nets)
    missing = [str(name) for name in piece.data_vars if name not in stored]
    if missing:
        raise usage_error(f"does not hold {', '.join(missing)}; only a whole projection can be continued")
    if resolved.controls and "control_adjustment" not in piece:
        piece["control_adjustment"] = xr.zeros_like(piece["population"])
    return piece


def _changed(before: xr.Dataset, now: xr.Dataset) -> list[str]:
    """Names of the assumptions that differ in the years already projected; a stream that is new is one of them."""
    if list(map(str, before["stream"].values)) != list(map(str, now["stream"].values)):
        return ["stream"]
    early = now.isel(year=slice(before.sizes["year"]))
    if not np.array_equal(before["year"].values, early["year"].values):
        return ["year"]
    names = [str(name) for name in early.data_vars]
    return [n for n in names if n not in before or not np.array_equal(before[n].values, early[n].values)]


def _dated(spec: Spec, last_year: int) -> Spec:
    """The scenario with a life expectancy that is one number written as the target of a certain year."""
    value = spec.knobs.get(LifeExpectancy.path)
    if not isinstance(value, BySex):
        return spec
    key = str(last_year)
    sexes = {
        sex: Series(segments=(Segment(last_year, last_year, series.number, series.number, key),), over=series.over)
        for sex, series in value.items()
        if series.number is not None
    }
    return spec.model_copy(update={"knobs": {**spec.knobs, LifeExpectancy.path: replace(value, **sexes)}})
