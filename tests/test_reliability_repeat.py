"""The same again: many runs in one process keep their memory, and results do not hang on who computes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sweep_country
from conftest import ROOT

RUNS = int(os.environ.get("DEMOSIM_REPEAT", "200"))  # set it to 10000 to measure; 50 ms each
# Bytes between the hundredth run and the last: 5 MB in 10 000 runs, and of the few here what allocators do anyway.
# Measured: 0.2 MB after 250 runs and after 2 850, within the 5 MB after 10 000.
MOST_GROWTH = 5_000_000 if RUNS >= 10_000 else 1_000_000
SEVERAL = """
import sys
import numpy as np
from demosim.run import run
result = run("small.toml")
print(len(result.dataset.data_vars))
arrays = {name: values.values for name, values in result.dataset.data_vars.items()}
np.savez("found.npz", **arrays)
"""


# What `demosim.run.run` does, with a data set that is already in memory; in a process where nothing else happens.
MANY = """
import gc, os, sys
from pathlib import Path
import sweep_country
from demosim.costs.need import expenditure
from demosim.projection import project
from demosim.scenario.read import read_scenario
from demosim.scenario.resolve import resolve

def resident():
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")

def one_run():
    resolved = resolve(baseline, read_scenario(path))
    return expenditure(project(resolved.assumptions)["population"], sweep_country.unit_cost(baseline["age"].values))

path, baseline = Path("small.toml"), sweep_country.country()
first = one_run()
for _ in range(100):
    one_run()
gc.collect()
before = resident()
for _ in range(int(sys.argv[1])):
    last = one_run()
gc.collect()
assert last.identical(first)
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="reads memory from /proc")
def test_many_runs_in_one_process_keep_their_memory(tmp_path: Path) -> None:
    sweep_country.scenario_file(tmp_path)
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(RUNS)], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST_GROWTH


def found(folder: Path, **variables: str) -> dict[str, np.ndarray]:
    """The arrays of a run in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": str(ROOT / "src"), **variables}
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8",
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with np.load(folder / "found.npz", allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_runs_in_other_processes_give_the_same_bits(tmp_path: Path) -> None:
    """Whatever the hashes of Python, the threads of the libraries and the order of the machine."""
    sweep_country.scenario_file(tmp_path)
    one = found(tmp_path, PYTHONHASHSEED="1", OPENBLAS_NUM_THREADS="1")
    two = found(tmp_path, PYTHONHASHSEED="2", OPENBLAS_NUM_THREADS="2", LC_ALL="C", TZ="Asia/Tokyo")
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(two[name], one[name], err_msg=name)


def test_without_the_compiler_results_are_the_same_but_for_rounding(tmp_path: Path) -> None:
    """1e-12 relative, of the largest number of an array where gains and losses are summed."""
    sweep_country.scenario_file(tmp_path)
    compiled, plain = found(tmp_path), found(tmp_path, NUMBA_DISABLE_JIT="1")
    assert compiled.keys() == plain.keys()
    for name in compiled:
        most = np.abs(compiled[name]).max() if compiled[name].dtype.kind == "f" else 0
        scale = max(most, compiled["population"].max() if "service" not in name else 0.0)
        np.testing.assert_allclose(plain[name], compiled[name], rtol=1e-12, atol=1e-12 * scale, err_msg=name)
