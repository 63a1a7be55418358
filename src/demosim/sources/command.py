"""`demosim data build` and `history`: what is meant, with the weights of split municipalities that go with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from demosim.errors import ProblemGroup, usage_error
from demosim.files import read_csv
from demosim.sources.build import build_from_files, build_from_store, split_weights, splits_in_store
from demosim.sources.facts import build_declared, build_embedded, build_fresh
from demosim.sources.fetch import load_table
from demosim.sources.history import write_history
from demosim.sources.recode import Recoding, check_shares
from demosim.sources.store import Store

BY_POPULATION = "by-population"


def build_data_set(
    output: Path, *, launch: int | None = None, declaration: Path | None = None, history: Path | None = None,
    estimates: Path | None = None, weights: str | None = None, recipe: Path | None = None, embedded: bool = False,
    allow_paths: bool = False, store: Store | None = None,
) -> list[str]:  # fmt: skip
    """Build a data set in a folder; returns what it was made from, a line each.

    One of: `embedded`, the embedded data set anew from its own facts; `declaration` alone, whatever country it
    describes; `launch`, a complete data set from the store, in which figures of a `declaration` go before stored ones.
    `weights`: a file with the columns old, new, weight, or `by-population`: by the population of the parts today.
    `allow_paths`: let the declaration name files outside its folder.
    Raises `DemosimError` (2) where the request is not one of these, and as `build_fresh` and `build_declared` do.
    """
    _check(output, launch, declaration, embedded, history, estimates)
    if embedded:
        build_embedded(output, estimates)
        return []
    if launch is None:
        build_declared(Path(str(declaration)), output, allow_paths)
        return []
    store = store or Store()
    shares = read_weights(weights, launch, store)
    own = build_from_files(declaration, allow_paths, whole=False) if declaration is not None else None
    named = set() if own is None else set(own.arrays)
    stored_history = history is None and estimates is None and "population_history" not in named
    inputs = build_from_store(
        launch, store, weights=shares, history=stored_history, population="population" not in named
    )
    if own is not None:
        arrays, origins = {**inputs.arrays, **own.arrays}, {**inputs.origins, **own.origins}
        inputs = replace(inputs, arrays=arrays, origins=origins)
    made_of = build_fresh(launch, output, estimates=estimates, history=history, inputs=inputs, recipe=recipe)
    return [*Recoding(shares).describe(), *made_of.lines()]


def write_history_files(
    output: Path, launch: int | None = None, weights: str | None = None, store: Store | None = None
) -> list[str]:
    """Write the stored history to 1 January of a year (the newest where none is said), with what goes beside it.

    `weights`: as for `build_data_set`. Returns what was written and of what, a line each.
    """
    store = store or Store()
    year = launch or int(load_table("population-history", store).data["year"].max())
    shares = read_weights(weights, year, store)
    inputs = build_from_store(year, store, weights=shares, population=False)
    return [*write_history(inputs, output), *Recoding(shares).describe()]


def read_weights(weights: str | None, launch: int, store: Store) -> dict[str, dict[str, float]]:
    """Weights of split municipalities from a file, or by the population of the parts on the launch date.

    Raises with every row that cannot be used.
    """
    if weights is None:
        return {}
    if weights == BY_POPULATION:
        splits = splits_in_store(launch, store)
        after = build_from_store(launch, store, history=False).arrays["population"]
        unknown = [new for news in splits.values() for new in news if new not in after["municipality"].values]
        if unknown:
            raise usage_error(f"{', '.join(unknown)} did not last until {launch}", path="--weights",
                              allowed="a file with the columns old, new, weight")  # fmt: skip
        return split_weights(after, splits)
    path = Path(weights)
    columns = ["old", "new", "weight"]
    table = read_csv(path, columns, dtype=str, keep_default_na=False)
    problems, found = ProblemGroup(path), dict[str, dict[str, float]]()
    for row, (old, new, weight) in enumerate(table[columns].itertuples(index=False), start=2):
        try:
            share = float(weight)
        except ValueError:
            problems.add(f'"{weight}" is no number', line=row, path="weight")
            continue
        if new in found.setdefault(str(old), {}):
            problems.add(f"{old} goes to {new} twice", line=row)
        found[str(old)][str(new)] = share
    check_shares({old: parts for old, parts in found.items() if parts}, problems)
    problems.raise_if_any()
    return found


def _check(
    output: Path, launch: int | None, declaration: Path | None, embedded: bool, history: Path | None,
    estimates: Path | None,
) -> None:  # fmt: skip
    if embedded == (launch is not None or declaration is not None):
        raise usage_error("say what to build from", allowed="one of --launch YEAR, --from FILE, --embedded")
    if history is not None and estimates is not None:
        raise usage_error("gives both --history and --estimates", allowed="one of them")
    if launch is None and (history is not None or (estimates is not None and not embedded)):
        raise usage_error("--history and --estimates go with a launch year", allowed="--launch YEAR")
    for path, what in ((history, "--history"), (estimates, "--estimates"), (declaration, "--from")):
        if path is not None and not path.is_file():
            raise usage_error("there is no such file", file=str(path), path=what)
    if output.exists() and not output.is_dir():
        raise usage_error("is a file; give a folder", file=str(output), path="--output")
