"""A client of the stub, a clock that never waits, and a small country to fetch."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from demosim.sources.http import Limits, Transport, Window
from demosim.sources.pxweb import PxWeb
from stub_api import StubApi, StubTable


@dataclass
class FakeClock:
    """A clock that only sleeping moves, so that no test waits."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def client(stub: StubApi, clock: FakeClock | None = None, **limits: float) -> PxWeb:
    """A client of the stub with short limits and a clock of its own."""
    clock = clock or FakeClock()
    kept = {"connect": 2.0, "read": 2.0, "attempts": 3, "backoff": 0.5, **limits}
    transport = Transport(Limits(**kept), Window(clock=clock.time, sleep=clock.sleep))  # type: ignore[arg-type]  # limits by name
    return PxWeb(transport, stub.base)


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubApi]:
    """A running stub; meanwhile nothing else than loopback can be reached, and no proxy is asked."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "REQUESTS_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address: Any) -> None:
        assert isinstance(address, tuple), address
        assert address[0] == "127.0.0.1", f"a test tried to reach {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_loopback)
    with StubApi() as stub:
        yield stub


def small_country() -> dict[str, StubTable]:
    """Table 07459 for a country with three municipalities of today, one of them once two, ages 0, 1 and 2+."""
    codes = {
        "Region": ["0", "0101", "0102", "0201", "0301"], "Kjonn": ["1", "2"], "Alder": ["000", "001", "002+"],
        "ContentsCode": ["Personer1"], "Tid": [str(year) for year in range(2020, 2027)],
    }  # fmt: skip
    towns = codes["Region"][1:]

    def persons(cell: dict[str, str]) -> float:
        if cell["Region"] == "0":
            return sum(persons({**cell, "Region": town}) for town in towns)
        year, age = int(cell["Tid"]), int(cell["Alder"].rstrip("+"))
        return float(int(cell["Region"]) + 10 * age + int(cell["Kjonn"]) + year - 2020)

    sums = {"K-0110": ["0101", "0102"], "K-0201": ["0201"], "K-0301": ["0301"]}
    codelists = {
        "Region": {"agg_KommSummer": sums, "vs_Kommun": {town: [town] for town in towns}},
        "Alder": {"vs_AlleAldre00B": {age: [age] for age in codes["Alder"]}},
    }  # fmt: skip
    return {"07459": StubTable(codes, persons, codelists, ("Region", "Kjonn", "Alder"))}
