"""Scenarios that are run many times: what is refused, with its line and a way out, and what is left out, said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sweep_country
from demosim.cli import main
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_result
from demosim.outputs.sweep import sweep_table
from demosim.scenario.read import read_scenario
from demosim.sweep.run import SweepOptions, run_sweep
from demosim.sweep.run_sensitivity import run_sensitivity
from demosim.uncertainty.fan_run import run_fan
from demosim.uncertainty.many import not_counted, refuse_in_many, refused_in_many, said_not_counted

ONLY_IN_A_RUN = """
[municipalities.R1]
net = 5
[municipalities.R2]
extra_net = 5
[[control]]
population = { 2022 = 12000 }
"""
OWN = """
[costs.own]
price_year = 2020
[costs.own.R3]
care = { "0-66" = 1000, "67+" = 90000 }
"""
PRESSURE = "[costs.pressure]\nhealthier_ageing = 0.5\n"
VARY = ("fertility.multiplier=0.9,1.0,1.1", "streams.crisis.net.2020=0:80:40")
ALL = SweepOptions(VARY)


def call(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(str(ended.value.code))


def test_everything_refused_is_named_with_line_and_way_out(tmp_path: Path) -> None:
    path = sweep_country.scenario_file(tmp_path, ONLY_IN_A_RUN)
    lines = path.read_text(encoding="utf-8").splitlines()
    found = refused_in_many(read_scenario(path))
    assert {problem.path for problem in found} == {"control[1]", "municipalities.R1.net"}
    for problem in found:
        assert problem.file == str(path)
        assert problem.line is not None
        assert lines[problem.line - 1].startswith(("[[control]]", "net = 5"))
        assert "extra_net" in str(problem.allowed)


def sweep(path: Path) -> Path:
    return run_sweep(path, path.with_suffix(".nc"))


@pytest.mark.parametrize("run", [run_fan, run_sensitivity, sweep])
def test_all_three_refuse_alike(run: Callable[[Path], object], tmp_path: Path) -> None:
    vary = '[sweep.vary]\n"fertility.multiplier" = [0.9, 1.1]\n'
    path = sweep_country.scenario_file(tmp_path, ONLY_IN_A_RUN + vary)
    with pytest.raises(DemosimError, match="only `run` takes it") as caught:
        run(path)
    assert caught.value.exit_code == 2
    assert len(caught.value.problems) == 2
    assert sorted(item.name for item in tmp_path.iterdir() if item.suffix == ".nc") == []


def test_own_costs_of_a_place_are_refused_and_those_of_the_country_are_not(tmp_path: Path) -> None:
    spec = read_scenario(sweep_country.scenario_file(tmp_path, OWN))
    with pytest.raises(DemosimError, match=r"costs\.own\.R3: has unit costs of its own"):
        refuse_in_many(spec)
    country = OWN.replace("[costs.own.R3]\n", "")
    refuse_in_many(read_scenario(sweep_country.scenario_file(tmp_path, country)))


def test_what_does_not_count_is_named(tmp_path: Path) -> None:
    plain = read_scenario(sweep_country.scenario_file(tmp_path))
    assert not_counted(plain) == ()
    assert said_not_counted(plain) == {}
    spec = read_scenario(sweep_country.scenario_file(tmp_path, PRESSURE))
    assert not_counted(spec) == ("costs.pressure",)
    assert said_not_counted(spec) == {"not_counted": "costs.pressure"}


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_results_and_readers_are_told_what_does_not_count(
    lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = sweep_country.scenario_file(tmp_path, PRESSURE)
    for words in (("sweep", path, "--vary", VARY[0]), ("fan", path, "--draws", "10"), ("sensitivity", path)):
        output = tmp_path / f"{words[0]}.nc"
        assert call("--lang", lang, *words, "--output", output) == 0
        assert "costs.pressure" in capsys.readouterr().out
        assert read_result(output, str(words[0])).attrs["not_counted"] == "costs.pressure"


def swept(tmp_path: Path, options: SweepOptions = ALL) -> xr.Dataset:
    return xr.load_dataset(run_sweep(sweep_country.scenario_file(tmp_path), tmp_path / "s.nc", options))


def test_a_sweep_at_a_glance_is_what_is_in_the_file(tmp_path: Path) -> None:
    result = swept(tmp_path)
    table = sweep_table(result, "en")
    assert table is not None
    yearly = result["demographic_expenditure"].sum("service").values / 1e6
    assert "9 scenarios" in table.title
    assert [label for label, _ in table.rows][:-1] == [str(year) for year in result["budget_year"].values]
    for (_, cells), values in zip(table.rows, [*yearly.T, yearly.sum(1)], strict=True):
        np.testing.assert_allclose(cells, [values.min(), np.median(values), values.max()])
    highest = int(yearly.sum(1).argmax())
    number = {0.9: "0.9", 1.0: "1", 1.1: "1.1"}[round(float(result["fertility.multiplier"][highest]), 6)]
    assert f"fertility.multiplier = {number}, streams.crisis.net.2020 = " in table.notes[1]
    assert table.totals == [table.rows[-1][0]]


def test_a_sweep_by_places_has_no_such_table(tmp_path: Path) -> None:
    assert sweep_table(swept(tmp_path, SweepOptions(VARY, by="municipality", municipalities=("R1",))), "nb") is None


@pytest.mark.parametrize(("value", "said"), [(1.3, "1.3"), (20000.0, "20,000"), (1.309684321, "1.30968"), (0.0, "0")])
def test_knobs_are_told_with_the_digits_they_have(value: float, said: str, tmp_path: Path) -> None:
    result = swept(tmp_path)
    moved = result.assign_coords({"fertility.multiplier": ("scenario", np.full(9, value))})
    table = sweep_table(moved, "en")
    assert table is not None
    assert f"fertility.multiplier = {said}," in table.notes[0]


def test_machines_get_the_table_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = sweep_country.scenario_file(tmp_path)
    assert call("--json", "sweep", path, "--vary", VARY[0], "--output", tmp_path / "s.nc") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tables"][0]["key"] == "sweep"
    assert len(told["tables"][0]["rows"][0]["values"]) == 3


def test_places_are_taken_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = sweep_country.scenario_file(tmp_path)
    words = ("sweep", path, "--vary", VARY[0], "--by", "municipality", "--output", tmp_path / "m.nc")
    assert call("--lang", "en", *words, "--municipality", "Region 3", "--municipality", "R1") == 0
    with xr.open_dataset(tmp_path / "m.nc") as stored:
        assert stored["municipality"].values.tolist() == ["R1", "R3"], "in the order of the data set"
    capsys.readouterr()
    assert call(*words, "--municipality", "Regon 3") == 2
    assert 'did you mean "Region 3"' in capsys.readouterr().err
    assert call(*words[:4], "--municipality", "R1") == 2
    assert "need --by municipality" in capsys.readouterr().err


def test_a_place_that_the_scenario_does_not_name_says_how(tmp_path: Path) -> None:
    path = sweep_country.scenario_file(tmp_path)
    vary = ("municipalities.R1.extra_net.2021=0,5",)
    with pytest.raises(DemosimError, match=r"a line \[municipalities.R1\] in the scenario makes it one"):
        run_sweep(path, tmp_path / "x.nc", SweepOptions(vary=vary))
    named = sweep_country.scenario_file(tmp_path, "[municipalities.R1]\n")
    assert run_sweep(named, tmp_path / "x.nc", SweepOptions(vary=vary)).is_file()
