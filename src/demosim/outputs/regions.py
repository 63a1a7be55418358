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
        parts = dict.fromkeys(dataset["landsdel"].values.tolist())
        found += [Region("landsdel", f"landsdel-{name}", name) for name in parts]
    if "county" in kinds and "county" in dataset:
        names = dict(zip(dataset["county"].values.tolist(), dataset["county_name"].values.tolist(), strict=True))
        found += [Region("county", f"county-{code}", names[code]) for code in sorted(names)]
    if "size" in kinds:
        limits = zip((0, *SIZE_CUTS), (*SIZE_CUTS, None), strict=True)
        present = set(size_class_of(dataset))
        found += [Region("size", f"size-{low}", "", low, high) for low, high in limits if f"size-{low}" in present]
    if "municipality" in kinds:
        found += [Region("municipality", code, name) for code, name in municipality_names(dataset).items()]
    alone = {kind for kind in ("landsdel", "county", "size") if sum(region.kind == kind for region in found) < 2}
    return [region for region in found if region.kind not in alone]


def municipality_names(dataset: xr.Dataset) -> dict[str, str]:
    """Short names by number; with the county behind where two municipalities share a name."""
    codes = [str(code) for code in dataset["municipality"].values]
    names: list[str] = dataset["municipality_name"].values.tolist() if "municipality_name" in dataset else codes
    if "county_name" in dataset:
        told = zip(names, dataset["county_name"].values.tolist(), strict=True)
        names = [f"{name} ({county})" if names.count(name) > 1 else name for name, county in told]
    return dict(zip(codes, names, strict=True))


def group_name(group: object, lang: str) -> str:
    """The name of a group of municipalities as a reader sees it."""
    return message(lang, "indicators_all") if group == "all" else str(group)


def members(dataset: xr.Dataset, regions: Sequence[Region]) -> np.ndarray:
    """Which municipalities each place holds: (region, municipality), 0 or 1. Size is that of the first date."""
    codes = dataset["municipality"].values
    sizes = np.array(size_class_of(dataset)) if any(region.kind == "size" for region in regions) else codes
    rows = []
    for region in regions:
        if region.kind == "country":
            rows.append(np.ones(len(codes), dtype=bool))
        elif region.kind == "landsdel":
            rows.append(dataset["landsdel"].values == region.name)
        else:
            own = {"municipality": codes, "size": sizes, "county": dataset.get("county")}[region.kind]
            rows.append(np.asarray(own) == region.code.removeprefix("county-"))
    return np.array(rows, dtype=bool).reshape(len(regions), len(codes))


def size_class_of(dataset: xr.Dataset) -> list[str]:
    """The code of the class of size that each municipality is in."""
    persons = dataset["population"].isel(date=0).sum(("sex", "age")).values
    lower = np.array((0, *SIZE_CUTS))[np.searchsorted(SIZE_CUTS, persons, side="right")]
    return [f"size-{low}" for low in lower]
