"""What the need meets, as tables: room to manoeuvre, refugees, the income system, fiscal standing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from demosim.outputs.messages import heads, message
from demosim.outputs.numbers import number
from demosim.outputs.tables import Cell, Rows, Table
from demosim.outputs.words import MILLION

SHOWN = 10  # municipalities that a terminal is given


def room_table(columns: Mapping[str, pd.DataFrame], budget_year: int, price_year: int, lang: str) -> Table:
    """Room to manoeuvre of a budget year, bn kr, in columns such as `published` and `ours`.

    columns: as `demosim.fiscal.room.national_room` gives them.
    """
    first = next(iter(columns.values()))
    rows: Rows = []
    for at, item in enumerate(first["item"].tolist()):
        cells = [float(table["bn_kr"].iloc[at]) for table in columns.values()]
        rows.append((message(lang, f"room_{item.replace(' ', '_')}"), cells))
    by = ["", *(message(lang, f"room_by_{name}") for name in columns)]
    title = message(lang, "room_title", year=budget_year, price_year=price_year)
    notes = [message(lang, "room_not_included")] if first["bn_kr"].isna().any() else []
    return Table("room", title, by, rows, 2, [rows[-1][0]], notes)


def burden_table(found: pd.DataFrame, lang: str, names: Mapping[str, str], chosen: Sequence[str]) -> Table:
    """Demographic expenditure in per cent of free income by budget year: all together, spread, and chosen places.

    found: as `demosim.fiscal.room.burden` gives it; per cent of free income of the launch year.
    """
    years = sorted(found["budget_year"].unique())
    by_year = found.groupby("budget_year")
    whole = 100 * by_year["kroner"].sum() / by_year["free_income"].sum()
    rows: Rows = [(message(lang, "burden_all"), [float(whole[year]) for year in years])]
    for label, share in (("low", 0.1), ("median", 0.5), ("high", 0.9)):
        spread = by_year["per_cent"].quantile(share)
        rows.append((message(lang, f"burden_{label}"), [float(spread[year]) for year in years]))
    for code in chosen:
        own = found[found["municipality"] == code].set_index("budget_year")["per_cent"]
        rows.append((names[code], [float(own[year]) for year in years]))
    note = message(lang, "burden_note", basis=str(found["basis"].iloc[0]))
    columns = [message(lang, "budget_year"), *map(str, years)]
    return Table("burden", message(lang, "burden_title"), columns, rows, 1, notes=[note])


def refugees_table(found: pd.DataFrame, lang: str, stream: str, about: Mapping[str, object]) -> Table:
    """Grant, measured cost and ordinary need by year, million kr, of the municipalities given together."""
    names = ["grant", "cost", "uncovered", "demographic_expenditure"]
    summed = found.groupby("year")[["persons", *names]].sum(min_count=1)
    summed = summed[summed["persons"] > 0]
    rows: Rows = []
    for name in ("persons", *names):
        scale = 1.0 if name == "persons" else MILLION
        rows.append((message(lang, f"refugees_{name}"), [float(value) / scale for value in summed[name]]))
    columns = [message(lang, "refugees_year"), *map(str, summed.index)]
    notes = [message(lang, "refugees_note", **about)]
    return Table("refugees", message(lang, "refugees_title", stream=stream), columns, rows, 1, notes=notes)


def refugees_places_table(found: pd.DataFrame, lang: str, names: Mapping[str, str], year: int) -> Table:
    """The municipalities that carry most per inhabitant in one year, kroner per inhabitant.

    found: with `grant`, `uncovered`, `demographic_expenditure` and `inhabitants`.
    """
    rows: Rows = []
    part = found[found["year"] == year].copy()
    part["each"] = part["uncovered"] / part["inhabitants"]
    part = part.sort_values("each", ascending=False, kind="stable").head(SHOWN)
    for row in part.to_dict("records"):
        each = [float(row[name]) / row["inhabitants"]
                for name in ("grant", "cost", "uncovered", "demographic_expenditure")]  # fmt: skip
        rows.append((names[row["municipality"]], [*each[:3], 100 * float(row["uncovered_share"]), each[3]]))
    title = message(lang, "refugees_places_title", year=year)
    return Table("refugees_places", title, heads(lang, "heads_refugees"), rows)


def income_tables(found: pd.DataFrame, lang: str, names: Mapping[str, str], codes: Sequence[str]) -> list[Table]:
    """The income system of a year, kroner per inhabitant; the whole country in sums, and the municipalities asked for.

    found: as `demosim.fiscal.income.income_system` gives it.
    """
    parts = [name for name in ("expenditure_equalisation", "tax_equalisation") if name in found]
    rows: Rows = []
    for row in found[found["municipality"].isin(codes)].to_dict("records"):
        each = [float(row[f"{name}_per_inhabitant"]) for name in ("innbyggertilskudd", *parts)]
        rows.append((names[row["municipality"]], [number(row["need_index"], 4, lang), *each]))
    columns = [message(lang, f"income_{name}") for name in ("place", "need_index", "innbyggertilskudd", *parts)]
    year = int(found.attrs["year"])
    held = 100 * float(found.attrs["held_weight"])
    notes = [
        message(lang, "income_held", weight=f"{held:.0f}", names=", ".join(str(found.attrs["held"]).split()) or "–"),
        message(lang, "income_figures", need=found.attrs["need_per_inhabitant"],
                grant=found.attrs["innbyggertilskudd"], key_year=found.attrs["cost_key"]),
        message(lang, "income_tax" if "tax_equalisation" in parts else "income_no_tax"),
        message(lang, "income_counties"),
    ]  # fmt: skip
    return [Table("income", message(lang, "income_title", year=year), columns, rows, 0, notes=notes)]


def effect_table(found: pd.DataFrame, lang: str, names: Mapping[str, str], codes: Sequence[str], years: str) -> Table:
    """What the change of population does to the income system, million kr and kr per inhabitant.

    found: as `demosim.fiscal.income.effect_of_change` gives it.
    """
    parts = [name for name in ("innbyggertilskudd", "expenditure_equalisation", "tax_equalisation") if name in found]
    rows: Rows = []
    for row in found[found["municipality"].isin(codes)].to_dict("records"):
        cells = [value for name in parts for value in (row[name] / MILLION, row[f"{name}_per_inhabitant"])]
        rows.append((names[row["municipality"]], cells))
    totals = [found[name].sum() / MILLION for name in parts]
    rows.append((message(lang, "total"), [cell for total in totals for cell in (total, None)]))
    columns = [message(lang, "income_place")]
    units = [message(lang, f"income_in_{unit}") for unit in ("millions", "each")]
    columns += [message(lang, f"income_{name}") + unit for name in parts for unit in units]
    title = message(lang, "income_effect_title", years=years)
    return Table("income_effect", title, columns, rows, 1, [rows[-1][0]])


def standing_tables(found: pd.DataFrame, lang: str, names: Mapping[str, str], codes: Sequence[str]) -> list[Table]:
    """What the accounts survey says of groups, and the groups and demographic expenditure of municipalities.

    found: as `demosim.fiscal.survey.standing` gives it.
    """
    part = found[found["municipality"].isin(codes)]
    groups: Rows = []
    for kind in ("size", "landsdel"):
        column = "size_class" if kind == "size" else "landsdel"
        for row in part.drop_duplicates(column).sort_values(column, key=_in_order, kind="stable").to_dict("records"):
            cells = [row.get(f"{name}_{kind}", float("nan")) for name in ("result", "negative", "reserves")]
            groups.append((str(row[column]), [float(value) for value in cells]))
    rows: Rows = []
    for row in part.to_dict("records"):
        each: list[Cell] = [str(row["size_class"]), str(row["landsdel"])]
        each.append(float(row["demographic_expenditure"]) / MILLION)
        each += [float(row["years_carried"])] if "years_carried" in found else []
        rows.append((names[row["municipality"]], each))
    columns = heads(lang, "heads_standing")
    columns += [message(lang, "standing_years")] if "years_carried" in found else []
    notes = [[message(lang, f"standing_note_{name}")] for name in ("groups", "places")]
    return [
        Table("standing_groups", message(lang, "standing_groups_title"),
              heads(lang, "heads_standing_groups"), groups, 1, notes=notes[0]),
        Table("standing", message(lang, "standing_title"), columns, rows, 1, notes=notes[1]),
    ]  # fmt: skip


def _in_order(classes: pd.Series) -> pd.Series:
    """What classes of size are sorted by, their lower bounds; names as they are."""
    return classes.map(lambda name: int(found[0]) if (found := re.match(r"\d+", name)) else name)
