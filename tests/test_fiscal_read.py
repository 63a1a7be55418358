"""Tables and rates of the user's own: what is taken, what is refused, each by row and name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.costs.calibrate import as_own_costs
from demosim.costs.own import with_own_costs
from demosim.costs.spread import older_users, own_parts
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.fiscal.read import complete, read_places_table, read_rates
from demosim.fiscal.refugees import arrivals_of
from demosim.scenario.cost_options import CostOptions
from demosim.scenario.own_costs import read_own_costs
from demosim.validation.results import single_ages
from plain_assumptions import plain_assumptions

COUNTRY = made_up.small_country()


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_places_by_number_and_name(tmp_path: Path) -> None:
    path = write(tmp_path, "# mine\nmunicipality,tax,more\nR2,10,x\nRegion 1,20.5,y\n")
    table = read_places_table(path, ["tax"], [], COUNTRY)
    assert table["municipality"].tolist() == ["R2", "R1"]
    assert table["tax"].tolist() == [10, 20.5]
    assert list(table) == ["municipality", "tax"]
    with pytest.raises(DemosimError, match="lacks 2 municipalities: R3, R4; all 4, since they share one sum"):
        complete(table, "tax", COUNTRY, path)
    full = read_places_table(write(tmp_path, "municipality,tax\nR4,4\nR3,3\nR2,2\nR1,1\n"), ["tax"], [], COUNTRY)
    np.testing.assert_array_equal(complete(full, "tax", COUNTRY, path), [1, 2, 3, 4])


def test_rows_may_be_told_apart_by_another_column(tmp_path: Path) -> None:
    path = write(tmp_path, "municipality,criterion,value\nR1,a,1\nR1,b,2\n")
    assert len(read_places_table(path, ["value"], ["criterion"], COUNTRY)) == 2


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("municipality\nR1\n", ["tax: has no such column; columns municipality, tax"]),
        ("municipality,tax\nR1,much\nR9,2\nR2,\n",
         ['row 2, tax: "much" is not a number', 'no municipality is called "R9"', "row 4, tax"]),
        ("municipality,tax\nR1,1\nRegion 1,2\n", ["row 3: municipality R1 stands more than once"]),
        ("\"", ["is not a readable CSV file"]),
    ],
)  # fmt: skip
def test_bad_tables_say_all_that_is_wrong(tmp_path: Path, text: str, messages: list[str]) -> None:
    with pytest.raises(DemosimError) as caught:
        read_places_table(write(tmp_path, text), ["tax"], [], COUNTRY)
    assert caught.value.exit_code == 2
    assert all(message in str(caught.value) for message in messages)
    with pytest.raises(DemosimError, match="no such file"):
        read_places_table(tmp_path / "none.csv", ["tax"], [], COUNTRY)


def test_the_first_year_is_the_published_one_unless_given(tmp_path: Path) -> None:
    later = "\n".join(f"{year} = {year}000" for year in range(2, 6))
    rates = read_rates(write(tmp_path, f"[adult]\n{later}\n[child]\n1 = 7\n{later}\n", "rates.toml"))
    assert rates["adult"] == [194400, 2000, 3000, 4000, 5000]
    assert rates["child"] == [7, 2000, 3000, 4000, 5000]
    with pytest.raises(DemosimError) as caught:
        read_rates(None)
    assert len(caught.value.problems) == 8


def test_arrivals_go_by_the_settlement_key() -> None:
    assumptions = plain_assumptions(COUNTRY, streams=2)
    found = arrivals_of(assumptions, "stream 1")
    everyone = assumptions["stream_inflow"].sel(stream="stream 1").sum("sex")
    np.testing.assert_allclose(found.sum("municipality"), everyone.transpose(*found.sum("municipality").dims))
    key = assumptions["settlement_key"].sel(stream="stream 1").values
    np.testing.assert_allclose(found.sum(("year", "age_end_of_year")) / float(everyone.sum()), key)
    with pytest.raises(DemosimError, match='no stream "stream 3"; stream 0, stream 1'):
        arrivals_of(assumptions, "stream 3")


def test_unit_costs_written_as_own_costs_come_back(tmp_path: Path) -> None:
    """What a calibration writes is what a scenario then counts with, to the last digit of a krone."""
    cost = derive_unit_cost(single_ages(), CostOptions(), 2026)
    table = as_own_costs(cost)
    path = tmp_path / "own.csv"
    table.to_csv(path, index=False)
    again = with_own_costs(xr.zeros_like(cost), read_own_costs(path))
    np.testing.assert_allclose(again, cost, rtol=1e-15)
    school = table[table["service"] == "grunnskole"]["ages"].tolist()
    assert school == ["0-5", "6-12", "13-15", "16+"]


def test_own_shares_by_hand() -> None:
    parts = own_parts({"1-2": 0.25, "3+": 0.75}, 105, "costs.spread.x")
    assert [(part.lower, part.upper, part.share) for part in parts] == [(1, 2, 0.25), (3, 105, 0.75)]
    with pytest.raises(DemosimError) as caught:
        own_parts({"1-3": 0.25, "3+": 0.75, "old": 0.1, "200": 0.1}, 105, "costs.spread.x")
    said = str(caught.value)
    assert '"3+" has ages in common with "1-3"' in said
    assert '"old" is no age band' in said
    assert '"200" is no age band' in said


@pytest.mark.parametrize(("bands", "side"), [({"16-18": 1.0}, "none"), ({"19+": 1.0}, "all")])
def test_older_users_need_both_sides(bands: dict[str, float], side: str) -> None:
    with pytest.raises(DemosimError, match=f"{side} of the spending is on ages above 18"):
        older_users(own_parts(bands, 105, "x"), 18, 0.2)
