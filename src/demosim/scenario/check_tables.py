"""Third pass over tables of numbers by age: bounds, years and ages of the data, nothing twice, nothing missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from demosim.axes import SEXES
from demosim.scenario.forms import Repeated, Report
from demosim.scenario.knob import Knob
from demosim.scenario.tables import NEWBORN, Cell, Table
from demosim.scenario.toml_lines import KeyPath

MOST_CHILDREN = 5.0  # per woman, of a table of fertility rates
Judge = Callable[[float], tuple[str, str, str | None] | None]


@dataclass(frozen=True)
class Axes:
    """The years of the data from the launch on (first of each interval), and its age classes."""

    years: np.ndarray
    ages: np.ndarray
    interval: int

    def wrong_years(self, begin: int, end: int) -> tuple[str, str, str | None, str | None] | None:
        """Code, what, what is allowed and what was perhaps meant, of years the data does not have; None if it does."""
        first, last = int(self.years[0]), int(self.years[-1]) + self.interval - 1
        written = str(begin) if begin == end else f"{begin}-{end}"
        if end < begin:
            return "reversed_range", f"{written} ends before it begins", None, f"{end}-{begin}"
        if begin < first or end > last:
            return "year_outside", f"{written} is outside the data", f"{first} to {last}", None
        return self.off_step(begin)

    def off_step(self, year: int) -> tuple[str, str, str | None, str | None] | None:
        """What is wrong with a year that begins no interval, as `wrong_years` says it."""
        off = (year - int(self.years[0])) % self.interval
        if off == 0:
            return None
        what = f"{year} is between the {self.interval}-year steps of the data"
        return "year_off_step", what, None, str(year - off)


def check_table(knob: type[Knob], table: Table, path: KeyPath, axes: Axes, judge: Judge, report: Report) -> None:
    """Every way in which a table does not fit the data. Of each kind the first is reported, and how many there are.

    `judge`: what is wrong with a number alone (code, what, what was perhaps meant), None where nothing is.
    """
    wrong = Repeated(report, path, table.file)
    for cell in table.cells:
        judged = judge(cell.value)
        if judged is not None:
            wrong.add(judged[0], cell.place, judged[1], None, judged[2])
        _place(knob, cell, axes, wrong)
    if not wrong.found:
        _twice(table, axes, wrong)
    if not wrong.found:
        _whole(knob, table, axes, wrong)
    wrong.tell()


def _place(knob: type[Knob], cell: Cell, axes: Axes, wrong: Repeated) -> None:
    """The years, the sex and the ages of one number."""
    years = None if cell.years is None else axes.wrong_years(*cell.years)
    if years is not None:
        wrong.add(years[0], cell.place, *years[1:])
    if knob.table.counts and cell.sex is None:
        allowed = "numbers of persons stand by sex, male and female"
        wrong.add("missing_key", cell.place, "does not say of which sex", allowed)
    if not knob.table.sexes and cell.sex is not None:
        wrong.add("unknown_key", cell.place, f'is of one sex, "{cell.sex}"', "these rates are not by sex")
    if cell.ages == NEWBORN:
        if not knob.table.newborn:
            wrong.add("bad_age_band", cell.place, f"{NEWBORN} does not belong here", "age bands such as 0-5, 80+ or 7")
    elif cell.members(axes.ages, axes.interval) is None:
        edges = ", ".join(str(age) for age in axes.ages[:4])
        what = f"{cell.ages} does not begin and end with the age classes of the data"
        wrong.add("bad_age_band", cell.place, what, f"classes begin at {edges} ... {axes.ages[-1]}")


def _twice(table: Table, axes: Axes, wrong: Repeated) -> None:
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
            what = f"{cell.ages}{of} has ages in common with another row of the same year"
            wrong.add("overlapping_ages", cell.place, what)
        taken[where] = True


def _whole(knob: type[Knob], table: Table, axes: Axes, wrong: Repeated) -> None:
    """What only all numbers of a year together show."""
    filled = table.fill(axes.years, axes.ages, axes.interval)
    if knob.table.every_age:
        named = np.isfinite(filled)
        gaps = np.argwhere(named.any(2, keepdims=True) & ~named)
        if len(gaps):
            year, sex, age = gaps[0]
            of = SEXES[sex]
            what = f"age {axes.ages[age]} has no number ({of}, {axes.years[year]})"
            wrong.add("missing_key", table.cells[0].place, what, "every age in every year that is named")
    if not knob.table.sexes:
        children = np.nan_to_num(filled[:, 0]).sum(1) * axes.interval
        if children.max() > MOST_CHILDREN:
            year = int(axes.years[children.argmax()])
            what = f"the rates of {year} sum to {children.max():.4g} children per woman, above {MOST_CHILDREN:g}"
            wrong.add("out_of_bounds", table.cells[0].place, what)
