"""The country from stored figures: its ages, the published rounds by age group, profiles of migrants, accounts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from demosim.axes import SEXES, age_bounds, age_members
from demosim.baseline.nation import survivors
from demosim.costs.services import read_services
from demosim.errors import run_error

_ALTERNATIVE = re.compile(r"\b([MLHKS0]{4})\b")
_AGREE = 0.005  # of the amount: the two tables of accounts may differ by rounding and by corrections of a few


def country_rows(country: xr.DataArray) -> list[list[str]]:
    """Rows (year, sex, one column an age) of the registered country, as `population_norway.csv` has them."""
    data = country.transpose("year", "sex", "age").sel(sex=list(SEXES))
    return [
        [str(year), sex, *whole(data.sel(year=year, sex=sex).values)]
        for year in sorted(data["year"].values.tolist())
        for sex in SEXES
    ]


def alternatives(data: xr.DataArray, codes: Mapping[str, str]) -> dict[str, str]:
    """The alternative (MMMM, LLML, ...) of each code of the contents: from its label, else from the known codes.

    Raises where two codes are the same alternative.
    """
    labels = data["variant_label"].values.tolist() if "variant_label" in data.coords else []
    found: dict[str, str] = {}
    for at, code in enumerate(map(str, data["variant"].values)):
        match = _ALTERNATIVE.search(str(labels[at])) if labels else None
        name = match[1] if match else codes.get(code)
        if name is not None and name in found.values():
            raise run_error(f"has two contents for the alternative {name}", path="variant", code="codes")
        if name is not None:
            found[code] = name
    return found


def round_rows(
    data: xr.DataArray, launch: int, table: str, codes: Mapping[str, str], groups: Sequence[str]
) -> pd.DataFrame:
    """A round by alternative, year and age group, summed over places; as `ssb_projections.csv` has it."""
    places = [str(dim) for dim in data.dims if dim not in ("sex", "age", "variant", "year")]
    country = data.sum([*places, "sex"], skipna=False).transpose("variant", "year", "age")
    ages = country["age"].values
    rows = []
    for code, name in alternatives(data, codes).items():
        values = country.sel(variant=code)
        for year in sorted(country["year"].values.tolist()):
            persons = values.sel(year=year).values
            by_group = {
                label: float(persons[age_members(ages, *age_bounds(label, int(ages[-1])))].sum()) for label in groups
            }
            rows.append(
                {"vintage": launch, "table": table, "alternative": name, "year": year, **by_group,
                 "total": float(persons.sum())}
            )  # fmt: skip
    return pd.DataFrame(rows)


def profile_table(
    country: xr.DataArray, death_prob: xr.DataArray, carried: pd.DataFrame, settings: Mapping[str, Any]
) -> pd.DataFrame:
    """Profiles of migrants from what the registered country leaves over once deaths are taken off.

    country (year, sex, age) on 1 January; death_prob (year, sex, age) of each year by itself; carried: the profiles
    that give the shares of newborns and of ages above `oldest`, where a residual tells of deaths rather than of moves;
    settings: `oldest` and the years of each profile. Raises where a year is missing.
    """
    made, inner = carried.copy(), slice(1, settings["oldest"] + 1)
    for profile, asked in settings["years"].items():
        net = _mean_net(country, death_prob, asked["years"])
        if "less" in asked:
            net = net - _mean_net(country, death_prob, asked["less"])
        columns = [f"{profile}_{sex}" for sex in SEXES]
        shares = carried[columns].to_numpy(dtype=float).T.copy()
        shares[:, inner] = net[:, inner] / net[:, inner].sum() * shares[:, inner].sum()
        made[columns] = shares.T
    return made


def _mean_net(country: xr.DataArray, death_prob: xr.DataArray, ends: Sequence[int]) -> np.ndarray:
    """Mean net migration (sex, age at the end of the year) of a run of years, both ends included."""
    found = []
    known = {int(year) for year in country["year"].values} & {int(year) - 1 for year in country["year"].values}
    for year in range(ends[0], ends[1] + 1):
        if year not in known or year not in death_prob["year"].values:
            raise run_error(f"has no population or life table of {year}, which the profiles need", code="missing",
                            file="population-country-history")  # fmt: skip
        before, after = (country.sel(year=at).transpose("sex", "age").values for at in (year, year + 1))
        found.append(after - survivors(before, death_prob.sel(year=year).values))
    result: np.ndarray = np.mean(found, axis=0)
    return result


def accounts(functions: xr.DataArray, services: xr.DataArray | None) -> xr.DataArray:
    """Net operating expenditure of the country, kroner (account_service, account_year), by the services' functions.

    functions: 1000 kroner (function, year); a service with a function that was not in use (`.`) takes the others, as
    functions are split and merged over the years. services: the same amounts from the other table, compared where it
    has them. Raises where a function is not there at all, or the two tables differ by more than rounding.
    """
    known = set(map(str, functions["function"].values))
    found: dict[str, np.ndarray] = {}
    for service in read_services():
        wanted = service.kostra_functions
        if not wanted:
            continue
        if missing := [code for code in wanted if code not in known]:
            raise run_error(f"has no function {', '.join(missing)}, which {service.name} needs", code="codes",
                            file="kostra-functions")  # fmt: skip
        part = functions.sel(function=wanted).transpose("function", "year")
        amount = part.sum("function", min_count=1).values * 1000.0
        _compare(service.name, wanted, part, services)
        found[service.name] = amount
    data = xr.DataArray(
        np.array(list(found.values())), dims=("account_service", "account_year"),
        coords={"account_service": list(found), "account_year": functions["year"].values.astype(int)},
    )  # fmt: skip
    return data.isel(account_year=data.notnull().all("account_service").values).sortby("account_year")


def _compare(name: str, wanted: list[str], part: xr.DataArray, other: xr.DataArray | None) -> None:
    """Raise where the table of service areas has the same functions with other amounts."""
    if other is None:
        return
    shared = [code for code in wanted if code in set(map(str, other["function"].values))]
    years = [year for year in part["year"].values if year in other["year"].values]
    ours = part.sel(function=shared, year=years).sum("function")
    theirs = other.sel(function=shared, year=years).transpose("function", "year").sum("function")
    gap = abs(ours - theirs) / abs(ours).where(abs(ours) > 0)
    if bool((gap > _AGREE).any()):
        year = int(gap["year"].values[int(np.nanargmax(gap.values))])
        what = f"the tables of accounts disagree on {name} in {year}: {float(gap.max()):.1%}"
        raise run_error(what, code="control", file="kostra-services")


def whole(values: np.ndarray) -> list[str]:
    """Figures without a point where they are whole."""
    return [str(int(value)) if float(value).is_integer() else repr(float(value)) for value in values.tolist()]
