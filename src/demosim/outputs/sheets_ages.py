"""Tables by age, from which a reader can count every total again: persons × unit cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demosim.outputs.measures import Measures, age_group_cuts, group_labels
from demosim.outputs.sheets import Column, Entry, Formula, Place, Sheet
from demosim.outputs.words import MILLION, Words


def ages_sheet(measures: Measures, words: Words) -> Sheet:
    """Every age class of the country: its group, unit cost of each service, and persons on each date.

    Unit costs are charged to free income, kr per person and year; persons carry decimals, as the projection does.
    """
    persons = measures.dataset["population"].sum(("municipality", "sex")).transpose("age", "date").values
    unit_cost = measures.dataset["unit_cost"].transpose("age", "service").values
    groups = _group_of_ages(measures)
    ages = [int(age) for age in measures.dataset["age"].values]
    columns = [Column("age", words("column_age"), "integer"), Column("group", words("column_age_group"), "text")]
    columns += [Column(key, words.services[key], "integer") for key in measures.services]
    columns += [Column("all_services", words("column_all_services"), "integer")]
    columns += [Column(f"d{date}", words("column_persons_on", year=date), "one") for date in measures.dates]
    services = len(measures.services)
    rows: list[list[Entry]] = []
    for at, age in enumerate(ages):
        costs = unit_cost[at].tolist()
        rows.append([age, groups[at], *costs, _row_sum("ages", sum(costs), at, 2, 1 + services), *persons[at].tolist()])
    subtitle = words("sheet_ages_subtitle", unit=words.unit)
    notes = [words("note_last_age"), words("note_decimals")]
    return Sheet("ages", words("sheet_ages_title"), subtitle, columns, rows, notes=notes)


def age_groups_sheet(measures: Measures, words: Words) -> Sheet:
    """Age groups: persons, mean unit cost and need at the launch, in the first budget year and at the horizon, counted
    by live formulas from the sheet of ages."""
    names = group_labels(age_group_cuts(measures.dataset), int(measures.dataset["age"].values[-1]))
    persons, need = _persons_and_need(measures, names)
    shown = sorted({0, 1, len(measures.dates) - 1})
    years = [measures.dates[at] for at in shown]
    columns = [Column("group", words("column_age_group"), "text")]
    columns += [Column(f"persons_{year}", words("column_persons_on", year=year), "integer") for year in years]
    columns += [
        Column(f"unit_cost_{year}", words("column_unit_cost", year=year, unit=words.unit), "integer") for year in years
    ]
    columns += [Column(f"need_{year}", words("column_need_on", year=year, unit=words.million), "one") for year in years]
    rows: list[list[Entry]] = []
    for row, name in enumerate(names):
        cells: list[Entry] = [name]
        cells += [_persons(measures, row, at, persons[row, at]) for at in shown]
        cells += [_mean_cost(row, place, len(shown), persons[row, at], need[row, at]) for place, at in enumerate(shown)]
        cells += [_need(measures, row, at, need[row, at]) for at in shown]
        rows.append(cells)
    rows.append(_sums(words, persons[:, shown].sum(0), need[:, shown].sum(0), len(names)))
    notes = [words("note_live"), words("note_change"), words("note_shown_without_decimals")]
    subtitle = words("sheet_age_groups_subtitle", unit=words.unit)
    title = words("sheet_age_groups_title")
    return Sheet("age_groups", title, subtitle, columns, rows, totals=[len(rows) - 1], notes=notes)


def _group_of_ages(measures: Measures) -> list[str]:
    cuts = age_group_cuts(measures.dataset)
    ages = measures.dataset["age"].values
    names = group_labels(cuts, int(ages[-1]))
    return [names[int(place) - 1] for place in np.searchsorted(np.array(cuts), ages, side="right")]


def _persons_and_need(measures: Measures, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Persons and need (mill. kr) of the country, both (group, date)."""
    persons = measures.dataset["population"].sum(("municipality", "sex")).transpose("age", "date").values
    cost = measures.dataset["unit_cost"].sum("service").values
    inside = np.array([[name == own for own in _group_of_ages(measures)] for name in names], dtype=float)
    return inside @ persons, inside @ (persons * cost[:, None]) / MILLION


def _range(measures: Measures, place: Place, column: int) -> str:
    """All ages of a column of the sheet of ages."""
    ages = measures.dataset["age"].size
    return f"{place('ages', 0, column)}:{place('ages', ages - 1, column)}"


def _persons(measures: Measures, row: int, date: int, value: float) -> Formula:
    column = 3 + len(measures.services) + date

    def write(place: Place) -> str:
        name = place("age_groups", row, 0)
        return f"=SUMIF({_range(measures, place, 1)},{name},{_range(measures, place, column)})"

    return Formula(value, write)


def _need(measures: Measures, row: int, date: int, value: float) -> Formula:
    unit_cost, persons = 2 + len(measures.services), 3 + len(measures.services) + date

    def write(place: Place) -> str:
        inside = f"({_range(measures, place, 1)}={place('age_groups', row, 0)})"
        factors = [inside, _range(measures, place, unit_cost), _range(measures, place, persons)]
        return f"=SUMPRODUCT({'*'.join(factors)})/{MILLION:.0f}"

    return Formula(value, write)


def _mean_cost(row: int, date: int, dates: int, persons: float, need: float) -> Formula:
    def write(place: Place) -> str:
        count, amount = place("age_groups", row, 1 + date), place("age_groups", row, 1 + 2 * dates + date)
        return f"=IF({count}=0,0,{amount}*{MILLION:.0f}/{count})"

    return Formula(need * MILLION / persons if persons else 0.0, write)


def _row_sum(sheet: str, value: float, row: int, first: int, last: int) -> Formula:
    return Formula(value, lambda place: f"=SUM({place(sheet, row, first)}:{place(sheet, row, last)})")


def _sums(words: Words, persons: np.ndarray, need: np.ndarray, groups: int) -> list[Entry]:
    dates = len(persons)

    def column(at: int, value: float) -> Formula:
        top, bottom = (0, at), (groups - 1, at)
        return Formula(value, lambda place: f"=SUM({place('age_groups', *top)}:{place('age_groups', *bottom)})")

    cells: list[Entry] = [words("total")]
    cells += [column(1 + at, float(value)) for at, value in enumerate(persons)]
    cells += [_mean_cost(groups, at, dates, float(persons[at]), float(need[at])) for at in range(dates)]
    cells += [column(1 + 2 * dates + at, float(value)) for at, value in enumerate(need)]
    return cells
