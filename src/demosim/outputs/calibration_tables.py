"""A calibration of unit costs, the candidates for a deviation and a decomposition beside the published, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demosim.costs.calibrate import Calibration
from demosim.outputs.comparison import factor_table
from demosim.outputs.messages import heads, message
from demosim.outputs.numbers import number
from demosim.outputs.tables import Rows, Table
from demosim.outputs.words import BILLION

SHOWN = 12  # cells that have changed most


def calibration_tables(found: Calibration, price_year: int, lang: str, labels: dict[str, str]) -> list[Table]:
    """Targets with what they were, are and miss by; the cells that changed most; the hold-out before and after."""
    targets: Rows = []
    for row in found.targets.to_dict("records"):
        numbers = [float(row[name]) / BILLION for name in ("low", "high", "before", "after", "residual")]
        targets.append((str(row["target"]), [*numbers, message(lang, "yes" if row["hold_out"] else "no")]))
    moved = found.cells.sort_values("change_over_sd", key=abs, ascending=False, kind="stable")
    moved = moved[moved["change"].abs() > 5e-4]
    cells: Rows = [
        (f"{labels.get(row['service'], row['service'])} {row['ages']}",
         [100 * float(row["change"]), 100 * float(row["sd"]), float(row["change_over_sd"])])
        for row in moved.head(SHOWN).to_dict("records")
    ]  # fmt: skip
    shown = min(SHOWN, len(moved))
    notes = [message(lang, "calibration_size", size=number(found.size, 1, lang), cells=len(moved), shown=shown)]
    tables = [
        Table("targets", message(lang, "calibration_targets_title", year=price_year),
              heads(lang, "heads_calibration_targets"), targets, 2),
        Table("cells", message(lang, "calibration_cells_title"),
              heads(lang, "heads_calibration_cells"), cells, 1, notes=notes),
    ]  # fmt: skip
    held = found.targets[found.targets["hold_out"]]
    if len(held):
        tables.append(_hold_out(held, lang))
    return tables


def _hold_out(held: pd.DataFrame, lang: str) -> Table:
    middle = (held["low"] + held["high"]) / 2
    errors = {name: (held[name] - middle) / BILLION for name in ("before", "after")}
    rows: Rows = [
        (message(lang, "calibration_mean"), [float(error.mean()) for error in errors.values()]),
        (message(lang, "calibration_rmse"), [float(np.sqrt((error**2).mean())) for error in errors.values()]),
    ]
    worse = rows[1][1][1] > rows[1][1][0]  # type: ignore[operator]  # both are numbers
    note = message(lang, "calibration_worse" if worse else "calibration_better")
    title = message(lang, "calibration_hold_out_title", number=len(held))
    return Table("hold_out", title, heads(lang, "heads_calibration_hold_out"), rows, 2, notes=[note])


def candidates_table(found: pd.DataFrame, lang: str) -> Table:
    """What each candidate does to the figures of 2026 and 2027, as `demosim.validation.candidates` gives it."""
    rows: Rows = [(str(name), [float(value) for value in row]) for name, row in found.iterrows()]
    title, notes = message(lang, "candidates_title"), [message(lang, "candidates_note")]
    return Table("candidates", title, heads(lang, "heads_candidates"), rows, 2, notes=notes)


def june_march_tables(parts: pd.DataFrame, beside: pd.DataFrame, lang: str, method: str) -> list[Table]:
    """The decomposition of a miss by cause, and its sum beside the published one."""
    causes = factor_table(parts, message(lang, "june_march_title"), lang, message(lang, f"explanation_note_{method}"))
    rows: Rows = [
        (message(lang, str(row["level"])), [float(row["ours"]), (float(row["low"]) + float(row["high"])) / 2])
        for row in beside.to_dict("records")
    ]
    columns = ["", message(lang, "published_ours"), message(lang, "published_figure")]
    notes = [message(lang, "june_march_note"), message(lang, "published_none_fitted")]
    return [causes, Table("june_march", message(lang, "june_march_beside_title"), columns, rows, 2, notes=notes)]
