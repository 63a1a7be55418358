"""A local PxWebApi 2 with Klass beside it, written from the published specification, that can misbehave on request.

It listens on 127.0.0.1, on a free port, in daemon threads, and stops with its `with` block; a stall lasts at most ten
seconds. It reads selections by itself: nothing here is shared with the client that it tests.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlsplit

CONFIG = {
    "apiVersion": "2.0", "languages": [{"id": "no", "label": "norsk"}], "defaultLanguage": "no",
    "maxDataCells": 800_000, "maxCallsPerTimeWindow": 30, "timeWindow": 60,
    "license": "https://creativecommons.org/licenses/by/4.0/", "sourceReferences": [],
    "defaultDataFormat": "json-stat2", "dataFormats": ["json-stat2"], "features": [],
}  # fmt: skip


BOMB = gzip.compress(b"[" + b" " * 50_000_000, 9)


@dataclass
class StubTable:
    """A table: codes by dim, codelists by dim (codes with the table's codes that they sum), figures by a function."""

    codes: dict[str, list[str]]
    value: Callable[[dict[str, str]], float | None]
    codelists: dict[str, dict[str, dict[str, list[str]]]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    time: str = "Tid"
    updated: str = "2026-02-24T07:00:00Z"
    symbol: str = ".."  # of a cell without a figure


class Refusal(Exception):
    """An answer other than 200: status and title."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status, self.title = status, title


class StubApi:
    """The server. `trouble` holds what goes wrong with the next data requests, one after the other."""

    def __init__(self) -> None:
        self.config: dict[str, Any] = dict(CONFIG)
        self.tables: dict[str, StubTable] = {}
        self.klass: dict[str, Any] = {}
        self.bodies: dict[str, bytes] = {}
        self.trouble: list[str] = []
        self.headers: dict[str, str] = {}
        self.calls: list[tuple[str, str, dict[str, str], Any]] = []
        self.lengths: list[int] = []
        self.known_spelling = "codelist"
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"api": self})
        self.server = _Server(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> StubApi:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def base(self) -> str:
        return f"{self.root}/api/pxwebapi/v2"

    def data_calls(self) -> list[tuple[str, str, dict[str, str], Any]]:
        return [call for call in self.calls if call[1].endswith("/data")]

    def answer(self, method: str, path: str, params: dict[str, str], body: Any) -> bytes:
        """The body of a good answer; raises `Refusal` as the API refuses."""
        parts = path.split("/api/", 1)[-1].split("/")
        if parts[0] == "klass":
            return json.dumps(self.klass[parts[-1]]).encode()
        parts = parts[2:]
        if parts == ["config"]:
            return json.dumps(self.config).encode()
        if parts[0].lower() == "codelists":
            found = [
                lists[parts[1]] for t in self.tables.values() for lists in t.codelists.values() if parts[1] in lists
            ]
            if not found:
                raise Refusal(404, "Not Found")
            values = [{"code": code, "label": code, "valueMap": olds} for code, olds in found[0].items()]
            return json.dumps({"id": parts[1], "type": "Aggregation", "values": values}).encode()
        table = self.tables.get(parts[1])
        if table is None:
            raise Refusal(404, "Not Found")
        if parts[2] == "metadata":
            return json.dumps(self.metadata(table)).encode()
        if parts[1] in self.bodies:
            return self.bodies[parts[1]]
        return json.dumps(self.data(table, self.selection(params, body))).encode()

    def metadata(self, table: StubTable) -> dict[str, Any]:
        """What `/metadata` says: a JSON-stat data set without values."""
        said = _dataset(table, table.codes, [])
        del said["value"]
        for dim, described in said["dimension"].items():
            described["extension"]["elimination"] = dim in table.optional
            if dim in table.codelists:
                lists = [{"id": name, "type": "Aggregation"} for name in table.codelists[dim]]
                described["extension"][f"{self.known_spelling}s"] = lists
        return said

    def selection(self, params: dict[str, str], body: Any) -> dict[str, tuple[list[str], str | None]]:
        """Expressions and codelist by dim, from the address or from a posted body."""
        if body is not None:
            return {s["variableCode"]: (s["valueCodes"], s.get(self.known_spelling)) for s in body["selection"]}
        chosen = {}
        for key, text in params.items():
            if match := re.fullmatch(r"valueCodes\[(.+)\]", key):
                found = re.findall(r"\[([^\]]*)\]|([^,]+)", text)
                codelist = params.get(f"{self.known_spelling}[{match[1]}]")
                chosen[match[1]] = ([inner or plain for inner, plain in found], codelist)
        return chosen

    def data(self, table: StubTable, selection: dict[str, tuple[list[str], str | None]]) -> dict[str, Any]:
        """The figures of a selection, aggregated where a codelist says so."""
        chosen: dict[str, list[str]] = {}
        sums: dict[str, dict[str, list[str]]] = {}
        for dim, (expressions, codelist) in selection.items():
            if dim not in table.codes:
                raise Refusal(400, "Non-existent variable")
            if codelist and codelist not in table.codelists.get(dim, {}):
                raise Refusal(400, "Non-existent codelist")
            known = list(table.codelists[dim][codelist]) if codelist else table.codes[dim]
            sums[dim] = table.codelists[dim][codelist] if codelist else {code: [code] for code in known}
            if len(set(expressions)) < len(expressions):
                raise Refusal(500, "")
            found = [code for expression in expressions for code in _chosen(expression, known, dim == table.time)]
            chosen[dim] = [code for code in known if code in found]
        for dim in table.codes:
            if dim not in chosen and dim not in table.optional:
                raise Refusal(400, "Missing selection for mandantory variable")
        if math.prod(len(codes) for codes in chosen.values()) > self.config["maxDataCells"]:
            raise Refusal(403, "Too many cells selected")
        left_out = {dim: {"": table.codes[dim]} for dim in table.codes if dim not in chosen}
        values = []
        for cell in product(*(chosen[dim] for dim in table.codes if dim in chosen)):
            named = dict(zip((dim for dim in table.codes if dim in chosen), cell, strict=True))
            olds = {**{dim: sums[dim][code] for dim, code in named.items()}, **{d: s[""] for d, s in left_out.items()}}
            parts = [table.value(dict(zip(olds, old, strict=True))) for old in product(*olds.values())]
            values.append(None if None in parts else sum(parts))  # type: ignore[arg-type]  # None was asked for before
        return _dataset(table, {dim: chosen[dim] for dim in table.codes if dim in chosen}, values)


def _dataset(table: StubTable, codes: dict[str, list[str]], values: list[float | None]) -> dict[str, Any]:
    dimension = {
        dim: {
            "label": dim.lower(),
            "category": {
                "index": {code: i for i, code in enumerate(chosen)},
                "label": {code: f"«{code}»" for code in chosen},
            },
            "extension": {"elimination": False},
        }
        for dim, chosen in codes.items()
    }
    said = {
        "version": "2.0", "class": "dataset", "label": "a table", "source": "Statistics Stubland",
        "updated": table.updated, "note": ["made up"], "role": {"time": [table.time]}, "id": list(codes),
        "size": [len(chosen) for chosen in codes.values()], "dimension": dimension, "value": values,
    }  # fmt: skip
    missing = {str(i): table.symbol for i, value in enumerate(values) if value is None}
    return {**said, "status": missing} if missing else said


def _chosen(expression: str, codes: list[str], time: bool) -> list[str]:
    """Selection expressions, read by a second hand."""
    if match := re.fullmatch(r"(?i)(top|bottom)\((\d+)(?:,(\d+))?\)", expression):
        ordered = codes[::-1] if (match[1].lower() == "top") == time else codes
        skip = int(match[3] or 0)
        return ordered[skip : skip + int(match[2])]
    if match := re.fullmatch(r"(?i)from\((.+)\)", expression):
        return codes[codes.index(match[1]) :]
    if match := re.fullmatch(r"(?i)to\((.+)\)", expression):
        return codes[: codes.index(match[1]) + 1]
    if match := re.fullmatch(r"(?i)range\((.+),(.+)\)", expression):
        return codes[codes.index(match[1]) : codes.index(match[2]) + 1]
    if "(" in expression or ")" in expression:
        raise Refusal(400, "Illegal selection expression")
    found = [code for code in codes if fnmatch(code.lower(), expression.lower())]
    if not found:
        raise Refusal(400, "Non-existent value")
    return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left before the end is not the server's trouble."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: StubApi

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _serve(self, body: Any) -> None:
        api, address = self.api, urlsplit(self.path)
        params = dict(parse_qsl(address.query, keep_blank_values=True))
        api.calls.append((self.command, address.path, params, body))
        trouble = api.trouble.pop(0) if api.trouble and address.path.endswith(("/data", ".json")) else ""
        try:
            api.lengths.append(len(f"{api.root}{self.path}"))
            if api.lengths[-1] > 2100:
                raise Refusal(404, "Not Found")
            good = api.answer(self.command, address.path, params, body)
        except Refusal as refusal:
            return self._problem(refusal.status, refusal.title)
        return self._misbehave(trouble, good)

    def _misbehave(self, trouble: str, good: bytes) -> None:
        """Send the answer, or what the trouble makes of it."""
        if trouble.isdecimal():
            return self._problem(int(trouble), "Made to fail")
        name, _, argument = trouble.partition(" ")
        match name:
            case "":
                return self._send(200, good)
            case "stall":
                self.api.released.wait(10)
                return self._send(200, good)
            case "cut":
                return self._send(200, good[: len(good) // 2], length=len(good))
            case "truncated":
                return self._send(200, good[: len(good) // 2], length=None)
            case "wait":
                return self._problem(429, "Too Many Requests", {"Retry-After": argument})
            case "html":
                return self._send(200, b"<html>Log in</html>", kind="text/html")
            case "drip":
                return self._drip(good)
            case "gzip":
                return self._send(200, gzip.compress(good), extra={"Content-Encoding": "gzip"})
            case "bomb":
                return self._send(200, BOMB, extra={"Content-Encoding": "gzip"})
            case "chunked":
                return self._chunks(good, whole=True)
            case "cut-chunks":
                return self._chunks(good, whole=False)
            case "broken-gzip":
                return self._send(200, gzip.compress(good)[:-20], extra={"Content-Encoding": "gzip"})
            case "circle":
                return self._send(302, b"", extra={"Location": self.path})
            case "edit":
                return self._send(200, json.dumps(_edited(json.loads(good), argument)).encode())
        raise AssertionError(trouble)

    def _problem(self, status: int, title: str, extra: dict[str, str] | None = None) -> None:
        body = json.dumps({"type": "Parameter error", "title": title, "status": status}).encode() if title else b""
        self._send(status, body, kind="application/problem+json", extra=extra)

    def _send(self, status: int, body: bytes, kind: str = "application/json", length: int | None = -1,
              extra: dict[str, str] | None = None) -> None:  # fmt: skip
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        for key, value in {**self.api.headers, **(extra or {})}.items():
            self.send_header(key, value)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length == -1 else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _chunks(self, body: bytes, whole: bool) -> None:
        """In pieces of unknown number; where it is not whole, the last ones never come."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for start in range(0, len(body) if whole else len(body) // 2, 500):
            piece = body[start : start + 500]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n" if whole else b"")
        self.close_connection = True

    def _drip(self, body: bytes) -> None:
        """One byte at a time: never silent, never done."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body[:100]:
            self.wfile.write(bytes([byte]))
            if self.api.released.wait(0.01):
                return


def _edited(document: dict[str, Any], how: str) -> dict[str, Any]:
    """A good answer made wrong in one way."""
    match how:
        case "types":
            document["value"][0] = "many"
        case "true":
            document["value"][0] = True
        case "short":
            document["value"].pop()
        case "null":
            document["value"][0] = None
        case "negative":
            document["value"][0] = -3
        case "one-more":
            document["value"][0] += 1
        case "other-code":
            dim = document["dimension"][document["id"][0]]["category"]
            first = next(iter(dim["index"]))
            dim["index"] = {("K-9999" if code == first else code): i for code, i in dim["index"].items()}
        case "updated":
            document["updated"] = "2026-02-25T07:00:00Z"
        case "list":
            return [document]  # type: ignore[return-value]  # wrong on purpose
    return document
