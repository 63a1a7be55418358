"""What is said about a result in one language: messages, units with their price year, names of services, headline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from demosim.outputs.messages import message
from demosim.outputs.numbers import number

BILLION, MILLION = 1e9, 1e6


@dataclass(frozen=True)
class Words:
    """Messages in a language (`words("total")`) and the words that depend on the result."""

    lang: str
    dataset: xr.Dataset

    def __call__(self, key: str, **values: object) -> str:
        return message(self.lang, key, **values)

    @cached_property
    def price_year(self) -> int:
        """Of which year the prices are."""
        return int(self.dataset.attrs["price_year"])

    @cached_property
    def currency(self) -> str:
        """The currency as written behind the price year."""
        name = str(self.dataset.attrs.get("currency", "kr"))
        if name != "kr":
            return name
        return "NOK" if self.lang == "en" else "kroner"

    @property
    def billion(self) -> str:
        """The unit of large amounts, such as mrd. 2026-kroner."""
        return self("billion", year=self.price_year, currency=self.currency)

    @property
    def million(self) -> str:
        """The unit of most tables, such as mill. 2026-kroner."""
        return self("million", year=self.price_year, currency=self.currency)

    @property
    def unit(self) -> str:
        """The unit of single amounts, such as 2026-kroner."""
        return self("unit_money", year=self.price_year, currency=self.currency)

    @property
    def scenario(self) -> str:
        """The title of the scenario, else its name."""
        attrs = self.dataset.attrs
        return str(attrs.get("title") or attrs.get("scenario") or self("untitled"))

    @cached_property
    def services(self) -> dict[str, str]:
        """Names of the services by key: in the language where the result has them, else as they are."""
        names = (f"service_label_{self.lang}", "service_label_en", "service")
        labels = self.dataset[next(name for name in names if name in self.dataset.coords)].values
        return dict(zip(map(str, self.dataset["service"].values), map(str, labels), strict=True))

    def number(self, value: float, decimals: int = 0, sign: bool = False) -> str:
        """A number as the language writes it."""
        return number(float(value), decimals, self.lang, sign)


def money_decimals(values: np.ndarray) -> int:
    """Decimals with which amounts in millions are shown: fewer, the larger the largest of them."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    return 0 if largest >= 1000 else 1 if largest >= 10 else 2
