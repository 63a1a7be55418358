"""The country by age group beside the official rounds.

Two projections stand beside each round. `shipped`: the round as a national path of the data set, whose fertility,
mortality and migration by age are raked to the round's age groups, so that it must meet every one of them.
`unraked`: the engine fed with three things only that one knows of a round: total fertility, total net migration in
the ordinary age profile, and life expectancy, met by one factor on the death rates of the starting table (which are
those registered up to the launch, see `demosim.validation.mortality`). What `unraked` is off is the ages of the
migrants and the ages of the deaths, and the table says how much of each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from demosim.axes import age_members
from demosim.baseline.build_paths import Tables, population_by_age
from demosim.errors import usage_error
from demosim.projection import project
from demosim.validation.mortality import plain_death_prob, read_tables
from demosim.validation.published import published_ages

LIMITS = {"67-79": 1.0, "80-89": 1.0, "80+": 1.0, "90+": 1.0}  # per cent, of the unraked column
LIMIT_OF_OTHERS = 2.0
LIMIT_TO = 2035
MEETS = 0.01  # persons; what rounding the path leaves
ORDINARY = "ordinary"
_KEYS = ("vintage", "table", "alternative", "year")


def validate_population(baseline: xr.Dataset, variants: Sequence[str] | None = None) -> pd.DataFrame:
    """Every published age group of every round that the data set carries, beside ours.

    Returns a row for each `variant`, `year` (1 January) and `age_group`: persons `published`, `shipped`, `unraked`;
    deviations in per cent `shipped_deviation`, `unraked_deviation`; and the part of the latter that goes away with the
    round's ages of migrants (`of_migrant_ages`) and then with its ages of deaths (`of_death_ages`).
    """
    tables = read_tables()
    known = [name for name in map(str, baseline["variant"].values) if _published(tables, name).size]
    unknown = sorted(set(variants or []) - set(known))
    if unknown:
        raise usage_error(f"no published round is called {', '.join(unknown)}", allowed=", ".join(known))
    rounds = [_beside_round(baseline, tables, name) for name in known if variants is None or name in variants]
    return pd.concat(rounds, ignore_index=True)


def worst_by_group(table: pd.DataFrame) -> pd.DataFrame:
    """The largest deviation of each round and age group up to `LIMIT_TO`, with its limit and what explains it.

    Returns a row for each `variant` and `age_group`: `year` of the largest `unraked_deviation`, its two parts, `limit`
    in per cent, `within`; `explained_by` is the larger part where the limit is passed, else empty;
    `shipped_off` is the largest miss of the shipped path in persons and `shipped_meets` whether it is none.
    """
    near = table[(table["year"] <= LIMIT_TO) & table["unraked_deviation"].notna()]
    where = near["unraked_deviation"].abs().groupby([near["variant"], near["age_group"]], sort=False).idxmax()
    worst = near.loc[where].reset_index(drop=True)
    off = (table["shipped"] - table["published"]).abs().groupby([table["variant"], table["age_group"]]).max()
    worst["limit"] = [LIMITS.get(label, LIMIT_OF_OTHERS) for label in worst["age_group"]]
    worst["within"] = worst["unraked_deviation"].abs() <= worst["limit"]
    migrants = worst["of_migrant_ages"].abs() >= worst["of_death_ages"].abs()
    worst["explained_by"] = np.where(worst["within"], "", np.where(migrants, "ages of migrants", "ages of deaths"))
    worst["shipped_off"] = [off[key] for key in zip(worst["variant"], worst["age_group"], strict=True)]
    worst["shipped_meets"] = worst["shipped_off"] < MEETS
    columns = ["variant", "age_group", "year", "unraked_deviation", "of_migrant_ages", "of_death_ages", "limit"]
    return worst[[*columns, "within", "explained_by", "shipped_off", "shipped_meets"]]


def national_assumptions(
    baseline: xr.Dataset, variant: str, population: xr.DataArray, death_prob: xr.DataArray | None = None,
    ordinary_ages: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Assumptions for the country as one place, launched when its variant starts.

    population: persons (sex, age) on the first 1 January of the variant. death_prob: (year, sex, age)
    in place of the variant's own.
    ordinary_ages: the total of net migration in the ordinary profile in place of the variant's own ages.
    """
    path = baseline.sel(variant=variant, drop=True)
    path = path.isel(year=path["total_fertility_rate"].notnull().values)
    migration = path["net_international_migration"]
    if ordinary_ages:
        profile = baseline["migration_profile"].sel(profile=ORDINARY, drop=True)
        migration = migration.sum(("sex", "age_end_of_year")) * profile
    none = (0, *migration.shape)
    values = {
        "jump_off_population": (("municipality", "sex", "age"), population.transpose("sex", "age").values[None]),
        "death_prob": path["death_prob"] if death_prob is None else death_prob,
        "newborn_survival_prob": path["newborn_survival_prob"],
        "fertility_rate": path["total_fertility_rate"] * path["fertility_schedule"],
        "fertility_factor": ("municipality", [1.0]),
        "net_international_migration": migration.transpose("year", "sex", "age_end_of_year"),
        "stream_inflow": (("stream", "year", "sex", "age_end_of_year"), np.zeros(none)),
        "stream_outflow": (("stream", "year", "sex", "age_end_of_year"), np.zeros(none)),
        "settlement_key": (("stream", "municipality"), np.zeros((0, 1))),
        "net_migration_deviation": (("part", "band", "municipality"), np.zeros((1, 1, 1))),
        "deviation_fade": (("part", "year"), np.ones((1, path.sizes["year"]))),
        "deviation_band": (("sex", "age_end_of_year"), np.zeros(population.shape, np.int64)),
    }
    coords = {name: baseline[name].values for name in ("sex", "age", "age_end_of_year")}
    attrs = {name: baseline.attrs[name] for name in ("interval_years", "male_birth_share")}
    named = {"municipality": ["country"], "year": path["year"].values, **coords}
    launch = int(path["year"].values[0])
    return xr.Dataset({name: _bare(value) for name, value in values.items()}, named, {**attrs, "launch_year": launch})


