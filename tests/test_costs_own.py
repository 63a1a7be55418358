"""Unit costs of the user's own: every form, every fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from demosim.costs.need import expenditure
from demosim.costs.own import with_own_costs
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.scenario.cost_options import CostOptions
from demosim.scenario.own_costs import read_own_costs

PLACES = ["0301", "4601"]
TOML = """
price_year = 2025
[barnehage]
"0" = 0
"1-2" = 260000
"3-5" = 200_000.5
"6+" = 0
["4601".barnehage]
"0-5" = 100000
"6+" = 0
"""


@pytest.fixture(scope="module")
def derived() -> xr.DataArray:
    return derive_unit_cost(xr.Dataset(coords={"age": np.arange(106)}), CostOptions(), 2026)


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_own_costs_take_the_place_of_the_derived_in_their_prices(tmp_path: Path, derived: xr.DataArray) -> None:
    found = with_own_costs(derived, read_own_costs(write(tmp_path, TOML)), PLACES)
    oslo = found.sel(service="barnehage", municipality="0301")
    assert float(oslo.sel(age=2)) == pytest.approx(260000 * 1.041, rel=1e-12)
    assert float(oslo.sel(age=5)) == pytest.approx(200000.5 * 1.041, rel=1e-12)
    assert float(found.sel(service="barnehage", municipality="4601", age=0)) == pytest.approx(104100, rel=1e-12)
    school = found.sel(service="grunnskole", municipality="4601")
    np.testing.assert_array_equal(school, derived.sel(service="grunnskole"))
    assert found.attrs["own_unit_costs"] == "barnehage; 4601 barnehage"
    assert found.attrs["price_year"] == 2026


def test_need_with_costs_by_municipality(tmp_path: Path, derived: xr.DataArray) -> None:
    own = with_own_costs(derived, read_own_costs(write(tmp_path, TOML)), PLACES)
    people = xr.DataArray(
        np.ones((2, 2, 106, 2)), dims=("municipality", "sex", "age", "date"),
        coords={"municipality": PLACES, "sex": ["male", "female"], "age": np.arange(106), "date": [2026, 2027]},
    )  # fmt: skip
    need = expenditure(people, own)["expenditure_need"].sel(financing="free_income", service="barnehage", date=2026)
    assert float(need.sel(municipality="4601")) == pytest.approx(2 * 6 * 104100, rel=1e-12)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_tables_say_the_same(tmp_path: Path, derived: xr.DataArray, suffix: str) -> None:
    rows = [
        ("", "barnehage", "0", 0), ("", "barnehage", "1-2", 260000), ("", "barnehage", "3-5", 200000.5),
        ("", "barnehage", "6+", 0), ("4601", "barnehage", "0-5", 100000), ("4601", "barnehage", "6+", 0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["municipality", "service", "ages", "kr_per_person"]).assign(price_year=2025)
    path = tmp_path / f"own{suffix}"
    if suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_excel(path, index=False)
    xr.testing.assert_equal(
        with_own_costs(derived, read_own_costs(path), PLACES),
        with_own_costs(derived, read_own_costs(write(tmp_path, TOML)), PLACES),
    )


def test_without_municipalities_the_form_stays(tmp_path: Path, derived: xr.DataArray) -> None:
    text = 'price_year = 2026\n[tannhelse]\n"0-18" = 3000\n"19+" = 100\n'
    found = with_own_costs(derived, read_own_costs(write(tmp_path, text)))
    assert found.dims == ("service", "age")
    assert float(found.sel(service="tannhelse", age=19)) == 100


def test_gaps_overlaps_and_unknown_names_all_at_once(tmp_path: Path, derived: xr.DataArray) -> None:
    text = """
    price_year = 2026
    [barnehage]
    "1-5" = 1
    "3-8" = 2
    "20-30" = 1
    [skole]
    "0+" = 1
    ["301".tannhelse]
    "0+" = 1
    [sosial]
    "x" = 1
    "0+" = 1
    """
    with pytest.raises(DemosimError) as caught:
        with_own_costs(derived, read_own_costs(write(tmp_path, text)), PLACES)
    said = str(caught.value)
    assert caught.value.exit_code == 2
    for wanted in (
        'barnehage: ages 3-5 stand in both "1-5" and "3-8"',
        'barnehage: ages 0 have no cost; write "0" = 0 where there is none',
        'ages 9-19 have no cost; write "9-19" = 0',
        'ages 31+ have no cost; write "31+" = 0',
        'no service is called "skole"',
        'there is no municipality "301"; did you mean "0301"?',
        'sosial: "x" is no age band; "0", "1-5" or "90+"',
    ):
        assert wanted in said


def test_bad_forms(tmp_path: Path) -> None:
    head = "service,ages,kr_per_person,price_year\n"
    cases = {
        "a.toml": ("price_year = ", "a.toml:1: "),
        "b.toml": ('[barnehage]\n"0+" = "much"\n"1-2" = -4\n', "price_year: is missing"),
        "h.toml": ("price_year = 2026\n", "has no costs; [barnehage] with age bands"),
        "i.toml": ("price_year = 2026\n[barnehage]\n", "i.toml:2: barnehage: is not a table of age bands"),
        "j.toml": ('price_year = 2026\n["4601".barnehage]\n', "j.toml:2: 4601.barnehage: is not a table of age bands"),
        "k.toml": ('price_year = true\n[barnehage]\n"0+" = nan\n', "barnehage.0+: nan is not an amount of kroner"),
        "l.csv": ("\"", "is not a readable CSV file"), "m.xlsx": ("no workbook", "is not an xlsx workbook"),
        "c.toml": ("price_year = 2026\nbarnehage = 3\n", "barnehage: is not a table of age bands"),
        "d.csv": ("service,ages\nsosial,0+\n", "kr_per_person: has no such column"),
        "e.csv": (f"{head}sosial,0+,1,2025\nsosial,0+,1,2026\n", "one and the same year"),
        "f.csv": (f"{head}sosial,0+,mye,2025\n", "mye is not an amount of kroner"),
        "g.txt": ("", "has the suffix .txt; .toml, .csv, .xlsx"),
    }
    for name, (text, message) in cases.items():
        with pytest.raises(DemosimError) as caught:
            read_own_costs(write(tmp_path, text, name))
        assert message in str(caught.value)
    assert "much is not an amount" in _said(tmp_path / "b.toml")
    assert "-4 kr is negative; did you mean 4?" in _said(tmp_path / "b.toml")
    assert "row 3: ages 0+ of sosial stand twice" in _said(tmp_path / "e.csv")
    assert "no such file" in _said(tmp_path / "none.csv")


def _said(path: Path) -> str:
    with pytest.raises(DemosimError) as caught:
        read_own_costs(path)
    return str(caught.value)
