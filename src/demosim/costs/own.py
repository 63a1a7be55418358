"""Unit costs of the user's own, by own age bands, for the country or single municipalities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from demosim.axes import age_label, band_members, parse_band
from demosim.costs.prices import Deflator, read_deflator
from demosim.costs.services import unknown_services
from demosim.errors import ProblemGroup, did_you_mean, usage_error
from demosim.scenario.cost_options import OwnCosts


def with_own_costs(
    unit_cost: xr.DataArray, own: OwnCosts, municipalities: list[str] | None = None, deflator: Deflator | None = None
) -> xr.DataArray:
    """Unit costs with those of the user in place of the derived ones, in the prices of the derived.

    unit_cost: net kr per person (service, age). municipalities: numbers in the data set, needed where own costs are of
    some of them; the result is then (service, municipality, age). deflator: between the price years, the known one.

    Raises a `DemosimError` (2) with every unknown service and municipality and every gap and overlap of ages.
    """
    problems = ProblemGroup(own.file)
    services, places = unit_cost["service"].values.tolist(), municipalities or []
    rows = {}
    for place, table in own.cost.items():
        if place and place not in places:
            problems.add(f'there is no municipality "{place}"', suggestion=did_you_mean(place, places))
        unknown_services(table, services, place, problems)
        for service, bands in table.items():
            rows[place, service] = by_age(bands, unit_cost["age"].values, f"{place} {service}".strip(), problems)
    problems.raise_if_any()
    prices = deflator or read_deflator()
    if own.price_year not in prices.level:
        raise usage_error(
            f"the price index does not cover {own.price_year}", code="year_outside", file=own.file,
            path="price_year" if own.file else "costs.own.price_year",
            allowed=f"{min(prices.level)} to {max(prices.level)}",
        )  # fmt: skip
    factor = prices.factor(own.price_year, int(unit_cost.attrs["price_year"]))
    result = unit_cost.copy(deep=True)
    if own.places:
        whole = xr.DataArray(np.ones(len(places)), {"municipality": places})
        result = (result * whole).transpose("service", "municipality", "age").assign_attrs(unit_cost.attrs)
    for place, service in sorted(rows):  # the country's first, so that a municipality's own stand
        where = {"service": service, "municipality": place} if place else {"service": service}
        result.loc[where] = rows[place, service] * factor
    said = "; ".join(f"{place} {service}".strip() for place, service in sorted(rows))
    before = str(unit_cost.attrs.get("own_unit_costs", ""))
    return result.assign_attrs(own_unit_costs="; ".join(filter(None, (before, said))))


def with_municipal_costs(
    unit_cost: xr.DataArray, own: OwnCosts, numbers: Mapping[str, str], municipalities: list[str],
    deflator: Deflator | None = None,
) -> xr.DataArray:  # fmt: skip
    """Unit costs (service, municipality, age) with the own costs of single municipalities alone.

    numbers: the municipality that each place of `own` names.
    """
    cost = {numbers[place]: own.cost[place] for place in own.places}
    return with_own_costs(unit_cost, own.model_copy(update={"cost": cost}), municipalities, deflator)


def by_age(bands: Mapping[str, float], ages: np.ndarray, path: str, problems: ProblemGroup) -> np.ndarray:
    """Kroner by age class of a data set; every class must be in exactly one band.

    Notes in `problems`, at `path`, what is no band, which ages stand in two and which in none.
    """
    last, width = int(ages[-1]), int(ages[1] - ages[0]) if len(ages) > 1 else 1
    row, named = np.zeros(len(ages)), np.zeros(len(ages), dtype=bool)
    for inside, value in own_bands(bands, ages, path, problems):
        row[inside], named[inside] = value, True
    for first, final in _runs(~named):
        said = age_label(int(ages[first]), int(ages[final] + width - 1), last)
        allowed = f'write "{said}" = 0 where there is none'
        problems.add(f"ages {said} have no cost", code="missing_ages", path=path, allowed=allowed)
    return row


def own_bands(
    bands: Mapping[str, float], ages: np.ndarray, path: str, problems: ProblemGroup
) -> list[tuple[np.ndarray, float]]:
    """Age classes (True or False for each) and value of each band; notes what is none, cuts a class, or overlaps."""
    width = int(ages[1] - ages[0]) if len(ages) > 1 else 1
    owner, found = np.full(len(ages), "", dtype=object), []
    for label, value in bands.items():
        bounds = parse_band(label)
        if bounds is None or bounds[0] >= ages[-1] + width:
            problems.add(f'"{label}" is no age band', code="bad_age_band", path=path, allowed='"0", "1-5" or "90+"')
            continue
        inside = band_members(ages, width, *bounds)
        if inside is None:
            what = f'"{label}" cuts an age class of {width} years in two'
            problems.add(what, code="bad_age_band", path=path, allowed=f"bounds that are multiples of {width}")
            continue
        for other in dict.fromkeys(owner[inside].tolist()):
            if other:
                both = ages[inside & (owner == other)]
                said = age_label(int(both[0]), int(both[-1]), int(ages[-1]))
                what = f'ages {said} stand in both "{other}" and "{label}"'
                problems.add(what, code="overlapping_ages", path=path)
        owner[inside] = label
        found.append((inside, value))
    return found


def _runs(missing: np.ndarray) -> list[tuple[int, int]]:
    """First and last position of each unbroken stretch."""
    edges = np.flatnonzero(np.diff(np.r_[False, missing, False].astype(int)))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]
