"""The result as one long table in the layout of the Integrated Assessment Modeling Consortium (IAMC)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from demosim.outputs.measures import ALL, FREE, Measures
from demosim.outputs.sheets import Column, Entry, Sheet
from demosim.outputs.words import MILLION, Words

COLUMNS = ("Model", "Scenario", "Region", "Variable", "Unit", "Year", "Value")
_FINANCING = {FREE: "Free Income", ALL: "All Financing"}


def iamc_sheet(measures: Measures, words: Words) -> Sheet:
    """Long table: model, scenario, region, variable, unit, year, value; for every place and service.

    Persons and need stand on 1 January of the year, demographic expenditure on the budget year. Names of variables
    are English and hierarchical (`Demographic Expenditure|Free Income|barnehage`); numbers carry all their digits.
    """
    model, scenario = "demosim", str(words.dataset.attrs.get("scenario", ""))
    rows: list[list[Entry]] = []
    for variable, unit, years, values in _variables(measures):
        for at, region in enumerate(measures.regions):
            name = region.code if region.kind == "municipality" else region.label("en")
            for year, value in zip(years, values[at].tolist(), strict=True):
                if value == value:
                    rows.append([model, scenario, name, variable, unit, year, value])
    forms = ["text"] * 5 + ["year", "two"]
    columns = [Column(name, name, form) for name, form in zip(COLUMNS, forms, strict=True)]
    return Sheet("iamc", words("sheet_iamc_title"), words.unit, columns, rows)


def _variables(measures: Measures) -> Iterator[tuple[str, str, list[int], np.ndarray]]:
    """Variable, unit, years, and values (region, year)."""
    money = f"million {measures.dataset.attrs.get('currency', 'kr')} {measures.dataset.attrs['price_year']}"
    yield "Population", "persons", measures.dates, measures.population.values
    groups = measures.age_groups
    for at, group in enumerate(groups["group"].values):
        yield f"Population|Age {group}".replace("–", "-"), "persons", measures.dates, groups.values[:, at]
    yield "Dependency Ratio", "1", measures.dates, measures.dependency_ratio.values
    names = (("Expenditure Need", "expenditure_need", measures.dates),
             ("Demographic Expenditure", "demographic_expenditure", measures.budget_years))  # fmt: skip
    for label, name, years in names:
        for financing, word in _FINANCING.items():
            if financing not in measures.dataset["financing"].values:
                continue
            values = measures.money(name, financing) / MILLION
            yield f"{label}|{word}", money, years, values.sum("service").values
            for at, service in enumerate(measures.services):
                yield f"{label}|{word}|{service}", money, years, values.values[:, at]
