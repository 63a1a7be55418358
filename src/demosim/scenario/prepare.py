"""Baseline and scenario brought together: everything that knobs do not change, as plain arrays, checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.errors import Problem, did_you_mean
from demosim.scenario.bands import band_members, parse_band
from demosim.scenario.check import check_numbers, flow_years, knob_keys
from demosim.scenario.control import ControlTotal
from demosim.scenario.draft import Draft, MunicipalDraft, StreamDraft
from demosim.scenario.forms import SEXES, BySex, Report
from demosim.scenario.knobs import LifeExpectancy, declines_wanted
from demosim.scenario.places import Gazetteer
from demosim.scenario.series import Series, year_range
from demosim.scenario.spec import Bands, Spec
from demosim.scenario.toml_lines import KeyPath

ORDINARY = "ordinary"
TOLERANCE = 1e-6  # of a profile's sum, which must be one


@dataclass(frozen=True)
class Prepared:
    """A scenario that fits its baseline. `draft` has no knob applied; it is copied for every set of knob values."""

    baseline: xr.Dataset
    spec: Spec
    draft: Draft
    names: Gazetteer
    places: dict[str, str]  # municipalities as the scenario writes them, with their numbers
    controls: tuple[ControlTotal, ...]


def prepare(baseline: xr.Dataset, spec: Spec) -> Prepared:
    """The third pass over a scenario, and what it is made of.

    Raises a `DemosimError` (2) with every value out of bounds, year outside the data, collision, and name that the
    baseline does not have.
    """
    report = Report(spec.file, spec._lines)
    names = Gazetteer(baseline)
    check_numbers(spec, baseline, report)
    streams = {name: _stream(name, baseline, spec, names, report) for name in spec.streams}
    places = _municipalities(baseline, spec, names, report)
    controls = _controls(baseline, spec, names, report)
    _costs(spec, report)
    report.raise_if_any()
    draft = national_draft(baseline, spec)
    draft.streams = {name: stream for name, stream in streams.items() if stream is not None}
    for text, number in places.items():
        draft.municipalities[text] = _municipal(baseline, spec, number, text, len(draft.years))
    _reachable(spec, draft, report)
    report.raise_if_any()
    return Prepared(baseline, spec, draft, names, places, controls)


def national_draft(baseline: xr.Dataset, spec: Spec) -> Draft:
    """The national paths of the variants that a scenario names, from launch to horizon, and the municipal arrays."""
    interval = int(baseline.attrs["interval_years"])
    years = flow_years(baseline)
    years = years[years < spec.horizon]
    before = int((baseline["year"] < years[0]).sum())
    variants = [str(name) for name in baseline["variant"].values]

    def path(name: str, variant: str) -> np.ndarray:
        array = baseline[name].transpose("variant", "year", ...)
        values: np.ndarray = array.values[variants.index(variant), before : before + len(years)]
        return values

    passed = {
        "jump_off_population": ("population", ("municipality", "sex", "age")),
        "fertility_factor": ("fertility_factor", ("municipality",)),
        "net_migration_deviation": ("net_migration_deviation", ("part", "band", "municipality")),
        "deviation_band": ("deviation_band", ("sex", "age_end_of_year")),
    }
    half_life = np.asarray(baseline["deviation_half_life"].values, dtype=float)
    elapsed = years - int(baseline.attrs["launch_year"])
    profiles = [str(name) for name in baseline["profile"].values]
    return Draft(
        years=years, ages=np.asarray(baseline["age"].values), interval=interval,
        male_birth_share=float(baseline.attrs["male_birth_share"]),
        death_prob=path("death_prob", spec.variant.mortality),
        newborn_survival_prob=path("newborn_survival_prob", spec.variant.mortality),
        total_fertility_rate=path("total_fertility_rate", spec.variant.fertility),
        fertility_schedule=path("fertility_schedule", spec.variant.fertility),
        net_international_migration=path("net_international_migration", spec.variant.migration),
        ordinary_profile=baseline["migration_profile"].values[profiles.index(ORDINARY) if ORDINARY in profiles else 0],
        deviation_fade=0.5 ** (elapsed / half_life[:, None]),
        fixed={ours: baseline[theirs].transpose(*dims).values for ours, (theirs, dims) in passed.items()},
    )  # fmt: skip


def _stream(name: str, baseline: xr.Dataset, spec: Spec, names: Gazetteer, report: Report) -> StreamDraft | None:
    stream, path = spec.streams[name], ("streams", name)
    profile = _profile(stream.profile, (*path, "profile"), baseline, report)
    key = _settlement(stream.settlement, (*path, "settlement"), baseline, names, report)
    onward = _settlement(stream.onward_settlement, (*path, "onward_settlement"), baseline, names, report)
    if profile is None or key is None or onward is None:
        return None
    return StreamDraft(profile, key, onward, net=np.zeros(int((flow_years(baseline) < spec.horizon).sum())))


def _profile(profile: str | Bands, path: KeyPath, baseline: xr.Dataset, report: Report) -> np.ndarray | None:
    """Shares by sex and age: one of the baseline's, or the user's own bands spread evenly over their ages."""
    if isinstance(profile, Bands):
        return _own_profile(profile, path, baseline, report)
    known = [str(name) for name in baseline["profile"].values]
    if profile not in known:
        what = f'the baseline has no profile "{profile}"'
        report.add("unknown_profile", path, what, ", ".join(known), did_you_mean(profile, known))
        return None
    values: np.ndarray = baseline["migration_profile"].transpose("profile", "sex", ...).values[known.index(profile)]
    return values


def _own_profile(bands: Bands, path: KeyPath, baseline: xr.Dataset, report: Report) -> np.ndarray | None:
    ages = np.asarray(baseline["age"].values)
    interval = int(baseline.attrs["interval_years"])
    result = np.zeros((len(SEXES), len(ages)))
    before = len(report.group.problems)
    for s, sex in enumerate(SEXES):
        taken = np.zeros(len(ages), dtype=bool)
        for text, share in getattr(bands, sex).items():
            members = age_classes(text, (*path, sex, text), ages, interval, report)
            if members is None:
                continue
            if (members & taken).any():
                report.add("overlapping_ages", (*path, sex, text), f"{text} has ages in common with another band")
            taken |= members
            result[s] += share * members / members.sum()
    total = result.sum()
    if len(report.group.problems) > before:
        return None
    if abs(total - 1.0) > TOLERANCE:
        report.add("shares_sum", path, f"the shares sum to {total:.6g}", "both sexes together must sum to 1")
        return None
    return result


def age_classes(text: str, path: KeyPath, ages: np.ndarray, interval: int, report: Report) -> np.ndarray | None:
    """Members of an age band that the user wrote; None, with the problem noted, where it is none or cuts a class."""
    band = parse_band(text)
    if band is None:
        report.add("bad_age_band", path, f'"{text}" is not an age band', "such as 0-5, 80+ or 7")
        return None
    members = band_members(ages, interval, *band)
    if members is None:
        edges = ", ".join(str(age) for age in ages[:4])
        what = f"{text} does not begin and end with the age classes of the data"
        report.add("bad_age_band", path, what, f"classes begin at {edges} ... {ages[-1]}")
    return members


def _settlement(
    setting: str | list[str] | dict[str, float], path: KeyPath, baseline: xr.Dataset, names: Gazetteer, report: Report
) -> np.ndarray | None:
    """Shares over municipalities: a key of the baseline, the user's weights, or a list shared by population."""
    if isinstance(setting, str):
        known = [str(name) for name in baseline["settlement"].values]
        if setting in known:
            values: np.ndarray = baseline["settlement_key"].transpose("settlement", ...).values[known.index(setting)]
            return values
        what = f'the baseline has no settlement key "{setting}"'
        allowed = f"{', '.join(known)}, or a table of municipalities and weights"
        report.add("unknown_settlement", path, what, allowed, did_you_mean(setting, known))
        return None
    sizes = baseline["population"].sum(("sex", "age")).values
    entries = list(setting.items()) if isinstance(setting, dict) else [(text, np.nan) for text in setting]
    result = np.zeros(len(names.numbers))
    before = len(report.group.problems)
    for order, (text, weight) in enumerate(entries):
        here = (*path, text if isinstance(setting, dict) else order)
        number = _number(names, text, here, report)
        if number is None:
            continue
        place = names.index[number]
        if result[place]:
            report.add("repeated_municipality", here, f"{names.label(number)} is named twice")
        if weight < 0:
            report.add("negative_value", here, f"{weight:g} is a negative weight", None, f"{-weight:g}")
        result[place] = sizes[place] if np.isnan(weight) else weight
    if len(report.group.problems) > before:
        return None
    if not result.sum() > 0:
        report.add("zero_sum", path, "no municipality has a weight above zero")
        return None
    shares: np.ndarray = result / result.sum()
    return shares


