"""The table of the feasible path: what it costs that spending follows the need with delay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demosim.outputs.measures import Measures
from demosim.outputs.sheets import Chart, Column, Entry, Formula, Sheet, add, additive, row_sum, sum_of, year_columns
from demosim.outputs.words import MILLION, Words

KEY = "path"


def path_sheet(measures: Measures, words: Words) -> Sheet | None:
    """Need at full effect and spending that can follow it, with the gap by service, restructuring and their sum up to
    each year; the country, mill. kr charged to free income. None where the result has no feasible path.

    The gap is spending above the need. Rows of sums are formulas over the rows above them.
    """
    if "feasible_expenditure" not in measures.dataset:
        return None
    need, gap, once = _amounts(measures)
    services = [at for at in range(len(gap)) if np.abs(gap[at]).max() >= 0.05] or [0]
    cells = additive(np.vstack([need, gap[services], once]), 1)
    rows: list[list[Entry]] = [[words("path_need"), *cells[0].tolist()]]
    rows += [[words("path_gap", service=words.services[measures.services[at]]), *cells[1 + place].tolist()]
             for place, at in enumerate(services)]  # fmt: skip
    gaps = list(range(1, 1 + len(services)))
    rows.append([words("path_gap_sum"), *_sums(cells, gaps)])
    rows.append([words("path_feasible"), *_added(cells, [0], gaps, (0, len(rows) - 1))])
    rows.append([words("path_once"), *cells[-1].tolist()])
    rows.append([words("path_cost"), *_added(cells, [len(cells) - 1], gaps, (len(rows) - 3, len(rows) - 1))])
    rows.append([words("path_cost_so_far"), *_running(cells[[*gaps, -1]].sum(0), len(rows) - 1)])
    columns = [Column("what", words("column_what"), "text"), *year_columns(measures.budget_years)]
    title = words("sheet_path_title")
    last = len(rows) - 1
    return Sheet(
        KEY, title, f"{words('paid_free_income')}, {words.million}", columns, rows,
        totals=[last - 4, last - 3, last - 1, last], notes=[words("note_path", launch=measures.launch_year)],
        chart=Chart("line", title, [0, last - 3], 1, len(columns) - 1, words.million),
    )  # fmt: skip


def _amounts(measures: Measures) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mill. kr of the country by budget year: need since the launch, gap (service, year), one-off restructuring."""
    feasible, gap = (
        measures.money(name).isel(region=0).transpose("service", "date").values / MILLION
        for name in ("feasible_expenditure", "adjustment_gap")
    )
    total = (feasible - gap).sum(0)
    once = measures.money("restructuring_cost").isel(region=0).sum("service").values / MILLION
    return total[1:] - total[0], gap[:, 1:], once


def _sums(cells: np.ndarray, rows: Sequence[int]) -> list[Formula]:
    values = cells[list(rows)].sum(0).tolist()
    return [sum_of(KEY, value, rows, 1 + at) for at, value in enumerate(values)]


def _added(cells: np.ndarray, own: Sequence[int], gaps: Sequence[int], pair: tuple[int, int]) -> list[Formula]:
    """The sum of two rows of the table (`pair`), whose values are those of the rows `own` and `gaps` of `cells`."""
    values = cells[[*own, *gaps]].sum(0).tolist()
    return [add(value, KEY, [(row, 1 + at) for row in pair]) for at, value in enumerate(values)]


def _running(values: np.ndarray, row: int) -> list[Formula]:
    """Sums of a row from its first year on."""

    return [row_sum(KEY, value, row, 1, 1 + at) for at, value in enumerate(np.cumsum(values).tolist())]
