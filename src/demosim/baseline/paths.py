"""A published projection round as a national path: fertility, mortality and net migration that meet its age groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from demosim.baseline.graduate import group_bounds
from demosim.baseline.mortality import DeclineTable, to_prob
from demosim.baseline.nation import mean_births, newborns, survivors


@dataclass(frozen=True)
class Round:
    """What is known of a round: the population it starts from and its age groups on each later 1 January.

    population: (sex, age); groups: label to persons by year, (year,); the profile sums to one over (sex, age).
    """

    launch: int
    population: np.ndarray
    groups: Mapping[str, np.ndarray]
    birth_group: str
    migration_groups: list[str]
    mortality_groups: list[str]


@dataclass(frozen=True)
class Vital:
    """What every round shares: mortality before multipliers, ages of mothers, profile of migrants, boys' share."""

    mortality: DeclineTable
    fertility_schedule: np.ndarray
    migration_profile: np.ndarray
    male_birth_share: float


@dataclass(frozen=True)
class Path:
    """Yearly components of a round, arrays over (year, ...), and the multipliers on death rates (year, band)."""

    total_fertility_rate: np.ndarray
    death_prob: np.ndarray
    newborn_survival_prob: np.ndarray
    net_migration: np.ndarray
    death_multiplier: np.ndarray


def national_path(published: Round, vital: Vital) -> Path:
    """The path that carries the round's launch population through all its age groups."""
    last = published.population.shape[1] - 1
    labels = [*published.migration_groups, *published.mortality_groups]
    member = _members(labels, last)
    split = len(published.migration_groups)
    years = len(published.groups[published.birth_group])
    population, rows = published.population, []
    for step in range(years):
        wanted = np.array([published.groups[label][step] for label in labels])
        hazard = vital.mortality.hazard(published.launch + step)
        log_multiplier = np.zeros(len(labels) - split)
        for _ in range(20):
            death_prob = to_prob(hazard * np.exp(_curve(log_multiplier, member[split:])))
            alive = survivors(population, death_prob)
            gap = wanted - member @ alive.sum(0)
            profile = vital.migration_profile
            total = gap[:split].sum() / (member[:split] @ profile.sum(0)).sum()
            miss = gap[split:] - member[split:] @ (total * profile.sum(0))
            if abs(miss).max() < 1e-7:
                break
            log_multiplier = log_multiplier + _newton(population, hazard, log_multiplier, member[split:], alive, miss)
        migration = total * profile
        rest = (gap[:split] - member[:split] @ migration.sum(0)) / member[:split].sum(1) / 2
        migration = migration + rest @ member[:split]
        after = alive + migration
        survival = vital.mortality.newborn_survival_prob(published.launch + step)
        per_birth = newborns(1.0, vital.male_birth_share, survival)
        births = (published.groups[published.birth_group][step] - migration[:, 0].sum()) / per_birth.sum()
        tfr = births / mean_births(population[1], after[1], vital.fertility_schedule)
        after[:, 0] = births * per_birth + migration[:, 0]
        rows.append((tfr, death_prob, survival, migration, np.exp(log_multiplier)))
        population = after
    return Path(*(np.array(column) for column in zip(*rows, strict=True)))


def _members(labels: list[str], last: int) -> np.ndarray:
    ages = np.arange(last + 1)
    return np.array([(ages >= low) & (ages <= high) for low, high in group_bounds(labels, last)], dtype=float)


def _curve(log_multiplier: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Log multiplier by single age: straight lines between the middles of the bands, none below age 40."""
    middles = [float(np.mean(np.flatnonzero(row)[[0, -1]])) for row in member]
    middles[-1] = float(np.flatnonzero(member[-1])[0] + 5)
    ages = np.arange(member.shape[1])
    result: np.ndarray = np.interp(ages, [40, 60, *middles], [0, log_multiplier[0], *log_multiplier])
    return result


def _newton(
    population: np.ndarray, hazard: np.ndarray, log_multiplier: np.ndarray, member: np.ndarray, alive: np.ndarray,
    miss: np.ndarray,
) -> np.ndarray:  # fmt: skip
    slopes = np.empty((len(miss), len(miss)))
    for band in range(len(miss)):
        moved = log_multiplier + 1e-5 * (np.arange(len(miss)) == band)
        other = survivors(population, to_prob(hazard * np.exp(_curve(moved, member))))
        slopes[:, band] = member @ (other - alive).sum(0) / 1e-5
    step: np.ndarray = np.linalg.solve(slopes, miss)
    return step
