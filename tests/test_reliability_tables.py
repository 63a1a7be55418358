"""Tables, declarations and targets of one's own that are wrong in rarer ways: each is named, with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import demosim
import made_up
import made_up_result
import sweep_country
import test_sources_docs as atlantis
from conftest import ROOT
from demosim.cli import main
from demosim.costs.calibrate import Target
from demosim.errors import DemosimError
from demosim.fiscal.read import places_table, read_rates
from demosim.outputs.free_income import with_free_income
from demosim.outputs.netcdf import write_result
from demosim.scenario.fiscal_options import FiscalOptions
from demosim.sources.build import as_data_set, build_from_files
from demosim.sources.follow import follow, read_changes
from demosim.validation.targets import read_targets
from every_command import contents


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(DemosimError) as caught:
        act()
    assert caught.value.exit_code == 2
    return str(caught.value)


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


SERVICES = "service,level,net_share,label\nschool,municipal,0.95,School\ncare,municipal,0.85,Care\n"
FERRIES = "ferries,county,0.7,Ferries\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SERVICES.replace(",label", "").replace(",School", "").replace(",Care", "") + "ferries,county,0.7\n",
         "services.csv: label: has no such column; label, or label_nb, label_nn and label_en"),
        (SERVICES + FERRIES + FERRIES, "services.csv: ferries: stands more than once"),
        (SERVICES.replace("0.95", "most") + FERRIES, 'school: has the net share "most"; above 0, at most 1'),
        (SERVICES.replace("0.95", "0") + FERRIES, 'school: has the net share "0"; above 0, at most 1'),
        (SERVICES, "ferries: stands in one of services and unit costs only"),
    ],
)  # fmt: skip
def test_a_table_of_services_that_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    atlantis.files(tmp_path)
    put(tmp_path, "services.csv", text)
    assert says in refused(lambda: as_data_set(build_from_files(tmp_path / "atlantis.toml")))


def test_labels_in_one_language_stand_for_those_that_are_not_given(tmp_path: Path) -> None:
    atlantis.files(tmp_path)
    put(tmp_path, "services.csv", (SERVICES + FERRIES).replace(",label", ",label_nb").replace("School", "Skole"))
    made = as_data_set(build_from_files(tmp_path / "atlantis.toml"))["unit_cost"]
    assert made["service_label_nb"].values.tolist() == ["Skole", "Care", "Ferries"]
    assert made["service_label_en"].values.tolist() == ["Skole", "Care", "Ferries"]


TARGET = 'price_year = 2026\n[[target]]\nname = "a"\nlow = 1\nhigh = 2\nprice_year = 2026\nchange = '


def targets(folder: Path, change: str) -> list[Target]:
    return read_targets(put(folder, "targets.toml", TARGET + change + "\n"))[0]


def test_targets_from_a_result_that_cannot_give_them(tmp_path: Path) -> None:
    write_result(tmp_path / "five.nc", made_up_result.three(), "run")
    write_result(tmp_path / "small.nc", made_up_result.small(), "run")
    for change, says in (
        ('{ result = "five.nc", budget_year = 2020 }', "there is no budget year 2020; 2035 to 2055"),
        ('{ result = "five.nc", budget_year = 2035 }', "has no single years of age; ages 0 to 105"),
        ('{ result = "small.nc", budget_year = 2021 }', "has no single years of age; ages 0 to 105"),
        ('{ result = "small.nc" }', "targets.toml:"),
        ('{ "0-5" = 1, "old" = 2 }', '"old" is no age band'),
    ):
        assert says in refused(lambda change=change: targets(tmp_path, change)), change


def test_targets_from_a_result_are_the_persons_of_the_country_or_of_one_place(tmp_path: Path) -> None:
    done = demosim.run(ROOT / "scenarios" / "mars2026.toml")
    write_result(tmp_path / "run.nc", done.dataset, "run", done.assumptions)
    persons = done.projection["population"].sum("sex")
    more = persons.sel(date=2030) - persons.sel(date=2029)
    (whole,) = targets(tmp_path, '{ result = "run.nc", budget_year = 2030 }')
    np.testing.assert_allclose(whole.change, more.sum("municipality").values, rtol=1e-12, atol=1e-9)
    (bergen,) = targets(tmp_path, '{ result = "run.nc", budget_year = 2030, municipality = "4601" }')
    np.testing.assert_allclose(bergen.change, more.sel(municipality="4601").values, rtol=1e-12, atol=1e-9)
    said = refused(lambda: targets(tmp_path, '{ result = "run.nc", budget_year = 2030, municipality = "Bergn" }'))
    assert "Bergn" in said


RUN = made_up_result.small()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("old,new,weigth\nR1,R9,1\n", "weigth: is not known; old, new, weight, since, name"),
        ("old,new\nR1,\n", ":2: names no old or no new municipality"),
        ("old,new,weight\nR1,R9,much\n", ':2: weight'),
        ("old,new,weight\nR1,R8,0.4\nR1,R9,0.4\n", "its weights sum to 0.8"),
        ("old\nR1\n", "new: has no such column"),
    ],
)  # fmt: skip
def test_municipal_changes_that_cannot_be_followed(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(lambda: read_changes(put(tmp_path, "changes.csv", text)))


def test_a_municipality_that_is_shared_between_two_keeps_its_persons_and_its_need(tmp_path: Path) -> None:
    """R1 goes to two, R2 to one of them: by hand."""
    text = "old,new,weight\nR1,R8,0.25\nR1,R9,0.75\nR2,R9,1\n"
    made = follow(RUN, read_changes(put(tmp_path, "changes.csv", text)))
    for name in ("population", "expenditure_need", "births"):
        old, new = RUN[name], made[name]
        one, two = old.sel(municipality="R1", drop=True), old.sel(municipality="R2", drop=True)
        xr.testing.assert_allclose(new.sel(municipality="R8", drop=True), 0.25 * one)
        xr.testing.assert_allclose(new.sel(municipality="R9", drop=True), 0.75 * one + two)
        xr.testing.assert_allclose(new.sum("municipality"), old.sum("municipality"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("municipality,revenue\nR1,5\nRegion 1,6\n", "municipality R1 stands more than once"),
        ("municipality,revenue\nRegon 2,5\n", 'did you mean "Region 2"'),
        ("municipality,revenue\nR1,much\nR2,inf\n", "much"),
        ("place,revenue\nR1,5\n", "municipality: has no such column"),
    ],
)
def test_a_table_of_revenue_that_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    path = put(tmp_path, "revenue.csv", text)
    assert says in refused(lambda: places_table("revenue", path, FiscalOptions(), RUN))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe\x00", "cannot be read; a CSV file in UTF-8"),
        (b"", "lacks its columns"),
        (b"municipality;free_income\nR1;-5\n", ':2: "-5" is not an amount above zero'),
        (b"municipality,free_income\nR1,5\nR1,6\n", ":3: municipality R1 stands twice"),
        (b"municipality,free_income\nR1,5\n", "lacks 3 municipalities: R2, R3, R4"),
        (b"municipality,free_income\nR11,5\n", 'there is no municipality "R11"; did you mean "R1"?'),
    ],
)
def test_a_table_of_free_income_that_is_wrong(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "income.csv").write_bytes(content)
    assert says in refused(lambda: with_free_income(RUN, tmp_path / "income.csv"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[adult]\n2 = true\n", "adult.2: True is not an amount of kroner"),
        ("[adult]\n7 = 5\n", 'adult: "7" is no year after settlement'),
        ("[elder]\n2 = 5\n", "elder: unknown key"),
        ("[adult\n", "is not valid TOML"),
        ("adult = 5\n", "adult.2: is needed, for which there is no source"),
    ],
)
def test_rates_of_the_grant_that_are_wrong(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(lambda: read_rates(put(tmp_path, "rates.toml", text)))


def test_results_of_other_countries_cannot_be_explained_by_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, regions in (("four", 4), ("three", 3)):
        (tmp_path / name).mkdir()
        done = demosim.run(sweep_country.scenario_file(tmp_path / name, regions=regions))
        write_result(tmp_path / f"{name}.nc", done.dataset, "run", done.assumptions)
    before = contents(tmp_path)
    for words, says in (
        (["four.nc", "three.nc", "--explain", "--output", "c.nc"], "municipality: differs between the two"),
        (["four.nc"], "a comparison takes two results or more"),
        (["four.nc", "four.nc", "--explain", "--municipality", "R9"], "R9"),
    ):
        with pytest.raises(SystemExit) as end:
            main(["compare", *words])
        said = capsys.readouterr().err
        assert (end.value.code, says in said) == (2, True), said
    assert contents(tmp_path) == before


def test_a_data_set_whose_labels_are_wrong_says_which() -> None:
    """One of every kind of structure: doubled codes, text for numbers, steps that are uneven, an unknown band."""
    from demosim.baseline.check import check_baseline

    country = made_up.small_country()
    doubled = country.assign_coords(municipality=["R1", "R1", "R3", "R4"])
    uneven = country.assign_coords(year=[*range(2020, 2031), 2040])
    band = country.assign(deviation_band=country["deviation_band"] + 7)
    for made, path, says in (
        (doubled, "municipality", "R1 occurs more than once"), (uneven, "year", "labels are not one interval apart"),
        (band, "deviation_band", "names a band that does not exist"),
        (country.assign_attrs(launch_year="2020"), "launch_year", "is '2020'"),
        (country.drop_attrs().assign_attrs(country.attrs | {"interval_years": 0}), "interval_years", "is 0"),
    ):  # fmt: skip
        problems = check_baseline(made)
        assert [problem for problem in problems if problem.path == path and says in problem.what], (path, problems)
