"""What `demosim run` says: the headline in words, and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.axes import age_label, age_members
from demosim.outputs.messages import message
from demosim.outputs.numbers import number
from demosim.outputs.tables import Rows, Table
from demosim.outputs.words import BILLION, MILLION, Words
from demosim.rounding import rounded_parts

AGE_BOUNDS = (0, 1, 6, 16, 19, 67, 80, 90)
WIDE_AGE_BOUNDS = (0, 20, 65, 80)
LEVELS = ("municipal", "county")


@dataclass(frozen=True)
class Unit:
    """How amounts of a result are shown: kroner per shown unit, decimals, its name."""

    kroner: float
    decimals: int
    name: str


def unit_of(result: xr.Dataset, lang: str) -> Unit:
    """Billions for a country, millions for what is small."""
    words = Words(lang, result)
    largest = float(abs(yearly(result).sum(("service", "municipality"))).max())
    return Unit(BILLION, 2, words.billion) if largest >= BILLION else Unit(MILLION, 1, words.million)


def yearly(result: xr.Dataset, financing: str = "free_income") -> xr.DataArray:
    """Demographic expenditure, kroner (service, municipality, budget_year)."""
    return result["demographic_expenditure"].sel(financing=financing)


def headline(result: xr.Dataset, lang: str, places: Sequence[str] = ()) -> list[str]:
    """The first budget year in words: charged to free income, municipalities and counties apart, what is in."""
    unit = unit_of(result, lang)
    year = int(result["budget_year"].values[0])
    free = yearly(result).isel(budget_year=0).sum("municipality") / unit.kroner
    every = yearly(result, "all").isel(budget_year=0).sum() / unit.kroner
    by_level = {level: float(free[(free["level"] == level).values].sum()) for level in LEVELS}
    # the parts are rounded together, so that they add to the sum that is shown
    scale = 10.0 if unit.kroner == BILLION else 10.0**unit.decimals
    shown = rounded_parts(np.array(list(by_level.values())) * scale) / scale
    total = float(shown.sum())
    sign = 1 if total >= 0 else -1
    sector = message(lang, "selection", places=", ".join(places)) if places else message(lang, "sector")
    text = message(
        lang, "headline", flow_year=int(result["year"].values[0]), sector=sector, year=year, unit=unit.name,
        kind=message(lang, "kind_more" if total >= 0 else "kind_less"),
        total=number(sign * total, 1, lang), all=number(sign * float(every), 1, lang),
        municipal=number(sign * shown[0], 1, lang), county=number(sign * shown[1], 1, lang),
    )  # fmt: skip
    return [text, transport_note(result, lang)]


def transport_note(result: xr.Dataset, lang: str) -> str:
    """Whether county transport is in the totals, and how much of them it is in the first budget year."""
    if not int(result["unit_cost"].attrs.get("transport", 0)):
        return message(lang, "transport_out")
    unit = unit_of(result, lang)
    first = yearly(result).isel(budget_year=0).sum("municipality") / unit.kroner
    counties = float(first[(first["level"] == "county").values].sum())
    transport = float(first.sel(service="fylkestransport")) if "fylkestransport" in first["service"].values else 0.0
    amounts = {"amount": transport, "county": counties}
    return message(lang, "transport_in", **{key: number(each, unit.decimals, lang) for key, each in amounts.items()})


def service_table(result: xr.Dataset, lang: str, accumulated: bool = False) -> Table:
    """Demographic expenditure by service and budget year, with sums for municipalities, counties and both."""
    unit = unit_of(result, lang)
    name = "accumulated_demographic_expenditure" if accumulated else "demographic_expenditure"
    amounts = result[name].sel(financing="free_income").sum("municipality").transpose("service", "budget_year")
    scale = 10.0**unit.decimals
    levels, labels = amounts["level"].values, amounts[f"service_label_{lang}"].values
    shown = by_level(amounts.values / unit.kroner * scale, levels) / scale
    rows, totals = level_rows(shown, levels, labels, lang)
    key, said = ("accumulated", "accumulated_title") if accumulated else ("yearly", "yearly_title")
    title = message(lang, said, unit=unit.name, launch=int(result["date"].values[0]))
    years = [str(year) for year in result["budget_year"].values]
    return Table(key, title, [message(lang, "service"), *years], rows, unit.decimals, totals)


def level_rows(shown: np.ndarray, levels: np.ndarray, labels: np.ndarray, lang: str) -> tuple[Rows, list[str]]:
    """Rows of services (service, budget year) under their level, with sums; and the labels of the sums."""
    rows: Rows = []
    totals = []
    for level in LEVELS:
        inside = levels == level
        if inside.any():
            rows += [(str(labels[i]), shown[i].tolist()) for i in np.flatnonzero(inside)]
            totals.append(message(lang, level))
            rows.append((totals[-1], shown[inside].sum(axis=0).tolist()))
    totals.append(message(lang, "total"))
    rows.append((totals[-1], shown.sum(axis=0).tolist()))
    return rows, totals


def by_level(amounts: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Rounded amounts (service, budget year): services add to their level, and the levels to the sum."""
    names = [level for level in LEVELS if (levels == level).any()]
    sums = rounded_parts(np.stack([amounts[levels == level].sum(axis=0) for level in names]))
    shown = np.zeros(amounts.shape)
    for level, total in zip(names, sums, strict=True):
        shown[levels == level] = rounded_parts(amounts[levels == level], total)
    return shown


