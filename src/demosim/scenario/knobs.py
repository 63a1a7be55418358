"""What a scenario can change, one small class each: place in the file, neutral value, bounds, unit, text, effect.

A new knob is a new class here and nothing else: it is read, checked, listed, documented and applied from its fields.
Those that give numbers by age stand in `knobs_by_age`; they act before all others.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from demosim.axes import SEXES
from demosim.scenario.draft import Draft
from demosim.scenario.forms import BySex
from demosim.scenario.knob import Knob
from demosim.scenario.knobs_by_age import lived_through
from demosim.scenario.schedules import (
    FACTORS,
    decline_that_reaches,
    level_that_reaches,
    scaled_decline,
    scaled_level,
    shifted_schedule,
)
from demosim.scenario.series import Series

COUNT = 1_000_000.0
__all__ = ["Knob", "find_knob", "list_knobs"]


def list_knobs() -> list[type[Knob]]:
    """All knobs, in the order in which they act."""
    return list(Knob.registry)


def find_knob(path: str) -> tuple[type[Knob], str] | None:
    """The knob of a concrete path, and what stands for `*` in it."""
    for knob in Knob.registry:
        name = knob.name_in(path)
        if name is not None:
            return knob, name
    return None


class TotalFertilityRate(Knob):
    path, low, high, unit = "fertility.tfr", 0.3, 5.0, "children per woman"
    text_en, text_nb = "total fertility rate", "samlet fruktbarhetstall"

    @classmethod
    def apply(cls, draft: Draft, value: Series, name: str) -> None:
        draft.total_fertility_rate = draft.fill(value, draft.total_fertility_rate)


class FertilityMultiplier(Knob):
    path, neutral, high, unit, slip = "fertility.multiplier", 1.0, 4.0, "times", 100
    text_en, text_nb = "total fertility rate, multiplied", "samlet fruktbarhetstall, ganget med"
    excludes = ("fertility.tfr",)

    @classmethod
    def apply(cls, draft: Draft, value: Series, name: str) -> None:
        draft.total_fertility_rate = draft.total_fertility_rate * draft.fill(value, 1.0)


class MeanAgeAtBirth(Knob):
    path, neutral, low, high, unit = "fertility.mean_age", 0.0, -8.0, 8.0, "years"
    text_en, text_nb = "mean age at childbearing, moved by", "gjennomsnittlig fødealder, flyttet med"

    @classmethod
    def apply(cls, draft: Draft, value: Series, name: str) -> None:
        shift = draft.fill(value, 0.0) / draft.interval
        draft.fertility_schedule = shifted_schedule(draft.fertility_schedule, shift)


class MortalityDecline(Knob):
    path, form, neutral, unit, slip = "mortality.decline", "by_sex", 1.0, "times", 100
    low, high = FACTORS
    text_en = "decline of death rates since the launch year, multiplied"
    text_nb = "nedgang i dødsrater siden utgangsåret, ganget med"

    @classmethod
    def apply(cls, draft: Draft, value: BySex, name: str) -> None:
        set_decline(draft, _both(draft, value, 1.0))


class LifeExpectancy(Knob):
    path, form, low, high, unit = "mortality.life_expectancy", "by_sex", 15.0, 110.0, "years"
    text_en = "life expectancy at birth, reached by scaling the decline of death rates"
    text_nb = "forventet levealder ved fødsel, nådd ved å skalere nedgangen i dødsrater"
    excludes = ("mortality.decline",)
    beyond_horizon = True

    @classmethod
    def apply(cls, draft: Draft, value: BySex, name: str) -> None:
        ahead, steps = draft.ahead, len(draft.years)
        level = np.ones(len(SEXES))
        factor = np.ones((len(ahead.years), len(SEXES)))
        for sex, series in value.items():
            place = SEXES.index(sex)
            wanted = life_expectancies_wanted(draft, series, place)
            level[place] = next((w.level for w in wanted if w.level is not None), 1.0)
            found = {w.year: w.decline for w in wanted if w.decline is not None}
            if found:
                factor[:, place] = np.interp(np.arange(len(factor)), list(found), list(found.values()))
        draft.death_prob = scaled_level(draft.death_prob, level[:, None])
        draft.newborn_survival_prob = lived_through(draft.newborn_survival_prob, scaled_level, level)
        set_decline(draft, factor[:steps])


class MortalityShock(Knob):
    path, form, neutral, high, unit, slip = "mortality.shock", "by_sex", 1.0, 10.0, "times", 100
    text_en, text_nb = "death rates of the year, multiplied", "årets dødsrater, ganget med"

    @classmethod
    def apply(cls, draft: Draft, value: BySex, name: str) -> None:
        factor = _both(draft, value, 1.0)
        draft.death_prob = scaled_level(draft.death_prob, factor[:, :, None])
        draft.newborn_survival_prob = lived_through(draft.newborn_survival_prob, scaled_level, factor)


class MigrationNet(Knob):
    path, low, high, unit, slip = "migration.net", -COUNT, COUNT, "persons per year", 1000
    text_en, text_nb = "net international migration, streams apart", "nettoinnvandring utenom egne strømmer"

    @classmethod
    def apply(cls, draft: Draft, value: Series, name: str) -> None:
        now = draft.net_international_migration.sum((1, 2))
        more = draft.fill(value, now / draft.interval) * draft.interval - now
        draft.net_international_migration = (
            draft.net_international_migration + more[:, None, None] * draft.ordinary_profile
        )


class MigrationMultiplier(Knob):
    path, neutral, low, high, unit, slip = "migration.multiplier", 1.0, -10.0, 10.0, "times", 100
    text_en, text_nb = "net international migration, multiplied", "nettoinnvandring, ganget med"
    excludes = ("migration.net",)

    @classmethod
    def apply(cls, draft: Draft, value: Series, name: str) -> None:
        factor = draft.fill(value, 1.0)[:, None, None]
        draft.net_international_migration = draft.net_international_migration * factor


class DeviationMultiplier(Knob):
    path, neutral, high, unit, slip = "migration.deviations", 1.0, 5.0, "times", 100
    text_en = "municipalities' deviations from the country's net migration, multiplied"
    text_nb = "kommunenes avvik fra landets nettoflytting, ganget med"

    @classmethod
    def apply(cls, draft: Draft, value: Series, name: str) -> None:
        draft.deviation_fade = draft.deviation_fade * draft.fill(value, 1.0)


class StreamKnob(Knob):
    """A number, a date or values by year of a stream; the draft of the stream calls it as the scenario does."""

    @classmethod
    def apply(cls, draft: Draft, value: Series | datetime.date, name: str) -> None:
        if isinstance(value, datetime.date):
            said: object = decimal_year(value)
        else:
            said = draft.fill(value, cls.neutral or 0.0) if cls.form == "series" else value.number
        setattr(draft.streams[name], cls.key(), said)


class StreamNet(StreamKnob):
    path, neutral, low, high, unit, slip = "streams.*.net", 0.0, -COUNT, COUNT, "persons per year", 1000
    text_en, text_nb = "net arrivals of the stream", "netto ankomster i strømmen"


class StreamStock(StreamKnob):
    path, form, neutral, high, unit = "streams.*.stock", "number", 0.0, 10 * COUNT, "persons"
    text_en = "persons of the stream who live in the country at launch and may return or move on"
    text_nb = "personer i strømmen som bor i landet ved start og kan vende tilbake eller flytte videre"


class StreamTiming(StreamKnob):
    path, form, neutral, high, unit, slip = "streams.*.timing", "number", 0.5, 1.0, "share", 100
    text_en = "mean share of the year of arrival that arrivals are resident (0.5: spread over the year)"
    text_nb = "gjennomsnittlig andel av ankomståret de er bosatt (0,5: jevnt over året)"


class StreamReturnRate(StreamKnob):
    path, neutral, high, unit, slip = "streams.*.return_rate", 0.0, 1.0, "share per year", 100
    text_en, text_nb = "share of the stream that returns each year", "andel av strømmen som vender tilbake hvert år"


class StreamReturnFrom(StreamKnob):
    path, form, unit = "streams.*.return_from", "date", "date"
    text_en, text_nb = "date on which returns begin", "dato da tilbakevending begynner"
    absent = ("at once", "straks")


class StreamReturnUntil(StreamKnob):
    path, form, unit = "streams.*.return_until", "date", "date"
    text_en, text_nb = "date on which returns end", "dato da tilbakevending slutter"
    absent = ("never", "aldri")


class StreamOnwardRate(StreamKnob):
    path, neutral, high, unit, slip = "streams.*.onward_rate", 0.0, 1.0, "share per year", 100
    text_en = "share of the stream that moves on from its first municipality each year"
    text_nb = "andel av strømmen som flytter videre fra første bosettingskommune hvert år"


class MunicipalNet(Knob):
    absent = ("what its rates give", "det ratene gir")
    path, low, high, unit = "municipalities.*.net", -COUNT, COUNT, "persons per year"
    text_en, text_nb = "net migration of the municipality, all kinds together", "samlet nettoflytting til kommunen"
    excludes = ("municipalities.*.extra_net",)

    @classmethod
    def apply(cls, draft: Draft, value: Series, name: str) -> None:
        draft.municipalities[name].net = draft.fill(value, np.nan)


class MunicipalExtraNet(Knob):
    path, neutral, low, high, unit = "municipalities.*.extra_net", 0.0, -COUNT, COUNT, "persons per year"
    text_en = "net migration of the municipality on top of what its rates give"
    text_nb = "nettoflytting til kommunen utover det ratene gir"

    @classmethod
    def apply(cls, draft: Draft, value: Series, name: str) -> None:
        draft.municipalities[name].extra_net = draft.fill(value, 0.0)


def decimal_year(date: datetime.date) -> float:
    """A date as years: 1 July 2028 is about 2028.5."""
    first = datetime.date(date.year, 1, 1)
    days = (datetime.date(date.year, 12, 31) - first).days + 1
    return date.year + (date - first).days / days


@dataclass(frozen=True)
class Wanted:
    """A life expectancy that a scenario names: its place among the years, and what reaches it; None where nothing does.

    In the launch year there is no decline yet: there death rates are multiplied by `level`, and those of all later
    years with them. `decline` is the factor on the logarithm of the decline since then.
    """

    year: int
    target: float
    level: float | None = None
    decline: float | None = None

    @property
    def is_reached(self) -> bool:
        """Whether something gives it."""
        return self.level is not None or self.decline is not None


def life_expectancies_wanted(draft: Draft, series: Series, sex: int) -> list[Wanted]:
    """What reaches the targets of a path, in all years of the data and not only up to the horizon.

    A plain number is the target of the last year before the horizon.
    """
    ahead = draft.ahead
    targets = np.full(len(ahead.years), np.nan)
    if series.number is None:
        targets = series.fill(ahead.years, np.nan)
    else:
        targets[len(draft.years) - 1] = series.number
    prob, newborn = ahead.death_prob[:, sex], ahead.newborn_survival_prob[:, sex]
    wanted = []
    if np.isfinite(targets[0]):
        level = level_that_reaches(float(targets[0]), (prob[0], float(newborn[0])), draft.interval)
        wanted.append(Wanted(0, float(targets[0]), level=level))
        if level is not None:
            prob = scaled_level(prob, np.array(level))
            newborn = lived_through(newborn, scaled_level, np.array(level))
    first = prob[0], float(newborn[0])
    for t in np.flatnonzero(np.isfinite(targets[1:])) + 1:
        then = prob[t], float(newborn[t])
        factor = decline_that_reaches(float(targets[t]), first, then, draft.interval)
        wanted.append(Wanted(int(t), float(targets[t]), decline=factor))
    return wanted


def set_decline(draft: Draft, factor: np.ndarray) -> None:
    """Multiply the log decline of a draft's death rates, newborns included, by a factor (T, S)."""
    draft.death_prob = scaled_decline(draft.death_prob, factor[:, :, None])
    draft.newborn_survival_prob = lived_through(draft.newborn_survival_prob, scaled_decline, factor)


def _both(draft: Draft, value: BySex, neutral: float) -> np.ndarray:
    """A value by sex on the years of a draft, (T, S)."""
    named = dict(value.items())
    return np.stack([draft.fill(named.get(sex, Series(number=neutral)), neutral) for sex in SEXES], axis=1)


UNITS_NB = {
    "children per woman": "barn per kvinne", "times": "ganger", "years": "år", "persons per year": "personer per år",
    "births per woman-year": "fødsler per kvinneår", "deaths per person-year": "døde per personår",
    "probability": "sannsynlighet", "persons": "personer", "share": "andel", "share per year": "andel per år",
    "per cent": "prosent", "per cent per year": "prosent per år", "places": "plasser", "kr": "kr", "date": "",
}  # fmt: skip
