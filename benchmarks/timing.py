"""Fair timing on a machine that others use too: contenders take turns, and minima and medians are kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Timed:
    """Seconds of one contender."""

    best: float
    median: float


def take_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timed]:
    """Time all contenders once per round, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, run in contenders.items():
            begin = time.perf_counter()
            run()
            if turn:
                seconds[name].append(time.perf_counter() - begin)
    return {name: Timed(min(times), float(np.median(times))) for name, times in seconds.items()}


def once(run: Callable[[], object]) -> float:
    """Seconds of a single run, for what takes long."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin
