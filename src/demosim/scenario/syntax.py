"""First pass over a scenario file: is it a text file, and is it TOML?"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demosim.errors import ProblemGroup, usage_error
from demosim.scenario.toml_lines import Lines, scan_lines

MOST_DEPTH = 20
MOST_BYTES = 2_000_000
_PLACE = re.compile(r"\s*\((?:at line (\d+), column \d+|at end of document)\)$")
_END = r"\s*(?=[,}\]#]|$)"
_LEADING_ZERO = re.compile(r"[=\[,]\s*(0\d+)" + _END)
_DECIMAL_COMMA = re.compile(r"=\s*(-?\d+),(\d+)\s*$")
_SPACED = re.compile(r"=\s*(-?\d{1,3}(?:[ \u00a0\u202f]\d{3})+)" + _END)
_BARE_KEY = re.compile(r"(?:^|[\[{,.])\s*([^\W\d_][\w +()-]*[^\s\w.=\]\"'-]*)\s*(?=[=.\]])|(?:^|[{,])\s*(\d+\+)\s*=")
_BARE_TEXT = re.compile(r"=\s*([^\W\d][\w.-]*)" + _END)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_ASCII_KEY = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"^\s*\[")


_WORDS = {
    "Invalid value": "invalid value; text stands in quotes, numbers as 1234.5, truth as true or false",
    "Illegal character '\\n'": "a text that begins with a quote and does not end with one",
    "Unterminated string": "a text that begins with quotes and does not end with them",
}


@dataclass(frozen=True)
class Source:
    """A scenario file that is TOML: its tree, and the lines of its keys."""

    tree: dict[str, Any]
    lines: Lines
    file: str | None = None


def read_source(path: Path) -> Source:
    """The tree of a scenario file; raises a `DemosimError` (2) with every syntax error that can be told apart."""
    return parse_source(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a file that must be a regular file in UTF-8; a byte order mark is passed over."""
    file = str(path)
    try:
        if path.is_dir():
            raise usage_error("is a folder, not a scenario file", code="not_a_file", file=file)
        if not path.exists():
            raise usage_error("there is no such file", code="missing_file", file=file, allowed=_neighbours(path))
        if not path.is_file():
            raise usage_error("is not a regular file", code="not_a_file", file=file)
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise usage_error(f"cannot be read: {error.strerror}", code="unreadable", file=file) from error
    return _decoded(content, file)


def _decoded(content: bytes, file: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise usage_error("is written as UTF-16", code="encoding", file=file, line=1, allowed="save it as UTF-8")
    if b"\x00" in content or len(content) > MOST_BYTES:
        raise usage_error("is not a text file", code="binary", file=file, allowed="a scenario is a TOML text file")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise usage_error(what, code="encoding", file=file, line=line, allowed="save the file as UTF-8") from error


def parse_source(text: str, file: str | None = None) -> Source:
    """The tree of a TOML text. After an error the line is passed over and the rest is read for further ones."""
    problems = ProblemGroup(file)
    lines = text.split("\n")
    tree: dict[str, Any] = {}
    reached = 0
    while True:
        try:
            tree = tomllib.loads("\n".join(lines))
            deep = _depth(tree) > MOST_DEPTH
        except RecursionError:
            deep = True
        except ValueError as error:
            line, at_end = _explain("\n".join(lines), str(error), problems)
            if at_end or line <= reached:
                break
            reached = line
            lines[line - 1] = _passed_over(lines[line - 1], line, "twice" in problems.problems[-1].what)
            continue
        if deep:
            problems.add("tables or arrays are nested too deep", code="syntax")
        break
    problems.raise_if_any()
    if not tree:
        raise usage_error("is empty: it sets no key", code="empty", file=file, allowed="at least name, baseline, ...")
    return Source(tree, scan_lines(text), file)


def _depth(tree: dict[str, Any]) -> int:
    """How many tables and arrays lie inside each other."""
    level: list[Any] = [tree]
    depth = 0
    while level:
        depth += 1
        inner = (value for item in level for value in (item.values() if isinstance(item, dict) else item))
        level = [value for value in inner if isinstance(value, dict | list)]
    return depth


def _passed_over(written: str, line: int, renamed: bool) -> str:
    """A faulty line in a form that does no harm to what follows it."""
    if _HEADER.match(written):
        return f"[_passed_over_{line}]"
    return re.sub(r"^[^=]*=", f"_passed_over_{line} =", written) if renamed else ""


def _explain(text: str, message: str, problems: ProblemGroup) -> tuple[int, bool]:
    """Report one syntax error; returns its line, and whether nothing after it can be judged."""
    found = _PLACE.search(message)
    what = _PLACE.sub("", message)
    scan = scan_lines(text)
    twice = "overwrite" in what or "twice" in what or "mutate" in what
    if twice and scan.again:
        return _twice(scan, problems), False
    at_end = found is None or found[1] is None
    line = scan.last if found is None or found[1] is None else int(found[1])
    what = _WORDS.get(what, what[:1].lower() + what[1:])
    for code, said, allowed, meant in _guesses(text.split("\n")[line - 1]):
        problems.add(said, code=code, line=line, allowed=allowed, suggestion=meant)
        return line, at_end
    problems.add(f"is not valid TOML: {what}", code="syntax", line=line)
    return line, at_end


def _guesses(written: str) -> Iterator[tuple[str, str, str | None, str | None]]:
    """What may be wrong with a line, likeliest first: code, what, what is allowed, what was perhaps meant."""
    written = _QUOTED.sub('""', written).split("#")[0]
    if found := _SPACED.search(written):
        yield "number_form", "spaces inside a number", None, re.sub(r"[^\d-]", "", found[1])
    if found := _LEADING_ZERO.search(written):
        yield "unquoted_number", f"{found[1]} starts with a zero", f'write it in quotes: "{found[1]}"', None
    if found := _DECIMAL_COMMA.search(written):
        yield "number_form", "a decimal comma", None, f"{found[1]}.{found[2]}"
    for found in _BARE_KEY.finditer(written):
        key = (found[1] or found[2]).strip()
        if not _ASCII_KEY.fullmatch(key):
            yield "unquoted_key", f"{key} stands without quotes", f'write "{key}"', None
    if (found := _BARE_TEXT.search(written)) and found[1] not in ("true", "false", "inf", "nan"):
        meant = found[1].lower() if found[1].lower() in ("true", "false") else f'"{found[1]}"'
        yield (
            "unquoted_text",
            f"{found[1]} stands without quotes",
            "text stands in quotes; truth is true or false",
            meant,
        )


def _twice(scan: Lines, problems: ProblemGroup) -> int:
    """Report a key or table that is written twice."""
    path, line = scan.again[0]
    before = f"it stands on line {scan.at[path]} already" if path in scan.at else "it stands above already"
    name = ".".join(map(str, path))
    if len(path) == 2 and path[0] == "streams":
        what = f'a second stream "{path[1]}"; {before}'
        problems.add(what, code="duplicate_stream", line=line, path=name, allowed="give each stream its own name")
    else:
        problems.add(f"is set twice; {before}", code="duplicate_key", line=line, path=name)
    return line


def _neighbours(path: Path) -> str | None:
    """What scenario files stand beside a missing one."""
    folder = path.parent
    names = sorted(p.name for p in folder.glob("*.toml"))[:12] if folder.is_dir() else []
    return f"in {folder}: {', '.join(names)}" if names else None
