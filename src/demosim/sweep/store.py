"""What of a sweep is done, on disk: one file for each chunk and output, and a manifest with checksums.

A chunk counts as done once the manifest says so, and the manifest is replaced whole; so a sweep may be stopped at any
moment and loses the running chunks at most.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from demosim.errors import DemosimError, usage_error
from demosim.files import replacing, write_text

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass
class Store:
    """Chunks of a sweep in a folder. `done`: by number of the chunk, the sha256 of each of its outputs."""

    folder: Path
    digest: str
    scenarios: int
    chunk: int
    done: dict[int, dict[str, str]] = field(default_factory=dict)

    @property
    def chunks(self) -> range:
        """Numbers of all chunks."""
        return range(-(-self.scenarios // self.chunk))

    def rows(self, number: int) -> slice:
        """Scenarios of a chunk."""
        return slice(number * self.chunk, min((number + 1) * self.chunk, self.scenarios))

    def missing(self) -> list[int]:
        """Chunks that are still to run."""
        return [number for number in self.chunks if number not in self.done]

    def path(self, number: int, output: str) -> Path:
        """File of one output of a chunk."""
        return self.folder / f"{output}-{number:06d}.npy"

    def save(self, number: int, outputs: Mapping[str, np.ndarray]) -> None:
        """Keep a finished chunk. Raises a `DemosimError` (1) where the disk is full; what was kept before stays."""
        checksums = {}
        try:
            for name, values in outputs.items():
                with replacing(self.path(number, name)) as temporary:
                    with temporary.open("wb") as file:
                        np.save(file, values, allow_pickle=False)
                    checksums[name] = _sha256(temporary)
            self.done[number] = checksums
            self._write()
        except DemosimError as error:
            self.done.pop(number, None)
            raise self.stopped(error) from error

    def stopped(self, error: DemosimError) -> DemosimError:
        """The same error with a word on how to go on."""
        kept = f"{len(self.done)} of {len(self.chunks)} chunks are kept in {self.folder}"
        return DemosimError(error.problems, error.exit_code, [f"{kept}; make room and go on with --resume"])

    def load(self, number: int, output: str) -> np.ndarray:
        """One output of a finished chunk."""
        values: np.ndarray = np.load(self.path(number, output), allow_pickle=False)
        return values

    def remove(self) -> None:
        """Throw the chunks away."""
        shutil.rmtree(self.folder)

    def _write(self) -> None:
        about: dict[str, Any] = {
            "format": FORMAT, "digest": self.digest, "scenarios": self.scenarios, "chunk": self.chunk,
            "done": {str(number): sums for number, sums in sorted(self.done.items())},
        }  # fmt: skip
        write_text(self.folder / MANIFEST, json.dumps(about, indent=1) + "\n")


def open_store(folder: Path, digest: str, scenarios: int, chunk: int, resume: bool) -> Store:
    """A new store, or the one that an interrupted sweep left, its checksums verified; damaged chunks run again.

    Raises a `DemosimError` (2) where there are chunks and `resume` was not asked for, or where they are of other
    inputs.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        if folder.exists() and any(folder.iterdir()) and not resume:
            raise usage_error("is not empty and holds no sweep", file=str(folder), allowed="remove it")
        store = Store(folder, digest, scenarios, chunk)
        store._write()
        return store
    if not resume:
        raise usage_error("holds an unfinished sweep", file=str(folder), allowed="go on with --resume, or remove it")
    about = _read(manifest)
    if about.get("format") != FORMAT or about.get("digest") != digest or about.get("scenarios") != scenarios:
        raise usage_error(
            "was made from other inputs: another scenario, data set, choice of outputs or version", file=str(manifest),
            allowed="the same request as before, or remove the folder to start anew",
        )  # fmt: skip
    try:
        store = Store(folder, digest, scenarios, max(int(about["chunk"]), 1))
        for number, checksums in about["done"].items():
            place = store.chunks[int(number)]
            named = all(name.isidentifier() for name in checksums)
            if named and all(_sha256(store.path(place, name)) == checksum for name, checksum in checksums.items()):
                store.done[place] = checksums
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _damaged(manifest) from error
    return store


def _read(manifest: Path) -> dict[str, Any]:
    try:
        about = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(manifest) from error
    return about if isinstance(about, dict) else {}


def _damaged(manifest: Path) -> DemosimError:
    return usage_error("is damaged", file=str(manifest), allowed="remove the folder to start anew")


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
