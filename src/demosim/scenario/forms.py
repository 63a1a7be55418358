"""The forms in which a scenario writes values: numbers, values by year, by sex, dates. Names and types only."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from demosim.axes import SEXES
from demosim.errors import Problem, ProblemGroup, instead_of
from demosim.scenario.series import Segment, Series, year_range
from demosim.scenario.tables import Table
from demosim.scenario.toml_lines import KeyPath, Lines

Form = Literal["number", "series", "by_sex", "date", "table"]
IN_WORDS: dict[str, str] = {
    "number": "a number",
    "series": "a number, or a table of years such as { 2026 = 1.0, 2027-2030 = 2.0 }",
    "by_sex": "a number, a table of years, or a table with male and female",
    "date": "a date such as 2028-07-01, or a year",
    "table": "the name of a CSV file, or tables of years, sexes and age bands",
}


@dataclass(frozen=True)
class BySex:
    """A value by year for each sex; None where a sex is not named."""

    male: Series | None = None
    female: Series | None = None

    def items(self) -> list[tuple[str, Series]]:
        """The sexes that are named, with their values."""
        both = (("male", self.male), ("female", self.female))
        return [(sex, series) for sex, series in both if series is not None]

    def only(self, value: float) -> bool:
        """Whether every value written is this one."""
        return all(series.only(value) for _, series in self.items())


Place = tuple[KeyPath, int | None]  # the key of a number below its table, and its line in a file of its own
Value = Series | BySex | Table | datetime.date


class Report:
    """Collects the problems of one pass over one file, each with the line of its key.

    `allow_paths`: whether the file may name others outside its folder; `alone`: whether it may name none at all.
    """

    def __init__(
        self, file: str | None, lines: Lines | None, allow_paths: bool = False, alone: bool = False
    ) -> None:
        self.group, self.lines, self.allow_paths, self.alone = ProblemGroup(file), lines, allow_paths, alone

    @property
    def folder(self) -> Path:
        """Where files that the scenario names are looked for."""
        return Path(self.group.file).parent if self.group.file else Path()

    def add(
        self, code: str, path: KeyPath, what: str, allowed: str | None = None, suggestion: str | None = None,
        at: tuple[str, int | None] | None = None,
    ) -> None:  # fmt: skip
        """Note a problem at a key, or at a line of another file that the key names."""
        file, line = at or (self.group.file, None if self.lines is None else self.lines.line(path))
        self.group.add(what, code=code, path=dotted(path), file=file, line=line, allowed=allowed, suggestion=suggestion)

    def add_problem(self, problem: Problem, path: KeyPath) -> None:
        """Note a problem that was found without its place."""
        self.add(problem.code, path, problem.what, problem.allowed, problem.suggestion)

    def raise_if_any(self) -> None:
        """End the pass."""
        self.group.raise_if_any(2)


class Repeated:
    """Problems of the numbers of a table: of each kind the first is reported, and how many are like it.

    `path`: where the table stands in the scenario; `file`: of its own, None where the scenario holds it.
    """

    def __init__(self, report: Report, path: KeyPath, file: str | None) -> None:
        self.report, self.path, self.file = report, path, file
        self.found: dict[str, list[tuple[Place, str, str | None, str | None]]] = {}

    def add(
        self, code: str, place: Place, what: str, allowed: str | None = None, suggestion: str | None = None
    ) -> None:
        """Note a problem of one number."""
        self.found.setdefault(code, []).append((place, what, allowed, suggestion))

    def tell(self) -> None:
        """Report what was noted."""
        for code, places in self.found.items():
            (key, line), what, allowed, suggestion = places[0]
            more = f" (and {len(places) - 1} more like it)" if len(places) > 1 else ""
            at = None if self.file is None else (self.file, line)
            self.report.add(code, (*self.path, *key), what + more, allowed, suggestion, at=at)


def dotted(path: KeyPath) -> str:
    """A key path as a reader writes it: `streams.ukraine.net.2026`, `control[2].ages`."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse_value(form: Form, raw: object, path: KeyPath, report: Report) -> Value | None:
    """A knob's value from what the file has; None, with the problems noted, where it is not of the form."""
    if form == "date":
        return _date(raw, path, report)
    if form == "by_sex":
        return _by_sex(raw, path, report)
    if form == "series" and isinstance(raw, dict):
        return _series(raw, path, report)
    number = parse_number(raw, path, report, IN_WORDS[form])
    return None if number is None else Series(number=number)


