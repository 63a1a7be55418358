"""The tables of need that is not demography: what each kind adds to what the population alone calls for."""

from __future__ import annotations

import numpy as np

from demosim.outputs.comparison import factor_name
from demosim.outputs.measures import FREE, Measures
from demosim.outputs.sheets import Chart, Column, Entry, Formula, Sheet, add, additive, sum_of, year_columns
from demosim.outputs.words import MILLION, Words
from demosim.rounding import rounded_parts


def pressure_sheet(measures: Measures, words: Words, accumulated: bool = False) -> Sheet | None:
    """Need that is not demography by kind and budget year, with the population's own beside it; the country, mill. kr
    charged to free income. None where the scenario has no such need.

    Yearly change and change since the launch are tables of their own. Rows of sums are formulas, and what the
    population calls for is the sum of the table by service.
    """
    if "pressure_expenditure" not in measures.dataset:
        return None
    kind = "accumulated" if accumulated else "yearly"
    key, beside = f"pressure_{kind}", f"{kind}_{FREE}"
    amounts = pressure_amounts(measures, accumulated)
    data = (measures.accumulated if accumulated else measures.yearly)(FREE).isel(region=0).values / MILLION
    alone = additive(data, 1).sum(axis=0)  # as the table by service rounds it
    more = rounded_parts(amounts * 10) / 10
    kinds = [str(name) for name in measures.dataset["pressure"].values]
    rows: list[list[Entry]] = [[words("population_alone"), *_linked(measures, beside, alone)]]
    rows += [[factor_name(name, words.lang), *row] for name, row in zip(kinds, more.tolist(), strict=True)]
    numbers = range(1, 1 + len(kinds))
    sums = more.sum(axis=0)
    rows.append([words("pressure_sum"), *(sum_of(key, value, numbers, 1 + at) for at, value in enumerate(sums))])
    last = len(rows)
    both = [add(value, key, [(0, 1 + at), (last - 1, 1 + at)]) for at, value in enumerate((alone + sums).tolist())]
    rows.append([words("total"), *both])
    columns = [Column("kind", words("column_pressure"), "text"), *year_columns(measures.budget_years)]
    title = words(f"sheet_pressure_{kind}_title", launch=measures.launch_year)
    chart = Chart("column", title, range(last - 1), 1, len(columns) - 1, words.million, stacked=True, line=last)
    notes = [words("note_pressure"), words("note_rounded"), words(f"note_{kind}", launch=measures.launch_year)]
    return Sheet(
        key, title, f"{words('paid_free_income')}, {words.million}", columns, rows, totals=[last - 1, last],
        notes=notes, chart=chart,
    )  # fmt: skip


def pressure_amounts(measures: Measures, accumulated: bool = False) -> np.ndarray:
    """Need that is not demography, mill. kr of the country charged to free income (pressure, budget year): change from
    the year before, or since the launch."""
    yearly = measures.money("pressure_expenditure").isel(region=0).sum("service")
    amounts: np.ndarray = yearly.transpose("pressure", "budget_year").values / MILLION
    return amounts.cumsum(axis=1) if accumulated else amounts


def _linked(measures: Measures, sheet: str, values: np.ndarray) -> list[Formula]:
    """Cells that are the sums of the table by service, its last row."""
    row = len(measures.services) + len(set(measures.levels))
    return [add(value, sheet, [(row, 1 + at)]) for at, value in enumerate(values.tolist())]
