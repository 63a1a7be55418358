"""Numbers of a scenario by their dotted path, as sweeps set them: `streams.ukraine.net.2026`, `fertility.tfr`."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace

from demosim.axes import SEXES
from demosim.errors import did_you_mean, usage_error
from demosim.scenario.forms import BySex, Value
from demosim.scenario.knobs import Knob, find_knob, list_knobs
from demosim.scenario.series import Segment, Series, year_range
from demosim.scenario.spec import Spec
from demosim.scenario.tables import Table

FIXED = ("date", "table")  # forms that are not one number


def vary(spec: Spec, numbers: Mapping[str, float]) -> Spec:
    """The scenario with other numbers at some paths; check it against its baseline with `prepare`.

    Raises a `DemosimError` (2) where a path is no numeric knob of the scenario.
    """
    for path in numbers:
        split_path(spec, path)
    return spec.model_copy(update={"knobs": with_numbers(spec.knobs, numbers)})


def with_numbers(knobs: Mapping[str, Value], numbers: Mapping[str, float]) -> dict[str, Value]:
    """Knob values with other numbers at some paths, for `assemble`; the paths are taken to be right."""
    result = dict(knobs)
    for path, number in numbers.items():
        knob, name, parts = _split(path)
        own = knob.path.replace("*", name, 1)
        result[own] = _with(result.get(own), knob, parts, float(number))
    return result


def split_path(spec: Spec, path: str) -> tuple[type[Knob], str, tuple[str, ...]]:
    """Knob, name, and what follows (a sex, a year or range) of a dotted path into a scenario; checked."""
    try:
        knob, name, parts = _split(path)
    except LookupError:
        raise _no_knob(spec, path) from None
    section = knob.path.split(".")[0]
    if name and name not in getattr(spec, section):
        if section == "municipalities":
            way = f"a line [municipalities.{name}] in the scenario makes it one"
            raise usage_error("no number of the scenario has this path", path=path, allowed=way)
        raise _no_knob(spec, path)
    fits = not parts if knob.form == "number" else len(parts) <= 1
    if knob.form == "by_sex":
        parts_by_year = parts[1:] if parts[:1] and parts[0] in SEXES else parts
        fits = len(parts_by_year) <= 1 and all(year_range(part) for part in parts_by_year)
    elif parts:
        fits = fits and year_range(parts[0]) is not None
    if knob.form in FIXED or not fits:
        forms = {
            "number": "a number of its own", "date": "a date, which cannot be varied",
            "table": "a table, which cannot be varied",
        }  # fmt: skip
        what = f"{knob.path} is {forms.get(knob.form, 'followed by a year, a range of years, or nothing')}"
        raise usage_error(what, path=path)
    return knob, name, parts


def numeric_paths(spec: Spec) -> list[str]:
    """Paths of all numeric knobs of a scenario, without years."""
    paths: list[str] = []
    for knob in list_knobs():
        if knob.form not in FIXED:
            section, star, _ = knob.path.partition(".*.")
            paths += [knob.path.replace("*", name) for name in getattr(spec, section)] if star else [knob.path]
    return paths


def _no_knob(spec: Spec, path: str) -> Exception:
    known = numeric_paths(spec)
    years = [part for part in path.split(".") if year_range(part)]
    bare = ".".join(part for part in path.split(".") if not year_range(part))
    near = did_you_mean(bare, known) or next((f'"{own}"' for own in known if bare and own.endswith(f".{bare}")), None)
    if near is not None and years:
        near = f'"{".".join([near.strip(chr(34)), *years])}"'
    return usage_error("no number of the scenario has this path", path=path, allowed=", ".join(known), suggestion=near)


def _split(path: str) -> tuple[type[Knob], str, tuple[str, ...]]:
    """Knob, name and what follows of a path; raises LookupError where it begins with no knob."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        found = find_knob(".".join(parts[:end]))
        if found is not None:
            return (*found, tuple(parts[end:]))
    raise LookupError(path)


def _with(value: Value | None, knob: type[Knob], parts: tuple[str, ...], number: float) -> Value:
    if isinstance(value, datetime.date | Table):
        return value
    if knob.form == "by_sex":
        both = value if isinstance(value, BySex) else BySex()
        sexes = (parts[0],) if parts[:1] and parts[0] in SEXES else SEXES
        rest = parts[1:] if len(sexes) == 1 else parts
        changed = {sex: _with_number(getattr(both, sex), rest, number) for sex in sexes}
        return BySex(**{"male": both.male, "female": both.female, **changed})
    return _with_number(value if isinstance(value, Series) else None, parts, number)


def _with_number(series: Series | None, parts: tuple[str, ...], number: float) -> Series:
    if not parts:
        return Series(number=number)
    years = year_range(parts[0])
    if years is None:
        raise LookupError(parts[0])
    before = series or Series()
    kept = tuple(part for part in before.over if part.key != parts[0])
    return replace(before, over=(*kept, Segment(*years, number, number, parts[0])))
