"""Assumptions with something of them moved: net migration, fertility, mortality, streams; for fans and sensitivities.

Arrays as the engine takes them (`demosim.projection.assumption_arrays`); only what is moved is made anew.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from demosim.packing import Arrays, CostTable

Moved = dict[str, np.ndarray]


def add_migration(arrays: Arrays, persons: np.ndarray, profile: np.ndarray) -> Moved:
    """More (or fewer) net migrants per year (year,), by a profile (sex, age at the end of the year), of sum one."""
    more = (persons * arrays["interval_years"])[:, None, None] * profile
    return {"net_international_migration": arrays["net_international_migration"] + more}


def times_fertility(arrays: Arrays, factor: np.ndarray) -> Moved:
    """Fertility rates times a factor (year,)."""
    return {"fertility_rate": arrays["fertility_rate"] * factor[:, None]}


def times_mortality(arrays: Arrays, factor: np.ndarray) -> Moved:
    """Death rates times a factor (year,), newborns included: survival to the power of it."""
    return {
        "death_prob": 1 - (1 - arrays["death_prob"]) ** factor[:, None, None],
        "newborn_survival_prob": arrays["newborn_survival_prob"] ** factor[:, None],
    }


def times_stream(arrays: Arrays, stream: int, factor: float) -> Moved:
    """All flows of one stream times a factor."""
    moved = {}
    for name in ("stream_inflow", "stream_outflow"):
        flows = arrays[name].copy()
        flows[stream] *= factor
        moved[name] = flows
    return moved


def usual_profile(arrays: Arrays) -> np.ndarray:
    """Sex and age of net migration over all years together, summing to one; of survivors where there is none."""
    net: np.ndarray = arrays["net_international_migration"].sum(0)
    if abs(net.sum()) < 0.2 * np.abs(net).sum() or net.sum() == 0:
        net = arrays["jump_off_population"].sum(0)
    share: np.ndarray = net / net.sum()
    return share


def times_costs(table: CostTable, factor: np.ndarray) -> CostTable:
    """Unit costs times a factor (service,); the tallies stay the same, so that tables can be packed together."""
    service = np.repeat(np.arange(len(factor)), np.diff(table.service_start))
    return replace(table, values=table.values * factor[service])
