"""Unit costs of the user's own, by own age bands, for the country or single municipalities."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from demosim.axes import age_label
from demosim.costs.prices import read_deflator
from demosim.errors import ProblemGroup, did_you_mean, usage_error

COLUMNS = ("service", "ages", "kr_per_person", "price_year")
COUNTRY = ""


@dataclass(frozen=True)
class OwnCosts:
    """Net kroner per person by municipality ("" for all), service and age band (as written), in prices of one year."""

    file: str
    price_year: int
    cost: Mapping[tuple[str, str], Mapping[str, float]]


def read_own_costs(path: Path) -> OwnCosts:
    """Unit costs from TOML, CSV or xlsx.

    TOML: `price_year = 2026`, then `[barnehage]` with bands as keys (`"0" = 0`, `"1-5" = 260000`, `"6+" = 0`), and
    `["4601".barnehage]` for a municipality. CSV and xlsx: columns `service`, `ages`, `kr_per_person`, `price_year` and,
    if wanted, `municipality`.

    Raises a `DemosimError` (2) with all that is wrong with the form.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise usage_error("there is no such file", file=str(path))
    if suffix not in (".toml", ".csv", ".xlsx"):
        raise usage_error(f"has the suffix {suffix}", file=str(path), allowed=".toml, .csv, .xlsx")
    return _from_toml(path) if suffix == ".toml" else _from_rows(_table(path), path)


def _from_toml(path: Path) -> OwnCosts:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise usage_error(f"is not valid TOML: {error}", file=str(path)) from error
    problems = ProblemGroup(path)
    year = tree.pop("price_year", None)
    if not isinstance(year, int):
        problems.add("is missing or not a year", path="price_year", allowed="price_year = 2026")
    found: dict[tuple[str, str], dict[str, float]] = {}
    for name, table in tree.items():
        inner = table if isinstance(table, dict) else {}
        nested = {key: value for key, value in inner.items() if isinstance(value, dict)}
        for place, service, bands in [(name, key, value) for key, value in nested.items()] or [(COUNTRY, name, inner)]:
            found[place, service] = _numbers(bands, f"{place}.{service}".lstrip("."), problems)
        if not inner:
            problems.add("is not a table of age bands", path=str(name))
    problems.raise_if_any()
    return OwnCosts(str(path), int(year or 0), found)


def _numbers(bands: Mapping[str, Any], place: str, problems: ProblemGroup) -> dict[str, float]:
    good = {}
    for band, value in bands.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < np.inf:
            problems.add(f"{value} is not an amount of kroner", path=f"{place}.{band}", allowed="0 or more")
        else:
            good[str(band)] = float(value)
    return good


def _table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".csv":
            return pd.read_csv(path, dtype=str, comment="#", encoding="utf-8", skipinitialspace=True)
        return pd.read_excel(path, dtype=str)
    except (OSError, ValueError, ImportError) as error:
        raise usage_error(f"cannot be read ({error})", file=str(path)) from error


def _from_rows(table: pd.DataFrame, path: Path) -> OwnCosts:
    problems = ProblemGroup(path)
    for column in COLUMNS:
        if column not in table:
            problems.add("has no such column", path=column, allowed=f"columns {', '.join(COLUMNS)} (municipality)")
    problems.raise_if_any()
    years = pd.to_numeric(table["price_year"], errors="coerce").unique()
    if len(years) != 1 or not np.isfinite(years[0]):
        problems.add("all rows must name one and the same year", path="price_year")
    found: dict[tuple[str, str], dict[str, float]] = {}
    places = table["municipality"].fillna(COUNTRY) if "municipality" in table else pd.Series([COUNTRY] * len(table))
    amounts = pd.to_numeric(table["kr_per_person"], errors="coerce")
    for place, service, band, value in zip(places, table["service"], table["ages"], amounts, strict=True):
        bands = found.setdefault((str(place), str(service)), {})
        if str(band) in bands:
            problems.add(f"ages {band} stand twice", path=f"{place} {service}".strip())
        bands |= _numbers({str(band): float(value)}, f"{place} {service}".strip(), problems)
    problems.raise_if_any()
    return OwnCosts(str(path), int(years[0]), found)


