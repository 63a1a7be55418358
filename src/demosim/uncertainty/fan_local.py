"""How municipal net migration and births miss: what is not known of level and age shape, and the noise of each year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.noise import noise_class
from demosim.baseline.calibrate.settlement import lean
from demosim.packing import Arrays

NEEDED = (
    "level_response", "level_lasting_variance", "level_fading_variance", "level_part_covariance",
    "level_county_variance", "level_process_variance", "level_pull_variance", "deviation_half_life",
    "shape_variance", "noise_covariance", "fertility_factor_variance", "fertility_step_variance",
)  # fmt: skip
LEAST_APART = 1e-6  # of a class's variance is its own, so that classes that move quite alike have a root too


@dataclass(frozen=True)
class Local:
    """The posterior of municipal levels and age shapes at the launch and the noise of each coming year.

    `response` (band,): what a level does to each band. `root` (2, 2, municipality): lasting and fading part, lower
    triangle. `county_sd` (county,), `county` (municipality,) its number. `process_sd`, `kept` (2,): of the lasting and
    the fading part. `pull` (municipality,): what the level moves when the pull of size moves by its standard deviation
    between years. `shape_sd`, `persons` (band, municipality). `noise_root` (class, class): of yearly rates of the
    classes of noise; `noise_scale` (class, municipality): one over the root of their persons; `noise_class` (band,):
    the class of each band, −1 for newborns, whose rate has `newborn_sd` (municipality,). `factor_sd` (municipality,):
    of the log fertility factor at the launch, `factor_step` of what it gains in a year.
    """

    response: np.ndarray
    root: np.ndarray
    county_sd: np.ndarray
    county: np.ndarray
    process_sd: np.ndarray
    kept: np.ndarray
    pull: np.ndarray
    shape_sd: np.ndarray
    persons: np.ndarray
    noise_root: np.ndarray
    noise_scale: np.ndarray
    noise_class: np.ndarray
    newborn_sd: np.ndarray
    factor_sd: np.ndarray
    factor_step: float

    def levels(self, random: np.random.Generator, years: int) -> np.ndarray:
        """Deviations of the level from its estimate (year, municipality): county, lasting and fading part, pull.

        The estimate has the mean pull of size of its years; that of a single year departs from it as much as ever.
        """
        size = len(self.county)
        shared = (random.standard_normal(len(self.county_sd)) * self.county_sd)[self.county]
        parts = np.einsum("pqm,qm->pm", self.root, random.standard_normal((2, size)))
        shocks = random.standard_normal((years, 2, size))
        pull = random.standard_normal(years + 1)
        pulled, slow = pull[0], self.kept[0]
        result = np.empty((years, size))
        for t in range(years):
            result[t] = shared + parts.sum(0) + pulled * self.pull
            shared = shared * slow
            parts = parts * self.kept[:, None] + shocks[t] * self.process_sd[:, None]
            pulled = pulled * slow + pull[t + 1] * np.sqrt(1 - slow**2)
        return result

    def shapes(self, random: np.random.Generator) -> np.ndarray:
        """Departures from the age shape (band, municipality), the same in all years; their total is zero."""
        departure = random.standard_normal(self.shape_sd.shape) * self.shape_sd
        total = (self.response[:, None] * self.persons).sum(0)
        own = (departure * self.persons).sum(0) / np.where(total > 0, total, 1.0)
        result: np.ndarray = departure - self.response[:, None] * own
        return result

    def noise(self, random: np.random.Generator, years: int) -> np.ndarray:
        """Noise of yearly rates (year, band, municipality), the same within a class.

        Newborns for themselves: chance, and how fertility has wandered since the launch.
        """
        normal = random.standard_normal((years, *self.noise_scale.shape))
        by_class = np.einsum("kl,tlm->tkm", self.noise_root, normal) * self.noise_scale
        result: np.ndarray = by_class[:, self.noise_class]
        newborns = self.noise_class < 0
        size = (years, int(newborns.sum()), len(self.newborn_sd))
        wandered = np.cumsum(random.standard_normal(size), axis=0) * self.factor_step
        result[:, newborns] = random.standard_normal(size) * self.newborn_sd + wandered
        return result

    def draw(self, random: np.random.Generator, arrays: Arrays) -> dict[str, np.ndarray]:
        """Assumptions with further parts of the deviations, one for each year, and other fertility factors."""
        years = arrays["fertility_rate"].shape[0]
        levels, shapes = self.levels(random, years), self.shapes(random)
        more = levels[:, None, :] * self.response[:, None] + shapes + self.noise(random, years)
        factor = np.exp(random.standard_normal(len(self.factor_sd)) * self.factor_sd - self.factor_sd**2 / 2)
        return {
            "net_migration_deviation": np.concatenate([arrays["net_migration_deviation"], more]),
            "deviation_fade": np.concatenate([arrays["deviation_fade"], np.eye(years)]),
            "fertility_factor": arrays["fertility_factor"] * factor,
        }


def local_from(
    estimates: xr.Dataset, arrays: Arrays, county: np.ndarray, ages: np.ndarray
) -> Local:
    """From municipal estimates (see `demosim.baseline.calibrate.estimates`) and the population at the launch.

    Noise of a band is that of the class that its middle age belongs to; it falls as one over the root of the persons.
    Newborns, where they are a band: Poisson.
    """
    people = arrays["jump_off_population"]
    band = arrays["deviation_band"].astype(int)
    births = np.maximum(people[:, :, 0].sum(1), 0.5)
    response, shape = estimates["level_response"].values.copy(), estimates["shape_variance"].values.copy()
    number, persons = noise_class(ages), np.zeros((len(response), len(people)))
    np.add.at(persons, band.ravel(), people.reshape(len(people), -1).T)
    of_band = _class_of_bands(band, number, len(response))
    response[of_band < 0], shape[of_band < 0] = 0.0, 0.0
    by_class = np.stack([people[:, :, number == at].sum((1, 2)) for at in range(number.max() + 1)])
    codes, own = np.unique(county, return_inverse=True)
    county_variance = [estimates["level_county_variance"].values[own == at].mean() for at in range(len(codes))]
    kept = 0.5 ** (1 / estimates["deviation_half_life"].sel(part=["lasting", "fading"]).values)
    process = estimates["level_process_variance"].sel(part=["lasting", "fading"]).values
    pull = float(np.sqrt(estimates["level_pull_variance"]))
    noise = estimates["noise_covariance"].values.astype(float)
    noise = noise + np.diag(LEAST_APART * np.diag(noise))
    return Local(
        response, _root(estimates), np.sqrt(np.maximum(county_variance, 0)), own,
        np.sqrt(process * (1 - kept**2)), kept, lean(people.sum((1, 2)), people.sum((1, 2))) * pull,
        np.sqrt(shape), persons,
        np.linalg.cholesky(noise), 1 / np.sqrt(np.maximum(by_class, 1.0)), of_band,
        np.sqrt(1 / births), np.sqrt(estimates["fertility_factor_variance"].values) / arrays["fertility_factor"],
        float(np.sqrt(estimates["fertility_step_variance"])),
    )  # fmt: skip


def _class_of_bands(band: np.ndarray, number: np.ndarray, bands: int) -> np.ndarray:
    """The class of noise in the middle of each band (band,); −1 for a band of newborns alone, or of nobody."""
    found = np.full(bands, -1)
    for at in range(bands):
        classes = number[(band == at).any(0)]
        if (classes >= 0).any():
            found[at] = int(np.median(classes[classes >= 0]))
    return found


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
