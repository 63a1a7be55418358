"""Age shape of municipal net migration: which ages come and go, once the level of the whole is taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demosim.baseline.calibrate.flows import Flows
from demosim.baseline.calibrate.robust import pulled_in

# First ages of the bands in years of age at the end of the year; the ages between leaving school and settling down
# have bands of their own and by sex, since a cohort of students that came in goes out again a few years later.
FIRST_AGES = (1, 3, 6, 10, 13, 16, *range(18, 28), 29, 31, 35, 40, 50, 60, 67, 73, 80, 87)
BY_SEX = (16, 39)
LEAST_RESPONSE = 0.02
LEAST_EIGENVALUE = 0.01  # of the correlation between bands, so that no direction is taken as exactly known
LEAST_VARIANCE = 1e-8


@dataclass(frozen=True)
class Bands:
    """Bands of sex and age; `index` (sex, age at the end of the year) gives the row, 0 where there is no migration."""

    index: np.ndarray

    @property
    def size(self) -> int:
        return int(self.index.max()) + 1

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the bands: (municipality, sex, age, ...) to (band, municipality, ...)."""
        flat = np.moveaxis(values.reshape(values.shape[0], -1, *values.shape[3:]), 1, 0)
        member = np.zeros((self.size, flat.shape[0]))
        member[self.index.ravel(), np.arange(flat.shape[0])] = 1
        result: np.ndarray = np.tensordot(member, flat, 1)
        return result


def make_bands(ages: int) -> Bands:
    """The bands that fit a number of single ages; row 0 stands for newborns, who do not migrate."""
    first = [age for age in FIRST_AGES if age < ages]
    index = np.zeros((2, ages), dtype=np.int32)
    row = 0
    for low, high in zip(first, [*first[1:], ages], strict=True):
        row += 1
        index[:, low:high] = row
        if BY_SEX[0] <= low <= BY_SEX[1]:
            row += 1
            index[1, low:high] = row
    return Bands(index)


@dataclass(frozen=True)
class Shape:
    """`rate` (band, municipality): yearly net migration rate whose total is zero at the launch's age structure.

    `response` (band,): how much a band's rate moves when the whole rate moves by one; `exposure` (band,
    municipality): survivors of the last year; `noise`, `signal` (band,): yearly noise variance times survivors, and
    variance between municipalities; `variance` (band, municipality): what is not known of the rate.
    """

    rate: np.ndarray
    response: np.ndarray
    exposure: np.ndarray
    noise: np.ndarray
    signal: np.ndarray
    variance: np.ndarray

    def spread(self, level: np.ndarray) -> np.ndarray:
        """Rates by (band, municipality) whose total rate is the level (municipality,), ages moving as they have."""
        total = (self.response[:, None] * self.exposure).sum(0) / self.exposure.sum(0)
        result: np.ndarray = self.response[:, None] * (level / total)
        return result


def estimate_shape(flows: Flows, bands: Bands) -> Shape:
    """Age shape by multivariate empirical Bayes.

    Each year's rates in the bands less their response to the level; years far from a municipality's median are pulled
    in; the means are drawn to the county's by T (T + N)^-1 with T the covariance between municipalities over all
    bands together and N that of the noise, which falls as one over the survivors (Efron and Morris 1973).

    flows: the years of the window. Raises nothing: too short windows are refused by `Flows.before`.
    """
    persons = np.maximum(bands.sums(flows.exposure)[1:], 1.0)
    rate = bands.sums(flows.deviation)[1:] / persons
    response = _response(rate, flows)
    residual = rate - response[:, None, None] * flows.level
    residual = pulled_in(residual, persons)
    total = persons.sum(2)
    mean = (residual * persons).sum(2) / total
    error = (residual - mean[..., None]) * np.sqrt(persons)
    years = persons.shape[2]
    noise = np.einsum("bmt,cmt->bc", error, error) / (persons.shape[1] * (years - 1))
    county = _county_mean(mean, total, flows.county)
    drawn, signal, unknown = _draw(mean - county, noise, total / years, years)
    last = flows.exposure[..., -1:]
    exposure = bands.sums(last)[..., 0]
    shape = Shape(
        np.vstack([np.zeros(persons.shape[1]), county + drawn]), np.append(0.0, response), exposure,
        np.append(0.0, np.diag(noise)), np.append(0.0, np.diag(signal)),
        np.vstack([np.zeros(persons.shape[1]), unknown]),
    )  # fmt: skip
    own = (shape.rate * exposure).sum(0) / exposure.sum(0)
    return replace(shape, rate=shape.rate - shape.spread(own))


def _response(rate: np.ndarray, flows: Flows) -> np.ndarray:
    """Pooled regression of each band's rate on the municipality's own swings of level, weighted by size."""
    swing = flows.level - flows.level.mean(1, keepdims=True)
    weighted = np.minimum(flows.size, np.quantile(flows.size, 0.95)) * swing
    slope = (rate * weighted).sum((1, 2)) / max(float((weighted * swing).sum()), 1e-300)
    result: np.ndarray = np.maximum(slope, LEAST_RESPONSE)
    return result


def _county_mean(rate: np.ndarray, persons: np.ndarray, county: np.ndarray) -> np.ndarray:
    member = np.eye(county.max() + 1)[county]
    result: np.ndarray = ((rate * persons) @ member / (persons @ member))[:, county]
    return result


def _draw(
    deviation: np.ndarray, noise: np.ndarray, persons: np.ndarray, years: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Posterior mean (band, municipality), the covariance between municipalities (band, band), posterior variance."""
    scale = 1 / np.sqrt(persons)
    sampling = noise[None] * (scale[:, None] * scale[None]).transpose(2, 0, 1) / years
    # Between municipalities: from the larger half, where noise does not swamp the signal.
    size = persons.sum(0)
    large = size >= np.median(size)
    products = np.einsum("bm,cm->bc", deviation[:, large], deviation[:, large])
    between = products / large.sum() - sampling[large].mean(0)
    spread = np.sqrt(np.maximum(np.diag(between), LEAST_VARIANCE))
    values, vectors = np.linalg.eigh(between / spread[:, None] / spread)
    between = (vectors * np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T * spread[:, None] * spread
    inverse = np.linalg.inv(between[None] + sampling)
    mean = np.einsum("bc,mcd,dm->bm", between, inverse, deviation, optimize=True)
    unknown = np.diag(between)[:, None] - np.einsum("bc,mcd,db->bm", between, inverse, between, optimize=True)
    return mean, between, np.maximum(unknown, 0.0)
