"""Scenarios in chunks over threads: the kernels release the interpreter lock, so plain threads do.

Every scenario is computed by itself, so results do not depend on the number of threads or on the chunks, bit for bit.
(The parallel loops of the compiler would abort when two threads of a program enter them.)
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TypeVar

import numpy as np

from demosim.kernels.layout import COUNTERS, Inputs, Outputs, Work, empty, work_space
from demosim.kernels.project import project

Result = TypeVar("Result")
Free = SimpleQueue[tuple[Outputs, Work]]
CHUNK = 16


def empty_outputs(inputs: Inputs, scenarios: int, regions: int, keep: tuple[str, ...] = ()) -> Outputs:
    """Arrays for the results of so many scenarios. `keep` names what is kept beside need: population, survivors,
    births."""
    years, rows = inputs.survival.shape[1:]
    size, dtype = inputs.population.shape[2], inputs.population.dtype

    def kept(name: str, *shape: int) -> np.ndarray:
        return empty((scenarios if name in keep else 0, *shape), dtype)

    return Outputs(
        need=np.empty((scenarios, years + 1, inputs.service_start.size - 1, regions)),
        population=kept("population", years + 1, rows, size),
        survivors=kept("survivors", years, rows, size),
        births=kept("births", years, size),
        counters=np.zeros((scenarios, len(COUNTERS))),
    )


def run_scenarios(
    inputs: Inputs, pick: np.ndarray, regions: int, keep: tuple[str, ...] = (), threads: int = 1, chunk: int = CHUNK
) -> Outputs:
    """Project all scenarios and return all their results; for sweeps too large for that, `map_chunks`."""
    outputs = empty_outputs(inputs, len(pick), regions, keep)

    def run(first: int) -> None:
        project(inputs, pick, first, min(first + chunk, len(pick)), outputs)

    _over_threads(run, range(0, len(pick), chunk), threads)
    return outputs


class Rooms:
    """Arrays that calls of `map_chunks` work in one after another: new memory is slow, and so is counting what is the
    same in all (the deviations of every year, the persons at the start)."""

    def __init__(self) -> None:
        self._last: tuple[tuple[object, ...], tuple[object, ...], Free] = ((), (), SimpleQueue())

    def open(self, inputs: Inputs, *shape: object) -> Free:
        """The arrays that are free, or none where they were made for other inputs or outputs."""
        made_for = (inputs.population, inputs.fade, inputs.deviation, inputs.tally)
        then, last, free = self._last
        if shape != last or any(one is not other for one, other in zip(made_for, then, strict=True)):
            free = SimpleQueue()
            self._last = made_for, shape, free
        return free


def map_chunks(
    use: Callable[[int, int, Outputs], Result],
    inputs: Inputs,
    pick: np.ndarray,
    regions: int,
    keep: tuple[str, ...] = (),
    threads: int = 1,
    chunk: int = CHUNK,
    rooms: Rooms | None = None,
) -> list[Result]:
    """Project chunk after chunk and hand each to `use(first, last, outputs)` in the thread that ran it.

    `outputs` holds scenarios first..last-1 and is written over after the call (copy what is to be kept), so that memory
    does not grow with the number of scenarios. Returns what `use` returned, in the order of the chunks. `rooms` is used
    again where calls follow each other.
    """
    size = min(chunk, len(pick))
    free = (rooms or Rooms()).open(inputs, size, regions, keep, inputs.survival.shape[1])

    def run(first: int) -> Result:
        part = pick[first : first + chunk]
        try:
            whole, work = free.get_nowait()
        except Empty:
            whole, work = empty_outputs(inputs, size, regions, keep), work_space(inputs)
        outputs = Outputs(*(values[: len(part)] for values in whole))
        outputs.counters[:] = 0
        project(inputs, part, 0, len(part), outputs, work)
        result = use(first, first + len(part), outputs)
        free.put((whole, work))
        return result

    return _over_threads(run, range(0, len(pick), chunk), threads)


def _over_threads(run: Callable[[int], Result], firsts: range, threads: int) -> list[Result]:
    if threads <= 1 or len(firsts) <= 1:
        return [run(first) for first in firsts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, firsts))
