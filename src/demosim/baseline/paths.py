"""A published projection round as a national path: fertility, mortality and net migration that meet its age groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from demosim.axes import age_bounds, age_members
from demosim.baseline.mortality import DeclineTable, to_prob
from demosim.baseline.nation import mean_births, newborns, survivors
from demosim.baseline.rake import Raking, rake

_FADE = (27, 7)  # years below the first band between which its multiplier fades out, downwards
_OPEN_MIDDLE = 5  # years above the lower limit of the open band at which its multiplier is centred
_KERNEL = 2.0  # years: width of the smoothing of the profile that says where migration may move most


@dataclass(frozen=True)
class Round:
    """What is known of a round: the population it starts from and its age groups on each later 1 January.

    population: (sex, age); groups: persons by label, (year,) with NaN where not published; `migration_groups` cover
    each age once from 1 up to the first of `mortality_groups`; `extra_groups` are met where they are published.
    `passing_years`: in which a part of the migrants has the passing profile.
    """

    launch: int
    population: np.ndarray
    groups: Mapping[str, np.ndarray]
    birth_group: str
    migration_groups: Sequence[str]
    extra_groups: Sequence[str]
    mortality_groups: Sequence[str]
    passing_years: Sequence[int]


@dataclass(frozen=True)
class Vital:
    """What rounds share: mortality before multipliers, ages of mothers, two profiles of migrants, boys' share."""

    mortality: DeclineTable
    fertility_schedule: np.ndarray
    lasting_profile: np.ndarray
    passing_profile: np.ndarray
    male_birth_share: float


@dataclass(frozen=True)
class NationalPath:
    """Yearly components of a round, arrays over (year, ...), and the multipliers on death rates (year, band)."""

    total_fertility_rate: np.ndarray
    death_prob: np.ndarray
    newborn_survival_prob: np.ndarray
    net_migration: np.ndarray
    death_multiplier: np.ndarray


def national_path(published: Round, vital: Vital) -> NationalPath:
    """The path that carries the round's launch population through its age groups on every 1 January.

    Age 0 is met by total fertility; the migration groups by net migration, the lasting profile plus a correction that
    is smooth over ages and years; the mortality groups by a multiplier on the death rates of each band, a smooth
    curve over single ages, the same for both sexes. A multiplier on death rates and not on their decline, because
    the decline is almost nothing at the highest ages and in the first years. Net migration of the mortality groups is
    the profile's, and none in the last of them, where the profile holds only the error of old death rates.
    """
    seed = _seed(published, vital)
    years = range(published.launch, published.launch + len(seed))
    hazard = np.array([vital.mortality.hazard(year) for year in years])
    survival = np.array([vital.mortality.newborn_survival_prob(year) for year in years])
    per_birth = np.array([newborns(1.0, vital.male_birth_share, row) for row in survival])
    births = (published.groups[published.birth_group] - seed[:, :, 0].sum(1)) / per_birth.sum(1)
    newborn = births[:, None] * per_birth + seed[:, :, 0]
    labels = [*published.migration_groups, *published.extra_groups, *published.mortality_groups]
    last = published.population.shape[1] - 1
    curve = multiplier_curve(published.mortality_groups, last)
    ages = np.arange(1, age_bounds(published.mortality_groups[0], last)[0])
    given = Raking(
        start=published.population, hazard=hazard, newborn=newborn, seed=seed, member=_members(labels, last),
        target=np.array([published.groups[label] for label in labels]).T, curve=curve, ages=ages,
        weight=_weight(vital.lasting_profile, seed)[ages],
    )  # fmt: skip
    migration, log_multiplier = rake(given)
    death_prob = to_prob(hazard * np.exp(log_multiplier @ curve)[:, None, :])
    fertility = _total_fertility(published, vital, death_prob, migration, births, newborn)
    return NationalPath(fertility, death_prob, survival, migration, np.exp(log_multiplier))


def multiplier_curve(groups: Sequence[str], last: int) -> np.ndarray:
    """How much of each band's log multiplier holds at each age, (band, age).

    Straight lines between the middles of the bands; level above the last, and below the first down to where it fades.
    """
    bounds = [age_bounds(label, last) for label in groups]
    middles = [(low + high) / 2 if high < last else low + _OPEN_MIDDLE for low, high in bounds]
    knots = [bounds[0][0] - _FADE[0], bounds[0][0] - _FADE[1], *middles]
    ages, bands = np.arange(last + 1), np.eye(len(groups))
    return np.array([np.interp(ages, knots, [0, band[0], *band]) for band in bands])


def _seed(published: Round, vital: Vital) -> np.ndarray:
    """Net migration (year, sex, age) in the profiles' shape, with the total that the migration groups ask for.

    Deaths are those of the starting table, so the total is right but for the few deaths below the oldest group.
    """
    last = published.population.shape[1] - 1
    member = _members(published.migration_groups, last)
    lasting = _without_oldest(vital.lasting_profile, published, last)
    passing = _without_oldest(vital.passing_profile, published, last)
    shares = np.array([member @ lasting.sum(0), member @ passing.sum(0)]).T
    population, rows = published.population, []
    for step, newborn in enumerate(published.groups[published.birth_group]):
        year = published.launch + step
        alive = survivors(population, to_prob(vital.mortality.hazard(year)))
        gap = np.array([published.groups[label][step] for label in published.migration_groups]) - member @ alive.sum(0)
        parts = np.array([gap.sum() / shares[:, 0].sum(), 0.0])
        if year in published.passing_years:
            parts = nnls(shares, gap)[0] if gap.sum() > 0 else parts
            parts *= gap.sum() / (shares @ parts).sum()
        rows.append(parts[0] * lasting + parts[1] * passing)
        rest = (gap - member @ rows[-1].sum(0)) / member.sum(1) / 2
        population = alive + rows[-1] + rest @ member
        population[:, 0] = newborn * np.array([vital.male_birth_share, 1 - vital.male_birth_share])
    return np.array(rows)


def _without_oldest(profile: np.ndarray, published: Round, last: int) -> np.ndarray:
    oldest = age_bounds(published.mortality_groups[-1], last)[0]
    kept = np.where(np.arange(last + 1) < oldest, profile, 0)
    result: np.ndarray = kept / kept.sum()
    return result


def _weight(profile: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Persons by which one unit of correction moves an age: the smoothed profile, lifted by its own mean."""
    reach = np.arange(-15, 16)
    kernel = np.exp(-0.5 * (reach / _KERNEL) ** 2)
    smooth = np.convolve(np.pad(profile.sum(0), 15, mode="edge"), kernel / kernel.sum(), mode="valid")
    result: np.ndarray = abs(seed.sum((1, 2))).mean() * (np.maximum(smooth, 0) + smooth.mean())
    return result


def _total_fertility(
    published: Round, vital: Vital, death_prob: np.ndarray, migration: np.ndarray, births: np.ndarray,
    newborn: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Births per woman in each year that give the published children of age 0."""
    population, rates = published.population, []
    for year, born in enumerate(births):
        after = survivors(population, death_prob[year]) + migration[year]
        after[:, 0] = newborn[year]
        rates.append(born / mean_births(population[1], after[1], vital.fertility_schedule))
        population = after
    return np.array(rates)


def _members(labels: Sequence[str], last: int) -> np.ndarray:
    ages = np.arange(last + 1)
    return np.array([age_members(ages, *age_bounds(label, last)) for label in labels], dtype=float)
