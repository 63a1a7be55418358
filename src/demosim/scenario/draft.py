"""National schedules as plain arrays, ready for knobs to change: the numeric side of a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from demosim.scenario.series import Series


@dataclass
class StreamDraft:
    """One named stream: net persons per year and what happens to them (T years, S sexes, A ages at the end)."""

    profile: np.ndarray  # (S, A), sums to one
    key: np.ndarray  # (M,)
    onward_key: np.ndarray  # (M,)
    net: np.ndarray  # (T,) persons per year
    stock: float = 0.0  # persons on 1 January of the launch year
    timing: float = 0.5  # mean share of the year of arrival that arrivals are resident
    return_rate: np.ndarray | None = None  # (T,) per year
    return_from: float | None = None  # decimal year
    return_until: float | None = None
    onward_rate: np.ndarray | None = None  # (T,) per year
    moves_on: bool = False  # has a flow onward also where no one moves, for the sake of other scenarios of a sweep


@dataclass
class MunicipalDraft:
    """Net migration of one municipality: a number on top of what its rates give, or the number that it shall be."""

    number: str
    key: np.ndarray  # (M,) one at the municipality
    others: np.ndarray | None  # (M,) from whom it is taken; None where the country's total changes
    extra_net: np.ndarray  # (T,) persons per year
    net: np.ndarray | None = None  # (T,) persons per year that net migration is brought to; nan where it is free
    always: bool = False  # has flows also where nothing is added, for the sake of other scenarios of a sweep


@dataclass(frozen=True)
class Ahead:
    """Mortality in all years of the data from the launch on, also those after the horizon."""

    years: np.ndarray  # (U,)
    death_prob: np.ndarray  # (U, S, A)
    newborn_survival_prob: np.ndarray  # (U, S)


@dataclass
class Draft:
    """Everything that knobs may change. Arrays are replaced, never written to: they may belong to the baseline."""

    years: np.ndarray  # (T,) first year of each interval
    ages: np.ndarray  # (A,)
    interval: int
    male_birth_share: float
    death_prob: np.ndarray  # (T, S, A)
    newborn_survival_prob: np.ndarray  # (T, S)
    total_fertility_rate: np.ndarray  # (T,)
    fertility_schedule: np.ndarray  # (T, A)
    net_international_migration: np.ndarray  # (T, S, A) persons in the interval
    ordinary_profile: np.ndarray  # (S, A)
    deviation_fade: np.ndarray  # (P, T)
    fixed: dict[str, np.ndarray]  # what no knob changes, by name
    ahead: Ahead  # as the variant has it, before any knob
    streams: dict[str, StreamDraft] = field(default_factory=dict)
    municipalities: dict[str, MunicipalDraft] = field(default_factory=dict)

    def fill(self, series: Series, otherwise: np.ndarray | float) -> np.ndarray:
        """A series on the years of this draft."""
        return series.fill(self.years, otherwise)

    def copy(self) -> Draft:
        """A draft of its own that shares the arrays."""
        streams = {name: replace(stream) for name, stream in self.streams.items()}
        places = {number: replace(place) for number, place in self.municipalities.items()}
        return replace(self, streams=streams, municipalities=places)
