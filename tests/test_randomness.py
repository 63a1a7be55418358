"""Random numbers are a function of seed, chunk, purpose and place."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from demosim.randomness import WORD, generator

MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
STEPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> list[int]:
    """The published function of four and two words of 64 bits, ten rounds."""
    a, b, c, d = counter
    k, n = key
    for _ in range(10):
        first, second = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (second // WORD) ^ b ^ k, second % WORD, (first // WORD) ^ d ^ n, first % WORD
        k, n = (k + STEPS[0]) % WORD, (n + STEPS[1]) % WORD
    return [a, b, c, d]


def test_numbers_are_the_published_function_of_their_place() -> None:
    high = int.from_bytes(hashlib.sha256(b"fan").digest()[:8], "little")
    drawn = generator(11, 5, "fan").bit_generator.random_raw(8).tolist()
    assert drawn == philox((1, 0, 0, high), (11, 5)) + philox((2, 0, 0, high), (11, 5))


def test_the_plain_twin_gives_the_published_answer() -> None:
    """Known answer for counter and key of ones, from the authors' test vectors."""
    ones = WORD - 1
    expected = [0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0]
    assert philox((ones, ones, ones, ones), (ones, ones)) == expected


def test_a_chunk_can_be_drawn_again_alone() -> None:
    together = [generator(3, chunk).normal(size=5) for chunk in range(4)]
    np.testing.assert_array_equal(generator(3, 2).normal(size=5), together[2])


@pytest.mark.parametrize("other", [(4, 0, ""), (3, 1, ""), (3, 0, "fan")])
def test_seed_chunk_and_purpose_each_change_the_numbers(other: tuple[int, int, str]) -> None:
    assert not np.isin(generator(3, 0).random(1000), generator(*other).random(1000)).any()


def test_chunks_are_not_correlated() -> None:
    draws = np.stack([generator(1, chunk).normal(size=20_000) for chunk in range(6)])
    correlation = np.corrcoef(draws) - np.eye(6)
    assert abs(correlation).max() < 0.035  # five standard errors


@pytest.mark.parametrize(("seed", "chunk"), [(-1, 0), (0, -1), (WORD, 0)])
def test_what_does_not_fit_in_a_word_is_refused(seed: int, chunk: int) -> None:
    with pytest.raises(ValueError, match="is not in"):
        generator(seed, chunk)
