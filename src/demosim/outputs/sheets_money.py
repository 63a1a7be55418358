"""Tables of amounts: the headline, and demographic expenditure by service and budget year."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.outputs.measures import ALL, FREE, Measures
from demosim.outputs.sheets import Chart, Column, Entry, Sheet, add, additive, sum_of, year_columns
from demosim.outputs.summary import LEVELS
from demosim.outputs.words import MILLION, Words


def services_sheet(measures: Measures, words: Words, accumulated: bool = False, financing: str = FREE) -> Sheet:
    """Service by budget year for the country, mill. kr: municipalities and counties apart, with live sums.

    Yearly change and change since the launch are tables of their own; so are the two ways of counting (charged to
    free income, or regardless of financing). Parts are rounded so that they add to the rounded totals.
    """
    kind = "accumulated" if accumulated else "yearly"
    data = (measures.accumulated if accumulated else measures.yearly)(financing).isel(region=0)
    title = words(f"sheet_{kind}_title", launch=measures.launch_year)
    return _by_service(measures, words, (f"{kind}_{financing}", kind, title, words(f"paid_{financing}")), data)


def difference_sheet(measures: Measures, reference: Measures, words: Words, accumulated: bool = False) -> Sheet:
    """Scenario minus reference by service and budget year, mill. kr charged to free income, for the country; yearly
    change and change since the launch are tables of their own."""
    kind = "accumulated" if accumulated else "yearly"
    own, other = (each.accumulated() if accumulated else each.yearly() for each in (measures, reference))
    with xr.set_options(arithmetic_join="exact"):  # type: ignore[no-untyped-call]  # untyped in xarray
        data = (own - other).isel(region=0)
    pair = words("difference_pair", scenario=words.scenario, reference=Words(words.lang, reference.dataset).scenario)
    title = words(f"sheet_difference_{kind}_title", launch=measures.launch_year)
    key = "difference_accumulated" if accumulated else "difference"
    return _by_service(measures, words, (key, kind, title, f"{pair}. {words('paid_free_income')}"), data)


def _by_service(measures: Measures, words: Words, about: tuple[str, str, str, str], data: xr.DataArray) -> Sheet:
    """A table of kroner (service, budget_year). about: its key, whether yearly or accumulated, title and subtitle."""
    key, kind, title, subtitle = about
    rows, totals, sums = _by_level(measures, words, key, additive(data.values / MILLION, 1))
    columns = [Column("service", words("service"), "text"), *year_columns(measures.budget_years)]
    services = [place for place in range(len(rows)) if place not in totals]
    return Sheet(
        key, title, f"{subtitle}, {words.million}", columns, rows, totals=totals,
        notes=[words("note_rounded"), words(f"note_{kind}", launch=measures.launch_year)],
        chart=Chart("column", title, services, 1, len(columns) - 1, words.million, stacked=True, line=sums),
    )  # fmt: skip


def _by_level(
    measures: Measures, words: Words, key: str, cells: np.ndarray
) -> tuple[list[list[Entry]], list[int], int]:
    """Rows of services under their level with sums, the numbers of the rows that are sums, and that of the total."""
    rows: list[list[Entry]] = []
    totals: list[int] = []
    for level in LEVELS:
        own = [place for place, found in enumerate(measures.levels) if found == level]
        if not own:
            continue
        numbers = range(len(rows), len(rows) + len(own))
        rows += [[words.services[measures.services[place]], *cells[place].tolist()] for place in own]
        totals.append(len(rows))
        sums = cells[own].sum(0).tolist()
        rows.append([words(level), *(sum_of(key, value, numbers, 1 + at) for at, value in enumerate(sums))])
    grand = cells.sum(0).tolist()
    last = [add(value, key, [(row, 1 + at) for row in totals]) for at, value in enumerate(grand)]
    rows.append([words("total"), *last])
    return rows, [*totals, len(rows) - 1], len(rows) - 1


def headline_rows(measures: Measures) -> list[tuple[str, str, float]]:
    """The figures that are quoted: (financing, level or total, mill. kr in the first budget year), additive."""
    found = []
    for financing in (FREE, ALL):
        if financing not in measures.dataset["financing"].values:
            continue
        first = measures.yearly(financing).isel(region=0, budget_year=0).values / MILLION
        parts = additive(np.array([first[[at == level for at in measures.levels]].sum() for level in LEVELS]), 0)
        found += [(financing, level, float(part)) for level, part in zip(LEVELS, parts, strict=True)]
        found.append((financing, "total", float(parts.sum())))
    return found


def headline_sheet(measures: Measures, words: Words, sentence: str, band: str | None = None) -> Sheet:
    """The sentence that is quoted, the figures behind it, and the way to the horizon."""
    year = measures.budget_years[0]
    forms_of = {"figure": "text", "value": "integer", "unit": "text"}
    columns = [Column(key, words(f"column_{key}"), form) for key, form in forms_of.items()]
    rows: list[list[Entry]] = []
    totals = []
    for financing, level, value in headline_rows(measures):
        what = words("headline_row", year=year, level=words(level), financing=words(f"paid_{financing}"))
        amount: Entry = value
        if level == "total":
            totals.append(len(rows))
            amount = add(value, "headline", [(len(rows) - 2, 1), (len(rows) - 1, 1)])
        rows.append([what, amount, words.million])
    start = len(rows)
    rows += _to_horizon(measures, words)
    forms = {(start + at, 1): form for at, form in enumerate(("one", "one", "integer", "integer", "two", "two"))}
    notes = [sentence, *([band] if band else []), words("note_need")]
    title = words("sheet_headline_title")
    return Sheet("headline", title, words.scenario, columns, rows, totals=totals, notes=notes, forms=forms)


def _to_horizon(measures: Measures, words: Words) -> list[list[Entry]]:
    total = measures.accumulated().isel(region=0).sum("service")
    persons = measures.population.isel(region=0)
    ratio = measures.dependency_ratio.isel(region=0)
    first, last = measures.launch_year, measures.horizon
    return [
        [words("headline_accumulated", first=first, last=last), float(total[-1]) / MILLION, words.million],
        [words("headline_mean", first=measures.budget_years[0], last=last), float(total[-1]) / MILLION / total.size,
         words.million],
        [words("headline_population", year=first), float(persons[0]), words("unit_persons")],
        [words("headline_population", year=last), float(persons[-1]), words("unit_persons")],
        [words("headline_dependency", year=first), float(ratio[0]), words("unit_ratio")],
        [words("headline_dependency", year=last), float(ratio[-1]), words("unit_ratio")],
    ]  # fmt: skip