def age_table(result: xr.Dataset, lang: str) -> Table:
    """Persons by age group on the first, second, middle and last date, and the change over all of them."""
    ages = result["age"].values
    groups = age_groups(ages)
    by_age = result["population"].sum(("municipality", "sex")).transpose("age", "date").values
    picked = sorted({0, 1, (by_age.shape[1] - 1) // 2, by_age.shape[1] - 1})
    table = np.stack([by_age[age_members(ages, low, high)].sum(axis=0) for low, high in groups])[:, picked]
    shown = rounded_parts(table)
    rows: Rows = [
        (age_label(low, high, int(ages[-1])), [*counts, counts[-1] - counts[0]])
        for (low, high), counts in zip(groups, shown.tolist(), strict=True)
    ]
    every = shown.sum(axis=0).tolist()
    total = message(lang, "all_ages")
    rows.append((total, [*every, every[-1] - every[0]]))
    dates = [str(result["date"].values[i]) for i in picked]
    columns = [message(lang, "age_group"), *dates, message(lang, "change")]
    return Table("population", message(lang, "population_title"), columns, rows, 0, [total])


def fte_table(result: xr.Dataset, lang: str) -> Table | None:
    """Full-time equivalents that the need calls for, first and last date; a dash where there is no source."""
    if "full_time_equivalents" not in result:
        return None
    every = result["full_time_equivalents"].sum("municipality", skipna=False).transpose("service", "date").values
    counted = np.isfinite(every[:, 0])
    shown = np.full((len(every), 2), np.nan)
    shown[counted] = rounded_parts(every[counted][:, [0, -1]])
    rows: Rows = [
        (str(label), [first, last, last - first])
        for label, (first, last) in zip(result[f"service_label_{lang}"].values, shown.tolist(), strict=True)
    ]
    first, last = shown[counted].sum(axis=0).tolist()
    total = message(lang, "fte_total")
    rows.append((total, [first, last, last - first]))
    dates = [str(result["date"].values[at]) for at in (0, -1)]
    heads = [message(lang, "service"), *dates, message(lang, "change")]
    return Table("fte", message(lang, "fte_title"), heads, rows, 0, [total], notes=[message(lang, "fte_note")])


def age_groups(ages: np.ndarray) -> list[tuple[int, int]]:
    """Age groups of the calculation that the ages of a data set allow, as first and last age."""
    bounds = [bound for bound in AGE_BOUNDS if bound in ages]
    if len(bounds) < 4:
        bounds = [bound for bound in WIDE_AGE_BOUNDS if bound in ages]
    last = [*(after - 1 for after in bounds[1:]), int(ages[-1])]
    return list(zip(bounds, last, strict=True))


def notes(result: xr.Dataset, lang: str) -> list[str]:
    """What a reader must know of the figures: floored cells, prices that are estimates."""
    said = []
    if float(result.attrs.get("floored_cells", 0)):
        cells, persons = (float(result.attrs[f"floored_{name}"]) for name in ("cells", "persons"))
        said.append(message(lang, "floored", cells=number(cells, 0, lang), persons=number(persons, 0, lang)))
    years = str(result["unit_cost"].attrs.get("estimated_price_years", ""))
    if years:
        said.append(message(lang, "deflator_estimate", years=", ".join(years.split())))
    return said
