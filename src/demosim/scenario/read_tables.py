"""Tables of numbers by year, sex and age: in the scenario itself, or in a CSV file beside it. Names and types only."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import replace

from demosim.axes import SEXES, parse_band
from demosim.errors import DemosimError, did_you_mean, instead_of
from demosim.scenario.forms import IN_WORDS, Repeated, Report, parse_number, shown, unquoted
from demosim.scenario.paths import named_file
from demosim.scenario.series import year_range
from demosim.scenario.syntax import read_text
from demosim.scenario.tables import NEWBORN, Cell, Table
from demosim.scenario.toml_lines import KeyPath

COLUMNS = ("year", "sex", "age", "value")
_NEEDED = ("age", "value")
_AGES = f"an age band such as 0-5, 80+ or 7, or {NEWBORN}"


def parse_table(raw: object, path: KeyPath, report: Report) -> Table | None:
    """A table from what the scenario has at a key; None, with the problems noted, where it is none."""
    before = len(report.group.problems)
    if isinstance(raw, str):
        table = _from_file(raw, path, report)
    elif isinstance(raw, dict):
        table = Table(tuple(_nested(raw, path, (), None, None, report)))
    else:
        report.add("wrong_type", path, f"{shown(raw)} is not a table", IN_WORDS["table"])
        return None
    return table if len(report.group.problems) == before else None


def _nested(
    raw: dict[str, object], path: KeyPath, key: KeyPath, years: tuple[int, int] | None, sex: str | None, report: Report
) -> Iterator[Cell]:
    """Cells of tables of years, of sexes in these, of age bands in these; years and sexes may be left out."""
    kinds = {_kind(name) for name in raw}
    if not raw:
        report.add("wrong_type", (*path, *key), "an empty table", IN_WORDS["table"])
    if len(kinds) > 1:
        report.add("wrong_type", (*path, *key), f"{' and '.join(sorted(kinds))} side by side", IN_WORDS["table"])
        return
    for name, value in raw.items():
        here: KeyPath = (*key, name)
        kind = _kind(name)
        repeated = (kind == "years" and key) or (kind == "sexes" and sex is not None)
        if kind == "ages":
            yield from _number(value, name, (years, sex), path, here, report)
        elif repeated or not isinstance(value, dict):
            report.add("wrong_type", (*path, *here), "does not hold age bands here", IN_WORDS["table"])
        elif kind == "years":
            yield from _nested(value, path, here, year_range(name), sex, report)
        else:
            yield from _nested(value, path, here, years, name, report)


def _kind(name: str) -> str:
    return "years" if year_range(name) else "sexes" if name in SEXES else "ages"


def _number(
    value: object, ages: str, of: tuple[tuple[int, int] | None, str | None], path: KeyPath, key: KeyPath, report: Report
) -> Iterator[Cell]:
    if ages != NEWBORN and parse_band(ages) is None:
        near = did_you_mean(ages, (*SEXES, NEWBORN))
        report.add("bad_age_band", (*path, *key), f'"{ages}" is not an age band', f"{_AGES}, or male and female", near)
    elif (number := parse_number(value, (*path, *key), report)) is not None:
        yield Cell(*of, ages, number, key)


def _from_file(name: str, path: KeyPath, report: Report) -> Table:
    """The table of a CSV file with the columns age and value, and year and sex where it has them."""
    file = named_file(name, path, report)
    if file is None:
        return Table(())
    try:
        text = read_text(file)
    except DemosimError as error:
        report.group.problems.extend(
            replace(problem, allowed="a CSV text file") if problem.code == "binary" else problem
            for problem in error.problems
        )
        return Table(())
    return Table(tuple(_rows(text, path, str(file), report)), str(file))


def _rows(text: str, path: KeyPath, file: str, report: Report) -> Iterator[Cell]:
    """Cells of a CSV text: comma, semicolon or tab between columns; with semicolons decimals may have a comma."""
    lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip() and not line.startswith("#")]
    if not lines:
        report.add("empty", path, "the file is empty", f"the columns {', '.join(COLUMNS)}", at=(file, None))
        return
    mark = next((mark for mark in ";\t" if mark in lines[0][1]), ",")
    head, *rows = csv.reader((line for _, line in lines), delimiter=mark, skipinitialspace=True)
    names = [name.strip().lower() for name in head]
    if not _are_columns(names, path, (file, lines[0][0]), report):
        return
    if not rows:
        report.add("empty", path, "has no rows", None, at=(file, lines[0][0]))
    wrong = Repeated(report, path, file)
    for (at, _), row in zip(lines[1:], rows, strict=False):
        cell = _row(dict(zip(names, (value.strip() for value in row), strict=False)), at, mark, wrong)
        if cell is not None:
            yield cell
    wrong.tell()


def _are_columns(names: list[str], path: KeyPath, at: tuple[str, int], report: Report) -> bool:
    allowed = ", ".join(COLUMNS)
    good = True
    for name in dict.fromkeys(names):
        if name not in COLUMNS or names.count(name) > 1:
            good = False
            what = f'the column "{name}" stands there twice' if name in COLUMNS else f'unknown column "{name}"'
            report.add("unknown_key", path, what, **instead_of(name, COLUMNS), at=at)
    for name in _NEEDED:
        if good and name not in names:
            good = False
            report.add("missing_key", path, f'the column "{name}" is missing', allowed, at=at)
    return good


def _row(row: dict[str, str], at: int, mark: str, wrong: Repeated) -> Cell | None:
    year, sex, ages, number = (row.get(name) for name in COLUMNS)
    years = year_range(year) if year is not None else None
    if year is not None and years is None:
        wrong.add("bad_year_key", ((), at), f'"{year}" is not a year', "a year such as 2026 or a range 2027-2030")
    elif sex is not None and sex not in SEXES:
        wrong.add("unknown_key", ((), at), f'"{sex}" is not a sex', **instead_of(sex, SEXES))
    elif ages is None or (ages != NEWBORN and parse_band(ages) is None):
        wrong.add("bad_age_band", ((), at), f'"{ages or ""}" is not an age band', _AGES)
    else:
        value = _float(number or "", mark)
        if value is not None:
            return Cell(years, sex, ages, value, line=at)
        wrong.add("wrong_type", ((), at), f'"{number or ""}" is not a number', "a number", unquoted(number))
    return None


def _float(text: str, mark: str) -> float | None:
    try:
        value = float(text.replace(",", ".") if mark == ";" else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
