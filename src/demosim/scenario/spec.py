"""A scenario as written: its tables and keys, with types. Values are judged against the baseline in `check`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Field, PrivateAttr, Tag
from pydantic.functional_validators import BeforeValidator

from demosim.scenario.cost_options import CostOptions
from demosim.scenario.fiscal_options import FiscalOptions
from demosim.scenario.forms import Value
from demosim.scenario.table import Table, Weight, refused
from demosim.scenario.toml_lines import Lines

NAME = re.compile(r"^[^\W_][\w-]{0,63}$")
COMPONENTS = ("fertility", "mortality", "migration")
TAGS = ("a name", "a list", "a table")


def _name(value: object) -> object:
    if isinstance(value, str) and not NAME.match(value):
        raise refused("bad_name", f'"{value[:40]}" is not a name', "letters, digits, - and _; at most 64")
    return value


def _place(value: object) -> object:
    """A municipality or county, which is text: a number without quotes has lost its leading zero."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        what, allowed = f"{value} is a number, not the number of a place", f'write it in quotes: "{value}"'
        raise refused("unquoted_number", what, allowed)
    return value


def _location(value: object) -> object:
    """A baseline: a name, or a folder that lies with the scenario file."""
    if isinstance(value, str) and not value.strip():
        raise refused("bad_name", "an empty name", "a data set or a folder")
    return value


def _kind(value: object) -> str | None:
    """Which of the forms a name, list or table has been given; None where it is none of them."""
    kinds: dict[type, str] = {str: "a name", list: "a list", dict: "a table", BaseModel: "a table"}
    return next((tag for kind, tag in kinds.items() if isinstance(value, kind)), None)


def _every_component(value: object) -> object:
    """One variant for all components, as a table of components."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        allowed = 'variant = "2024-MMMM", or [variant] with fertility, mortality and migration'
        raise refused("wrong_type", f"{value} is not a name", allowed)
    return dict.fromkeys(COMPONENTS, value)


Name = Annotated[str, BeforeValidator(_name)]
Place = Annotated[str, BeforeValidator(_place)]
Keys = dict[str, Weight]


class Variant(Table):
    """Which national path each component follows."""

    fertility: str
    mortality: str
    migration: str


class Bands(Table):
    """An age profile of the user's own: share of the stream by sex and age band, at the end of the year."""

    male: Keys
    female: Keys


Profile = Annotated[
    Annotated[str, Tag("a name")] | Annotated[Bands, Tag("a table")],
    Discriminator(lambda value: None if _kind(value) == "a list" else _kind(value)),
]
Settlement = Annotated[
    Annotated[str, Tag("a name")] | Annotated[list[Place], Tag("a list")] | Annotated[Keys, Tag("a table")],
    Discriminator(_kind),
    BeforeValidator(_place),
]


class Stream(Table):
    """A named stream of migrants; its numbers (`net`, `return_rate`, ...) are knobs.

    `settlement`: a key of the baseline, or municipalities with weights, or a list of them shared by population.
    `onward_settlement`: likewise, where those go who move on.
    """

    profile: Profile
    settlement: Settlement
    onward_settlement: Settlement = "population"


class Municipality(Table):
    """What is said of one municipality; its numbers are knobs."""

    take_from_others: bool = True


class Control(Table):
    """Population on 1 January that the projection is brought to, for an age band of the country or of a county."""

    population: dict[str, Weight]
    ages: str = "0+"
    county: Place | None = None


class Spec(Table):
    """A scenario file as written, names and types checked. `knobs`: value by dotted path, `streams.ukraine.net`."""

    name: Name
    title: str = ""
    baseline: Annotated[str, BeforeValidator(_location)]
    variant: Annotated[Variant, BeforeValidator(_every_component)]
    horizon: int
    price_year: int
    streams: dict[Name, Stream] = Field(default_factory=dict)
    municipalities: dict[str, Municipality] = Field(default_factory=dict)
    control: list[Control] = Field(default_factory=list)
    costs: CostOptions = CostOptions()
    fiscal: FiscalOptions = FiscalOptions()
    sweep: dict[str, Any] = Field(default_factory=dict)
    knobs: dict[str, Value] = Field(default_factory=dict, exclude=True)
    _file: str | None = PrivateAttr(default=None)
    _lines: Lines | None = PrivateAttr(default=None)

    @property
    def file(self) -> str | None:
        """The file it was read from."""
        return self._file

    def placed(self, file: str | None, lines: Lines | None) -> Spec:
        """The same scenario, knowing where it was written."""
        self._file, self._lines = file, lines
        return self

    @property
    def lines(self) -> Lines | None:
        """Where its keys stand in that file."""
        return self._lines
