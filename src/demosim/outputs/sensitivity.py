"""What matters, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import xarray as xr

from demosim.outputs.messages import message
from demosim.outputs.tables import Cell, Table

MILLION = 1e6


def tornado_tables(result: xr.Dataset, lang: str, names_of: Mapping[str, str] | None = None) -> list[Table]:
    """The effects of each assumption's low and high end, widest first: for the country and each place asked for."""
    label = "label_en" if lang == "en" else "label_nb"
    names = [str(name) for name in (result[label] if label in result.coords else result["assumption"]).values]
    year = int(result.attrs["budget_year"])
    heads = message(lang, "heads_tornado").split("|")
    flags = result["nonlinear"].values
    note = message(lang, "tornado_note")

    def table(key: str, place: str, low: Iterable[float], high: Iterable[float], marks: Iterable[object]) -> Table:
        rows: list[tuple[str, Sequence[Cell]]] = [
            (name, [float(a) / MILLION, float(b) / MILLION, "*" if mark else ""])
            for name, a, b, mark in zip(names, low, high, marks, strict=True)
        ]
        title = message(lang, "tornado_title", place=place, year=year)
        return Table(key, title, heads, rows, 0 if not place else 1, notes=[note])

    found = [table("tornado", "", result["effect_low"].values, result["effect_high"].values, flags)]
    if "municipality" in result.dims:
        for code in result["municipality"].values:
            here = result.sel(municipality=code)
            lows, highs = here["municipal_effect_low"].values, here["municipal_effect_high"].values
            place = (names_of or {}).get(str(code), str(code))
            found.append(table(f"tornado_{code}", f" {place}", lows, highs, here["municipal_nonlinear"].values))
    return found
