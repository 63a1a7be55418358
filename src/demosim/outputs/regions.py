"""Places a reader can look at: the country, its parts, classes of size, single municipalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.groups import SIZE_CUTS
from demosim.outputs.messages import message
from demosim.outputs.numbers import number

KINDS = ("country", "landsdel", "county", "size", "municipality")


@dataclass(frozen=True)
class Region:
    """A place: its kind, a code that is unique among all places, its own name (empty where the words depend on the
    language) and, for a class of size, the limits in inhabitants."""

    kind: str
    code: str
    name: str = ""
    lower: int = 0
    upper: int | None = None

    def label(self, lang: str) -> str:
        """The name as a reader sees it."""
        if self.kind == "country":
            return message(lang, "region_country")
        if self.kind != "size":
            return self.name
        if self.upper is None:
            return message(lang, "region_size_above", lower=number(self.lower, 0, lang))
        if self.lower == 0:
            return message(lang, "region_size_below", upper=number(self.upper, 0, lang))
        upper = number(self.upper - 1, 0, lang)
        return message(lang, "region_size_between", lower=number(self.lower, 0, lang), upper=upper)


def list_regions(dataset: xr.Dataset, kinds: Sequence[str] = KINDS) -> list[Region]:
    """All places of a result, from the country to single municipalities, in the order of their codes.

    A municipality whose short name another has too is called by its county as well. A division with one part only
    (a country with one landsdel) says nothing and is left out.
    """
    found: list[Region] = []
    if "country" in kinds:
        found.append(Region("country", "country"))
    if "landsdel" in kinds and "landsdel" in dataset:
        found += [Region("landsdel", f"landsdel-{name}", name) for name in _unique(dataset["landsdel"])]
    if "county" in kinds and "county" in dataset:
        names = dict(zip(dataset["county"].values.tolist(), dataset["county_name"].values.tolist(), strict=True))
        found += [Region("county", f"county-{code}", names[code]) for code in sorted(names)]
    if "size" in kinds:
        cuts = (0, *SIZE_CUTS)
        classes = [
            Region("size", f"size-{low}", "", low, high) for low, high in zip(cuts, (*SIZE_CUTS, None), strict=True)
        ]
        present = set(size_class_of(dataset))
        found += [region for region in classes if region.code in present]
    if "municipality" in kinds:
        codes = dataset["municipality"].values.tolist()
        found += [
            Region("municipality", code, name) for code, name in zip(codes, municipality_names(dataset), strict=True)
        ]
    alone = {kind for kind in ("landsdel", "county", "size") if sum(region.kind == kind for region in found) < 2}
    return [region for region in found if region.kind not in alone]


def municipality_names(dataset: xr.Dataset) -> list[str]:
    """Short names; with the county behind where two municipalities share a name."""
    if "municipality_name" not in dataset:
        return [str(code) for code in dataset["municipality"].values]
    names: list[str] = dataset["municipality_name"].values.tolist()
    if "county_name" not in dataset:
        return names
    counties = dataset["county_name"].values.tolist()
    return [
        f"{name} ({county})" if names.count(name) > 1 else name for name, county in zip(names, counties, strict=True)
    ]


def members(dataset: xr.Dataset, regions: Sequence[Region]) -> np.ndarray:
    """Which municipalities each place holds: (region, municipality), 0 or 1. Size is that of the first date."""
    codes = dataset["municipality"].values
    persons = dataset["population"].isel(date=0).sum(("sex", "age")).values
    rows = []
    for region in regions:
        if region.kind == "country":
            rows.append(np.ones(len(codes), dtype=bool))
        elif region.kind == "size":
            rows.append((persons >= region.lower) & (persons < (np.inf if region.upper is None else region.upper)))
        elif region.kind == "municipality":
            rows.append(codes == region.code)
        elif region.kind == "county":
            rows.append(dataset["county"].values == region.code.removeprefix("county-"))
        else:
            rows.append(dataset["landsdel"].values == region.name)
    return np.array(rows, dtype=bool).reshape(len(regions), len(codes))


def size_class_of(dataset: xr.Dataset) -> list[str]:
    """The code of the class of size that each municipality is in."""
    persons = dataset["population"].isel(date=0).sum(("sex", "age")).values
    lower = np.array((0, *SIZE_CUTS))[np.searchsorted(SIZE_CUTS, persons, side="right")]
    return [f"size-{low}" for low in lower]


def _unique(names: xr.DataArray) -> list[str]:
    return list(dict.fromkeys(names.values.tolist()))
