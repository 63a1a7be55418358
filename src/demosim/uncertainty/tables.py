"""Scores of a back-test as tables for readers: halves of the launches, age groups, size classes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from demosim.uncertainty.scores import mean_over_launches

MAIN = ("bias", "MAPE", "median_APE", "WAPE", "within_5")


def total_table(scores: pd.DataFrame, ahead: int, launches: Sequence[int]) -> pd.DataFrame:
    """Errors of municipal totals by method, per cent, mean over launches."""
    mean = _mean(scores, ahead, launches)
    return mean[(mean["group"] == "total") & (mean["size"] == "all")].set_index("method")[list(MAIN)]


def age_table(scores: pd.DataFrame, ahead: int, launches: Sequence[int], measure: str = "WAPE") -> pd.DataFrame:
    """One measure by method (rows) and age group (columns), per cent."""
    mean = _mean(scores, ahead, launches)
    table = mean[mean["size"] == "all"].pivot(index="method", columns="group", values=measure)
    groups = _order(mean["group"])
    return table.reindex(index=_order(mean["method"]), columns=groups)


def size_table(scores: pd.DataFrame, ahead: int, launches: Sequence[int], measure: str = "MAPE") -> pd.DataFrame:
    """One measure of the totals by method (rows) and size class (columns), per cent."""
    mean = _mean(scores, ahead, launches)
    table = mean[mean["group"] == "total"].pivot(index="method", columns="size", values=measure)
    return table.reindex(index=_order(mean["method"]), columns=_order(mean["size"]))


def _order(labels: pd.Series[str]) -> list[str]:
    return list(dict.fromkeys(labels))


def _mean(scores: pd.DataFrame, ahead: int, launches: Sequence[int]) -> pd.DataFrame:
    return mean_over_launches(scores[(scores["ahead"] == ahead) & scores["launch"].isin(launches)])


def text(scores: pd.DataFrame, splits: dict[str, Sequence[int]] | None = None) -> str:
    """All tables in words, by years ahead and by group of launches (all of them unless given)."""
    groups = splits or {"all launches": sorted(scores["launch"].unique())}
    lines = ["Errors in per cent, mean over launches; total population by municipality unless an age group is named.",
             "demosim: only what was known at the launch.",
             "oracle: true national net migration by sex and age, true births."]
    for ahead in sorted(scores["ahead"].unique()):
        for name, launches in groups.items():
            here = scores[(scores["ahead"] == ahead) & scores["launch"].isin(launches)]
            if here.empty:
                continue
            years = sorted(here["launch"].unique())
            lines += ["", f"{ahead} years ahead, {name} ({years[0]}-{years[-1]}, {len(years)} launches)"]
            for label, table in (
                ("", total_table(scores, ahead, launches)),
                ("WAPE by age group", age_table(scores, ahead, launches)),
                ("MAPE by size of municipality", size_table(scores, ahead, launches)),
            ):
                lines += [label] if label else []
                lines.append(table.rename_axis(None).rename_axis(None, axis=1).to_string(float_format="{:.2f}".format))
    return "\n".join(lines) + "\n"
