"""What the pages tell a reader to do works, and prints what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import ROOT
from doc_pages import Step, blocks, commands, matches, rewrite, run_page, shortened

DOCS = ROOT / "docs"
PAGES = [DOCS / "start.md", DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("[!i]*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    """Every command and every piece of Python, in order; `python tests/doc_pages.py PAGE` writes what is printed."""
    steps = list(run_page(page, tmp_path))
    assert steps, "nothing of the page is run"
    for step in steps:
        assert step.code in ((0, 1, 2) if step.said else (0,)), "\n".join([step.what, *step.printed])
        assert step.agrees, "\n".join([step.what, "--- said", *step.said, "--- printed", *step.printed])


def test_commands_that_are_shown_to_fail_do(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = "```toml bad.toml\nname =\n```\n```console\n$ demosim check bad.toml\nno\n```\n"
    page.write_text(text, encoding="utf-8")
    (step,) = run_page(page, tmp_path)
    assert step.code == 2
    assert step.printed[0].startswith("bad.toml:1: ")
    assert not step.agrees


def test_a_page_is_rewritten_with_what_is_printed_today(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    start = "# Page\n\n```console\n$ demosim --version\ndemosim, version 0\n```\n\n"
    start += "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    page.write_text(start, encoding="utf-8")
    assert [step.agrees for step in run_page(page, tmp_path)] == [False, True, False]
    rewrite(page, tmp_path)
    assert [step.agrees for step in run_page(page, tmp_path)] == [True, True, True]
    written = page.read_text(encoding="utf-8")
    assert written.startswith("# Page\n\n```console\n$ demosim --version\ndemosim, version ")
    assert written.endswith("```text\n2\n```\n")


def test_blocks_and_commands_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = "```\nnot run\n```\n\n```toml a.toml\nx = 1\n```\n\n```console\n$ one\n$ two\nout\n```\n"
    page.write_text(text, encoding="utf-8")
    assert blocks(page) == [("toml", "a.toml", "x = 1\n"), ("console", "", "$ one\n$ two\nout\n")]
    assert commands("$ one\n$ two\nout\n") == [("one", []), ("two", ["out"])]


@pytest.mark.parametrize(("said", "printed", "same"), [
    (["a"], ["a"], True), (["a"], ["a", "b"], False), (["..."], [], True), (["a", "..."], ["a"], True),
    (["a", "...", "c"], ["a", "b", "b", "c"], True), (["a", "...", "c"], ["a", "b"], False),
    (["...", "b", "...", "d"], ["a", "b", "c", "d"], True), (["b", "..."], ["a", "b"], False),
])  # fmt: skip
def test_left_out_lines(said: list[str], printed: list[str], same: bool) -> None:
    assert matches(said, printed) is same
    assert Step("", said, printed).agrees is same


def test_shortened_keeps_the_lines_that_the_page_has() -> None:
    said = ["Service 2027", "...", "Total   3.27  2.25", "..."]
    printed = ["Service 2028", "Care 3", "Total 3.1 −2.0", "", "End"]
    assert shortened(said, printed) == ["Service 2028", "...", "Total 3.1 −2.0", "..."]
    reworded = ["What matters most for the year 2027, in million kr", "1-5     3"]
    before = ["...", "What matters for the year 2026, in kr", "1-5 9", "..."]
    assert shortened(before, ["x", *reworded]) == ["...", *reworded]
    assert shortened(["whole"], ["new", "lines"]) == ["new", "lines"]


def test_a_program_that_is_not_ours_is_not_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ rm -r scenarios\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match="only demosim and cp"):
        list(run_page(page, tmp_path))
    assert (tmp_path / "scenarios").is_dir()
