"""Unit costs and where they come from, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from demosim.outputs.messages import message
from demosim.outputs.tables import Cell, Table

if TYPE_CHECKING:
    import pandas as pd

Rows = list[tuple[str, Sequence[Cell]]]


def unit_cost_table(traced: pd.DataFrame, lang: str) -> Table:
    """Kroner per person by age band and service, and the sum over the services."""
    wide = traced.pivot(index="ages", columns="service", values="kr_per_person")
    wide = wide.loc[traced["ages"].drop_duplicates(), traced["service"].drop_duplicates()]
    total = message(lang, "total")
    rows: Rows = [(str(age), [*map(float, row), float(row.sum())]) for age, row in wide.iterrows()]
    year = int(traced["price_year"].iloc[0])
    heads = [message(lang, "age_group"), *(_short(str(name)) for name in wide.columns), total]
    said = [f"{_short(str(name))} = {name}" for name in wide.columns if _short(str(name)) != name]
    notes = [message(lang, "deflator_estimate", years=year)] if bool(traced["price_estimate"].any()) else []
    return Table(
        "unit_costs", message(lang, "unit_cost_title", year=year), heads, rows, 0, notes=["; ".join(said), *notes]
    )


def source_table(traced: pd.DataFrame, lang: str, cells: bool = False) -> Table:
    """What each service's unit costs come from; with `cells`, the total, weight and persons of every age band."""
    heads = message(lang, "heads_source_cells" if cells else "heads_source").split("|")
    rows: Rows
    if cells:
        rows = [
            (
                f"{row['service']} {row['ages']}",
                [
                    float(row["total"]) / 1e6,
                    100 * float(row["weight"]),
                    float(row["persons"]),
                    float(row["kr_per_person"]),
                ],
            )
            for row in traced.to_dict("records")
        ]
        said = traced.iloc[0]
        notes = [str(said[name]) for name in ("source", "confidence", "spread", "spread_confidence")]
        return Table("source_cells", message(lang, "source_title"), heads, rows, 1, notes=notes)
    first = traced.drop_duplicates("service")
    rows = [
        (
            str(row["service"]),
            [str(row["year"]), str(row["confidence"]), str(row["spread_confidence"]), str(row["source"])],
        )
        for row in first.to_dict("records")
    ]
    return Table("sources", message(lang, "source_title"), heads, rows)


def derivation_tables(ways: pd.DataFrame, lang: str) -> list[Table]:
    """For each service that can be derived in more than one way: kroner per person by age band and way."""
    tables = []
    for service, part in ways.groupby("service", sort=False):
        part = part.assign(way=part["profile"] + " " + part["shape"] + " " + part["non_age_spread"])
        if part["way"].nunique() < 2:
            continue
        names = part["way"].drop_duplicates().tolist()
        numbers = [f"({i})" for i in range(1, len(names) + 1)]
        wide = part.pivot(index="ages", columns="way", values="kr_per_person").loc[
            part["ages"].drop_duplicates(), names
        ]
        rows: Rows = [(str(age), list(map(float, row))) for age, row in wide.iterrows() if row.any()]
        chosen = set(part.loc[part["chosen"], "way"])
        said = [f"{n} {name.strip()}{' *' if name in chosen else ''}" for n, name in zip(numbers, names, strict=True)]
        title = message(lang, "derivation_title", service=service)
        tables.append(
            Table(f"derivations_{service}", title, [message(lang, "age_group"), *numbers], rows, 0, notes=said)
        )
    return tables


def _short(name: str) -> str:
    """A service's name in at most seven letters, so that nine of them fit a terminal."""
    return name if len(name) <= 7 else name[:6] + "."
