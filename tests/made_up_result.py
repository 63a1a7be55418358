"""Results with made-up costs, in the form that a run stores: for whatever shows them to readers."""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.projection import project
from demosim.scenario.resolve import resolve
from demosim.scenario.spec import Spec
from made_up import small_country, three_regions

HUMPS = {  # service: level, lower, upper age, kr per person, share charged to free income
    "nursery": ("municipal", 1, 5, 200_000.0, 0.93),
    "school": ("municipal", 6, 15, 170_000.0, 0.92),
    "care": ("municipal", 67, 200, 190_000.0, 0.85),
    "health": ("municipal", 0, 200, 9_000.0, 0.8),
    "college": ("county", 16, 18, 160_000.0, 0.84),
    "dentist": ("county", 3, 20, 3_000.0, 0.76),
}


def unit_costs(ages: np.ndarray, price_year: int) -> xr.DataArray:
    """Made-up kr per person (service, age); care costs rise with age."""
    rows = []
    for _level, lower, upper, amount, _share in HUMPS.values():
        width = int(ages[1] - ages[0])
        share = np.clip(np.minimum(ages + width, upper + 1) - np.maximum(ages, lower), 0, width) / width
        rows.append(amount * share * (1 + np.maximum(ages - 67, 0) / 10))
    names = list(HUMPS)
    return xr.DataArray(
        np.array(rows),
        dims=("service", "age"),
        coords={
            "service": names, "age": ages, "level": ("service", [HUMPS[name][0] for name in names]),
            "net_share": ("service", [HUMPS[name][4] for name in names]),
            **{f"service_label_{lang}": ("service", [name.title() for name in names]) for lang in ("nb", "nn", "en")},
        },
        attrs={"price_year": price_year, "units": "kr per person"},
    )  # fmt: skip


def with_costs(projection: xr.Dataset, price_year: int = 2026) -> xr.Dataset:
    """A projection with need, demographic expenditure and unit costs."""
    unit_cost = unit_costs(projection["age"].values, price_year)
    free = xr.dot(unit_cost, projection["population"].sum("sex"), dim="age")
    need = xr.concat([free, free / unit_cost["net_share"]], "financing").assign_coords(financing=["free_income", "all"])
    need = need.transpose("financing", "service", "municipality", "date")
    change = need.diff("date").rename(date="budget_year")
    total = (need.isel(date=slice(1, None)) - need.isel(date=0, drop=True)).rename(date="budget_year")
    money = {"price_year": price_year, "units": "kr"}
    return projection.assign(
        unit_cost=unit_cost,
        expenditure_need=need.assign_attrs(money),
        demographic_expenditure=change.assign_attrs(money),
        accumulated_demographic_expenditure=total.assign_attrs(money),
    ).assign_attrs(price_year=price_year, digest="0" * 64)


def run_of(
    baseline: xr.Dataset, name: str = "made-up", title: str = "A made-up scenario", **keys: object
) -> xr.Dataset:
    """The result of a scenario without knobs, with made-up costs; `title` may hold anything."""
    years = baseline["year"].values
    launch = int(baseline.attrs["launch_year"])
    horizon = int(years[min(years.tolist().index(launch) + 10, len(years) - 1)])
    fields: dict[str, object] = {
        "name": name, "title": "made up", "baseline": str(baseline.attrs["name"]), "price_year": launch,
        "horizon": horizon, "variant": str(baseline["variant"].values[0]), **keys,
    }  # fmt: skip
    resolved = resolve(baseline, Spec(**fields))  # type: ignore[arg-type]  # the fields of Spec, by name
    return with_costs(project(resolved.assumptions), launch).assign_attrs(title=title, scenario=name)


@cache
def small() -> xr.Dataset:
    """Four regions, single years of age."""
    return run_of(small_country())


@cache
def three() -> xr.Dataset:
    """Three regions in five-year ages and steps."""
    return run_of(three_regions())


@cache
def norway() -> xr.Dataset:
    """All municipalities of the embedded data set, main path, made-up costs."""
    baseline = read_baseline("norway2026")
    return run_of(baseline, "mmmm", "Hovedalternativet", variant="2024-MMMM", horizon=2036)
