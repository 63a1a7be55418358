"""Values by year, as a scenario writes them: a number, or a table of years and ranges of years."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

_KEY = re.compile(r"^(\d{4})(?:\s*[-–:]\s*(\d{4}))?$")


@dataclass(frozen=True)
class Segment:
    """A run of years with one value, or with values on a straight line from the first year to the last."""

    first: int
    last: int
    start: float
    end: float
    key: str

    def at(self, year: np.ndarray) -> np.ndarray:
        """The value in each year."""
        if self.start == self.end:
            return np.full(len(year), self.start)
        return self.start + (self.end - self.start) * (year - self.first) / (self.last - self.first)


@dataclass(frozen=True)
class Series:
    """A knob's value by year: `number` for all years, else `segments`; years that are not named are left as they are.

    `over`: years that are set on top of either, when a scenario is varied.

    >>> Series(segments=(Segment(2027, 2029, 1.0, 2.0, "2027-2029"),)).fill(np.arange(2026, 2031), np.zeros(5))
    array([0. , 1. , 1.5, 2. , 0. ])
    """

    number: float | None = None
    segments: tuple[Segment, ...] = ()
    over: tuple[Segment, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is one number for all years."""
        return self.number is not None and not self.over

    def fill(self, years: np.ndarray, otherwise: np.ndarray | float) -> np.ndarray:
        """Values on the given years, `otherwise` where none is named."""
        if self.is_plain:
            return np.full(len(years), self.number)
        base = otherwise if self.number is None else self.number
        result = np.array(np.broadcast_to(base, len(years)), dtype=float)
        for segment in self.segments + self.over:
            within = (years >= segment.first) & (years <= segment.last)
            result[within] = segment.at(years[within])
        return result

    def only(self, value: float) -> bool:
        """Whether every value written is this one."""
        return self.number in (None, value) and all(
            part.start == part.end == value for part in self.segments + self.over
        )

    def values(self) -> list[tuple[str, float]]:
        """Every number written, with its key ("" for a plain number)."""
        plain = [] if self.number is None else [("", self.number)]
        return plain + [
            (part.key, v) for part in self.segments + self.over for v in dict.fromkeys((part.start, part.end))
        ]


def year_range(key: str) -> tuple[int, int] | None:
    """First and last year of a key such as `2026` or `2027-2030`; None where it is neither.

    >>> year_range("2027-2030"), year_range("2026"), year_range("soon")
    ((2027, 2030), (2026, 2026), None)
    """
    found = _KEY.match(key.strip())
    return None if found is None else (int(found[1]), int(found[2] or found[1]))
