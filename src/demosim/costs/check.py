"""The table `[costs]` of a scenario against the services and ages that are there: every problem with its line."""

from __future__ import annotations

from dataclasses import replace

import xarray as xr

from demosim.axes import parse_band
from demosim.costs.own import by_age
from demosim.costs.pressure import HEALTHIER_AGEING, OBSERVED, UNIT_COST
from demosim.costs.services import chosen_services, read_services, unknown_services
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError, Problem, ProblemGroup, instead_of
from demosim.scenario.cost_options import CostOptions, OwnCosts, Pressure
from demosim.scenario.places import Gazetteer
from demosim.scenario.spec import Spec

CARE, SCHOOL = "pleie_omsorg", "grunnskole"
_USED_BY = {OBSERVED[0]: CARE, OBSERVED[1]: CARE, OBSERVED[2]: SCHOOL, HEALTHIER_AGEING: CARE}


def check_costs(baseline: xr.Dataset, spec: Spec) -> None:
    """Everything about the costs of a scenario that can be known before it is run.

    Services and municipalities that are not there, gaps and overlaps of ages, years without accounts or prices.
    Raises a `DemosimError` (2) with every problem, each with its line.
    """
    options, problems = spec.costs, ProblemGroup()
    every = [service.name for service in read_services()]
    counted = _counted(baseline, options)
    for key in ("non_age_spread", "spread", "net_share", "services"):
        unknown_services(getattr(options, key) or (), every, f"costs.{key}", problems)
    unknown_services(options.adjustment or (), counted, "costs.adjustment", problems)
    if options.pressure is not None:
        _pressure(options.pressure, counted, baseline, problems)
    if options.own is not None:
        _own(options.own, counted, baseline, problems)
    if not problems.problems:
        with problems.collecting():
            derive_unit_cost(baseline, options.of_country, spec.price_year)
    if problems.problems:
        placed = [_placed(problem, spec) for problem in problems.problems]
        raise DemosimError(sorted(placed, key=lambda problem: problem.line or 0), 2)


def municipalities_of(baseline: xr.Dataset, own: OwnCosts) -> dict[str, str]:
    """Number of the municipality that each place of own costs names; raises where one is not there."""
    problems, names = ProblemGroup(own.file), Gazetteer(baseline)
    found: dict[str, str] = {}
    top = "" if own.file else "costs.own."
    for place in own.places:
        number = names.municipality(place)
        if isinstance(number, Problem):
            problems.problems.append(replace(number, file=own.file, path=f"{top}{place}"))
        elif number in found.values():
            problems.add(f"{names.label(number)} stands twice", code="repeated_municipality", path=f"{top}{place}")
        else:
            found[place] = number
    problems.raise_if_any()
    return found


def _counted(baseline: xr.Dataset, options: CostOptions) -> list[str]:
    """Services that the scenario counts; where it names ones that are not there, those of the files."""
    if "unit_cost" in baseline:
        return [str(name) for name in baseline["unit_cost"]["service"].values]
    services = read_services()
    known = {service.name for service in services}
    wanted = {name: on for name, on in options.services.items() if name in known}
    return [service.name for service in chosen_services(services, wanted, {"transport": options.transport})]


def _pressure(pressure: Pressure, counted: list[str], baseline: xr.Dataset, problems: ProblemGroup) -> None:
    path = "costs.pressure"
    unknown_services(pressure.unit_cost, counted, f"{path}.unit_cost", problems)
    for key, service in _USED_BY.items():
        if getattr(pressure, key) != 0 and service not in counted:
            what = f"acts on {service}, which is not counted"
            problems.add(what, code="unknown_service", path=f"{path}.{key}", allowed=", ".join(counted))
    ages = baseline["age"].values
    if pressure.healthier_ageing != 0 and len(ages) > 1 and ages[1] - ages[0] > 1:
        problems.add("needs single years of age", code="bad_age_band", path=f"{path}.{HEALTHIER_AGEING}")
    for name, growth in pressure.growth.items():
        here = f"{path}.growth.{name}"
        if name in (*_USED_BY, UNIT_COST):
            problems.add("is the name of another pressure", code="collision", path=here, allowed="another name")
        if growth.service not in counted:
            what = f'no service is called "{growth.service}"'
            problems.add(what, code="unknown_service", path=f"{here}.service", **instead_of(growth.service, counted))
        if parse_band(growth.ages) is None:
            what = f'"{growth.ages}" is no age band'
            problems.add(what, code="bad_age_band", path=f"{here}.ages", allowed='"0", "1-5" or "90+"')


def _own(own: OwnCosts, counted: list[str], baseline: xr.Dataset, problems: ProblemGroup) -> None:
    with problems.collecting():
        municipalities_of(baseline, own)
    found = ProblemGroup(own.file)
    top = "" if own.file else "costs.own."
    for place, table in own.cost.items():
        where = f"{top}{place}." if place else top
        unknown_services(table, counted, where.rstrip("."), found)
        for service, bands in table.items():
            by_age(bands, baseline["age"].values, f"{where}{service}", found)
    problems.problems += found.problems


def _placed(problem: Problem, spec: Spec) -> Problem:
    """A problem with the file and line of its key in the scenario."""
    if problem.file is not None:
        return problem
    line = spec.lines.line(tuple((problem.path or "").split("."))) if spec.lines is not None else None
    return replace(problem, file=spec.file, line=line)
