"""Everything by county, landsdel, size class or groups of the user's own: sums, medians and unweighted means."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.errors import ProblemGroup, did_you_mean, instead_of, usage_error
from demosim.files import read_csv
from demosim.scenario.places import find_municipality

SIZE_CUTS = (3_000, 5_000, 10_000, 20_000, 50_000)  # KS's classes; a cut belongs to the class above
HOWS = ("sum", "median", "mean")
KINDS = ("county", "landsdel", "size", "all")


def stock(dataset: xr.Dataset) -> xr.DataArray:
    """Persons on 1 January, (..., sex, age, date), of a projection or of a history whose dates are called `year`."""
    population = dataset["population"].astype(np.float64)
    if "date" not in population.dims:
        if "year" not in population.dims:
            raise usage_error("has no dates", path="population", allowed="a projection or a history")
        population = population.rename(year="date")
    return population.sortby("date")


def size_classes(dataset: xr.Dataset, cuts: Sequence[float] = SIZE_CUTS) -> xr.DataArray:
    """Each municipality's size class by its population on the first date, half-open: a cut belongs to the class above.

    Labels such as `0-2999`, `3000-4999`, `50000+`.
    """
    persons = stock(dataset).isel(date=0, drop=True).sum(("sex", "age"))
    if list(cuts) != sorted(set(cuts)) or (len(cuts) and cuts[0] <= 0):
        raise usage_error(f"sizes {list(cuts)} do not rise from above zero", path="cuts")
    edges = [0, *cuts]
    labels = [f"{low:g}-{high - 1:g}" for low, high in pairwise(edges)] + [f"{edges[-1]:g}+"]
    number = np.searchsorted(np.asarray(cuts, dtype=float), persons.values, side="right")
    return _group(dataset, np.array(labels)[number]).assign_attrs(order=labels)


def _group(dataset: xr.Dataset, values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, {"municipality": dataset["municipality"].values}, name="group")


def groups_of(dataset: xr.Dataset, name: str, apart: Sequence[str] = ()) -> xr.DataArray:
    """Each municipality's group: `county`, `county_name`, `landsdel`, `size`, `all` or another of its coordinates.

    apart: municipalities (numbers) that form a group of their own under their name, such as Oslo, which is municipality
    and county.

    Returns group by municipality, with the order of the groups as the attribute `order`.
    """
    if name == "size":
        groups = size_classes(dataset)
    elif name == "all":
        groups = _group(dataset, np.full(dataset.sizes["municipality"], "all"))
    else:
        known = [str(label) for label in dataset.coords if dataset[label].dims == ("municipality",)]
        if name not in known:
            raise usage_error(f'no grouping is called "{name}"', **instead_of(name, known))
        groups = _group(dataset, dataset[name].values.astype(np.str_))
    return set_apart(groups, apart, dataset)


def groups_by(dataset: xr.Dataset, by: str, apart: Sequence[str] = ()) -> xr.DataArray:
    """Groups as a user asks for them: a kind (`KINDS`) or a CSV file of one's own, some municipalities apart by name.

    Counties go by name. Raises a `DemosimError` (2) where there is no such kind or file, or a place is not found.
    """
    numbers = [find_municipality(dataset, text) for text in apart]
    if by in KINDS:
        return groups_of(dataset, "county_name" if by == "county" else by, apart=numbers)
    path = Path(by)
    if not path.suffix and not path.exists():
        kinds = (*KINDS, "or a file (csv)")
        raise usage_error(f'"{by}" is no kind of group', path="--by", **instead_of(by, kinds))
    return set_apart(read_groups(path, dataset), numbers, dataset)


def set_apart(groups: xr.DataArray, apart: Sequence[str], dataset: xr.Dataset) -> xr.DataArray:
    """The groups with some municipalities in groups of their own, named by the municipality, last in order."""
    values = groups.values.astype(object)
    numbers = groups["municipality"].values.astype(str).tolist()
    problems = ProblemGroup()
    names = dataset["municipality_name"].values if "municipality_name" in dataset.coords else np.array(numbers)
    order = list(groups.attrs.get("order", dict.fromkeys(values.tolist())))
    for number in apart:
        if number not in numbers:
            problems.add(f'there is no municipality "{number}"', path="apart", suggestion=did_you_mean(number, numbers))
            continue
        at = numbers.index(number)
        values[at] = str(names[at])
        order.append(str(names[at]))
    problems.raise_if_any()
    found = set(values.tolist())
    kept = [group for group in dict.fromkeys(order) if group in found]
    return groups.copy(data=values.astype(str)).assign_attrs(order=kept)


def read_groups(path: Path, dataset: xr.Dataset) -> xr.DataArray:
    """Groups from a user's CSV file with the columns `municipality` and `group`; a municipality may be left out.

    Raises a `DemosimError` (2) with every municipality that is not there or stands twice.
    """
    table = read_csv(path, ("municipality", "group"), dtype=str)
    problems = ProblemGroup(path)
    known = dataset["municipality"].values.astype(str).tolist()
    given = table["municipality"].tolist()
    for number in dict.fromkeys(given):
        if number not in known:
            problems.add(
                f'there is no municipality "{number}"', suggestion=did_you_mean(str(number), known),
                allowed="four-digit numbers, with the leading zero",
            )  # fmt: skip
        elif given.count(number) > 1:
            problems.add(f'municipality "{number}" stands {given.count(number)} times')
    if table["group"].isna().any():
        problems.add(f"{int(table['group'].isna().sum())} rows name no group")
    problems.raise_if_any()
    return xr.DataArray(
        table["group"].to_numpy(str), {"municipality": table["municipality"].to_numpy(str)}, name="group",
        attrs={"order": list(dict.fromkeys(table["group"]))},
    )  # fmt: skip


def summarise(data: xr.DataArray, groups: xr.DataArray, how: str = "sum") -> xr.DataArray:
    """Sum, median or unweighted mean of the municipalities of each group, dim `group` in place of `municipality`.

    Groups stand in their own order, empty ones are left out. Municipalities of no group are left out.
    """
    if how not in HOWS:
        raise usage_error(f'"{how}" is no way to sum up', **instead_of(how, HOWS))
    given = groups["municipality"].values.tolist()
    labels = dict(zip(given, groups.values.tolist(), strict=True))
    member = np.array([labels.get(number, "") for number in data["municipality"].values.tolist()], dtype=object)
    order = groups.attrs.get("order", list(dict.fromkeys(groups.values.tolist())))
    names = [name for name in order if (member == name).any()]
    if not names:
        raise usage_error("no municipality of the groups is in the result")
    about = [name for name in data.coords if name != "municipality" and "municipality" in data[name].dims]
    plain = data.drop_vars(about)
    parts = [getattr(plain.isel(municipality=np.flatnonzero(member == name)), how)("municipality") for name in names]
    joined = xr.concat(parts, xr.Variable("group", np.array(names, dtype=np.str_)), coords="minimal", compat="override")
    dims = ["group" if dim == "municipality" else str(dim) for dim in data.dims]
    result: xr.DataArray = joined.transpose(*dims).assign_attrs(data.attrs)
    return result


def by_group(data: xr.DataArray, groups: xr.DataArray) -> pd.DataFrame:
    """Sum, median and unweighted mean side by side, as KS shows them, with the number of municipalities.

    Returns a row for each combination of the other axes and group; columns `sum`, `median`, `mean`, `municipalities`.
    """
    table = pd.concat([summarise(data, groups, how).to_series().rename(how) for how in HOWS], axis=1)
    counted = summarise(xr.ones_like(data), groups, "sum").to_series()
    return table.assign(municipalities=counted.astype(int)).reset_index()


def pick_variable(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """An array of a result that has an axis of municipalities; raises where there is none of that name."""
    known = [str(key) for key in dataset.data_vars if "municipality" in dataset[key].dims]
    if name not in known:
        what = f'the result has no array "{name}" by municipality'
        raise usage_error(what, path="--of", **instead_of(name, known))
    return dataset[name]


def expenditure_by_group(dataset: xr.Dataset, groups: xr.DataArray, budget_year: int | None = None) -> pd.DataFrame:
    """Population and demographic expenditure (free income) of each group, and the typical municipality in it.

    dataset: a result. budget_year: the change from the year before; None: accumulated from the launch to the last one.

    Columns: `group`, `municipalities`, `persons` on the first date, `growth` of them to the 1 January that opens the
    budget year (share); kroner of `municipal` and `county` services; and of municipal services per inhabitant of the
    first date: `per_inhabitant` of the whole group, `median` and `mean` (unweighted) of its municipalities.
    """
    years = dataset["budget_year"].values.tolist()
    if budget_year is not None and budget_year not in years:
        raise usage_error(f"there is no budget year {budget_year}", allowed=f"{years[0]} to {years[-1]}")
    name = "demographic_expenditure" if budget_year is not None else "accumulated_demographic_expenditure"
    year = years[-1] if budget_year is None else budget_year
    money = dataset[name].sel(financing="free_income", budget_year=year)
    persons = dataset["population"].sum(("sex", "age"))
    kroner = {level: money.isel(service=np.flatnonzero(money["level"].values == level)).sum("service")
              for level in ("municipal", "county")}  # fmt: skip
    first = persons.isel(date=0, drop=True)
    each = kroner["municipal"] / first
    start = summarise(first, groups)
    table = pd.DataFrame({"group": start["group"].values, "persons": start.values})
    table.insert(1, "municipalities", summarise(xr.ones_like(first), groups).values.astype(int))
    table["growth"] = (summarise(persons.sel(date=year, drop=True), groups) / start - 1).values
    for level, amount in kroner.items():
        table[level] = summarise(amount, groups).values
    table["per_inhabitant"] = table["municipal"] / table["persons"]
    for how in ("median", "mean"):
        table[how] = summarise(each, groups, how).values
    return table
