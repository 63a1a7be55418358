"""Client of Statistics Norway's PxWebApi 2, and of any other statistical office that runs it.

Source: the OpenAPI description of PxWebApi 2 (PxTools/PxApiSpecs) and the user guides of Statistics Norway and PxTools.
What the API does beyond its description, and what is done about it: an address above some 2 100 characters is
answered 404 (POST from 1 900); the same code twice is answered 500 (each code is sent once); a parameter it does not
know is passed over in silence (the codes that come back are compared with those asked for); `/config` may give 0
calls per window, which means that the response headers tell (30 a minute until they do).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from demosim.errors import ProblemGroup, did_you_mean, run_error
from demosim.sources.http import Transport, Window
from demosim.sources.jsonstat import categories, merge, parse, read_jsonstat, wrong_form
from demosim.sources.selection import Query, Selected, cells, expand, split

STATISTICS_NORWAY = "https://data.ssb.no/api/pxwebapi/v2"
LONGEST_ADDRESS = 1900
SPELLINGS = ("codelist", "codeList")
ALWAYS = ("ContentsCode",)


@dataclass(frozen=True)
class Config:
    """What the API allows and says of itself."""

    most_cells: int
    calls: int
    seconds: float
    licence: str


@dataclass(frozen=True)
class Metadata:
    """A table: its codes by dimension, the time dimension, which dims may be left out, codelists offered by dim."""

    label: str
    updated: str
    codes: dict[str, list[str]]
    time: str
    optional: frozenset[str]
    codelists: dict[str, list[str]]
    spelling: str


Answer = tuple[dict[str, Any], bytes]  # a request, and the body that it brought, as it came


@dataclass(frozen=True)
class Fetched:
    """What a query brought: the array, the bodies as they came, and what goes into the manifest."""

    data: xr.DataArray
    answers: list[Answer]
    updated: str
    licence: str
    source: str


@dataclass
class PxWeb:
    """A PxWebApi 2 at an address, in a language.

    `most_cells` and the calls per window come from `/config`, asked once.
    """

    transport: Transport
    base: str = STATISTICS_NORWAY
    language: str = "no"
    _config: Config | None = field(default=None, init=False)

    def config(self) -> Config:
        """Limits and licence; the window of calls is kept from here on."""
        if self._config is None:
            said = self._get("config")
            found = {key: said.get(key) for key in ("maxDataCells", "maxCallsPerTimeWindow", "timeWindow")}
            if not all(type(value) is int and value >= 0 for value in found.values()) or not found["maxDataCells"]:
                raise wrong_form(f"{self.base}/config", f"does not give its limits ({found})")
            default = Window()
            calls = found["maxCallsPerTimeWindow"] or default.calls
            seconds = float(found["timeWindow"] or default.seconds)
            self._config = Config(found["maxDataCells"], calls, seconds, str(said.get("license") or "not stated"))
            self.transport.window.calls, self.transport.window.seconds = calls, seconds
        return self._config

    def metadata(self, table: str) -> Metadata:
        """Dimensions, codes and codelists of a table."""
        place = f"{self.base}/tables/{table}/metadata"
        said = self._get(f"tables/{table}/metadata")
        codes, optional, offered, spelling = {}, set(), {}, SPELLINGS[0]
        for dim in said.get("id") or []:
            codes[dim] = categories(said, dim, place)[0]
            extension = said["dimension"][dim].get("extension") or {}
            if extension.get("elimination"):
                optional.add(dim)
            for key in SPELLINGS:
                if f"{key}s" in extension:
                    spelling = key
                    offered[dim] = [str(item.get("id")) for item in extension[f"{key}s"]]
        times = (said.get("role") or {}).get("time") or [dim for dim in codes if dim == "Tid"]
        if not codes or len(times) != 1 or times[0] not in codes:
            raise wrong_form(place, "does not describe a table with a time dimension")
        label, updated = str(said.get("label") or ""), str(said.get("updated") or "")
        return Metadata(label, updated, codes, times[0], frozenset(optional), offered, spelling)

    def codelist(self, name: str) -> dict[str, list[str]]:
        """A codelist: its codes in order, each with the table's own codes that it stands for (the value map)."""
        place = f"{self.base}/codelists/{name}"
        values = self._get(f"codelists/{name}").get("values")
        if not isinstance(values, list) or not all(isinstance(v, dict) and "code" in v for v in values) or not values:
            raise wrong_form(place, "does not list its values")
        return {str(value["code"]): [str(code) for code in value.get("valueMap") or []] for value in values}

    def resolve(self, table: str, query: Query, metadata: Metadata) -> dict[str, list[str]]:
        """The codes that a query stands for, by dimension; raises with all that is wrong with the query."""
        problems = ProblemGroup(f"{self.base}/tables/{table}")
        for dim, selected in query.items():
            if dim not in metadata.codes:
                meant = did_you_mean(dim, metadata.codes)
                problems.add(f'has no dimension "{dim}"', allowed=", ".join(metadata.codes), suggestion=meant)
            elif selected.codelist and selected.codelist not in metadata.codelists.get(dim, []):
                offered = metadata.codelists.get(dim, [])
                allowed, meant = ", ".join(offered) or "none", did_you_mean(selected.codelist, offered)
                what = f'offers no codelist "{selected.codelist}"'
                problems.add(what, path=dim, code="codelist", allowed=allowed, suggestion=meant)
        for dim in metadata.codes:
            needed = dim not in metadata.optional or dim in (*ALWAYS, metadata.time)
            if needed and dim not in query:
                problems.add("is not in the query and cannot be left out", path=dim)
        problems.raise_if_any(1)
        chosen = {}
        for dim in (dim for dim in metadata.codes if dim in query):
            name = query[dim].codelist
            known = list(self.codelist(name)) if name else metadata.codes[dim]
            chosen[dim] = expand(query[dim].values, known, dim == metadata.time, f"{table}.{dim}")
        return chosen

    def fetch(self, table: str, query: Query) -> Fetched:
        """The cells of a query: counted, split if they are too many, put together again and compared with the query.

        Raises `DemosimError` where the table or the answer is not what was asked for; nothing is stored here.
        """
        config, metadata = self.config(), self.metadata(table)
        codes = self.resolve(table, query, metadata)
        whole = cells(codes) <= config.most_cells
        answers, parts = [], []
        for part in split(codes, metadata.time, config.most_cells):
            asked = {
                dim: Selected(query[dim].values if whole else tuple(chosen), query[dim].codelist)
                for dim, chosen in part.items()
            }
            answer, data = self._part(table, asked, part, metadata)
            answers.append(answer)
            parts.append(data)
        if len({data.attrs["updated"] for data in parts}) > 1:
            place = f"{self.base}/tables/{table}"
            raise run_error("was updated while it was fetched; fetch again", code="moved", file=place)
        data = merge(parts, codes)
        return Fetched(data, answers, data.attrs["updated"] or metadata.updated, config.licence, data.attrs["source"])

    def _part(
        self, table: str, asked: Query, codes: Mapping[str, Sequence[str]], metadata: Metadata
    ) -> tuple[Answer, xr.DataArray]:
        """One data request; where its codelist was passed over in silence, once more with the other spelling."""
        url, wrong = f"{self.base}/tables/{table}/data", ""
        spellings = sorted(SPELLINGS, key=lambda spelling: spelling != metadata.spelling)
        for spelling in spellings if any(selected.codelist for selected in asked.values()) else spellings[:1]:
            request = self._request(table, asked, spelling)
            body, said = self.transport.ask(url, request["params"], lambda raw: parse(raw, url), request.get("body"))
            data = read_jsonstat(said, url)
            if not (difference := _difference(data, codes)):
                return ({"url": url, **request}, body), data
            wrong = wrong or difference
        raise run_error(f"answers with other codes than asked for: {wrong}", code="other-codes", file=url)

    def _request(self, table: str, asked: Query, spelling: str) -> dict[str, Any]:
        """The request as GET, or as POST where the address would be too long or a code would break it."""
        params = {"lang": self.language, "outputFormat": "json-stat2"}
        long = dict(params)
        for dim, selected in asked.items():
            long[f"valueCodes[{dim}]"] = ",".join(f"[{v}]" if "," in v else v for v in selected.values)
            if selected.codelist:
                long[f"{spelling}[{dim}]"] = selected.codelist
        if len(self.transport.address(f"{self.base}/tables/{table}/data", long)) <= LONGEST_ADDRESS:
            return {"params": long}
        chosen = []
        for dim, selected in asked.items():
            item: dict[str, Any] = {"variableCode": dim, "valueCodes": list(selected.values)}
            chosen.append(item | ({spelling: selected.codelist} if selected.codelist else {}))
        return {"params": params, "body": {"selection": chosen}}

    def _get(self, path: str) -> dict[str, Any]:
        url = f"{self.base}/{path}"
        said: dict[str, Any] = self.transport.ask(url, {"lang": self.language}, lambda raw: parse(raw, url))[1]
        return said


def _difference(data: xr.DataArray, codes: Mapping[str, Sequence[str]]) -> str:
    """What is missing or too much in an answer, in words; empty where it has exactly the codes asked for."""
    told = []
    for dim, wanted in codes.items():
        came = {str(code) for code in data[dim].values} if dim in data.dims else set()
        missing, extra = sorted(set(wanted) - came), sorted(came - set(wanted))
        for name, found in (("without", missing), ("with", extra)):
            if found:
                told.append(f"{dim} {name} {', '.join(found[:5])}{', ...' if len(found) > 5 else ''}")
    told += [f"a dimension {dim} too much" for dim in data.dims if dim not in codes and data.sizes[dim] > 1]
    return "; ".join(told)
