"""The documentation points at what is there, and its figures are those that come out."""

from __future__ import annotations

import re
from pathlib import Path

import click
import numpy as np
import pytest

from conftest import ROOT
from demosim.baseline.read import read_baseline
from demosim.cli import COMMANDS, cli
from demosim.costs.figures import registered
from demosim.costs.services import read_services
from demosim.costs.unit_costs import derive_unit_cost
from demosim.scenario.cost_options import CostOptions
from demosim.validation.results import (
    PublishedRow,
    compare_results,
    country_path,
    expenditure_of_change,
    one_region,
    single_ages,
    ukraine_stream,
)

README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "data" / "LICENSE.md"])
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as repository sites make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", text(page))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def in_code(page: Path) -> str:
    """What stands as code: fenced, indented, or between backticks."""
    content = text(page)
    fenced = FENCE.findall(content)
    indented = re.findall(r"^ {4}.+$", content, re.MULTILINE)
    return "\n".join([*fenced, *indented, *re.findall(r"`([^`\n]+)`", FENCE.sub("", content))])


def named_commands(page: Path) -> list[list[str]]:
    """Words after `demosim` wherever it is called in code."""
    calls = re.findall(
        r"(?:^|[/\\ ])(?<!import )demosim ((?:--lang \w\w |--json |--quiet )*[a-z].*)$", in_code(page), re.MULTILINE
    )
    return [re.sub(r"--lang \w\w |--json |--quiet ", "", call).split() for call in calls]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    context = click.Context(cli)
    for words in named_commands(page):
        assert words[0] in COMMANDS, words
        command = cli.get_command(context, words[0])
        if isinstance(command, click.Group) and len(words) > 1:
            assert words[1] in command.commands, words


def test_the_readme_names_every_command() -> None:
    assert {words[0] for words in named_commands(README)} == set(COMMANDS)


def test_the_two_commands_stand_at_the_top() -> None:
    top = text(README).splitlines()[:15]
    assert any(line.startswith("make run") for line in top)
    assert any(line.startswith("make test") for line in top)


def test_the_glossary_has_every_service() -> None:
    glossary = text(ROOT / "docs" / "glossary.md")
    assert [service.name for service in read_services() if f"`{service.name}`" not in glossary] == []


@pytest.fixture(scope="module")
def rows() -> list[PublishedRow]:
    return compare_results()


def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def test_the_table_of_published_figures_is_the_present_one(rows: list[PublishedRow]) -> None:
    """Ours, its deviation and the other options, row by row as `demosim validate results` prints them."""
    method = text(ROOT / "docs" / "method.md").partition("## 7. ")[2].partition("### ")[0]
    table = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in method.splitlines() if "|" in line][2:]
    assert len(table) == len(rows)
    for cells, row in zip(table, rows, strict=True):
        ours = [f"{value:.2f}".replace("-", "−") for value in row.ours.values()]
        assert [cells[2], *cells[4:]] == ours, cells[0]
        assert cells[3].split()[0] == ("–" if np.isnan(row.deviation) else signed(row.deviation)), cells[0]


def test_the_deviation_in_the_readme_is_the_present_one(rows: list[PublishedRow]) -> None:
    free, everything = (
        next(r for r in rows if r.kind == "estimate" and r.year == 2027 and r.sector == "all" and r.financing == how)
        for how in ("free", "all")
    )
    readme = " ".join(text(README).split())
    assert f"{signed(free.deviation)} bn too high charged to free income and {signed(everything.deviation)}" in readme


def test_carrying_the_registered_deviation_along_is_no_explanation() -> None:
    """The figures of the launch correction in docs/method.md: the round plus each cohort's deviation in 2026."""
    data = read_baseline("norway2026")
    country, round_2024 = one_region(data, registered()[2026], 2026), one_region(data, registered()[2024], 2024)
    ours = country_path(country, ukraine_stream(6000))
    refugees = ours - country_path(country, {})
    published = country_path(round_2024, {}, 12)[2:]
    carried = published + refugees
    deviation = ours[0] - published[0]
    for years in range(11):
        carried[years] += deviation
        deviation = np.append([0.0], deviation[:-1]) + np.append(np.zeros(len(deviation) - 1), deviation[-1])
    unit_cost = derive_unit_cost(single_ages(), CostOptions(), 2026)

    def cost(path: np.ndarray, year: int) -> str:
        change = path[year - 2026] - path[year - 2027]
        return f"{expenditure_of_change(change, unit_cost, 'all', 'free') / 1e9:.2f}"

    method = " ".join(text(ROOT / "docs" / "method.md").split())
    assert f"2027 would be {cost(carried, 2027)} instead of {cost(ours, 2027)} bn kr" in method
    assert f"that of 2036 {cost(carried, 2036)} instead of {cost(ours, 2036)}" in method
    newborn = [f"{path[1, 0]:,.0f}".replace(",", " ") for path in (ours, carried)]
    assert f"{newborn[0]} on 1 January 2027, where carrying deviations gives {newborn[1]}" in method
