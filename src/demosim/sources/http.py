"""One careful request: time limits, retries that wait as told, a cap on size, proxies, the system's certificates."""

from __future__ import annotations

import email.utils
import json
import re
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from demosim.errors import DemosimError, run_error, usage_error

try:
    import requests
    import truststore
    import urllib3
    from requests.adapters import HTTPAdapter
except ImportError as error:
    raise usage_error(
        f"official data are fetched with libraries that are not installed ({error.name}); install demosim[data]"
    ) from error

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
MEANING = {
    400: "the request is not understood", 401: "needs a login", 403: "refused", 404: "not found",
    429: "too many calls", 500: "the server failed", 503: "the server is closed or being updated",
}  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """How long and how much: seconds to connect, between two pieces and in all; tries; bytes when unpacked."""

    connect: float = 10.0
    read: float = 120.0
    total: float = 900.0
    attempts: int = 5
    backoff: float = 1.0
    longest_wait: float = 180.0
    most_bytes: int = 150_000_000


@dataclass
class Window:
    """At most `calls` calls in any `seconds`: the API's own rule, kept from our side so that it need not refuse."""

    calls: int = 30
    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _made: deque[float] = field(default_factory=deque)

    def wait(self) -> None:
        """Wait for a free place and take it."""
        while True:
            now = self.clock()
            while self._made and now - self._made[0] >= self.seconds:
                self._made.popleft()
            if len(self._made) < self.calls:
                self._made.append(now)
                return
            self.sleep(self.seconds - (now - self._made[0]))

    def learn(self, policy: str) -> None:
        """Take over the rule of an `x-ratelimit-policy` header such as `40;w=60s`."""
        if match := re.match(r"\s*(\d+)\s*;\s*w=(\d+)", policy):
            self.calls, self.seconds = max(1, int(match[1])), float(match[2])


class _Passing(Exception):
    """A failure that may pass; `wait` is what the server asked for, in seconds; `away`: there was no connection."""

    def __init__(self, what: str, wait: float | None = None, away: bool = False) -> None:
        super().__init__(what)
        self.wait, self.away = wait, away


