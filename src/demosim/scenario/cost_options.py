"""The table `[costs]` of a scenario: what is counted, how it is spread, own costs, slow adjustment, other pressure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_serializer, model_validator

from demosim.scenario.table import Percent, Share, Table, Weight, refused

COUNTRY = ""  # the place of unit costs that hold everywhere


class Adjustment(Table):
    """How a service follows its need. The defaults are neutral: full and immediate adjustment, as TBU assumes.

    `speed_up`, `speed_down`: share of the gap that is closed each year when the need is above or below spending.
    `places`: places of a school or ward; capacity changes by whole ones, `kr_per_place` net kroner a year each.
    `restructuring`: one-off cost as a share of the yearly spending that is taken out.
    """

    speed_up: Share = 1.0
    speed_down: Share = 1.0
    places: Annotated[Weight, Field(gt=0)] | None = None
    kr_per_place: Annotated[Weight, Field(gt=0)] | None = None
    restructuring: Annotated[Weight, Field(ge=0, le=10)] = 0.0

    @model_validator(mode="after")
    def _both_or_none(self) -> Adjustment:
        if (self.places is None) != (self.kr_per_place is None):
            what, allowed = "places and kr_per_place belong together", "places = 25 and kr_per_place = 130000"
            raise refused("missing_key", what, allowed)
        return self

    @property
    def lump(self) -> float:
        """Net kroner a year of the smallest change of capacity; 0 where it changes evenly."""
        return (self.places or 0.0) * (self.kr_per_place or 0.0)


class OwnGrowth(Table):
    """Growth of what a service costs per person at some ages, per cent a year; `share`: of the spending that grows."""

    service: str
    growth: Percent
    ages: str = "0+"
    share: Share = 1.0


class Pressure(Table):
    """Need that is not demography, none of it by default. Growth in per cent a year, real.

    `healthier_ageing`: share of the gain in life expectancy by which costs of care move up in age. `coverage_80_plus`:
    home services from 80. `care_under_50`: hours of care per inhabitant. `special_education`: hours per pupil, on
    `special_education_share` of school spending, which has no source. `unit_cost`: by service. `growth`: others, named.
    """

    healthier_ageing: Annotated[Weight, Field(ge=-1, le=2)] = 0.0
    coverage_80_plus: Percent = 0.0
    care_under_50: Percent = 0.0
    special_education: Percent = 0.0
    special_education_share: Share | None = None
    unit_cost: dict[str, Percent] = Field(default_factory=dict)
    growth: dict[str, OwnGrowth] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _share_is_known(self) -> Pressure:
        if self.special_education != 0 and self.special_education_share is None:
            what = "special_education_share is needed, for which there is no source"
            allowed = "the share of school spending that goes to special education, such as 0.2"
            raise refused("missing_key", what, allowed)
        return self


class OwnCosts(Table):
    """Net kroner per person by place ("" for the country), service and age band as written, in prices of one year.

    `file`: where they stand when it is a file of their own; the resolved form holds the costs and not the file.
    """

    price_year: int
    cost: dict[str, dict[str, dict[str, Weight]]]
    file: str | None = None

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        """The form in which a scenario file writes them: services of the country, then places with services."""
        places = {place: table for place, table in self.cost.items() if place != COUNTRY}
        return {"price_year": self.price_year, **self.cost.get(COUNTRY, {}), **places}

    @property
    def places(self) -> list[str]:
        """Municipalities, as written, that have costs of their own."""
        return [place for place in self.cost if place != COUNTRY]


class CostOptions(Table):
    """How spending is spread on ages and what is counted; the cost stage reads these.

    `bands`: lower bounds of age bands. `care_anchor`: the age at which the smooth rise of care costs begins from the
    level below 67. `older_pupils`: share of upper secondary spending on pupils above 18.
    `non_age_spread`: per service, where the weight of criteria that are not ages goes; `spread`: per service, shares
    of its spending by age band in place of all that; `net_share`: per service, what is charged to free income;
    `services`: on or off. `price_growth`: growth of prices from the year before, per cent, by year, where the deflator
    ends or is another. `own`: unit costs of one's own. `adjustment`: by service. `pressure`: need not from demography.
    """

    profile: Literal["cost-key", "users"] = "cost-key"
    care_shape: Literal["smooth", "step"] = "smooth"
    bands: list[int] | None = None
    transport: bool = True
    kostra_year: int | None = None
    older_pupils: Share | None = None
    care_anchor: Annotated[int, Field(ge=25, le=66)] | None = None
    non_age_spread: dict[str, str] = Field(default_factory=dict)
    spread: dict[str, dict[str, Share]] | None = None
    net_share: dict[str, Annotated[Weight, Field(gt=0, le=1)]] | None = None
    services: dict[str, bool] = Field(default_factory=dict)
    price_growth: dict[str, Annotated[Weight, Field(ge=-20, le=50)]] | None = None
    own: OwnCosts | None = None
    adjustment: dict[str, Adjustment] | None = None
    pressure: Pressure | None = None

    @property
    def of_country(self) -> CostOptions:
        """The options without own costs of single municipalities."""
        if self.own is None or not self.own.places:
            return self
        country = {COUNTRY: self.own.cost[COUNTRY]} if COUNTRY in self.own.cost else {}
        return self.model_copy(update={"own": self.own.model_copy(update={"cost": country})})

    @property
    def derived_only(self) -> CostOptions:
        """What the derivation of unit costs goes by: all but own costs, adjustment and pressure."""
        return self.model_copy(update={"own": None, "adjustment": None, "pressure": None})


def table_at(path: tuple[str | int, ...]) -> type[Table] | None:
    """The model of the table at a key path below `[costs]`; None where keys are names of the user's."""
    if not path:
        return CostOptions
    if path[0] == "adjustment":
        return Adjustment if len(path) == 2 else None
    if path[0] == "pressure":
        return Pressure if len(path) == 1 else OwnGrowth if path[1] == "growth" and len(path) == 3 else None
    return None
