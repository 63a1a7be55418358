"""Baseline and scenario to assumptions: the arrays of a projection, the resolved form, what was changed, a digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from demosim.scenario.control import ControlTotal, NetTarget
from demosim.scenario.document import change_log, digest_of, document_of
from demosim.scenario.draft import Draft
from demosim.scenario.forms import Value
from demosim.scenario.knobs import Knob, find_knob, list_knobs
from demosim.scenario.prepare import Prepared, prepare
from demosim.scenario.series import Series
from demosim.scenario.spec import Spec
from demosim.scenario.streams import Flow, municipal_flows, stream_flows
from demosim.variables import REGISTRY

_BIRTHS = ("total_fertility_rate", "fertility_schedule")
_NATIONAL = ("fertility.", "mortality.", "migration.")  # knobs that act on streams only through rates
_COORDS = ("municipality", "sex", "age", "age_end_of_year", "part", "band", "destination_band", "origin")
_NAMES = ("municipality_name", "municipality_name_official", "county", "county_name", "landsdel")


@dataclass(frozen=True)
class Resolved:
    """A scenario with every value filled in.

    `assumptions`: what the projection takes. `document`: the resolved form, itself a scenario of the same effect.
    `controls`, `nets`: what is met while projecting, see `demosim.scenario.control`; empty for most scenarios.
    `log`: what differs from the baseline, in words, by language. `digest`: sha256 of document and baseline.
    """

    assumptions: xr.Dataset
    document: dict[str, Any]
    log: dict[str, list[str]]
    digest: str
    controls: tuple[ControlTotal, ...] = ()
    nets: tuple[NetTarget, ...] = ()


def resolve(baseline: xr.Dataset, spec: Spec) -> Resolved:
    """The assumptions of a scenario on its baseline.

    Raises a `DemosimError` (2) with all problems of the third pass (see `prepare`).
    """
    prepared = prepare(baseline, spec)
    names, arrays = assemble(prepared, spec.knobs)
    document = document_of(prepared, arrays, names)
    digest = digest_of(document)
    assumptions = labelled(prepared, names, arrays).assign_attrs(digest=digest)
    return Resolved(assumptions, document, change_log(prepared), digest, prepared.controls, _nets(prepared))


def _nets(prepared: Prepared) -> tuple[NetTarget, ...]:
    """Net migration that municipalities shall have."""
    draft = prepared.draft
    series = {number: prepared.spec.knobs.get(f"municipalities.{text}.net") for text, number in prepared.places.items()}
    return tuple(
        NetTarget(number, draft.fill(persons, np.nan), draft.ordinary_profile)
        for number, persons in series.items()
        if isinstance(persons, Series)
    )


def assemble(prepared: Prepared, knobs: Mapping[str, Value]) -> tuple[list[str], dict[str, np.ndarray]]:
    """Names of the streams, and all arrays of the assumptions for one set of knob values; dims as in the registry.

    Streams are a scenario's own, their moves onward, and net flows of municipalities. Municipal arrays are the
    baseline's own, not copies, and arrays that a set of values has in common with the last one are the same objects:
    write to none of them. Knobs at their neutral value are passed over.
    """
    base = prepared.draft
    draft = base.copy()
    for knob, name, value in in_order(knobs):
        if not knob.is_neutral(value):
            knob.apply(draft, value, name)
    fertility_rate = prepared.fertility_rate
    same_births = all(getattr(draft, name) is getattr(base, name) for name in _BIRTHS)
    if not same_births:
        fertility_rate = draft.total_fertility_rate[:, None] * draft.fertility_schedule
    names, streams = _streams(prepared, draft, fertility_rate, knobs, same_births)
    return names, {
        **draft.fixed,
        "death_prob": draft.death_prob,
        "newborn_survival_prob": draft.newborn_survival_prob,
        "fertility_rate": fertility_rate,
        "net_international_migration": draft.net_international_migration,
        **streams,
        "deviation_fade": draft.deviation_fade,
    }


def _streams(
    prepared: Prepared, draft: Draft, fertility_rate: np.ndarray, knobs: Mapping[str, Value], same_births: bool
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Names and arrays of all flows; the last ones again where nothing that they depend on has changed."""
    asked: tuple[tuple[str, Value], ...] | None = None
    if same_births and draft.death_prob is prepared.draft.death_prob:
        asked = tuple(item for item in knobs.items() if not item[0].startswith(_NATIONAL))
    remembered = prepared.memory.flows
    if remembered is not None and remembered[0] == asked:
        return remembered[1]
    flows: list[Flow] = []
    for name in draft.streams:
        flows += stream_flows(draft, name, fertility_rate)
    for place in draft.municipalities.values():
        if place.always or place.net is not None or place.extra_net.any():
            flows += municipal_flows(draft, place)
    none = np.zeros((0, *draft.net_international_migration.shape))
    found = {
        "stream_inflow": np.stack([flow.inflow for flow in flows]) if flows else none,
        "stream_outflow": np.stack([flow.outflow for flow in flows]) if flows else none,
        "settlement_key": _keys(prepared, flows),
    }
    if any(flow.early is not None for flow in flows):
        found["stream_early"] = np.stack([0.0 * flow.inflow if flow.early is None else flow.early for flow in flows])
    result = [flow.name for flow in flows], found
    if asked is not None:
        prepared.memory.flows = (asked, result)
    return result


def _keys(prepared: Prepared, flows: list[Flow]) -> np.ndarray:
    """Keys of all flows; the last array again where the keys are the same."""
    which = tuple(id(flow.key) for flow in flows)  # the keys live as long as what was prepared
    remembered = prepared.memory.keys
    if remembered is not None and remembered[0] == which:
        return remembered[1]
    municipalities = prepared.draft.fixed["fertility_factor"].shape[0]
    keys = np.stack([flow.key for flow in flows]) if flows else np.zeros((0, municipalities))
    prepared.memory.keys = (which, keys)
    return keys


def in_order(knobs: Mapping[str, Value]) -> list[tuple[type[Knob], str, Value]]:
    """Knobs with their names and values, in the order in which they act."""
    rank = {knob: place for place, knob in enumerate(list_knobs())}
    found = [(*match, value) for path, value in knobs.items() if (match := find_knob(path)) is not None]
    return sorted(found, key=lambda item: rank[item[0]])


def labelled(prepared: Prepared, names: list[str], arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
    """The arrays as a dataset, with labels, place names and attributes of the baseline."""
    baseline, spec = prepared.baseline, prepared.spec
    coords: dict[str, Any] = {name: baseline[name].values for name in _COORDS if name in baseline.coords}
    coords["year"] = prepared.draft.years
    coords["stream"] = np.array(names, dtype=np.str_)
    coords |= {name: ("municipality", baseline[name].values) for name in _NAMES}
    attrs = {
        "launch_year": int(baseline.attrs["launch_year"]), "horizon": spec.horizon,
        "interval_years": prepared.draft.interval, "male_birth_share": prepared.draft.male_birth_share,
        "scenario": spec.name, "title": spec.title, "price_year": spec.price_year,
        "baseline": str(baseline.attrs.get("name", spec.baseline)),
        "baseline_digest": str(baseline.attrs.get("digest", "")), "currency": str(baseline.attrs.get("currency", "kr")),
        **{key: str(baseline.attrs[key]) for key in ("sources",) if key in baseline.attrs},
    }  # fmt: skip
    return xr.Dataset({name: (REGISTRY[name].dims, values) for name, values in arrays.items()}, coords, attrs)
