"""What the commands of `demosim data` do: fetch, list, show, compare with the tables as they are now."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import xarray as xr

from demosim.baseline.find import embedded
from demosim.errors import DemosimError, Problem, run_error, usage_error
from demosim.sources.declare import check, declare
from demosim.sources.jsonstat import merge, parse, read_jsonstat
from demosim.sources.klass import KLASS, ask_klass, read_list
from demosim.sources.selection import Selected
from demosim.sources.store import Store, Vintage, now
from demosim.sources.tables import Entry, entries, find_entries

if TYPE_CHECKING:
    from demosim.sources.pxweb import PxWeb

AWAY = "away"  # code of a problem: nobody answers at all
ADDRESS = "DEMOSIM_API"  # another address of a PxWebApi 2, such as a mirror inside an office


@dataclass(frozen=True)
class Figures:
    """Figures in the declared form with the vintage that they are read from."""

    entry: Entry
    vintage: Vintage
    data: xr.DataArray


def fetch_table(name: str, store: Store | None = None, *, times: Sequence[str] | None = None, offline: bool = False,
                api: PxWeb | None = None) -> list[Figures]:  # fmt: skip
    """Fetch an entry (or all entries of a table number), check it, keep it, and give it in the declared form.

    `times`: years or expressions (`2026`, `from(2006)`, `top(1)`) instead of the entry's own. `offline`: nothing is
    fetched; the newest vintage in the store is read and checked. `api`: another PxWebApi than Statistics Norway's.
    Figures that the entry's checks refuse are not kept. Raises `DemosimError`.
    """
    store = store or Store()
    found = find_entries(name)
    if offline:
        return [load_table(entry.name, store, times=times) for entry in found]
    return [_fetch(entry, store, api or _statistics_norway(), times) for entry in found]


def fetch_tables(
    names: Sequence[str] = (), store: Store | None = None, *, tell: Callable[[Figures], None] | None = None,
    **options: Any,
) -> list[Figures]:  # fmt: skip
    """Fetch several tables, where none is named all but the large ones; one that fails does not keep the others back.

    `tell` hears of each table once it is kept. A name that is no table is refused before anything is fetched, and
    where the network is away the first table says so for all.
    Raises `DemosimError` with the problems of all that failed, after the others have been kept.
    """
    fetched: list[Figures] = []
    problems: list[Problem] = []
    wanted = list(names) or [name for name, entry in entries().items() if not entry.large]
    _check_names(wanted)
    if not options.get("offline"):
        options["api"] = options.get("api") or _statistics_norway()  # one for all: it keeps count of the calls
    for name in wanted:
        try:
            found = fetch_table(name, store, **options)
        except DemosimError as error:
            problems += error.problems
            if any(problem.code == AWAY for problem in error.problems):
                break
            continue
        fetched += found
        if tell is not None:
            for figures in found:
                tell(figures)
    if problems:
        kept = ", ".join(figures.entry.name for figures in fetched) or "none"
        raise DemosimError(problems, 1, [f"fetched and kept: {kept}"])
    return fetched


def _check_names(names: Sequence[str]) -> None:
    """Raise with every name that is neither an entry nor a table number."""
    problems: list[Problem] = []
    for name in names:
        try:
            find_entries(name)
        except DemosimError as error:
            problems += error.problems
    if problems:
        raise DemosimError(problems, 2)


def load_table(name: str, store: Store | None = None, *, digest: str | None = None,
               times: Sequence[str] | None = None) -> Figures:  # fmt: skip
    """Figures from the store, without a network: the newest vintage of an entry, or the one of a digest."""
    store = store or Store()
    entry = find_entries(name)[0]
    if digest:
        vintage = store.get(digest)
        entry = find_entries(vintage.entry)[0]
    else:
        wanted = _query(entry, times) if times else None
        fitting = [v for v in store.vintages(entry.name) if wanted is None or v.query == wanted]
        if not fitting:
            what = f"{entry.name} is not in the store" + (f" for {', '.join(times)}" if times else "")
            hint = f"fetch it where there is a network: demosim data fetch --table {entry.name}"
            raise run_error(what, code="not-in-store", file=str(store.folder), allowed=hint)
        vintage = fitting[-1]
    return _figures(entry, vintage, _assemble(store, vintage), _control_from(entry, store, vintage))


def list_vintages(store: Store | None = None, table: str | None = None) -> list[Vintage]:
    """The vintages in the store, oldest first: all, or those of an entry or table number."""
    if table is not None:
        _check_names([table])
    return (store or Store()).vintages(table)


def show_vintage(digest: str, store: Store | None = None) -> tuple[Vintage, xr.DataArray]:
    """A vintage by the beginning of its digest, and its figures as the source coded them."""
    store = store or Store()
    vintage = store.get(digest)
    return vintage, _assemble(store, vintage)


def verify_live(names: Sequence[str] = (), api: PxWeb | None = None) -> dict[str, list[Problem]]:
    """What is wrong with each entry, compared with the tables as they are now: dimensions, codelists, codes and size.

    Raises where the network is away, which says nothing about any table.
    """
    api = api or _statistics_norway()
    checked = {}
    for entry in [found for name in names or list(entries()) for found in find_entries(name)]:
        problems: list[Problem] = []
        try:
            if entry.kind == "pxweb":
                codes = api.resolve(entry.table, _selected(entry, None), api.metadata(entry.table))
                shape = {axis.dim: len(codes[dim]) for dim, axis in entry.axes.items() if axis.dim and dim in codes}
                problems = [
                    Problem(f"has {shape.get(dim, 0)} values of {dim}, not {length}", "size", entry.name)
                    for dim, length in entry.checks.size.items()
                    if shape.get(dim) != length
                ]
            else:
                read_list(_ask_list(entry, api, None)[2], entry.name)
        except DemosimError as error:
            if any(problem.code == AWAY for problem in error.problems):
                raise
            problems = [replace(problem, path=problem.path or entry.name) for problem in error.problems]
        checked[entry.name] = problems
    return checked


def facts_column(table: str, column: str) -> list[str]:
    """A column of a table of facts, such as the codes of the municipalities."""
    with embedded("data", "facts", f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [row[column] for row in rows]


def _fetch(entry: Entry, store: Store, api: PxWeb, times: Sequence[str] | None) -> Figures:
    """Fetch one entry, after its control; what the checks do not let through is not kept."""
    if entry.kind != "pxweb":
        return _fetch_list(entry, store, api, times)
    control = None
    if entry.checks.control:
        control = _fetch(find_entries(entry.checks.control.entry)[0], store, api, times).data
    fetched = api.fetch(entry.table, _selected(entry, times))
    place = f"{entry.table} ({entry.name})"
    check(declare(fetched.data, entry, place), entry, place, facts_column, control)
    about = {
        **_identity(entry, times), "updated": fetched.updated, "fetched": now(), "licence": fetched.licence,
        "source": fetched.source or entry.source,
    }  # fmt: skip
    vintage = store.put(about, fetched.answers)
    return _figures(entry, vintage, fetched.data, control)


def _figures(entry: Entry, vintage: Vintage, raw: xr.DataArray, control: xr.DataArray | None) -> Figures:
    """The array of a vintage in the declared form, checked, carrying the name of its vintage."""
    if entry.kind != "pxweb":
        return Figures(entry, vintage, raw)
    data = declare(raw, entry, vintage.reference)
    check(data, entry, vintage.reference, facts_column, control)
    about = {"vintage": vintage.reference, "digest": vintage.digest, "licence": vintage.licence}
    verified = "yes" if entry.verified else "no: the entry was never checked against a real answer"
    return Figures(entry, vintage, data.assign_attrs({**data.attrs, **about, "verified": verified}))


def _control_from(entry: Entry, store: Store, vintage: Vintage) -> xr.DataArray | None:
    """The control of a stored vintage: the one with the same update, where there is one."""
    if entry.checks.control is None:
        return None
    fitting = [v for v in store.vintages(entry.checks.control.entry) if v.updated == vintage.updated]
    times = vintage.query.get("Tid")
    fitting = [v for v in fitting if v.query.get("Tid") == times]
    return load_table(entry.checks.control.entry, store, digest=fitting[-1].digest).data if fitting else None


def _assemble(store: Store, vintage: Vintage) -> xr.DataArray:
    """The bodies of a vintage as one array."""
    place = vintage.reference
    documents = [parse(body, place) for body in store.read(vintage)]
    if "size" not in documents[0]:
        return read_list(documents[0], place)
    parts = [read_jsonstat(document, place) for document in documents]
    codes = {
        str(dim): list(dict.fromkeys(str(code) for part in parts for code in part[dim].values)) for dim in parts[0].dims
    }
    return merge(parts, codes)


def _fetch_list(entry: Entry, store: Store, api: PxWeb, times: Sequence[str] | None) -> Figures:
    """Fetch a code list and keep it."""
    request, body, said = _ask_list(entry, api, times)
    data = read_list(said, entry.name)
    about = {"updated": "", "fetched": now(), "licence": entry.licence, "source": entry.source}
    return Figures(entry, store.put(_identity(entry, times) | about, [(request, body)]), data)


def _ask_list(entry: Entry, api: PxWeb, times: Sequence[str] | None) -> tuple[dict[str, Any], bytes, Mapping[str, Any]]:
    """Ask for a list of Klass, or for a codelist of the PxWebApi with its value map."""
    query = _query(entry, times)
    if entry.kind == "klass":
        params = {key: values[0] for key, values in query.items() if key != "list"}
        return ask_klass(api.transport, entry.table, query["list"][0], params, klass_of(api))
    url, params = f"{api.base}/codelists/{query['list'][0]}", {"lang": api.language}
    body, said = api.transport.ask(url, params, lambda raw: parse(raw, url))
    return {"url": url, "params": params}, body, said


def klass_of(api: PxWeb) -> str:
    """The address of Klass beside a PxWebApi: Statistics Norway's own, else `klass/v1` on the same server."""
    return KLASS if api.base.startswith("https://data.ssb.no/") else api.base.split("/api/")[0] + "/api/klass/v1"


