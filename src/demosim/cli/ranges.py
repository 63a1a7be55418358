"""Ranges as they are written everywhere: `a:b:step` with b included, or a list."""

from __future__ import annotations

from demosim.errors import usage_error


def whole_numbers(text: str, option: str) -> list[int]:
    """The numbers of `2011:2021`, `2011:2021:2` or `1,2,5`; raises a `DemosimError` for anything else.

    >>> whole_numbers("2011:2015:2", "--launch"), whole_numbers("1,3", "--ahead")
    ([2011, 2013, 2015], [1, 3])
    """
    try:
        if ":" in text:
            first, last, *step = (int(part) for part in text.split(":"))
            numbers = list(range(first, last + 1, *step))
        else:
            numbers = [int(part) for part in text.split(",")]
    except (ValueError, TypeError):
        numbers = []
    if not numbers:
        raise usage_error(f'"{text}" is not a range', path=option, allowed="a:b, a:b:step (b included) or a list 1,2,5")
    return numbers
