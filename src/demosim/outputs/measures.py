"""What is shown, counted from a result for every place: persons by age group, need, yearly and accumulated change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from demosim.axes import age_label
from demosim.errors import usage_error
from demosim.indicators import WORKING_AGES
from demosim.outputs.regions import KINDS, Region, list_regions, members

AGE_CUTS = (0, 1, 6, 13, 16, 20, 45, 67, 80, 90)
PYRAMID_WIDTH = 5
FREE, ALL = "free_income", "all"


@dataclass(frozen=True)
class Measures:
    """A result of the kind run seen by place. `regions`: the places; the first is the country where it is asked for."""

    dataset: xr.Dataset
    regions: tuple[Region, ...]

    @cached_property
    def members(self) -> np.ndarray:
        """Which municipalities each place holds: (region, municipality)."""
        return members(self.dataset, self.regions)

    @property
    def launch_year(self) -> int:
        """The first date."""
        return self.dates[0]

    @property
    def horizon(self) -> int:
        """The last date."""
        return self.dates[-1]

    @property
    def budget_years(self) -> list[int]:
        """The budget years, from the one after the launch."""
        return [int(year) for year in self.dataset["budget_year"].values]

    @property
    def dates(self) -> list[int]:
        """The years whose 1 January is shown."""
        return [int(year) for year in self.dataset["date"].values]

    @property
    def services(self) -> list[str]:
        """Keys of the services in the result."""
        return [str(service) for service in self.dataset["service"].values]

    @cached_property
    def levels(self) -> list[str]:
        """Who pays for each service: municipal or county."""
        return [str(level) for level in self.dataset["level"].values]

    @cached_property
    def owns_county_services(self) -> np.ndarray:
        """Which places pay for county services: the country, its parts and counties; a municipality that is a whole
        county is both. Classes of size and other municipalities pay for their own services only."""
        codes = self.dataset["municipality"].values
        counties = self.dataset["county"].values if "county" in self.dataset else codes
        _, county_of, sizes = np.unique(counties, return_inverse=True, return_counts=True)
        lone = codes[sizes[county_of] == 1].tolist()
        wide = ("country", "landsdel", "county")
        return np.array([region.kind in wide or region.code in lone for region in self.regions])

    def by_region(self, data: xr.DataArray) -> xr.DataArray:
        """Sums of municipal values over the municipalities of each place: dim `region` first."""
        rest = [dim for dim in data.dims if dim != "municipality"]
        values = data.transpose("municipality", *rest)
        sums = np.tensordot(self.members.astype(float), values.values, axes=1)
        coords = {str(dim): values[dim].values for dim in rest if dim in values.coords}
        return xr.DataArray(sums, dims=("region", *rest), coords=coords)

    def money(self, name: str, financing: str = FREE) -> xr.DataArray:
        """A monetary array (region, service, date or budget_year), kr; not a number where the place does not pay."""
        values = self.by_region(self.dataset[name].sel(financing=financing))
        foreign = ~self.owns_county_services[:, None] & (np.array(self.levels) == "county")
        return values.where(~xr.DataArray(foreign, dims=("region", "service")))

    def yearly(self, financing: str = FREE) -> xr.DataArray:
        """Demographic expenditure (region, service, budget_year), kr."""
        return self.money("demographic_expenditure", financing)

    def accumulated(self, financing: str = FREE) -> xr.DataArray:
        """Demographic expenditure since the launch (region, service, budget_year), kr."""
        return self.money("accumulated_demographic_expenditure", financing)

    @cached_property
    def population(self) -> xr.DataArray:
        """Persons (region, date)."""
        return self.by_region(self.dataset["population"].sum(("sex", "age")))

    @cached_property
    def age_groups(self) -> xr.DataArray:
        """Persons (region, group, date) by the age groups of the services."""
        return self.grouped(self.dataset["population"].sum("sex"), age_group_cuts(self.dataset))

    @cached_property
    def pyramid(self) -> xr.DataArray:
        """Persons (region, sex, group, date) by five-year groups on the first and the last date."""
        ends = self.dataset["population"].isel(date=[0, -1])
        last = int(self.dataset["age"].values[-1])
        cuts = [int(age) for age in self.dataset["age"].values if age % PYRAMID_WIDTH == 0 and age <= min(last, 95)]
        return self.grouped(ends, cuts)

    def grouped(self, persons: xr.DataArray, cuts: Sequence[int]) -> xr.DataArray:
        """Persons (municipality, age, ...) by place and age groups that begin at `cuts`: (region, ..., group, date)."""
        ages = persons["age"].values
        index = np.searchsorted(np.array(cuts), ages, side="right") - 1
        labels = group_labels(cuts, int(ages[-1]))
        parts = [persons.isel(age=index == place).sum("age") for place in range(len(cuts))]
        grouped = self.by_region(xr.concat(parts, "group").assign_coords(group=labels))
        return grouped.transpose("region", ..., "group", "date")

    @cached_property
    def dependency_ratio(self) -> xr.DataArray:
        """Persons outside 20-64 per person of 20-64 (region, date)."""
        ages = self.dataset["age"]
        working = (ages >= WORKING_AGES[0]) & (ages <= WORKING_AGES[1])
        persons = self.dataset["population"].sum("sex")
        inside = self.by_region(persons.where(working, 0.0).sum("age"))
        return (self.population - inside) / inside.where(inside > 0)


def of_all_services(data: xr.DataArray) -> xr.DataArray:
    """Of an amount in a fan, a sweep or a comparison, what is charged to free income, of all services together."""
    data = data.sel(financing=FREE) if "financing" in data.dims else data
    return data.sel(service="total") if "service" in data.dims and "total" in data["service"].values else data


def is_norway(dataset: xr.Dataset) -> bool:
    """Whether a result is of a data set of Norway, of which published figures tell."""
    return str(dataset.attrs.get("baseline", "")).startswith("norway")


def measures(dataset: xr.Dataset, kinds: Sequence[str] = KINDS) -> Measures:
    """The result seen by places of these kinds. Raises a `DemosimError` where it holds no costs."""
    missing = [name for name in ("population", "demographic_expenditure", "expenditure_need") if name not in dataset]
    if missing:
        raise usage_error(f"the result lacks {', '.join(missing)}", allowed="a result of the kind run, with costs")
    return Measures(dataset, tuple(list_regions(dataset, kinds)))


def age_group_cuts(dataset: xr.Dataset) -> list[int]:
    """Lower bounds of the age groups shown: those of the services that the ages of the data set allow."""
    ages = {int(age) for age in dataset["age"].values}
    return [cut for cut in AGE_CUTS if cut in ages]


def group_labels(cuts: Sequence[int], last: int) -> list[str]:
    """Labels of age groups by their lower bounds; the last is open."""
    uppers = [cut - 1 for cut in cuts[1:]] + [last]
    return [age_label(lower, upper, last).replace("-", "–") for lower, upper in zip(cuts, uppers, strict=True)]
