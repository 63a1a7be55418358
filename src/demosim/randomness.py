"""Random numbers by their place: the same seed, purpose and chunk give the same numbers whatever was drawn before.

Philox 4×64 with ten rounds: Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3. The key
is (seed, chunk), the purpose is in the high word of the counter, so that streams cannot meet.
"""

from __future__ import annotations

import hashlib

import numpy as np

WORD = 2**64


def generator(seed: int, chunk: int, purpose: str = "") -> np.random.Generator:
    """Random numbers of one chunk of scenarios, which can be drawn again without those of the chunks before.

    seed: of the whole calculation, 0 to 2⁶⁴ − 1. chunk: number of the chunk, from 0. purpose: what the numbers are
    for; numbers for different purposes are independent. Raises a ValueError where seed or chunk is out of bounds.
    """
    for name, value in (("seed", seed), ("chunk", chunk)):
        if not 0 <= value < WORD:
            raise ValueError(f"{name} {value} is not in 0 … 2⁶⁴ − 1")
    high = int.from_bytes(hashlib.sha256(purpose.encode("utf-8")).digest()[:8], "little")
    key = np.array([seed, chunk], np.uint64)
    counter = np.array([0, 0, 0, high], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
