"""Another program that counts a workbook again: LibreOffice without a screen."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest


def recalculated(book: Path) -> openpyxl.Workbook:
    """The workbook as LibreOffice has opened, counted and saved it; skips where there is none."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("needs LibreOffice (Debian: apt install libreoffice-calc-nogui)")
    target = book.parent / "lo"
    profile = (book.parent / "profile").as_uri()
    done = subprocess.run(
        [program, f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", str(target), str(book)],
        capture_output=True, text=True, timeout=180, env={**os.environ, "HOME": str(book.parent)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return openpyxl.load_workbook(target / book.name, data_only=True)


def compare_formulas(book: Path) -> dict[str, int]:
    """Every formula of the workbook gives the value stored beside it; how many there are on each sheet."""
    theirs, formulas = recalculated(book), openpyxl.load_workbook(book)
    ours = openpyxl.load_workbook(book, data_only=True)
    compared: dict[str, int] = {}
    for name in formulas.sheetnames:
        for row in formulas[name].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    own, again = ours[name][cell.coordinate].value, theirs[name][cell.coordinate].value
                    assert again == pytest.approx(own, rel=1e-9, abs=1e-6), (name, cell.coordinate, cell.value)
                    compared[name] = compared.get(name, 0) + 1
    return compared
