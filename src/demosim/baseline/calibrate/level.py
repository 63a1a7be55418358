"""Level of municipal net migration: what lasts, what fades and what is noise, with all variances estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from demosim.baseline.calibrate.flows import Flows
from demosim.baseline.calibrate.robust import Step, level_spread, pull_level

PULL_LIMIT = 3.0  # standard deviations from the municipality's median beyond which a year is pulled in
_LOG_BOUNDS = (-18.0, -6.0)
# Years. Left free, the likelihood finds 12 to 22 at launches 2011-2021 with the same accuracy; see docs/accuracy.md.
LASTING_HALF_LIFE = 15.0
# Bounds in years where the half-lives are free: one window of data cannot tell a longer one from for ever.
LASTING_BOUNDS = (5.0, 60.0)
FADING_BOUNDS = (0.25, 5.0)


@dataclass(frozen=True)
class LevelVariances:
    """Variances of yearly rates and how fast they fade.

    `lasting`, `fading`: between municipalities; `county`: between counties, fades as the lasting part; `noise`:
    yearly noise variance times persons; `floor`: yearly noise of the largest. Half-lives in years. `gradient_kept`:
    share of the fitted gradient in size that is carried on.
    """

    lasting: float
    fading: float
    noise: float
    county: float
    lasting_half_life: float
    fading_half_life: float
    floor: float = 0.0
    gradient_kept: float = 1.0
    estimated: bool = False

    @property
    def lasting_kept(self) -> float:
        """Share of the lasting part and of the county's that is left after a year."""
        return float(0.5 ** (1 / self.lasting_half_life))

    @property
    def fading_kept(self) -> float:
        """Share of the fading part that is left after a year: its autoregressive coefficient."""
        return float(0.5 ** (1 / self.fading_half_life))


@dataclass(frozen=True)
class Level:
    """`lasting`, `fading` (municipality,): expected deviation of the rate in the first year after the launch.

    `lasting_variance`, `fading_variance`, `part_covariance`, `county_variance` (municipality,): what is not known of
    them, given the gradient; `noise_variance` (municipality,): of each coming year. `gradient`: constant, per standard
    deviation of log population, per standard deviation of its square. `steps`: years that were pulled in.
    """

    variances: LevelVariances
    lasting: np.ndarray
    fading: np.ndarray
    lasting_variance: np.ndarray
    fading_variance: np.ndarray
    part_covariance: np.ndarray
    county_variance: np.ndarray
    noise_variance: np.ndarray
    gradient: np.ndarray
    log_likelihood: float
    steps: list[Step]


def size_design(population: np.ndarray) -> np.ndarray:
    """Columns of the gradient, (column, municipality): one, log population and its squared distance from the mean."""
    size = np.log(np.maximum(population, 1.0))
    columns = [np.ones_like(size)]
    for values in (size, (size - size.mean()) ** 2):
        spread = values.std()
        columns.append((values - values.mean()) / spread if spread > 0 else np.zeros_like(values))
    return np.stack([column for column in columns if column.any()])


@dataclass(frozen=True)
class _Data:
    """Levels (municipality, year), persons, columns of the mean (column, municipality, year), county members."""

    level: np.ndarray
    persons: np.ndarray
    design: np.ndarray
    member: np.ndarray

    @property
    def lag(self) -> np.ndarray:
        years = np.arange(self.level.shape[1])
        result: np.ndarray = np.abs(years[:, None] - years)
        return result


@dataclass(frozen=True)
class _Solution:
    """What the likelihood leaves behind: see `_solve`."""

    log_likelihood: float
    gradient: np.ndarray
    gradient_error: np.ndarray
    county: np.ndarray
    county_variance: np.ndarray
    vectors: np.ndarray
    spread: np.ndarray


def _solve(data: _Data, v: LevelVariances) -> _Solution:
    """Restricted likelihood and best linear unbiased prediction of gradient and county effects.

    Model: level = gradient + county AR(1) + lasting AR(1) + fading AR(1) + noise. The covariance between a
    municipality's years differs from place to place by a multiple of the identity only, so one eigenbasis serves all;
    the county effects come in by the Woodbury identity, one small system for each county (Harville 1977).
    """
    lasting = v.lasting_kept**data.lag
    values, vectors = np.linalg.eigh(v.lasting * lasting + v.fading * v.fading_kept**data.lag)
    spread = values + (v.noise / data.persons + v.floor)[:, None]
    turned = np.concatenate([data.level[None], data.design]) @ vectors
    weighted = turned / spread
    cross = np.einsum("pmk,qmk->pq", turned, weighted)
    root = np.sqrt(v.county) * np.linalg.cholesky(lasting)
    inner = np.einsum("ik,ck,jk->cij", vectors, data.member @ (1 / spread), vectors)
    system = np.eye(len(lasting)) + root.T @ inner @ root
    right = np.einsum("ki,kl,pml,cm->cip", root, vectors, weighted, data.member, optimize=True)
    solved = np.linalg.solve(system, right)
    cross = cross - np.einsum("cip,ciq->pq", right, solved)
    information = cross[1:, 1:]
    gradient = np.linalg.solve(information, cross[1:, 0])
    quadratic = cross[0, 0] - gradient @ cross[1:, 0]
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    determinants = np.log(spread).sum() + np.linalg.slogdet(system)[1].sum() + np.linalg.slogdet(information)[1]
    county = (solved[..., 0] - solved[..., 1:] @ gradient) @ root.T
    uncertain = np.einsum("i,cij,j->c", root[-1], np.linalg.inv(system), root[-1])
    return _Solution(-0.5 * float(determinants + quadratic), gradient, error, county, uncertain, vectors, spread)


