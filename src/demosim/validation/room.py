"""The published room to manoeuvre beside ours."""

from __future__ import annotations

import pandas as pd

from demosim.baseline.read import read_baseline
from demosim.costs.figures import facts, single_ages
from demosim.costs.need import expenditure_of_change
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import usage_error
from demosim.fiscal.room import national_room
from demosim.scenario.cost_options import CostOptions
from demosim.validation.results import DATA_SET, population_changes

CHANGES = {"ours_estimate": "estimate", "ours_outcome": "outcome"}


def published_room(
    budget_year: int = 2026, growth: float | None = None, pension: float | None = None
) -> tuple[dict[str, pd.DataFrame], int]:
    """Room to manoeuvre of a budget year as published, and with our demographic expenditure in its place.

    growth, pension: bn kr, in place of the published growth, and of none.

    Returns tables of `demosim.fiscal.room.national_room` by name: `published`, and those of ours that the year has:
    `ours_estimate` (the population change that the budget assumed) and `ours_outcome` (the registered one); and their
    price year. Raises where nothing is published for the year.
    """
    published = facts("free_income")
    known = published[published["item"] == "demography_charged"]
    if budget_year not in known["year"].to_list():
        years = ", ".join(map(str, known["year"]))
        what = f"no room to manoeuvre is published for {budget_year}"
        raise usage_error(what, path="--budget-year", allowed=f"{years}, or a scenario FILE")
    price_year = int(known.set_index("year")["price_year"][budget_year])
    unit_cost = derive_unit_cost(single_ages(), CostOptions(), price_year)
    changes = population_changes(read_baseline(DATA_SET))
    found = {"published": national_room(budget_year, growth, None, pension)}
    for name, kind in CHANGES.items():
        change = changes.get(f"{kind} {budget_year}")
        if change is not None:
            ours = expenditure_of_change(change, unit_cost, "all", "free") / 1e9
            found[name] = national_room(budget_year, growth, ours, pension)
    return found, price_year
