"""The national paths of a data set: rounds from the tables of facts, raked, and their plain components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.keys import migration_profile
from demosim.baseline.mortality import DeclineTable, life_expectancy, with_life_expectancy
from demosim.baseline.paths import NationalPath, Round, Vital, national_path

Tables = Mapping[str, pd.DataFrame]
_DIMS = {
    "death_prob": ("year", "sex", "age"), "newborn_survival_prob": ("year", "sex"), "total_fertility_rate": ("year",),
    "net_international_migration": ("year", "sex", "age_end_of_year"), "life_expectancy": ("year", "sex"),
    "plain_death_prob": ("year", "sex", "age"), "fertility_schedule": ("year", "age"),
    "death_multiplier": ("year", "group"),
}  # fmt: skip


def constant(tables: Tables, item: str, sex: str | None = None) -> float:
    """One figure of the table of constants."""
    table = tables["vital_constants"]
    rows = table[(table["item"] == item) & ((table["sex"] == sex) | (sex is None))]
    return float(rows["value"].iloc[0])


def population_by_age(tables: Tables, year: int) -> xr.DataArray:
    """Registered persons of the country on 1 January of a year, (sex, age)."""
    table = tables["population_norway"]
    table = table[table["year"] == year].set_index("sex").drop(columns="year")
    ages = [int(age) for age in table.columns]
    values = table.loc[list(SEXES)].to_numpy(dtype=float)
    return xr.DataArray(values, dims=("sex", "age"), coords={"sex": list(SEXES), "age": ages}, name="population")


def national_paths(recipe: dict[str, Any], tables: Tables) -> xr.Dataset:
    """Every round and alternative of the recipe as arrays over (variant, year, ...); NaN before a round starts.

    `plain_death_prob` is for a round without raking to age groups: the starting table, scaled by one factor to the
    life expectancy of each year and sex. With it go the total fertility rate, and the total of net migration in the
    lasting profile.
    """
    years = np.arange(recipe["first_year"], recipe["last_year"] + 1)
    vital, variants, found = vital_rates(recipe, tables), [], []
    for launch, alternatives in recipe["rounds"].items():
        for alternative in alternatives:
            published = published_round(recipe, tables, int(launch), alternative)
            variants.append(f"{launch}-{alternative}")
            found.append(_labelled(national_path(published, vital), vital, published))
    ages = population_by_age(tables, recipe["launch_year"])["age"].values
    joined = xr.concat([path.reindex(year=years) for path in found], dim="variant")
    coords = {
        "variant": variants, "sex": list(SEXES), "age": ages, "age_end_of_year": ages,
        "group": recipe["raking"]["mortality"],
    }  # fmt: skip
    return joined.assign_coords(coords)


def vital_rates(recipe: dict[str, Any], tables: Tables) -> Vital:
    """What all rounds share, from the tables of mortality, fertility and migration profiles."""
    mortality, fertility = tables["mortality"], tables["fertility"]
    death_prob = np.array([mortality[f"death_prob_{sex}"] for sex in SEXES], dtype=float)
    decline = np.array([mortality[f"decline_{sex}"] * constant(tables, "decline_multiplier", sex) for sex in SEXES])
    survival = np.array([constant(tables, "newborn_survival_prob", sex) for sex in SEXES])
    constants = tables["vital_constants"]
    start = int(constants.loc[constants["item"] == "newborn_survival_prob", "year"].iloc[0])
    schedule = np.zeros(death_prob.shape[1])
    schedule[fertility["age"]] = fertility["fertility_rate"]
    return Vital(
        mortality=DeclineTable(start, death_prob, decline, survival),
        fertility_schedule=schedule / schedule.sum(),
        lasting_profile=migration_profile(tables["migration_profiles"], recipe["migration"]["lasting"]),
        passing_profile=migration_profile(tables["migration_profiles"], recipe["migration"]["passing"]),
        male_birth_share=constant(tables, "male_birth_share"),
    )


def published_round(recipe: dict[str, Any], tables: Tables, launch: int, alternative: str) -> Round:
    """A round's launch population and its published age groups on every later 1 January to the last."""
    raking, table = recipe["raking"], tables["ssb_projections"]
    table = table[(table["vintage"] == launch) & (table["alternative"] == alternative)].set_index("year")
    dates = range(launch + 1, recipe["last_year"] + 2)
    labels = [raking["birth"], *raking["migration"], *raking["where_published"], *raking["mortality"]]
    return Round(
        launch=launch,
        population=population_by_age(tables, launch).values,
        groups={label: table.loc[list(dates), label].to_numpy(dtype=float) for label in labels},
        birth_group=raking["birth"],
        migration_groups=raking["migration"],
        extra_groups=raking["where_published"],
        mortality_groups=raking["mortality"],
        passing_years=recipe["migration"]["passing_years"],
    )


def _labelled(path: NationalPath, vital: Vital, published: Round) -> xr.Dataset:
    years = range(published.launch, published.launch + len(path.total_fertility_rate))
    expected = life_expectancy(path.death_prob, path.newborn_survival_prob)
    table = vital.mortality
    plain = [
        with_life_expectancy(table.hazard(year), table.newborn_survival_prob(year), wanted)
        for year, wanted in zip(years, expected, strict=True)
    ]
    values = {
        "death_prob": path.death_prob,
        "newborn_survival_prob": path.newborn_survival_prob,
        "total_fertility_rate": path.total_fertility_rate,
        "net_international_migration": path.net_migration,
        "fertility_schedule": np.tile(vital.fertility_schedule, (len(years), 1)),
        "life_expectancy": expected,
        "death_multiplier": path.death_multiplier,
        "plain_death_prob": np.array(plain),
    }
    return xr.Dataset({name: (_DIMS[name], value) for name, value in values.items()}, coords={"year": list(years)})
