"""What matters: each assumption with its low and high end and what they do to the figure; as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.outputs.messages import heads, message
from demosim.outputs.numbers import number
from demosim.outputs.tables import Rows, Table
from demosim.outputs.words import MILLION, Words, money_decimals
from demosim.scenario.knobs import UNITS_NB

TIMES = "times"


@dataclass(frozen=True)
class Moved:
    """An assumption moved to its low and high end.

    `name` in the reader's language; `low`, `high`: the ends, in `unit`, added to the assumption or, where the unit is
    `times`, multiplied with it; `effect_low`, `effect_high`: what they do to the figure, kr; `nonlinear`: the effect is
    not what the gradient says.
    """

    name: str
    low: float
    high: float
    unit: str
    effect_low: float
    effect_high: float
    nonlinear: bool

    def unit_label(self, lang: str) -> str:
        """The unit in the reader's language."""
        return self.unit if lang == "en" else UNITS_NB.get(self.unit, self.unit)

    def named(self, lang: str) -> str:
        """The name, with the unit behind where the ends are not factors."""
        return self.name if self.unit in ("", TIMES) else f"{self.name}, {self.unit_label(lang)}"

    def ends(self, lang: str) -> tuple[str, str]:
        """The low and the high end in words: `× 0,92` of a factor, `+28 024` of what is added."""
        return _said(self.low, self.unit, lang), _said(self.high, self.unit, lang)

    def span(self, lang: str) -> str:
        """Both ends in words: `× 0,92–1,09` of a factor, `−18 739 / +28 024` of what is added."""
        low, high = self.ends(lang)
        return f"{low}–{number(self.high, 2, lang)}" if self.unit == TIMES else f"{low} / {high}"


def moved(result: xr.Dataset, lang: str, municipality: str | None = None) -> list[Moved]:
    """The assumptions of a sensitivity, the widest effect first: on the country, or on a municipality it tells of."""
    label = f"label_{lang}" if f"label_{lang}" in result.coords else "assumption"
    names = [str(name) for name in result[label].values]
    units = [str(unit) for unit in result["unit"].values] if "unit" in result.coords else [""] * len(names)
    own, prefix = (result, "") if municipality is None else (result.sel(municipality=municipality), "municipal_")
    effects = [own[f"{prefix}effect_{end}"].values.astype(float) for end in ("low", "high")]
    flags = own[f"{prefix}nonlinear"].values if f"{prefix}nonlinear" in own else np.zeros(len(names))
    order = np.argsort(-np.abs(effects[1] - effects[0]), kind="stable")
    return [
        Moved(
            _stem(names[at], units[at]), float(result["low"].values[at]), float(result["high"].values[at]), units[at],
            float(effects[0][at]), float(effects[1][at]), bool(flags[at]),
        )
        for at in order
    ]  # fmt: skip


def _stem(label: str, unit: str) -> str:
    """The label without the words on how the ends act (", multiplied by"), which the ends themselves say."""
    return label.rpartition(", ")[0] if unit and ", " in label else label


def _said(value: float, unit: str, lang: str) -> str:
    if unit == TIMES:
        return f"×\u00a0{number(value, 2, lang)}"
    return number(value, 0 if abs(value) >= 100 else 2, lang, sign=bool(unit))


def tornado_tables(result: xr.Dataset, lang: str, names_of: Mapping[str, str] | None = None) -> list[Table]:
    """The effects of each assumption's low and high end, widest first: for the country and each place asked for."""
    found = [_tornado("tornado", message(lang, "region_country"), result, lang, None)]
    for code in map(str, result["municipality"].values) if "municipality" in result.dims else ():
        found.append(_tornado(f"tornado_{code}", (names_of or {}).get(code, code), result, lang, code))
    return found


def _tornado(key: str, place: str, result: xr.Dataset, lang: str, code: str | None) -> Table:
    rows_of = moved(result, lang, code)
    effects = np.array([[one.effect_low, one.effect_high] for one in rows_of]) / MILLION
    rows: Rows = [
        (one.named(lang), [*one.ends(lang), float(low), float(high), "*" if one.nonlinear else ""])
        for one, (low, high) in zip(rows_of, effects, strict=True)
    ]
    title = message(
        lang, "tornado_title_accumulated" if int(result.attrs.get("accumulated", 0)) else "tornado_title",
        place=place, year=int(result.attrs["budget_year"]), unit=Words(lang, result).million,
    )  # fmt: skip
    decimals, notes = money_decimals(effects), [message(lang, "tornado_note")]
    return Table(key, title, heads(lang, "heads_tornado"), rows, decimals, notes=notes)
