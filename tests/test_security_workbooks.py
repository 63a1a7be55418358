"""Workbooks from elsewhere: read as they are, and refused quickly where they are made to do harm."""

from __future__ import annotations

import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from demosim import workbook
from demosim.errors import DemosimError
from demosim.workbook import read_sheet

SHEET = "xl/worksheets/sheet1.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BILLION = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {c} "{f"&{b};" * 10}">' for b, c in zip("bcdefghi", "cdefghij", strict=True))
    + f"]><sst {MAIN}><si><t>&j;</t></si></sst>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    f"<sst {MAIN}><si><t>&x;</t></si></sst>"
)
PARTS = ["xl/sharedStrings.xml", SHEET, "xl/workbook.xml", "[Content_Types].xml", "_rels/.rels"]


def made(path: Path, rows: list[list[object]], sheet: str = "people") -> Path:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = sheet
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with one part in another form, or with a further part."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts[part] = change(parts.get(part, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return path


def refusal(path: Path) -> str:
    """What is said of a workbook; reading it takes neither long nor much memory."""
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(DemosimError) as caught:
        read_sheet(path)
    took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 60, f"{took:.1f} s"  # of the processor, so that a busy machine does not matter
    assert peak < 150e6, f"{peak / 1e6:.0f} MB"
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_rows_come_as_they_are_all_of_one_length(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xlsx", [["region", "value"], ["0301", 1.5], [], [None, None, "x"], ["", ""]])
    assert read_sheet(path) == [["region", "value", None], ["0301", 1.5, None], [None, None, "x"]]
    assert read_sheet(path, "people", 1) == [["0301", 1.5, None], [None, None, "x"]]
    with pytest.raises(DemosimError, match="has no sheet persons; people"):
        read_sheet(path, "persons")


def test_a_formula_counts_as_what_was_last_shown_and_is_not_worked_out(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xlsx", [["x"], ["=1+1"], ['=WEBSERVICE("http://127.0.0.1/")']])
    assert read_sheet(path) == [["x"]]


@pytest.mark.parametrize("text", [BILLION, OUTSIDE], ids=["billion laughs", "file of the machine"])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_wherever_it_stands(tmp_path: Path, text: str, part: str, encoding: str) -> None:
    path = changed(made(tmp_path / "a.xlsx", [["x"]]), part, lambda _: text.encode(encoding))
    assert f"has a document type in {part}" in refusal(path)


def test_a_document_type_over_the_border_of_two_pieces_is_seen(tmp_path: Path) -> None:
    early = b"<!--" + b" " * (workbook._CHUNK - 9) + b"-->"
    path = changed(made(tmp_path / "a.xlsx", [["x"]]), SHEET, lambda content: early + b"<!DOCTYPE a>" + content)
    assert "has a document type" in refusal(path)


def test_a_part_that_is_packed_too_tightly_is_refused(tmp_path: Path) -> None:
    path = changed(made(tmp_path / "a.xlsx", [["x"]]), SHEET, lambda content: content + b" " * 60_000_000)
    assert path.stat().st_size < 100_000
    assert "unpacks to 60 MB" in refusal(path)


def test_a_workbook_of_too_many_parts_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xlsx", [["x"]])
    with zipfile.ZipFile(path, "a") as book:
        for number in range(workbook.MOST_PARTS):
            book.writestr(f"xl/media/{number}", b"")
    assert "parts and is not read" in refusal(path)


def test_a_part_larger_than_it_says_is_cut_there(tmp_path: Path) -> None:
    """The declared size is a bound: more is not unpacked, and then the checksum does not fit."""
    path = changed(made(tmp_path / "a.xlsx", [["x"]]), SHEET, lambda content: content + b" " * 3_000_000)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as book:
        size = book.getinfo(SHEET).file_size
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    assert "is not an xlsx workbook" in refusal(path)


def test_a_size_that_the_sheet_only_says_it_has_is_not_believed(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xlsx", [["x"], [1]])
    changed(path, SHEET, lambda content: content.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"'))
    begun = time.process_time()
    assert read_sheet(path) == [["x"], [1]]
    assert time.process_time() - begun < 5


def test_a_row_far_down_does_not_make_the_rows_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 20_000)
    path = made(tmp_path / "a.xlsx", [["x"], [1]])
    changed(path, SHEET, lambda content: content.replace(b'r="2"', b'r="19000"').replace(b'r="A2"', b'r="A19000"'))
    assert read_sheet(path) == [["x"], [1]]
    changed(path, SHEET, lambda content: content.replace(b'"19000"', b'"9190000000"').replace(b"A19000", b"A2"))
    assert "more cells than are read" in refusal(path)


def test_cells_in_far_columns_do_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_CELLS", 1_000_000)
    row = "".join(f'<row r="{r}"><c r="XFD{r}"><v>1</v></c></row>' for r in range(1, 300))
    text = f"<worksheet {MAIN}><sheetData>{row}</sheetData></worksheet>"
    path = changed(made(tmp_path / "a.xlsx", [["x"]]), SHEET, lambda _: text.encode())
    assert "more cells than are read" in refusal(path)


@pytest.mark.parametrize("length", [0, 1, 30, 200, 1000, 3000, -30, -5])
def test_a_workbook_that_was_cut_is_refused(tmp_path: Path, length: int) -> None:
    path = made(tmp_path / "a.xlsx", [["x"], [1]])
    path.write_bytes(path.read_bytes()[:length])
    assert "is not an xlsx workbook" in refusal(path)


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET, "[Content_Types].xml", "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize("content", [b"", b"<a", b"<a/>", b"\xff\xfe\x00", b"{}"])
def test_a_part_that_is_broken_gives_a_problem_and_never_a_traceback(tmp_path: Path, part: str, content: bytes) -> None:
    path = changed(made(tmp_path / "a.xlsx", [["x"], [1]]), part, lambda _: content)
    try:
        said = str(read_sheet(path))
    except DemosimError as error:
        said = str(error)
    assert said in ("[]", "[['x'], [1]]") or said.startswith(str(path))
