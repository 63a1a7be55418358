"""Results beside each other: differences, per cent, what differs, and what cannot be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sweep_country
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_result, write_result
from demosim.run import run
from demosim.sweep.compare import compare_results


@pytest.fixture
def results(tmp_path: Path) -> list[Path]:
    scenario = sweep_country.scenario_file(tmp_path)
    text = scenario.read_text(encoding="utf-8")
    paths = []
    for name, old, new in [("a", "", ""), ("b", "2020 = 40", "2020 = 90"), ("c", "horizon = 2026", "horizon = 2024")]:
        scenario.write_text(text.replace(old, new).replace('"small"', f'"{name}"') if old else text, encoding="utf-8")
        done = run(scenario)
        dataset = done.dataset.assign_attrs(scenario=name, horizon=done.assumptions.attrs["horizon"], price_year=2026)
        paths.append(tmp_path / f"{name}.nc")
        write_result(paths[-1], dataset, "run", done.assumptions)
    return paths


def test_differences_are_those_of_the_results(results: list[Path], tmp_path: Path) -> None:
    found = compare_results(results[:2], tmp_path / "out.nc")
    a, b = (read_result(path)["expenditure_need"] for path in results[:2])
    ours = found["expenditure_need_difference"]
    np.testing.assert_array_equal(ours.sel(scenario="b").transpose(*a.dims), (b - a).values)
    assert not ours.sel(scenario="a").any()
    percent = found["expenditure_need_percent"].sel(scenario="b").transpose(*a.dims)
    np.testing.assert_allclose(percent.where(a > 0), ((b / a.where(a > 0) - 1) * 100).values, atol=1e-9)
    people = found["population_difference"].sel(scenario="b", date=2021).sum()
    assert 45 < float(people) < 55
    assert read_result(tmp_path / "out.nc", "comparison").sizes["scenario"] == 2


def test_the_assumptions_that_differ_are_named(results: list[Path]) -> None:
    listed = compare_results(results)
    b = {row["name"]: row for row in listed.attrs["differing"] if row["scenario"] == "b"}
    assert set(b) == {"stream_inflow", "stream_outflow"}
    assert b["stream_inflow"]["largest"] > 0
    c = {row["name"]: row for row in listed.attrs["differing"] if row["scenario"] == "c"}
    assert (c["horizon"]["from"], c["horizon"]["to"]) == ("2026", "2024")
    assert c["fertility_rate"] == {"scenario": "c", "name": "fertility_rate", "labels": ["year"]}
    assert listed.attrs["left_out"] == {"date": [2025, 2026], "budget_year": [2025, 2026]}
    assert listed["demographic_expenditure"]["budget_year"].values.tolist() == [2021, 2022, 2023, 2024]


def test_the_same_result_twice_differs_in_nothing(results: list[Path]) -> None:
    found = compare_results([results[0], results[0]])
    assert found.attrs["differing"] == []
    assert found["scenario"].values.tolist() == ["a (a.nc) 1", "a (a.nc) 2"]
    assert not found["demographic_expenditure_difference"].any()


def test_what_cannot_be_compared_is_refused(results: list[Path], tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="two results"):
        compare_results(results[:1])
    other = read_result(results[0]).assign_attrs(price_year=2020)
    write_result(tmp_path / "prices.nc", other, "run")
    with pytest.raises(DemosimError, match="in prices of 2020, 2026"):
        compare_results([results[0], tmp_path / "prices.nc"])
    elsewhere = read_result(results[0])
    elsewhere = elsewhere.assign_coords(municipality=[f"X{i}" for i in range(4)])
    write_result(tmp_path / "elsewhere.nc", elsewhere, "run")
    with pytest.raises(DemosimError, match="no municipality in common"):
        compare_results([results[0], tmp_path / "elsewhere.nc"])
    write_result(tmp_path / "sweep.nc", xr.Dataset(), "sweep")
    with pytest.raises(DemosimError, match="of the kind sweep"):
        compare_results([results[0], tmp_path / "sweep.nc"])
