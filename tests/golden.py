"""Golden tables of the shipped scenarios. `python -m tests.golden` writes them anew; only a change that is meant may.

One table per scenario: demographic expenditure by service and budget year (kroner, charged to free income), and persons
by age group on 1 January, for the whole country.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import demosim as ds
from demosim.axes import age_label, age_members
from demosim.outputs.summary import age_groups

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "golden"
SCENARIOS = sorted((ROOT / "scenarios").glob("*.toml"))


def golden_table(scenario: Path) -> pd.DataFrame:
    """The figures of a scenario that must not change unnoticed: kind, what, year, value."""
    result = ds.run(scenario)
    money = result.costs["demographic_expenditure"].sel(financing="free_income").sum("municipality")
    rows = [
        ("kroner", str(service), int(year), float(money.sel(service=service, budget_year=year)))
        for service in money["service"].values
        for year in money["budget_year"].values
    ]
    persons = result.projection["population"].sum(("municipality", "sex"))
    ages = persons["age"].values
    for low, high in age_groups(ages):
        by_date = persons.isel(age=age_members(ages, low, high)).sum("age")
        label = age_label(low, high, int(ages[-1]))
        rows += [("persons", label, int(date), float(by_date.sel(date=date))) for date in by_date["date"].values]
    return pd.DataFrame(rows, columns=["kind", "what", "year", "value"])


def write_all() -> None:
    """Write every golden table anew."""
    FOLDER.mkdir(exist_ok=True)
    for scenario in SCENARIOS:
        table = golden_table(scenario)
        table.to_csv(FOLDER / f"{scenario.stem}.csv", index=False, float_format="%.6f", lineterminator="\n")
        print(f"written: {scenario.stem}")


if __name__ == "__main__":
    write_all()
