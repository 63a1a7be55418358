"""A sweep at a glance: the lowest, middle and highest demographic expenditure by year, and the knobs behind them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.outputs.messages import heads, message
from demosim.outputs.numbers import number
from demosim.outputs.tables import Rows, Table
from demosim.outputs.words import BILLION, MILLION, Words

MOST_DIGITS = 6  # of a knob's value


def sweep_table(result: xr.Dataset, lang: str) -> Table | None:
    """Lowest, median and highest scenario by budget year and for all years together; None for a sweep by places.

    result: a sweep with `demographic_expenditure` (scenario, service, budget_year), kroner charged to free income.
    """
    if "demographic_expenditure" not in result:
        return None
    yearly = result["demographic_expenditure"].sum("service").transpose("scenario", "budget_year").values
    together = yearly.sum(1)
    large = float(np.abs(together).max()) >= BILLION / 5
    words, scale = Words(lang, result), BILLION if large else MILLION
    years = [str(year) for year in result["budget_year"].values]
    all_years = f"{years[0]}–{years[-1]}"
    rows: Rows = [
        (label, [float(value) / scale for value in (values.min(), np.median(values), values.max())])
        for label, values in zip([*years, all_years], [*yearly.T, together], strict=True)
    ]
    unit = words.billion if large else words.million
    ends = {"lowest": int(together.argmin()), "highest": int(together.argmax())}
    notes = [
        message(lang, f"sweep_{end}", years=all_years, knobs=_knobs(result, scenario, lang))
        for end, scenario in ends.items()
    ]
    title = message(lang, "sweep_title", number=number(len(together), 0, lang), unit=unit)
    return Table("sweep", title, heads(lang, "heads_sweep"), rows, 2 if large else 1, [all_years], notes)


def _knobs(result: xr.Dataset, scenario: int, lang: str) -> str:
    """What the varied knobs are in a scenario: `fertility.tfr = 1.3, streams.ukraine.net.2026 = 0`."""
    paths = [str(name) for name, coord in result.coords.items() if coord.dims == ("scenario",) and name != "scenario"]
    said = [f"{path} = {_value(float(result[path][scenario]), lang)}" for path in paths]
    return ", ".join(said)


def _value(value: float, lang: str) -> str:
    """A value with as many decimals as it has, no more digits than anyone reads."""
    before = len(str(int(abs(value))))
    for decimals in range(max(MOST_DIGITS - before, 0)):
        if abs(round(value, decimals) - value) <= 1e-9 * max(abs(value), 1.0):
            return number(value, decimals, lang)
    return number(value, max(MOST_DIGITS - before, 0), lang)
