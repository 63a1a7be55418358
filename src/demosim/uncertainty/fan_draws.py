"""Draws of a fan: each its own assumptions and unit costs, projected and counted, a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.kernels.threads import run_scenarios
from demosim.packing import Arrays, CostTable, pack
from demosim.projection import assumption_arrays, check_counters
from demosim.uncertainty.fan_arrays import add_migration, times_costs, times_fertility, times_mortality, usual_profile
from demosim.uncertainty.fan_local import Local
from demosim.uncertainty.fan_national import National
from demosim.uncertainty.fan_waves import Waves

CHUNK = 16
_NATIONAL, _LOCAL, _COSTS, _PRICES, _WAVES = range(5)


@dataclass(frozen=True)
class Sources:
    """What is uncertain; None or 0 for what is switched off. Deviations of costs are standard deviations of logs."""

    national: National | None = None
    local: Local | None = None
    unit_cost_sd: float = 0.0
    deflator_sd: float = 0.0
    waves: Waves | None = None


@dataclass(frozen=True)
class Drawn:
    """Results by draw, in single precision: `need` (draw, date, service, municipality), kroner; `persons` (draw, date,
    age group, municipality)."""

    need: np.ndarray
    persons: np.ndarray


def generator(seed: int, draw: int, purpose: int) -> np.random.Generator:
    """Random numbers of one draw and one source: the same whatever else is drawn, in whatever order. 0 is a seed."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(draw, purpose))))


def draw_assumptions(sources: Sources, arrays: Arrays, seed: int, draw: int) -> dict[str, np.ndarray]:
    """The assumptions of one draw."""
    moved = dict(arrays)
    years = len(arrays["fertility_rate"])
    if sources.national is not None:
        migration, fertility, mortality = sources.national.draw(generator(seed, draw, _NATIONAL), years)
        persons = migration * arrays["jump_off_population"].sum()
        moved |= add_migration(moved, persons, usual_profile(arrays))
        moved |= times_fertility(moved, np.exp(fertility))
        moved |= times_mortality(moved, np.exp(mortality))
    if sources.local is not None:
        moved |= sources.local.draw(generator(seed, draw, _LOCAL), moved)
    if sources.waves is not None:
        moved |= sources.waves.draw(generator(seed, draw, _WAVES), moved)
    return moved


def draw_factors(sources: Sources, services: int, seed: int, draw: int) -> np.ndarray:
    """What the unit costs (service,) are multiplied by in one draw: each its own error, and that of prices."""
    own = generator(seed, draw, _COSTS).standard_normal(services) * sources.unit_cost_sd
    prices = generator(seed, draw, _PRICES).standard_normal() * sources.deflator_sd
    factor: np.ndarray = np.exp(own + prices)
    return factor


def simulate(
    assumptions: xr.Dataset, unit_cost: xr.DataArray, sources: Sources, draws: int, seed: int,
    groups: np.ndarray, threads: int = 1, chunk: int = CHUNK, report: Callable[[int, int], None] | None = None,
) -> Drawn:  # fmt: skip
    """Project draws of a scenario's assumptions.

    groups: members (age group, age) of the age groups that persons are counted in. report: called with draws done and
    in all. Results do not depend on threads and chunks, bit for bit.
    """
    arrays = assumption_arrays(assumptions)
    table = CostTable.from_unit_cost(unit_cost.transpose("service", "age").values, assumptions.sizes["sex"])
    size, sexes = assumptions.sizes["municipality"], assumptions.sizes["sex"]
    dates = len(arrays["fertility_rate"]) + 1
    need = np.empty((draws, dates, unit_cost.sizes["service"], size), np.float32)
    persons = np.empty((draws, dates, len(groups), size), np.float32)
    member = np.tile(groups, (1, sexes)).astype(float)
    finished = 0

    def run(first: int) -> int:
        last = min(first + chunk, draws)
        variants = [draw_assumptions(sources, arrays, seed, draw) for draw in range(first, last)]
        factors = [draw_factors(sources, need.shape[2], seed, draw) for draw in range(first, last)]
        inputs, pick = pack(variants, [times_costs(table, factor) for factor in factors])
        outputs = run_scenarios(inputs, pick, size, keep=("population",), chunk=chunk)
        check_counters(outputs.counters)
        need[first:last] = outputs.need
        persons[first:last] = np.matmul(member, outputs.population[..., :size])
        return last - first

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        for number in pool.map(run, range(0, draws, chunk)):
            finished += number
            if report is not None:
                report(finished, draws)
    return Drawn(need, persons)
