"""Targets of a user's own for a calibration of unit costs, from a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from demosim.axes import age_members, parse_band
from demosim.baseline.read import read_baseline
from demosim.costs.calibrate import Target
from demosim.costs.figures import registered, single_ages
from demosim.costs.prices import read_deflator
from demosim.errors import DemosimError, ProblemGroup, did_you_mean, usage_error
from demosim.files import beside
from demosim.outputs.netcdf import read_result
from demosim.scenario.places import find_municipality
from demosim.scenario.syntax import read_source
from demosim.scenario.table import Table, Weight
from demosim.validation.results import DATA_SET, population_changes

BILLION = 1e9


class _FromResult(Table):
    """The change of persons in a stored run: up to 1 January of a budget year, from the year before."""

    result: str
    budget_year: int
    municipality: str | None = None


class _Row(Table):
    """A target as written; `change`: its name, persons by age band, or a stored run."""

    name: str
    low: Weight
    high: Weight
    price_year: int
    change: str | dict[str, Weight] | _FromResult = Field(union_mode="left_to_right")
    sector: Literal["municipal", "county", "all"] = "all"
    financing: Literal["free", "all"] = "free"
    hold_out: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> _Row:
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self


class _File(Table):
    price_year: int
    target: Annotated[list[_Row], Field(min_length=1)]


def read_targets(path: Path, allow_paths: bool = False) -> tuple[list[Target], int]:
    """Targets of one's own and the price year of the unit costs that shall meet them.

    `price_year`, and for each `[[target]]`: `name`, `low` and `high` in bn kr of its `price_year`, `sector`,
    `financing`, `hold_out`, and `change`, the persons behind it: `"registered 2015"` (the change up to 1 January
    2015), one of the changes behind the published figures (`"estimate 2027"`), persons by age band (each even over its
    single ages), or `{ result = "run.nc", budget_year = 2030 }`, a file of the same folder unless `allow_paths`.

    Raises a `DemosimError` (2) with all that is wrong.
    """
    source = read_source(path)
    problems = ProblemGroup(path)
    try:
        written = _File.model_validate(source.tree)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            where = tuple(part for part in detail["loc"] if not str(part).startswith(("str", "dict", "_FromResult")))
            line = source.lines.line(where)
            problems.add(detail["msg"], path=".".join(map(str, where)), line=line)
        problems.raise_if_any()
        raise
    deflator, targets = read_deflator(), []
    known: dict[str, np.ndarray] = {}
    for order, row in enumerate(written.target):
        where = ("target", order, "change")
        try:
            if isinstance(row.change, str) and not known:
                known = _named_changes()
            change = _change(row.change, known, path.parent, allow_paths)
            factor = deflator.factor(written.price_year, row.price_year)
        except DemosimError as error:
            for problem in error.problems:
                problems.add(
                    problem.what, path=f'target "{row.name}"', line=source.lines.line(where),
                    allowed=problem.allowed, suggestion=problem.suggestion,
                )  # fmt: skip
            continue
        bounds = (row.low * BILLION, row.high * BILLION)
        targets.append(Target(row.name, change, *bounds, row.sector, row.financing, factor, row.hold_out))
    problems.raise_if_any()
    return targets, written.price_year


def _named_changes() -> dict[str, np.ndarray]:
    both = registered()
    changes = {f"registered {year}": both[year].sum(0) - both[year - 1].sum(0) for year in both if year - 1 in both}
    return changes | population_changes(read_baseline(DATA_SET))


def _shortened(known: dict[str, np.ndarray]) -> str:
    """The names of changes, the registered years as a range."""
    years = [int(name.split()[1]) for name in known if name.startswith("registered ")]
    others = [name for name in known if not name.startswith("registered ")]
    return ", ".join([f"registered {min(years)} to registered {max(years)}", *others])


def _change(written: Any, known: dict[str, np.ndarray], folder: Path, allow_paths: bool) -> np.ndarray:
    """Persons by single age of the tables of facts."""
    number = single_ages().sizes["age"]
    if isinstance(written, str):
        if written not in known:
            meant = did_you_mean(written, known)
            raise usage_error(f'no change is called "{written}"', allowed=_shortened(known), suggestion=meant)
        return known[written]
    if isinstance(written, _FromResult):
        return _of_result(written, beside(folder, written.result, allow_paths), number)
    change, ages = np.zeros(number), np.arange(number)
    for label, persons in written.items():
        bounds = parse_band(label)
        if bounds is None or bounds[0] >= number:
            raise usage_error(f'"{label}" is no age band', allowed='"0", "1-5" or "90+"')
        inside = age_members(ages, bounds[0], number - 1 if bounds[1] is None else bounds[1])
        change[inside] += persons / inside.sum()
    return change


def _of_result(written: _FromResult, path: Path, number: int) -> np.ndarray:
    result = read_result(path, "run")
    people = result["population"].sum("sex")
    dates = people["date"].values.tolist()
    if written.budget_year not in dates[1:]:
        raise usage_error(f"there is no budget year {written.budget_year}", allowed=f"{dates[1]} to {dates[-1]}")
    if people.sizes["age"] != number:
        raise usage_error("the result has no single years of age", allowed=f"ages 0 to {number - 1}")
    if written.municipality is not None:
        people = people.sel(municipality=[find_municipality(result, written.municipality)])
    summed = people.sum("municipality")
    change: np.ndarray = (summed.sel(date=written.budget_year) - summed.sel(date=written.budget_year - 1)).values
    return change