def parse_number(raw: object, path: KeyPath, report: Report, allowed: str = "a number") -> float | None:
    """A finite number; None, with the problem noted, where it is none."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        report.add("wrong_type", path, f"{shown(raw)} is not a number", allowed, unquoted(raw))
        return None
    number = _float(raw)
    if not math.isfinite(number):
        report.add("not_finite", path, f"{raw if isinstance(raw, float) else 'this'} is not a finite number", allowed)
        return None
    return number


def _series(raw: dict[str, Any], path: KeyPath, report: Report) -> Series | None:
    segments = []
    if not raw:
        report.add("wrong_type", path, "an empty table", IN_WORDS["series"])
        return None
    for key, value in raw.items():
        years = year_range(key)
        here = (*path, key)
        if years is None:
            report.add("bad_year_key", here, f'"{key}" is not a year', "a year such as 2026 or a range 2027-2030")
            continue
        ends = value if isinstance(value, list) else [value, value]
        if isinstance(value, list) and (len(value) != 2 or years[0] == years[1]):
            report.add("wrong_type", here, "a list that is not [from, to] of a range of years", IN_WORDS["series"])
            continue
        allowed = "a number, or [from, to] for a straight line"
        start = parse_number(ends[0], here, report, allowed)
        end = start if ends[1] is ends[0] else parse_number(ends[1], here, report, allowed)
        if start is not None and end is not None:
            segments.append(Segment(*years, start, end, key))
    return Series(segments=tuple(segments)) if len(segments) == len(raw) else None


def _by_sex(raw: object, path: KeyPath, report: Report) -> BySex | None:
    if not isinstance(raw, dict) or (raw and all(year_range(key) for key in raw)):
        both = parse_value("series", raw, path, report)
        return BySex(both, both) if isinstance(both, Series) else None
    found: dict[str, Series] = {}
    for key, value in raw.items():
        if key not in SEXES:
            offer = instead_of(key, (*SEXES, "or years"))
            report.add("unknown_key", (*path, key), "unknown key", **offer)
            continue
        series = parse_value("series", value, (*path, key), report)
        if isinstance(series, Series):
            found[key] = series
    if not raw:
        report.add("wrong_type", path, "an empty table", IN_WORDS["by_sex"])
    return BySex(**found) if raw and len(found) == len(raw) else None


def _date(raw: object, path: KeyPath, report: Report) -> datetime.date | None:
    if isinstance(raw, datetime.date) and not isinstance(raw, datetime.datetime):
        return raw
    if isinstance(raw, int) and not isinstance(raw, bool) and 1 <= raw <= 9999:
        return datetime.date(raw, 1, 1)
    report.add("wrong_type", path, f"{shown(raw)} is not a date", IN_WORDS["date"])
    return None


def grouped(number: float) -> str:
    """A number as people write it.

    >>> grouped(6e6), grouped(0.05), grouped(-70000)
    ('6 000 000', '0.05', '-70 000')
    """
    return f"{number:,.12g}".replace(",", " ")


def _float(raw: float) -> float:
    try:
        return float(raw)
    except OverflowError:
        return math.inf


def shown(raw: object) -> str:
    """A value as the file has it, cut short."""
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, dict):
        return "a table"
    if isinstance(raw, list):
        return "a list"
    text = repr(raw).replace("'", '"') if isinstance(raw, str) else str(raw)
    return text if len(text) <= 40 else f"{text[:37]}..."


def unquoted(raw: object) -> str | None:
    """A number that was written as text, without its quotes, spaces and decimal comma."""
    if not isinstance(raw, str):
        return None
    plain = raw.replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        return plain if math.isfinite(float(plain)) else None
    except ValueError:
        return None
