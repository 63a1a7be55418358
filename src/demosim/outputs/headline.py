"""The sentence that is quoted, and its band."""

from __future__ import annotations

import xarray as xr

from demosim.outputs.measures import ALL, Measures
from demosim.outputs.sheets_about import fan_total
from demosim.outputs.sheets_money import headline_rows
from demosim.outputs.words import MILLION, Words


def headline(measures: Measures, words: Words, fan: xr.Dataset | None = None) -> tuple[str, str | None]:
    """What the first budget year brings, in one sentence; and the 80 % band of a fan where there is one."""
    amounts = {(financing, level): value for financing, level, value in headline_rows(measures)}
    free = {level: value for (financing, level), value in amounts.items() if financing == "free_income"}
    billion = max(abs(free["total"]), 1) >= 1000

    def said(value: float) -> str:
        shown = words.number(value / 1000, 2) if billion else words.number(value)
        return shown

    unit = words("billion", year=words.price_year, currency=words.currency) if billion else words.million
    everything = amounts.get((ALL, "total"))
    sentence = words(
        "headline", flow_year=measures.launch_year, sector=words("sector"), year=measures.budget_years[0],
        total=said(free["total"]), unit=unit, kind=words("kind_more" if free["total"] >= 0 else "kind_less"),
        municipal=said(free["municipal"]), county=said(free["county"]),
        all="–" if everything is None else said(everything),
    )  # fmt: skip
    return sentence, band(measures, words, fan)


def band(measures: Measures, words: Words, fan: xr.Dataset | None) -> str | None:
    """The 80 % band of the first budget year, where a fan says it."""
    if fan is None:
        return None
    first = fan_total(fan).sel(budget_year=measures.budget_years[0])
    low, high = (float(first.sel(quantile=level, method="nearest")) / MILLION for level in (0.1, 0.9))
    return words("headline_band", low=words.number(low), high=words.number(high), unit=words.million)
