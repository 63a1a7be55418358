"""The table `[fiscal]` of a scenario: what a municipality gets and has, as far as we lack sources. Neutral in a run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from pydantic.functional_validators import BeforeValidator

from demosim.scenario.table import Table, Weight, refused

YEARS_OF_STAY = 5  # the integration grant runs for the year of settlement and four more
PERSONS = ("adult", "child")
FILES = ("criteria", "tax", "free_income", "revenue")  # keys that name a file, or are a table

Kroner = Annotated[Weight, Field(ge=0)]
Billions = Annotated[Weight, Field(ge=-1000, le=1000)]


def _year_of_stay(key: object) -> object:
    if key not in [str(year) for year in range(1, YEARS_OF_STAY + 1)]:
        raise refused("bad_year_key", f'"{key}" is no year after settlement', f"1 to {YEARS_OF_STAY}")
    return key


Rates = dict[Annotated[str, BeforeValidator(_year_of_stay)], Kroner]
ByPlace = dict[str, Kroner]  # municipality, by number or name


class RefugeeRates(Table):
    """Rates of the integration grant, kr by year after settlement (1 to 5); year 1 is published, the others are not.

    `coverage`: grant over measured cost; the newest published one where it is left out.
    """

    adult: Rates = Field(default_factory=dict)
    child: Rates = Field(default_factory=dict)
    coverage: Annotated[Weight, Field(gt=0, le=10)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> RefugeeRates:
        given = {person: getattr(self, person) for person in PERSONS}
        years = [str(year) for year in range(2, YEARS_OF_STAY + 1)]
        missing = [f"{person}.{year}" for person in PERSONS for year in years if year not in given[person]]
        if missing and any(given.values()):
            what = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} needed, without a source"
            allowed = f"kr by year after settlement, 2 to {YEARS_OF_STAY}, for adult and child"
            raise refused("missing_key", what, allowed)
        return self

    @property
    def rates(self) -> dict[str, dict[str, float]]:
        """What is given of the rates, by person and year."""
        return {person: getattr(self, person) for person in PERSONS if getattr(self, person)}


class FreeIncome(Table):
    """Free income of municipalities, kr of one year's prices."""

    price_year: int
    kr: ByPlace


class FiscalOptions(Table):
    """Inputs of the income system, room to manoeuvre, refugees and standing; a run does not read them.

    `criteria`: counts of the cost key's criteria that are not ages, by criterion and municipality. `tax`: kr per
    inhabitant. `revenue`: operating revenue, kr of the price year. `growth`, `pension`: growth of free income and of
    pension costs of the whole sector in a budget year, bn kr.
    """

    criteria: dict[str, ByPlace] | None = None
    tax: ByPlace | None = None
    free_income: FreeIncome | None = None
    revenue: ByPlace | None = None
    growth: Billions | None = None
    pension: Billions | None = None
    refugees: RefugeeRates = RefugeeRates()


def table_at(path: tuple[str | int, ...]) -> type[Table] | None:
    """The model of the table at a key path below `[fiscal]`; None where keys are municipalities or years."""
    models: dict[tuple[str | int, ...], type[Table]] = {
        (): FiscalOptions, ("refugees",): RefugeeRates, ("free_income",): FreeIncome,
    }  # fmt: skip
    return models.get(path)
