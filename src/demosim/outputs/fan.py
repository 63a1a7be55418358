"""The band on the figures, as tables."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from demosim.outputs.messages import message
from demosim.outputs.sheets_sure import quantile_name
from demosim.outputs.tables import Cell, Table
from demosim.outputs.words import Words, money_decimals

BILLION, MILLION = 1e9, 1e6


def fan_table(result: xr.Dataset, lang: str, region: str = "country", name: str = "") -> Table:
    """Demographic expenditure by budget year: the ends of the 80 and 67 per cent bands, and the middle."""
    bands = result["demographic_expenditure"].sel(financing="free_income", service="total", region=region)
    large = float(abs(bands).max()) >= BILLION / 5
    words = Words(lang, result)
    unit = words("billion" if large else "million", year=words.price_year, currency=words.currency)
    scale = BILLION if large else MILLION
    rows: list[tuple[str, Sequence[Cell]]] = [
        (str(year), [float(value) / scale for value in bands.sel(budget_year=year).transpose("quantile").values])
        for year in bands["budget_year"].values
    ]
    heads = [message(lang, "budget_year"), *(quantile_name(float(level), words) for level in bands["quantile"].values)]
    title = message(lang, "fan_title", unit=unit, draws=int(result.attrs["draws"]), seed=int(result.attrs["seed"]))
    place = f" ({name})" if name else ""
    decimals = 2 if large else money_decimals(bands.values / scale)
    return Table(f"fan_{region}", title + place, heads, rows, decimals, notes=[message(lang, "fan_note")])
