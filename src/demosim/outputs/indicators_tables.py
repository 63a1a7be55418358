"""Indicators of the population by group and date, and beside the published ones, as tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from demosim.indicators import CLASSES
from demosim.outputs.messages import heads, message
from demosim.outputs.regions import group_name
from demosim.outputs.tables import Rows, Table

PERCENT = 100.0


def indicator_tables(
    found: pd.DataFrame, chosen: pd.DataFrame, published: pd.DataFrame, lang: str, ages: tuple[int, int]
) -> list[Table]:
    """Dependency ratio and its classes, shares of the old, growth by age, decline; then the published beside ours.

    found: `demosim.indicators_by_group.with_history`, of which `chosen` are the rows of the dates that are shown.
    published: `beside_published` of the same module.
    """
    tables = [_dependency(chosen, lang, ages), _classes(chosen, lang)]
    if "67+" in chosen or "80+" in chosen:
        tables.append(_old(chosen, lang))
    tables += [_growth(chosen, lang), _decline(found, lang)]
    return [*tables, _published(published, lang)] if len(published) else tables


def _dependency(chosen: pd.DataFrame, lang: str, ages: tuple[int, int]) -> Table:
    rows = _rows(chosen, lang, {"dependency_ratio": 1.0, "dependency_ratio_median": 1.0})
    title = message(lang, "indicators_dependency", lower=ages[0], upper=ages[1])
    notes = [message(lang, "indicators_median_note")]
    return Table("dependency_ratio", title, heads(lang, "heads_indicators_dependency"), rows, 3, notes=notes)


def _classes(chosen: pd.DataFrame, lang: str) -> Table:
    scale = {name: factor for level in CLASSES for name, factor in ((level, 1.0), (f"{level}_share", PERCENT))}
    title, columns = message(lang, "indicators_classes"), heads(lang, "heads_indicators_classes")
    return Table("dependency_classes", title, columns, _rows(chosen, lang, scale))


def _old(chosen: pd.DataFrame, lang: str) -> Table:
    names = [name for label in ("67+", "80+") if label in chosen for name in (label, f"{label}_median")]
    words = message(lang, "indicators_together"), message(lang, "indicators_median")
    columns = ["", *(f"{name.removesuffix('_median')}\n{words[name.endswith('_median')]}" for name in names)]
    rows = _rows(chosen, lang, dict.fromkeys(names, PERCENT))
    return Table("old_age_shares", message(lang, "indicators_old"), columns, rows, 1)


def _growth(chosen: pd.DataFrame, lang: str) -> Table:
    ages = [str(name).removeprefix("index_") for name in chosen.columns if str(name).startswith("index_")]
    rows = _rows(chosen, lang, {f"index_{age}": 1.0 for age in ages})
    columns = ["", *(message(lang, "indicators_everyone") if age == "0+" else age for age in ages)]
    return Table("age_index", message(lang, "indicators_growth"), columns, rows)


def _decline(found: pd.DataFrame, lang: str) -> Table:
    """Every year with its groups as columns; the last date opens no year."""
    known = found[found["declining_share"].notna()]
    groups = list(dict.fromkeys(known["group"]))
    rows: Rows = []
    for (kind, year), part in known.groupby(["kind", "date"], sort=False):
        share = part.set_index("group")["declining_share"]
        told = message(lang, f"indicators_{kind}")
        rows.append((f"{year} ({told})", [PERCENT * share.get(group, float("nan")) for group in groups]))
    rows.sort(key=lambda row: row[0])
    columns = ["", *(group_name(group, lang) for group in groups)]
    return Table("decline", message(lang, "indicators_decline"), columns, rows, 1)


def _published(published: pd.DataFrame, lang: str) -> Table:
    rows: Rows = [
        (message(lang, f"indicators_of_{row['item']}", year=row["year"]),
         [float(row[name]) for name in ("published", "ours", "deviation")])
        for row in published.sort_values("year", kind="stable").to_dict("records")
    ]  # fmt: skip
    notes = [message(lang, "indicators_published_why")]
    if published["ours"].isna().any():
        notes.append(message(lang, "indicators_published_past"))
    columns = heads(lang, "heads_indicators_published")
    return Table("published", message(lang, "indicators_published"), columns, rows, 1, notes=notes)


def _rows(chosen: pd.DataFrame, lang: str, scale: dict[str, float]) -> Rows:
    """A row for each group and date, with a column for each indicator."""
    return [(_label(row, lang), [float(row[name] * factor) for name, factor in scale.items()])
            for row in chosen.to_dict("records")]  # fmt: skip


def _label(row: Mapping[Hashable, Any], lang: str) -> str:
    said = f" ({message(lang, 'indicators_registered')})" if row["kind"] == "registered" else ""
    return f"{group_name(row['group'], lang)}, {row['date']}{said}"
