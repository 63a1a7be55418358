"""The sentence that is quoted, and its band."""

from __future__ import annotations

import xarray as xr

from demosim.outputs import summary
from demosim.outputs.measures import Measures
from demosim.outputs.sheets_sure import fan_total
from demosim.outputs.words import Words


def headline(measures: Measures, words: Words, fan: xr.Dataset | None = None) -> tuple[str, str | None]:
    """What the first budget year brings, as `demosim run` says it; and the 80 % band of a fan where there is one."""
    return " ".join(summary.headline(measures.dataset, words.lang)), band(measures, words, fan)


def band(measures: Measures, words: Words, fan: xr.Dataset | None) -> str | None:
    """The 80 % band of the first budget year, where a fan says it."""
    if fan is None:
        return None
    first = fan_total(fan).sel(budget_year=measures.budget_years[0])
    low, high = (float(first.sel(quantile=level, method="nearest")) for level in (0.1, 0.9))
    unit = summary.unit_of(measures.dataset, words.lang)
    decimals = 1 if unit.kroner == summary.BILLION else unit.decimals
    shown = [words.number(value / unit.kroner, decimals) for value in (low, high)]
    return words("headline_band", low=shown[0], high=shown[1], unit=unit.name)
