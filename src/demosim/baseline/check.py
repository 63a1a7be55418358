"""Is this a data set? Every way in which its structure or numbers are wrong, at once."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.check_moves import move_problems
from demosim.baseline.form import ATTRIBUTES, NAMES, TEXT_COORDINATES, VARIABLES, WHOLE_COORDINATES, Form, problem
from demosim.errors import Problem

_ROUNDING = 1e-6  # shares are stored in full precision; anything beyond this is an error and no rounding


def check_baseline(dataset: xr.Dataset) -> list[Problem]:
    """All problems of a data set: missing arrays, wrong dims, NaN, values out of bounds, shares that do not sum to one.

    Returns an empty list where the data set can be used. Structure is looked at first; the numbers only where it holds.
    """
    problems = [*_attribute_problems(dataset), *_coordinate_problems(dataset), *_array_problems(dataset)]
    if problems:
        return problems
    problems = [*_axis_problems(dataset), *move_problems(dataset)]
    for name, form in VARIABLES.items():
        if name in dataset:
            problems += _number_problems(dataset, name, form)
    if float(dataset["population"].sum()) == 0:
        problems.append(problem("population", "nobody lives here", "at least one person"))
    return problems


def _attribute_problems(dataset: xr.Dataset) -> list[Problem]:
    problems = []
    for name, kind in ATTRIBUTES.items():
        if name not in dataset.attrs:
            problems.append(problem(name, "attribute missing", f"a value of type {kind.__name__}"))
        elif not isinstance(dataset.attrs[name], kind):
            problems.append(problem(name, f"is {dataset.attrs[name]!r}", f"a value of type {kind.__name__}"))
    interval = dataset.attrs.get("interval_years", 1)
    if isinstance(interval, int) and interval < 1:
        problems.append(problem("interval_years", f"is {interval}", "a whole number of years, at least 1"))
    share = dataset.attrs.get("male_birth_share", 0.5)
    if isinstance(share, float) and not 0 < share < 1:
        problems.append(problem("male_birth_share", f"is {share}", "between 0 and 1"))
    return problems


def _coordinate_problems(dataset: xr.Dataset) -> list[Problem]:
    problems = []
    for name in (*TEXT_COORDINATES, *WHOLE_COORDINATES):
        kinds = "U" if name in TEXT_COORDINATES else "iu"
        if name not in dataset.indexes:
            problems.append(problem(name, "coordinate missing"))
        elif dataset[name].dtype.kind not in kinds:
            problems.append(problem(name, f"labels are {dataset[name].dtype}", "text" if kinds == "U" else "integers"))
        elif not dataset.indexes[name].is_unique:
            twice = dataset.indexes[name][dataset.indexes[name].duplicated()]
            problems.append(problem(name, f"{twice[0]} occurs more than once"))
    return problems


def _array_problems(dataset: xr.Dataset) -> list[Problem]:
    problems = []
    forms = {**VARIABLES, **{name: Form(("municipality",), "text") for name in NAMES}}
    for name, form in forms.items():
        if name not in dataset:
            if not form.optional:
                problems.append(problem(name, "missing", f"dims {', '.join(form.dims)}"))
        elif dataset[name].dims != form.dims:
            found = ", ".join(map(str, dataset[name].dims)) or "none"
            problems.append(problem(name, f"has dims {found}", f"dims {', '.join(form.dims)}"))
        elif dataset[name].dtype.kind not in ("U" if name in NAMES else "fiu"):
            problems.append(problem(name, f"holds {dataset[name].dtype}", "text" if name in NAMES else "numbers"))
    return problems


def _axis_problems(dataset: xr.Dataset) -> list[Problem]:
    problems = []
    interval, launch = dataset.attrs["interval_years"], dataset.attrs["launch_year"]
    if tuple(dataset["sex"].values) != SEXES:
        problems.append(problem("sex", f"is {', '.join(dataset['sex'].values)}", ", ".join(SEXES) + ", in this order"))
    if not np.array_equal(dataset["age"], dataset["age_end_of_year"]):
        problems.append(problem("age_end_of_year", "differs from age", "the same classes"))
    for name in ("age", "year"):
        if (np.diff(dataset[name].values) != interval).any():
            problems.append(problem(name, "labels are not one interval apart", f"steps of {interval}, rising"))
    if dataset["age"].values[0] != 0:
        problems.append(problem("age", f"starts at {dataset['age'].values[0]}", "the first class starts at 0"))
    if launch not in dataset["year"].values:
        problems.append(problem("launch_year", f"{launch} is not among the years of the paths"))
    bands = dataset["deviation_band"].values
    if not np.isin(bands, dataset["band"].values).all():
        problems.append(problem("deviation_band", "names a band that does not exist", "labels of band"))
    return problems


def _number_problems(dataset: xr.Dataset, name: str, form: Form) -> list[Problem]:
    array = dataset[name]
    missing = array.copy(data=~np.isfinite(array.values))
    if form.early_gap and missing.values.any():
        missing = missing & ~_allowed_gap(dataset, array)
    problems = []
    if missing.values.any():
        problems.append(_cells(name, missing, "without a number", "a finite number everywhere"))
    if form.lower is not None and (array.values < form.lower).any():
        allowed = f"{form.unit}, at least {form.lower:g}"
        problems.append(_cells(name, array < form.lower, f"below {form.lower:g}", allowed))
    if form.upper is not None and (array.values > form.upper).any():
        allowed = f"{form.unit}, at most {form.upper:g}"
        problems.append(_cells(name, array > form.upper, f"above {form.upper:g}", allowed))
    if form.shares_over and not missing.any():
        width = dataset.attrs["interval_years"] if form.per_interval else 1
        total = array.sum(form.shares_over, skipna=False) * width
        wrong = abs(total - 1) > _ROUNDING
        if wrong.any():
            allowed = f"sums to 1 over {', '.join(form.shares_over)}"
            problems.append(_cells(name, wrong, "whose shares do not sum to 1", allowed))
    return problems


def _allowed_gap(dataset: xr.Dataset, array: xr.DataArray) -> xr.DataArray:
    """Years before the launch for which a variant has no number at all."""
    inner = [dim for dim in array.dims if dim not in ("variant", "year")]
    empty: xr.DataArray = array.isnull().all(inner)
    early: xr.DataArray = dataset["year"] < dataset.attrs["launch_year"]
    return early & empty


def _cells(name: str, wrong: xr.DataArray, what: str, allowed: str) -> Problem:
    number = int(wrong.sum())
    where = np.argwhere(wrong.values)[0]
    first = ", ".join(f"{dim} {wrong[dim].values[i]}" for dim, i in zip(wrong.dims, where, strict=True))
    return problem(name, f"{number} cell{'s' * (number > 1)} {what}, the first at {first}", allowed)