def with_own_costs(unit_cost: xr.DataArray, own: OwnCosts, municipalities: list[str] | None = None) -> xr.DataArray:
    """Unit costs with those of the user in place of the derived ones, in the prices of the derived.

    unit_cost: net kr per person (service, age). municipalities: of the data set, needed where the file names any; the
    result is then (service, municipality, age).

    Raises a `DemosimError` (2) with every unknown service and municipality and every gap and overlap of ages.
    """
    problems = ProblemGroup(own.file)
    services, places = unit_cost["service"].values.tolist(), municipalities or []
    rows = {}
    for (place, service), bands in own.cost.items():
        if service not in services:
            problems.add(
                f'no service is called "{service}"', allowed=", ".join(services),
                suggestion=did_you_mean(service, services),
            )  # fmt: skip
        if place and place not in places:
            problems.add(f'there is no municipality "{place}"', suggestion=did_you_mean(place, places))
        row = _by_age(bands, unit_cost["age"].values, f"{place} {service}".strip(), problems)
        rows[place, service] = row
    problems.raise_if_any()
    factor = read_deflator().factor(own.price_year, int(unit_cost.attrs["price_year"]))
    result = unit_cost.copy(deep=True)
    if any(place for place, _ in rows):
        whole = xr.DataArray(np.ones(len(places)), {"municipality": places})
        result = (result * whole).transpose("service", "municipality", "age").assign_attrs(unit_cost.attrs)
    for place, service in sorted(rows):  # the country's first, so that a municipality's own stand
        where = {"service": service, "municipality": place} if place else {"service": service}
        result.loc[where] = rows[place, service] * factor
    return result.assign_attrs(own_unit_costs=Path(own.file).name)


def _by_age(bands: Mapping[str, float], ages: np.ndarray, place: str, problems: ProblemGroup) -> np.ndarray:
    """Kroner by age of a data set; every age must be in exactly one band."""
    last = int(ages[-1])
    row, owner = np.zeros(len(ages)), [""] * len(ages)
    overlaps: dict[tuple[str, str], list[int]] = {}
    for label, value in bands.items():
        bounds = _bounds(label, last)
        if bounds is None:
            problems.add(f'"{label}" is no age band', path=place, allowed='"0", "1-5" or "90+"')
            continue
        for i in np.flatnonzero((ages >= bounds[0]) & (ages <= bounds[1])).tolist():
            if owner[i]:
                overlaps.setdefault((owner[i], label), []).append(int(ages[i]))
            owner[i], row[i] = label, value
    for (first, second), inside in overlaps.items():
        both = age_label(inside[0], inside[-1], last)
        problems.add(f'ages {both} stand in both "{first}" and "{second}"', path=place)
    missing = [int(age) for age, name in zip(ages, owner, strict=True) if not name]
    for first_age, last_age in _runs(missing, ages):
        label = age_label(first_age, last_age, last)
        problems.add(f"ages {label} have no cost", path=place, allowed=f'write "{label}" = 0 where there is none')
    return row


def _bounds(label: str, last: int) -> tuple[int, int] | None:
    lower, _, upper = label.removesuffix("+").partition("-")
    if not lower.isdigit() or (upper and not upper.isdigit()) or (upper and int(upper) < int(lower)):
        return None
    return int(lower), last if label.endswith("+") else int(upper or lower)


def _runs(missing: list[int], ages: np.ndarray) -> list[tuple[int, int]]:
    """First and last age of each stretch of neighbouring ages."""
    position = {int(age): i for i, age in enumerate(ages)}
    runs: list[tuple[int, int]] = []
    for age in missing:
        if runs and position[age] == position[runs[-1][1]] + 1:
            runs[-1] = (runs[-1][0], age)
        else:
            runs.append((age, age))
    return runs
