"""Which scenarios a sweep runs: a grid of knob values, or points spread over their ranges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import qmc

from demosim.errors import DemosimError, Problem, ProblemGroup, did_you_mean, usage_error
from demosim.scenario.prepare import prepare
from demosim.scenario.spec import Spec
from demosim.scenario.vary import split_path, vary
from demosim.uncertainty.many import ONE_RUN, WAYS, refused_in_many

METHODS = ("grid", "latin", "sobol")
MOST_SCENARIOS = 10_000_000
_KEYS = ("method", "points", "seed", "vary")
_HOW = "path=a:b:step, path=v1,v2,v3, or path=low:high with the methods latin and sobol"


@dataclass(frozen=True)
class Axis:
    """One varied knob: its dotted path and the values of a grid, or the two ends of a range."""

    path: str
    values: tuple[float, ...]
    is_range: bool = False


@dataclass(frozen=True)
class Design:
    """All scenarios of a sweep: `values` (scenario, knob) of the knobs in `paths`."""

    paths: tuple[str, ...]
    values: np.ndarray
    method: str = "grid"
    seed: int | None = None

    def numbers(self, scenario: int) -> dict[str, float]:
        """Knob values of one scenario by path."""
        return dict(zip(self.paths, self.values[scenario].tolist(), strict=True))


def read_axis(text: str) -> Axis:
    """A varied knob as written on a command line: `path=a:b:step` (b included), `path=v1,v2`, or `path=low:high`.

    >>> read_axis("fertility.tfr=1.3:1.7:0.2").values
    (1.3, 1.5, 1.7)
    """
    path, equals, written = text.partition("=")
    if not equals or not path.strip():
        raise usage_error(f'"{text}" does not say which values', path="vary", allowed=_HOW)
    return axis_of(path.strip(), written)


def axis_of(path: str, written: object) -> Axis:
    """A varied knob from text, a number or a list of numbers; raises a `DemosimError` (2) where it is none of them."""
    if isinstance(written, str):
        parts = [part.strip() for part in written.split(":")]
        if len(parts) == 2:
            return Axis(path, _rising(path, [_number(path, part) for part in parts]), is_range=True)
        if len(parts) == 3:
            return Axis(path, _steps(path, *(_number(path, part) for part in parts)))
        written = written.split(",") if len(parts) == 1 else []
    items = written if isinstance(written, list) else [written]
    if not items:
        raise usage_error(f"{written!r} are no values", path=path, allowed=_HOW)
    values = tuple(_number(path, item) for item in items)
    if len(set(values)) < len(values):
        raise usage_error("names a value twice", path=path)
    return Axis(path, values)


def _number(path: str, written: object) -> float:
    try:
        if isinstance(written, bool):
            raise ValueError
        number = float(written)  # type: ignore[arg-type]  # what is no number is caught
    except (TypeError, ValueError):
        raise usage_error(f'"{written}" is not a number', path=path, allowed=_HOW) from None
    if not math.isfinite(number):
        raise usage_error(f"{written} is not a finite number", path=path)
    return number


def _rising(path: str, ends: Sequence[float]) -> tuple[float, ...]:
    if ends[1] <= ends[0]:
        raise usage_error(f"{ends[0]:g} is not below {ends[1]:g}", path=path, allowed="low:high")
    return tuple(ends)


def _steps(path: str, first: float, last: float, step: float) -> tuple[float, ...]:
    """first, first + step, ..., last; last must be met, so that nobody wonders whether it was run."""
    count = (last - first) / step if step else math.inf
    if not 0 <= count < MOST_SCENARIOS:
        raise usage_error(f"steps of {step:g} do not lead from {first:g} to {last:g}", path=path, allowed="a:b:step")
    if abs(count - round(count)) > 1e-6:
        near = first + math.floor(count) * step
        raise usage_error(
            f"steps of {step:g} from {first:g} do not meet {last:g}", path=path, allowed="a:b:step includes b",
            suggestion=f'"{first:g}:{near:g}:{step:g}"',
        )  # fmt: skip
    # rounded to the digits that were written: 1.3 + 2 * 0.1 shall be 1.5
    digits = 12 - math.floor(math.log10(max(abs(first), abs(last), abs(step))))
    return tuple(round(first + at * step, min(digits, 15)) for at in range(round(count) + 1))


def make_design(
    spec: Spec,
    baseline: xr.Dataset,
    varied: Sequence[str] = (),
    method: str | None = None,
    points: int | None = None,
    seed: int | None = None,
) -> Design:
    """The scenarios of a sweep from the options of a request and the `[sweep]` table of the scenario file.

    varied: see `read_axis`; any at all takes the place of the table's `vary`. method: `grid` (all combinations),
    `latin` (Latin hypercube) or `sobol` (scrambled Sobol' sequence; points a power of two).

    Raises a `DemosimError` (2) where a path is no numeric knob (with the one that was perhaps meant), a value is out
    of bounds, a year outside the data, or knobs collide.
    """
    table = _table(spec)
    method = method or table.get("method", "grid")
    if method not in METHODS:
        near = did_you_mean(str(method), METHODS)
        raise usage_error(f"{method} is not a method", path="sweep.method", allowed=", ".join(METHODS), suggestion=near)
    written = table.get("vary", {})
    axes = [read_axis(text) for text in varied] or [axis_of(path, values) for path, values in written.items()]
    if method == "grid" and points is not None:
        raise usage_error("a grid has no number of points", path="points", allowed="with latin or sobol")
    _check(spec, baseline, axes, method)
    points = points if points is not None else table.get("points")
    seed = seed if seed is not None else table.get("seed")
    paths = tuple(axis.path for axis in axes)
    if method == "grid":
        return Design(paths, _grid(axes))
    return Design(paths, _spread(axes, method, points, seed or 0), method, seed or 0)


def _table(spec: Spec) -> Mapping[str, Any]:
    problems = ProblemGroup(spec.file)
    for key, value in spec.sweep.items():
        if key not in _KEYS:
            near = did_you_mean(key, _KEYS)
            problems.add("unknown key", path=f"sweep.{key}", allowed=", ".join(_KEYS), suggestion=near)
        elif key in ("points", "seed") and (isinstance(value, bool) or not isinstance(value, int)):
            problems.add(f"{value!r} is not a whole number", path=f"sweep.{key}")
        elif key == "vary" and not isinstance(value, dict):
            problems.add("is not a table", path="sweep.vary", allowed='[sweep.vary] and "path" = values below it')
    problems.raise_if_any()
    return spec.sweep


def _check(spec: Spec, baseline: xr.Dataset, axes: Sequence[Axis], method: str) -> None:
    """All problems of the axes at once: paths first, then every end of every axis on the baseline."""
    if not axes:
        raise usage_error("nothing is varied", path="vary", allowed=f"{_HOW}; or a [sweep] table in the scenario")
    found: list[Problem] = []
    found += refused_in_many(spec)
    seen: set[str] = set()
    for axis in axes:
        if axis.path in seen:
            found.append(Problem("is varied twice", path=axis.path))
        seen.add(axis.path)
        if axis.is_range and method == "grid":
            found.append(Problem("a range without a step", path=axis.path, allowed="a:b:step, or latin or sobol"))
        if not axis.is_range and method != "grid" and len(axis.values) < 2:
            found.append(Problem("a single value is no range", path=axis.path, allowed="low:high"))
        try:
            knob, _, _ = split_path(spec, axis.path)
            if knob.path == "municipalities.*.net":
                found.append(Problem(ONE_RUN, path=axis.path, allowed=WAYS["net"]))
        except DemosimError as error:
            found += error.problems
    if found:
        raise DemosimError(found, 2)
    for axis in axes:
        others = {other.path: other.values[0] for other in axes}
        for end in {min(axis.values), max(axis.values)}:
            refused = _refused(spec, baseline, others | {axis.path: end})
            found += [problem for problem in refused if problem not in found]
    if found:
        raise DemosimError(found, 2)


def _refused(spec: Spec, baseline: xr.Dataset, numbers: Mapping[str, float]) -> Sequence[Problem]:
    try:
        prepare(baseline, vary(spec, numbers))
    except DemosimError as error:
        return error.problems
    return ()


def _grid(axes: Sequence[Axis]) -> np.ndarray:
    """All combinations, the last knob fastest."""
    size = math.prod(len(axis.values) for axis in axes)
    if size > MOST_SCENARIOS:
        raise usage_error(f"{size} scenarios are too many", path="vary", allowed=f"at most {MOST_SCENARIOS}")
    return np.array(list(itertools.product(*(axis.values for axis in axes))), dtype=float)


def _spread(axes: Sequence[Axis], method: str, points: int | None, seed: int) -> np.ndarray:
    """Points spread evenly over the ranges of all knobs; McKay et al. (1979) and Sobol' (1967), as in scipy."""
    if points is None or not 1 <= points <= MOST_SCENARIOS:
        raise usage_error("needs a number of points", path="points", allowed=f"1 to {MOST_SCENARIOS}")
    if method == "sobol" and points & (points - 1):
        near = 1 << round(math.log2(points))
        raise usage_error("Sobol' points come in powers of two", path="points", suggestion=f'"{near}"')
    sampler: qmc.QMCEngine
    random = np.random.Generator(np.random.Philox(seed))
    if method == "sobol":
        sampler = qmc.Sobol(len(axes), scramble=True, rng=random)
    else:
        sampler = qmc.LatinHypercube(len(axes), rng=random)
    low = [min(axis.values) for axis in axes]
    high = [max(axis.values) for axis in axes]
    scaled: np.ndarray = qmc.scale(sampler.random(points), low, high)
    return scaled
