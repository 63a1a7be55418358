"""Groups of municipalities, and staff beside persons of working age, as tables."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from demosim.outputs.messages import heads, message
from demosim.outputs.regions import group_name, municipality_names
from demosim.outputs.tables import Rows, Table
from demosim.outputs.words import MILLION

THOUSAND = 1e3
SUPPLIES = ("supply_20_64", "supply_20_66")


def group_tables(found: pd.DataFrame, dataset: xr.Dataset, lang: str, budget_year: int | None) -> list[Table]:
    """What `demosim.groups.expenditure_by_group` gives: sums in millions; kroner per inhabitant of the first date."""
    scale = {"persons": 1 / THOUSAND, "growth": 100.0, "municipal": 1 / MILLION, "county": 1 / MILLION}
    sums, typical = Rows(), Rows()
    for row in found.to_dict("records"):
        group = group_name(row["group"], lang)
        sums.append((group, [str(row["municipalities"]), *(float(row[name]) * by for name, by in scale.items())]))
        typical.append((group, [float(row[name]) for name in ("per_inhabitant", "median", "mean")]))
    launch, last = int(dataset["date"].values[0]), int(dataset["budget_year"].values[-1])
    about = {"period": f"{budget_year - 1}–{budget_year}" if budget_year else f"{launch}–{last}",
             "year": int(dataset.attrs["price_year"])}  # fmt: skip
    notes = [[message(lang, f"groups_note_{name}")] for name in ("sums", "typical")]
    titles = [message(lang, f"groups_{name}", **about) for name in ("title", "typical_title")]
    return [
        Table("groups", titles[0], heads(lang, "heads_groups", launch=launch), sums, 1, notes=notes[0]),
        Table("groups_typical", titles[1], heads(lang, "heads_groups_typical"), typical, notes=notes[1]),
    ]


def labour_tables(found: pd.DataFrame, dataset: xr.Dataset, lang: str, single: bool) -> list[Table]:
    """Staff and persons of working age on the first and last date, and staff per 100 of them.

    Of single municipalities, or of all together. found: as `demosim.costs.fte.labour_balance` gives it.
    """
    dates = [int(dataset["date"].values[at]) for at in (0, -1)]
    names = municipality_names(dataset)
    counts, shares = Rows(), Rows()
    groups = found.groupby("municipality", sort=False) if single else [("", found)]
    for number, part in groups:
        place = f"{names[str(number)]}: " if single else ""
        summed = part.groupby("date")[["full_time_equivalents", *SUPPLIES]].sum()
        first, last = ({name: float(summed[name][date]) for name in summed} for date in dates)
        for name in summed:
            label = place + message(lang, f"staff_{name}")
            counts.append((label, [first[name], last[name], last[name] - first[name]]))
        for name in SUPPLIES:
            each = [100 * at["full_time_equivalents"] / at[name] for at in (first, last)]
            shares.append((place + message(lang, f"staff_share_{name}"), [*each, each[1] - each[0]]))
    columns = [message(lang, "staff"), *map(str, dates), message(lang, "change")]
    return [
        Table("labour", message(lang, "staff_title"), columns, counts),
        Table("labour_share", "", columns, shares, 1, notes=[message(lang, "staff_note")]),
    ]


def ten_year_table(found: pd.DataFrame, dataset: xr.Dataset, lang: str) -> Table:
    """Ten-year changes beside the published ones, and the staff that the published changes would rest on."""
    labels = dict(zip(dataset["service"].values, dataset[f"service_label_{lang}"].values, strict=True))
    rows: Rows = []
    for row in found.assign(growth=100 * found["growth"]).to_dict("records"):
        told = [float(row[name]) for name in ("start", "growth", "change", "published", "implied_base")]
        rows.append((str(labels[row["service"]]), told))
    title, notes = message(lang, "ten_years_title"), [message(lang, "ten_years_note")]
    return Table("ten_years", title, heads(lang, "heads_ten_years"), rows, 1, notes=notes)
