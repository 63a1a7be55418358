"""A part of a service's spending."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A share of a service's spending on the ages from..to, and the reason it is there."""

    lower: int
    upper: int
    share: float
    reason: str
