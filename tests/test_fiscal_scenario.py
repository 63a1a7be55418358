"""`[fiscal]` of a scenario: what is read, what the commands take from it, and that a run does not."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

import made_up
from demosim.errors import DemosimError
from demosim.fiscal.income import own_criteria
from demosim.fiscal.read import places_table, read_rates, tax_of
from demosim.scenario.document import to_toml
from demosim.scenario.fiscal_options import FiscalOptions, FreeIncome, RefugeeRates
from demosim.scenario.read import read_scenario, spec_from
from demosim.scenario.resolve import resolve

COUNTRY = made_up.small_country()
LATER = {str(year): 1000.0 * year for year in range(2, 6)}
TOP = {"name": "x", "baseline": "made-up/small_country", "variant": "2024-MMMM", "price_year": 2026}


def scenario(**fiscal: object) -> dict[str, object]:
    """A scenario of the made-up country, with something under `[fiscal]`."""
    launch = int(COUNTRY.attrs["launch_year"])
    variant = str(COUNTRY["variant"].values[0])
    return {**TOP, "variant": variant, "horizon": launch + int(COUNTRY.attrs["interval_years"]), "fiscal": fiscal}


def write(folder: Path, tables: dict[str, str], **fiscal: object) -> Path:
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / "mine.toml"
    path.write_text(to_toml(scenario(**fiscal)), encoding="utf-8")
    return path


def test_files_and_tables_say_the_same(tmp_path: Path) -> None:
    tables = {
        "tax.csv": "municipality,tax_per_inhabitant\nR1,10\nR2,20\nR3,30\nRegion 4,40\n",
        "revenue.csv": "# mine\nmunicipality,revenue,more\nR2,7e9,x\n",
        "income.csv": "municipality,free_income,price_year\nR3,5e9,2025\n",
    }
    read = read_scenario(write(tmp_path, tables, tax="tax.csv", revenue="revenue.csv", free_income="income.csv"))
    written = spec_from(
        scenario(
            tax={"R1": 10.0, "R2": 20.0, "R3": 30.0, "Region 4": 40.0}, revenue={"R2": 7e9},
            free_income={"price_year": 2025, "kr": {"R3": 5e9}},
        )
    )  # fmt: skip
    assert read.fiscal == written.fiscal
    assert read.fiscal.free_income == FreeIncome(price_year=2025, kr={"R3": 5e9})


def test_a_run_has_the_same_assumptions_and_digest_and_the_resolved_form_holds_the_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path, {"tax.csv": "municipality,tax_per_inhabitant\nRegion 1,10\nR2,20\nR3,30\nR4,40\n"}, tax="tax.csv",
        growth=8.4, refugees={"adult": LATER, "child": LATER},
    )  # fmt: skip
    plain = resolve(COUNTRY, spec_from(scenario()))
    with_fiscal = resolve(COUNTRY, read_scenario(path))
    assert with_fiscal.assumptions.identical(plain.assumptions)
    assert with_fiscal.digest == plain.digest
    assert "fiscal" not in plain.document
    (tmp_path / "tax.csv").unlink()
    again = spec_from(tomllib.loads(to_toml(with_fiscal.document)))
    assert again.fiscal.tax == {"R1": 10, "R2": 20, "R3": 30, "R4": 40}
    assert again.fiscal.growth == 8.4
    assert resolve(COUNTRY, again).document == with_fiscal.document


def test_an_option_goes_before_the_scenario(tmp_path: Path) -> None:
    fiscal = spec_from(scenario(tax={"R1": 1.0, "R2": 2.0, "R3": 3.0, "R4": 4.0}, revenue={"Region 2": 5.0})).fiscal
    np.testing.assert_array_equal(tax_of(None, fiscal, COUNTRY), [1, 2, 3, 4])
    own = tmp_path / "own.csv"
    own.write_text("municipality,tax_per_inhabitant\nR1,9\nR2,8\nR3,7\nR4,6\n", encoding="utf-8")
    np.testing.assert_array_equal(tax_of(own, fiscal, COUNTRY), [9, 8, 7, 6])
    assert tax_of(None, FiscalOptions(), COUNTRY) is None
    assert places_table("criteria", None, fiscal, COUNTRY) is None
    revenue = places_table("revenue", None, fiscal, COUNTRY)
    assert revenue is not None
    assert revenue.to_dict("records") == [{"municipality": "R2", "revenue": 5.0}]
    part = COUNTRY.isel(municipality=[2])
    left = places_table("tax", None, fiscal, part)
    assert left is not None
    assert left["municipality"].tolist() == ["R3"]


def test_free_income_and_criteria_as_the_functions_take_them() -> None:
    name = own_criteria()[0]
    counts = {"R1": 1.0, "R2": 2.0, "R3": 3.0, "R4": 4.0}
    fiscal = spec_from(scenario(criteria={name: counts}, free_income={"price_year": 2025, "kr": {"R4": 6.0}})).fiscal
    income = places_table("free_income", None, fiscal, COUNTRY)
    assert income is not None
    assert income.to_dict("records") == [{"municipality": "R4", "free_income": 6.0, "price_year": 2025}]
    criteria = places_table("criteria", None, fiscal, COUNTRY)
    assert criteria is not None
    assert list(criteria) == ["municipality", "criterion", "value"]
    assert dict(zip(criteria["municipality"], criteria["value"], strict=True)) == counts
    assert set(criteria["criterion"]) == {name}


def test_rates_of_the_scenario_unless_a_file_gives_them(tmp_path: Path) -> None:
    fiscal = FiscalOptions(refugees=RefugeeRates(adult=LATER, child={**LATER, "1": 7.0}))
    rates = read_rates(None, fiscal)
    assert rates == {"adult": [194400, 2000, 3000, 4000, 5000], "child": [7, 2000, 3000, 4000, 5000]}
    path = tmp_path / "rates.toml"
    same = "\n".join(f"{year} = 1" for year in range(1, 6))
    path.write_text(f"[adult]\n{same}\n[child]\n{same}\n", encoding="utf-8")
    assert read_rates(path, fiscal) == {"adult": [1] * 5, "child": [1] * 5}
    path.write_text(f"[adult]\n{same}\n", encoding="utf-8")
    with pytest.raises(DemosimError, match=r"child\.2: is needed"):
        read_rates(path, fiscal)


@pytest.mark.parametrize("key", ["criteria", "tax", "free_income", "revenue"])
def test_files_elsewhere_need_leave_and_links_do_not_help(tmp_path: Path, key: str) -> None:
    here, other = tmp_path / "here", tmp_path / "other"
    here.mkdir()
    other.mkdir()
    (other / "mine.csv").write_text("municipality\nR1\n", encoding="utf-8")
    path = write(here, {}, **{key: "../other/mine.csv"})
    with pytest.raises(DemosimError, match=rf"fiscal\.{key}: .* lies outside the folder"):
        read_scenario(path)
    with pytest.raises(DemosimError, match="has no such column"):
        read_scenario(path, allow_paths=True)
    try:
        (here / "link.csv").symlink_to(other / "mine.csv")
    except OSError:
        pytest.skip("no symbolic links here")
    with pytest.raises(DemosimError, match="lies outside the folder"):
        read_scenario(write(here, {}, **{key: "link.csv"}))
    shutil.copy(other / "mine.csv", here / "copy.csv")
    with pytest.raises(DemosimError, match=r"copy\.csv: .*has no such column"):
        read_scenario(write(here, {}, **{key: "copy.csv"}))


def test_all_that_is_wrong_with_a_table_is_said_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, {}, revenue={"R1": 1.0, "Region 1": 2.0, "R9": 3.0}, criteria={"refugee": {"R1": 1.0}})
    with pytest.raises(DemosimError) as caught:
        resolve(COUNTRY, read_scenario(path))
    lines = path.read_text(encoding="utf-8").splitlines()
    found = {problem.code: lines[(problem.line or 0) - 1] for problem in caught.value.problems}
    assert found == {
        "repeated_municipality": '"Region 1" = 2.0', "unknown_municipality": "R9 = 3.0",
        "unknown_key": "[fiscal.criteria.refugee]",
    }  # fmt: skip
