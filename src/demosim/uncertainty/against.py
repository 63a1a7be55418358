"""A published municipal projection and ours on the same launch, places and dates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.baseline.calibrate.sizes import size_classes
from demosim.errors import usage_error
from demosim.projection import project
from demosim.uncertainty.backtest import Design, Evidence, Projected, estimates_at, honest_assumptions, project_launch
from demosim.uncertainty.scores import errors

_COLUMNS = ("vintage", "alternative", "region_code", "year", "age_group", "value")
MAIN_ALTERNATIVE = "MMMM"
OFFICIAL_PATH = "demosim on the official path"
HOW = "a CSV with the columns " + ", ".join(_COLUMNS)


def read_published(path: Path) -> pd.DataFrame:
    """Published projections: persons by round (`vintage`), alternative, municipality, year and age group."""
    if not path.is_file():
        raise usage_error("there is no such file", file=str(path), allowed=HOW)
    try:
        table = pd.read_csv(path, dtype={"region_code": str, "age_group": str}, comment="#")
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise usage_error(f"cannot be read as CSV ({error})", file=str(path), allowed=HOW) from error
    missing = [name for name in _COLUMNS if name not in table.columns]
    if missing:
        raise usage_error(f"lacks the columns {', '.join(missing)}", file=str(path), allowed=HOW)
    return table


def age_bounds(name: str) -> tuple[int, int | None] | None:
    """The ages that a published group name stands for: `total`, `80+`, `20-64`, `0`; None where it is none of these.

    >>> age_bounds("20-64"), age_bounds("80+"), age_bounds("total")
    ((20, 64), (80, None), (0, None))
    """
    text = name.strip()
    if text == "total":
        return 0, None
    if text.endswith("+") and text[:-1].isdigit():
        return int(text[:-1]), None
    low, _, high = text.partition("-")
    if low.isdigit() and (high.isdigit() or not high):
        return int(low), int(high or low)
    return None


def against(
    evidence: Evidence,
    design: Design,
    published: pd.DataFrame,
    alternative: str = MAIN_ALTERNATIVE,
    baseline: xr.Dataset | None = None,
) -> pd.DataFrame:
    """Errors of a published projection beside ours, on the municipalities and age groups that both have.

    The launch of a round is its first year where that is registered; every later year that is registered is compared.

    baseline: a data set; where it carries the round's own national path (variant `2024-MMMM`), the method `demosim on
    the official path` joins our municipal estimates with that path, so that only the distribution differs.

    Returns one row per launch, years ahead, age group, size class and method (`published`, `demosim`, `no change`,
    `oracle`), in per cent. Raises a `DemosimError` (2) where nothing can be compared.
    """
    main = published[published["alternative"] == alternative]
    rows: list[dict[str, object]] = []
    for vintage, table in main.groupby("vintage"):
        launch = int(str(vintage))
        ahead = [int(year) - launch for year in sorted(table["year"].unique()) if launch < year <= evidence.last_date]
        if not ahead or launch - int(evidence.history["year"][0]) < 3:
            continue
        methods = project_launch(evidence, replace(design, launches=(launch,), ahead=ahead), launch)
        methods |= _official(evidence, design, baseline, f"{vintage}-{alternative}", launch, max(ahead))
        for step in ahead:
            rows += _compare(evidence, design, table[table["year"] == launch + step], launch, step, methods)
    if not rows:
        raise usage_error(
            f"no round of the alternative {alternative} has a year that is registered", path="published",
            allowed=f"rounds launched before {evidence.last_date}",
        )  # fmt: skip
    return pd.DataFrame(rows)


def _official(
    evidence: Evidence, design: Design, baseline: xr.Dataset | None, variant: str, launch: int, years: int
) -> dict[str, Projected]:
    """Our municipal estimates on the round's national path, where the data set has it for all years from the launch."""
    if baseline is None or variant not in baseline["variant"].values:
        return {}
    path = baseline.sel(variant=variant)
    path = path.sel(year=path["year"].isin(range(launch, launch + years)))
    if path.sizes["year"] < years or not np.isfinite(path["net_international_migration"]).all():
        return {}
    estimates = estimates_at(evidence, design, launch)
    assumptions = honest_assumptions(evidence, estimates, years, design.paths)
    rates = path["total_fertility_rate"] * path["fertility_schedule"]
    people = project(
        assumptions.assign(
            net_international_migration=path["net_international_migration"].drop_vars("variant"),
            death_prob=path["death_prob"].drop_vars("variant"),
            newborn_survival_prob=path["newborn_survival_prob"].drop_vars("variant"),
            fertility_rate=rates.transpose("year", "age").drop_vars("variant"),
        )
    )["population"].transpose("date", "municipality", "sex", "age").values
    return {OFFICIAL_PATH: lambda ahead: np.asarray(people[ahead])}


def _compare(
    evidence: Evidence, design: Design, table: pd.DataFrame, launch: int, step: int, methods: dict[str, Projected]
) -> list[dict[str, object]]:
    codes = evidence.history["municipality"].values.astype(str)
    start = evidence.registered(launch).sum((1, 2))
    truth = evidence.registered(launch + step)
    rows: list[dict[str, object]] = []
    for name, group in table.groupby("age_group", sort=False):
        bounds = age_bounds(str(name))
        values = group.drop_duplicates("region_code").set_index("region_code")["value"]
        place = np.flatnonzero(np.isin(codes, values.index))
        if bounds is None or not len(place):
            continue
        ages = slice(bounds[0], None if bounds[1] is None else bounds[1] + 1)
        observed = truth[place][:, :, ages].sum((1, 2))
        guesses = {"published": values.loc[codes[place]].to_numpy(dtype=float)}
        guesses |= {method: at(step)[place][:, :, ages].sum((1, 2)) for method, at in methods.items()}
        for size, member in size_classes(start[place], design.cuts).items():
            labels = {"launch": launch, "ahead": step, "group": str(name), "size": size, "places": int(member.sum())}
            rows += [
                labels | {"method": method, **errors(guess[member], observed[member])}
                for method, guess in guesses.items()
                if member.any()
            ]
    return rows
