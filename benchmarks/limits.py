"""What the machine can do: bytes copied and numbers multiplied and added per second, on one core and on all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from benchmarks.timing import once


@numba.njit(nogil=True, fastmath=True, cache=True)
def copy(source, target, times):
    """Copy one array to another, many times."""
    for _ in range(times):
        for i in range(source.size):
            target[i] = source[i]


@numba.njit(nogil=True, fastmath={"contract"}, cache=True)
def multiply_add(numbers, times):
    """Sixteen dependent multiply-adds on each number, many times; chains of different numbers overlap."""
    one, little = numbers.dtype.type(0.999999), numbers.dtype.type(1e-7)
    for _ in range(times):
        for i in range(numbers.size):
            x = numbers[i]
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            x = x * one + little
            numbers[i] = x


def copied_per_second(kilobytes: int, threads: int, total: float = 2e9) -> float:
    """Bytes read and written per second where source and target together take so many kilobytes per thread."""
    size = kilobytes * 1024 // 16
    pairs = [(np.ones(size), np.ones(size)) for _ in range(threads)]
    times = max(1, int(total / (16 * size)))

    def run(pair: tuple[np.ndarray, np.ndarray]) -> None:
        copy(*pair, times)

    return 16 * size * times * threads / _best(run, pairs)


def multiply_adds_per_second(dtype: type[np.floating], threads: int) -> float:
    """Multiply-adds per second on numbers in the nearest cache."""
    arrays = [np.ones(2048 // np.dtype(dtype).itemsize, dtype) for _ in range(threads)]
    times = 100_000

    def run(numbers: np.ndarray) -> None:
        multiply_add(numbers, times)

    return 16 * arrays[0].size * times * threads / _best(run, arrays)


def _best(run, work: list, rounds: int = 5) -> float:
    run(work[0])
    with ThreadPoolExecutor(len(work)) as pool:
        return min(once(lambda: list(pool.map(run, work))) for _ in range(rounds))
