"""Shares of a stream: by sex and age (its profile), and over municipalities (its settlement key)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.axes import SEXES, band_members, parse_band
from demosim.errors import Problem, did_you_mean, instead_of
from demosim.scenario.forms import Report
from demosim.scenario.places import Gazetteer
from demosim.scenario.spec import Bands
from demosim.scenario.toml_lines import KeyPath

TOLERANCE = 1e-6  # of a profile's sum, which must be one


def profile_shares(profile: str | Bands, path: KeyPath, baseline: xr.Dataset, report: Report) -> np.ndarray | None:
    """Shares by sex and age: one of the baseline's, or the user's own bands spread evenly over their ages."""
    if isinstance(profile, Bands):
        return _own_profile(profile, path, baseline, report)
    known = [str(name) for name in baseline["profile"].values]
    if profile not in known:
        what = f'the baseline has no profile "{profile}"'
        report.add("unknown_profile", path, what, **instead_of(profile, known))
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


def settlement_shares(
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
        number = municipality_number(names, text, here, report)
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


def municipality_number(names: Gazetteer, text: str, path: KeyPath, report: Report) -> str | None:
    """The number of a municipality; None, with the problem noted, where the text names none or several."""
    found = names.municipality(text)
    if isinstance(found, Problem):
        report.add_problem(found, path)
        return None
    return found
