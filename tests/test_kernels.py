"""How the kernels are compiled, and what importing costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import made_up
import naive
from conftest import ROOT
from demosim.kernels import _jit
from demosim.kernels.layout import work_space
from demosim.kernels.project import project, project_scenarios
from demosim.kernels.threads import empty_outputs, run_scenarios
from demosim.packing import CostTable, pack
from demosim.projection import assumption_arrays
from plain_assumptions import plain_assumptions

HEAVY = ("numpy", "numba", "xarray", "pandas", "scipy", "netCDF4", "pydantic", "click")
KERNEL = """
from demosim.kernels._jit import kernel
@kernel
def double(x):
    return 2 * x
print(double(21), len(double.stats.cache_misses), len(double.stats.cache_hits), double.stats.cache_path)
"""

compiled = pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="kernels run as plain Python")


def python(code: str, folder: Path, **variables: str) -> str:
    """What a new interpreter prints for code in a file of the folder, with the package of that folder if it has one."""
    script = folder / "script.py"
    script.write_text(code, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "COV"))}
    environment |= {"PYTHONPATH": str(ROOT / "src"), **variables}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    loaded = python("import sys, demosim; print(*(name.split('.')[0] for name in sys.modules))", tmp_path).split()
    assert not set(loaded) & set(HEAVY)


@compiled
def test_a_width_of_number_is_one_specialisation() -> None:
    """Read-only or transposed arrays of assumptions do not lead to another."""
    before = {str(signature) for signature in project_scenarios.signatures}
    plain = assumption_arrays(plain_assumptions(made_up.small_country(steps=2), streams=1))
    other = {name: np.array(values, order="F") for name, values in plain.items()}
    for values in other.values():
        values.setflags(write=False)
    costs = [CostTable.from_unit_cost(np.ones((1, 31)), 2)]
    for dtype in (np.float64, np.float32):
        one = run_scenarios(*pack([plain], costs, dtype=dtype), 4, keep=("population",))
        two = run_scenarios(*pack([other], costs, dtype=dtype), 4)
        grouped = run_scenarios(*pack([other], costs, np.array([0, 0, 1, 1]), dtype), 2)
        np.testing.assert_array_equal(one.need, two.need)
        np.testing.assert_allclose(grouped.need.sum(), one.need.sum(), rtol=1e-6)
    after = {str(signature) for signature in project_scenarios.signatures}
    assert len(after) <= max(2, len(before))


def test_kernels_are_kept_on_disk(tmp_path: Path) -> None:
    first = python(KERNEL, tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache")).split()
    again = python(KERNEL, tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache")).split()
    assert first[:3] == ["42", "1", "0"]
    assert again[:3] == ["42", "0", "1"]


def test_without_any_folder_for_a_cache_kernels_are_compiled_anew(tmp_path: Path) -> None:
    """No folder can be made below a file; so the folder asked for, the source's and the user's are all out."""
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    code = (
        "import numba.core.caching as c\n"
        "for locator in c.CacheImpl._locator_classes:\n"
        "    locator.from_function = classmethod(lambda cls, function, file: None)\n"
    )
    out = python(code + KERNEL, tmp_path, NUMBA_CACHE_DIR=str(blocked / "below"))
    assert out.split()[0] == "42"


@compiled
def test_the_cache_is_tied_to_all_kernels() -> None:
    """A change of one file must not leave a stale kernel of another that holds it."""
    assert project_scenarios.py_func.__qualname__ == f"project_scenarios_{_jit.DIGEST}"


def test_the_digest_changes_with_any_kernel(tmp_path: Path) -> None:
    copy = tmp_path / "demosim"
    shutil.copytree(
        ROOT / "src" / "demosim" / "kernels", copy / "kernels", ignore=shutil.ignore_patterns("__pycache__")
    )
    (copy / "__init__.py").write_text("", encoding="utf-8")
    code = "from demosim.kernels._jit import DIGEST; print(DIGEST)"
    same = python(code, tmp_path, PYTHONPATH=str(tmp_path))
    assert same.strip() == _jit.DIGEST
    rows = copy / "kernels" / "rows.py"
    rows.write_text(rows.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert python(code, tmp_path, PYTHONPATH=str(tmp_path)) != same


@pytest.mark.parametrize("what", ["as it is", "a stream that takes people", "a key below zero", "three streams"])
def test_rows_that_streams_come_to_are_as_in_the_plain_twin(what: str) -> None:
    """Rows are made at once where they are surely above zero, and step by step where they may not be."""
    streams = 3 if what == "three streams" else 1
    plain = dict(assumption_arrays(plain_assumptions(made_up.small_country(steps=3, scale=400), streams=streams)))
    if what == "a stream that takes people":
        plain["stream_inflow"] = -plain["stream_inflow"]
    if what == "a key below zero":
        plain["settlement_key"] = plain["settlement_key"] + np.array(
            [-1.5, 1.5] + [0.0] * (plain["settlement_key"].shape[1] - 2)
        )
    inputs, pick = pack([plain])
    found = run_scenarios(inputs, pick, 0, keep=("population",))
    expected = naive.project(plain)
    years, sexes, ages, places = expected["population"].shape
    cube = found.population[0].reshape(years, sexes, ages, -1)[..., :places]
    np.testing.assert_allclose(cube, expected["population"], rtol=1e-11, atol=1e-9)
    assert found.counters[0, 0] == expected["floored"]


def test_what_the_adjoint_needs_is_kept_of_every_year_only_where_asked_for() -> None:
    plain = assumption_arrays(plain_assumptions(made_up.small_country(steps=3), streams=1))
    inputs, pick = pack([plain])
    bare, traced = work_space(inputs), work_space(inputs, traced=True)
    assert [len(bare.plan), len(bare.own_births), len(bare.joining)] == [1, 0, 0]
    for work in (bare, traced):
        project(inputs, pick, 0, 1, empty_outputs(inputs, 1, 0), work)
    np.testing.assert_array_equal(traced.plan[-1], bare.plan[0])
    ages = inputs.fertility.shape[2]
    np.testing.assert_array_equal(traced.joining[0], inputs.population[0][[ages - 2, 2 * ages - 2]])
    np.testing.assert_array_equal(traced.state, bare.state)
