"""What a built data set was made from: the vintages with the digest of each answer, and what was carried over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from demosim.sources.store import Vintage

Table = dict[str, str | list[str]]


@dataclass
class Provenance:
    """Tables for a `source.toml`: `vintages` by entry or file, `carried` by subject, each with what it is used for."""

    vintages: dict[str, Table] = field(default_factory=dict)
    carried: dict[str, Table] = field(default_factory=dict)

    def use(self, origins: Mapping[str, Mapping[str, str | list[str]]], names: Iterable[str], what: str) -> None:
        """Note that figures of these names went into something."""
        for name in names:
            if name in origins:
                entry = self.vintages.setdefault(name, dict(origins[name]))
                told = str(entry.get("used_for", ""))
                entry["used_for"] = f"{told}; {what}" if told else what

    def carry(self, subject: str, why: str) -> None:
        """Note that something was taken from the figures that demosim carries."""
        self.carried[subject] = {"origin": "carried by demosim (data/facts)", "derivation": why}

    def tables(self) -> dict[str, dict[str, Table]]:
        """Both groups, for `write_data_set`."""
        return {"vintages": self.vintages, "carried": self.carried}

    def lines(self) -> list[str]:
        """In words, one line each, for whoever built the data set."""
        used = [
            f"from {name}: table {entry.get('table')}, updated {entry.get('date')}: {entry['used_for']}"
            for name, entry in self.vintages.items()
        ]
        return used + [f"carried over: {name}: {entry['derivation']}" for name, entry in self.carried.items()]


def vintage_table(vintage: Vintage, derivation: str) -> Table:
    """A vintage as a table of `source.toml`, with the digest of every answer as it came."""
    checked = "published" if vintage.verified else "published; the entry was never checked against a real answer"
    return {
        "origin": vintage.source, "table": vintage.table, "licence": vintage.licence,
        "date": vintage.updated or vintage.fetched, "fetched": vintage.fetched, "confidence": checked,
        "derivation": derivation, "sha256": vintage.digest,
        "answers": [str(answer["sha256"]) for answer in vintage.answers],
    }  # fmt: skip
