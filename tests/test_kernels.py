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
from conftest import ROOT
from demosim.kernels import _jit
from demosim.kernels.project import project_scenarios
from demosim.kernels.threads import run_scenarios
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
