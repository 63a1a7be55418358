"""Baseline and scenario brought together: everything that knobs do not change, as plain arrays, checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from demosim.axes import SEXES
from demosim.errors import Problem
from demosim.scenario.check import check_numbers, flow_years, knob_keys
from demosim.scenario.control import ControlTotal
from demosim.scenario.draft import Ahead, Draft, MunicipalDraft, StreamDraft
from demosim.scenario.fiscal_files import check_fiscal
from demosim.scenario.forms import BySex, Report, Value
from demosim.scenario.knobs import LifeExpectancy, life_expectancies_wanted
from demosim.scenario.places import Gazetteer
from demosim.scenario.series import Series, year_range
from demosim.scenario.shares import age_classes, municipality_number, profile_shares, settlement_shares
from demosim.scenario.spec import Spec
from demosim.scenario.toml_lines import KeyPath
from demosim.variables import REGISTRY

ORDINARY = "ordinary"
FIXED = (
    "jump_off_population", "fertility_factor", "net_migration_deviation", "deviation_band", "out_move_prob",
    "in_move_share", "destination_share", "move_band",
)  # fmt: skip
THEIRS = {"jump_off_population": "population"}  # what the data set calls it


@dataclass
class Memory:
    """What the last set of knob values gave, so that scenarios that share an array share its memory too."""

    flows: tuple[tuple[tuple[str, Value], ...], tuple[list[str], dict[str, np.ndarray]]] | None = None
    keys: tuple[tuple[int, ...], np.ndarray] | None = None


@dataclass(frozen=True)
class Prepared:
    """A scenario that fits its baseline. `draft` has no knob applied; it is copied for every set of knob values."""

    baseline: xr.Dataset
    spec: Spec
    draft: Draft
    fertility_rate: np.ndarray  # (T, A) before any knob
    names: Gazetteer
    places: dict[str, str]  # municipalities as the scenario writes them, with their numbers
    controls: tuple[ControlTotal, ...]
    memory: Memory = field(default_factory=Memory)


def prepare(baseline: xr.Dataset, spec: Spec, varied: Iterable[str] = ()) -> Prepared:
    """The third pass over a scenario, and what it is made of.

    `varied`: dotted paths that a sweep will set; the arrays of all its scenarios then have the same streams.

    Raises a `DemosimError` (2) with every value out of bounds, year outside the data, collision, and name that the
    baseline does not have.
    """
    report = Report(spec.file, spec.lines)
    names = Gazetteer(baseline)
    check_numbers(spec, baseline, report)
    streams = {name: _stream(name, baseline, spec, names, report) for name in spec.streams}
    places = _municipalities(baseline, spec, names, report)
    controls = _controls(baseline, spec, names, report)
    _costs(spec, report)
    check_fiscal(spec.fiscal, names, report)
    report.raise_if_any()
    draft = national_draft(baseline, spec)
    draft.streams = {name: stream for name, stream in streams.items() if stream is not None}
    for text, number in places.items():
        draft.municipalities[text] = _municipal(baseline, spec, number, text, len(draft.years))
    for path in varied:
        section, name, key = (*path.split(".", 2), "", "")[:3]
        if section == "streams" and key.startswith("onward_rate"):
            draft.streams[name].moves_on = True
        if section == "municipalities":
            draft.municipalities[name].always = True
    _reachable(spec, draft, report)
    report.raise_if_any()
    fertility_rate = draft.total_fertility_rate[:, None] * draft.fertility_schedule
    return Prepared(baseline, spec, draft, fertility_rate, names, places, controls)


def national_draft(baseline: xr.Dataset, spec: Spec) -> Draft:
    """The national paths of the variants that a scenario names, from launch to horizon, and the municipal arrays."""
    interval = int(baseline.attrs["interval_years"])
    all_years = flow_years(baseline)
    years = all_years[all_years < spec.horizon]
    before = int((baseline["year"] < years[0]).sum())
    variants = [str(name) for name in baseline["variant"].values]

    def path(name: str, variant: str) -> np.ndarray:
        array = baseline[name].transpose("variant", "year", ...)
        values: np.ndarray = array.values[variants.index(variant), before:]
        return values

    mortality = spec.variant.mortality
    ahead = Ahead(all_years, path("death_prob", mortality), path("newborn_survival_prob", mortality))
    steps = slice(len(years))
    half_life = np.asarray(baseline["deviation_half_life"].values, dtype=float)
    elapsed = years - int(baseline.attrs["launch_year"])
    profiles = [str(name) for name in baseline["profile"].values]
    return Draft(
        years=years, ages=np.asarray(baseline["age"].values), interval=interval,
        male_birth_share=float(baseline.attrs["male_birth_share"]),
        death_prob=ahead.death_prob[steps],
        newborn_survival_prob=ahead.newborn_survival_prob[steps],
        total_fertility_rate=path("total_fertility_rate", spec.variant.fertility)[steps],
        fertility_schedule=path("fertility_schedule", spec.variant.fertility)[steps],
        net_international_migration=path("net_international_migration", spec.variant.migration)[steps],
        ordinary_profile=baseline["migration_profile"].values[profiles.index(ORDINARY) if ORDINARY in profiles else 0],
        deviation_fade=0.5 ** (elapsed / half_life[:, None]),
        fixed={
            name: baseline[THEIRS.get(name, name)].transpose(*REGISTRY[name].dims).values
            for name in FIXED if THEIRS.get(name, name) in baseline
        },
        ahead=ahead,
    )  # fmt: skip


def _stream(name: str, baseline: xr.Dataset, spec: Spec, names: Gazetteer, report: Report) -> StreamDraft | None:
    stream, path = spec.streams[name], ("streams", name)
    profile = profile_shares(stream.profile, (*path, "profile"), baseline, report)
    key = settlement_shares(stream.settlement, (*path, "settlement"), baseline, names, report)
    onward = settlement_shares(stream.onward_settlement, (*path, "onward_settlement"), baseline, names, report)
    if profile is None or key is None or onward is None:
        return None
    return StreamDraft(profile, key, onward, net=np.zeros(int((flow_years(baseline) < spec.horizon).sum())))


def _municipalities(baseline: xr.Dataset, spec: Spec, names: Gazetteer, report: Report) -> dict[str, str]:
    """Numbers of the municipalities that a scenario speaks of, by the text it uses."""
    sizes = baseline["population"].sum(("sex", "age")).values
    found: dict[str, str] = {}
    for text in spec.municipalities:
        path = ("municipalities", text)
        number = municipality_number(names, text, path, report)
        if number is None:
            continue
        if number in found.values():
            report.add("repeated_municipality", path, f"{names.label(number)} is named twice")
        found[text] = number
        most = float(sizes[names.index[number]])
        for knob in ("net", "extra_net"):
            value = spec.knobs.get(f"municipalities.{text}.{knob}")
            for key, net in value.values() if isinstance(value, Series) else ():
                if abs(net) > most:
                    what = f"{net:g} persons per year are more than the {most:,.0f} who live there".replace(",", " ")
                    report.add("out_of_bounds", (*path, knob, *([key] if key else [])), what)
        if spec.control and f"municipalities.{text}.net" in spec.knobs:
            report.add("collision", (*path, "net"), "sets what [[control]] sets too", "keep one of the two")
    return found


def _municipal(baseline: xr.Dataset, spec: Spec, number: str, text: str, steps: int) -> MunicipalDraft:
    key = (baseline["municipality"].values == number).astype(float)
    sizes = baseline["population"].sum(("sex", "age")).values * (1.0 - key)
    others = sizes / sizes.sum() if spec.municipalities[text].take_from_others and sizes.sum() > 0 else None
    return MunicipalDraft(number, key, others, np.zeros(steps))


def _controls(baseline: xr.Dataset, spec: Spec, names: Gazetteer, report: Report) -> tuple[ControlTotal, ...]:
    """Control totals with the municipalities, ages and dates that they speak of."""
    ages = np.asarray(baseline["age"].values)
    interval = int(baseline.attrs["interval_years"])
    result = []
    for order, control in enumerate(spec.control):
        path: KeyPath = ("control", order)
        classes = age_classes(control.ages, (*path, "ages"), ages, interval, report)
        places = np.ones(len(names.numbers), dtype=bool)
        if control.county is not None:
            county = names.county_number(control.county)
            if isinstance(county, Problem):
                report.add_problem(county, (*path, "county"))
            else:
                places = np.array([names.county[number] == county for number in names.numbers])
        totals = _totals_by_date(control.population, (*path, "population"), flow_years(baseline) + interval, report)
        if classes is not None:
            result.append(ControlTotal(f"{control.county or 'country'} {control.ages}", places, classes, totals))
    return tuple(result)


def _totals_by_date(written: dict[str, float], path: KeyPath, dates: np.ndarray, report: Report) -> dict[int, float]:
    totals: dict[int, float] = {}
    for key, persons in written.items():
        here = (*path, key)
        span = year_range(key)
        if span is None or span[0] != span[1]:
            report.add("bad_year_key", here, f'"{key}" is not a year', "one year, whose 1 January is meant")
        elif span[0] not in dates:
            report.add("year_outside", here, f"{key} is outside the data", f"1 January of {dates[0]} to {dates[-1]}")
        elif persons < 0:
            report.add("negative_value", here, f"{persons:g} persons is negative", None, f"{-persons:g}")
        else:
            totals[span[0]] = persons
    return totals


def _costs(spec: Spec, report: Report) -> None:
    bands = spec.costs.bands
    if bands is not None and (not bands or bands[0] != 0 or sorted(set(bands)) != bands):
        report.add("bad_age_band", ("costs", "bands"), "lower bounds must rise from 0", "[0, 6, 16, 19, 67, 80, 90]")
    for year in spec.costs.price_growth or {}:
        if not (len(year) == 4 and year.isascii() and year.isdigit()):
            here = ("costs", "price_growth", year)
            report.add("bad_year_key", here, f'"{year}" is not a year', "a year such as 2027")


def _reachable(spec: Spec, draft: Draft, report: Report) -> None:
    """Life expectancies that no scaling of the decline gives."""
    value = spec.knobs.get(LifeExpectancy.path)
    if not isinstance(value, BySex):
        return
    for sex, series in value.items():
        for wanted in life_expectancies_wanted(draft, series, SEXES.index(sex)):
            if not wanted.is_reached:
                year = draft.ahead.years[wanted.year]
                how = "factor on death rates" if wanted.year == 0 else "scaling of the decline of death rates"
                what = f"no {how} gives {wanted.target:g} years ({sex}, {year})"
                report.add("unreachable", (*knob_keys(LifeExpectancy, ""), sex), what, "a later year or a nearer value")
