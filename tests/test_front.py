"""What is seen first: the README and its picture, the list of changes, the citation, the glossary."""

from __future__ import annotations

import datetime
import html
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import demosim
from conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
# Keys of a citation file of version 1.2.0, and of those who are named in it.
KNOWN = {
    "abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords",
    "license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact",
    "repository-code", "title", "type", "url", "version",
}  # fmt: skip
PERSON = {"family-names", "given-names", "name", "orcid", "affiliation", "email", "website", "alias"}
FIGURE = ROOT / "docs" / "figures" / "mars2026.svg"


@pytest.fixture(scope="module")
def result() -> demosim.Result:
    return demosim.run(ROOT / "scenarios" / "mars2026.toml")


def test_the_picture_is_that_of_the_shipped_scenario(result: demosim.Result) -> None:
    """Its bars are as high as the figures of today, a bar for each service and year; `make picture` draws it anew."""
    bars = FIGURE.read_text(encoding="utf-8").partition("mark-rect role-mark")[2].partition("</g>")[0]
    heights = [abs(float(height)) for height in re.findall(r'd="M[^"]*?h[\d.]+v(-?[\d.]+)h', bars)]
    yearly = result.costs["demographic_expenditure"].sel(financing="free_income").sum("municipality")
    figures = abs(yearly.transpose("service", "budget_year").values.ravel())
    assert len(heights) == figures.size == 90
    np.testing.assert_allclose(np.array(heights) / sum(heights), figures / figures.sum(), atol=2e-5)


def test_the_picture_in_words_is_what_plot_says_today(result: demosim.Result, tmp_path: Path) -> None:
    plot = pytest.importorskip("demosim.outputs.plot").plot
    demosim.write_result(tmp_path / "mars2026.nc", result.dataset, "run", result.assumptions)
    _, words = plot([tmp_path / "mars2026.nc"], "yearly", tmp_path / "picture.svg", "en")
    said = words.read_text(encoding="utf-8")
    assert FIGURE.with_suffix(".txt").read_text(encoding="utf-8") == said
    (inside,) = re.findall(r"<desc>(.*?)</desc>", FIGURE.read_text(encoding="utf-8"))
    assert html.unescape(inside) == said.strip()


def test_the_picture_is_small_and_calls_nothing() -> None:
    text = FIGURE.read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert "<script" not in text
    assert not re.search(r"(href|src)=\"(?!#)", text)
    assert re.search(r"^picture:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_what_the_readme_says_of_the_picture_is_so(result: demosim.Result) -> None:
    alternative = re.findall(r"!\[([^\]]+)\]\(docs/figures/mars2026.svg\)", README)
    assert alternative == [
        "Demographic expenditure of the country 2027 to 2036 by service: care grows every year, school falls until 2035"
    ]
    yearly = result.costs["demographic_expenditure"].sel(financing="free_income").sum("municipality")
    assert bool((yearly.sel(service="pleie_omsorg") > 0).all())
    school = yearly.sel(service="grunnskole")
    assert bool((school.sel(budget_year=slice(2027, 2035)) < 0).all())
    assert float(school.sel(budget_year=2036)) > 0
    assert yearly["budget_year"].values[[0, -1]].tolist() == [2027, 2036]


def test_the_readme_is_short_and_begins_with_three_sentences() -> None:
    assert len(README.splitlines()) < 130
    what = README.partition("<!-- what -->")[2].partition("```")[0]
    assert len(re.findall(r"[.?](?:\s|$)", what)) == 3


@pytest.mark.parametrize("command", ["demosim validate results", "demosim backtest", "demosim fan", "make bench"])
def test_every_number_that_matters_says_how_to_get_it(command: str) -> None:
    assert f"`{command}" in README.partition("## The numbers that matter")[2].partition("\n## ")[0]


def releases() -> list[tuple[str, str]]:
    parts = re.split(r"^## (.+)$", CHANGES, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def test_every_release_says_what_moved_the_results() -> None:
    assert releases()
    for title, text in releases():
        assert re.fullmatch(r"Unreleased|\d+\.\d+\.\d+ \((unreleased|\d{4}-\d{2}-\d{2})\)", title), title
        heads = re.findall(r"^### (.+)$", text, re.MULTILINE)
        assert heads.count("Results change") == 1, title
        assert set(heads) <= {"Added", "Changed", "Fixed", "Removed", "Results change"}, title
        said = text.partition("### Results change")[2].partition("\n### ")[0]
        assert len(said.split()) > 3, f"{title}: say what moved, or that nothing did"


def test_releases_stand_newest_first_with_dates_that_go_back() -> None:
    numbers = [tuple(map(int, title.split()[0].split("."))) for title, _ in releases() if title != "Unreleased"]
    assert numbers == sorted(set(numbers), reverse=True)
    found = re.findall(r"^## .*(\d{4}-\d{2}-\d{2})", CHANGES, re.MULTILINE)
    dates = [datetime.date.fromisoformat(text) for text in found]
    assert dates == sorted(dates, reverse=True)


def test_the_citation_is_in_the_form_of_version_1_2_0() -> None:
    """The required keys, the values that they may have, and nothing that the form does not know."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert set(citation) <= KNOWN
    assert {"authors", "cff-version", "message", "title"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["license"] == "MIT"
    assert str(citation["version"]) == demosim.__version__
    for author in citation["authors"]:
        assert author
        assert set(author) <= PERSON
    keywords = citation["keywords"]
    assert len(keywords) == len(set(keywords))
    assert all(isinstance(word, str) for word in keywords)
