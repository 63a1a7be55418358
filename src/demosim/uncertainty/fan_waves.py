"""Waves of refugees in a fan: how many of the country's migrants they are, what ages they have, where they settle."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

import numpy as np

from demosim.baseline.calibrate.settlement import Settlement, settlement_key
from demosim.baseline.find import embedded
from demosim.packing import Arrays

FILE = ("data", "uncertainty", "waves.toml")


@dataclass(frozen=True)
class Waves:
    """`share` (year,): refugees above the ordinary per inhabitant in the past, most years none; `profile` (sex, age at
    the end of the year): their ages, sums to one; `tilt`, `tilt_error`: how much the rate of settlement rises as log
    population falls by one, and its standard error. `spread`: variance of the municipalities' rates about that,
    relative to it.
    """

    share: np.ndarray
    profile: np.ndarray
    tilt: float
    tilt_error: float
    spread: float = 0.0

    def draw(self, random: np.random.Generator, arrays: Arrays) -> dict[str, np.ndarray]:
        """Assumptions with one more stream: the waves of a stretch of the past, larger or smaller.

        What of them is above their mean settles by a key with a tilt of its own and as municipalities decide, instead
        of where people live. The country's net migration stays as it is: its variance, waves and all, is that of the
        national process.
        """
        years, log_sd = arrays["fertility_rate"].shape[0], size_spread(self.share)
        first, size, lean = int(random.integers(len(self.share))), random.standard_normal(), random.standard_normal()
        came = self.share[(first + np.arange(years)) % len(self.share)]
        came = came * np.exp(log_sd * size - log_sd**2 / 2)
        population = arrays["jump_off_population"].sum((1, 2))
        more = np.maximum(came - self.share.mean(), 0.0) * population.sum()
        flow = (more[:, None, None] * self.profile)[None]
        key = settlement_key(population, max(self.tilt + self.tilt_error * lean, 0.0))
        # each decides for itself, for as long as the wave lasts: log-normal, of mean one
        log_variance = np.log1p(self.spread)
        key = key * np.exp(np.sqrt(log_variance) * random.standard_normal(len(key)) - log_variance / 2)
        key = key / key.sum()
        return {
            "stream_inflow": np.concatenate([arrays["stream_inflow"], flow]),
            "stream_outflow": np.concatenate([arrays["stream_outflow"], flow]),
            "settlement_key": np.concatenate([arrays["settlement_key"], key[None]]),
        }


def waves_from(wave: Settlement, persons: np.ndarray, launch: int) -> Waves:
    """From the waves seen before a launch and the country's inhabitants (year,) of the same years."""
    known = wave.years < launch
    share = wave.persons[known] / persons[known]
    return Waves(share, wave.profile, wave.tilt, wave.tilt_error, wave.spread)


def size_spread(share: np.ndarray) -> float:
    """What a wave's log size differs by from one of the past, beyond what those differ by among themselves.

    Years in a row are one wave. One more of n waves differs from their mean by a variance of s² (1 + 1/n); one picked
    among them by s² (n − 1)/n; so the root of 2 s²/n is missing. 0 where there are fewer than three.
    """
    sizes, running = [], 0.0
    for value in (*share.tolist(), 0.0):
        if value > 0:
            running += value
        elif running:
            sizes.append(running)
            running = 0.0
    return float(np.std(np.log(sizes), ddof=1) * np.sqrt(2 / len(sizes))) if len(sizes) > 2 else 0.0


def read_waves(profile: np.ndarray) -> Waves:
    """The embedded estimate for the country, of 1986–2026, with the ages of refugees of a data set."""
    with embedded(*FILE).open("rb") as file:
        about = tomllib.load(file)
    share = np.array(list(about["per_1000"].values())) / 1000
    return Waves(share, profile, float(about["tilt"]), float(about["tilt_error"]), float(about["spread"]))


def waves_toml(waves: Waves, years: np.ndarray, note: str) -> str:
    """An estimate as the text of the embedded file."""
    lines = [f"# {line}" for line in note.splitlines()]
    lines += [f"tilt = {waves.tilt:.3f}", f"tilt_error = {waves.tilt_error:.3f}", f"spread = {waves.spread:.3f}"]
    lines += ["", "[per_1000]"]
    lines += [f"{year} = {1000 * share:.2f}" for year, share in zip(years, waves.share, strict=True)]
    return "\n".join(lines) + "\n"
