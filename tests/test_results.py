"""Stored results: what comes back, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_assumptions, read_result, write_result
from demosim.projection import project
from plain_assumptions import plain_assumptions


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    assumptions = plain_assumptions(made_up.small_country())
    path = tmp_path / "result.nc"
    write_result(path, project(assumptions).assign_attrs(log={"en": ["æøå"]}), "run", assumptions)
    return path


def test_what_is_stored_comes_back_to_the_bit(stored: Path) -> None:
    assumptions = plain_assumptions(made_up.small_country())
    made, back = project(assumptions), read_result(stored, "run")
    for name in made.data_vars:
        assert np.array_equal(back[name].values, made[name].values), name
    assert back["municipality"].values.tolist() == made["municipality"].values.tolist()
    again = read_assumptions(stored)
    assert np.array_equal(again["death_prob"].values, assumptions["death_prob"].values)
    assert again["stream"].values.tolist() == ["stream 0"]


def test_a_path_may_be_given_as_text(stored: Path, tmp_path: Path) -> None:
    result = read_result(str(stored), "run")
    write_result(str(tmp_path / "again.nc"), result, "run")
    assert np.array_equal(read_result(str(tmp_path / "again.nc"))["population"].values, result["population"].values)


def test_arrays_say_what_they_are(stored: Path) -> None:
    with xr.open_dataset(stored) as opened:
        assert opened["population"].attrs["units"] == "persons"
        assert opened["population"].attrs["long_name_nb"] == "Folkemengde 1. januar"
        assert opened.attrs["demosim_kind"] == "run"
        assert opened.attrs["log"] == '{"en": ["æøå"]}'


def test_the_same_result_gives_the_same_bytes(stored: Path) -> None:
    first = stored.read_bytes()
    assumptions = plain_assumptions(made_up.small_country())
    write_result(stored, project(assumptions).assign_attrs(log={"en": ["æøå"]}), "run", assumptions)
    assert stored.read_bytes() == first


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"", "not a NetCDF file"), (b"\x89HDF\r\n\x1a\n" + b"x" * 99, "damaged or cut short")],
)
def test_what_is_not_a_result_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "a.nc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DemosimError, match=message):
        read_result(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="is a folder"):
        read_result(tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_was_cut_is_refused(stored: Path, share: float) -> None:
    content = stored.read_bytes()
    stored.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DemosimError, match="damaged or cut short"):
        read_result(stored)


def test_another_kind_of_result_is_refused(stored: Path) -> None:
    with pytest.raises(DemosimError, match="is a result of the kind run"):
        read_result(stored, "sweep")


def test_a_netcdf_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.nc"
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(path, engine="netcdf4")
    with pytest.raises(DemosimError, match="not a result of demosim"):
        read_result(path)


def test_a_form_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "later.nc"
    later = xr.Dataset(attrs={"demosim_kind": "run", "demosim_format": 99, "demosim_version": "9.0"})
    later.to_netcdf(path, engine="netcdf4")
    with pytest.raises(DemosimError, match=r"written by demosim 9\.0"):
        read_result(path)
