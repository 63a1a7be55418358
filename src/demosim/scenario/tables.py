"""Numbers by year, sex and age of the user's own: what a table says, as an array and as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from demosim.axes import SEXES, band_members, parse_band
from demosim.scenario.toml_lines import KeyPath

NEWBORN = "newborn"  # in place of an age: those who are born in the interval


@dataclass(frozen=True)
class TableForm:
    """What a table of a knob must have.

    `sexes`: whether rows are by sex. `newborn`: whether it may speak of them. `every_age`: whether a year that is named
    must have all ages. `counts`: persons of a band, shared out evenly over its ages, and not a rate that all ages have.
    """

    sexes: bool = True
    newborn: bool = False
    every_age: bool = False
    counts: bool = False


@dataclass(frozen=True)
class Cell:
    """One number of a table: `years` None for every year, `sex` None for both, `ages` a band as written or `newborn`.

    `key`: where it stands below the knob in the scenario; `line`: in a file of its own.
    """

    years: tuple[int, int] | None
    sex: str | None
    ages: str
    value: float
    key: KeyPath = ()
    line: int | None = None

    @property
    def place(self) -> tuple[KeyPath, int | None]:
        """Where it stands."""
        return self.key, self.line

    def members(self, ages: np.ndarray, width: int) -> np.ndarray | None:
        """Which age classes it speaks of; None where its band cuts one in two."""
        band = parse_band(self.ages)
        return None if band is None else band_members(ages, width, *band)

    def steps(self, years: np.ndarray) -> np.ndarray:
        """Which of the years it speaks of."""
        if self.years is None:
            return np.ones(len(years), dtype=bool)
        result: np.ndarray = (years >= self.years[0]) & (years <= self.years[1])
        return result

    def sexes(self) -> np.ndarray:
        """Which of the sexes it speaks of."""
        return np.array([self.sex in (None, sex) for sex in SEXES])


@dataclass(frozen=True)
class Table:
    """Numbers by year, sex and age as a scenario or a file beside it has them; `file` is where it was read."""

    cells: tuple[Cell, ...]
    file: str | None = None
    _filled: dict[tuple[bytes, bytes, bool], np.ndarray] = field(default_factory=dict, compare=False, repr=False)

    def fill(self, years: np.ndarray, ages: np.ndarray, width: int, counts: bool = False) -> np.ndarray:
        """Numbers (T, S, A), nan where none is named; `counts`: those of a band are shared out over its classes.

        The array is kept for the next scenario of a sweep: do not write to it.
        """
        key = years.tobytes(), ages.tobytes(), counts
        if key not in self._filled:
            self._filled[key] = self._fill(years, ages, width, counts)
        return self._filled[key]

    def _fill(self, years: np.ndarray, ages: np.ndarray, width: int, counts: bool) -> np.ndarray:
        result = np.full((len(years), len(SEXES), len(ages)), np.nan)
        bands: dict[str, np.ndarray | None] = {}
        for cell in self.cells:
            if cell.ages not in bands:
                bands[cell.ages] = cell.members(ages, width)
            members = bands[cell.ages]
            if members is not None:
                share = members.sum() if counts else 1
                result[np.ix_(cell.steps(years), cell.sexes(), members)] = cell.value / share
        result.setflags(write=False)
        return result

    def fill_newborn(self, years: np.ndarray) -> np.ndarray:
        """Numbers of the newborn (T, S), nan where none is named."""
        result = np.full((len(years), len(SEXES)), np.nan)
        for cell in self.cells:
            if cell.ages == NEWBORN:
                result[np.ix_(cell.steps(years), cell.sexes())] = cell.value
        return result

    def document(self, years: np.ndarray) -> dict[str, Any]:
        """The table as a scenario writes it, year by year for these years."""
        result: dict[str, Any] = {}
        for cell in self.cells:
            tables = [result] if cell.years is None else [
                result.setdefault(str(year), {}) for year in years[cell.steps(years)]
            ]  # fmt: skip
            for table in tables:
                (table if cell.sex is None else table.setdefault(cell.sex, {}))[cell.ages] = cell.value
        return result

    def span(self) -> str | None:
        """First and last year named; None where it is for every year."""
        named = [cell.years for cell in self.cells if cell.years is not None]
        if not named:
            return None
        first, last = min(years[0] for years in named), max(years[1] for years in named)
        return str(first) if first == last else f"{first}-{last}"
