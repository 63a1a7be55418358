"""Fiscal standing: the accounts survey by group, and the step from a sample to all municipalities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.costs.figures import facts
from demosim.errors import ProblemGroup, usage_error

# The size classes of the survey, by lower bound; a bound belongs to the class above.
SIZE_CLASSES = {0: "0-3000", 3_000: "3000-5000", 5_000: "5000-10000", 10_000: "10000-20000",
                20_000: "20000-50000", 50_000: "50000+"}  # fmt: skip
_COLUMNS = ("municipality", "stratum", "weight", "result")


def read_survey(path: Path) -> pd.DataFrame:
    """A user's survey, a CSV file with a row for each municipality.

    Columns `municipality`, `stratum`, `weight` (operating revenue or inhabitants) and `result` in per cent of revenue,
    empty where there was no answer. Raises a `DemosimError` (2) with all that is wrong.
    """
    try:
        table = pd.read_csv(path, comment="#", dtype=str, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise usage_error(f"is not a readable CSV file ({error})", file=str(path)) from error
    problems = ProblemGroup(path)
    for column in _COLUMNS:
        if column not in table:
            problems.add("has no such column", path=column, allowed=f"columns {', '.join(_COLUMNS)}")
    problems.raise_if_any()
    for column in ("weight", "result"):
        given = table[column]
        table[column] = pd.to_numeric(given, errors="coerce")
        wrong = int((table[column].isna() & given.notna()).sum())
        if wrong:
            problems.add(f"{wrong} cells are not numbers", path=column)
    if not ((table["weight"] > 0) & np.isfinite(table["weight"])).all():
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
    table = survey.assign(answered=survey["result"].notna())
    empty = [str(name) for name, rows in table.groupby("stratum") if not rows["answered"].any()]
    if empty:
        raise usage_error(f"nobody answered in {', '.join(empty)}", path="stratum", allowed="join it with another")
    rows = []
    for name, part in table.groupby("stratum", sort=False):
        inside = part[part["answered"]]
        ratio = float((inside["weight"] * inside["result"]).sum() / inside["weight"].sum())
        full, known = float(part["weight"].sum()), float(inside["weight"].sum())
        rows.append((str(name), len(inside), known, full - known, ratio, ratio))
    strata = pd.DataFrame(rows, columns=["stratum", "answered", "known", "unknown", "sample", "rest"])
    known, unknown = strata["known"].sum(), strata["unknown"].sum()
    sample = float((strata["known"] * strata["sample"]).sum() / known)
    rest = float((strata["unknown"] * strata["rest"]).sum() / unknown) if unknown > 0 else np.nan
    whole = pd.DataFrame([("all", strata["answered"].sum(), known, unknown, sample, rest)], columns=strata.columns)
    result = pd.concat([strata, whole], ignore_index=True)
    result["weight_share"] = result["known"] / (result["known"] + result["unknown"])
    result["total"] = combine(result["sample"], result["rest"].fillna(0.0), result["weight_share"])
    result["rest"] = result["rest"].where(result["unknown"] > 0)
    return result[["stratum", "answered", "weight_share", "sample", "rest", "total"]]


def combine(sample: pd.Series[float], rest: pd.Series[float], share: pd.Series[float]) -> pd.Series[float]:
    """All = share of the sample × its ratio + the rest's share × the rest's ratio."""
    return share * sample + (1 - share) * rest


def implied_share(sample: float, rest: float, total: float) -> float:
    """The weight of the sample that a published total implies: (total − rest) / (sample − rest)."""
    return (total - rest) / (sample - rest)


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
