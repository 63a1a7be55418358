"""The sentence that is quoted, and its band."""

from __future__ import annotations

import xarray as xr

from demosim.outputs import summary
from demosim.outputs.measures import Measures
from demosim.outputs.sheets_sure import fan_total
from demosim.outputs.words import Words


def headline(measures: Measures, words: Words, fan: xr.Dataset | None = None) -> tuple[str, str | None]:
    """What the first budget year brings, as `demosim run` says it; and the 80 % band of a fan where there is one."""
    said = " ".join(summary.headline(measures.dataset, words.lang))
    if fan is None:
        return said, None
    first = fan_total(fan).sel(budget_year=measures.budget_years[0])
    unit = summary.unit_of(measures.dataset, words.lang)
    low, high = (float(first.sel(quantile=level, method="nearest")) / unit.kroner for level in (0.1, 0.9))
    return said, words("headline_band", low=words.number(low, 1), high=words.number(high, 1), unit=unit.name)
