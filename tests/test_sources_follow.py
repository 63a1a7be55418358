"""A merger within the horizon followed in a stored result, from the command line on, and a split with weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from demosim.baseline.find import embedded
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_result, write_result
from demosim.run import Result, run
from demosim.sources.follow import CHANGES, follow, read_changes
from test_cli_data import call

MERGER = "old,new,since,name\n1508,1599,2030,Nye Ålesund\n1580,1599,2030,Nye Ålesund\n"


@pytest.fixture(scope="module")
def whole() -> Result:
    return run(embedded("scenarios", "mars2026.toml"))


@pytest.fixture(scope="module")
def result(whole: Result) -> xr.Dataset:
    return whole.dataset


def changes(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "changes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_merger_is_the_sum_of_its_parts_on_every_date(result: xr.Dataset, tmp_path: Path) -> None:
    made = follow(result, read_changes(changes(tmp_path, MERGER)))
    assert made.sizes["municipality"] == 356
    parts = result.sel(municipality=["1508", "1580"])
    for name in ("population", "births", "expenditure_need", "demographic_expenditure", "full_time_equivalents"):
        whole = parts[name].sum("municipality", skipna=False)
        np.testing.assert_allclose(made[name].sel(municipality="1599"), whole, rtol=1e-12)
        np.testing.assert_allclose(made[name].sum("municipality"), result[name].sum("municipality"), rtol=1e-12)
        np.testing.assert_array_equal(made[name].sel(municipality="0301"), result[name].sel(municipality="0301"))
        assert made[name].dims == result[name].dims
        assert made[name].attrs == result[name].attrs
    new = made.sel(municipality="1599")
    assert str(new["municipality_name"].item()) == "Nye Ålesund"
    assert str(new["county"].item()) == "15"
    assert made.attrs[CHANGES].startswith("1599 Nye Ålesund = 1508 + 1580, in force from 2030")
    codes = made["municipality"].values.tolist()
    before = result["municipality"].values.tolist()
    assert codes.index("1599") == before.index("1508")


def test_without_a_name_it_is_named_after_its_parts(result: xr.Dataset, tmp_path: Path) -> None:
    made = follow(result, read_changes(changes(tmp_path, "old,new\n1508,1508\n1580,1508\n")))
    assert str(made["municipality_name"].sel(municipality="1508").item()) == "Ålesund + Haram"
    assert "1580" not in made["municipality"].values
    assert made.attrs[CHANGES].startswith("1508 = 1508 + 1580")


def test_a_split_needs_weights_that_are_told(result: xr.Dataset, tmp_path: Path) -> None:
    text = "old,new,weight\n4601,4698,0.75\n4601,4699,0.25\n"
    asked = read_changes(changes(tmp_path, text))
    assert asked.in_words() == ["4698 = 4601 (75.00 %)", "4699 = 4601 (25.00 %)"]
    made = follow(result, asked)
    np.testing.assert_allclose(
        made["population"].sel(municipality="4699"), 0.25 * result["population"].sel(municipality="4601")
    )
    with pytest.raises(DemosimError, match="4601: is split between 4698, 4699; its weights sum to 2"):
        read_changes(changes(tmp_path, text.replace(",weight", "").replace(",0.75", "").replace(",0.25", "")))


def test_what_cannot_be_added_is_left_out_and_said(result: xr.Dataset, tmp_path: Path) -> None:
    ratio = result["population"].sum(("sex", "age")) / 1000
    more = result.assign(dependency_ratio=ratio)
    made = follow(more, read_changes(changes(tmp_path, MERGER)))
    assert "dependency_ratio" not in made
    assert "left out, as they cannot be added: dependency_ratio" in made.attrs[CHANGES]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("old,new\n9999,1599\n", 'there is no municipality "9999"'),
        ("old,new\n1508,0301\n", "0301 is already there and stays"),
        ("old,new,since\n1508,1599,2090\n", "1599 is in force from 2090; 2026 to 2036"),
        ("old,new,since\n1508,1599,soon\n", '"" or "soon" is no number'),
        ("from,to\n1508,1599\n", "old: has no such column"),
        ("old,new,when\n1508,1599,2030\n", "when: is not known"),
        ("old,new\n1508,\n", ":2: names no old or no new municipality"),
        ("old,new,weight\n1508,1599,nan\n", "1508: is split between 1599; its weights sum to nan"),
        ("old,new,weight\n1508,1599,1.5\n1508,1600,-0.5\n", "its weights sum to 1; shares from 0 that sum to 1"),
    ],
)
def test_changes_that_do_not_fit_are_refused(result: xr.Dataset, tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DemosimError) as raised:
        follow(result, read_changes(changes(tmp_path, text)))
    assert says in str(raised.value)


def test_from_the_command_line_to_a_table(
    whole: Result, result: xr.Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recoded result is a result like any other: groups and exports read it."""
    write_result(tmp_path / "run.nc", result, "run", whole.assumptions)
    merged = tmp_path / "merged.nc"
    path = changes(tmp_path, MERGER)
    code, out, err = call(capsys, "data", "recode", tmp_path / "run.nc", "--changes", path, "--output", merged)
    assert (code, err) == (0, "")
    assert out.splitlines() == ["1599 Nye Ålesund = 1508 + 1580, in force from 2030", str(merged)]
    stored = read_result(merged, "run")
    assert stored.attrs["digest"] == result.attrs["digest"]
    assert stored.attrs[CHANGES].startswith("1599 Nye Ålesund")
    file = tmp_path / "group.csv"
    file.write_text("municipality,group\n1599,merged\n", encoding="utf-8")
    code, _, err = call(capsys, "groups", merged, "--by", file, "--output", tmp_path / "table.csv")
    assert (code, err) == (0, "")
    assert "merged" in set(pd.read_csv(tmp_path / "table.csv")["group"])
    code, _, err = call(capsys, "export", merged, "--output", tmp_path / "merged.csv")
    assert (code, err) == (0, "")
    table = (tmp_path / "merged.csv").read_text(encoding="utf-8-sig")
    assert ";1599;Population;" in table
    assert ";1508;" not in table
    code, _, err = call(capsys, "data", "recode", tmp_path / "none.nc", "--changes", path, "--output", merged)
    assert code == 2
    assert "none.nc: there is no such file" in err


def test_workbook_and_page_of_a_recoded_result(
    whole: Result, result: xr.Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both have the new municipality and not the old ones; a reference that was not recoded is refused in words."""
    from openpyxl import load_workbook

    run_file, merged = tmp_path / "run.nc", tmp_path / "merged.nc"
    write_result(run_file, result, "run", whole.assumptions)
    write_result(merged, follow(result, read_changes(changes(tmp_path, MERGER))), "run", whole.assumptions)
    assert call(capsys, "export", merged, "--output", tmp_path / "x.xlsx")[0] == 0
    cells = {
        str(cell)
        for sheet in load_workbook(tmp_path / "x.xlsx", read_only=True)
        for row in sheet.iter_rows(values_only=True)
        for cell in row
    }
    assert "Nye Ålesund" in cells
    assert "Haram" not in cells
    code, _, err = call(capsys, "report", merged, "--output", tmp_path / "r.html")
    assert (code, err) == (0, "")
    assert "Nye Ålesund" in (tmp_path / "r.html").read_text(encoding="utf-8")
    code, _, err = call(capsys, "export", merged, run_file, "--output", tmp_path / "both.xlsx")
    assert code == 2
    assert "the reference has other municipalities than the result" in err
    assert not (tmp_path / "both.xlsx").exists()
