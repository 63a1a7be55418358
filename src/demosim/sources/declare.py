"""From the source's own codes to the declared form, and the checks on arrival: refused rather than repaired."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import xarray as xr

from demosim.errors import ProblemGroup
from demosim.sources.recode import unexplained
from demosim.sources.tables import Axis, Entry

Facts = Callable[[str, str], list[str]]


def declare(data: xr.DataArray, entry: Entry, place: str) -> xr.DataArray:
    """The array with the names, codes and unit that the entry declares.

    Raises `DemosimError` with every dimension and code that the declaration does not fit.
    """
    problems = ProblemGroup(place)
    for dim in map(str, data.dims):
        if dim not in entry.axes:
            problems.add(f'the declaration says nothing about the dimension "{dim}"', code="declaration")
    for dim in entry.axes:
        if dim not in data.dims:
            problems.add(f'has no dimension "{dim}"', code="declaration", allowed=", ".join(map(str, data.dims)))
    problems.raise_if_any(1)
    for dim, axis in entry.axes.items():
        if axis.dim is None:
            if data.sizes[dim] != 1:
                problems.add(f"has {data.sizes[dim]} values of {dim} where one is expected", code="declaration")
                continue
            data = data.isel({dim: 0}, drop=True).drop_vars(f"{dim}_label", errors="ignore")
            continue
        try:
            codes = [_code(str(code), axis) for code in data[dim].values]
        except ValueError as error:
            problems.add(str(error), path=dim, code="codes")
            continue
        if len(set(codes)) < len(codes):
            problems.add("has codes that become the same", path=dim, code="codes")
        data = data.assign_coords({dim: np.array(codes)}).rename({dim: axis.dim})
        if f"{dim}_label" in data.coords:
            data = data.rename({f"{dim}_label": f"{axis.dim}_label"})
    problems.raise_if_any(1)
    attrs = {**data.attrs, "unit": entry.unit, "table": entry.table, "title": entry.title}
    return (data * entry.scale).assign_coords(data.coords).rename(entry.variable).assign_attrs(attrs)


def check(data: xr.DataArray, entry: Entry, place: str, facts: Facts, control: xr.DataArray | None = None) -> None:
    """Refuse figures that the entry's checks do not allow, with everything that is wrong.

    `control`: the array of the entry that `checks.control` names.
    """
    checks, problems = entry.checks, ProblemGroup(place)
    for dim, length in checks.size.items():
        if data.sizes.get(dim) != length:
            problems.add(f"has {data.sizes.get(dim, 0)} values of {dim}, not {length}", code="size")
    for dim, source in checks.codes.items():
        found, listed = {str(code) for code in data[dim].values}, set(facts(*source.split(".")))
        for words, codes in (("lacks", listed - found), ("has unknown", found - listed)):
            if codes:
                problems.add(f"{words} codes: {', '.join(sorted(codes)[:8])} ({len(codes)})", path=dim, code="codes")
    if checks.complete:
        for gone in unexplained(data):
            problems.add(gone.what, code=gone.code)
    known = data.values[~np.isnan(data.values)]
    if not known.size:
        problems.add("has no figures at all", code="missing")
        problems.raise_if_any(1)
    lowest, highest = float(known.min()), float(known.max())
    if checks.non_negative and lowest < 0:
        problems.add(f"has negative figures ({_first(data, data < 0)})", code="negative")
    if checks.range and not (checks.range[0] <= lowest and highest <= checks.range[1]):
        problems.add(f"has figures from {lowest:g} to {highest:g}, outside {list(checks.range)}", code="range")
    if checks.control and control is not None:
        gap = _gap(data, control, checks.control.over)
        if gap is None:
            problems.add(f"cannot be compared with {checks.control.entry}: other sexes, ages or years", code="control")
        elif float(abs(gap).max()) > checks.control.tolerance or bool(gap.isnull().any()):
            at = _first(gap, ~(abs(gap) <= checks.control.tolerance))
            problems.add(f"does not sum to {checks.control.entry}: the difference is {at}", code="control")
    problems.raise_if_any(1)


def _code(code: str, axis: Axis) -> str | int:
    """One code in the declared form."""
    bare = code.strip().removeprefix(axis.strip)
    if axis.codes:
        if bare not in axis.codes and axis.every_code:
            raise ValueError(f'has the code "{code}"; known are {", ".join(axis.codes)}')
        bare = axis.codes.get(bare, bare)
    if axis.kind == "text":
        return bare.zfill(axis.width)
    number = re.match(r"\d+", bare)
    if number is None or (axis.kind == "year" and not bare.isdecimal()):
        raise ValueError(f'has the code "{code}", which is no {axis.kind}')
    return int(number[0])


def _gap(data: xr.DataArray, control: xr.DataArray, over: str) -> xr.DataArray | None:
    """Sum over a dim minus the control, or None where their other dims do not agree."""
    total = data.sum(over, skipna=False)
    control = control.drop_vars([name for name in control.coords if name not in control.dims])
    total = total.drop_vars([name for name in total.coords if name not in total.dims])
    control = control.squeeze([dim for dim in control.dims if dim not in total.dims and control.sizes[dim] == 1])
    try:
        total, control = xr.align(total, control, join="exact")
    except ValueError:
        return None
    gap = total - control
    return gap if gap.dims == total.dims else None


def _first(data: xr.DataArray, where: xr.DataArray) -> str:
    """The first cell that a condition picks, in words."""
    position = np.unravel_index(int(np.argmax(where.values)), data.shape)
    labels = [f"{dim} {data[dim].values[i]}" for dim, i in zip(data.dims, position, strict=True) if dim in data.coords]
    return f"{float(data.values[position]):g} at {', '.join(labels)}" if labels else f"{float(data.values[position]):g}"
