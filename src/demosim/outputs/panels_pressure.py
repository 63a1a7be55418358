"""The figure of need that is not demography, beside what the population alone calls for."""

from __future__ import annotations

import numpy as np

from demosim.outputs import charts
from demosim.outputs.charts import Labels
from demosim.outputs.comparison import factor_name
from demosim.outputs.measures import Measures
from demosim.outputs.panels import Panel
from demosim.outputs.words import MILLION, Words, money_decimals
from demosim.rounding import rounded_parts


def pressure_panel(measures: Measures) -> Panel | None:
    """What the population alone calls for and each kind of need that is not demography by budget year, mill. kr charged
    to free income, change from the year before; None where the scenario has no such need."""
    if "pressure_expenditure" not in measures.dataset:
        return None
    alone = measures.yearly().sum("service").transpose("region", "budget_year").values
    kinds = measures.money("pressure_expenditure").sum("service").transpose("region", "pressure", "budget_year").values
    amounts = np.concatenate([alone[:, None], kinds], axis=1) / MILLION
    decimals = np.array([money_decimals(place.sum(axis=0)) for place in amounts])
    shown = [rounded_parts(place * 10.0**at) / 10.0**at for place, at in zip(amounts, decimals.tolist(), strict=True)]
    names = [str(name) for name in measures.dataset["pressure"].values]
    points = tuple(map(str, measures.budget_years))

    def labels(words: Words) -> Labels:
        series = [words("population_alone"), *(factor_name(name, words.lang) for name in names)]
        note = words("figure_pressure_note")
        return Labels(words("figure_pressure"), words.million, series, points, words("column_budget_year"), note)

    keys = ("population", *names)
    return Panel("pressure", keys, points, np.stack(shown), decimals, labels, charts.stacked, sums=True)
