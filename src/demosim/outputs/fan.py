"""The band on the figures, as tables."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from demosim.outputs.messages import heads, message
from demosim.outputs.numbers import number
from demosim.outputs.sheets_sure import quantile_name
from demosim.outputs.tables import Rows, Table
from demosim.outputs.words import BILLION, MILLION, Words, money_decimals

SOURCES = ("national", "municipal", "unit_costs", "deflator")  # attributes of a fan, 0 where left out


def fan_table(result: xr.Dataset, lang: str, region: str = "country", name: str = "") -> Table:
    """Demographic expenditure by budget year: the ends of the 80 and 67 per cent bands, and the middle."""
    bands = result["demographic_expenditure"].sel(financing="free_income", service="total", region=region)
    large = float(abs(bands).max()) >= BILLION / 5
    words = Words(lang, result)
    unit, scale = (words.billion, BILLION) if large else (words.million, MILLION)
    rows: Rows = [
        (str(year), [float(value) / scale for value in bands.sel(budget_year=year).transpose("quantile").values])
        for year in bands["budget_year"].values
    ]
    levels = [float(level) for level in bands["quantile"].values]
    columns = [message(lang, "budget_year"), *(quantile_name(level, words) for level in levels)]
    title = message(lang, "fan_title", unit=unit, draws=int(result.attrs["draws"]), seed=int(result.attrs["seed"]))
    place = f" ({name})" if name else ""
    decimals = 2 if large else money_decimals(bands.values / scale)
    return Table(f"fan_{region}", title + place, columns, rows, decimals, notes=[message(lang, "fan_note")])


def _left_out(result: xr.Dataset, lang: str) -> str:
    """Which uncertainties the draws of a fan leave out, as a reason for a narrow band."""
    names = [name.replace("_", "-") for name in SOURCES if not result.attrs.get(name, 1)]
    if not names:
        return message(lang, "fan_record_nothing_left_out")
    return message(lang, "fan_record_left_out", names=", ".join(names))


def record_table(result: xr.Dataset, record: Mapping[str, float], ours: Mapping[str, float], lang: str) -> Table:
    """How budget estimates have missed, and half the next year's 80 per cent band of theirs and of a fan, bn kr.

    record, ours: as `budget_record` and `next_year_half_width` of `demosim.uncertainty.fan_record` give them.
    """
    names = ("mean_absolute_miss", "rmse", "mean_estimate", "half_width")
    rows: Rows = [(message(lang, f"fan_record_{name}"), [record[name]]) for name in names]
    rows.append((message(lang, "fan_record_ours", price_year=int(result.attrs["price_year"])), [ours["ours"]]))
    if ours["ours_2020"] == ours["ours_2020"]:
        rows.append((message(lang, "fan_record_ours_2020"), [ours["ours_2020"]]))
    half = number(record["half_width"], 1, lang)
    notes = [message(lang, "fan_record_too_high", number=int(record["too_high_last_ten"]), of=10, half=half)]
    if ours["ours_2020"] < record["half_width"]:
        notes.append(message(lang, "fan_record_narrower", reason=_left_out(result, lang)))
    about = {"first": int(record["first"]), "last": int(record["last"]), "year": int(result["budget_year"].values[0])}
    title = message(lang, "fan_record_title", **about)
    return Table("fan_record", title, heads(lang, "heads_fan_record"), rows, 2, notes=notes)
