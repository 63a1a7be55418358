"""Unit costs by age, derived from accounts, sub-cost keys and users."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.costs.accounts import Accounts, accounts_of
from demosim.costs.figures import Amount, Part, look_up, persons
from demosim.costs.own import with_own_costs
from demosim.costs.prices import deflator_of
from demosim.costs.services import Service, check_services, chosen_services, read_services
from demosim.costs.smooth import smooth_from
from demosim.costs.spread import averaged, kroner_per_person, older_users, own_parts, parts_of
from demosim.errors import run_error, usage_error
from demosim.scenario.cost_options import CostOptions

KOSTRA_YEAR = 2024  # the newest accounts that are final
TBU_BANDS = (0, 6, 16, 19, 67, 80, 90)


@dataclass(frozen=True)
class Derived:
    """The unit costs of one service and what they were made of. `cost`: kroner per person by single age, of `year`."""

    service: Service
    amount: Amount
    parts: list[Part]
    number: np.ndarray
    cost: np.ndarray
    net_share: Amount

    @property
    def year(self) -> int:
        """Year of the spending and of its prices."""
        return int(self.amount.year or 0)


def derive(service: Service, options: CostOptions, accounts: Accounts | None = None) -> Derived:
    """The unit costs of a service: spending × share of each part / persons of its ages, then shaped as asked for.

    accounts: those of the data set, which go before the tables of facts for the services and years that they have.
    """
    asked = options.kostra_year or (accounts.year if accounts is not None else None) or KOSTRA_YEAR
    kept = accounts.amount(service.name, asked) if accounts is not None else None
    amount = kept or look_up(service.expenditure, options.kostra_year or KOSTRA_YEAR)
    year = int(amount.year or 0)
    number = accounts.persons(year) if kept is not None and accounts is not None else persons(year)
    own = (options.spread or {}).get(service.name)
    if own is None:
        shares_of = year if kept is None else Accounts.known_year(year)
        parts = parts_of(service, options.profile, options.non_age_spread.get(service.name), shares_of)
    else:
        parts = own_parts(own, len(number) - 1, f"costs.spread.{service.name}")
    if service.older_users_above is not None and options.older_pupils is not None:
        parts = older_users(parts, service.older_users_above, options.older_pupils)
    cost = kroner_per_person(amount.value, parts, number)
    if service.smooth is not None and options.care_shape == "smooth" and own is None:
        how = service.smooth
        if options.care_anchor is not None:
            how = how.model_copy(update={"anchor": options.care_anchor})
        cost = smooth_from(cost, number, how)
    if options.bands is not None:
        cost = averaged(cost, number, options.bands)
    net_share = look_up(service.net_share)
    if options.net_share is not None and service.name in options.net_share:
        net_share = Amount(options.net_share[service.name], None, "the scenario", "the scenario's own")
    return Derived(service, amount, parts, number, cost, net_share)


def derive_all(options: CostOptions, folder: Path | None = None, accounts: Accounts | None = None) -> list[Derived]:
    """The unit costs of every service that the options count."""
    plain = options.derived_only
    if folder is None and accounts is None:
        return list(_embedded(plain.model_dump_json()))
    return _derive_from(plain, folder, accounts)


@cache
def _embedded(options: str) -> list[Derived]:
    """Of the embedded services, once for each set of options: a run needs them for kroner and for staff."""
    return _derive_from(CostOptions.model_validate_json(options), None)


def _derive_from(options: CostOptions, folder: Path | None, accounts: Accounts | None = None) -> list[Derived]:
    services = read_services(folder)
    known = [service.name for service in services]
    for name in ("non_age_spread", "spread", "net_share"):
        check_services(getattr(options, name) or (), known, f"costs.{name}")
    wanted = chosen_services(services, options.services, {"transport": options.transport})
    return [derive(service, options, accounts) for service in wanted]


def derive_unit_cost(
    baseline: xr.Dataset, options: CostOptions, price_year: int, folder: Path | None = None
) -> xr.DataArray:
    """Net cost per person by service and age, charged to free income, in prices of one year.

    Kroner per person (service, age) with the coordinates `level`, `net_share` and the labels of each service. A data
    set that carries its own `unit_cost` is taken at its word, in its own prices; one that carries `accounts` has its
    spending from there. Ages wider than a year get the mean of their single ages, weighted by persons.

    Raises a `DemosimError` for a year, service or alternative that is not there.
    """
    if options.own is not None:
        if options.own.places:
            raise usage_error(
                "has unit costs of single municipalities, which only a run counts", path="costs.own",
                code="municipal-costs", allowed="own costs for the country",
            )  # fmt: skip
        plain = derive_unit_cost(baseline, options.derived_only, price_year, folder)
        return with_own_costs(plain, options.own, deflator=deflator_of(options.price_growth))
    if "unit_cost" in baseline:
        own = baseline["unit_cost"]
        if int(own.attrs.get("price_year", 0)) != price_year:
            raise run_error(
                f"the unit costs of the data set are in prices of {own.attrs.get('price_year')}", path="price_year",
                allowed=f"price_year = {own.attrs.get('price_year')}",
            )  # fmt: skip
        return own
    deflator = deflator_of(options.price_growth)
    ages = baseline["age"].values
    derived = derive_all(options, folder, accounts_of(baseline))
    rows = [_at_ages(item.cost, item.number, ages) * deflator.factor(item.year, price_year) for item in derived]
    estimates = sorted({year for item in derived for year in deflator.estimated(item.year, price_year)})
    services = [item.service for item in derived]
    return xr.DataArray(
        np.stack(rows),
        dims=("service", "age"),
        coords={
            "service": [service.name for service in services],
            "age": ages,
            "level": ("service", [service.level for service in services]),
            "net_share": ("service", [item.net_share.value for item in derived]),
            **{f"service_label_{lang}": ("service", [s.label[lang] for s in services]) for lang in ("nb", "nn", "en")},
        },
        attrs={
            "price_year": price_year,
            "profile": options.profile,
            "transport": int(any(service.switch == "transport" for service in services)),
            "estimated_price_years": " ".join(map(str, estimates)),
            "confidence": "; ".join(f"{item.service.name}: {item.amount.confidence}" for item in derived),
        },
        name="unit_cost",
    )  # fmt: skip


def _at_ages(cost: np.ndarray, number: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """Means of single ages over the ages of a data set, by persons; the last takes all above."""
    if len(ages) == len(cost):
        return cost
    means: np.ndarray = averaged(cost, number, [int(age) for age in ages])[ages]
    return means
