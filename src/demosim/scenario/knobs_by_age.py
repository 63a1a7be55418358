"""Knobs that give numbers by age of the user's own: fertility rates, mortality, net international migration."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demosim.scenario.draft import Draft
from demosim.scenario.knob import Knob
from demosim.scenario.schedules import hazard
from demosim.scenario.tables import Table, TableForm


class FertilityRate(Knob):
    path, form, high, unit, slip = "fertility.rate", "table", 1.0, "births per woman-year", 1000
    text_en = "own fertility rates by age; ages not named have none"
    text_nb = "egne fruktbarhetsrater etter alder; aldre som ikke er nevnt, har ingen"
    table = TableForm(sexes=False)
    excludes = ("fertility.tfr",)

    @classmethod
    def apply(cls, draft: Draft, value: Table, name: str) -> None:
        rate = value.fill(draft.years, draft.ages, draft.interval)[:, 0]
        named = np.isfinite(rate).any(1)
        rate = np.nan_to_num(rate)
        total = rate.sum(1) * draft.interval
        some = named & (total > 0)
        shape = np.divide(
            rate, total[:, None], where=some[:, None], out=np.array(draft.fertility_schedule, dtype=float)
        )
        draft.fertility_schedule = shape
        draft.total_fertility_rate = np.where(named, total, draft.total_fertility_rate)


class DeathProb(Knob):
    path, form, high, unit = "mortality.death_prob", "table", 1.0, "probability"
    text_en = "own probabilities of death by age on 1 January"
    text_nb = "egne dødssannsynligheter etter alder 1. januar"
    table = TableForm(newborn=True)
    slip = 1000
    excludes = ("mortality.decline", "mortality.life_expectancy")

    @classmethod
    def apply(cls, draft: Draft, value: Table, name: str) -> None:
        _set_mortality(
            draft, value.fill(draft.years, draft.ages, draft.interval), value.fill_newborn(draft.years)
        )  # fmt: skip


class DeathRate(Knob):
    path, form, high, unit, slip = "mortality.death_rate", "table", 2.0, "deaths per person-year", 1000
    text_en, text_nb = "own death rates by completed age", "egne dødsrater etter fylt alder"
    table = TableForm(every_age=True)
    excludes = ("mortality.death_prob", "mortality.decline", "mortality.life_expectancy")

    @classmethod
    def apply(cls, draft: Draft, value: Table, name: str) -> None:
        rate = value.fill(draft.years, draft.ages, draft.interval)
        lived, newborn = cohort_hazards(rate, draft.death_prob, draft.newborn_survival_prob, draft.interval)
        _set_mortality(draft, -np.expm1(-lived), -np.expm1(-newborn))


class MigrationByAge(Knob):
    path, form, unit, slip = "migration.net_by_age", "table", "persons per year", 1000
    low, high = -1_000_000.0, 1_000_000.0
    text_en = "own net international migration by sex and age, streams apart; ages not named have none"
    text_nb = "egen nettoinnvandring etter kjønn og alder, utenom strømmer; aldre som ikke er nevnt, har ingen"
    table = TableForm(counts=True)
    excludes = ("migration.net",)

    @classmethod
    def apply(cls, draft: Draft, value: Table, name: str) -> None:
        persons = value.fill(draft.years, draft.ages, draft.interval, counts=True) * draft.interval
        named = np.isfinite(persons).any((1, 2))[:, None, None]
        draft.net_international_migration = np.where(named, np.nan_to_num(persons), draft.net_international_migration)


def cohort_hazards(
    rate: np.ndarray, death_prob: np.ndarray, newborn_survival_prob: np.ndarray, interval: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative death rates over an interval of those of an age at its start (T, S, A) and of the newborn (T, S).

    Persons of an age class at the start spend half of the interval in it and half in the next. Deaths in the lowest
    class fall on the newborn and on those who are in it at the start as they do in the given probabilities.

    rate: (T, S, A) deaths per person-year by completed age; death_prob, newborn_survival_prob: the baseline's.
    """
    both = interval * (rate[..., :-1] + rate[..., 1:]) / 2
    lived = np.concatenate([both, interval * rate[..., -1:]], axis=-1)
    usual, young = hazard(death_prob), hazard(1.0 - newborn_survival_prob)
    later = np.maximum(usual[..., 0] - usual[..., 1] / 2, 0.0)
    known = young + later > 0
    at_birth = np.divide(young, young + later, where=known, out=np.full(young.shape, 0.5))
    lived[..., 0] = interval * ((1.0 - at_birth) * rate[..., 0] + rate[..., 1] / 2)
    return lived, interval * at_birth * rate[..., 0]


def lived_through(
    survival: np.ndarray, change: Callable[[np.ndarray, np.ndarray], np.ndarray], factor: np.ndarray
) -> np.ndarray:
    """Probabilities to survive after a change of the death rates; a factor of one changes no bit."""
    result: np.ndarray = np.where(factor == 1.0, survival, 1.0 - change(1.0 - survival, factor))
    return result


def _set_mortality(draft: Draft, prob: np.ndarray, newborn: np.ndarray) -> None:
    """Replace probabilities of death where there are others."""
    draft.death_prob = np.where(np.isfinite(prob), prob, draft.death_prob)
    draft.newborn_survival_prob = np.where(np.isfinite(newborn), 1.0 - newborn, draft.newborn_survival_prob)
