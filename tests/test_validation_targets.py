"""Targets of one's own: every form of a change in persons, and what is refused, with its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import made_up_result
from demosim.costs.figures import registered
from demosim.costs.prices import read_deflator
from demosim.errors import DemosimError
from demosim.outputs.netcdf import write_result
from demosim.validation.targets import read_targets

HEAD = 'price_year = 2026\n[[target]]\nname = "mine"\nlow = 1.0\nhigh = 2.0\nprice_year = 2025\nchange = '


def targets(folder: Path, change: str) -> Path:
    path = folder / "targets.toml"
    path.write_text(f"{HEAD}{change}\n", encoding="utf-8")
    return path


def refusal(folder: Path, change: str) -> str:
    with pytest.raises(DemosimError) as caught:
        read_targets(targets(folder, change))
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_bounds_prices_and_registered_changes(tmp_path: Path) -> None:
    (found,), price_year = read_targets(targets(tmp_path, '"registered 2015"'))
    both = registered()
    np.testing.assert_array_equal(found.change, both[2015].sum(0) - both[2014].sum(0))
    assert (found.name, found.low, found.high, price_year) == ("mine", 1e9, 2e9, 2026)
    assert (found.sector, found.financing, found.hold_out) == ("all", "free", False)
    assert found.price_factor == pytest.approx(read_deflator().factor(2026, 2025))


def test_persons_by_age_band_lie_evenly_on_single_ages(tmp_path: Path) -> None:
    (found,), _ = read_targets(targets(tmp_path, '{ "1-5" = 100, "90+" = -32 }'))
    ages = len(found.change)
    expected = np.zeros(ages)
    expected[1:6], expected[90:] = 20, -32 / (ages - 90)
    np.testing.assert_allclose(found.change, expected)


def test_changes_that_are_none_are_refused_with_what_there_is(tmp_path: Path) -> None:
    said = refusal(tmp_path, '"estimat 2027"')
    both = registered()
    assert 'targets.toml:7: target "mine": no change is called "estimat 2027"; ' in said
    assert f"; registered {min(both) + 1} to registered {max(both)}, outcome 2026, estimate 2026, " in said
    assert 'did you mean "estimate 2027"?' in said
    for band in ("old", "9-3", "300+"):
        assert f'"{band}" is no age band; "0", "1-5" or "90+"' in refusal(tmp_path, f'{{ "{band}" = 1 }}')
    said = refusal(tmp_path, '"registered 2015"\n[[target]]\nname = "x"')
    assert "targets.toml:8: target.1.low: Field required" in said


@pytest.fixture
def stored(tmp_path: Path) -> xr.Dataset:
    run = made_up_result.small()
    write_result(tmp_path / "run.nc", run, "run")
    return run


def test_results_without_single_ages_or_the_year_are_refused(tmp_path: Path, stored: xr.Dataset) -> None:
    dates = stored["date"].values
    said = refusal(tmp_path, '{ result = "run.nc", budget_year = 1999 }')
    assert f"there is no budget year 1999; {dates[1]} to {dates[-1]}" in said
    said = refusal(tmp_path, f'{{ result = "run.nc", budget_year = {dates[1]} }}')
    assert "the result has no single years of age; ages 0 to" in said
    assert "there is no such file" in refusal(tmp_path, '{ result = "none.nc", budget_year = 2027 }')


def test_results_elsewhere_need_leave(tmp_path: Path, stored: xr.Dataset) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    change = f'{{ result = "../run.nc", budget_year = {stored["date"].values[1]} }}'
    assert '"../run.nc" lies outside the folder of the file that names it' in refusal(folder, change)
    with pytest.raises(DemosimError, match="no single years of age"):  # read, and then refused for what it holds
        read_targets(targets(folder, change), allow_paths=True)
