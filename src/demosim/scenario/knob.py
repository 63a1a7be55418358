"""What a knob is: its place in the file, form, bounds and words."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from demosim.scenario.draft import Draft
from demosim.scenario.forms import Form
from demosim.scenario.tables import TableForm
from demosim.scenario.toml_lines import KeyPath


class Knob:
    """One change that a scenario may make. Values outside `low` and `high` are refused; `neutral` changes no bit.

    `path`: dotted, `*` stands for a name that the user gives. `neutral`: None where it is the baseline's own value.
    `slip`: by how much people usually miss it: 10, 100 where per cent is written for a share, 1000 in counts.
    `excludes`: paths that may not be set together with this one. `beyond_horizon`: whether years after the horizon
    count too. `table`: what a table of numbers by age must have. `absent`: what holds where it is not set and no
    number is neutral, in English and Norwegian.
    """

    registry: ClassVar[list[type[Knob]]] = []
    path: ClassVar[str]
    form: ClassVar[Form] = "series"
    neutral: ClassVar[float | None] = None
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = np.inf
    unit: ClassVar[str]
    text_en: ClassVar[str]
    text_nb: ClassVar[str]
    slip: ClassVar[int] = 10
    excludes: ClassVar[tuple[str, ...]] = ()
    beyond_horizon: ClassVar[bool] = False
    table: ClassVar[TableForm] = TableForm()
    absent: ClassVar[tuple[str, str]] = ("the baseline's", "datasettets")

    def __init_subclass__(cls) -> None:
        if hasattr(cls, "path"):  # and not what several have in common
            Knob.registry.append(cls)

    @classmethod
    def key(cls) -> str:
        """The last part of its path."""
        return cls.path.rpartition(".")[2]

    @classmethod
    def tables(cls, tree: Mapping[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
        """Every table of a scenario in which it may stand, with the path that it has there."""
        section, *more = cls.path.split(".")
        inner = tree.get(section)
        if not isinstance(inner, dict):
            return
        if len(more) == 1:
            yield (section, cls.key()), inner
        else:
            yield from (((section, name, cls.key()), table) for name, table in inner.items() if isinstance(table, dict))

    @classmethod
    def apply(cls, draft: Draft, value: Any, name: str) -> None:
        """Change a draft: replace arrays, never write to them. `name`: what stands for `*` in the path."""
        raise NotImplementedError(f"{cls.__name__}.apply")

    @classmethod
    def is_neutral(cls, value: Any) -> bool:
        """Whether a value leaves every bit as it is."""
        return cls.neutral is not None and not isinstance(value, datetime.date) and bool(value.only(cls.neutral))

    @classmethod
    def name_in(cls, path: str) -> str | None:
        """What stands for `*` in a concrete path ("" where there is no `*`); None where the path is another's."""
        section, star, key = cls.path.partition(".*.")
        if not star:
            return "" if path == cls.path else None
        fits = path.startswith(f"{section}.") and path.endswith(f".{key}") and len(path) > len(section) + len(key) + 2
        return path[len(section) + 1 : -len(key) - 1] if fits else None