def _bare(value: object) -> object:
    """An array of the data set without its further coordinates."""
    return (value.dims, value.values) if isinstance(value, xr.DataArray) else value


def _published(tables: Tables, variant: str) -> pd.DataFrame:
    """The age groups of a round by year; empty where the variant is no round of the table."""
    vintage, _, alternative = variant.partition("-")
    table = tables["ssb_projections"]
    rows = table[(table["vintage"].astype(str) == vintage) & (table["alternative"] == alternative)]
    return rows.set_index("year").drop(columns=[name for name in _KEYS if name in rows and name != "year"])


def _beside_round(baseline: xr.Dataset, tables: Tables, variant: str) -> pd.DataFrame:
    published = _published(tables, variant)
    start = population_by_age(tables, int(variant.partition("-")[0]))
    plain = plain_death_prob(baseline, tables, variant)
    ours = {
        "shipped": national_assumptions(baseline, variant, start),
        "unraked": national_assumptions(baseline, variant, start, plain, ordinary_ages=True),
        "with_migrant_ages": national_assumptions(baseline, variant, start, plain),
    }
    groups = {name: _groups(project(assumptions), list(published.columns)) for name, assumptions in ours.items()}
    rows = published.loc[published.index.isin(groups["shipped"].index)]
    table = _long(rows, "published").dropna().to_frame()
    table = table.join([_long(frame, name) for name, frame in groups.items()])
    table.index.names = ["year", "age_group"]
    for name in ours:
        table[f"{name}_deviation"] = 100 * (table[name] / table["published"] - 1)
    table["of_migrant_ages"] = table["unraked_deviation"] - table["with_migrant_ages_deviation"]
    table["of_death_ages"] = table["with_migrant_ages_deviation"] - table["shipped_deviation"]
    table.insert(0, "variant", variant)
    return table.drop(columns=["with_migrant_ages", "with_migrant_ages_deviation"]).reset_index()


def _long(frame: pd.DataFrame, name: str) -> pd.Series:
    """A row for each year and age group."""
    return pd.Series(frame.stack(future_stack=True), name=name)


def _groups(projection: xr.Dataset, labels: Sequence[str]) -> pd.DataFrame:
    """Persons of a country by date and published age group; `total` is everyone."""
    persons = projection["population"].sum(("municipality", "sex"))
    ages = persons["age"].values
    found = {label: persons.isel(age=age_members(ages, *published_ages(label, int(ages[-1])))).sum("age").values
             for label in labels}  # fmt: skip
    return pd.DataFrame(found, index=persons["date"].values)
