"""Full-time equivalents: the need in people, where a source says how many work in the service."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from demosim.costs.figures import facts, look_up, registered, single_ages
from demosim.costs.services import FullTimeEquivalents, Service, read_services
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import usage_error
from demosim.indicators import of_ages
from demosim.scenario.cost_options import CostOptions

SUPPLY_AGES = {"20-64": (20, 64), "20-66": (20, 66)}
_PUBLISHED = {"grunnskole": "grunnskole", "pleie_omsorg": "care", "videregaende": "upper_secondary"}


def source_year_fte(service: Service) -> tuple[float, dict[str, object]]:
    """Full-time equivalents of the country in the source's year, and what is said of them.

    per-inhabitant: rate × inhabitants at the end of the year; per-user: users / users per FTE; coverage: persons of the
    ages at the end of the year × coverage / users per FTE; total: as published.
    """
    rule = service.fte
    if rule is None:
        raise usage_error(f"no source says how many work in {service.name}", code="no-fte")
    return _count(rule, _at_end(rule.year)), {"year": rule.year, "confidence": rule.confidence, "note": rule.note}


def _count(rule: FullTimeEquivalents, persons: np.ndarray) -> float:
    def value(name: str, year: int | None = None) -> float:
        return look_up(getattr(rule, name), year).value

    people = float(persons[rule.ages.from_ : None if rule.ages.to is None else rule.ages.to + 1].sum())
    if rule.method == "total":
        return value("total")
    if rule.method == "per-inhabitant":
        return value("rate", rule.year) * people
    users = value("users") if rule.method == "per-user" else people * value("coverage")
    return users / value("users_per_fte")


def _at_end(year: int) -> np.ndarray:
    """Registered persons by single age at the end of a year."""
    both = registered()
    if year + 1 not in both:
        raise usage_error(f"the population of {year + 1} is not carried", allowed=f"{min(both)} to {max(both)}")
    persons: np.ndarray = both[year + 1].sum(axis=0)
    return persons


def fte_per_krone(options: CostOptions, price_year: int, baseline: xr.Dataset | None = None) -> pd.DataFrame:
    """Full-time equivalents per krone of need in the source's year, by service, NaN where there is no source.

    The need of the source's year is that of the registered population at its end, at the same unit costs and prices as
    the need that is to be counted. Columns `fte`, `need`, `fte_per_krone`, `year`, `confidence`, `note`.
    """
    kept = [] if baseline is None else [name for name in ("accounts", "country_population") if name in baseline]
    ages = single_ages().assign({name: baseline[name] for name in kept if baseline is not None})
    cost = derive_unit_cost(ages, options, price_year)
    services = {service.name: service for service in read_services()}
    rows = {}
    for name in cost["service"].values.tolist():
        row: dict[str, object] = dict.fromkeys(("fte", "need", "fte_per_krone"), np.nan)
        row |= {"year": None, "confidence": "", "note": ""}
        rule = services[name].fte
        if rule is not None:
            count, about = source_year_fte(services[name])
            need = float(cost.sel(service=name).values @ _at_end(rule.year))
            row |= {"fte": count, "need": need, "fte_per_krone": count / need, **about}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("service")


def full_time_equivalents(
    need: xr.DataArray, options: CostOptions, baseline: xr.Dataset | None = None
) -> xr.DataArray:
    """Full-time equivalents that the need calls for, at the source year's full-time equivalents per krone.

    need: kroner charged to free income (service, municipality, date), `expenditure_need` of one financing. Standard,
    coverage and productivity are those of the source year. baseline: the data set, whose own accounts are used where
    it carries any.

    Returns (service, municipality, date) for the services that have a source; the attribute `without_source` names the
    others.
    """
    if "financing" in need.dims:
        need = need.sel(financing="free_income", drop=True)
    table = fte_per_krone(options, int(need.attrs["price_year"]), baseline)
    known = [name for name in need["service"].values.tolist() if table["fte_per_krone"].get(name, np.nan) > 0]
    rate = xr.DataArray(table.loc[known, "fte_per_krone"].to_numpy(float), {"service": known})
    found = (need.sel(service=known) * rate).transpose(*need.dims).rename("full_time_equivalents")
    without = [name for name in need["service"].values.tolist() if name not in known]
    return found.assign_attrs(units="FTE", without_source=" ".join(without), source_years=_years(table, known))


def _years(table: pd.DataFrame, known: list[str]) -> str:
    return "; ".join(f"{name}: {year:.0f}" for name, year in table.loc[known, "year"].astype(float).items())


def ten_year_change(fte: xr.DataArray) -> pd.DataFrame:
    """Change of full-time equivalents over ten years, country, beside the published ones, which nothing is fitted to.

    fte: as `full_time_equivalents` gives it, with dates ten years apart; the first ten years are taken.

    Columns: `service`, `start`, `change`, `growth` (share), `published`, `implied_base`: published change / our growth,
    the staff that the published change would rest on if it grew as our need does; `note`.
    """
    first = int(fte["date"].values[0])
    if first + 10 not in fte["date"].values:
        raise usage_error(f"there is no 1 January {first + 10}", path="date", allowed="a run of at least ten years")
    country = fte.dropna("service", how="all").sum("municipality")
    rules = {service.name: service.fte for service in read_services()}
    published = facts("fte").set_index("item")["value"]
    rows = []
    for name in country["service"].values.tolist():
        start, end = (float(country.sel(service=name, date=date)) for date in (first, first + 10))
        rule = rules.get(name)
        item = f"ten_year_change_{_PUBLISHED.get(name, '')}"
        told = float(published[item]) if item in published else np.nan
        rows.append(
            {
                "service": name, "start": start, "change": end - start, "growth": end / start - 1, "published": told,
                "implied_base": told / (end / start - 1), "note": rule.note if rule else "",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def labour_supply(population: xr.DataArray) -> xr.DataArray:
    """Persons of working age, 20–64 and 20–66, `labour_supply` (working_ages, municipality, date)."""
    persons = population.sum("sex")
    parts = [of_ages(persons, *ages) for ages in SUPPLY_AGES.values()]
    labels = xr.Variable("working_ages", np.array(list(SUPPLY_AGES)))
    found = xr.concat(parts, labels, coords="minimal", compat="override")
    return found.transpose("working_ages", "municipality", "date").rename("labour_supply")


def labour_balance(fte: xr.DataArray, population: xr.DataArray) -> pd.DataFrame:
    """Demand for staff beside supply of labour, by municipality and date.

    Columns `municipality`, `date`, `full_time_equivalents` (services that have a source, added up), `supply_20_64`,
    `supply_20_66` persons, and `share_20_64`, `share_20_66`: full-time equivalents per person of working age.
    """
    supply = labour_supply(population)
    demand = fte.sum("service").transpose("municipality", "date")
    table = demand.to_series().rename("full_time_equivalents").to_frame()
    for label in SUPPLY_AGES:
        name = label.replace("-", "_")
        table[f"supply_{name}"] = supply.sel(working_ages=label, drop=True).to_series()
        table[f"share_{name}"] = table["full_time_equivalents"] / table[f"supply_{name}"]
    return table.reset_index()