def _number(names: Gazetteer, text: str, path: KeyPath, report: Report) -> str | None:
    """The number of a municipality; None, with the problem noted, where the text names none or several."""
    found = names.municipality(text)
    if isinstance(found, Problem):
        report.add(found.code, path, found.what, found.allowed, found.suggestion)
        return None
    return found


def _municipalities(baseline: xr.Dataset, spec: Spec, names: Gazetteer, report: Report) -> dict[str, str]:
    """Numbers of the municipalities that a scenario speaks of, by the text it uses."""
    sizes = baseline["population"].sum(("sex", "age")).values
    found: dict[str, str] = {}
    for text in spec.municipalities:
        path = ("municipalities", text)
        number = _number(names, text, path, report)
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
                report.add(county.code, (*path, "county"), county.what, county.allowed, county.suggestion)
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


def _reachable(spec: Spec, draft: Draft, report: Report) -> None:
    """Life expectancies that no scaling of the decline gives."""
    value = spec.knobs.get(LifeExpectancy.path)
    if not isinstance(value, BySex):
        return
    for sex, series in value.items():
        for t, target, factor in declines_wanted(draft, series, SEXES.index(sex)):
            if factor is None:
                what = f"no scaling of the decline of death rates gives {target:g} years ({sex}, {draft.years[t]})"
                report.add("unreachable", (*knob_keys(LifeExpectancy, ""), sex), what, "a later year or a nearer value")
