"""Mortality of a round from three things: a starting table, what was registered up to its launch, life expectancy."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

import numpy as np
import xarray as xr

from demosim.axes import age_bounds
from demosim.baseline.build_paths import Tables, population_by_age, vital_rates
from demosim.baseline.find import embedded
from demosim.baseline.mortality import DeclineTable, life_expectancy, to_prob, with_life_expectancy
from demosim.baseline.nation import survivors
from demosim.baseline.paths import multiplier_curve
from demosim.baseline.read import read_facts

FACTS = (
    "ssb_projections", "population_norway", "mortality", "fertility", "vital_constants", "migration_profiles",
)  # fmt: skip


def read_tables() -> Tables:
    """The tables of facts that a round is put together from."""
    return {name: read_facts(name) for name in FACTS}


def plain_death_prob(baseline: xr.Dataset, tables: Tables, variant: str) -> xr.DataArray:
    """Death probabilities (year, sex, age) of a round without its age groups.

    Those of the starting table with its decline; where the round is launched later than the table, the old ages are
    moved by what was registered between (`registered_ratio`), as the round's makers knew it too; then one factor on the
    death rates of each sex and year gives the round's life expectancy.
    """
    path = baseline.sel(variant=variant, drop=True)
    path = path.isel(year=path["total_fertility_rate"].notnull().values)
    launch, groups = int(path["year"].values[0]), [str(label) for label in baseline["group"].values]
    table = starting_table(tables, str(baseline.attrs["name"]))
    last = int(baseline["age"].values[-1])
    moved = np.exp(np.log(registered_ratio(tables, table, launch, groups)) @ multiplier_curve(groups, last))
    wanted = life_expectancy(path["death_prob"].values, path["newborn_survival_prob"].values)
    newborn = path["newborn_survival_prob"].values
    result = [
        with_life_expectancy(table.hazard(int(year)) * moved, *of_year)
        for year, *of_year in zip(path["year"].values, newborn, wanted, strict=True)
    ]
    coords = {"year": path["year"].values, "sex": baseline["sex"].values, "age": baseline["age"].values}
    return xr.DataArray(np.array(result), coords, ("year", "sex", "age"))


def starting_table(tables: Tables, data_set: str) -> DeclineTable:
    """The starting table of a data set with its decline."""
    recipe = tomllib.loads(embedded("data", data_set, "recipe.toml").read_text(encoding="utf-8"))
    return vital_rates(recipe, tables).mortality


def registered_ratio(tables: Tables, table: DeclineTable, launch: int, groups: Sequence[str]) -> np.ndarray:
    """Registered deaths over those of the table, from the year of the table to the launch, for each group of ages.

    Deaths of a cohort are what it has lost from one 1 January to the next; net migration at these ages is left out. A
    group holds those who are in it at the end of the year. One where no year lies between.
    """
    ratio = np.ones(len(groups))
    lost, expected = np.zeros(len(groups)), np.zeros(len(groups))
    for year in range(table.year, launch):
        before = population_by_age(tables, year).values
        after = population_by_age(tables, year + 1).values
        alive = survivors(before, np.zeros_like(before))  # a year older, nobody lost
        dead = alive - survivors(before, to_prob(table.hazard(year)))
        for g, label in enumerate(groups):
            low, high = age_bounds(label, before.shape[1] - 1)
            lost[g] += (alive - after)[:, low : high + 1].sum()
            expected[g] += dead[:, low : high + 1].sum()
    return np.divide(lost, expected, out=ratio, where=expected > 0)
