"""A sweep from end to end: each scenario as if run alone; threads, chunks, kill and resume leave the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import made_up
import sweep_country
from demosim.costs.need import expenditure
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_result
from demosim.projection import project
from demosim.scenario.read import read_scenario
from demosim.scenario.resolve import resolve
from demosim.scenario.vary import vary
from demosim.sweep import store as store_module
from demosim.sweep.run import Progress, SweepOptions, parts_folder, run_sweep

VARIED = ("fertility.tfr=1.3:1.9:0.1", "streams.crisis.net.2020=0:100:20", "migration.multiplier=0.5,1,2")
DOUBLE = SweepOptions(VARIED, double=True, chunk=20)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    return sweep_country.scenario_file(tmp_path)


def alone(scenario: Path, numbers: dict[str, float]) -> xr.Dataset:
    country = sweep_country.country()
    resolved = resolve(country, vary(read_scenario(scenario), numbers))
    return expenditure(project(resolved.assumptions)["population"], country["unit_cost"]).sel(financing="free_income")


@pytest.mark.parametrize(("double", "tolerance"), [(True, 1e-12), (False, 2e-6)])
def test_each_scenario_is_as_if_run_alone(scenario: Path, tmp_path: Path, double: bool, tolerance: float) -> None:
    options = SweepOptions(VARIED, double=double, by="municipality")
    swept = read_result(run_sweep(scenario, tmp_path / "sweep.nc", options), "sweep")
    assert swept["expenditure_need"].dims == ("scenario", "service", "municipality", "date")
    assert swept["expenditure_need"].dtype == (np.float64 if double else np.float32)
    for number in (0, 40, 125):
        numbers = {path.split("=")[0]: float(swept[path.split("=")[0]][number]) for path in VARIED}
        expected = alone(scenario, numbers)["expenditure_need"].transpose("service", "municipality", "date")
        np.testing.assert_allclose(swept["expenditure_need"][number], expected, rtol=tolerance)


@pytest.mark.parametrize("double", [True, False])
def test_country_and_counties_add_up(scenario: Path, tmp_path: Path, double: bool) -> None:
    def need(by: str) -> xr.Dataset:
        options = SweepOptions(VARIED, by=by, double=double)
        return read_result(run_sweep(scenario, tmp_path / f"{by}.nc", options))

    country, counties, places = need("country"), need("county"), need("municipality")
    rtol = 1e-12 if double else 1e-6
    total = places["expenditure_need"].astype(float)
    np.testing.assert_allclose(total.sum("municipality"), country["expenditure_need"], rtol=rtol)
    for county, members in {"C1": ["R1", "R3"], "C2": ["R2", "R4"]}.items():
        summed = total.sel(municipality=members).sum("municipality")
        np.testing.assert_allclose(summed, counties["expenditure_need"].sel(county=county), rtol=rtol)
    assert counties["county_name"].values.tolist() == ["County 1", "County 2"]
    changes = country["expenditure_need"].diff("date").values
    assert np.array_equal(country["demographic_expenditure"].values, changes)
    assert country["demographic_expenditure"].attrs["price_year"] == 2026
    assert "population" not in country


def test_chosen_municipalities(scenario: Path, tmp_path: Path) -> None:
    varied = ("fertility.tfr=1.5,1.8",)
    options = SweepOptions(varied, by="municipality", municipalities=("R3", "R1"))
    some = read_result(run_sweep(scenario, tmp_path / "some.nc", options))
    whole = read_result(run_sweep(scenario, tmp_path / "all.nc", SweepOptions(varied, by="municipality")))
    assert some["municipality_name"].values.tolist() == ["Region 3", "Region 1"]
    expected = whole["expenditure_need"].sel(municipality=["R3", "R1"])
    np.testing.assert_allclose(some["expenditure_need"], expected, rtol=1e-6)


def test_persons_are_those_of_a_run(scenario: Path, tmp_path: Path) -> None:
    options = SweepOptions(("fertility.tfr=1.5,1.8",), population=True, double=True)
    kept = read_result(run_sweep(scenario, tmp_path / "some.nc", options))
    country = sweep_country.country()
    resolved = resolve(country, vary(read_scenario(scenario), {"fertility.tfr": 1.8}))
    expected = project(resolved.assumptions)["population"]
    np.testing.assert_allclose(kept["population"][1], expected, rtol=1e-12)


def test_threads_chunks_and_executors_do_not_matter(scenario: Path, tmp_path: Path) -> None:
    files = [
        run_sweep(scenario, tmp_path / "a.nc", SweepOptions(VARIED, chunk=126)),
        run_sweep(scenario, tmp_path / "b.nc", SweepOptions(VARIED, chunk=17), workers=2),
    ]
    with ThreadPoolExecutor(2) as pool:
        files.append(run_sweep(scenario, tmp_path / "c.nc", SweepOptions(VARIED, chunk=9), executor=pool))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        files.append(run_sweep(scenario, tmp_path / "d.nc", SweepOptions(VARIED, chunk=50), executor=processes))
    first, *others = (path.read_bytes() for path in files)
    assert all(other == first for other in others)


def test_progress_is_told(scenario: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    run_sweep(scenario, tmp_path / "a.nc", SweepOptions(VARIED, chunk=50), report=told.append)
    assert [progress.done for progress in told] == [50, 100, 126]
    assert all(progress.total == 126 and progress.rate > 0 for progress in told)
    assert told[-1].left == 0
    assert not parts_folder(tmp_path / "a.nc").exists()


def interrupt(scenario: Path, output: Path, options: SweepOptions, after: int) -> None:
    """A sweep that is stopped once some chunks are done."""

    def stop(progress: Progress) -> None:
        if progress.done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(scenario, output, options, report=stop)


def test_an_interrupted_sweep_goes_on(scenario: Path, tmp_path: Path) -> None:
    whole = run_sweep(scenario, tmp_path / "whole.nc", DOUBLE).read_bytes()
    output = tmp_path / "cut.nc"
    interrupt(scenario, output, DOUBLE, 60)
    assert not output.exists()
    with pytest.raises(DemosimError, match="holds an unfinished sweep"):
        run_sweep(scenario, output, DOUBLE)
    damaged = parts_folder(output) / "expenditure_need-000001.npy"
    damaged.write_bytes(damaged.read_bytes()[:-8] + b"damaged!")
    told: list[Progress] = []
    again = SweepOptions(VARIED, double=True, chunk=33, resume=True)
    run_sweep(scenario, output, again, workers=2, report=told.append)
    assert output.read_bytes() == whole
    assert told[0].done == 40 + 20, "two of three chunks were good; the chunks are as at the start"


@pytest.mark.parametrize("change", ["values", "scenario", "data", "outputs"])
def test_chunks_of_other_inputs_are_refused(scenario: Path, tmp_path: Path, change: str) -> None:
    output = tmp_path / "cut.nc"
    interrupt(scenario, output, DOUBLE, 20)
    varied, by = DOUBLE.vary, "country"
    if change == "values":
        varied = ("fertility.tfr=1.3:1.9:0.1", "streams.crisis.net.2020=0:100:20", "migration.multiplier=0.5,1,2.5")
    elif change == "scenario":
        text = scenario.read_text(encoding="utf-8")
        scenario.write_text(text.replace("40", "41"), encoding="utf-8")
    elif change == "data":
        country = sweep_country.country()
        country["death_prob"] = country["death_prob"] * 1.0001
        made_up.write(country, scenario.parent / "country")
    else:
        by = "county"
    with pytest.raises(DemosimError, match="made from other inputs") as caught:
        run_sweep(scenario, output, SweepOptions(varied, double=True, by=by, chunk=20, resume=True))
    assert caught.value.exit_code == 2


def test_a_damaged_manifest_and_a_strange_folder_are_refused(scenario: Path, tmp_path: Path) -> None:
    folder = parts_folder(tmp_path / "x.nc")
    folder.mkdir()
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DemosimError, match="holds no sweep"):
        run_sweep(scenario, tmp_path / "x.nc", DOUBLE)
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(DemosimError, match="is damaged"):
        run_sweep(scenario, tmp_path / "x.nc", SweepOptions(VARIED, resume=True))


def test_a_full_disk_can_be_gone_on_from(scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_sweep(scenario, tmp_path / "whole.nc", DOUBLE).read_bytes()
    save, saved = np.save, [0]

    def full(*args: object, **options: object) -> None:
        saved[0] += 1
        if saved[0] > 2:
            raise OSError(28, "No space left on device")
        save(*args, **options)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(store_module.np, "save", full)
    output = tmp_path / "cut.nc"
    with pytest.raises(DemosimError, match="No space left on device") as caught:
        run_sweep(scenario, output, DOUBLE)
    kept = f"2 of 7 chunks are kept in {parts_folder(output)}"
    assert caught.value.notes == [f"{kept}; make room and go on with --resume"]
    monkeypatch.undo()
    run_sweep(scenario, output, SweepOptions(VARIED, double=True, resume=True))
    assert output.read_bytes() == whole


KILLED = """
import sys
from pathlib import Path
from demosim.sweep.run import SweepOptions, run_sweep
def report(progress):
    print(progress.done, flush=True)
