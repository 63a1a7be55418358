"""What is timed: the shipped main scenario, countries of other sizes, and sweeps over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.costs.unit_costs import derive_unit_cost
from demosim.packing import CostTable, Packer
from demosim.projection import assumption_arrays
from demosim.scenario.read import baseline_location, read_scenario
from demosim.scenario.resolve import resolve

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Case:
    """Plain arrays of assumptions (see `demosim.projection.assumption_arrays`) and kroner per person (service, age)."""

    arrays: dict[str, np.ndarray]
    unit_cost: np.ndarray
    labelled: tuple[xr.Dataset, xr.DataArray] | None = None  # the same with labels

    @property
    def size(self) -> int:
        """Number of municipalities."""
        return len(self.arrays["jump_off_population"])

    @property
    def cells(self) -> int:
        """Municipalities × sexes × ages × years."""
        return int(self.arrays["jump_off_population"].size * len(self.arrays["death_prob"]))


def main_case() -> Case:
    """The shipped main scenario: every municipality of Norway, ten years."""
    spec = read_scenario(ROOT / "scenarios" / "mars2026.toml")
    baseline = read_baseline(baseline_location(spec))
    assumptions = resolve(baseline, spec).assumptions
    unit_cost = derive_unit_cost(baseline, spec.costs, spec.price_year)
    values = unit_cost.transpose("service", "age").values
    return Case(assumption_arrays(assumptions), values, (assumptions, unit_cost))


def tiled(case: Case, copies: int) -> Case:
    """The same country with every municipality so many times, each of them that much smaller."""
    arrays = dict(case.arrays)
    for name in ("jump_off_population", "fertility_factor"):
        arrays[name] = np.concatenate([arrays[name]] * copies)
    arrays["jump_off_population"] = arrays["jump_off_population"] / copies
    arrays["settlement_key"] = np.tile(arrays["settlement_key"], copies) / copies
    arrays["net_migration_deviation"] = np.tile(arrays["net_migration_deviation"], copies)
    return Case(arrays, case.unit_cost)


def with_years(case: Case, years: int) -> Case:
    """The same country over other years: the given ones over and over."""
    take = np.arange(years) % len(case.arrays["death_prob"])
    arrays = dict(case.arrays)
    for name in ("death_prob", "newborn_survival_prob", "fertility_rate", "net_international_migration"):
        arrays[name] = arrays[name][take]
    for name in ("stream_inflow", "stream_outflow", "deviation_fade"):
        arrays[name] = arrays[name][:, take]
    return Case(arrays, case.unit_cost)


def with_ages(case: Case, ages: int) -> Case:
    """The same country with other ages: classes split or left out, as many persons in each as before."""
    take = np.arange(ages) * case.unit_cost.shape[1] // ages
    arrays = dict(case.arrays)
    for name in (
        "jump_off_population", "death_prob", "fertility_rate", "net_international_migration", "stream_inflow",
        "stream_outflow", "deviation_band",
    ):  # fmt: skip
        arrays[name] = np.ascontiguousarray(arrays[name][..., take])
    return Case(arrays, case.unit_cost[:, take])


def sweep(case: Case, number: int, seed: int = 1) -> list[dict[str, np.ndarray]]:
    """Scenarios that scale deaths, fertility and net migration, each year by its own random factors."""
    random = np.random.default_rng(seed)
    years = len(case.arrays["death_prob"])
    scenarios = []
    for _ in range(number):
        deaths, births, moves = random.uniform(0.95, 1.05, (3, years))
        scenarios.append(
            case.arrays
            | {
                "death_prob": np.minimum(case.arrays["death_prob"] * deaths[:, None, None], 1.0),
                "fertility_rate": case.arrays["fertility_rate"] * births[:, None],
                "net_international_migration": case.arrays["net_international_migration"] * moves[:, None, None],
            }
        )
    return scenarios


def packer(case: Case, dtype: type[np.floating]) -> Packer:
    """What packs scenarios of the case for the kernel."""
    sexes = case.arrays["jump_off_population"].shape[1]
    return Packer([CostTable.from_unit_cost(case.unit_cost, sexes)], dtype=dtype)


def packed(case: Case, scenarios: list[dict[str, np.ndarray]], dtype: type[np.floating]) -> tuple:
    """Scenarios as the kernel takes them."""
    return packer(case, dtype).pack(scenarios)
