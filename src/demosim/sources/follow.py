"""A result in another municipal structure: mergers within the horizon followed, splits with weights that one sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.errors import ProblemGroup, did_you_mean
from demosim.files import read_csv
from demosim.sources.recode import Recoding, check_shares, recode
from demosim.variables import REGISTRY

CHANGES = "municipal_changes"  # attribute of a recoded result, in words
NAMES = ("municipality_name", "municipality_name_official", "county", "county_name", "landsdel")


@dataclass(frozen=True)
class Changes:
    """Changes of municipalities: where each old one goes, and what is said of the new ones.

    `since`: the year from which a new municipality is in force, None where nothing is said; `names`: by new code.
    """

    recoding: Recoding
    since: dict[str, int | None]
    names: dict[str, str]

    def in_words(self) -> list[str]:
        """One line for each new municipality: what it is made of, and since when."""
        lines = []
        for new in self.since:
            parts = [
                f"{old} ({100 * shares[new]:.2f} %)" if shares[new] < 1 else old
                for old, shares in self.recoding.weights.items()
                if new in shares
            ]
            year = self.since[new]
            when = f", in force from {year}" if year is not None else ""
            lines.append(f"{new} {self.names.get(new, '')}".rstrip() + f" = {' + '.join(parts)}{when}")
        return lines


def read_changes(path: Path) -> Changes:
    """Changes from a CSV file with the columns `old`, `new`, and if wanted `weight`, `since` and `name` of the new one.

    Raises with every row that cannot be used; a municipality that goes to several needs weights that sum to 1.
    """
    table, problems = read_csv(path, ("old", "new"), dtype=str, keep_default_na=False), ProblemGroup(path)
    for column in set(table.columns) - {"old", "new", "weight", "since", "name"}:
        problems.add("is not known", path=str(column), allowed="old, new, weight, since, name")
    problems.raise_if_any()
    weights: dict[str, dict[str, float]] = {}
    since: dict[str, int | None] = {}
    names: dict[str, str] = {}
    for line, row in enumerate(table.to_dict("records"), start=2):
        old, new, year, share = (str(row.get(key, "")).strip() for key in ("old", "new", "since", "weight"))
        if not old or not new:
            problems.add("names no old or no new municipality", line=line)
            continue
        try:
            weights.setdefault(old, {})[new] = float(share or 1.0)
            since[new] = int(year) if year else since.get(new)
        except ValueError:
            problems.add(f'"{share}" or "{year}" is no number', line=line, path="weight, since")
        if row.get("name"):
            names[new] = str(row["name"])
    check_shares({old: parts for old, parts in weights.items() if parts}, problems)
    problems.raise_if_any()
    return Changes(Recoding(weights, path.name), since, names)


def follow(result: xr.Dataset, changes: Changes) -> xr.Dataset:
    """A result with its new municipalities in place of the old ones, on every date.

    A new municipality has the sum of its parts before it was in force too, so that its series can be followed through;
    what is no count or amount (ratios, classes, costs per person) is left out, as it cannot be added. The sum over
    municipalities is kept. The attribute `municipal_changes` says what was done.

    Raises for old municipalities that are not there, new ones that are, and years outside the result.
    """
    known = [str(code) for code in result["municipality"].values]
    olds, news = list(changes.recoding.weights), list(changes.since)
    problems = ProblemGroup()
    for old in olds:
        if old not in known:
            problems.add(f'there is no municipality "{old}"', path="old", suggestion=did_you_mean(old, known))
    for new in news:
        if new in known and new not in olds:
            problems.add(f"{new} is already there and stays", path="new", allowed="a code of its own, or one that goes")
        year, first, last = changes.since[new], int(result["date"].values[0]), int(result["date"].values[-1])
        if year is not None and not first <= year <= last:
            problems.add(f"{new} is in force from {year}", path="since", allowed=f"{first} to {last}")
    problems.raise_if_any()
    codes = list(dict.fromkeys(new for code in known for new in changes.recoding.weights.get(code, {code: 1.0})))
    kept = result.drop_vars([name for name in NAMES if name in result.variables])
    arrays, left_out = {}, []
    for name, array in kept.data_vars.items():
        if "municipality" not in array.dims:
            arrays[str(name)] = array
        elif not _additive(str(name)):
            left_out.append(str(name))
        else:
            arrays[str(name)] = _recoded(array, changes.recoding, codes)
    told = [f"left out, as they cannot be added: {', '.join(left_out)}"] if left_out else []
    made = xr.Dataset(arrays, attrs={**result.attrs, CHANGES: "; ".join([*changes.in_words(), *told])})
    return made.assign_coords(_names(result, changes, codes))


def _additive(name: str) -> bool:
    entry = REGISTRY.get(name)
    return entry is not None and (entry.kind in ("stock", "flow") or entry.unit in ("kr", "FTE"))


def _recoded(array: xr.DataArray, recoding: Recoding, codes: list[str]) -> xr.DataArray:
    plain = array.drop_vars([name for name in array.coords if name not in array.dims])
    made = recode(plain, recoding, codes)
    made.attrs = dict(array.attrs)
    return made


def _names(result: xr.Dataset, changes: Changes, codes: list[str]) -> dict[str, tuple[str, np.ndarray]]:
    """Names and groups of the municipalities; a new one is named by the user or after its parts, and lies with them."""
    parts = {new: [old for old, shares in changes.recoding.weights.items() if new in shares] for new in changes.since}
    coords = {}
    for name in NAMES:
        if name not in result.variables:
            continue
        old = dict(zip(map(str, result["municipality"].values), map(str, result[name].values), strict=True))
        given = [
            changes.names.get(code) or " + ".join(old[part] for part in parts[code])
            if code in parts and name.startswith("municipality")
            else old[parts[code][0]] if code in parts else old[code]
            for code in codes
        ]  # fmt: skip
        coords[name] = ("municipality", np.array(given, dtype=np.str_))
    return coords
