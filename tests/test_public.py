"""The public surface, the start-up, and the direction of dependence."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import demosim
from conftest import ROOT

PACKAGE = ROOT / "src" / "demosim"
PUBLIC = [
    "DemosimError", "Problem", "Result", "__version__", "gradient", "indicators", "project", "read_baseline",
    "read_result", "read_scenario", "resolve", "run", "write_result",
]  # fmt: skip
INNER = ("baseline", "scenario", "projection", "costs", "fiscal")
OUTER = ("sources", "outputs", "cli")
GROUND = ("variables", "axes", "errors")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """First part below `demosim` of every module that a file imports; what is for types only does not count."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("demosim."):
            found.add(node.module.split(".")[1])
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("demosim.")}
    return found


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_the_public_names_are_these() -> None:
    assert sorted(demosim.__all__) == sorted(PUBLIC)
    assert dir(demosim) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_documented(name: str) -> None:
    assert name == "__version__" or (getattr(demosim, name).__doc__ or "").strip()


def test_modules_do_not_hide_public_functions() -> None:
    for module in ("run", "gradient", "indicators"):
        importlib.import_module(f"demosim.{module}")
        assert callable(getattr(demosim, module))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        demosim.runn  # noqa: B018  # the access is the test


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, demosim; print([m for m in ('numpy', 'xarray', 'numba', 'pandas', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "src")
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_direction_of_dependence(path: Path) -> None:
    here, uses = room(path), imported(path)
    if here == "kernels":
        assert uses <= {"kernels"}
    if here in GROUND:
        assert uses <= set(GROUND)
    if here in INNER:
        assert not uses & set(OUTER)
    if here == "sources":
        assert "outputs" not in uses
    if here == "outputs":
        assert "sources" not in uses


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_numba_is_imported_in_one_place(path: Path) -> None:
    named = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "numba" not in named or path.relative_to(PACKAGE) == Path("kernels/_jit.py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_is_above_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_half_of_the_modules_have_at_most_150_lines() -> None:
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in modules())
    assert lengths[len(lengths) // 2] <= 150
