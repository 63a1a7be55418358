"""Published figures beside ours, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from demosim.baseline.read import read_facts
from demosim.outputs.messages import heads, message
from demosim.outputs.summary import LEVELS, yearly
from demosim.outputs.tables import Cell, Rows, Table
from demosim.outputs.words import BILLION
from demosim.rounding import rounded_parts
from demosim.validation.results import OPTIONS, PublishedRow

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 2  # of billions
SCENARIO = "mars2026"  # the scenario that the published estimate rests on


def published_table(result: xr.Dataset, lang: str) -> Table | None:
    """The published estimate of the first budget year beside ours, where there is one in the same prices."""
    year, price_year = int(result["budget_year"].values[0]), int(result.attrs["price_year"])
    rows = read_facts("published_results")
    rows = rows[(rows["kind"] == "estimate") & (rows["year"] == year) & (rows["price_year"] == price_year)]
    if rows.empty or str(result.attrs.get("baseline")) != "norway2026":
        return None
    ours_of = _ours(result)
    shown: Rows = []
    for row in rows.to_dict("records"):
        ours, published = ours_of[str(row["financing"]), str(row["sector"])], (row["low"] + row["high"]) / 2
        label = row_label(year, "estimate", str(row["sector"]), str(row["financing"]), lang)
        shown.append((label, [published, ours, ours - published]))
    columns = [message(lang, f"published_{part}") for part in ("row", "figure", "ours", "deviation")]
    said = [message(lang, "published_none_fitted")]
    if str(result.attrs.get("scenario")) != SCENARIO:
        said.insert(0, message(lang, "published_other_scenario", scenario=SCENARIO))
    return Table("published", message(lang, "published_title"), columns, shown, DECIMALS, notes=said)


def _ours(result: xr.Dataset) -> dict[tuple[str, str], float]:
    """Bn. kr of the first budget year by financing and sector, rounded so that the sectors add to their sum."""
    found: dict[tuple[str, str], float] = {}
    for financing in ("all", "free"):  # as the published rows call it
        amount = yearly(result, "all" if financing == "all" else "free_income").isel(budget_year=0)
        levels = amount["level"].values
        parts = np.array([float(amount[levels == level].sum()) for level in LEVELS]) / BILLION * 10**DECIMALS
        shown = rounded_parts(parts) / 10**DECIMALS
        found |= {(financing, level): float(part) for level, part in zip(LEVELS, shown, strict=True)}
        found[financing, "all"] = round(float(shown.sum()), DECIMALS)
    return found


def validation_tables(rows: Sequence[PublishedRow], lang: str) -> list[Table]:
    """Every published row beside ours: the default with its deviation, and then under each set of cost options."""
    numbers = [f"({i})" for i in range(1, len(rows) + 1)]
    used = {True: message(lang, "yes"), False: message(lang, "no")}
    columns = [message(lang, f"published_{part}") for part in ("row", "figure", "ours", "deviation", "used")]
    first: Rows = []
    for number, row in zip(numbers, rows, strict=True):
        words = row_label(row.year, row.kind, row.sector, row.financing, lang)
        cells: list[Cell] = [row.published, next(iter(row.ours.values())), row.deviation, used[row.used_in_calibration]]
        first.append((f"{number} {words} ({row.price_year}-kr)", cells))
    printed = [row for row in rows if row.published == row.published]
    options: Rows = [(name, [row.ours[name] for row in printed]) for name in OPTIONS]
    said = [message(lang, "published_none_fitted"), message(lang, "published_ranges")]
    return [
        Table("validation", message(lang, "published_title"), columns, first, 2, notes=said),
        Table("options", message(lang, "published_options"), ["", *numbers[: len(printed)]], options, 2),
    ]


def population_table(worst: pd.DataFrame, lang: str) -> Table:
    """Each round and age group: how far the unraked and the shipped projection are off at most."""
    totals = {"total": message(lang, "all_ages").casefold()}
    reasons = {f"ages of {who}": message(lang, f"population_ages_of_{who}") for who in ("migrants", "deaths")}
    rows: Rows = [
        (
            f"{row['variant']} {totals.get(row['age_group'], row['age_group'])}",
            [float(row["shipped_off"]), float(row["unraked_deviation"]), str(row["year"]), float(row["limit"]),
             message(lang, "yes" if row["within"] else "no"), reasons.get(row["explained_by"], "")],
        )
        for row in worst.to_dict("records")
    ]  # fmt: skip
    return Table("population", message(lang, "validate_population_title"), heads(lang, "heads_population"), rows, 2)


def row_label(year: int, kind: str, sector: str, financing: str, lang: str) -> str:
    """A published row in words: budget year, kind, whose services, which financing."""
    words = {"kind": f"kind_{kind}", "sector": f"sector_{sector}", "financing": f"published_financing_{financing}"}
    said = {name: message(lang, key.replace(" ", "_")) for name, key in words.items()}
    return message(lang, "published_label", year=year, **said)
