"""How municipal net migration and births miss: what is not known of each level, and what comes year by year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.packing import Arrays
from demosim.uncertainty.fan_noise import at_ages, read_noise

NEEDED = (
    "level_response", "level_lasting_variance", "level_fading_variance", "level_part_covariance",
    "level_county_variance", "level_noise_variance", "level_process_variance", "deviation_half_life",
)  # fmt: skip


@dataclass(frozen=True)
class Local:
    """The posterior of municipal levels at the launch and the noise of each coming year.

    `response` (band,): what a level does to each band. `root` (2, 2, municipality): lasting and fading part, lower
    triangle. `county_sd` (county,), `county` (municipality,) its number. `process_sd`, `kept` (2,): of the lasting and
    the fading part. `noise_sd` (band, municipality): of a year's rate of a band, independent of the others.
    `factor_sd` (municipality,): of the log fertility factor.
    """

    response: np.ndarray
    root: np.ndarray
    county_sd: np.ndarray
    county: np.ndarray
    process_sd: np.ndarray
    kept: np.ndarray
    noise_sd: np.ndarray
    factor_sd: np.ndarray

    def levels(self, random: np.random.Generator, years: int) -> np.ndarray:
        """Deviations of the level from its estimate (year, municipality): county, lasting and fading part."""
        size = len(self.county)
        shared = (random.standard_normal(len(self.county_sd)) * self.county_sd)[self.county]
        parts = np.einsum("pqm,qm->pm", self.root, random.standard_normal((2, size)))
        shocks = random.standard_normal((years, 2, size))
        result = np.empty((years, size))
        for t in range(years):
            result[t] = shared + parts.sum(0)
            shared = shared * self.kept[0]
            parts = parts * self.kept[:, None] + shocks[t] * self.process_sd[:, None]
        return result

    def draw(self, random: np.random.Generator, arrays: Arrays) -> dict[str, np.ndarray]:
        """Assumptions with further parts of the deviations, one for each year, and other fertility factors."""
        years = arrays["fertility_rate"].shape[0]
        levels = self.levels(random, years)
        noise = random.standard_normal((years, *self.noise_sd.shape)) * self.noise_sd
        more = levels[:, None, :] * self.response[:, None] + noise
        factor = np.exp(random.standard_normal(len(self.factor_sd)) * self.factor_sd - self.factor_sd**2 / 2)
        return {
            "net_migration_deviation": np.concatenate([arrays["net_migration_deviation"], more]),
            "deviation_fade": np.concatenate([arrays["deviation_fade"], np.eye(years)]),
            "fertility_factor": arrays["fertility_factor"] * factor,
        }


def local_from(
    estimates: xr.Dataset, arrays: Arrays, county: np.ndarray, ages: np.ndarray, fertility_years: int = 3
) -> Local:
    """From municipal estimates (see `demosim.baseline.calibrate.estimates`) and the population at the launch.

    Noise: the variance of a municipality's yearly level is taken to come from its bands independently, in proportion
    to persons times the weight of their ages (`fan_noise`), so that the level has the estimated variance and small age
    groups are noisier. Newborns, where they are a band: Poisson. Fertility factor: Poisson births of the years that it
    rests on.
    """
    people = arrays["jump_off_population"]
    band = arrays["deviation_band"].astype(int)
    births = np.maximum(people[:, :, 0].sum(1), 0.5)
    response = estimates["level_response"].values.copy()
    variance = estimates["level_noise_variance"].values * _noise_by_band(people, band, ages, len(response))
    if (band == band[0, 0]).sum() == len(band):
        variance[band[0, 0]], response[band[0, 0]] = 1 / births, 0.0
    codes, number = np.unique(county, return_inverse=True)
    county_variance = [estimates["level_county_variance"].values[number == at].mean() for at in range(len(codes))]
    half_life = estimates["deviation_half_life"].sel(part=["lasting", "fading"]).values
    kept = 0.5 ** (1 / half_life)
    process = estimates["level_process_variance"].sel(part=["lasting", "fading"]).values
    return Local(
        response, _root(estimates), np.sqrt(np.maximum(county_variance, 0)), number,
        np.sqrt(process * (1 - kept**2)), kept, np.sqrt(variance), np.sqrt(1 / (fertility_years * births)),
    )  # fmt: skip


def _noise_by_band(people: np.ndarray, band: np.ndarray, ages: np.ndarray, bands: int) -> np.ndarray:
    """Variance of the rate of each band (band, municipality) where that of the whole level is one."""
    weighted = people * at_ages(read_noise(), ages)
    persons, parts = np.zeros((2, bands, len(people)))
    np.add.at(persons, band.ravel(), people.reshape(len(people), -1).T)
    np.add.at(parts, band.ravel(), weighted.reshape(len(people), -1).T)
    share = parts / np.maximum(parts.sum(0), 1e-9)
    total = people.sum((1, 2))
    result: np.ndarray = share * total**2 / np.maximum(persons, 1.0) ** 2
    return result


def _root(estimates: xr.Dataset) -> np.ndarray:
    """Lower triangles of the covariance of the lasting and the fading part, one for each municipality."""
    lasting = np.maximum(estimates["level_lasting_variance"].values, 0)
    fading = np.maximum(estimates["level_fading_variance"].values, 0)
    shared = estimates["level_part_covariance"].values
    first = np.sqrt(lasting)
    across = np.divide(shared, first, out=np.zeros_like(shared), where=first > 0)
    root = np.zeros((2, 2, len(lasting)))
    root[0, 0], root[1, 0] = first, across
    root[1, 1] = np.sqrt(np.maximum(fading - across**2, 0))
    return root
