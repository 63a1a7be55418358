"""The smoothest net migration and death multipliers that carry a country through published age groups.

In every year the groups of children and adults are met by net migration, those of the old by a multiplier on death
rates. Raking each year by itself would move the errors of one year into the cohorts of the next, until the profile is
full of steps; all years are therefore solved at once, as the least squares problem

    minimise  roughness of r over age and year + roughness of log k over years
    subject to  the projected groups = the published groups, on every date,

where net migration = seed + w(a) r(a, t) / 2 for each sex, and the death rate = start * exp(sum_b log k(b, t) c_b(a)).
The groups are linear in r and nearly so in log k: Newton's method with the exact Lagrange conditions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from demosim.baseline.mortality import to_prob
from demosim.baseline.nation import survivors
from demosim.errors import run_error

# Weights of the squares: first and second differences of r over age and over years, r itself, and second differences
# of log k over years. Chosen by eye for profiles without steps; the groups are met whatever they are.
AGE_SLOPE, AGE_BEND, YEAR_SLOPE, YEAR_BEND, SIZE, MULTIPLIER_BEND = 1.0, 100.0, 10.0, 3.0, 0.02, 3000.0
_MET = 1e-6  # persons
_NEAR = 0.01  # persons; below this the rest is removed by the smoothest change, which loses no digits


@dataclass(frozen=True)
class Raking:
    """What is given: dims (sex, age) by age on 1 January or at the end of the year, with year before and group after.

    start: population (sex, age); hazard: deaths per person-year (year, sex, age); newborn: persons of age 0 on the
    closing date (year, sex); seed: net migration (year, sex, age); member: 1 where an age belongs to a group
    (group, age); target: persons (year, group), NaN where none is published; curve: share of a band's log multiplier
    at each age (band, age); ages: which may move; weight: persons per unit of r (for each of those ages).
    """

    start: np.ndarray
    hazard: np.ndarray
    newborn: np.ndarray
    seed: np.ndarray
    member: np.ndarray
    target: np.ndarray
    curve: np.ndarray
    ages: np.ndarray
    weight: np.ndarray


def rake(given: Raking) -> tuple[np.ndarray, np.ndarray]:
    """Net migration (year, sex, age) and log multipliers on death rates (year, band) that meet every group.

    Raises a `DemosimError` where no smooth solution meets them.
    """
    years, ages, bands = len(given.seed), len(given.ages), len(given.curve)
    stiff = cho_factor(_roughness(years, ages, bands))
    unknown = np.zeros(years * (ages + bands))
    known = np.isfinite(given.target).ravel()
    for _ in range(25):
        migration, log_multiplier = _unpack(given, unknown)
        population, survival = _project(given, migration, log_multiplier)
        miss = (given.target - population[1:].sum(1) @ given.member.T).ravel()[known]
        if abs(miss).max() < _MET:
            return migration, log_multiplier
        slopes = _slopes(given, population, survival)[known]
        flexible = cho_solve(stiff, slopes.T)
        change = np.linalg.solve(slopes @ flexible, np.array([miss, slopes @ unknown]).T)
        if abs(miss).max() > _NEAR:
            unknown = flexible @ change[:, 1]
        unknown = unknown + flexible @ change[:, 0]
    raise run_error(f"no path meets the published age groups: {abs(miss).max():.3g} persons remain")


def _unpack(given: Raking, unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    years, ages = len(given.seed), len(given.ages)
    relative = unknown[: years * ages].reshape(years, ages)
    migration = given.seed.copy()
    migration[:, :, given.ages] += (relative * given.weight)[:, None, :] / 2
    return migration, unknown[years * ages :].reshape(years, -1)


def _project(given: Raking, migration: np.ndarray, log_multiplier: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Population on every date (date, sex, age) and survival of every year (year, sex, age)."""
    survival = 1 - to_prob(given.hazard * np.exp(log_multiplier @ given.curve)[:, None, :])
    population = [given.start]
    for year in range(len(migration)):
        after = survivors(population[-1], 1 - survival[year]) + migration[year]
        after[:, 0] = given.newborn[year]
        population.append(after)
    return np.array(population), survival


def _slopes(given: Raking, population: np.ndarray, survival: np.ndarray) -> np.ndarray:
    """Change of each group on each date (year x group) per unit of each unknown, followed along the cohorts."""
    years, ages, bands = len(given.seed), len(given.ages), len(given.curve)
    groups = len(given.member)
    by_migration = np.zeros((years, groups, years, ages))
    by_multiplier = np.zeros((years, groups, years, bands))
    arrivals = np.zeros((ages, 2, given.member.shape[1]))
    arrivals[np.arange(ages), :, given.ages] = given.weight[:, None] / 2
    for year in range(years):
        fewer = population[year] * survival[year] * np.log(survival[year])  # change of the survivors per unit of log k
        moved = [survivors(fewer * curve, np.zeros_like(fewer)) for curve in given.curve]
        effect = np.concatenate([arrivals, moved])
        for later in range(year, years):
            if later > year:
                effect = survivors(effect, 1 - survival[later])
            change = given.member @ effect.sum(1).T
            by_migration[later, :, year], by_multiplier[later, :, year] = change[:, :ages], change[:, ages:]
    flat = years * groups
    return np.hstack([by_migration.reshape(flat, -1), by_multiplier.reshape(flat, -1)])


def _roughness(years: int, ages: int, bands: int) -> np.ndarray:
    """Matrix of the penalty on (r, log k); r is tied to zero beyond the last age that may move."""
    age, year = np.eye(ages), np.eye(years)
    to_zero = np.vstack([np.diff(age, axis=0), age[-1:]])
    over_age = AGE_SLOPE * to_zero.T @ to_zero + AGE_BEND * _squares(age)
    over_years = YEAR_SLOPE * np.diff(year, axis=0).T @ np.diff(year, axis=0) + YEAR_BEND * _squares(year)
    migration = np.kron(year, over_age) + np.kron(over_years, age) + SIZE * np.eye(years * ages)
    multiplier = np.kron(MULTIPLIER_BEND * _squares(year), np.eye(bands)) + 1e-3 * np.eye(years * bands)
    both = np.zeros((years * (ages + bands),) * 2)
    both[: years * ages, : years * ages] = migration
    both[years * ages :, years * ages :] = multiplier
    return both


def _squares(identity: np.ndarray) -> np.ndarray:
    bend = np.diff(identity, 2, axis=0)
    result: np.ndarray = bend.T @ bend
    return result
