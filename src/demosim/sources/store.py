"""The store of dated vintages: each answer as it came, under the digest of its bytes, and a manifest that names it.

Nothing is ever changed in place and nothing is locked. A body is a file named after its sha256; a vintage is a
manifest named after the sha256 of its query and bodies. Both are written beside, synced and moved into place, the
manifest last. Two processes that fetch the same thing write the same names with the same content; an interrupted one
leaves at most a file that no manifest names, which `prune` removes once it is old.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from demosim.errors import Problem, run_error, usage_error
from demosim.files import replacing

GRACE = 3600.0  # seconds that a file without a manifest is left alone: another process may be about to name it
FORMAT = 1


@dataclass(frozen=True)
class Vintage:
    """One fetch of one entry: what was asked, what came, when, from whom, under which licence."""

    digest: str
    entry: str
    table: str
    query: dict[str, Any]
    answers: list[dict[str, Any]]
    updated: str
    fetched: str
    licence: str
    source: str
    size: int
    verified: bool

    @property
    def reference(self) -> str:
        """How a result names the vintage: table, time of the update, first half of the digest."""
        return f"{self.table} updated {self.updated or 'unknown'} sha256:{self.digest[:32]}"


class Store:
    """A folder of vintages. `Store()` is the user's own; any other folder can be given."""

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = default_folder() if folder is None else Path(folder)
        self.bodies, self.manifests = self.folder / "bodies", self.folder / "vintages"

    def put(self, about: Mapping[str, Any], answers: Sequence[tuple[Mapping[str, Any], bytes]]) -> Vintage:
        """Keep the answers of a query and return their vintage; the same query and bodies give the same one.

        `about`: entry, table, query, updated, fetched, licence, source, verified.
        """
        kept: list[dict[str, Any]] = [
            {"request": dict(request), "sha256": digest(body), "size": len(body)} for request, body in answers
        ]
        named = [(answer["sha256"], body) for answer, (_, body) in zip(kept, answers, strict=True)]
        size = sum(len(body) for _, body in named)
        vintage = Vintage(digest=_digest_of(about, kept), answers=kept, size=size, **about)
        manifest = self.manifests / f"{vintage.digest}.json"
        try:
            for name, body in named:
                self._keep(self._body(name), body)
            if not manifest.exists():
                text = json.dumps({"format": FORMAT, **asdict(vintage)}, ensure_ascii=False, indent=1, sort_keys=True)
                _write(manifest, text.encode())
            for name, body in named:  # had another process pruned a body between the two, it is put back here
                self._keep(self._body(name), body)
        except OSError as error:
            raise run_error(f"cannot be written ({error})", file=str(self.folder)) from error
        return self.get(vintage.digest)

    def vintages(self, entry: str | None = None) -> list[Vintage]:
        """All vintages, or those of an entry or table, oldest first."""
        found = [self._read(path) for path in self._manifest_files()]
        wanted = [v for v in found if isinstance(v, Vintage) and entry in (None, v.entry, v.table)]
        return sorted(wanted, key=lambda v: (v.entry, v.updated, v.fetched, v.digest))

    def get(self, start: str) -> Vintage:
        """The vintage whose digest begins so."""
        found = [path for path in self._manifest_files() if path.stem.startswith(start)] if start else []
        if len(found) != 1:
            what = f'{"several vintages begin" if found else "no vintage begins"} with "{start}"'
            raise usage_error(what, file=str(self.folder), allowed="a digest, as `demosim data list` shows it")
        vintage = self._read(found[0])
        if isinstance(vintage, Problem):
            raise run_error(vintage.what, file=vintage.file)
        return vintage

    def read(self, vintage: Vintage) -> list[bytes]:
        """The bodies of a vintage, checked against their digests."""
        read = []
        for answer in vintage.answers:
            path = self._body(answer["sha256"])
            try:
                body = path.read_bytes()
            except OSError as error:
                raise run_error(f"cannot be read ({error}); fetch the table again", file=str(path)) from error
            if digest(body) != answer["sha256"]:
                raise run_error("is damaged; delete it and fetch the table again", code="damaged", file=str(path))
            read.append(body)
        return read

    def verify(self) -> list[Problem]:
        """All that is wrong in the store: a manifest or body that is damaged or missing."""
        problems = []
        for path in self._manifest_files():
            vintage = self._read(path)
            if isinstance(vintage, Problem):
                problems.append(vintage)
                continue
            for answer in vintage.answers:
                body = self._body(answer["sha256"])
                if not body.is_file():
                    problems.append(Problem(f"missing, needed by {vintage.reference}", "damaged", str(body)))
                elif digest(body.read_bytes()) != answer["sha256"]:
                    problems.append(Problem(f"damaged, needed by {vintage.reference}", "damaged", str(body)))
        return problems

    def prune(self, keep: int = 1, dry_run: bool = False, protect: Sequence[str] = ()) -> list[Path]:
        """Remove all but the newest `keep` vintages of each entry and query, and files that no manifest names.

        `protect`: digests (or their beginnings) that stay. Returns what was removed, or would be.
        """
        if keep < 1:
            raise usage_error(f"would keep {keep} vintages", allowed="1 or more")
        groups: dict[str, list[Vintage]] = {}
        for vintage in self.vintages():
            groups.setdefault(f"{vintage.entry} {_canonical(vintage.query)}", []).append(vintage)
        old = [vintage for group in groups.values() for vintage in group[:-keep]]
        old = [vintage for vintage in old if not any(part and vintage.digest.startswith(part) for part in protect)]
        gone = [self.manifests / f"{vintage.digest}.json" for vintage in old]
        goes = {vintage.digest for vintage in old}
        needed = {answer["sha256"] for v in self.vintages() if v.digest not in goes for answer in v.answers}
        dropped = {answer["sha256"] for vintage in old for answer in vintage.answers} - needed
        for path in self._files():
            stale = time.time() - path.stat().st_mtime > GRACE
            if path.stem in dropped or (stale and path.stem not in needed):
                gone.append(path)
        for path in () if dry_run else gone:
            path.unlink(missing_ok=True)
        return gone

    def _body(self, name: str) -> Path:
        return self.bodies / name[:2] / f"{name}.json"

    def _keep(self, path: Path, body: bytes) -> None:
        """Write a body unless it is there whole; one that is there is marked as just used."""
        if path.is_file() and path.stat().st_size == len(body) and digest(path.read_bytes()) == path.stem:
            os.utime(path)
        else:
            _write(path, body)

    def _manifest_files(self) -> list[Path]:
        return sorted(self.manifests.glob("*.json"))

    def _files(self) -> list[Path]:
        """Every file of the bodies, and what an interrupted write left among the manifests."""
        return [path for path in (*self.bodies.rglob("*"), *self.manifests.glob(".*.part")) if path.is_file()]

    def _read(self, path: Path) -> Vintage | Problem:
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if said.pop("format") != FORMAT:
                return Problem("was written by another version of demosim", "damaged", str(path))
            vintage = Vintage(**said)
            about = {"table": vintage.table, "query": vintage.query, "entry": vintage.entry}
            if not vintage.digest == path.stem == _digest_of(about, vintage.answers):
                return Problem("damaged manifest: it does not fit its own digest; fetch again", "damaged", str(path))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            return Problem(f"damaged manifest ({error}); delete it and fetch again", "damaged", str(path))
        return vintage


def default_folder() -> Path:
    """Where the user's own store is: `DEMOSIM_STORE`, else the folder for applications of the operating system."""
    import click

    return Path(os.environ.get("DEMOSIM_STORE") or Path(click.get_app_dir("demosim")) / "store")


def now() -> str:
    """The time of a fetch, in UTC to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def digest(body: bytes) -> str:
    """The sha256 of bytes, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def _digest_of(about: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> str:
    """The digest of a vintage: of its entry, table, query, and the digests of its bodies with their requests."""
    content = [about["entry"], about["table"], about["query"], [[a["request"], a["sha256"]] for a in answers]]
    return digest(_canonical(content).encode())


def _canonical(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)
