"""Markdown out of rows."""

import re
from collections.abc import Iterable, Sequence

NUMBER = re.compile(r"[−+-]?[\d ,]*\.?\d+|–|")


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; what is None is left empty, a bar inside a cell does not end it, columns of numbers stand right."""
    cells = [[_cell(value) for value in row] for row in rows]
    columns = list(zip(*cells, strict=True)) or [()] * len(heads)
    marks = ["---:" if any(column) and all(map(NUMBER.fullmatch, column)) else "---" for column in columns]
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(heads), marks, *cells]) + "\n"


def _cell(value: object) -> str:
    return "" if value is None else " ".join(str(value).replace("|", "\\|").split())


def code(names: Iterable[object]) -> str:
    """Names as code, with commas between them."""
    return ", ".join(f"`{name}`" for name in names)
