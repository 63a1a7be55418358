"""Registry of every array: dims, unit, kind, age convention, bounds and labels; and the check against it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.errors import Problem

PLACE, COHORT = ("municipality",), ("municipality", "sex", "age_end_of_year", "year")
_STREAM = ("stream", "year", "sex", "age_end_of_year")
MONEY = ("financing", "service", "municipality")


@dataclass(frozen=True)
class Variable:
    """What an array means.

    `kind`: stock (on dates), flow (over years), rate, prob, ratio, share, level, index or code.
    """

    dims: tuple[str, ...]
    unit: str
    kind: str
    label: str
    label_nb: str
    lower: float | None = None
    upper: float | None = None
    age: str | None = None

    @property
    def is_money(self) -> bool:
        """Amounts of money must say of which year their prices are."""
        return self.unit.startswith("kr")


_END, _START, _WOMAN = "completed years at the end of the year", "completed years on 1 January", "completed years"

# name, dims, unit, kind, label, label_nb, lower, upper, age convention
_TABLE: list[tuple[object, ...]] = [
    # the data set and the resolved assumptions
    ("jump_off_population", ("municipality", "sex", "age"), "persons", "stock",
     "Jump-off population", "Utgangsbefolkning", 0, None, _START),
    ("launch_share", PLACE, "1", "share",
     "Share of the population at the first launch, in a continued run",
     "Andel av folkemengden ved første utgangsår, i en videreført kjøring", 0, 1),
    ("death_prob", ("year", "sex", "age"), "1", "prob",
     "Probability of death within the year", "Dødssannsynlighet", 0, 1, _START),
    ("newborn_survival_prob", ("year", "sex"), "1", "prob",
     "Newborns alive at the end of the year", "Nyfødte i live ved årets slutt", 0, 1),
    ("fertility_rate", ("year", "age"), "births per woman-year", "rate",
     "Fertility rate", "Fruktbarhetsrate", 0, 1, _WOMAN),
    ("fertility_factor", PLACE, "1", "index", "Fertility, country = 1", "Fruktbarhet, landet = 1", 0, 5),
    ("net_international_migration", ("year", "sex", "age_end_of_year"), "persons", "flow",
     "Net international migration of the country, outside the streams",
     "Netto innvandring til landet, utenom strømmene", None, None, _END),
    ("stream_inflow", _STREAM, "persons", "flow", "Inflow of a stream", "Tilflytting i strøm", None, None, _END),
    ("stream_outflow", _STREAM, "persons", "flow", "Outflow of a stream", "Fraflytting i strøm", 0, None, _END),
    ("stream_early", _STREAM, "persons", "flow",
     "Persons of a stream on 1 July beyond half of the year's arrivals",
     "Personer i strøm 1. juli utover halvparten av årets ankomster", None, None, _END),
    ("settlement_key", ("stream", "municipality"), "1", "share", "Settlement key", "Bosettingsnøkkel", 0, 1),
    ("net_migration_deviation", ("part", "band", "municipality"), "per survivor and year", "rate",
     "Net migration above the country's", "Nettoflytting utover landets", -5, 5),
    ("deviation_fade", ("part", "year"), "1", "share", "What is left of the deviation", "Rest av avviket", 0, 5),
    ("deviation_band", ("sex", "age_end_of_year"), "1", "code", "Band of the deviation", "Aldersbånd", 0, None, _END),
    ("out_move_prob", ("municipality", "sex", "age_end_of_year"), "1", "prob",
     "Probability to move to another municipality", "Sannsynlighet for å flytte til en annen kommune", 0, 1, _END),
    ("in_move_share", ("destination_band", *PLACE), "1", "share",
     "Share of all in-moves", "Andel av alle innflyttinger", 0, 1),
    ("destination_share", ("destination_band", "origin", *PLACE), "1", "share",
     "Share of the out-moves of an origin that go to the municipality",
     "Andel av utflyttingene fra en kommune som går til kommunen", 0, 1),
    ("move_band", ("sex", "age_end_of_year"), "1", "code",
     "Band of the destinations", "Aldersbånd for flyttemål", 0, None, _END),
    # the projection
    ("population", ("municipality", "sex", "age", "date"), "persons", "stock",
     "Population 1 January", "Folkemengde 1. januar", 0, None, _START),
    ("population_mid_year", ("municipality", "sex", "age", "year"), "persons", "stock",
     "Population 1 July", "Folkemengde 1. juli", 0, None, "completed years, mean of both ends"),
    ("births", ("municipality", "sex", "year"), "persons", "flow", "Live births", "Levendefødte", 0),
    ("deaths", COHORT, "persons", "flow", "Deaths", "Døde", 0, None, _END),
    ("net_ordinary_migration", COHORT, "persons", "flow",
     "Net international migration, shared out by survivors", "Netto innvandring, fordelt etter folketall",
     None, None, _END),
    ("net_deviation_migration", COHORT, "persons", "flow",
     "Net migration above the country's rate (moves inside the country, uneven immigration)",
     "Nettoflytting utover landets rate (innenlands flytting, ujevn innvandring)", None, None, _END),
    ("net_stream_migration", COHORT, "persons", "flow",
     "Inflow of named streams by settlement key", "Tilflytting i navngitte strømmer", None, None, _END),
    ("out_moves", COHORT, "persons", "flow",
     "Moves to other municipalities", "Utflytting til andre kommuner", 0, None, _END),
    ("in_moves", COHORT, "persons", "flow",
     "Moves from other municipalities", "Innflytting fra andre kommuner", 0, None, _END),
    ("net_internal_migration", COHORT, "persons", "flow",
     "Net moves between municipalities", "Netto innenlands flytting", None, None, _END),
    ("floor_adjustment", COHORT, "persons", "flow",
     "Persons moved because a cell fell below zero", "Korreksjon for celler under null", None, None, _END),
    # indicators
    ("dependency_ratio", (*PLACE, "date"), "1", "ratio",
     "Persons outside working age per person in it", "Forsørgerbyrde", 0),
    ("dependency_class", (*PLACE, "date"), "1", "code",
     "Class of the dependency ratio: 0 below 0.95, 1 to 1.05, 2 above", "Klasse av forsørgerbyrde", -1, 2),
    ("municipalities_in_class", ("dependency_level", "date"), "municipalities", "stock",
     "Municipalities in each class of the dependency ratio", "Kommuner i hver klasse av forsørgerbyrde", 0),
    ("municipalities_in_class_share", ("dependency_level", "date"), "1", "share",
     "Share of municipalities in each class of the dependency ratio",
     "Andel av kommunene i hver klasse av forsørgerbyrde", 0, 1),
    ("age_share", ("age_group", *PLACE, "date"), "1", "share",
     "Share of the population in the age group", "Andel av folkemengden i aldersgruppen", 0, 1),
    ("population_since_launch", ("age_group", *PLACE, "date"), "launch = 100", "index",
     "Persons in the age group, launch = 100", "Personer i aldersgruppen, utgangsåret = 100", 0),
    ("declining_municipalities", ("group", "year"), "municipalities", "flow",
     "Municipalities whose population falls in the year", "Kommuner med nedgang i folketallet", 0),
    ("declining_municipalities_share", ("group", "year"), "1", "share",
     "Share of municipalities whose population falls in the year",
     "Andel av kommunene med nedgang i folketallet", 0, 1),
    ("control_adjustment", ("municipality", "sex", "age", "date"), "persons", "stock",
     "Persons added to meet control totals", "Korreksjon til kontrolltotaler", None, None, _START),
    # the costs
    ("unit_cost", ("service", "age"), "kr per person", "level",
     "Net cost per person, charged to free income", "Netto utgift per innbygger", 0, None, _START),
    ("municipal_unit_cost", ("service", *PLACE, "age"), "kr per person", "level",
     "Net cost per person where municipalities have costs of their own", "Netto utgift per innbygger etter kommune",
     0, None, _START),
    ("expenditure_need", (*MONEY, "date"), "kr", "level",
     "Expenditure need at unchanged standard and coverage", "Beregnet utgiftsbehov"),
    ("demographic_expenditure", (*MONEY, "budget_year"), "kr", "flow",
     "Change of the need from the year before, by population alone", "Mer-/mindreutgifter til demografi"),
    ("accumulated_demographic_expenditure", (*MONEY, "budget_year"), "kr", "flow",
     "Change of the need since the launch, by population alone", "Akkumulerte mer-/mindreutgifter til demografi"),
    ("cost_multiplier", ("pressure", "service", "age", "date"), "1", "ratio",
     "What unit costs are multiplied by, for need that is not demography",
     "Faktor på enhetskostnader for behov som ikke er demografi", 0, None, _START),
    ("pressure_need", ("pressure", *MONEY, "date"), "kr", "level",
     "Need that is not demography, on top of that of the population", "Behov som ikke er demografi"),
    ("pressure_expenditure", ("pressure", *MONEY, "budget_year"), "kr", "flow",
     "Yearly change of the need that is not demography", "Årlig endring i behov som ikke er demografi"),
    ("full_time_equivalents", ("service", *PLACE, "date"), "FTE", "level",
     "Full-time equivalents that the need calls for", "Beregnet behov for årsverk", 0),
    ("labour_supply", ("working_ages", *PLACE, "date"), "persons", "stock",
     "Persons of working age", "Personer i arbeidsfør alder", 0),
    ("feasible_expenditure", (*MONEY, "date"), "kr", "level",
     "Spending that follows the need with delay", "Utgifter som følger behovet med etterslep", 0),
    ("feasible_demographic_expenditure", (*MONEY, "budget_year"), "kr", "flow",
     "Yearly change of the spending that follows with delay", "Årlig endring i utgifter som følger med etterslep"),
    ("adjustment_gap", (*MONEY, "date"), "kr", "level",
     "Spending above the need because adjustment takes time", "Utgifter utover behovet fordi tilpasning tar tid"),
    ("restructuring_cost", (*MONEY, "budget_year"), "kr", "flow",
     "One-off cost of taking capacity out", "Engangskostnad ved nedbygging", 0),
    ("accumulated_adjustment_cost", (*MONEY, "budget_year"), "kr", "flow",
     "Gaps and one-off costs since the launch", "Akkumulerte avvik og engangskostnader"),
]  # fmt: skip

MAY_LACK = ("full_time_equivalents",)  # numbers are missing where no source says anything

REGISTRY: dict[str, Variable] = {str(row[0]): Variable(*row[1:]) for row in _TABLE}  # type: ignore[arg-type]  # rows are checked by a test


def describe(dataset: xr.Dataset) -> xr.Dataset:
    """The data set with unit, labels and age convention of the registry on each array (attributes of the CF kind)."""
    described = dataset.copy()
    for name in map(str, dataset.data_vars):
        entry = REGISTRY.get(name)
        if entry is None:
            continue
        attrs = {"long_name": entry.label, "long_name_nb": entry.label_nb, "units": entry.unit, "kind": entry.kind}
        if entry.age:
            attrs["age_convention"] = entry.age
        described[name].attrs = {**attrs, **dataset[name].attrs}
    return described


def validate(dataset: xr.Dataset) -> list[Problem]:
    """Every way in which the arrays differ from the registry: dims, bounds, numbers that are missing, price year.

    Arrays may carry the further axes `scenario`, `draw` and `quantile` in front, and `group` in place of
    `municipality`. Unregistered names are problems too.
    """
    problems = []
    for name, data in dataset.data_vars.items():
        entry = REGISTRY.get(str(name))
        if entry is None:
            problems.append(Problem("is not in the registry", code="unregistered", path=str(name)))
        else:
            problems += _differences(str(name), data, entry)
    return problems


def _differences(path: str, data: xr.DataArray, entry: Variable) -> list[Problem]:
    found = []
    dims = tuple(dim for dim in data.dims if dim not in ("scenario", "draw", "quantile"))
    if dims not in (entry.dims, tuple("group" if dim == "municipality" else dim for dim in entry.dims)):
        found.append(Problem(f"has dims {dims}", code="dims", path=path, allowed=f"dims {entry.dims}"))
    lacks = path in MAY_LACK and not np.isinf(data.values).any()
    if not lacks and not np.isfinite(data.values).all():
        found.append(Problem("has numbers that are not finite", code="not_finite", path=path))
    elif data.size:
        least, most = float(data.min()), float(data.max())
        if entry.lower is not None and least < entry.lower:
            found.append(
                Problem(f"goes down to {least:g}", code="bounds", path=path, allowed=f"at least {entry.lower:g}")
            )
        if entry.upper is not None and most > entry.upper:
            found.append(Problem(f"goes up to {most:g}", code="bounds", path=path, allowed=f"at most {entry.upper:g}"))
    if entry.is_money and "price_year" not in data.attrs:
        found.append(Problem("does not say of which year its prices are", code="price_year", path=path))
    return found
