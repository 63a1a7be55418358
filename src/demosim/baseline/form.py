"""The declared form of a data set: which arrays, their dims, units and bounds; no number of a certain country."""

from __future__ import annotations

from dataclasses import dataclass

from demosim.errors import Problem


@dataclass(frozen=True)
class Form:
    """What one array of a data set must look like.

    `shares_over`: dims over which it must sum to one (`per_interval`: times the years of an interval).
    `early_gap`: whole years before the launch may be missing (a round of projections that starts later).
    """

    dims: tuple[str, ...]
    unit: str
    lower: float | None = None
    upper: float | None = None
    shares_over: tuple[str, ...] = ()
    per_interval: bool = False
    early_gap: bool = False
    optional: bool = False


_FLOW = ("variant", "year", "sex", "age_end_of_year")

VARIABLES: dict[str, Form] = {
    "population": Form(("municipality", "sex", "age"), "persons", 0),
    "death_prob": Form(("variant", "year", "sex", "age"), "probability per interval", 0, 1, early_gap=True),
    "newborn_survival_prob": Form(("variant", "year", "sex"), "probability to 31 December", 0, 1, early_gap=True),
    "total_fertility_rate": Form(("variant", "year"), "births per woman", 0, 20, early_gap=True),
    "fertility_schedule": Form(
        ("variant", "year", "age"), "share per year of age", 0, 1, ("age",), per_interval=True, early_gap=True
    ),
    "net_international_migration": Form(_FLOW, "persons in the interval", early_gap=True),
    "migration_profile": Form(
        ("profile", "sex", "age_end_of_year"), "share", -1, 1, shares_over=("sex", "age_end_of_year")
    ),
    "settlement_key": Form(("settlement", "municipality"), "share", 0, 1, shares_over=("municipality",)),
    "fertility_factor": Form(("municipality",), "ratio to the country", 0, 10),
    "net_migration_deviation": Form(("part", "band", "municipality"), "rate of survivors per year", -1, 1),
    "deviation_half_life": Form(("part",), "years", 0),
    "deviation_band": Form(("sex", "age_end_of_year"), "index into band", 0),
    "death_multiplier": Form(
        ("variant", "year", "group"), "ratio to the starting table", 0, 10, early_gap=True, optional=True
    ),
    "life_expectancy": Form(("variant", "year", "sex"), "years at birth", 0, 150, early_gap=True, optional=True),
    "plain_death_prob": Form(
        ("variant", "year", "sex", "age"), "probability per interval", 0, 1, early_gap=True, optional=True
    ),
    "accounts": Form(("account_service", "account_year"), "money of the year, whole country", 0, optional=True),
    "country_population": Form(("country_date", "sex", "age"), "persons on 1 January", 0, optional=True),
    "out_move_prob": Form(
        ("municipality", "sex", "age_end_of_year"), "probability per interval", 0, 1, optional=True
    ),
    "in_move_share": Form(
        ("destination_band", "municipality"), "share", 0, 1, shares_over=("municipality",), optional=True
    ),
    "destination_share": Form(
        ("destination_band", "origin", "municipality"), "share", 0, 1, shares_over=("municipality",), optional=True
    ),
    "move_band": Form(("sex", "age_end_of_year"), "index into destination_band", 0, optional=True),
    "unit_cost": Form(("service", "age"), "money per person and year", 0, optional=True),
}  # fmt: skip

NAMES = ("municipality_name", "municipality_name_official", "county", "county_name", "landsdel")

TEXT_COORDINATES = ("municipality", "sex", "variant", "profile", "settlement", "part")
WHOLE_COORDINATES = ("age", "age_end_of_year", "year", "band")
ATTRIBUTES: dict[str, type] = {
    "name": str, "title": str, "country": str, "currency": str, "language": str,
    "launch_year": int, "interval_years": int, "male_birth_share": float,
}  # fmt: skip
MOVES = ("out_move_prob", "move_band")  # both of them, and one of the next, or none
MOVES_TO = ("in_move_share", "destination_share")


def problem(path: str, what: str, allowed: str | None = None) -> Problem:
    """One way in which a data set is not of this form."""
    return Problem(what, code="data-set", path=path, allowed=allowed)
