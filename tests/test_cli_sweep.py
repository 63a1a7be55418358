"""`demosim sweep` as a user types it: grids, spread points, the table of the file, mistakes, chunks, a full disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sweep_country
from demosim.baseline.read import read_baseline
from demosim.cli import main
from demosim.scenario.read import read_scenario
from demosim.sweep.design import make_design
from demosim.sweep.job import digest_of_job, make_job
from demosim.sweep.store import open_store

TABLE = """
[sweep]
method = "latin"
points = 6
seed = 0
[sweep.vary]
"fertility.multiplier" = "0.9:1.1"
"streams.crisis.net.2020" = "0:80"
"""
GRID = ["--vary", "streams.crisis.net.2020=0:80:20", "--vary", "fertility.multiplier=0.9,1.1"]


def call(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(str(ended.value.code))


def test_a_grid_has_all_combinations_and_its_last_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = sweep_country.scenario_file(tmp_path)
    assert call("--lang", "en", "sweep", scenario, *GRID, "--output", tmp_path / "grid.nc") == 0
    said = capsys.readouterr()
    assert "grid.nc" in said.out
    assert said.err == "", "no bar where nobody watches"
    with xr.open_dataset(tmp_path / "grid.nc") as stored:
        assert stored.sizes["scenario"] == 10
        assert set(stored["streams.crisis.net.2020"].values) == {0, 20, 40, 60, 80}
        assert stored["expenditure_need"].dims == ("scenario", "service", "date")
        assert "population" not in stored


def test_the_table_of_the_file_and_options_over_it(tmp_path: Path) -> None:
    scenario = sweep_country.scenario_file(tmp_path, TABLE)
    assert call("--quiet", "sweep", scenario, "--output", tmp_path / "latin.nc") == 0
    assert call("--quiet", "sweep", scenario, "--seed", "1", "--output", tmp_path / "other.nc") == 0
    assert call("--quiet", "sweep", scenario, "--method", "sobol", "--points", "8", "--output", tmp_path / "s.nc") == 0
    latin, other, sobol = (xr.load_dataset(tmp_path / f"{name}.nc") for name in ("latin", "other", "s"))
    assert (latin.sizes["scenario"], sobol.sizes["scenario"]) == (6, 8)
    assert (latin.attrs["method"], latin.attrs["seed"]) == ("latin", 0)
    ranks = np.sort((latin["streams.crisis.net.2020"].values / 80 * 6).astype(int))
    assert ranks.tolist() == list(range(6)), "one in each sixth of the range"
    assert not np.array_equal(latin["fertility.multiplier"], other["fertility.multiplier"])
    assert sobol["fertility.multiplier"].values.min() >= 0.9


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ("fertilty.multiplier=0.9,1.1", 'did you mean "fertility.multiplier"'),
        ("fertility.multiplier=0.9:1.2:0.2", "do not meet 1.2"),
        ("fertility.multiplier=0.9:1.1", "a range without a step"),
        ("fertility.multiplier", "does not say which values"),
        ("fertility.multiplier=-1,1", "fertility.multiplier"),
    ],
)
def test_wrong_requests_say_what_is_wrong(
    vary: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = sweep_country.scenario_file(tmp_path)
    assert call("sweep", scenario, "--vary", vary, "--output", tmp_path / "x.nc") == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("x.nc*")), "nothing half written"


def test_chunks_and_threads_do_not_matter(tmp_path: Path) -> None:
    scenario = sweep_country.scenario_file(tmp_path)
    for name, how in {"a": ["--chunk", "250"], "b": ["--chunk", "3"]}.items():
        words = ["--quiet", "--threads", "1" if name == "a" else "2", "sweep", scenario, *GRID, *how]
        assert call(*words, "--by", "municipality", "--output", tmp_path / f"{name}.nc") == 0
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


def test_a_full_disk_keeps_what_is_done_and_goes_on(tmp_path: Path) -> None:
    """No file may be larger than 40 kB: chunks are kept, the whole is not written; then there is room again."""
    pytest.importorskip("resource", reason="no limit on the size of files here")
    scenario = sweep_country.scenario_file(tmp_path)
    grid = ["--vary", "streams.crisis.net.2020=0:999:1", "--by", "municipality", "--chunk", "20"]
    program = (
        "import contextlib, resource, sys\n"
        "from demosim.cli import main\n"
        "with contextlib.suppress(SystemExit):\n"  # compiled code is cached while there is room
        "    main(['--quiet', 'sweep', sys.argv[3], *sys.argv[4:6], '--output', sys.argv[-1] + '.first'])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))\n"
        "main(sys.argv[1:])"
    )
    words = ["--quiet", "sweep", str(scenario), *grid, "--output", str(tmp_path / "full.nc")]
    stopped = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert stopped.returncode == 1, stopped.stderr
    assert "--resume" in stopped.stderr
    assert "chunks are kept" in stopped.stderr
    assert not (tmp_path / "full.nc").exists()
    kept = json.loads((tmp_path / "full.nc.parts" / "manifest.json").read_text(encoding="utf-8"))["done"]
    assert len(kept) == 50
    assert call(*words, "--resume") == 0
    assert call("--quiet", "sweep", scenario, *grid, "--output", tmp_path / "calm.nc") == 0
    assert (tmp_path / "full.nc").read_bytes() == (tmp_path / "calm.nc").read_bytes()
    assert not (tmp_path / "full.nc.parts").exists()


def test_chunks_of_another_request_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = sweep_country.scenario_file(tmp_path)
    spec, baseline = read_scenario(scenario), read_baseline(tmp_path / "country")
    design = make_design(spec, baseline, ["fertility.multiplier=0.9,1.1"])
    digest = digest_of_job(make_job(spec, baseline, design.paths), design.values)
    open_store(tmp_path / "x.nc.parts", digest, 2, 250, resume=False)
    other = ["sweep", scenario, "--vary", "fertility.multiplier=0.9,1.2", "--output", tmp_path / "x.nc"]
    assert call(*other, "--resume") == 2
    assert "was made from other inputs" in capsys.readouterr().err
    assert call(*other) == 2
    assert "go on with --resume" in capsys.readouterr().err
