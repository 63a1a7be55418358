"""What a selection of values stands for: counted before it is asked for, and split where it is too large.

The expressions are those of PxWebApi 2 (user guide at pxtools.net): codes, `*` and `?` as masks, `top(n[,skip])`,
`bottom(n[,skip])`, `from(code)`, `to(code)`, `range(first,last)`. On a time dimension `top` takes the newest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from demosim.errors import did_you_mean, usage_error


@dataclass(frozen=True)
class Selected:
    """What is asked for of one dimension: codes and expressions, in a codelist or in the table's own codes."""

    values: tuple[str, ...]
    codelist: str | None = None


Query = Mapping[str, Selected]

_CALL = re.compile(r"(top|bottom|from|to|range)\(([^()]*)\)", re.IGNORECASE)


def expand(expressions: Sequence[str], codes: Sequence[str], time: bool = False, dim: str = "value") -> list[str]:
    """The codes that expressions stand for, each once, in the order of the table.

    >>> expand(["top(2)", "2019"], ["2019", "2020", "2021", "2022"], time=True)
    ['2019', '2021', '2022']
    """
    chosen = {position for expression in expressions for position in _positions(expression, codes, time, dim)}
    return [codes[position] for position in sorted(chosen)]


def _positions(expression: str, codes: Sequence[str], time: bool, dim: str) -> Sequence[int]:
    call = _CALL.fullmatch(expression.strip())
    if call is None:
        return _masked(expression, codes, dim)
    name, arguments = call[1].lower(), [text.strip() for text in call[2].split(",")]
    everything = range(len(codes))
    if name in ("top", "bottom"):
        if len(arguments) > 2 or not all(text.isdecimal() for text in arguments):
            raise usage_error(f"{expression} is not understood", path=dim, allowed=f"{name}(3) or {name}(3,1)")
        count, skip = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 0
        from_the_end = (name == "top") == time
        return everything[::-1][skip : skip + count] if from_the_end else everything[skip : skip + count]
    if len(arguments) != (2 if name == "range" else 1):
        raise usage_error(f"{expression} is not understood", path=dim, allowed="from(a), to(b) or range(a,b)")
    ends = sorted(_place(text, codes, dim) for text in arguments)
    first = 0 if name == "to" else ends[0]
    last = len(codes) - 1 if name == "from" else ends[-1]
    return everything[first : last + 1]


def _masked(mask: str, codes: Sequence[str], dim: str) -> list[int]:
    if not set("*?") & set(mask):
        return [_place(mask, codes, dim)]
    pattern = mask.casefold().replace("[", "[[]")
    found = [position for position, code in enumerate(codes) if fnmatchcase(code.casefold(), pattern)]
    if not found:
        raise usage_error(f"no code fits {mask}", path=dim, allowed=_some(codes))
    return found


def _place(code: str, codes: Sequence[str], dim: str) -> int:
    """Position of a code; upper and lower case are the same to the API."""
    for position, known in enumerate(codes):
        if known.casefold() == code.casefold():
            return position
    raise usage_error(f'has no code "{code}"', path=dim, allowed=_some(codes), suggestion=did_you_mean(code, codes))


def _some(codes: Sequence[str]) -> str:
    shown = ", ".join(codes[:8])
    return f"{len(codes)} codes: {shown}{', ...' if len(codes) > 8 else ''}"


def cells(codes: Mapping[str, Sequence[str]]) -> int:
    """How many cells a selection has: empty ones count."""
    return math.prod(len(chosen) for chosen in codes.values())


def split(codes: Mapping[str, Sequence[str]], time: str, limit: int) -> Iterator[dict[str, list[str]]]:
    """Parts of a selection that each have at most `limit` cells: along time first, then along the largest dim.

    >>> parts = list(split({"Region": ["a", "b", "c"], "Tid": ["1", "2"]}, "Tid", 2))
    >>> [len(part["Region"]) * len(part["Tid"]) for part in parts]
    [2, 1, 2, 1]
    """
    if limit < 1:
        raise usage_error(f"the limit of {limit} cells lets nothing through")
    total = cells(codes)
    if total <= limit:
        yield {dim: list(chosen) for dim, chosen in codes.items()}
        return
    along = time if len(codes.get(time, ())) > 1 else max(codes, key=lambda dim: len(codes[dim]))
    step = max(1, limit // (total // len(codes[along])))
    for start in range(0, len(codes[along]), step):
        yield from split({**codes, along: codes[along][start : start + step]}, time, limit)
