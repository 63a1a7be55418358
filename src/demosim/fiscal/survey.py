"""Fiscal standing: the accounts survey by group, and the step from a sample to all municipalities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.costs.figures import facts
from demosim.errors import ProblemGroup, usage_error
from demosim.files import numbers, read_csv

# The size classes of the survey, by lower bound; a bound belongs to the class above.
SIZE_CLASSES = {0: "0-3000", 3_000: "3000-5000", 5_000: "5000-10000", 10_000: "10000-20000",
                20_000: "20000-50000", 50_000: "50000+"}  # fmt: skip


def read_survey(path: Path) -> pd.DataFrame:
    """A user's survey, a CSV file with a row for each municipality.

    Columns `municipality`, `stratum`, `weight` (operating revenue or inhabitants) and `result` in per cent of revenue,
    empty where there was no answer. Raises a `DemosimError` (2) with all that is wrong.
    """
    table, problems = read_csv(path, ("municipality", "stratum", "weight", "result"), dtype=str), ProblemGroup(path)
    table["weight"] = numbers(table, "weight", problems)
    table["result"] = numbers(table, "result", problems, may_lack=True)
    if (table["weight"] <= 0).any():
        problems.add("must be above zero for every municipality", path="weight")
    if table.empty:
        problems.add("has no rows")
    for number in table.loc[table["municipality"].duplicated(), "municipality"].unique():
        problems.add("stands more than once", path=str(number))
    problems.raise_if_any()
    return table


def estimate_all(survey: pd.DataFrame) -> pd.DataFrame:
    """From the municipalities that answered to all, as a stratified ratio estimate.

    In every stratum those that did not answer are taken to have the ratio (Σ weight × result / Σ weight) of those that
    did.

    Returns `stratum`, `answered` (number), `weight_share` answered, `sample`, `rest`, `total` in per cent, and a last
    row `all`: total = Σ weight × estimate / Σ weight over strata. Raises where a stratum has no answer.
    """
    answered, weight = survey["result"].notna(), survey["weight"]
    parts = pd.DataFrame({
        "stratum": survey["stratum"].astype(str), "answered": answered, "known": weight.where(answered, 0.0),
        "unknown": weight.where(~answered, 0.0), "told": (weight * survey["result"]).fillna(0.0),
    })  # fmt: skip
    table = parts.groupby("stratum", sort=False).sum()
    empty = sorted(table.index[table["answered"] == 0])
    if empty:
        raise usage_error(f"nobody answered in {', '.join(empty)}", path="stratum", allowed="join it with another")
    table["untold"] = table["unknown"] * table["told"] / table["known"]
    table.loc["all"] = table.sum()
    everyone = table["known"] + table["unknown"]
    table["weight_share"] = table["known"] / everyone
    table["sample"] = table["told"] / table["known"]
    table["rest"] = table["untold"] / table["unknown"].where(table["unknown"] > 0)
    table["total"] = (table["told"] + table["untold"]) / everyone
    table["answered"] = table["answered"].astype(int)
    return table.reset_index()[["stratum", "answered", "weight_share", "sample", "rest", "total"]]


def standing(dataset: xr.Dataset, costs: xr.Dataset, revenue: pd.DataFrame | None = None) -> pd.DataFrame:
    """What the accounts survey of 2023 says of each municipality's size class and landsdel, beside its need.

    dataset: a projection with `landsdel`. costs: `demosim.costs.need.expenditure`. revenue: the user's operating
    revenue, columns `municipality`, `revenue` (kr in the prices of the costs); without it no years are counted.

    Returns `municipality`, `size_class`, `landsdel`, net operating `result_size`, `result_landsdel` (per cent of
    revenue), `negative_size` (per cent of municipalities), `reserves_size`, `reserves_landsdel`;
    `demographic_expenditure` (yearly mean, municipal services, free income, kr) and `years_carried`: reserves by size
    class × revenue / that, empty where the expenditure falls. The figures are of groups, not of the municipality.
    """
    survey = facts("accounts_survey")
    size, landsdel = (survey[survey["group"] == name].set_index("key") for name in ("size", "landsdel"))
    persons = dataset["population"].isel(date=0).sum(("sex", "age")).transpose("municipality").values
    bounds = np.array(list(SIZE_CLASSES))
    classes = np.array(list(SIZE_CLASSES.values()))[np.searchsorted(bounds, persons, side="right") - 1]
    table = pd.DataFrame({"municipality": dataset["municipality"].values.astype(str), "size_class": classes})
    table["landsdel"] = dataset["landsdel"].values.astype(str)
    for name, groups, key in (("size", size, "size_class"), ("landsdel", landsdel, "landsdel")):
        table[f"result_{name}"] = table[key].map(groups["result_sample_2023"])
        table[f"reserves_{name}"] = table[key].map(groups["reserves_sample_2023"])
    table["negative_size"] = table["size_class"].map(size["negative_2023"])
    money = costs["demographic_expenditure"].sel(financing="free_income")
    yearly = money.isel(service=np.flatnonzero(money["level"].values == "municipal")).sum("service").mean("budget_year")
    table["demographic_expenditure"] = yearly.transpose("municipality").values
    if revenue is not None:
        own = table["municipality"].map(revenue.set_index("municipality")["revenue"])
        rising = table["demographic_expenditure"].where(table["demographic_expenditure"] > 0)
        table["years_carried"] = table["reserves_size"] / 100 * own / rising
    return table
