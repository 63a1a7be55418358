"""What can go wrong, said once and in one form: place, what, what is allowed, what was perhaps meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

_SPACES = "\u00a0\u202f"  # between the digits of a number


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with its place in a file where there is one.

    Reads `file:line: path: what; allowed; did you mean "this"?`, each part only where it is known. `code` is the
    stable name of the kind of problem; the corpus of invalid files has an example of every code.
    """

    what: str
    code: str = "error"
    file: str | None = None
    line: int | None = None
    path: str | None = None
    allowed: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        text = ": ".join(part for part in (place, self.path, self.what) if part)
        if self.allowed:
            text += f"; {self.allowed}"
        if self.suggestion:
            text += f"; did you mean {self.suggestion}?"
        return _in_one_line(text)


def _in_one_line(text: str) -> str:
    """The text with line ends, and what would steer a terminal or turn the direction of writing, as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SPACES else c.encode("unicode_escape").decode() for c in text)


@dataclass(eq=False)
class DemosimError(Exception):
    """An error that a user can act on; the command line prints it without a traceback.

    `exit_code` 1: the run could not be done; 2: the request or its files are wrong.
    """

    problems: Sequence[Problem]
    exit_code: int = 1
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class ProblemGroup:
    """Collects the problems of one pass, so that all of them are reported together."""

    def __init__(self, file: str | Path | None = None) -> None:
        self.file = None if file is None else str(file)
        self.problems: list[Problem] = []

    def add(self, what: str, **where: object) -> None:
        """Note a problem; `where` holds the other fields of `Problem`."""
        where.setdefault("file", self.file)
        self.problems.append(Problem(what, **where))  # type: ignore[arg-type]  # the fields of Problem, by name

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Note the problems of what fails inside, and go on after it."""
        try:
            yield
        except DemosimError as error:
            self.problems += error.problems

    def raise_if_any(self, exit_code: int = 2) -> None:
        """End the pass: raise what was collected, if anything was."""
        if self.problems:
            raise DemosimError(sorted(self.problems, key=lambda p: p.line or 0), exit_code)


def run_error(what: str, **where: object) -> DemosimError:
    """A single problem of a run (exit code 1)."""
    return DemosimError([Problem(what, **where)], 1)  # type: ignore[arg-type]  # the fields of Problem, by name


def usage_error(what: str, **where: object) -> DemosimError:
    """A single problem of a request (exit code 2)."""
    return DemosimError([Problem(what, **where)], 2)  # type: ignore[arg-type]  # the fields of Problem, by name


def did_you_mean(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word nearest to the one given, quoted, or None where nothing is near.

    >>> did_you_mean("pleie_omsrg", ["barnehage", "pleie_omsorg"])
    '"pleie_omsorg"'
    """
    table = {name.casefold(): name for name in allowed}
    near = difflib.get_close_matches(word.casefold(), table, n=1, cutoff=0.6)
    return f'"{table[near[0]]}"' if near else None


class Offer(TypedDict):
    """What a `Problem` with a name that is not known offers in its place."""

    allowed: str
    suggestion: str | None


def instead_of(word: object, known: Iterable[str]) -> Offer:
    """All that is known, and the nearest to the word: fields of the `Problem` that there is no such thing.

    >>> print(usage_error("no such colour", **instead_of("gren", ["red", "green"])))
    no such colour; red, green; did you mean "green"?
    """
    names = list(known)
    return {"allowed": ", ".join(names), "suggestion": did_you_mean(str(word), names)}
