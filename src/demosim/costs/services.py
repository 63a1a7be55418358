"""Services as files: what each costs, on whom it is spread, what is net, how many work there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from demosim.baseline.find import embedded
from demosim.errors import ProblemGroup, did_you_mean, instead_of, run_error


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Figure(_Table):
    """Where a number stands: a table of facts, its row (by values of columns) and column; or an assumed amount."""

    facts: str | None = None
    where: dict[str, str | int] = Field(default_factory=dict)
    column: str | None = None
    unit: str | None = None
    unit_column: str | None = None
    year: int | None = None
    year_column: str | None = None
    inhabitants: Figure | None = None
    preliminary_from: int | None = None
    amount: float | None = None
    source: str | None = None
    confidence: str = ""

    @model_validator(mode="after")
    def _points_somewhere(self) -> Figure:
        if self.amount is None and (self.facts is None or self.column is None):
            raise ValueError("needs facts and column, or an amount")
        return self


class Band(_Table):
    """Ages from..to (open where `to` is left out) and the share of the amount that falls on them."""

    from_: int = Field(alias="from")
    to: int | None = None
    share: float | None = None


class Criterion(_Table):
    """Where the weight of one criterion that is not an age goes."""

    bands: list[Band]
    by: Literal["share", "deaths"] = "share"


class Alternative(_Table):
    """One way to lay the criteria that are not ages on ages; `rest` takes what no named criterion has."""

    note: str
    criteria: dict[str, Criterion] = Field(default_factory=dict)
    rest: list[Band] = Field(default_factory=list)
    replace: bool = False


class NonAgeSpread(_Table):
    """The alternatives for the criteria that are not ages, and the one that is used."""

    chosen: str
    alternatives: dict[str, Alternative]


class Spread(_Table):
    """How spending is laid on ages: a sub-cost key, bands with shares, or care users."""

    method: Literal["cost-key", "bands", "care-users"]
    facts: str = "cost_keys"
    column: str | None = None
    where: dict[str, str | int] = Field(default_factory=dict)
    constants: dict[str, float] = Field(default_factory=dict)
    confidence: str = ""

    @model_validator(mode="after")
    def _has_a_column(self) -> Spread:
        if self.method == "cost-key" and self.column is None:
            raise ValueError("a cost key needs a column of its table")
        return self


class Smooth(_Table):
    """From which age cost rises smoothly, the lower bounds of the bands whose totals are kept, the age it starts at."""

    from_: int = Field(alias="from")
    anchor: int
    bands: list[int]


_NEEDED = {
    "per-inhabitant": ("rate",), "per-user": ("users", "users_per_fte"), "coverage": ("coverage", "users_per_fte"),
    "total": ("total",),
}  # fmt: skip


class FullTimeEquivalents(_Table):
    """How many work in the service in a year. `ages`: of the inhabitants or users, all of them where left out."""

    method: Literal["per-inhabitant", "per-user", "coverage", "total"]
    year: int
    rate: Figure | None = None
    users: Figure | None = None
    users_per_fte: Figure | None = None
    coverage: Figure | None = None
    ages: Band = Band.model_validate({"from": 0})
    total: Figure | None = None
    confidence: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> FullTimeEquivalents:
        missing = [name for name in _NEEDED[self.method] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.method} needs {' and '.join(missing)}")
        return self


class Service(_Table):
    """A service of municipalities or counties, as its file says."""

    name: str
    order: int
    level: Literal["municipal", "county"]
    label: dict[str, str]
    expenditure: Figure
    spread: Spread
    net_share: Figure
    enabled: bool = True
    switch: str | None = None
    older_users_above: int | None = None
    kostra_functions: list[str] = Field(default_factory=list)
    sources: list[str] = Field(default_factory=list)
    profiles: dict[str, Spread] = Field(default_factory=dict)
    smooth: Smooth | None = None
    non_age_spread: NonAgeSpread | None = None
    fte: FullTimeEquivalents | None = None


def read_services(folder: Path | None = None) -> list[Service]:
    """The services of a folder, in the order in which they are shown; by default the embedded ones.

    Raises a `DemosimError` with all problems of all files.
    """
    return list(_embedded_services()) if folder is None else _read(folder)


@cache
def _embedded_services() -> tuple[Service, ...]:
    """Read once: they are asked for by every part of the costs."""
    return tuple(_read(embedded("data", "services")))


def _read(folder: Path) -> list[Service]:
    services, problems = [], ProblemGroup()
    for path in sorted(folder.glob("*.toml")):
        try:
            services.append(Service.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.add(f"is not valid TOML: {error}", code="service-file", file=str(path))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _explain(dict(detail), path, problems)
    names = [service.name for service in services]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add(f'{names.count(name)} services are called "{name}"', code="service-file", file=str(folder))
    problems.raise_if_any(exit_code=1)
    if not services:
        raise run_error("holds no service (*.toml)", file=str(folder))
    return sorted(services, key=lambda service: (service.order, service.name))


def _explain(detail: dict[str, Any], path: Path, problems: ProblemGroup) -> None:
    place = ".".join(map(str, detail["loc"]))
    meant = did_you_mean(str(detail["loc"][-1]), Service.model_fields) if detail["type"] == "extra_forbidden" else None
    problems.add(detail["msg"], code="service-file", file=str(path), path=place, suggestion=meant)


def chosen_services(services: list[Service], wanted: dict[str, bool], switches: dict[str, bool]) -> list[Service]:
    """The services that a run counts: enabled in their file unless `wanted` or a switch says otherwise.

    Raises a `DemosimError` where `wanted` names a service that is not there.
    """
    check_services(wanted, [service.name for service in services], "costs.services")
    return [
        service
        for service in services
        if wanted.get(service.name, service.enabled) and switches.get(service.switch or "", True)
    ]


def unknown_services(names: Iterable[str], known: Iterable[str], path: str, problems: ProblemGroup) -> None:
    """Note every name that no service has. `path`: the table of the scenario whose keys they are."""
    for name in names:
        if name not in known:
            what = f'no service is called "{name}"'
            problems.add(what, code="unknown_service", path=f"{path}.{name}".lstrip("."), **instead_of(name, known))


def check_services(names: Iterable[str], known: Iterable[str], path: str) -> None:
    """Raise a `DemosimError` (2) that lists every name that no service has, as `unknown_services` notes them."""
    problems = ProblemGroup()
    unknown_services(names, known, path, problems)
    problems.raise_if_any()
