"""What `demosim run` adds where a scenario says more of costs: need that is not demography, and the feasible path."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.outputs.comparison import factor_name
from demosim.outputs.messages import message
from demosim.outputs.summary import unit_of, yearly
from demosim.outputs.tables import Rows, Table
from demosim.rounding import rounded_parts


def cost_tables(result: xr.Dataset, lang: str) -> list[Table]:
    """The tables of what the result holds: none of them without such keys in the scenario."""
    tables = []
    if "pressure_expenditure" in result:
        tables.append(pressure_table(result, lang))
    if "feasible_expenditure" in result:
        tables.append(feasible_table(result, lang))
    return tables


def pressure_table(result: xr.Dataset, lang: str) -> Table:
    """Change of the need from the year before: by population alone, and by each kind that is not demography."""
    unit = unit_of(result, lang)
    scale = 10.0**unit.decimals / unit.kroner
    population = _summed(yearly(result)) * scale
    kinds = _summed(result["pressure_expenditure"].sel(financing="free_income")) * scale
    total, alone = np.floor(population + kinds.sum(axis=0) + 0.5), np.floor(population + 0.5)
    shown = np.stack([alone, *rounded_parts(kinds, total - alone), total]) / 10.0**unit.decimals
    names = [factor_name(kind, lang) for kind in result["pressure"].values.tolist()]
    labels = [message(lang, "population_alone"), *names, message(lang, "total")]
    rows: Rows = [(label, values.tolist()) for label, values in zip(labels, shown, strict=True)]
    title = message(lang, "pressure_title", unit=unit.name)
    return Table("pressure", title, _heads(result, lang), rows, unit.decimals, [labels[-1]])


def feasible_table(result: xr.Dataset, lang: str) -> Table:
    """Spending that follows the need with delay, beside the full effect: yearly, the gap, and what it adds up to."""
    unit = unit_of(result, lang)
    full = _summed(yearly(result))
    if "pressure_expenditure" in result:
        full = full + _summed(result["pressure_expenditure"].sel(financing="free_income")).sum(axis=0)
    free = result.sel(financing="free_income")
    gap, once = _summed(free["adjustment_gap"]), _summed(free["restructuring_cost"])
    scale = 10.0**unit.decimals / unit.kroner
    shown = _chained(full * scale, gap[1:] * scale, once * scale, gap[0] * scale)
    rows: Rows = [
        (message(lang, f"feasible_{name}"), (values / 10.0**unit.decimals).tolist())
        for name, values in shown.items()
        if name != "once" or once.any()
    ]
    title, note = message(lang, "feasible_title", unit=unit.name), message(lang, "feasible_note")
    return Table("feasible", title, _heads(result, lang), rows, unit.decimals, notes=[note])


def _chained(full: np.ndarray, gap: np.ndarray, once: np.ndarray, start: float) -> dict[str, np.ndarray]:
    """The rows of the feasible path in whole numbers that add up from year to year.

    The full effect and the accumulated cost are their nearest whole numbers, as other tables show them; gap and one-off
    cost add to what the accumulated cost rises by; spending changes by the full effect and what the gap rises by.
    start: the gap on the launch date.
    """
    accumulated = np.floor((gap + once).cumsum() + 0.5)
    parts = rounded_parts(np.stack([gap, once]), np.diff(accumulated, prepend=0.0))
    nearest = np.floor(full + 0.5)
    yearly = nearest + np.diff(parts[0], prepend=np.floor(start + 0.5))
    return {"full": nearest, "yearly": yearly, "gap": parts[0], "once": parts[1], "accumulated": accumulated}


def _summed(money: xr.DataArray) -> np.ndarray:
    values: np.ndarray = money.sum(("service", "municipality")).values
    return values


def _heads(result: xr.Dataset, lang: str) -> list[str]:
    return [message(lang, "budget_year"), *(str(year) for year in result["budget_year"].values)]
