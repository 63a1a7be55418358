"""The shipped example of a comparison: why the June 2025 estimate for 2026 became the March 2026 outcome."""

from __future__ import annotations

import pandas as pd

from demosim.baseline.read import read_baseline
from demosim.compare import Case, assumptions_of_outcome, explain
from demosim.costs.figures import facts, registered, single_ages
from demosim.costs.unit_costs import derive_unit_cost
from demosim.scenario.cost_options import CostOptions
from demosim.validation.results import (
    ASSUMED_GROWTH,
    DATA_SET,
    country_assumptions,
    one_region,
    scale_to_growth,
)

NOTE = (
    "Budget year 2026, the country as one region. June 2025: the 2024 main alternative from 1 January 2025, its net "
    "migration of 2025 scaled so that growth is 39 400. March 2026: the registered population of 1 January 2026. "
    "Deaths by age are not among the figures, so international migration includes deaths other than assumed."
)


def june_to_march(method: str = "shapley") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The decomposition of the miss of budget year 2026, and its sum beside the published miss.

    Returns kroner by factor, financing, service and level (see `demosim.compare.explain`); and `level`, `ours`,
    `low`, `high` (bn 2025-kr, free income). `NOTE` says what the two sides are.
    """
    country = one_region(read_baseline(DATA_SET), registered()[2025], 2025)
    scale = scale_to_growth(country, ASSUMED_GROWTH)
    june = country_assumptions(country, {"migration": {"multiplier": scale}}, 1)
    march = assumptions_of_outcome(june, registered()[2026])
    cost = derive_unit_cost(single_ages(), CostOptions(), 2025)
    parts = explain(Case(june, cost), Case(march, cost), 2026, method)
    free = parts[parts["financing"] == "free_income"].groupby("level")["kroner"].sum() / 1e9
    results = facts("published_results")
    published = results[results["kind"] == "miss"].set_index("sector")
    beside = [
        {"level": level, "ours": free[level], "low": published["low"][level], "high": published["high"][level]}
        for level in ("municipal", "county")
    ]
    return parts, pd.DataFrame(beside)
