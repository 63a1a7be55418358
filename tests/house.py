"""The files of the house, for tests that read them."""

from __future__ import annotations

import ast
import io
import subprocess
import tokenize
from functools import cache
from pathlib import Path

import pytest

from conftest import ROOT

PACKAGE = ROOT / "src" / "demosim"
SOURCE = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))


def name(path: Path) -> str:
    """A file as a reader of a report knows it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def comments(path: Path) -> list[tuple[int, str]]:
    """Line and text of every comment."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def code_lines(path: Path) -> int:
    """Lines that are not empty, comment or docstring."""
    said: set[int] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            first = node.body[0]
            said |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") and at not in said for at, line in lines)


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """Every call with the dotted name of what is called (`open`, `np.load`, `.write_text` where it is a method)."""
    return [(_called(node.func), node) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute):
        return f"{_called(function.value)}.{function.attr}"
    return ""


def imports(path: Path) -> set[str]:
    """Dotted names of everything that a file imports, wherever the statement stands."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@cache
def tracked() -> tuple[Path, ...]:
    """Files that git tracks; a test is skipped where this is no checkout."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git and a checkout")
    names = done.stdout.decode().split("\0")
    return tuple(path for path in (ROOT / entry for entry in names if entry) if path.is_file())
