"""The corpus of scenario files that are wrong: what each gives, and what its first line says that it gives.

The first line of a file in `tests/scenarios/invalid` is a comment `# line 7: code: message`. A second line `@path`
means that this path is read instead. After a message was changed on purpose, and its new form has been read:

    python tests/scenario_corpus.py --write
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

import xarray as xr

import made_up
from demosim.baseline.read import read_baseline
from demosim.costs.check import check_costs
from demosim.errors import DemosimError, Problem
from demosim.scenario.prepare import prepare
from demosim.scenario.read import read_scenario

FOLDER = Path(__file__).parent / "scenarios"
INVALID = sorted((FOLDER / "invalid").glob("*.toml"))
VALID = sorted((FOLDER / "valid").glob("*.toml"))


@lru_cache
def baseline(name: str) -> xr.Dataset:
    """The data set that a file of the corpus names: an embedded one, or one that is made up here."""
    if name.startswith("made-up/"):
        country: xr.Dataset = getattr(made_up, name.removeprefix("made-up/"))()
        return country
    return read_baseline(name)


def problems_of(path: Path) -> list[Problem]:
    """All that is wrong with a file of the corpus."""
    lines = path.read_bytes().split(b"\n")
    target = path
    if len(lines) > 1 and lines[1].startswith(b"@"):
        target = path.parent / lines[1][1:].decode()
    try:
        spec = read_scenario(target)
        prepare(baseline(spec.baseline), spec)
        check_costs(baseline(spec.baseline), spec)
    except DemosimError as error:
        return list(error.problems)
    return []


def said(problem: Problem) -> str:
    """A problem as a first line says it, without the file."""
    text = str(problem)
    if problem.file:
        text = text.removeprefix(f"{problem.file}:{problem.line}: ").removeprefix(f"{problem.file}: ")
    return f"# line {problem.line or '-'}: {problem.code}: {text}"


def first_line(path: Path) -> str:
    """What a file says that it gives."""
    content = path.read_bytes()
    text = content.decode("utf-16") if content.startswith(b"\xff\xfe") else content.split(b"\n")[0].decode("utf-8")
    return text.split("\n")[0]


def write_first_lines() -> None:
    """Put what each file gives now on its first line."""
    for path in INVALID:
        problems = problems_of(path)
        line = said(problems[0]) if len(problems) == 1 else f"# {len(problems)} problems"
        content = path.read_bytes()
        if content.startswith(b"\xff\xfe"):
            rest = content.decode("utf-16").split("\n", 1)[1]
            path.write_bytes(b"\xff\xfe" + f"{line}\n{rest}".encode("utf-16-le"))
        else:
            path.write_bytes(line.encode() + b"\n" + content.split(b"\n", 1)[1])


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    write_first_lines()
