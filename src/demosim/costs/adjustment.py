"""The adjustment path: how fast spending can follow the need, in lumps, and what restructuring costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from demosim.costs.need import by_budget_year, in_prices_of
from demosim.costs.services import check_services
from demosim.scenario.cost_options import Adjustment

NEUTRAL = Adjustment()


def adjustment_path(costs: xr.Dataset, how: Mapping[str, Adjustment]) -> xr.Dataset:
    """Spending that follows the need with delay, beside the need.

    costs: as `demosim.costs.need.expenditure` gives them; spending equals need on the first date. how: by service;
    those not named adjust fully at once. `kr_per_place` is in the prices of the costs.

    Each year a share of the gap is closed; with lumps, spending stands at the start's plus as many whole lumps as are
    needed to reach that level. Equation: target = spending[t−1] + speed × (need[t] − spending[t−1]);
    spending[t] = spending[0] + lump × ⌈(target − spending[0]) / lump⌉.

    Returns kroner: `feasible_expenditure` (financing, service, municipality, date) and its yearly change
    `feasible_demographic_expenditure` (…, budget_year); `adjustment_gap` = feasible − need; `restructuring_cost` of the
    budget year; `accumulated_adjustment_cost`: gaps and restructuring added up since the first date. With neutral
    values the change equals `demographic_expenditure` bit for bit. Raises for services that are not there.
    """
    need = costs["expenditure_need"]
    names = need["service"].values.tolist()
    check_services(how, names, "costs.adjustment")
    net = need.sel(financing="free_income").transpose("service", "municipality", "date").values
    path = np.stack([follow(net[i], how.get(name, NEUTRAL)) for i, name in enumerate(names)])
    down = np.maximum(path[..., :-1] - path[..., 1:], 0)
    once = down * np.array([how.get(name, NEUTRAL).restructuring for name in names])[:, None, None]
    share = need["net_share"].transpose("service").values[:, None, None]
    feasible = need.copy(data=np.stack([path, path / share]))
    gap = feasible - need
    one_off = by_budget_year(np.stack([once, once / share]), need)
    so_far = by_budget_year(gap.values[..., 1:].cumsum(axis=-1) + one_off.values.cumsum(axis=-1), need)
    found = {
        "feasible_expenditure": feasible,
        "feasible_demographic_expenditure": by_budget_year(np.diff(feasible.values), need),
        "adjustment_gap": gap,
        "restructuring_cost": one_off,
        "accumulated_adjustment_cost": so_far,
    }
    return xr.Dataset(in_prices_of(need, found))


def follow(need: np.ndarray, how: Adjustment) -> np.ndarray:
    """Spending (municipality, date) that follows a need with the speeds and lumps of a service."""
    path = need.copy()
    for t in range(1, need.shape[-1]):
        gap = need[:, t] - path[:, t - 1]
        speed = np.where(gap > 0, how.speed_up, how.speed_down)
        target = np.where(speed == 1, need[:, t], path[:, t - 1] + speed * gap)
        path[:, t] = target if how.lump == 0 else _in_lumps(target, path[:, 0], how.lump)
    return path


def _in_lumps(target: np.ndarray, start: np.ndarray, lump: float) -> np.ndarray:
    """The start plus the least number of whole lumps that reaches the target (a billionth of a lump is forgiven)."""
    level: np.ndarray = start + lump * np.ceil((target - start) / lump - 1e-9)
    level[level < 0] = 0.0
    return level