if __name__ == "__main__":
    run_sweep(sys.argv[1], Path(sys.argv[2]), SweepOptions(tuple(sys.argv[3:]), double=True, chunk=2), 2, report=report)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_kill_loses_nothing_that_was_done(scenario: Path, tmp_path: Path) -> None:
    whole = run_sweep(scenario, tmp_path / "whole.nc", DOUBLE).read_bytes()
    output = tmp_path / "killed.nc"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    command = [sys.executable, "-c", KILLED, str(scenario), str(output), *VARIED]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.kill()
    folder = parts_folder(output)
    done = len(list(folder.glob("expenditure_need-*.npy")))
    assert done >= 3
    if output.exists():
        pytest.skip("the sweep was done before it was killed")
    run_sweep(scenario, output, SweepOptions(VARIED, double=True, resume=True))
    assert output.read_bytes() == whole


def test_wrong_requests(scenario: Path, tmp_path: Path) -> None:
    for options, said in [
        (SweepOptions(VARIED, by="municipality", municipalities=("R9",)), "no municipality has the number R9"),
        (SweepOptions(VARIED, municipalities=("R1",)), "need --by municipality"),
        (SweepOptions(VARIED, by="municipality", municipalities=("R1",), population=True), "keeps all municipalities"),
        (SweepOptions(VARIED, by="municipal"), 'did you mean "municipality"?'),
        (SweepOptions(VARIED, chunk=0), "0 scenarios per task"),
    ]:
        with pytest.raises(DemosimError) as caught:
            run_sweep(scenario, tmp_path / "x.nc", options)
        assert said in str(caught.value)
        assert not parts_folder(tmp_path / "x.nc").exists()


def test_the_clock_is_not_in_the_file(scenario: Path, tmp_path: Path) -> None:
    first = run_sweep(scenario, tmp_path / "a.nc", DOUBLE).read_bytes()
    time.sleep(1.1)
    assert run_sweep(scenario, tmp_path / "b.nc", DOUBLE).read_bytes() == first
