"""Named streams: who arrives, who returns, who moves on. National arithmetic; municipalities come by the key."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demosim.scenario.draft import Draft, MunicipalDraft, StreamDraft


@dataclass(frozen=True)
class Flow:
    """Persons per interval by sex and age at its end (T, S, A), and the key by which inflow goes to municipalities.

    Inflow below zero leaves the municipalities of the key; outflow leaves all municipalities by their survivors.
    """

    name: str
    inflow: np.ndarray
    outflow: np.ndarray
    key: np.ndarray
    early: np.ndarray | None = None  # (T, S, A) persons on 1 July beyond half of the year's; None for nobody


def stream_flows(draft: Draft, name: str, fertility_rate: np.ndarray) -> list[Flow]:
    """The flows of one stream: arrivals less returns, and moves onward from the first municipality where there are any.

    Cells of net arrivals below zero, and returns, are outflow. The number `net` is what is left at the end of the
    year of arrival when arrivals are spread evenly over it, so no one returns or moves on in that year. Those who come
    earlier have more children and deaths before its end, and are more on 1 July; those who come later fewer. Those who
    leave do so evenly.
    """
    stream = draft.streams[name]
    arrivals = (stream.net * draft.interval)[:, None, None] * stream.profile
    newborn, early = None, None
    if stream.timing != 0.5:
        beyond = stream.timing - 0.5
        come = np.maximum(arrivals, 0.0)
        newborn = _births_of_arrivals(draft, beyond * come, fertility_rate)
        arrivals = arrivals - beyond * come * _death_prob_by_age_at_end(draft)
        early = beyond * np.maximum(arrivals, 0.0)
    inflow = np.maximum(arrivals, 0.0)
    outflow = inflow - arrivals
    if newborn is not None:
        inflow[:, :, 0] += np.maximum(newborn, 0.0)  # below zero: children who are not born
        outflow[:, :, 0] += np.maximum(-newborn, 0.0)
    moves_on = stream.moves_on or stream.onward_rate is not None
    if stream.return_rate is None and not moves_on:
        return [Flow(name, inflow, outflow, stream.key, early)]
    returns, moves = _leavers(draft, stream, arrivals)
    outflow += returns
    if moves is None:
        return [Flow(name, inflow, outflow, stream.key, early)]
    onward = Flow(f"{name}, onward", moves, np.zeros_like(moves), stream.onward_key)
    return [Flow(name, inflow - moves, outflow, stream.key, early), onward]


def municipal_flows(draft: Draft, place: MunicipalDraft) -> list[Flow]:
    """Net migration on top for one municipality, by the ordinary age profile, with or without taking it from others."""
    inflow = (place.extra_net * draft.interval)[:, None, None] * draft.ordinary_profile
    none = np.zeros_like(inflow)
    flows = [Flow(f"net {place.number}", inflow, none, place.key)]
    if place.others is not None:
        flows.append(Flow(f"net {place.number}, others", -inflow, none, place.others))
    return flows


def interval_prob(rate: np.ndarray, interval: int, exposed: np.ndarray | float = 1.0) -> np.ndarray:
    """Probability over an interval from a yearly share, where only part of the interval is exposed."""
    result: np.ndarray = 1.0 - (1.0 - rate) ** (interval * exposed)
    return result


def exposed_share(years: np.ndarray, interval: int, begin: float | None, end: float | None) -> np.ndarray:
    """Share of each interval that lies between two dates, in decimal years; None leaves that side open.

    >>> exposed_share(np.array([2027, 2028, 2029]), 1, 2028.5, None)
    array([0. , 0.5, 1. ])
    """
    first = years.astype(float)
    start = first if begin is None else np.maximum(first, begin)
    stop = first + interval if end is None else np.minimum(first + interval, end)
    result: np.ndarray = np.clip((stop - start) / interval, 0.0, 1.0)
    return result


def _leavers(draft: Draft, stream: StreamDraft, arrivals: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns and moves onward by interval: shares of the stream's survivors of the stock at the interval's start.

    The stock ages and dies as the country does; children born to it here are not of the stream. Those who have moved
    on return at the same rate as those who have not.
    """
    none = np.zeros(len(draft.years))
    exposed = exposed_share(draft.years, draft.interval, stream.return_from, stream.return_until)
    going_back = interval_prob(none if stream.return_rate is None else stream.return_rate, draft.interval, exposed)
    survival = 1.0 - draft.death_prob
    stock = np.maximum(stream.stock * stream.profile, 0.0)
    if stream.onward_rate is None and not stream.moves_on:
        return _shares_of_stock(stock, arrivals, survival, going_back, going_back), None
    moving_on = interval_prob(none if stream.onward_rate is None else stream.onward_rate, draft.interval)
    staying = (1.0 - going_back) * (1.0 - moving_on)
    settled = _shares_of_stock(stock, arrivals, survival, np.ones_like(none), 1.0 - staying)
    moves = settled * ((1.0 - going_back) * moving_on)[:, None, None]
    everyone = _shares_of_stock(stock, arrivals, survival, going_back, going_back)
    return everyone, moves


def _shares_of_stock(
    stock: np.ndarray, arrivals: np.ndarray, survival: np.ndarray, share: np.ndarray, leaving: np.ndarray
) -> np.ndarray:
    """A share of the survivors in each interval of a stock that loses `leaving` of them and gains arrivals."""
    result = np.zeros_like(arrivals)
    for t in range(len(arrivals)):
        survivors = result[t]
        alive = stock * survival[t]
        survivors[:, 1:] = alive[:, :-1]  # one class older; the two oldest meet in the open one
        survivors[:, -1] += alive[:, -1]
        stock = survivors * (1.0 - leaving[t]) + arrivals[t]
        np.maximum(stock, 0.0, out=stock)
        survivors *= share[t]
    return result


def _death_prob_by_age_at_end(draft: Draft) -> np.ndarray:
    """Probability to die in the interval (T, S, A) by age at its end; in the open age the mean of both it is of."""
    result = np.empty_like(draft.death_prob)
    result[:, :, 0] = 1.0 - draft.newborn_survival_prob
    result[:, :, 1:] = draft.death_prob[:, :, :-1]
    result[:, :, -1] = draft.death_prob[:, :, -2:].mean(2)
    return result


def _births_of_arrivals(draft: Draft, beyond: np.ndarray, fertility_rate: np.ndarray) -> np.ndarray:
    """Survivors at the interval's end (T, S) of births to arrivals who are there for more than half an interval.

    beyond: (T, S, A) intervals lived beyond half of one, by all arrivals together.
    """
    births = draft.interval * (fertility_rate * beyond[:, 1, :]).sum(1)
    share = np.array([draft.male_birth_share, 1.0 - draft.male_birth_share])
    result: np.ndarray = births[:, None] * share * draft.newborn_survival_prob
    return result
