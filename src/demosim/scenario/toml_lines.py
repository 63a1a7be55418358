"""On which line of a TOML file each key stands.

The readers of the standard library and of others give values without their places, so this walks the text once more.
It expects text that a TOML reader has accepted or nearly accepted, judges nothing, and stops where it is lost.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{1,2})?' r"|'''.*?'''(?:'{1,2})?" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'", re.DOTALL
)
_BARE = re.compile(r"[^,\]}\n#]*")


@dataclass
class Lines:
    """Line numbers by key path; array elements have their number in the path."""

    at: dict[KeyPath, int] = field(default_factory=dict)
    again: list[tuple[KeyPath, int]] = field(default_factory=list)
    last: int = 1
    complete: bool = True

    def line(self, path: KeyPath) -> int | None:
        """Line of a key, else of the nearest table above it that has a line."""
        while path:
            if path in self.at:
                return self.at[path]
            path = path[:-1]
        return None


def scan_lines(text: str) -> Lines:
    """Lines of all keys of a TOML text; `again` has the keys that are written twice, `last` the last key begun."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (_LostError, RecursionError):
        scanner.lines.complete = False
    return scanner.lines


class _LostError(Exception):
    """The text is not TOML from here on."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.place, self.lines = text, 0, Lines()
        self.count: dict[KeyPath, int] = {}
        self.headers: set[KeyPath] = set()
        self.counted, self.counted_to = 1, 0

    def document(self) -> None:
        table: KeyPath = ()
        self.skip(_GAP)
        while self.place < len(self.text):
            if self.text.startswith("[", self.place):
                table = self.header()
            else:
                self.pair(table)
            self.skip(_GAP)

    def header(self) -> KeyPath:
        array = self.text.startswith("[[", self.place)
        self.place += 2 if array else 1
        line = self.line_here()
        *above, name = self.key()
        path: KeyPath = ()
        for part in above:
            path = (*path, part)
            if path in self.count:
                path = (*path, self.count[path] - 1)
        path = (*path, name)
        self.take("]]" if array else "]")
        if array:
            self.lines.at.setdefault(path, line)
            number = self.count.get(path, 0)
            self.count[path] = number + 1
            path = (*path, number)
        elif path in self.headers:
            self.lines.again.append((path, line))
            return path
        self.headers.add(path)
        self.note(path, line)
        return path

    def pair(self, table: KeyPath) -> None:
        line = self.line_here()
        self.lines.last = line
        path: KeyPath = (*table, *self.key())
        self.take("=")
        self.skip(_SPACE)
        if path in self.lines.at:
            self.lines.again.append((path, line))
        else:
            self.note(path, line)
        self.value(path)

    def value(self, path: KeyPath) -> None:
        start = self.text[self.place : self.place + 1]
        if start == "[":
            self.place += 1
            self.array(path)
        elif start == "{":
            self.place += 1
            self.inline_table(path)
        elif start and start in "\"'":
            self.match(_STRING)
        else:
            self.match(_BARE)

    def array(self, path: KeyPath) -> None:
        number = 0
        self.skip(_GAP)
        while not self.text.startswith("]", self.place):
            self.lines.at[(*path, number)] = self.line_here()
            self.value((*path, number))
            number += 1
            self.comma("]")
        self.place += 1

    def inline_table(self, path: KeyPath) -> None:
        self.skip(_GAP)
        while not self.text.startswith("}", self.place):
            self.pair(path)
            self.comma("}")
        self.place += 1

    def comma(self, end: str) -> None:
        self.skip(_GAP)
        if self.text.startswith(",", self.place):
            self.place += 1
            self.skip(_GAP)
        elif not self.text.startswith(end, self.place):
            raise _LostError

    def key(self) -> list[str]:
        parts = []
        while True:
            self.skip(_SPACE)
            token = self.match(_KEY)
            parts.append(_plain(token))
            self.skip(_SPACE)
            if not self.text.startswith(".", self.place):
                return parts
            self.place += 1

    def note(self, path: KeyPath, line: int) -> None:
        self.lines.at[path] = line
        for end in range(len(path) - 1, 0, -1):
            self.lines.at.setdefault(path[:end], line)

    def line_here(self) -> int:
        self.counted += self.text.count("\n", self.counted_to, self.place)
        self.counted_to = self.place
        return self.counted

    def take(self, mark: str) -> None:
        self.skip(_SPACE)
        if not self.text.startswith(mark, self.place):
            raise _LostError
        self.place += len(mark)

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.place)
        assert found is not None
        self.place = found.end()

    def match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.place)
        if found is None or not found[0]:
            raise _LostError
        self.place = found.end()
        return found[0]


def _plain(token: str) -> str:
    """A key without its quotes."""
    if token[0] == "'":
        return token[1:-1]
    if token[0] == '"':
        try:
            return str(tomllib.loads(f"key = {token}")["key"])
        except tomllib.TOMLDecodeError as error:
            raise _LostError from error
    return token
