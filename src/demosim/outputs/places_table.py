"""The table of places that the page sorts, searches and picks from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from demosim.outputs.measures import Measures
from demosim.outputs.places import key_figures
from demosim.outputs.sheets import FORMS
from demosim.outputs.sheets_places import MONEY, figure_cells, figure_columns
from demosim.outputs.words import Words

IN_TABLE = (
    "name", "county", "persons_first", "growth", "first_per_head", "accumulated_per_head", "income_share",
    "dependency_last", "rank",
)  # fmt: skip


def place_columns(measures: Measures, words: Mapping[str, Words]) -> list[dict[str, Any]]:
    """The columns: key, label by language, decimals, whether text or per cent, and whether in the table."""
    known = np.isfinite(key_figures(measures).income_share).any()
    by_lang = {lang: _columns(measures, said) for lang, said in words.items()}
    first = next(iter(by_lang.values()))
    return [
        {
            "key": key, "at": at, "label": {lang: columns[at][1] for lang, columns in by_lang.items()},
            "text": form == "text", "decimals": FORMS[form][1], "percent": form.startswith("percent"),
            "money": key in MONEY, "inTable": key in IN_TABLE,
        }
        for at, (key, _, form) in enumerate(first)
        if known or key != "income_share"
    ]  # fmt: skip


def place_values(measures: Measures, columns: list[dict[str, Any]]) -> list[list[Any]]:
    """A row for every place, with all columns; numbers with the digits that are shown and two more to sort by."""
    figures = key_figures(measures)
    counties = measures.dataset["county_name"].values.tolist() if "county_name" in measures.dataset else None
    decimals = {column["at"]: column["decimals"] + (4 if column["percent"] else 2) for column in columns}
    rows = []
    for at, region in enumerate(measures.regions):
        county = ""
        if region.kind == "municipality" and counties is not None:
            county = counties[int(np.flatnonzero(measures.members[at])[0])]
        rank = int(figures.rank[at]) or None
        cells: list[Any] = [region.code, region.label("nb"), county, *figure_cells(figures, at), rank]
        by_column = enumerate(cells)
        rows.append([round(cell, decimals.get(n, 4)) if isinstance(cell, float) else cell for n, cell in by_column])
    return rows


def _columns(measures: Measures, words: Words) -> list[tuple[str, str, str]]:
    head = [("code", words("column_code"), "text"), ("name", words("column_municipality"), "text"),
            ("county", words("column_county"), "text")]  # fmt: skip
    middle = [(column.key, column.label, column.form) for column in figure_columns(measures, words)]
    return [*head, *middle, ("rank", words("column_rank"), "integer")]
