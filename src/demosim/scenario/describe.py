"""What there is to turn: every knob in a row, for `demosim list knobs` and for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demosim.scenario.forms import IN_WORDS, grouped
from demosim.scenario.knobs import UNITS_NB, list_knobs


@dataclass(frozen=True)
class KnobRow:
    """One knob for a reader. `low`, `high`: None where it has no bound.

    `neutral`: the number that changes nothing, None where there is none; `absent` says what holds then.
    """

    path: str
    text: str
    form: str
    unit: str
    neutral: float | None
    low: float | None
    high: float | None
    absent: str


def knob_rows(lang: str = "en") -> list[KnobRow]:
    """All knobs in the order in which they act, with text and unit in English (`en`) or Norwegian (`nb`, `nn`)."""
    english = lang == "en"
    return [
        KnobRow(
            knob.path, knob.text_en if english else knob.text_nb, IN_WORDS[knob.form],
            knob.unit if english else UNITS_NB[knob.unit], knob.neutral, None if knob.form == "date" else knob.low,
            None if np.isinf(knob.high) else knob.high, knob.absent[0 if english else 1],
        )
        for knob in list_knobs()
    ]  # fmt: skip


def table_of(rows: Sequence[KnobRow]) -> str:
    """Rows as a table in Markdown."""
    lines = ["| key | what | unit | neutral | from | to |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        numbers = [row.absent if row.neutral is None else f"{row.neutral:g}"]
        numbers += ["" if bound is None else grouped(bound) for bound in (row.low, row.high)]
        lines.append(f"| `{row.path}` | {row.text} | {row.unit} | {' | '.join(numbers)} |")
    return "\n".join(lines) + "\n"
