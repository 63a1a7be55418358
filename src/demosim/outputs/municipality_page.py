"""The page of one municipality: its figures beside its class of size and the country, and what matters here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from demosim._version import __version__
from demosim.outputs.library import needs
from demosim.outputs.measures import Measures
from demosim.outputs.numbers import percent
from demosim.outputs.panels import Panel, age_index_panel, pyramid_panel, yearly_panel
from demosim.outputs.places import KeyFigures, free_income_notes, key_figures
from demosim.outputs.regions import size_class_of
from demosim.outputs.render import svg, with_rows
from demosim.outputs.report import asset, policy, template
from demosim.outputs.rows import chart_rows, describe, number_table
from demosim.outputs.sensitivity import moved
from demosim.outputs.tables import cell_text
from demosim.outputs.words import MILLION, Words, money_decimals

SIZES = {"yearly": (760, 170), "age_index": (330, 180), "pyramid": (330, 200)}
MOST_SERVICES = 3
MOST_ASSUMPTIONS = 2


@dataclass(frozen=True)
class Comparison:
    """What the pages of all municipalities share: measures, figures of every place, a sensitivity if there is one."""

    measures: Measures
    words: Words
    sensitivity: xr.Dataset | None = None

    @cached_property
    def figures(self) -> KeyFigures:
        """Key figures of every place."""
        return key_figures(self.measures)

    @cached_property
    def panels(self) -> list[Panel]:
        """The figures of the page, for every place."""
        return [yearly_panel(self.measures), age_index_panel(self.measures), pyramid_panel(self.measures)]

    @cached_property
    def totals(self) -> np.ndarray:
        """Demographic expenditure up to the horizon, kr (place, service)."""
        values: np.ndarray = self.measures.accumulated().isel(budget_year=-1).values
        return values

    @cached_property
    def notes(self) -> list[str]:
        """What stands at the foot of every page."""
        words = self.words
        return [words("note_own_services"), words("note_need"), *free_income_notes(self.measures.dataset, words)]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The place of each region by code."""
        return {region.code: at for at, region in enumerate(self.measures.regions)}

    @cached_property
    def size_classes(self) -> dict[str, str]:
        """The class of size of each municipality."""
        codes = [str(code) for code in self.measures.dataset["municipality"].values]
        return dict(zip(codes, size_class_of(self.measures.dataset), strict=True))

    def name(self, code: str) -> str:
        """The name of a municipality."""
        return self.measures.regions[self.numbers[code]].label(self.words.lang)

    def beside(self, code: str) -> list[int]:
        """The municipality, its class of size (where there is one) and the country."""
        size = self.numbers.get(self.size_classes[code])
        return [self.numbers[code], *([] if size is None else [size]), self.numbers["country"]]


def render_page(comparison: Comparison, code: str) -> str:
    """The page of a municipality as text."""
    words, measures = comparison.words, comparison.measures
    own = comparison.numbers[code]
    beside = comparison.beside(code)
    return str(
        template("municipality.html").render(
            lang=words.lang, words=words, name=comparison.name(code), under=_under(comparison, code),
            version=__version__, scenario=words.scenario, sentence=_sentence(comparison, own), policy=policy(),
            style=needs("markupsafe").Markup(asset("report.css")),
            heads=[measures.regions[at].label(words.lang) for at in beside], rows=_rows(comparison, beside),
            matters=what_matters(comparison, own),
            figures=[_figure(comparison, panel, own) for panel in comparison.panels],
            notes=comparison.notes,
            digest=str(measures.dataset.attrs.get("digest", "")),
        )
    )  # fmt: skip


def _under(comparison: Comparison, code: str) -> str:
    """Number, official name where it differs, county."""
    dataset = comparison.measures.dataset
    at = dataset["municipality"].values.tolist().index(code)
    parts = [code]
    for name in ("municipality_name_official", "county_name"):
        if name in dataset and str(dataset[name].values[at]) not in (comparison.name(code), *parts):
            parts.append(str(dataset[name].values[at]))
    return ", ".join(parts)


def _sentence(comparison: Comparison, at: int) -> str:
    words, figures, measures = comparison.words, comparison.figures, comparison.measures
    amount, decimals = figures.accumulated[at] / MILLION, 1 if abs(figures.accumulated[at]) >= 10 * MILLION else 2
    return words(
        "page_sentence", first=measures.launch_year, last=measures.horizon,
        before=words.number(figures.persons_first[at]), after=words.number(figures.persons_last[at]),
        kind=words("kind_more" if amount >= 0 else "kind_less"), amount=words.number(abs(amount), decimals),
        unit=words.million, per_head=words.number(abs(figures.accumulated_per_head[at])),
    )  # fmt: skip


