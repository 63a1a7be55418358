"""Tables by age, from which a reader can count every total again: persons × unit cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from demosim.outputs.measures import Measures, age_group_cuts, group_labels
from demosim.outputs.sheets import Column, Entry, Formula, Place, Sheet, add, row_sum, sum_of
from demosim.outputs.words import MILLION, Words

OWN = "ages_own"  # the sheet of municipalities with unit costs of their own


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
        rows.append([age, groups[at], *costs, row_sum("ages", sum(costs), at, 2, 1 + services), *persons[at].tolist()])
    subtitle = words("sheet_ages_subtitle", unit=words.unit)
    notes = [words("note_last_age"), words("note_decimals"), *_notes_of_own(measures, words)]
    return Sheet("ages", words("sheet_ages_title"), subtitle, columns, rows, notes=notes)


def own_ages_sheet(measures: Measures, words: Words) -> Sheet | None:
    """Every age class of the municipalities with unit costs of their own, kr per person and year: theirs, the country's
    and the difference, and persons on each date. None where the country's hold everywhere."""
    codes = own_cost_places(measures)
    if not codes:
        return None
    data = measures.dataset.sel(municipality=codes)
    own = data["municipal_unit_cost"].transpose("municipality", "age", "service").values
    country = measures.dataset["unit_cost"].sum("service").values
    persons = data["population"].sum("sex").transpose("municipality", "age", "date").values
    names = data["municipality_name"].values if "municipality_name" in data else data["municipality"].values
    groups = _group_of_ages(measures)
    services = len(measures.services)
    columns = [Column("municipality", words("column_code"), "text")]
    columns += [Column("name", words("column_municipality"), "text")]
    columns += [Column("age", words("column_age"), "integer"), Column("group", words("column_age_group"), "text")]
    columns += [Column(key, words.services[key], "integer") for key in measures.services]
    columns += [Column("all_services", words("column_all_services"), "integer")]
    columns += [Column("country", words("column_of_country"), "integer"),
                Column("above", words("column_above_country"), "integer")]  # fmt: skip
    columns += [Column(f"d{date}", words("column_persons_on", year=date), "one") for date in measures.dates]
    rows: list[list[Entry]] = []
    for code, name, costs, people in zip(codes, names.tolist(), own, persons, strict=True):
        for at, age in enumerate(measures.dataset["age"].values.tolist()):
            row, total = len(rows), float(costs[at].sum())
            sums = [row_sum(OWN, total, row, 4, 3 + services), add(float(country[at]), "ages", [(at, 2 + services)]),
                    _above(total - float(country[at]), row, services)]  # fmt: skip
            rows.append([code, str(name), age, groups[at], *costs[at].tolist(), *sums, *people[at].tolist()])
    subtitle = words("sheet_ages_own_subtitle", unit=words.unit)
    return Sheet(OWN, words("sheet_ages_own_title"), subtitle, columns, rows, notes=_notes_of_own(measures, words))


def own_cost_places(measures: Measures) -> list[str]:
    """Numbers of the municipalities whose unit costs are not the country's."""
    if "municipal_unit_cost" not in measures.dataset:
        return []
    own = measures.dataset["municipal_unit_cost"].transpose("municipality", "service", "age")
    country = measures.dataset["unit_cost"].transpose("service", "age").values
    differs = (own.values != country).any(axis=(1, 2))
    return [str(code) for code in own["municipality"].values[differs]]


def _notes_of_own(measures: Measures, words: Words) -> list[str]:
    count = len(own_cost_places(measures))
    return [words("note_own_unit_costs", count=words.number(count), sheet=words(f"sheet_{OWN}"))] if count else []


def _above(value: float, row: int, services: int) -> Formula:
    return Formula(value, lambda place: f"={place(OWN, row, 4 + services)}-{place(OWN, row, 5 + services)}")


def age_groups_sheet(measures: Measures, words: Words) -> Sheet:
    """Age groups: persons, mean unit cost and need at the launch, in the first budget year and at the horizon, counted
    by live formulas from the sheet of ages."""
    names = group_labels(age_group_cuts(measures.dataset), int(measures.dataset["age"].values[-1]))
    persons, need = _persons_and_need(measures, names)
    shown = sorted({0, 1, len(measures.dates) - 1})
    years = [measures.dates[at] for at in shown]
    columns = [Column("group", words("column_age_group"), "text")]
    columns += [Column(f"persons_{year}", words("column_persons_on", year=year), "integer") for year in years]
    costs = {year: words("column_unit_cost", year=year, unit=words.unit) for year in years}
    columns += [Column(f"unit_cost_{year}", label, "integer") for year, label in costs.items()]
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
    notes += _notes_of_own(measures, words)
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
    need = persons * cost[:, None]
    own = own_cost_places(measures)
    if own:
        above = measures.dataset["municipal_unit_cost"].sum("service").sel(municipality=own) - cost
        theirs = measures.dataset["population"].sum("sex").sel(municipality=own)
        need = need + xr.dot(above, theirs, dim="municipality").transpose("age", "date").values
    return inside @ persons, inside @ need / MILLION


def _range(measures: Measures, place: Place, column: int, places: int = 0) -> str:
    """All ages of a column of the sheet of ages; of that of municipalities with own unit costs where `places` have."""
    sheet, rows = (OWN if places else "ages"), measures.dataset["age"].size * (places or 1)
    return f"{place(sheet, 0, column)}:{place(sheet, rows - 1, column)}"


def _persons(measures: Measures, row: int, date: int, value: float) -> Formula:
    column = 3 + len(measures.services) + date

    def write(place: Place) -> str:
        name = place("age_groups", row, 0)
        return f"=SUMIF({_range(measures, place, 1)},{name},{_range(measures, place, column)})"

    return Formula(value, write)


def _need(measures: Measures, row: int, date: int, value: float) -> Formula:
    services, places = len(measures.services), len(own_cost_places(measures))
    parts = [(0, 1, 2 + services, 3 + services + date)]  # places, columns of group, unit cost and persons
    parts += [(places, 3, 6 + services, 7 + services + date)] if places else []

    def write(place: Place) -> str:
        sums = []
        for count, group, unit_cost, persons in parts:
            inside = f"({_range(measures, place, group, count)}={place('age_groups', row, 0)})"
            factors = [inside, *(_range(measures, place, column, count) for column in (unit_cost, persons))]
            sums.append(f"SUMPRODUCT({'*'.join(factors)})")
        counted = sums[0] if len(sums) == 1 else f"({'+'.join(sums)})"
        return f"={counted}/{MILLION:.0f}"

    return Formula(value, write)


def _mean_cost(row: int, date: int, dates: int, persons: float, need: float) -> Formula:
    def write(place: Place) -> str:
        count, amount = place("age_groups", row, 1 + date), place("age_groups", row, 1 + 2 * dates + date)
        return f"=IF({count}=0,0,{amount}*{MILLION:.0f}/{count})"

    return Formula(need * MILLION / persons if persons else 0.0, write)


def _sums(words: Words, persons: np.ndarray, need: np.ndarray, groups: int) -> list[Entry]:
    dates, rows = len(persons), range(groups)
    cells: list[Entry] = [words("total")]
    cells += [sum_of("age_groups", float(value), rows, 1 + at) for at, value in enumerate(persons)]
    cells += [_mean_cost(groups, at, dates, float(persons[at]), float(need[at])) for at in range(dates)]
    cells += [sum_of("age_groups", float(value), rows, 1 + 2 * dates + at) for at, value in enumerate(need)]
    return cells
