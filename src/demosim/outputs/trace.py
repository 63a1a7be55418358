"""Unit costs and where they come from, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from demosim.outputs.messages import heads, message
from demosim.outputs.origins import confidence
from demosim.outputs.tables import Rows, Table
from demosim.outputs.words import MILLION
from demosim.rounding import rounded_parts

if TYPE_CHECKING:
    import pandas as pd


def unit_cost_tables(traced: pd.DataFrame, lang: str, labels: Mapping[str, str]) -> list[Table]:
    """Kroner per person by age band and service, for each level with its sum, in numbers that add up."""
    wide = traced.pivot(index="ages", columns="service", values="kr_per_person")
    wide = wide.loc[traced["ages"].drop_duplicates()]
    year = int(traced["price_year"].iloc[0])
    notes = [message(lang, "deflator_estimate", years=year)] if bool(traced["price_estimate"].any()) else []
    tables = []
    for level, part in traced.groupby("level", sort=False):
        services = part["service"].drop_duplicates().tolist()
        shown = {str(age): rounded_parts(row.to_numpy(dtype=float)) for age, row in wide[services].iterrows()}
        rows: Rows = [(age, [*cells.tolist(), float(cells.sum())]) for age, cells in shown.items()]
        names = [labels.get(name, name) for name in services]
        columns = [message(lang, "age_group"), *names, message(lang, "total")]
        title = message(lang, "unit_cost_title", year=year, level=message(lang, str(level)))
        tables.append(Table(f"unit_costs_{level}", title, columns, rows, 0, notes=notes))
    return tables


def source_table(traced: pd.DataFrame, lang: str, labels: Mapping[str, str], cells: bool = False) -> Table:
    """What each service's unit costs come from; with `cells`, the total, weight and persons of every age band."""
    title, rows = message(lang, "source_title"), Rows()
    if cells:
        for row in traced.to_dict("records"):
            numbers = [row["total"] / MILLION, 100 * row["weight"], row["persons"], row["kr_per_person"]]
            rows.append((f"{labels.get(row['service'], row['service'])} {row['ages']}", numbers))
        said = traced.iloc[0]
        notes = [str(said[name]) for name in ("source", "confidence", "spread", "spread_confidence")]
        return Table("source_cells", title, heads(lang, "heads_source_cells"), rows, 1, notes=notes)
    for row in traced.drop_duplicates("service").to_dict("records"):
        marks = [confidence(str(row[name]), lang) for name in ("confidence", "spread_confidence")]
        rows.append((labels.get(row["service"], row["service"]), [str(row["year"]), *marks, str(row["source"])]))
    return Table("sources", title, heads(lang, "heads_source"), rows)


def derivation_tables(ways: pd.DataFrame, lang: str, labels: Mapping[str, str]) -> list[Table]:
    """For each service that can be derived in more than one way: kroner per person by age band and way."""
    tables = []
    for service, part in ways.groupby("service", sort=False):
        part = part.assign(way=part["profile"] + " " + part["shape"] + " " + part["non_age_spread"])
        if part["way"].nunique() < 2:
            continue
        names = part["way"].drop_duplicates().tolist()
        numbers = [f"({i})" for i in range(1, len(names) + 1)]
        wide = part.pivot(index="ages", columns="way", values="kr_per_person")
        wide = wide.loc[part["ages"].drop_duplicates(), names]
        rows: Rows = [(str(age), list(map(float, row))) for age, row in wide.iterrows() if row.any()]
        chosen = set(part.loc[part["chosen"], "way"])
        said = [f"{n} {name.strip()}{' *' if name in chosen else ''}" for n, name in zip(numbers, names, strict=True)]
        title = message(lang, "derivation_title", service=labels.get(str(service), str(service)))
        columns = [message(lang, "age_group"), *numbers]
        tables.append(Table(f"derivations_{service}", title, columns, rows, 0, notes=said))
    return tables
