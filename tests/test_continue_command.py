"""`demosim run FILE --continue RESULT`: the years after a stored run, and what keeps it from going on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.outputs.netcdf import read_assumptions, read_result, write_result
from test_chain import with_unit_costs
from test_cli import call

SCENARIO = """
name = "abroad"
baseline = "country/"
variant = "1-central"
horizon = {horizon}
price_year = 2030
{more}
[streams.newcomers]
profile = "crisis"
settlement = "quota"
net = {{ "2030-2040" = 300, "2050-2054" = {late} }}
return_rate = 0.02
timing = 0.8
"""


def write(name: str, horizon: int, late: int = 50, more: str = "") -> Path:
    path = Path(f"{name}.toml")
    path.write_text(SCENARIO.format(horizon=horizon, late=late, more=more), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return made_up.write(with_unit_costs(made_up.three_regions()), tmp_path / "country")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> None:
    code, _, err = call(capsys, "run", *words)
    assert (code, err) == (0, "")


def refusal(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    code, out, err = call(capsys, "run", *words, "--output", "never.nc")
    assert code == 2
    assert out == ""
    assert not Path("never.nc").exists()
    return err


def contents(path: str) -> dict[str, xr.Dataset]:
    return {"result": read_result(Path(path)), "assumptions": read_assumptions(Path(path))}


@pytest.mark.parametrize("split", [2035, 2050])
def test_a_run_carried_on_is_the_run_at_once(split: int, capsys: pytest.CaptureFixture[str]) -> None:
    short, long = write("short", split), write("long", 2060)
    run(capsys, long, "--output", "at_once.nc")
    run(capsys, short, "--output", "first.nc")
    run(capsys, long, "--continue", "first.nc", "--output", "both.nc")
    expected, found = contents("at_once.nc"), contents("both.nc")
    for part, dataset in expected.items():
        assert set(found[part].variables) == set(dataset.variables)
        for name in dataset.variables:
            np.testing.assert_array_equal(found[part][name].values, dataset[name].values, err_msg=str(name))
        assert set(found[part].attrs) == set(dataset.attrs)
    assert found["assumptions"].attrs == expected["assumptions"].attrs


def test_a_scenario_that_differs_only_later_may_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, write("short", 2045), "--output", "first.nc")
    other = write("other", 2060, late=400)
    run(capsys, other, "--continue", "first.nc", "--output", "both.nc")
    run(capsys, other, "--output", "at_once.nc")
    np.testing.assert_array_equal(
        contents("both.nc")["result"]["population"], contents("at_once.nc")["result"]["population"]
    )


def test_another_scenario_is_refused_with_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, write("short", 2045), "--output", "first.nc")
    other = write("other", 2060, more="[fertility]\nmultiplier = 1.1\n[mortality]\nshock = { 2035 = 1.1 }\n")
    err = refusal(capsys, other, "--continue", "first.nc")
    assert "first.nc" in err
    assert "in years already projected (" in err
    assert "fertility_rate" in err
    assert "death_prob" in err
    assert "without the stored run" in err


def test_other_control_totals_or_municipal_numbers_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    total = "[[control]]\npopulation = {{ 2040 = {} }}\n"
    run(capsys, write("short", 2045, more=total.format(130_000)), "--output", "first.nc")
    err = refusal(capsys, write("other", 2060, more=total.format(131_000)), "--continue", "first.nc")
    assert "(control)" in err
    later = "[[control]]\npopulation = { 2040 = 130000, 2055 = 120000 }\n"
    run(capsys, write("later", 2060, more=later), "--continue", "first.nc", "--output", "both.nc")
    people = contents("both.nc")["result"]["population"].sum(("municipality", "sex", "age"))
    np.testing.assert_allclose(people.sel(date=[2040, 2055]), [130_000, 120_000])
    net = '[municipalities."N2"]\nnet = {{ 2035 = {} }}\n'
    run(capsys, write("short", 2045, more=net.format(20)), "--output", "first.nc")
    assert "(municipalities)" in refusal(
        capsys, write("other", 2060, more=net.format(25)), "--continue", "first.nc"
    )  # fmt: skip


def test_another_data_set_an_earlier_horizon_and_a_part_of_the_country_are_refused(
    capsys: pytest.CaptureFixture[str], country: Path
) -> None:
    run(capsys, write("short", 2045), "--output", "first.nc")
    assert "is not after 1 January 2045" in refusal(capsys, write("early", 2040), "--continue", "first.nc")
    result, assumptions = contents("first.nc").values()
    write_result(Path("part.nc"), result.isel(municipality=[0, 1]), "run", assumptions)
    assert "holds 2 municipalities of 3" in refusal(capsys, write("long", 2060), "--continue", "part.nc")
    changed = with_unit_costs(made_up.three_regions())
    made_up.write(changed.assign(population=changed["population"] + 1), country)
    err = refusal(capsys, write("long", 2060), "--continue", "first.nc")
    assert "another version of the data set" in err


def test_files_that_are_no_whole_result_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    long = write("long", 2060)
    run(capsys, write("short", 2045), "--output", "first.nc")
    assert "no such file" in refusal(capsys, long, "--continue", "nothing.nc")
    assert "not a NetCDF file" in refusal(capsys, long, "--continue", long)
    result, assumptions = contents("first.nc").values()
    write_result(Path("bare.nc"), result, "run")
    assert "does not hold its assumptions" in refusal(capsys, long, "--continue", "bare.nc")
    without = assumptions.copy()
    del without.attrs["scenario_text"]
    write_result(Path("old.nc"), result, "run", without)
    assert "does not hold its scenario" in refusal(capsys, long, "--continue", "old.nc")
