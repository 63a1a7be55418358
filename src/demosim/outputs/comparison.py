"""Differences of results, and what they come from, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from demosim.compare import Case
from demosim.compare import explain as explain_difference
from demosim.continuation import TEXT, stored_scenario
from demosim.outputs.messages import catalogue, message
from demosim.outputs.netcdf import read_assumptions, read_result
from demosim.outputs.sheets import additive
from demosim.outputs.summary import LEVELS, by_level, level_rows
from demosim.outputs.tables import Rows, Table
from demosim.outputs.words import MILLION, money_decimals
from demosim.scenario.places import find_municipality
from demosim.variables import REGISTRY

SETTINGS = {  # setting that two runs may differ in: the message that names it
    "baseline": "setting_baseline", "baseline_digest": "setting_baseline_digest", "launch_year": "setting_launch",
    "horizon": "setting_horizon", "profile": "setting_profile", "transport": "setting_transport",
}  # fmt: skip


def difference_tables(comparison: xr.Dataset, lang: str) -> list[Table]:
    """For each result after the first: demographic expenditure less the first's, by service and budget year."""
    money = comparison["demographic_expenditure_difference"].sel(financing="free_income").sum("municipality") / MILLION
    labels = money[f"service_label_{lang}"].values
    years = [str(year) for year in money["budget_year"].values]
    tables = []
    for name in map(str, money["scenario"].values[1:]):
        values = money.sel(scenario=name).transpose("service", "budget_year").values
        decimals = money_decimals(values.sum(axis=0))
        shown = by_level(values * 10**decimals, money["level"].values) / 10**decimals
        rows, totals = level_rows(shown, money["level"].values, labels, lang)
        title = message(lang, "difference_title", name=name, reference=comparison.attrs["reference"],
                        year=comparison.attrs["price_year"])  # fmt: skip
        differing = [differing_name(item, lang) for item in comparison.attrs["differing"] if item["scenario"] == name]
        note = message(lang, "difference_note", names="; ".join(text for text in differing if text) or "–")
        heads = [message(lang, "service"), *years]
        tables.append(Table(f"difference_{name}", title, heads, rows, decimals, totals, [note]))
    return tables


def differing_name(item: Mapping[str, Any], lang: str) -> str:
    """An assumption or setting that differs, in words; settings with both values, nothing of what every scenario has
    of its own (its title, the program's version)."""
    name = str(item["name"])
    if name in REGISTRY:
        return REGISTRY[name].label if lang == "en" else REGISTRY[name].label_nb
    if name not in SETTINGS:
        return ""
    what = message(lang, SETTINGS[name])
    return message(lang, "difference_setting", what=what, before=item["from"], after=item["to"])


def explanation_table(
    before: Path, after: Path, lang: str, budget_year: int | None = None, municipality: str | None = None,
    method: str = "shapley",
) -> Table:  # fmt: skip
    """The difference of two runs by assumption, in parts that add up, municipal and county apart."""
    first, second = _case(before), _case(after)
    code = None if municipality is None else find_municipality(first.assumptions, municipality)
    parts = explain_difference(first, second, budget_year, method, code)
    title = message(
        lang, "explanation_title", period=str(budget_year) if budget_year else message(lang, "whole_projection"),
        year=int(first.unit_cost.attrs["price_year"]),
    )  # fmt: skip
    return factor_table(parts, title, lang, message(lang, f"explanation_note_{method}"))


def factor_table(parts: pd.DataFrame, title: str, lang: str, note: str) -> Table:
    """Millions by factor and level, as `demosim.compare.explain` gives kroner, charged to free income; what is shown is
    rounded together, so that it adds up."""
    parts = parts[parts["financing"] == "free_income"]
    by_level = parts.pivot_table(index="factor", columns="level", values="kroner", aggfunc="sum", sort=False) / MILLION
    by_level = by_level.reindex(columns=LEVELS).fillna(0.0)
    by_level = by_level[by_level.any(axis=1)]
    exact = by_level.to_numpy().reshape(-1, len(LEVELS))
    names = [*(factor_name(str(factor), lang) for factor in by_level.index), message(lang, "total")]

    def with_sums(cells: np.ndarray) -> Rows:
        every = np.vstack([cells, cells.sum(axis=0)]).tolist()
        return [(name, [*row, sum(row)]) for name, row in zip(names, every, strict=True)]

    heads = [message(lang, key) for key in ("factor", "municipal", "county", "total")]
    shown = with_sums(additive(exact, 1))
    return Table("explanation", title, heads, with_sums(exact), 1, [names[-1]], [note], shown)


def factor_name(factor: str, lang: str) -> str:
    """A factor in words; what the user has named keeps its name."""
    if factor.startswith("stream "):
        return message(lang, "factor_stream", name=factor.removeprefix("stream "))
    key = f"factor_{factor.replace(' ', '_')}"
    return message(lang, key) if key in catalogue(lang) else factor


def _case(path: Path) -> Case:
    """A stored run as one side of a comparison, with the need that is not demography kept apart."""
    result = read_result(path, "run")
    assumptions = read_assumptions(path)
    cost = result["municipal_unit_cost"] if "municipal_unit_cost" in result else result["unit_cost"]
    kinds = result["pressure"].values.tolist() if "pressure" in result else []
    ratios = {kind: result["cost_multiplier"].sel(pressure=kind, drop=True) for kind in kinds}
    own = stored_scenario(assumptions).costs.price_growth if TEXT in assumptions.attrs else None
    return Case(assumptions, cost, ratios, own)
