"""Tables of places: every municipality, and sums and means by county, landsdel and class of size."""

from __future__ import annotations

import numpy as np

from demosim.outputs.measures import Measures
from demosim.outputs.places import KeyFigures, free_income_notes, key_figures
from demosim.outputs.sheets import Column, Entry, Sheet
from demosim.outputs.words import MILLION, Words

FIGURES = (  # the key figures of a place: key, message and year of its head, form
    ("persons_first", "column_persons_on", "first", "integer"),
    ("persons_last", "column_persons_on", "last", "integer"),
    ("growth", "column_growth", "", "percent"),
    ("old_first", "column_old", "first", "integer"), ("old_last", "column_old", "last", "integer"),
    ("first", "column_first", "budget", "two"), ("first_per_head", "column_first_per_head", "budget", "integer"),
    ("accumulated", "column_accumulated", "last", "two"),
    ("accumulated_per_head", "column_accumulated_per_head", "last", "integer"),
    ("income_share", "column_income_share", "", "percent"),
    ("dependency_first", "column_dependency", "first", "two"), ("dependency_last", "column_dependency", "last", "two"),
)  # fmt: skip
MONEY = ("first", "accumulated")  # in millions


def municipalities_sheet(measures: Measures, words: Words) -> Sheet:
    """A row for each municipality: people, kr per inhabitant, share of free income, rank."""
    figures = key_figures(measures)
    own = [at for at, region in enumerate(measures.regions) if region.kind == "municipality"]
    county = measures.dataset["county_name"].values.tolist() if "county_name" in measures.dataset else [""] * len(own)
    columns = [
        Column("municipality", words("column_code"), "text"), Column("name", words("column_municipality"), "text"),
        Column("county", words("column_county"), "text"), *figure_columns(measures, words),
        Column("rank", words("column_rank"), "integer"),
    ]  # fmt: skip
    rows: list[list[Entry]] = []
    for place, at in enumerate(own):
        region = measures.regions[at]
        rows.append([region.code, region.name, county[place], *figure_cells(figures, at), int(figures.rank[at])])
    title = words("sheet_municipalities_title", first=measures.launch_year, last=measures.horizon)
    subtitle = words("sheet_places_subtitle", unit=words.unit)
    return Sheet("municipalities", title, subtitle, columns, rows, notes=_notes(words))


def groups_sheet(measures: Measures, words: Words) -> Sheet:
    """Country, landsdel, county and class of size: the sum, and median and unweighted mean of their municipalities."""
    figures = key_figures(measures)
    single = [at for at, region in enumerate(measures.regions) if region.kind == "municipality"]
    columns = [
        Column("kind", words("column_kind"), "text"), Column("group", words("column_group"), "text"),
        Column("municipalities", words("column_count"), "integer"), *figure_columns(measures, words),
        Column("median_per_head", words("column_median", unit=words.unit), "integer"),
        Column("mean_per_head", words("column_mean", unit=words.unit), "integer"),
    ]  # fmt: skip
    rows: list[list[Entry]] = []
    for at, region in enumerate(measures.regions):
        if region.kind == "municipality":
            continue
        inside = measures.members[at]
        per_head = figures.accumulated_per_head[single][inside]
        cells = [float(np.median(per_head)), float(np.mean(per_head))]
        name = region.label(words.lang)
        rows.append([words(f"kind_{region.kind}"), name, int(inside.sum()), *figure_cells(figures, at), *cells])
    subtitle = words("sheet_places_subtitle", unit=words.unit)
    notes = [words("note_groups"), *_notes(words)]
    return Sheet("groups", words("sheet_groups_title"), subtitle, columns, rows, notes=notes)


def figure_columns(measures: Measures, words: Words) -> list[Column]:
    """The columns of the key figures, in the order of `figure_cells`."""
    years = {"first": measures.launch_year, "last": measures.horizon, "budget": measures.budget_years[0], "": 0}
    return [
        Column(key, words(said, year=years[year], unit=words.million if key in MONEY else words.unit), form)
        for key, said, year, form in FIGURES
    ]


def figure_cells(figures: KeyFigures, at: int) -> list[Entry]:
    """The key figures of a place; amounts in mill. kr, None where there is no number."""
    cells = [getattr(figures, key)[at] / (MILLION if key in MONEY else 1) for key, *_ in FIGURES]
    return [float(value) if np.isfinite(value) else None for value in cells]


def _notes(words: Words) -> list[str]:
    own = free_income_notes(words.dataset, words)
    return [words("note_own_services"), words("note_per_head"), *own, words("note_dependency")]
