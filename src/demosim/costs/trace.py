"""Where every unit cost comes from: total, weight, persons, kroner per person, source and mark, by age band."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from demosim.axes import age_label
from demosim.costs.accounts import Accounts
from demosim.costs.prices import deflator_of
from demosim.costs.services import Service, read_services
from demosim.costs.unit_costs import Derived, derive, derive_all
from demosim.scenario.cost_options import CostOptions

BANDS = (0, 1, 6, 13, 16, 19, 25, 67, 75, 80, 85, 90)


def trace_unit_costs(
    options: CostOptions | None = None, price_year: int | None = None, accounts: Accounts | None = None
) -> pd.DataFrame:
    """How each unit cost was reached, a row for each service and age band.

    price_year: prices of the result; by default those of each service's accounts. accounts: those of a data set.

    Columns: `service`, `level`, `ages`; `total`: net spending on the ages, kr; `weight`: their share of the service's
    spending; `persons`: mean of the year; `kr_per_person` = total / persons; `year` of the spending, `price_year`;
    `source` and `confidence` of the spending, `spread` and `spread_confidence` of the weights, `price_estimate`:
    whether the prices rest on an estimated growth.
    """
    chosen = CostOptions() if options is None else options
    derived = derive_all(chosen, accounts=accounts)
    return pd.concat([_of_service(item, price_year, chosen) for item in derived], ignore_index=True)


def _of_service(item: Derived, price_year: int | None, options: CostOptions) -> pd.DataFrame:
    deflator = deflator_of(options.price_growth)
    to = item.year if price_year is None else price_year
    factor = deflator.factor(item.year, to)
    spread = item.service.profiles.get(options.profile, item.service.spread)
    rows, last = [], len(item.cost) - 1
    for lower, upper in pairwise((*BANDS, len(item.cost))):
        number = float(item.number[lower:upper].sum())
        kroner = float((item.cost * item.number)[lower:upper].sum())
        rows.append(
            {
                "service": item.service.name, "level": item.service.level, "ages": age_label(lower, upper - 1, last),
                "total": kroner * factor, "weight": kroner / item.amount.value, "persons": number,
                "kr_per_person": kroner * factor / number, "year": item.year, "price_year": to,
                "source": item.amount.source, "confidence": item.amount.confidence,
                "spread": _how(item, lower, upper, spread.method), "spread_confidence": spread.confidence,
                "price_estimate": bool(deflator.estimated(item.year, to)),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _how(item: Derived, lower: int, upper: int, method: str) -> str:
    """The reasons that lay spending on any of the ages."""
    reasons = [part.reason for part in item.parts if part.lower < upper and part.upper >= lower]
    return "; ".join(dict.fromkeys(reasons)) or method


def trace_derivations(service: str | None = None, accounts: Accounts | None = None) -> pd.DataFrame:
    """Kroner per person by age band under every way to derive the unit costs, one choice changed at a time.

    Ways: every profile, smooth and in steps where the service can be smooth, each with every spread of the criteria
    that are not ages that the profile uses.

    Columns: `service`, `profile`, `shape`, `non_age_spread` (empty where the profile has none), `ages`,
    `kr_per_person` in prices of the accounts' year, and `chosen`: whether it is the default.
    """
    rows = []
    for item in [item for item in read_services() if service in (None, item.name)]:
        ways = derivations(item, accounts)
        bounds = _bounds(list(ways.values()))
        for (profile, shape, alternative), derived in ways.items():
            for lower, upper in pairwise(bounds):
                inside = slice(lower, upper)
                kroner = (derived.cost * derived.number)[inside].sum() / derived.number[inside].sum()
                rows.append(
                    {
                        "service": item.name, "profile": profile, "shape": shape, "non_age_spread": alternative,
                        "ages": age_label(lower, upper - 1, len(derived.cost) - 1), "kr_per_person": float(kroner),
                        "chosen": _is_chosen(item, profile, shape, alternative),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def _bounds(ways: Sequence[Derived]) -> list[int]:
    """Bounds of the bands; a band whose mean is the same in all ways is cut where they differ inside it."""
    cost = np.stack([way.cost for way in ways])
    number = ways[0].number
    found: set[int] = set()
    for lower, upper in pairwise((*BANDS, cost.shape[1])):
        found |= {lower, upper}
        inside = cost[:, lower:upper]
        mean = (inside * number[lower:upper]).sum(axis=1)
        if np.ptp(inside, axis=0).max() > 1 and np.ptp(mean) <= 1e-6 * mean.max():
            steps = (np.abs(np.diff(inside, axis=1)) > 1e-6).any(axis=0)
            found |= set((lower + 1 + np.flatnonzero(steps)).tolist())
    return sorted(found)


def derivations(service: Service, accounts: Accounts | None = None) -> dict[tuple[str, str, str], Derived]:
    """The unit costs of a service in every way: by profile, shape and spread of the criteria that are not ages."""
    spread = service.non_age_spread
    found = {}
    for profile in ("cost-key", *service.profiles):
        keyed = service.profiles.get(profile, service.spread).method == "cost-key"
        alternatives = [""] if spread is None or not keyed else list(spread.alternatives)
        for shape in ("smooth", "step") if service.smooth is not None else ("step",):
            for alternative in alternatives:
                chosen = {service.name: alternative} if alternative else {}
                options = CostOptions.model_validate(
                    {"profile": profile, "care_shape": shape, "non_age_spread": chosen}
                )
                found[profile, shape, alternative] = derive(service, options, accounts)
    return found


def relative_range(service: Service) -> np.ndarray:
    """Half the range of the derivations over their mean, by single age: how uncertain each cell of a service is.

    Kroner per person of all ways of `derivations`; 0 where all give nothing.
    """
    ways = np.stack([item.cost for item in derivations(service).values()])
    mean = ways.mean(axis=0)
    half = (ways.max(axis=0) - ways.min(axis=0)) / 2
    result: np.ndarray = np.divide(half, mean, where=mean > 0, out=np.zeros_like(mean))
    return result


def _is_chosen(service: Service, profile: str, shape: str, alternative: str) -> bool:
    usual = service.non_age_spread.chosen if service.non_age_spread and alternative else ""
    return profile == "cost-key" and (shape == "smooth" or service.smooth is None) and alternative == usual
