"""Need that is not demography: coverage, real unit-cost growth, healthier ageing. Neutral unless asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.axes import age_members
from demosim.baseline.mortality import life_expectancy
from demosim.costs.figures import facts
from demosim.costs.services import unknown_services
from demosim.errors import ProblemGroup, usage_error

HEALTHIER_AGEING, UNIT_COST = "healthier_ageing", "unit_cost_growth"
OBSERVED = ("coverage_80_plus", "care_under_50", "special_education")


@dataclass(frozen=True)
class Growth:
    """Yearly real growth of what a service costs per person at ages lower..upper (None: no upper end).

    `share`: of the spending at those ages that grows. `kind`: coverage, unit cost or what else the factor is called in
    a decomposition; growths of one kind multiply.
    """

    kind: str
    service: str
    yearly: float
    lower: int = 0
    upper: int | None = None
    share: float = 1.0


@dataclass(frozen=True)
class HealthierAgeing:
    """Costs of old age move up in age by a share of the gain in life expectancy since the first year."""

    share: float = 0.0
    services: tuple[str, ...] = ("pleie_omsorg",)
    from_age: int = 67


def multipliers(
    unit_cost: xr.DataArray, assumptions: xr.Dataset, growth: Sequence[Growth] = (),
    ageing: HealthierAgeing | None = None,
) -> dict[str, xr.DataArray]:  # fmt: skip
    """What the unit costs are multiplied by over time, by kind: ratios (service, age, date), 1 on the first date.

    unit_cost: net kr per person (service, age). Kinds that change nothing are left out. They are the `multipliers` of
    `demosim.compare.Case`, so that each stands by itself in a decomposition.

    Equations: growth: 1 + share × ((1 + yearly)^years − 1). Healthier ageing: cost(a − shift) / cost(a) for ages from
    `from_age`, straight between single ages, shift(t) = share × (life expectancy(t) − life expectancy(first year)),
    mean of the sexes; on the last date, which begins no year, it goes on as in the year before.
    """
    _check(unit_cost, growth, ageing)
    found: dict[str, xr.DataArray] = {}
    years = assumptions["year"].values
    dates = np.append(years, years[-1] + int(assumptions.attrs["interval_years"]))
    for item in growth:
        if item.yearly != 0 and item.share != 0:
            one = found.get(item.kind, _ones(unit_cost, dates))
            found[item.kind] = one * _growth(item, unit_cost, dates)
    if ageing is not None and ageing.share != 0:
        found[HEALTHIER_AGEING] = _ageing(ageing, unit_cost, assumptions, dates)
    return found


def observed_growth(special_education_share: float | None = None) -> list[Growth]:
    """The growths that were observed lately, as a start for scenarios; none is a default.

    Home services 80+ (coverage, five years; on the part of care that is not institutions, rough), care below 50 (hours
    per inhabitant, ten years), special education (hours per pupil, ten years) where the share of school spending on it
    is given, for which there is no source.
    """
    users, pressure = facts("care_users"), facts("pressure").set_index("item")["value"]
    home = users[(users["item"] == "home_service_coverage") & (users["age_group"] == "80+")].set_index("year")["value"]
    part = users[users["item"].isin(["cost_share_staffed_housing", "cost_share_ambulatory"])]["value"].sum()
    years = int(home.index.max() - home.index.min())
    fall = float(home.loc[home.index.max()] / home.loc[home.index.min()]) ** (1 / years) - 1
    young = (1 + float(pressure["care_hours_per_inhabitant_under_50"]) / 100) ** 0.1 - 1
    found = [
        Growth(OBSERVED[0], "pleie_omsorg", fall, 80, None, float(part)),
        Growth(OBSERVED[1], "pleie_omsorg", young, 0, 49),
    ]
    if special_education_share is not None:
        hours = (1 + float(pressure["special_education_hours_per_pupil"]) / 100) ** 0.1 - 1
        found.append(Growth(OBSERVED[2], "grunnskole", hours, 6, 15, special_education_share))
    return found


def _check(unit_cost: xr.DataArray, growth: Sequence[Growth], ageing: HealthierAgeing | None) -> None:
    problems, names = ProblemGroup(), unit_cost["service"].values.tolist()
    wanted = [item.service for item in growth] + list(ageing.services if ageing is not None else ())
    unknown_services(dict.fromkeys(wanted), names, "costs.pressure", problems)
    for item in growth:
        if not -1 < item.yearly < 1 or not 0 <= item.share <= 1:
            problems.add(
                f"growth {item.yearly} of share {item.share}", path=f"costs.pressure.{item.service}",
                allowed="yearly growth between -1 and 1, a share between 0 and 1",
            )  # fmt: skip
    if ageing is not None and not -1 <= ageing.share <= 2:
        problems.add(f"share {ageing.share}", path="costs.pressure.healthier_ageing", allowed="-1 to 2")
    problems.raise_if_any()
    if ageing is not None and ageing.share != 0 and ageing.from_age - 1 not in unit_cost["age"].values:
        raise usage_error("healthier ageing needs single years of age", path="costs.pressure.healthier_ageing")


def _ones(unit_cost: xr.DataArray, dates: np.ndarray) -> xr.DataArray:
    shape = (unit_cost.sizes["service"], unit_cost.sizes["age"], len(dates))
    coords = {"service": unit_cost["service"].values, "age": unit_cost["age"].values, "date": dates}
    return xr.DataArray(np.ones(shape), dims=("service", "age", "date"), coords=coords)


def _growth(item: Growth, unit_cost: xr.DataArray, dates: np.ndarray) -> xr.DataArray:
    ratio, ages = _ones(unit_cost, dates), unit_cost["age"].values
    inside = age_members(ages, item.lower, int(ages[-1]) if item.upper is None else item.upper)
    years = dates - dates[0]
    row = unit_cost["service"].values.tolist().index(item.service)
    ratio.values[row, inside] = 1 + item.share * ((1 + item.yearly) ** years - 1)
    return ratio


def _ageing(how: HealthierAgeing, unit_cost: xr.DataArray, assumptions: xr.Dataset, dates: np.ndarray) -> xr.DataArray:
    prob = assumptions["death_prob"].transpose("year", "sex", "age").values
    newborn = assumptions["newborn_survival_prob"].transpose("year", "sex").values
    expected = life_expectancy(prob, newborn, int(assumptions.attrs["interval_years"])).mean(axis=1)
    trend = expected[-1] - expected[-2] if len(expected) > 1 else 0.0
    expected = np.append(expected, expected[-1] + trend)  # the last date has no year of its own
    shift = how.share * (expected - expected[0])
    ratio, ages = _ones(unit_cost, dates), unit_cost["age"].values
    old = ages >= how.from_age
    for name in how.services:
        row = unit_cost["service"].values.tolist().index(name)
        cost = unit_cost.values[row]
        for t, years in enumerate(shift):
            moved = np.interp(ages[old] - years, ages, cost)
            ratio.values[row, old, t] = np.divide(moved, cost[old], where=cost[old] > 0, out=np.ones(old.sum()))
    return ratio
