"""`demosim data history`: the stored figures as the files that calibrate and backtest take."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.baseline.calibrate.history import FERTILITY_FILE, MORTALITY_FILE, read_fertility, read_history
from demosim.baseline.calibrate.national import NATION_FILE, read_nation
from demosim.baseline.calibrate.run import run_calibrate
from demosim.baseline.read import read_baseline, read_facts
from demosim.baseline.store import file_digest
from demosim.errors import DemosimError
from demosim.outputs.export import _same_grid
from demosim.sources.build import BuildInputs
from demosim.sources.command import write_history_files
from demosim.sources.history import write_history
from demosim.sources.store import Store
from demosim.uncertainty.run import run_backtest
from made_up_history import LAST, history
from stub_norway import fill
from test_cli_data import call

PLACES = 24


def past() -> xr.DataArray:
    """The made-up past in Norwegian codes, its oldest age shared out to 105."""
    made = history(PLACES)["population"].reindex(age=range(106), fill_value=0.0)
    codes = [str(code) for code in read_facts("municipalities")["municipality"][:PLACES]]
    return made.assign_coords(municipality=codes).drop_vars("county")


def inputs_of(launch: int = LAST) -> BuildInputs:
    origin = {"origin": "made up", "table": "07459", "date": "2026-02-24", "sha256": "ab" * 32, "answers": ["cd" * 32]}
    return BuildInputs({"population_history": past()}, {"population_history": origin}, {}, {"launch_year": launch})


def test_the_file_is_one_that_calibrate_and_backtest_take(tmp_path: Path) -> None:
    said = write_history(inputs_of(), tmp_path / "history.nc")
    made = read_history(tmp_path / "history.nc")
    np.testing.assert_array_equal(made["population"].values, past().values)
    county = dict(read_facts("municipalities")[["municipality", "county"]].astype(str).to_numpy())
    assert all(str(made["county"].sel(municipality=c).item()) == county[c] for c in made["municipality"].values)
    baseline = read_baseline("norway2026")
    _, words = run_calibrate(tmp_path / "history.nc", LAST, tmp_path / "out", baseline=baseline)
    assert "Mortality is rough" in words
    assert xr.load_dataset(tmp_path / "out" / "estimates.nc").sizes["municipality"] == PLACES
    scores = run_backtest(tmp_path / "history.nc", [LAST - 1], [1], baseline=baseline).scores
    assert len(scores)
    assert any(MORTALITY_FILE in line and "not written" in line for line in said)
    assert any(NATION_FILE in line and "not written" in line for line in said)


def test_it_names_vintages_and_digests_of_what_lies_beside(tmp_path: Path) -> None:
    write_history(inputs_of(), tmp_path / "history.nc")
    attrs = xr.load_dataset(tmp_path / "history.nc").attrs
    vintage = json.loads(attrs["vintages"])["population_history"]
    assert (vintage["sha256"], vintage["answers"]) == ("ab" * 32, ["cd" * 32])
    assert json.loads(attrs["companions"]) == {FERTILITY_FILE: file_digest(tmp_path / FERTILITY_FILE)}
    assert "carried over: fertility by year" in attrs["provenance"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [FERTILITY_FILE, "history.nc"]


def test_a_second_time_writes_over_its_own_files_and_not_over_others(tmp_path: Path) -> None:
    output = tmp_path / "history.nc"
    write_history(inputs_of(), output)
    write_history(inputs_of(), output)
    with gzip.open(tmp_path / MORTALITY_FILE, "wt", encoding="utf-8") as file:
        file.write("launch_year,sex\n")
    before = output.read_bytes()
    with pytest.raises(DemosimError, match="lies there and was not made by this command"):
        write_history(inputs_of(), output)
    assert output.read_bytes() == before


@pytest.mark.parametrize(("launch", "name", "says"), [
    (LAST + 3, "history.nc", "does not reach"), (LAST, "history.csv", "is no name for a NetCDF file"),
])  # fmt: skip
def test_what_cannot_be_written_is_refused_whole(tmp_path: Path, launch: int, name: str, says: str) -> None:
    with pytest.raises(DemosimError, match=says):
        write_history(inputs_of(launch), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_store_says_what_to_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEMOSIM_STORE", str(tmp_path / "store"))
    code, _, err = call(capsys, "data", "history", "--output", tmp_path / "history.nc")
    assert code == 1
    assert "demosim data fetch --table population-history" in err
    code, _, err = call(capsys, "backtest")
    assert code == 2
    assert err.index("demosim data fetch") < err.index("demosim data history --output history.nc")


def test_the_whole_country_from_the_store(shared_data: Path, tmp_path: Path) -> None:
    """Every file is written and none is rough where the store has all that they are made of."""
    store = Store(tmp_path / "store")
    fill(store, shared_data, ("population-history", "population-country-history", "life-table", "fertility"))
    said = write_history_files(tmp_path / "out" / "history.nc", store=store)
    assert not [line for line in said if line.startswith("not written")]
    made = read_history(tmp_path / "out" / "history.nc")
    assert (made.sizes["municipality"], int(made["year"][-1])) == (357, 2026)
    country = read_nation(tmp_path / "out" / NATION_FILE).sel(year=2026).sum()
    assert float(country) == float(made["population"].sel(year=2026).sum())
    rates = read_fertility(tmp_path / "out" / FERTILITY_FILE).sel(year=2025)
    published = np.genfromtxt(shared_data / "fertility_rates_by_year.csv", delimiter=",", names=True)["2025"]
    assert float(rates.sum()) == pytest.approx(published.sum(), rel=1e-6)


def test_a_reference_in_another_structure_is_refused() -> None:
    def of(codes: list[str]) -> xr.Dataset:
        coords = {"service": ["a"], "budget_year": [2027], "municipality": codes}
        return xr.Dataset(coords=coords, attrs={"price_year": 2026})

    _same_grid(of(["1508", "1580"]), of(["1508", "1580"]))
    with pytest.raises(DemosimError, match="other municipalities than the result"):
        _same_grid(of(["1599"]), of(["1508", "1580"]))
