"""Third pass over tables of numbers by age: bounds, years and ages of the data, nothing twice, nothing missing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demosim.axes import SEXES
from demosim.scenario.forms import Report
from demosim.scenario.knob import Knob
from demosim.scenario.tables import NEWBORN, Cell, Table
from demosim.scenario.toml_lines import KeyPath

MOST_CHILDREN = 5.0  # per woman, of a table of fertility rates
Say = Callable[..., None]
Judge = Callable[[float], tuple[str, str, str | None] | None]


class Axes:
    """The years of the data from the launch on, and its age classes."""

    def __init__(self, years: np.ndarray, ages: np.ndarray, interval: int) -> None:
        self.years, self.ages, self.interval = years, ages, interval


def check_table(knob: type[Knob], table: Table, path: KeyPath, axes: Axes, judge: Judge, report: Report) -> None:
    """Every way in which a table does not fit the data. Of each kind the first is reported, and how many there are.

    `judge`: what is wrong with a number alone (code, what, what was perhaps meant), None where nothing is.
    """
    found: dict[str, list[tuple[Cell, str, str | None, str | None]]] = {}

    def say(code: str, cell: Cell, what: str, allowed: str | None = None, near: str | None = None) -> None:
        found.setdefault(code, []).append((cell, what, allowed, near))

    for cell in table.cells:
        wrong = judge(cell.value)
        if wrong is not None:
            say(wrong[0], cell, wrong[1], None, wrong[2])
        _place(knob, cell, axes, say)
    if not found:
        _twice(table, axes, say)
    if not found:
        _whole(knob, table, axes, say)
    for code, places in found.items():
        cell, what, allowed, near = places[0]
        more = f" (and {len(places) - 1} more like it)" if len(places) > 1 else ""
        at = None if table.file is None else (table.file, cell.line)
        report.add(code, (*path, *cell.key), what + more, allowed, near, at=at)


def _place(knob: type[Knob], cell: Cell, axes: Axes, say: Say) -> None:
    """The years, the sex and the ages of one number."""
    _years(cell, axes, say)
    if knob.table.counts and cell.sex is None:
        say("missing_key", cell, "does not say of which sex", "numbers of persons stand by sex, male and female")
    if not knob.table.sexes and cell.sex is not None:
        say("unknown_key", cell, f'is of one sex, "{cell.sex}"', "these rates are not by sex")
    if cell.ages == NEWBORN:
        if not knob.table.newborn:
            say("bad_age_band", cell, f"{NEWBORN} does not belong here", "age bands such as 0-5, 80+ or 7")
    elif cell.members(axes.ages, axes.interval) is None:
        edges = ", ".join(str(age) for age in axes.ages[:4])
        what = f"{cell.ages} does not begin and end with the age classes of the data"
        say("bad_age_band", cell, what, f"classes begin at {edges} ... {axes.ages[-1]}")


def _years(cell: Cell, axes: Axes, say: Say) -> None:
    if cell.years is None:
        return
    first, last = int(axes.years[0]), int(axes.years[-1]) + axes.interval - 1
    begin, end = cell.years
    written = str(begin) if begin == end else f"{begin}-{end}"
    if end < begin:
        say("reversed_range", cell, f"{written} ends before it begins", None, f"{end}-{begin}")
    elif begin < first or end > last:
        say("year_outside", cell, f"{written} is outside the data", f"{first} to {last}")
    elif (begin - first) % axes.interval:
        near = begin - (begin - first) % axes.interval
        what = f"{begin} is between the {axes.interval}-year steps of the data"
        say("year_off_step", cell, what, None, str(near))


def _twice(table: Table, axes: Axes, say: Say) -> None:
    """Numbers for a year, sex and age that another has already."""
    taken = np.zeros((len(axes.years), 2, len(axes.ages) + 1), dtype=bool)  # the newborn last
    for cell in table.cells:
        members = np.zeros(len(axes.ages) + 1, dtype=bool)
        classes = cell.members(axes.ages, axes.interval)
        members[: len(axes.ages)] = False if classes is None else classes
        members[-1] = cell.ages == NEWBORN
        where = np.ix_(cell.steps(axes.years), cell.sexes(), members)
        if taken[where].any():
            of = f" ({cell.sex})" if cell.sex else ""
            say("overlapping_ages", cell, f"{cell.ages}{of} has ages in common with another row of the same year")
        taken[where] = True


def _whole(knob: type[Knob], table: Table, axes: Axes, say: Say) -> None:
    """What only all numbers of a year together show."""
    filled = table.fill(axes.years, axes.ages, axes.interval)
    if knob.table.every_age:
        named = np.isfinite(filled)
        gaps = np.argwhere(named.any(2, keepdims=True) & ~named)
        if len(gaps):
            year, sex, age = gaps[0]
            of = SEXES[sex]
            what = f"age {axes.ages[age]} has no number ({of}, {axes.years[year]})"
            say("missing_key", table.cells[0], what, "every age in every year that is named")
    if not knob.table.sexes:
        children = np.nan_to_num(filled[:, 0]).sum(1) * axes.interval
        if children.max() > MOST_CHILDREN:
            year = int(axes.years[children.argmax()])
            what = f"the rates of {year} sum to {children.max():.4g} children per woman, above {MOST_CHILDREN:g}"
            say("out_of_bounds", table.cells[0], what)