def _fit(data: _Data, half_life: float | None = LASTING_HALF_LIFE) -> LevelVariances:
    """Restricted maximum likelihood over the four variances and the half-lives, in logs; `half_life` None: both."""
    scale = max(float(np.var(data.level, axis=1).mean()), 1e-7)
    persons = float(np.median(data.persons))
    start = np.log([0.2 * scale, 0.2 * scale, 0.5 * scale * persons, 0.2 * scale, 1.5, half_life or LASTING_HALF_LIFE])
    fixed = np.log(half_life) if half_life else None
    last = (fixed, fixed) if half_life else tuple(np.log(LASTING_BOUNDS))
    bounds = [_LOG_BOUNDS, _LOG_BOUNDS, (-12.0, 6.0), _LOG_BOUNDS, tuple(np.log(FADING_BOUNDS)), last]

    def unpack(logs: np.ndarray) -> LevelVariances:
        lasting, fading, noise, county, fast, slow = np.exp(logs).tolist()
        return LevelVariances(lasting, fading, noise, county, slow, fast, estimated=True)

    found = minimize(
        lambda logs: -_solve(data, unpack(logs)).log_likelihood, start, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 60, "ftol": 1e-9},
    )  # fmt: skip
    return unpack(found.x)


def estimate_level(flows: Flows, variances: LevelVariances | None = None) -> Level:
    """Level of each municipality in the first year after the flows, in its lasting and its fading part.

    flows: the years of the window; variances: given ones, else estimated by restricted maximum likelihood, once from
    the levels as they are and again with far years pulled in.
    """
    data, steps = _prepared(flows, variances)
    return _predict(data, variances or _fit(data), flows.county, steps)


def estimate_effect(flows: Flows, column: np.ndarray, variances: LevelVariances | None = None) -> tuple[float, float]:
    """Coefficient of a further column (municipality, year) of the mean level, and its standard error.

    Generalised least squares at the variances given, or at those estimated without the column.
    """
    data, _ = _prepared(flows, variances)
    v = variances or _fit(data)
    found = _solve(replace(data, design=np.concatenate([data.design, column[None]])), v)
    return float(found.gradient[-1]), float(found.gradient_error[-1])


def _prepared(flows: Flows, variances: LevelVariances | None) -> tuple[_Data, list[Step]]:
    """Levels with far years pulled in."""
    persons = flows.size[:, -1]
    member = np.eye(flows.county.max() + 1)[:, flows.county]
    columns = size_design(flows.population[..., -1].sum((1, 2)))
    design = np.repeat(columns[:, :, None], flows.level.shape[1], axis=2)
    data = _Data(flows.level, persons, design, member)
    first = variances or _fit(data)
    spread = level_spread(first.noise, first.floor, first.fading, persons)
    pulled, steps = pull_level(flows.level, flows, spread, PULL_LIMIT)
    return replace(data, level=pulled), steps


def _predict(data: _Data, v: LevelVariances, county: np.ndarray, steps: list[Step]) -> Level:
    solution = _solve(data, v)
    kept = np.append(1.0, np.full(len(solution.gradient) - 1, v.gradient_kept))
    mean = (solution.gradient * kept) @ data.design[:, :, -1]
    ahead = np.arange(data.level.shape[1], 0, -1)
    own = (data.level - mean[:, None] - solution.county[county]) @ solution.vectors
    turned = {
        "lasting": v.lasting * v.lasting_kept**ahead @ solution.vectors,
        "fading": v.fading * v.fading_kept**ahead @ solution.vectors,
    }
    lasting, fading = ((own / solution.spread) @ turned[part] for part in ("lasting", "fading"))
    slow, fast = turned["lasting"], turned["fading"]
    return Level(
        variances=v,
        lasting=(mean + solution.county[county, -1]) * v.lasting_kept + lasting,
        fading=fading,
        lasting_variance=v.lasting - (slow * slow / solution.spread).sum(1),
        fading_variance=v.fading - (fast * fast / solution.spread).sum(1),
        part_covariance=-(slow * fast / solution.spread).sum(1),
        county_variance=solution.county_variance[county],
        noise_variance=v.noise / data.persons + v.floor,
        gradient=solution.gradient,
        log_likelihood=solution.log_likelihood,
        steps=steps,
    )
