"""What `demosim run` adds where a scenario says more of costs: need that is not demography, and the feasible path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from demosim.outputs.comparison import factor_name
from demosim.outputs.messages import message
from demosim.outputs.summary import unit_of, yearly
from demosim.outputs.tables import Table
from demosim.rounding import rounded_parts

Rows = list[tuple[str, Sequence[float]]]


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
    values = {
        "full": full,
        "yearly": _summed(free["feasible_demographic_expenditure"]),
        "gap": _summed(free["adjustment_gap"].isel(date=slice(1, None))),
        "once": _summed(free["restructuring_cost"]),
        "accumulated": _summed(free["accumulated_adjustment_cost"]),
    }
    rows: Rows = [
        (message(lang, f"feasible_{name}"), (each / unit.kroner).tolist())
        for name, each in values.items()
        if name != "once" or each.any()
    ]
    title, note = message(lang, "feasible_title", unit=unit.name), message(lang, "feasible_note")
    return Table("feasible", title, _heads(result, lang), rows, unit.decimals, notes=[note])


def _summed(money: xr.DataArray) -> np.ndarray:
    values: np.ndarray = money.sum(("service", "municipality")).values
    return values


def _heads(result: xr.Dataset, lang: str) -> list[str]:
    return [message(lang, "budget_year"), *(str(year) for year in result["budget_year"].values)]
