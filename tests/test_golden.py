"""The shipped scenarios give the figures they gave; `make golden` writes them anew after a change that is meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import golden


@pytest.mark.parametrize("scenario", golden.SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenario(scenario: Path) -> None:
    stored = pd.read_csv(golden.FOLDER / f"{scenario.stem}.csv")
    now = golden.golden_table(scenario)
    assert now[["kind", "what", "year"]].equals(stored[["kind", "what", "year"]])
    np.testing.assert_allclose(now["value"], stored["value"], rtol=1e-9, atol=1e-3)


def test_there_is_a_table_for_every_scenario_and_no_other() -> None:
    assert {path.stem for path in golden.FOLDER.glob("*.csv")} == {path.stem for path in golden.SCENARIOS}


def test_signs_of_the_main_scenario() -> None:
    table = pd.read_csv(golden.FOLDER / "mars2026.csv").set_index(["kind", "what", "year"])["value"]
    assert table["kroner", "grunnskole", 2027] < 0 < table["kroner", "pleie_omsorg", 2027]
    assert table["kroner", "videregaende", 2027] > 0
    assert table["persons", "6-15", 2027] < table["persons", "6-15", 2026]
    assert table["persons", "80-89", 2027] > table["persons", "80-89", 2026]


@pytest.mark.parametrize(("low", "high"), [("low", "mmmm2026"), ("mmmm2026", "high")])
def test_scenarios_are_ordered(low: str, high: str) -> None:
    def total(name: str) -> float:
        table = pd.read_csv(golden.FOLDER / f"{name}.csv")
        return float(table[(table["kind"] == "persons") & (table["year"] == table["year"].max())]["value"].sum())

    assert total(low) < total(high)
