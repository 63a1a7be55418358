"""`pages`: one page for each municipality, as HTML or PDF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import xarray as xr

from demosim._version import __version__
from demosim.errors import usage_error
from demosim.files import replacing, write_text
from demosim.outputs.browser import Tab, browser_tab
from demosim.outputs.free_income import with_free_income
from demosim.outputs.library import needs
from demosim.outputs.measures import measures
from demosim.outputs.municipality_page import Comparison, render_page
from demosim.outputs.netcdf import read_result
from demosim.outputs.report import template
from demosim.outputs.words import Words
from demosim.scenario.places import select_places

FORMS = ("html", "pdf")
STATE = ".pages"  # digest of what the pages of a folder are made from


def pages(
    result: Path, output: Path, form: str = "html", lang: str = "nb", municipalities: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None, sensitivity: Path | None = None,
    free_income: Path | None = None,
) -> list[Path]:  # fmt: skip
    """Write a page for each municipality into a folder, with an index; returns the paths of the pages.

    `form`: html or pdf (which needs Chromium). `municipalities`: numbers or names of those to write; all by
    default. `progress`: called with how many are done and how many there are. `sensitivity`: a sensitivity with
    tornados of municipalities, for what matters there. `free_income`: a table of the municipalities' own. A page that
    is already there, made from the same files in the same form and language, is kept: an interrupted run is taken up
    where it ended. Other files of the folder are left alone. Raises a `DemosimError` where a file is wrong, a number is
    not known, or Chromium is missing.
    """
    if form not in FORMS:
        raise usage_error(f"pages are not written as {form}", allowed=", ".join(FORMS))
    _ = needs("jinja2"), needs("markupsafe"), needs("vl_convert")  # before anything is written
    dataset = with_free_income(read_result(result, "run"), free_income)
    codes = [str(code) for code in dataset["municipality"].values]
    chosen = select_places(dataset, municipalities)[0] if municipalities else codes
    moved = None if sensitivity is None else read_result(sensitivity, "sensitivity")
    comparison = Comparison(measures(dataset), Words(lang, dataset), moved)
    made_from = [path for path in (result, sensitivity, free_income) if path is not None]
    _begin(output, made_from, f"{form} {lang}", codes)
    written = []
    with ExitStack() as stack:
        tab: Tab | None = None
        for number, code in enumerate(chosen):
            path = output / f"{code}.{form}"
            if not path.exists():
                if form == "pdf" and tab is None:
                    tab = stack.enter_context(browser_tab())
                _write(path, render_page(comparison, code), tab)
            written.append(path)
            if progress:
                progress(number + 1, len(chosen))
    write_text(output / "index.html", _index(dataset, comparison, written, lang))
    return written


def _begin(output: Path, made_from: Sequence[Path], how: str, codes: Sequence[str]) -> None:
    """Keep the pages of an earlier run only where they are of the same results, form and language."""
    if output.is_file():
        raise usage_error("is a file; give a folder", file=str(output))
    _clear(output, set(codes))
    contents = b"".join(path.read_bytes() for path in made_from)
    key = hashlib.sha256(contents + f"{how} {__version__}".encode()).hexdigest()
    state = output / STATE
    if state.exists() and state.read_text(encoding="utf-8").strip() == key:
        return
    state.unlink(missing_ok=True)
    for name in (f"{code}.{form}" for code in codes for form in FORMS):
        (output / name).unlink(missing_ok=True)
    write_text(state, key + "\n")


def _clear(output: Path, codes: set[str]) -> None:
    """Remove what a run that was killed has left half written."""
    for path in output.glob(".*.*-*"):
        if path.name[1:].partition(".")[0] in codes and path.suffix in (".part", ".html"):
            path.unlink(missing_ok=True)


def _write(path: Path, text: str, tab: Tab | None) -> None:
    if tab is None:
        write_text(path, text)
        return
    with replacing(path) as temporary:
        page = temporary.with_suffix(".html")
        try:
            page.write_text(text, encoding="utf-8")
            tab.open(page)
            temporary.write_bytes(tab.pdf())
        finally:
            page.unlink(missing_ok=True)


def _index(dataset: xr.Dataset, comparison: Comparison, written: Sequence[Path], lang: str) -> str:
    words = comparison.words
    links = [(path.name, comparison.name(path.stem)) for path in written]
    title = f"{words('page_table')} – {words.scenario}"
    return str(template("index.html").render(lang=lang, title=title, links=links, version=__version__))
