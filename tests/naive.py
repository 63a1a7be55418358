"""The kernels once more in plain Python, cell by cell: slow, short, and written from the equations alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def project(arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Population (T + 1, sex, age, municipality), survivors before migration, births and floored cells.

    `arrays` are the plain arrays of assumptions (`demosim.projection.assumption_arrays`).
    """
    jump_off = arrays["jump_off_population"]
    places, sexes, ages = jump_off.shape
    years = arrays["death_prob"].shape[0]
    population = np.zeros((years + 1, sexes, ages, places))
    survivors = np.zeros((years, sexes, ages, places))
    births = np.zeros((years, places))
    floored = 0
    for m in range(places):
        population[0, :, :, m] = jump_off[m]
    for t in range(years):
        start, alive, end = population[t], survivors[t], population[t + 1]
        for s in range(sexes):
            for a in range(1, ages):
                for m in range(places):
                    alive[s, a, m] = start[s, a - 1, m] * (1 - arrays["death_prob"][t, s, a - 1])
                    if a == ages - 1:
                        alive[s, a, m] += start[s, a, m] * (1 - arrays["death_prob"][t, s, a])
                floored += _migrate(arrays, t, s, a, alive, end)
        births[t] = _births(arrays, t, start[-1], end[-1])
        for s in range(sexes):
            for m in range(places):
                alive[s, 0, m] = births[t, m] * arrays["birth_share"][s] * arrays["newborn_survival_prob"][t, s]
            floored += _migrate(arrays, t, s, 0, alive, end)
    return {"population": population, "survivors": survivors, "births": births, "floored": np.array(floored)}


def _migrate(arrays: Mapping[str, Any], t: int, s: int, a: int, alive: np.ndarray, end: np.ndarray) -> int:
    """Migration of one sex and age: survivors × (1 + net / country + deviation − mean deviation) + streams."""
    places = alive.shape[2]
    country = sum(float(alive[s, a, m]) for m in range(places))
    net = float(arrays["net_international_migration"][t, s, a])
    for p in range(arrays["stream_outflow"].shape[0]):
        net -= float(arrays["stream_outflow"][p, t, s, a])
    band = int(arrays["deviation_band"][s, a])
    deviation = [
        sum(
            float(arrays["deviation_fade"][j, t] * arrays["net_migration_deviation"][j, band, m])
            for j in range(arrays["deviation_fade"].shape[0])
        )
        for m in range(places)
    ]
    size = arrays["jump_off_population"].sum(axis=(1, 2))
    if country > 0:
        mean = sum(deviation[m] * float(alive[s, a, m]) for m in range(places)) / country
        after = [float(alive[s, a, m]) * (1 + net / country + deviation[m] - mean) for m in range(places)]
    else:
        after = [net * float(size[m] / size.sum()) for m in range(places)]
    for m, net_moves in enumerate(_moves(arrays, s, a, alive)):
        after[m] += net_moves
    for p in range(arrays["stream_inflow"].shape[0]):
        for m in range(places):
            after[m] += float(arrays["stream_inflow"][p, t, s, a] * arrays["settlement_key"][p, m])
    below = [m for m in range(places) if after[m] < 0]
    if below:
        wanted = max(sum(after), 0.0)
        rest = sum(x for x in after if x > 0)
        after = [max(x, 0.0) * (wanted / rest if rest > 0 else 0.0) for x in after]
    end[s, a, :] = after
    return len(below)


def _moves(arrays: Mapping[str, Any], s: int, a: int, alive: np.ndarray) -> list[float]:
    """Moves in less moves out by municipality: from a pool of all who leave, or from every origin to every other."""
    places = alive.shape[2]
    if "out_move_prob" not in arrays:
        return [0.0] * places
    out = [float(alive[s, a, m] * arrays["out_move_prob"][m, s, a]) for m in range(places)]
    band = int(arrays["move_band"][s, a])
    net = [-persons for persons in out]
    for o in range(places):
        pool = "in_move_share" in arrays
        share = arrays["in_move_share"][band] if pool else arrays["destination_share"][band, o]
        for m in range(places):
            net[m] += out[o] * float(share[m]) / float(share.sum())
    return net


def _births(arrays: Mapping[str, Any], t: int, women: np.ndarray, women_end: np.ndarray) -> np.ndarray:
    """Births by municipality from the mean of women at both ends; the country's number does not hang on the factors."""
    places = women.shape[1]
    own = np.zeros(places)
    for m in range(places):
        for a in range(women.shape[0]):
            last = women_end[a, m] if a > 0 else women[a, m]
            own[m] += arrays["fertility_rate"][t, a] * arrays["interval_years"] * (women[a, m] + last) / 2
    weighted = own * arrays["fertility_factor"]
    return weighted * own.sum() / weighted.sum() if weighted.sum() > 0 else weighted


def need(population: np.ndarray, unit_cost: np.ndarray) -> np.ndarray:
    """Need (date, service, municipality) from population (date, sex, age, municipality) and kroner per person."""
    dates, sexes, ages, places = population.shape
    result = np.zeros((dates, len(unit_cost), places))
    for t in range(dates):
        for k in range(len(unit_cost)):
            for m in range(places):
                for s in range(sexes):
                    for a in range(ages):
                        result[t, k, m] += unit_cost[k, a] * population[t, s, a, m]
    return result
