"""Differences of results, and what they come from, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from demosim.compare import Case
from demosim.compare import explain as explain_difference
from demosim.outputs.messages import message
from demosim.outputs.netcdf import read_assumptions, read_result
from demosim.outputs.tables import Cell, Table
from demosim.scenario.places import find_municipality

MILLION = 1e6
Rows = list[tuple[str, Sequence[Cell]]]


def difference_tables(comparison: xr.Dataset, lang: str) -> list[Table]:
    """For each result after the first: demographic expenditure less the first's, by service and budget year."""
    money = comparison["demographic_expenditure_difference"].sel(financing="free_income").sum("municipality") / MILLION
    labels = money[f"service_label_{lang}"].values
    years = [str(year) for year in money["budget_year"].values]
    total = message(lang, "total")
    tables = []
    for name in map(str, money["scenario"].values[1:]):
        values = money.sel(scenario=name).transpose("service", "budget_year").values
        rows: Rows = [(str(label), row.tolist()) for label, row in zip(labels, values, strict=True)]
        rows.append((total, values.sum(axis=0).tolist()))
        title = message(lang, "difference_title", name=name, reference=comparison.attrs["reference"],
                        year=comparison.attrs["price_year"])  # fmt: skip
        differing = [
            str(item["name"]) for item in comparison.attrs["differing"]
            if item["scenario"] == name and item["name"] not in ("title", "demosim_version")
        ]  # fmt: skip
        note = message(lang, "difference_note", names=", ".join(differing) or "–")
        tables.append(Table(f"difference_{name}", title, [message(lang, "service"), *years], rows, 0, [total], [note]))
    return tables


def explanation_table(
    before: Path, after: Path, lang: str, budget_year: int | None = None, municipality: str | None = None
) -> Table:
    """The difference of two runs by assumption, in parts that add up (Shapley values), municipal and county apart."""
    first, second = _case(before), _case(after)
    code = None if municipality is None else find_municipality(first.assumptions, municipality)
    parts = explain_difference(first, second, budget_year, municipality=code)
    parts = parts[parts["financing"] == "free_income"]
    by_level = parts.pivot_table(index="factor", columns="level", values="kroner", aggfunc="sum", sort=False) / MILLION
    rows: Rows = []
    for factor, row in by_level.iterrows():
        cells = [float(row.get(level, 0.0)) for level in ("municipal", "county")]
        if any(cells):
            rows.append((str(factor), [*cells, sum(cells)]))
    total = message(lang, "total")
    rows.append((total, [sum(float(row[1][i] or 0) for row in rows) for i in range(3)]))
    heads = [message(lang, key) for key in ("factor", "municipal", "county", "total")]
    period = str(budget_year) if budget_year else message(lang, "whole_projection")
    title = message(lang, "explanation_title", period=period, year=int(first.unit_cost.attrs["price_year"]))
    return Table("explanation", title, heads, rows, 1, [total], [message(lang, "explanation_note")])


def _case(path: Path) -> Case:
    return Case(read_assumptions(path), read_result(path, "run")["unit_cost"])
