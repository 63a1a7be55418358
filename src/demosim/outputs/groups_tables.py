"""Groups of municipalities, and staff beside persons of working age, as tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import xarray as xr

from demosim.outputs.messages import message
from demosim.outputs.tables import Cell, Table

MILLION, THOUSAND = 1e6, 1e3
SUPPLIES = ("supply_20_64", "supply_20_66")
Rows = list[tuple[str, Sequence[Cell]]]


def group_tables(found: pd.DataFrame, dataset: xr.Dataset, lang: str, budget_year: int | None) -> list[Table]:
    """What `demosim.groups.expenditure_by_group` gives: sums in millions; kroner per inhabitant of the first date."""
    scale = {"persons": 1 / THOUSAND, "growth": 100.0, "municipal": 1 / MILLION, "county": 1 / MILLION}
    sums: Rows = []
    for row in found.to_dict("records"):
        numbers: list[Cell] = [float(row[name]) * factor for name, factor in scale.items()]
        sums.append((str(row["group"]), [str(row["municipalities"]), *numbers]))
    typical: Rows = [
        (str(row["group"]), [float(row[name]) for name in ("per_inhabitant", "median", "mean")])
        for row in found.to_dict("records")
    ]
    launch, last = int(dataset["date"].values[0]), int(dataset["budget_year"].values[-1])
    about = {"period": f"{budget_year - 1}–{budget_year}" if budget_year else f"{launch}–{last}",
             "year": int(dataset.attrs["price_year"])}  # fmt: skip
    heads = message(lang, "heads_groups", launch=launch).split("|")
    notes = [[message(lang, f"groups_note_{name}")] for name in ("sums", "typical")]
    return [
        Table("groups", message(lang, "groups_title", **about), heads, sums, 1, notes=notes[0]),
        Table("groups_typical", message(lang, "groups_typical_title", **about),
              message(lang, "heads_groups_typical").split("|"), typical, 0, notes=notes[1]),
    ]  # fmt: skip


def labour_tables(found: pd.DataFrame, dataset: xr.Dataset, lang: str, single: bool) -> list[Table]:
    """Staff and persons of working age on the first and last date, and staff per 100 of them.

    Of single municipalities, or of all together. found: as `demosim.costs.fte.labour_balance` gives it.
    """
    dates = [int(dataset["date"].values[at]) for at in (0, -1)]
    names = dict(zip(dataset["municipality"].values, dataset["municipality_name"].values, strict=True))
    counts: Rows = []
    shares: Rows = []
    groups = found.groupby("municipality", sort=False) if single else [("", found)]
    for number, part in groups:
        place = f"{names[number]}: " if single else ""
        summed = part.groupby("date")[["full_time_equivalents", *SUPPLIES]].sum()
        first, last = ({name: float(summed[name][date]) for name in summed} for date in dates)
        for name in summed:
            label = place + message(lang, f"staff_{name}")
            counts.append((label, [first[name], last[name], last[name] - first[name]]))
        for name in SUPPLIES:
            each = [100 * at["full_time_equivalents"] / at[name] for at in (first, last)]
            shares.append((place + message(lang, f"staff_share_{name}"), [*each, each[1] - each[0]]))
    heads = [message(lang, "staff"), *map(str, dates), message(lang, "change")]
    return [
        Table("labour", message(lang, "staff_title"), heads, counts),
        Table("labour_share", "", heads, shares, 1, notes=[message(lang, "staff_note")]),
    ]


def ten_year_table(found: pd.DataFrame, dataset: xr.Dataset, lang: str) -> Table:
    """Ten-year changes beside the published ones, and the staff that the published changes would rest on."""
    labels = dict(zip(dataset["service"].values, dataset[f"service_label_{lang}"].values, strict=True))
    rows: Rows = []
    for row in found.to_dict("records"):
        told = [None if row[name] != row[name] else float(row[name]) for name in ("published", "implied_base")]
        rows.append((str(labels[row["service"]]), [row["start"], 100 * row["growth"], row["change"], *told]))
    heads = message(lang, "heads_ten_years").split("|")
    return Table("ten_years", message(lang, "ten_years_title"), heads, rows, 1, notes=[message(lang, "ten_years_note")])