def _rows(comparison: Comparison, beside: list[int]) -> list[tuple[str, list[str]]]:
    words, figures, measures = comparison.words, comparison.figures, comparison.measures
    first, last, budget = measures.launch_year, measures.horizon, measures.budget_years[0]

    def shares(values: np.ndarray) -> list[str]:
        return ["–" if not np.isfinite(values[at]) else percent(float(values[at]), 1, words.lang) for at in beside]

    def numbers(values: np.ndarray, decimals: int = 0) -> list[str]:
        return [words.number(values[at], decimals) for at in beside]

    rows = [
        (words("column_persons_on", year=first), numbers(figures.persons_first)),
        (words("page_growth", first=first, last=last), shares(figures.growth)),
        (words("page_old_growth", first=first, last=last), shares(figures.old_growth)),
        (words("column_first_per_head", year=budget, unit=words.unit), numbers(figures.first_per_head)),
        (words("column_accumulated_per_head", year=last, unit=words.unit), numbers(figures.accumulated_per_head)),
        (words("column_income_share"), shares(figures.income_share)),
        (words("column_dependency", year=first), numbers(figures.dependency_first, 2)),
        (words("column_dependency", year=last), numbers(figures.dependency_last, 2)),
    ]
    rank, others = words.number(figures.rank[beside[0]]), ["–"] * (len(beside) - 1)
    return [*rows, (words("page_rank", total=words.number((figures.rank > 0).sum())), [rank, *others])]


def what_matters(comparison: Comparison, at: int) -> list[str]:
    """The services that add and take away most up to the horizon, and how care and the young compare to the country."""
    words, measures = comparison.words, comparison.measures
    total = comparison.totals
    own = [place for place in range(len(measures.services)) if np.isfinite(total[at, place])]
    order = sorted(own, key=lambda place: -abs(total[at, place]))[:MOST_SERVICES]
    persons = measures.population.values[:, 0]
    country = comparison.numbers["country"]
    lines = []
    for place in order:
        amount = total[at, place]
        per_head, everywhere = (words.number(total[of, place] / persons[of], sign=True) for of in (at, country))
        shown = words.number(amount / MILLION, 1 if abs(amount) >= 10 * MILLION else 2, sign=True)
        service = words.services[measures.services[place]]
        about = {"amount": shown, "unit": words.million, "per_head": per_head, "country": everywhere}
        lines.append(words("page_service_line", service=service, **about))
    lines += _sensitive(comparison, measures.regions[at].code)
    return lines + [line for line in (_fastest(comparison, at, +1), _fastest(comparison, at, -1)) if line]


def _sensitive(comparison: Comparison, code: str) -> list[str]:
    """The assumptions that move this municipality's figure most, where a sensitivity tells."""
    words, found = comparison.words, comparison.sensitivity
    if found is None or "municipality" not in found.dims or code not in found["municipality"].values:
        return []
    lines = []
    for one in moved(found, words.lang, code)[:MOST_ASSUMPTIONS]:
        low, high = sorted((one.effect_low / MILLION, one.effect_high / MILLION))
        decimals = money_decimals(np.array([low, high]))
        lines.append(
            words(
                "page_assumption_line", assumption=one.named(words.lang), ends=one.span(words.lang),
                low=words.number(low, decimals, sign=True), high=words.number(high, decimals, sign=True),
                unit=words.million, year=int(found.attrs["budget_year"]),
            )
        )  # fmt: skip
    return lines


def _fastest(comparison: Comparison, at: int, sign: int) -> str | None:
    """The age group that grows or falls most in persons, where one does."""
    words, groups = comparison.words, comparison.measures.age_groups
    change = groups.values[at, :, -1] - groups.values[at, :, 0]
    place = int(np.argmax(sign * change))
    if sign * change[place] < 0.5:
        return None
    key = "page_group_grows" if sign > 0 else "page_group_falls"
    return words(
        key, group=str(groups["group"].values[place]), change=words.number(change[place], sign=True),
        last=comparison.measures.horizon,
    )  # fmt: skip


def _figure(comparison: Comparison, panel: Panel, at: int) -> dict[str, Any]:
    words = comparison.words
    labels = panel.labels(words)
    width, height = SIZES[panel.key]
    picture = svg(with_rows(panel.draw(labels), chart_rows(panel, labels, at, words.lang), width, height), words.lang)
    table = number_table(panel, labels, at, words("total"))
    name = comparison.measures.regions[at].label(words.lang)
    return {
        "title": labels.title, "unit": labels.unit, "note": labels.note, "svg": needs("markupsafe").Markup(picture),
        "alt": describe(panel, labels, at, name, words.lang, words("total")), "heads": table.columns,
        "rows": [(label, [cell_text(cell, table.decimals, words.lang) for cell in row]) for label, row in table.rows],
    }  # fmt: skip
