"""A headless Chromium, driven by its own protocol: for PDF, and for tests that use the pages as a person does."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demosim.errors import run_error, usage_error
from demosim.outputs.library import needs

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_START_SECONDS, _ANSWER_SECONDS = 60.0, 120.0
_QUIET = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--mute-audio", "--remote-debugging-port=0", "--remote-allow-origins=*",
)  # fmt: skip
# Nothing outside this machine is looked up: pages are whole, and a page that is not shall fail and be seen.
_ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"


def find_browser() -> str | None:
    """Path of a Chromium: `DEMOSIM_BROWSER` or the first of the usual names; None where there is none."""
    named = os.environ.get("DEMOSIM_BROWSER")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """A page in the browser. `events`: what the browser has told, newest last."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its answer; raises a `DemosimError` where the browser refuses it."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv(timeout=_ANSWER_SECONDS))
            if said.get("id") != self._number:
                self.events.append(said)
            elif "error" in said:
                raise run_error(f"the browser refuses {method}: {said['error'].get('message')}")
            else:
                result: dict[str, Any] = said["result"]
                return result

    def open(self, path: Path) -> None:
        """Load a local page and wait until it is there."""
        self.call("Page.enable")
        started = len(self.events)
        answer = self.call("Page.navigate", url=path.resolve().as_uri())
        if "errorText" in answer:
            raise run_error(f"the browser cannot open it: {answer['errorText']}", file=str(path))
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events[started:]):
            if time.monotonic() > deadline:
                raise run_error("the browser does not finish loading", file=str(path))
            self.evaluate("0")
            time.sleep(0.01)

    def evaluate(self, script: str) -> Any:
        """The value of a script (a promise is awaited); raises a `DemosimError` where it throws."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise run_error(f"the page fails: {details.get('exception', {}).get('description', details.get('text'))}")
        return answer["result"].get("value")

    def pdf(self) -> bytes:
        """The page as it prints, on A4 as its own style says."""
        answer = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(answer["data"])


@contextmanager
def browser_tab() -> Iterator[Tab]:
    """A tab of a fresh headless browser without a network; the browser ends with the block.

    Raises a `DemosimError` where there is no Chromium or it does not start.
    """
    program = find_browser()
    if program is None:
        raise usage_error("needs Chromium", allowed="install it (Debian: apt install chromium) or set DEMOSIM_BROWSER")
    client = needs("websockets.sync.client")
    with tempfile.TemporaryDirectory(prefix="demosim-browser-", ignore_cleanup_errors=True) as profile:
        sandbox = [] if os.name == "nt" or os.getuid() else ["--no-sandbox"]  # root cannot use the sandbox
        process = subprocess.Popen(
            [program, *_QUIET, _ALONE, *sandbox, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port = _port(Path(profile), process)
            with client.connect(_target(port), max_size=None, open_timeout=_START_SECONDS) as socket:
                yield Tab(socket)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    """The port that the browser listens on, once it has said so."""
    deadline = time.monotonic() + _START_SECONDS
    told = profile / "DevToolsActivePort"
    while time.monotonic() < deadline:
        if told.exists() and (lines := told.read_text(encoding="utf-8").split()):
            return int(lines[0])
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise run_error("the browser does not start")


def _target(port: int) -> str:
    """Where the first tab listens."""
    from urllib.request import urlopen

    with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=_START_SECONDS) as answer:
        tabs = json.loads(answer.read())
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