class _SystemCertificates(HTTPAdapter):
    """Trust the operating system's certificates, which hold those of an office's own proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=_trusting())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=_trusting())


def _trusting() -> ssl.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Transport:
    """A session that asks for JSON and gives the bytes as they came with what they say.

    Proxies and their exceptions are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`).
    """

    def __init__(self, limits: Limits | None = None, window: Window | None = None) -> None:
        self.limits, self.window = limits or Limits(), window or Window()
        self.session = requests.Session()
        self.session.mount("https://", _SystemCertificates())
        self.session.max_redirects = 3
        self.session.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "demosim"})

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def address(self, url: str, params: Mapping[str, str]) -> str:
        """The whole address of a request, as it would be sent."""
        return str(requests.Request("GET", url, params=params).prepare().url)

    def ask(
        self, url: str, params: Mapping[str, str], check: Callable[[bytes], Any], body: object = None
    ) -> tuple[bytes, Any]:
        """GET, or POST where there is a `body`; returns the bytes and what `check` makes of them.

        `check` raises a `DemosimError` of code `not-json` for a body that was cut off: the request is made again.
        Raises `DemosimError` (exit code 1) with the address, what was said and what to do.
        """
        address = self.address(url, params)
        for attempt in range(1, self.limits.attempts + 1):
            self.window.wait()
            try:
                raw = self._once(address, body)
                return raw, check(raw)
            except _Passing as failure:
                last: Exception = failure
                wait = self.limits.backoff * 2 ** (attempt - 1) if failure.wait is None else failure.wait
            except DemosimError as failure:
                if failure.problems[0].code != "not-json":
                    raise
                last, wait = failure, self.limits.backoff * 2 ** (attempt - 1)
            if wait > self.limits.longest_wait:
                what = f"{last}; asked to wait {wait:.0f} s; try again later"
                raise run_error(what, code="network", file=url) from last
            if attempt < self.limits.attempts:
                self.window.sleep(wait)
        what = last.problems[0].what if isinstance(last, DemosimError) else str(last)
        code = "away" if isinstance(last, _Passing) and last.away else "network"
        raise run_error(f"{what}; tried {self.limits.attempts} times", code=code, file=url) from last

    def _once(self, address: str, body: object) -> bytes:
        limits = self.limits
        started = self.window.clock()
        place = address.split("?")[0]
        try:
            with self.session.request(
                "GET" if body is None else "POST", address, json=body, stream=True,
                timeout=(limits.connect, limits.read), allow_redirects=body is None,
            ) as response:  # fmt: skip
                self.window.learn(response.headers.get("x-ratelimit-policy", ""))
                read = self._read(response, started, place)
                _judge(response, read, place)
                return read
        except requests.exceptions.SSLError as error:
            what = f"gives no secure connection that the operating system trusts ({_cause(error)})"
            raise run_error(what, code="network", file=place) from error
        except requests.exceptions.ProxyError as error:
            raise _Passing(f"cannot be reached through the proxy ({_cause(error)})", away=True) from error
        except requests.exceptions.TooManyRedirects as error:
            raise run_error("sends the request around in circles", code="network", file=place) from error
        except requests.exceptions.ConnectionError as error:
            what = f"cannot be reached, or stopped answering ({_cause(error)})"
            raise _Passing(what, away=_refused(error)) from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _Passing(f"cannot be reached, or stopped answering ({_cause(error)})") from error

    def _read(self, response: requests.Response, started: float, place: str) -> bytes:
        """The body, unpacked piece by piece as it comes, so that its size and the time it takes are seen."""
        read = bytearray()
        while piece := response.raw.read1(65_536, decode_content=True):
            read += piece
            if len(read) > self.limits.most_bytes:
                what = f"is larger than {self.limits.most_bytes} bytes unpacked"
                raise run_error(what, code="too-large", file=place)
            if self.window.clock() - started > self.limits.total:
                raise _Passing(f"was not finished in {self.limits.total:.0f} s")
        return bytes(read)


def _judge(response: requests.Response, body: bytes, place: str) -> None:
    """Let a good answer pass; anything else is an error in words."""
    status = response.status_code
    if status in PASSING:
        raise _Passing(f"{status}: {_words(status, body)}", _retry_after(response.headers.get("Retry-After")))
    if status != 200:
        raise run_error(f"{status}: {_words(status, body)}", code="refused", file=place)
    kind = response.headers.get("Content-Type", "")
    if "html" in kind:
        what = "answered with a web page where data were expected: perhaps the login page of a network or proxy"
        raise run_error(what, code="refused", file=place)


def _words(status: int, body: bytes) -> str:
    """What a problem document (RFC 7807) says, title and detail; else what the status means."""
    meaning = MEANING.get(status, "not the answer expected")
    try:
        document = json.loads(body[:65_536])
    except (ValueError, RecursionError):
        return meaning
    said = [document.get(key) for key in ("title", "detail")] if isinstance(document, dict) else []
    texts = list(dict.fromkeys(text.strip() for text in said if isinstance(text, str) and text.strip()))
    return f"{meaning} ({'; '.join(texts)[:500]})" if texts else meaning


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from a number or a date."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        then = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


def _refused(error: requests.exceptions.ConnectionError) -> bool:
    """Whether there was no connection at all: no name, no route, nobody listening."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _cause(error: Exception) -> str:
    """The innermost reason in few words."""
    inner: BaseException = error
    while (deeper := inner.__cause__ or inner.__context__ or getattr(inner, "reason", None)) is not None:
        if not isinstance(deeper, BaseException) or deeper is inner:
            break
        inner = deeper
    return f"{type(inner).__name__}: {inner}"[:200]
