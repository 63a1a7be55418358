"""The numbers that `[costs]` takes, each in a row: for `demosim list knobs` and for the documentation."""

from __future__ import annotations

from demosim.scenario.describe import KnobRow
from demosim.scenario.knobs import UNITS_NB

# path, what in English and Norwegian, unit, neutral, from, to
_ROWS: list[tuple[str, str, str, str, float | None, float | None, float | None]] = [
    ("costs.older_pupils", "share of upper secondary spending on pupils above 18",
     "andel av utgifter til videregående på elever over 18 år", "share", None, 0, 1),
    ("costs.care_anchor", "age from which the cost of care rises towards that of the old",
     "alder der utgiften til omsorg begynner å stige mot de eldres", "years", 62, 25, 66),
    ("costs.net_share.SERVICE", "share of spending that is charged to free income",
     "andel av utgiftene som dekkes av frie inntekter", "share", None, 0, 1),
    ("costs.price_growth.YEAR", "growth of prices from the year before",
     "prisvekst fra året før", "per cent", None, -20, 50),
    ("costs.adjustment.SERVICE.speed_up", "share of the gap closed each year while the need is above spending",
     "andel av avviket som lukkes hvert år når behovet er over utgiftene", "share per year", 1, 0, 1),
    ("costs.adjustment.SERVICE.speed_down", "share of the gap closed each year while the need is below spending",
     "andel av avviket som lukkes hvert år når behovet er under utgiftene", "share per year", 1, 0, 1),
    ("costs.adjustment.SERVICE.places", "places of a school or ward, by which capacity changes",
     "plasser i en skole eller avdeling, som kapasiteten endres med", "places", None, 0, None),
    ("costs.adjustment.SERVICE.kr_per_place", "yearly net cost of a place, in prices of the price year",
     "årlig netto utgift for en plass, i prisårets kroner", "kr", None, 0, None),
    ("costs.adjustment.SERVICE.restructuring", "one-off cost, as a share of the yearly spending that is taken out",
     "engangskostnad, som andel av den årlige utgiften som tas ut", "share", 0, 0, 10),
    ("costs.pressure.healthier_ageing", "share of the gain in life expectancy by which costs of care move up in age",
     "andel av økningen i levealder som utgifter til omsorg forskyves oppover i alder", "share", 0, -1, 2),
    ("costs.pressure.coverage_80_plus", "coverage of home services from 80, growth; 2020–2025: −3.0",
     "dekning av hjemmetjenester fra 80 år, vekst; 2020–2025: −3,0", "per cent per year", 0, -20, 20),
    ("costs.pressure.care_under_50", "hours of care per inhabitant below 50, growth; 2014–2024: 2.3",
     "timer omsorg per innbygger under 50 år, vekst; 2014–2024: 2,3", "per cent per year", 0, -20, 20),
    ("costs.pressure.special_education", "hours of special education per pupil, growth; 2014–2024: 1.8",
     "timer spesialundervisning per elev, vekst; 2014–2024: 1,8", "per cent per year", 0, -20, 20),
    ("costs.pressure.special_education_share", "share of school spending that goes to special education; no source",
     "andel av skoleutgiftene som går til spesialundervisning; ingen kilde", "share", None, 0, 1),
    ("costs.pressure.unit_cost.SERVICE", "real growth of the unit cost",
     "realvekst i enhetskostnaden", "per cent per year", 0, -20, 20),
    ("costs.pressure.growth.NAME.growth", "real growth of the cost of a service at some ages",
     "realvekst i utgiften til en tjeneste i noen aldre", "per cent per year", 0, -20, 20),
    ("costs.pressure.growth.NAME.share", "share of the spending at those ages that grows",
     "andel av utgiften i de aldrene som vokser", "share", 1, 0, 1),
]  # fmt: skip


def cost_rows(lang: str = "en") -> list[KnobRow]:
    """The numbers of `[costs]` with text and unit in English (`en`) or Norwegian; SERVICE, YEAR, NAME stand for any."""
    english = lang == "en"
    return [
        KnobRow(path, en, "a number", unit, neutral, low, high, "derived")
        if english
        else KnobRow(path, nb, "a number", UNITS_NB[unit], neutral, low, high, "utledet")
        for path, en, nb, unit, neutral, low, high in _ROWS
    ]
