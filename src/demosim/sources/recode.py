"""Municipal changes: counts recoded from one structure to another, sums always, splits only with weights one sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.errors import Problem, ProblemGroup, run_error
from demosim.sources.jsonstat import MISSING, NOT_IN_USE


@dataclass(frozen=True)
class Recoding:
    """Which new codes each old code goes to, with weights that sum to one.

    `note` says where it comes from; it is carried into the attributes of what is recoded.
    """

    weights: dict[str, dict[str, float]]
    note: str = ""

    def __post_init__(self) -> None:
        problems = ProblemGroup()
        check_shares(self.weights, problems)
        problems.raise_if_any()

    @property
    def splits(self) -> dict[str, dict[str, float]]:
        """The codes that are split, with their weights: what a user must see."""
        return {old: parts for old, parts in self.weights.items() if len(parts) > 1}

    def then(self, later: Recoding) -> Recoding:
        """This change followed by a later one; a code that the later one does not name stays."""
        combined: dict[str, dict[str, float]] = {}
        for old, parts in self.weights.items():
            target = combined.setdefault(old, {})
            for middle, share in parts.items():
                for new, further in later.weights.get(middle, {middle: 1.0}).items():
                    target[new] = target.get(new, 0.0) + share * further
        born_later = {old: dict(parts) for old, parts in later.weights.items() if old not in combined}
        notes = "; ".join(note for note in (self.note, later.note) if note)
        return Recoding({**combined, **born_later}, notes)

    def describe(self) -> list[str]:
        """The splits in words, one line each."""
        return [
            f"{old} is split: {', '.join(f'{100 * share:.2f} % to {new}' for new, share in parts.items())}"
            for old, parts in self.splits.items()
        ]


def check_shares(weights: Mapping[str, Mapping[str, float]], problems: ProblemGroup) -> None:
    """Note every code whose weights are not shares that sum to one."""
    for old, parts in weights.items():
        if not (min(parts.values(), default=-1) >= 0 and abs(sum(parts.values()) - 1) <= 1e-9):
            what = f"is split between {', '.join(parts)}; its weights sum to {sum(parts.values()):g}"
            problems.add(what, path=old, code="weights", allowed="shares from 0 that sum to 1")


def from_changes(changes: Iterable[Mapping[str, str]], weights: Mapping[str, Mapping[str, float]] | None = None,
                 until: str = "9999") -> Recoding:  # fmt: skip
    """Recoding from a list of changes (old_code, new_code, date), in the order of their dates, up to a date.

    A code that one day's changes give several new codes is split: its weights must be given.
    """
    days = _by_day(change for change in changes if change["date"] <= until)
    result = Recoding({})
    for day in sorted(days):
        note = f"changes of {day}" if day else "value map of the codelist"
        result = result.then(_weighted(days[day], weights or {}, note))
    return result


def splits_of(changes: Iterable[Mapping[str, str]], into: Iterable[str]) -> dict[str, list[str]]:
    """Codes that are split on a day and lead, then or later, to one of the codes `into`: old code and its new ones."""
    days = _by_day(changes)
    wanted = set(into)
    found: dict[str, list[str]] = {}
    for day in sorted(days, reverse=True):
        for old, news in days[day].items():
            if wanted & set(news):
                wanted.add(old)
                if len(news) > 1:
                    found[old] = news
    return found


def holes_of(history: xr.DataArray) -> list[str]:
    """The municipalities whose history is not complete."""
    others = [dim for dim in history.dims if dim != "municipality"]
    return [str(code) for code in history["municipality"].values[history.isnull().any(others).values]]


def filled(
    history: xr.DataArray, by_code: xr.DataArray, changes: Iterable[Mapping[str, str]],
    weights: Mapping[str, Mapping[str, float]],
) -> xr.DataArray:  # fmt: skip
    """A history whose missing cells are filled from the figures in the codes of their time.

    history: persons (municipality, ..., year) in today's municipalities with holes; by_code: the same by code; changes:
    old_code, new_code, date. Only the municipalities with holes are recoded, and only splits that lead to them need
    `weights`; what the codelist already sums is left as it is. Raises where a hole stays.
    """
    rows = list(changes)
    holes = holes_of(history)
    needed = splits_of(rows, holes)
    all_weights = {**_arbitrary(rows), **weights}
    for old in needed.keys() - weights.keys():
        all_weights.pop(old, None)
    recoding = from_changes(rows, all_weights)
    leading = {
        old: {new: share for new, share in parts.items() if new in holes} for old, parts in recoding.weights.items()
    }
    leading = {old: parts for old, parts in leading.items() if parts} | {code: {code: 1.0} for code in holes}
    known = by_code.sel(municipality=[code for code in by_code["municipality"].values if code in leading])
    known = known.sel(year=history["year"].values)
    made = _parts(known, leading, holes).transpose(*history.dims)
    whole = history.reset_coords(drop=True).fillna(made.reindex_like(history.reset_coords(drop=True)))
    if left := holes_of(whole):
        what = f"the history of {', '.join(left[:8])} stays incomplete: no code of their time leads there"
        raise run_error(what, code="recoding", allowed="a change list that names them")
    used = Recoding({old: parts for old, parts in recoding.weights.items() if old in needed}, "")
    note = "; ".join([f"for {', '.join(holes)}", recoding.note, *used.describe()])
    return whole.assign_attrs({**history.attrs, "recoding": note})


def _parts(data: xr.DataArray, leading: Mapping[str, Mapping[str, float]], new: list[str]) -> xr.DataArray:
    """Counts of codes laid on the new codes that they lead to, the rest of them left out."""
    rest = "elsewhere"
    shares = {old: {**parts, **({rest: 1 - sum(parts.values())} if sum(parts.values()) < 1 else {})}
              for old, parts in leading.items()}  # fmt: skip
    return recode(data, Recoding(shares), [*new, rest]).sel(municipality=new)


def _arbitrary(changes: Iterable[Mapping[str, str]]) -> dict[str, dict[str, float]]:
    """Every split as if all went to its first part: for splits whose parts nobody asks for."""
    return {
        old: {new: float(at == 0) for at, new in enumerate(news)}
        for olds in _by_day(changes).values() for old, news in olds.items() if len(news) > 1
    }  # fmt: skip


def _by_day(changes: Iterable[Mapping[str, str]]) -> dict[str, dict[str, list[str]]]:
    days: dict[str, dict[str, list[str]]] = {}
    for change in changes:
        news = days.setdefault(change["date"], {}).setdefault(change["old_code"], [])
        news += [change["new_code"]] if change["new_code"] not in news else []
    return days


def _weighted(targets: Mapping[str, list[str]], weights: Mapping[str, Mapping[str, float]], note: str) -> Recoding:
    found, problems = {}, ProblemGroup()
    for old, news in targets.items():
        if len(news) == 1:
            found[old] = {news[0]: 1.0}
        elif old in weights and set(weights[old]) <= set(news):
            found[old] = dict(weights[old])
        else:
            rows = f"{old},{news[0]},0.8 and {old},{news[1]},0.2"
            example = f"give weights: a file with the columns old, new, weight and rows such as {rows}"
            what = f"is split between {', '.join(news)}; nothing says how"
            problems.add(what, path=old, code="split", allowed=example)
    problems.raise_if_any()
    return Recoding(found, note)


def recode(data: xr.DataArray, recoding: Recoding, codes: Iterable[str], dim: str = "municipality") -> xr.DataArray:
    """Counts (not rates) in the new structure.

    `codes`: the new codes, in their order; a code of the data that the recoding does not name goes to itself, and must
    then be among them. A cell of a code that was not in use (status `.`) adds nothing; one that is missing for another
    reason makes the sum missing. The sum over all codes is kept. Raises for codes that lead nowhere.
    """
    new = list(codes)
    place = {code: position for position, code in enumerate(new)}
    matrix = np.zeros((len(new), data.sizes[dim]))
    lost = []
    for column, old in enumerate(map(str, data[dim].values)):
        for code, share in recoding.weights.get(old, {old: 1.0}).items():
            if code in place:
                matrix[place[code], column] = share
            else:
                lost.append(old)
    unused = _unused(data)
    lost = [old for old in lost if not bool(unused.sel({dim: old}).all())]
    if lost:
        what = f"{len(lost)} codes lead to no code of the new structure: {', '.join(lost[:8])}"
        raise run_error(what, code="recoding", allowed="a change list that names them")
    values, axis = np.where(unused, 0.0, data.values), data.get_axis_num(dim)
    total = _over(matrix, np.nan_to_num(values), axis)
    holes = _over(matrix > 0, np.isnan(values), axis) > 0
    in_use = _over(matrix > 0, ~unused.values, axis) > 0
    coords = {name: data[name] for name in data.dims if name != dim} | {dim: np.array(new, dtype=np.str_)}
    note = "; ".join([recoding.note, *recoding.describe()])
    return xr.DataArray(
        np.where(holes | ~in_use, np.nan, total), dims=data.dims, coords=coords, name=data.name,
        attrs={**data.attrs, "recoding": note},
    )  # fmt: skip


def _over(matrix: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    """A matrix applied along one axis."""
    return np.moveaxis(np.tensordot(matrix.astype(float), values.astype(float), axes=(1, axis)), 0, axis)


def _unused(data: xr.DataArray) -> xr.DataArray:
    """Cells of codes that were not in use: `.` where there are symbols, none otherwise."""
    if "status" not in data.coords:
        return xr.zeros_like(data, dtype=bool)
    unused: xr.DataArray = (data["status"].reset_coords(drop=True) == NOT_IN_USE) & data.isnull()
    return unused


def unexplained(data: xr.DataArray) -> list[Problem]:
    """The missing cells of an array by their symbol, as one problem each; none where it is complete."""
    missing = np.isnan(data.values)
    symbols = data["status"].values[missing] if "status" in data.coords else np.full(int(missing.sum()), "")
    names, counts = np.unique(symbols, return_counts=True)
    return [
        Problem(f"{count} cells are missing ({name if name in MISSING else 'no reason given'})", "missing")
        for name, count in zip(names.tolist(), counts.tolist(), strict=True)
    ]
