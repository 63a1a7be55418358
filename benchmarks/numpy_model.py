"""Our full model in NumPy, as a careful user would write it: whole arrays, no temporaries, few passes.

Municipalities are innermost, as in the kernel; births and costs are matrix products; the country's number in each sex
and age is known beforehand, because migration is given, and needs no sum; the deviations of every year and cell and
their lowest values are laid out once for all scenarios that share them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class NumpyModel:
    """Projection and need of scenarios that share their municipal arrays, in one width of number."""

    def __init__(self, arrays: Mapping[str, np.ndarray], unit_cost: np.ndarray, dtype: type[np.floating]) -> None:
        self.dtype = dtype
        self.start = np.ascontiguousarray(arrays["jump_off_population"].transpose(1, 2, 0), dtype)
        yearly = np.einsum("jt,jbm->tbm", arrays["deviation_fade"], arrays["net_migration_deviation"])
        self.deviation = yearly[:, arrays["deviation_band"]].astype(dtype)
        self.lowest = self.deviation.min(axis=-1)
        self.factor = arrays["fertility_factor"].astype(dtype)
        self.key = arrays["settlement_key"].astype(dtype)
        self.share = self.start.sum(axis=(0, 1)) / self.start.sum()
        services, ages = unit_cost.shape
        self.unit_cost = np.tile(unit_cost, 2).reshape(services, 2 * ages).astype(dtype)
        self.country = self.start.sum(axis=2, dtype=np.float64)
        self.persons, self.moved = np.empty_like(self.start), np.empty_like(self.start)

    def run(self, arrays: Mapping[str, np.ndarray], costs: bool = True) -> np.ndarray:
        """Need (date, service, municipality); without costs nothing by date but the state goes on, (date, 0)."""
        dtype = self.dtype
        survival = (1 - arrays["death_prob"]).astype(dtype)
        newborn = (arrays["newborn_survival_prob"] * arrays["birth_share"]).astype(dtype)
        fertility = (arrays["fertility_rate"] * arrays["interval_years"] / 2).astype(dtype)
        net = (arrays["net_international_migration"] - arrays["stream_outflow"].sum(axis=0)).astype(dtype)
        inflow = arrays["stream_inflow"].astype(dtype)
        arrives = inflow.any(axis=(2, 3))
        arriving = [np.flatnonzero(arrives[:, t]) for t in range(len(survival))]
        added = net + inflow.sum(axis=0)
        fertile = np.flatnonzero(fertility.any(axis=0))
        bearing = slice(fertile[0], fertile[-1] + 1)
        older, youngest = slice(1, None), slice(0, 1)
        self.persons[:] = self.start
        country = self.country
        need = [self._need(self.persons, costs)]
        for t in range(len(survival)):
            persons, moved, alive = self.persons, self.moved, np.empty_like(country)
            births = fertility[t, bearing] @ persons[1, bearing]
            alive[:, 1:] = country[:, :-1] * survival[t, :, :-1]
            alive[:, -1] += country[:, -1] * survival[t, :, -1]
            persons[:, -2] = persons[:, -2] * survival[t, :, -2, None] + persons[:, -1] * survival[t, :, -1, None]
            survival[t, :, -2] = 1
            self._migrate(persons[:, :-1], survival[t, :, :-1], older, t, alive, net, inflow, arriving[t])
            births += fertility[t, bearing] @ moved[1, bearing]
            weighted = births * self.factor
            total = births.sum()
            alive[:, 0] = total * newborn[t]
            born = np.broadcast_to(weighted * (total / weighted.sum()), (2, 1, weighted.size))
            self._migrate(born, newborn[t][:, None], youngest, t, alive, net, inflow, arriving[t])
            country = np.maximum(alive + added[t], 0)
            need.append(self._need(moved, costs))
            self.persons, self.moved = moved, persons
        return np.stack(need)

    def _migrate(
        self, source: np.ndarray, lives: np.ndarray, ages: slice, t: int, country: np.ndarray,
        net: np.ndarray, inflow: np.ndarray, arriving: np.ndarray,
    ) -> None:  # fmt: skip
        """Persons of these ages: `source`, of which a share lives, with migration."""
        moved, deviation = self.moved[:, ages], self.deviation[t][:, ages]
        own, total = net[t][:, ages], country[:, ages]
        empty = total.min() <= 0
        drift = lives * np.vecdot(source, deviation)
        growth = 1 + (own - drift) / (np.where(total <= 0, 1, total) if empty else total)
        stays = (growth * lives).astype(self.dtype)
        np.multiply(deviation, lives[..., None], out=moved)
        moved += stays[..., None]
        moved *= source
        if empty:
            nobody = total <= 0
            moved[nobody] = own[nobody][:, None] * self.share
        for stream in arriving:
            moved += inflow[stream, t][:, ages, None] * self.key[stream]
        if empty or arriving.size or (growth + self.lowest[t][:, ages]).min() < 0:
            self._floor(moved)

    @staticmethod
    def _floor(alive: np.ndarray) -> None:
        """Cells below zero to zero; the amount from the same sex and age elsewhere."""
        rows = (alive < 0).any(axis=2)
        if rows.any():
            wanted = np.maximum(alive[rows].sum(axis=1), 0)
            kept = np.maximum(alive[rows], 0)
            total = kept.sum(axis=1)
            alive[rows] = kept * np.where(total > 0, wanted / np.where(total > 0, total, 1), 0)[:, None]

    def _need(self, persons: np.ndarray, costs: bool) -> np.ndarray:
        if not costs:
            return np.empty(0)
        return self.unit_cost @ persons.reshape(-1, persons.shape[2])
