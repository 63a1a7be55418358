"""What CI makes of the answers of pip-audit: weak dependencies fail, a database that is away is said and passes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT

pytestmark = pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="a script for bash")
FINE = {"name": "numpy", "version": "2.4.6", "vulns": []}
WEAK = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}
UNFIXED = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
PASSED_OVER = {"name": "demosim", "skip_reason": "not on the index"}


def audit(folder: Path, answer: Any, code: int = 0) -> tuple[int, str]:
    """The script beside a program that answers so."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "audit", folder / ".ci" / "audit")
    programs = folder / ".venv-audit" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    text = answer if isinstance(answer, str) else json.dumps(answer)
    (folder / "answer").write_text(text, encoding="utf-8")
    program = programs / "pip-audit"
    # the last word of the call is the file for the answer
    lines = ["#!/bin/sh", "for last; do :; done", f'cat "{folder}/answer" > "$last"', f"exit {code}", ""]
    program.write_text("\n".join(lines), encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        [str(folder / ".ci" / "audit")], capture_output=True, text=True, encoding="utf-8", check=False, cwd=folder
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("packages", "code", "says"),
    [
        ([FINE], 0, "1 of 1 packages looked at, 0 with known weaknesses"),
        ([FINE, PASSED_OVER], 0, "1 of 2 packages looked at, 0 with known weaknesses"),
        ([FINE, WEAK], 1, "jinja2 2.0: PYSEC-1, mended in 3.1"),
        ([UNFIXED], 1, "x 1: PYSEC-2, mended in none"),
        ([PASSED_OVER], 0, "skipped, the database of advisories cannot be reached"),
    ],
)
def test_weak_packages_are_named_and_fail(
    tmp_path: Path, packages: list[dict[str, Any]], code: int, says: str
) -> None:
    ended, said = audit(tmp_path, {"dependencies": packages}, code)
    assert (ended, says in said) == (code, True), said


@pytest.mark.parametrize("answer", ["", "no JSON", "{}", "[]", '{"dependencies": []}'])
def test_no_answer_is_said_and_passes(tmp_path: Path, answer: str) -> None:
    ended, said = audit(tmp_path, answer, 1)
    assert (ended, said.strip()) == (0, "audit: skipped, the database of advisories cannot be reached")


def test_what_is_looked_at_is_what_is_pinned() -> None:
    script = (ROOT / ".ci" / "audit").read_text(encoding="utf-8")
    assert "-r constraints.txt" in script
    assert "make audit" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