def _identity(entry: Entry, times: Sequence[str] | None) -> dict[str, Any]:
    return {"entry": entry.name, "table": entry.table, "query": _query(entry, times), "verified": entry.verified}


def _query(entry: Entry, times: Sequence[str] | None) -> dict[str, Any]:
    """The query of an entry as the manifest keeps it."""
    if entry.kind != "pxweb":
        return {name: list(times) if times and name == "date" else ask.values for name, ask in entry.query.items()}
    return {
        dim: list(chosen.values) + ([f"codelist {chosen.codelist}"] if chosen.codelist else [])
        for dim, chosen in _selected(entry, times).items()
    }


def _selected(entry: Entry, times: Sequence[str] | None) -> dict[str, Selected]:
    time = [dim for dim, axis in entry.axes.items() if axis.kind == "year"]
    if times and len(time) != 1:
        raise usage_error(f"{entry.name} has no years to choose", code="table")
    return {
        dim: Selected(tuple(times) if times and dim in time else tuple(ask.values), ask.codelist)
        for dim, ask in entry.query.items()
    }


def _statistics_norway() -> PxWeb:
    """The client: Statistics Norway's own address, or the one that `DEMOSIM_API` names."""
    from demosim.sources.http import Transport
    from demosim.sources.pxweb import STATISTICS_NORWAY, PxWeb

    return PxWeb(Transport(), os.environ.get(ADDRESS) or STATISTICS_NORWAY)
