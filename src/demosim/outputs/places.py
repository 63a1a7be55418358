"""Key figures of every place side by side: what the tables of municipalities, the maps and the pages share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.baseline.read import read_facts
from demosim.costs.prices import read_deflator
from demosim.outputs.measures import Measures, is_norway
from demosim.outputs.words import Words

OLD = 80


@dataclass(frozen=True)
class KeyFigures:
    """One number for each place (region,). Amounts in kr, charged to free income.

    `first`: demographic expenditure of the first budget year; `accumulated`: up to the horizon; both also `_per_head`,
    per inhabitant at the launch. `income_share`: `accumulated` as a share of yearly free income, not a number where
    free income is not known. `dependency_first`, `_last`: persons outside 20-64 per person inside. `rank`: place
    among municipalities by `accumulated_per_head`, highest first; 0 for other places.
    """

    persons_first: np.ndarray
    persons_last: np.ndarray
    growth: np.ndarray
    old_first: np.ndarray
    old_last: np.ndarray
    old_growth: np.ndarray
    first: np.ndarray
    first_per_head: np.ndarray
    accumulated: np.ndarray
    accumulated_per_head: np.ndarray
    income_share: np.ndarray
    dependency_first: np.ndarray
    dependency_last: np.ndarray
    rank: np.ndarray


def key_figures(measures: Measures) -> KeyFigures:
    """The key figures of every place of the result."""
    persons = measures.population.values
    old = _persons_from(measures, OLD)
    first = _total(measures.yearly())[:, 0]
    accumulated = _total(measures.accumulated())[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        per_head = accumulated / persons[:, 0]
        ratio = measures.dependency_ratio.values
        return KeyFigures(
            persons_first=persons[:, 0], persons_last=persons[:, -1], growth=persons[:, -1] / persons[:, 0] - 1,
            old_first=old[:, 0], old_last=old[:, -1], old_growth=old[:, -1] / old[:, 0] - 1,
            first=first, first_per_head=first / persons[:, 0],
            accumulated=accumulated, accumulated_per_head=per_head, income_share=accumulated / free_income(measures),
            dependency_first=ratio[:, 0], dependency_last=ratio[:, -1], rank=_rank(measures, per_head),
        )  # fmt: skip


def free_income(measures: Measures) -> np.ndarray:
    """Yearly free income of each place, kr in the prices of the result: its own where the result holds `free_income`
    (municipality), else inhabitants times the country's mean per inhabitant, for Norway only, not a number elsewhere.
    """
    if "free_income" in measures.dataset:
        return measures.by_region(measures.dataset["free_income"]).values
    mean = mean_free_income(measures.dataset)
    return measures.population.values[:, 0] * (np.nan if mean is None else mean)


def free_income_notes(dataset: xr.Dataset, words: Words) -> list[str]:
    """What free income is taken to be, where a share of it is shown."""
    if "free_income" in dataset:
        return [words("note_free_income_own", file=str(dataset["free_income"].attrs.get("origin", "")))]
    return [] if mean_free_income(dataset) is None else [words("note_free_income")]


def mean_free_income(dataset: xr.Dataset) -> float | None:
    """The country's mean free income per inhabitant, kr: the latest year of the accounts, carried to the price year by
    the municipal deflator; None where the result is not of Norway or the deflator does not reach."""
    if not is_norway(dataset):
        return None
    facts = read_facts("free_income")
    rows = facts[facts["item"] == "free_income_per_inhabitant"].sort_values("year")
    year, value = int(rows["year"].iloc[-1]), float(rows["value"].iloc[-1])
    deflator, target = read_deflator(), int(dataset.attrs["price_year"])
    return value * deflator.factor(year, target) if target in deflator.level else None


def _persons_from(measures: Measures, age: int) -> np.ndarray:
    persons = measures.dataset["population"].sum("sex")
    return measures.by_region(persons.where(persons["age"] >= age, 0.0).sum("age")).values


def _total(money: xr.DataArray) -> np.ndarray:
    """Sum over the services that the place pays for (region, budget_year)."""
    return money.sum("service", skipna=True).transpose("region", "budget_year").values


def _rank(measures: Measures, values: np.ndarray) -> np.ndarray:
    own = np.array([region.kind == "municipality" for region in measures.regions])
    rank = np.zeros(len(values), dtype=int)
    order = np.argsort(-values[own], kind="stable")
    rank[np.flatnonzero(own)[order]] = np.arange(1, own.sum() + 1)
    return rank
