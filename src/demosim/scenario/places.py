"""Municipalities and counties by number or by name, as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import xarray as xr

from demosim.errors import DemosimError, Problem, ProblemGroup, did_you_mean

MOST_LISTED = 20  # counties in a message
_QUALIFIED = re.compile(r"^(?P<name>.+?)\s*\((?P<county>[^()]+)\)$")


class Gazetteer:
    """All names of a data set's municipalities and counties, ready to be looked up."""

    def __init__(self, baseline: xr.Dataset) -> None:
        def column(name: str) -> list[str]:
            return [str(value) for value in baseline[name].values]

        self.numbers = column("municipality")
        self.index = {number: place for place, number in enumerate(self.numbers)}
        self.name = dict(zip(self.numbers, column("municipality_name"), strict=True))
        self.county = dict(zip(self.numbers, column("county"), strict=True))
        self.county_name = dict(zip(column("county"), column("county_name"), strict=True))
        self._named: dict[str, list[str]] = {}
        for number, official in zip(self.numbers, column("municipality_name_official"), strict=True):
            for form in dict.fromkeys(_folded(form) for form in _forms(self.name[number], official)):
                self._named.setdefault(form, []).append(number)

    def label(self, number: str) -> str:
        """A municipality as a reader knows it: `Herøy (1818, Nordland)`."""
        return f"{self.name[number]} ({number}, {self.county_name[self.county[number]]})"

    def candidates(self, text: str) -> list[str]:
        """Numbers of the municipalities that a text may mean: none, one, or several of one name."""
        text = text.strip()
        if text in self.index:
            return [text]
        found = self._named.get(_folded(text), [])
        qualified = _QUALIFIED.match(text)
        if not found and qualified:
            counties = self.county_candidates(qualified["county"])
            named = self._named.get(_folded(qualified["name"]), [])
            found = [n for n in named if self.county[n] in counties or n == qualified["county"].strip()]
        return found

    def county_candidates(self, text: str) -> list[str]:
        """Numbers of the counties that a text may mean."""
        if text.strip() in self.county_name:
            return [text.strip()]
        folded = _folded(text)
        return [n for n, name in self.county_name.items() if folded in map(_folded, _forms(name, name))]

    def municipality(self, text: str) -> str | Problem:
        """The number of the municipality that a text names, else what is wrong with the text."""
        found = self.candidates(text)
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f'"{n}" ({self.name[n]}, {self.county_name[self.county[n]]})' for n in found)
            return Problem(f'more than one municipality is called "{text}"', code="ambiguous_place", allowed=listed)
        return Problem(
            f'no municipality is called "{text}"', code="unknown_municipality", allowed="write its number or name",
            suggestion=self._meant(text),
        )  # fmt: skip

    def county_number(self, text: str) -> str | Problem:
        """The number of the county that a text names, else what is wrong with the text."""
        found = self.county_candidates(text)
        if len(found) == 1:
            return found[0]
        if found:
            return Problem(f'more than one county is called "{text}"', code="ambiguous_place", allowed=", ".join(found))
        return Problem(
            f'no county is called "{text}"', code="unknown_county",
            allowed=", ".join(f"{number} {name}" for number, name in sorted(self.county_name.items())[:MOST_LISTED]),
            suggestion=did_you_mean(text, self.county_name.values()),
        )  # fmt: skip

    def _meant(self, text: str) -> str | None:
        """The nearest name, with its number; for a number that lost its leading zero, the whole number."""
        if text.isdigit():
            padded = text.zfill(max(map(len, self.numbers)))
            return f'"{padded}" ({self.name[padded]})' if padded in self.index else None
        near = did_you_mean(text, self._named)
        if near is None:
            return None
        numbers = self._named[near.strip('"')]
        return " or ".join(f'"{self.name[n]}" ({n})' for n in numbers)


def find_municipality(baseline: xr.Dataset, text: str) -> str:
    """Number of the municipality that a text names: number or name, without case, in short or official form.

    Any of the parallel names of an official form will do; `Herøy (Nordland)` tells two of one name apart.
    Raises a `DemosimError` (2) that lists the candidates of an ambiguous name or the nearest to an unknown one.
    """
    found = Gazetteer(baseline).municipality(text)
    if isinstance(found, Problem):
        raise DemosimError([found], 2)
    return found


def _forms(short: str, official: str) -> list[str]:
    """Every way to write a name: short, official, and each of the parallel names."""
    parallel = re.split(r"\s*-\s*", official) if official != short else []
    return [short, official, re.sub(r"\s*-\s*", " - ", official), *parallel]


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def select_places(
    dataset: xr.Dataset, municipalities: Sequence[str] = (), counties: Sequence[str] = ()
) -> tuple[list[str], list[str]]:
    """Numbers of the municipalities that are asked for, singly or by county, and the names of what was asked for.

    Without a wish, all municipalities and no names. Raises a `DemosimError` (2) with every place that is not found.
    """
    gazetteer, problems = Gazetteer(dataset), ProblemGroup()
    chosen: set[str] = set()
    names: list[str] = []
    own = dataset["municipality"].values
    wishes = [("municipality", gazetteer.municipality(text)) for text in municipalities]
    wishes += [("county", gazetteer.county_number(text)) for text in counties]
    for kind, found in wishes:
        if isinstance(found, Problem):
            problems.problems.append(found)
        else:
            inside = dataset[kind].values == found
            chosen |= set(own[inside].tolist())
            names.append(_told_apart(dataset, kind, inside))
    problems.raise_if_any()
    return [number for number in own.tolist() if number in chosen or not names], names


def _told_apart(dataset: xr.Dataset, kind: str, inside: np.ndarray) -> str:
    """The name of a place, with its county where several municipalities have it."""
    names = dataset[f"{kind}_name"].values
    name = str(names[inside][0])
    if kind == "municipality" and (names == name).sum() > 1:
        return f"{name} ({dataset['county_name'].values[inside][0]})"
    return name
