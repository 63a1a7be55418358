"""Spending laid on ages: parts of an amount, each even over the persons of its ages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from demosim.costs.care_users import care_user_parts
from demosim.costs.figures import Part, deaths, facts, single_ages
from demosim.costs.own import own_bands
from demosim.costs.services import Alternative, Band, Criterion, Service, Spread
from demosim.errors import ProblemGroup, run_error, usage_error


def parts_of(service: Service, profile: str, alternative: str | None, year: int) -> list[Part]:
    """The parts of a service's spending under a cost profile; shares sum to one.

    `alternative`: how criteria that are not ages are laid on ages; None for the one of the service's file.
    """
    spread = service.profiles.get(profile, service.spread)
    if spread.method == "cost-key":
        parts = _cost_key(service, spread, alternative, year)
    elif spread.method == "bands":
        parts = _bands(spread)
    else:
        parts = care_user_parts(spread, year)
    total = sum(part.share for part in parts)
    if not total > 0:
        raise run_error(f"the spending of {service.name} is spread on no age")
    return [replace(part, share=part.share / total) for part in parts]


def own_parts(shares: Mapping[str, float], last: int, path: str) -> list[Part]:
    """The parts that a scenario's own shares of spending by age band make up; `last`: the oldest single age.

    Raises a `DemosimError` (2) where a band is none, two have ages in common, or the shares do not sum to 1.
    """
    problems, parts = ProblemGroup(), []
    for inside, share in own_bands(shares, np.arange(last + 1), path, problems):
        at = np.flatnonzero(inside)
        parts.append(Part(int(at[0]), int(at[-1]), share, "the scenario's own shares"))
    if not problems.problems and abs(sum(shares.values()) - 1) > 1e-6:
        said = f"the shares sum to {sum(shares.values()):g}"
        problems.add(said, code="sum_of_shares", path=path, allowed="shares of the spending that sum to 1")
    problems.raise_if_any()
    return parts


def older_users(parts: Sequence[Part], above: int, share: float) -> list[Part]:
    """The parts with `share` of the spending on ages above a limit, in the proportions they have on either side.

    Raises a `DemosimError` (2) where all or none of the spending is above the limit already.
    """
    old = sum(part.share for part in parts if part.lower > above)
    young = 1 - old
    if not 0 < old < 1:
        what = f"{'all' if old else 'none'} of the spending is on ages above {above}"
        raise usage_error(what, code="older_pupils", path="costs.older_pupils", allowed="a spread on both sides of it")
    return [
        replace(part, share=part.share * (share / old if part.lower > above else (1 - share) / young))
        for part in parts
    ]


def kroner_per_person(amount: float, parts: Sequence[Part], number: np.ndarray) -> np.ndarray:
    """Kroner per person by single age: each part even over its persons, amount × share / persons."""
    cost = np.zeros(len(number))
    for part in parts:
        inside = slice(part.lower, part.upper + 1)
        cost[inside] += amount * part.share / number[inside].sum()
    return cost


def averaged(cost: np.ndarray, number: np.ndarray, lower: Sequence[int]) -> np.ndarray:
    """The mean cost of each age band (by its lower bounds) on all its ages, weighted by persons."""
    band = np.searchsorted(np.asarray(lower), np.arange(len(cost)), side="right")
    total = np.bincount(band, cost * number)
    each: np.ndarray = (total / np.maximum(np.bincount(band, number), 1e-12))[band]
    return each


def _cost_key(service: Service, spread: Spread, alternative: str | None, year: int) -> list[Part]:
    table = facts(spread.facts)
    weights = table[table[str(spread.column)] > 0]
    aged = weights[weights["age_from"].notna()]
    parts = [
        Part(int(row["age_from"]), int(row["age_to"]), float(row[str(spread.column)]), str(row["criterion"]))
        for _, row in aged.iterrows()
    ]
    other = weights[weights["age_from"].isna()].set_index("criterion")[str(spread.column)].astype(float).to_dict()
    chosen = _alternative(service, alternative)
    if chosen is None or not other:
        return parts
    if chosen.replace:
        return [_part(band, float(band.share or 0), chosen.note) for band in chosen.rest]
    for name, criterion in chosen.criteria.items():
        parts += _criterion_parts(name, criterion, other.pop(name, 0.0), year)
    rest = sum(other.values())
    return parts + [_part(band, rest * float(band.share or 0), "criteria that are not ages") for band in chosen.rest]


def _alternative(service: Service, name: str | None) -> Alternative | None:
    spread = service.non_age_spread
    if spread is None:
        return None
    wanted = name or spread.chosen
    if wanted not in spread.alternatives:
        raise usage_error(
            f'{service.name} has no alternative "{wanted}"', code="non-age-spread",
            path=f"costs.non_age_spread.{service.name}", allowed=", ".join(spread.alternatives),
        )  # fmt: skip
    return spread.alternatives[wanted]


def _criterion_parts(name: str, criterion: Criterion, weight: float, year: int) -> list[Part]:
    if criterion.by == "deaths":
        died = deaths(year)
        shares = np.array([died[band.from_ : _last(band) + 1].sum() for band in criterion.bands])
        shares = shares / shares.sum()
    else:
        shares = np.array([float(band.share or 0) for band in criterion.bands])
    return [_part(band, weight * share, name) for band, share in zip(criterion.bands, shares.tolist(), strict=True)]


def _bands(spread: Spread) -> list[Part]:
    rows = facts(spread.facts)
    for column, wanted in spread.where.items():
        rows = rows[rows[column].astype(str) == str(wanted)]
    return [
        Part(int(row["age_from"]), int(row["age_to"]), float(row["share"]), "users by age")
        for _, row in rows.iterrows()
    ]


def _part(band: Band, share: float, reason: str) -> Part:
    return Part(band.from_, _last(band), share, reason)


def _last(band: Band) -> int:
    """The last age of a band; an open one ends with the oldest single age of the tables."""
    return int(single_ages()["age"][-1]) if band.to is None else band.to
