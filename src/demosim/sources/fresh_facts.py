"""Tables of facts in the making: stored figures beside the carried ones, each table with its origin."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.build import RECIPE_FILE
from demosim.baseline.build_paths import population_by_age, vital_rates
from demosim.baseline.find import embedded
from demosim.baseline.read import read_facts, read_source
from demosim.baseline.store import file_digest
from demosim.errors import run_error
from demosim.files import write_text
from demosim.sources.build import BuildInputs
from demosim.sources.fresh_mortality import FreshMortality, fresh_mortality
from demosim.sources.provenance import Provenance
from demosim.sources.tables import read_toml

CARRIED = "norway2026"  # the embedded data set whose recipe and estimates stand in where nothing else is there
FRESH_FILE = "fresh.toml"
COUNTRY = "population-country-history"


@dataclass
class FreshFacts:
    """Facts in the making: the carried tables, the stored figures, and what was taken from where."""

    inputs: BuildInputs
    recipe: dict[str, Any]
    facts: Path
    folder: Path
    settings: dict[str, Any]
    source: dict[str, Any]
    provenance: Provenance = field(default_factory=Provenance)

    @classmethod
    def of(
        cls, inputs: BuildInputs, recipe: dict[str, Any] | None = None, facts: Path | None = None,
        folder: Path | None = None,
    ) -> Self:  # fmt: skip
        """Stored figures beside the carried tables; the embedded recipe and facts where nothing is said.

        folder: where tables are written, the facts' own where none are.
        """
        facts = facts or embedded("data", "facts")
        recipe = recipe or read_toml(embedded("data", CARRIED, RECIPE_FILE))
        return cls(inputs, recipe, facts, folder or facts, read_toml(embedded("data", FRESH_FILE)), read_source(facts))

    @property
    def launch(self) -> int:
        """Year of the data set."""
        return int(self.inputs.about["launch_year"])

    def table(self, name: str) -> pd.DataFrame:
        """A table as carried."""
        return read_facts(name, self.facts)

    def country(self) -> xr.DataArray:
        """The registered country (year, sex, age): stored years, else the carried ones; the launch from the sums."""
        stored = self.inputs.arrays.get(COUNTRY)
        carried = self.table("population_norway")
        years = sorted({int(year) for year in carried["year"]})
        parts = {year: population_by_age({"population_norway": carried}, year) for year in years}
        if stored is not None:
            plain = stored.transpose("year", "sex", "age").sel(sex=list(SEXES)).reset_coords(drop=True)
            parts |= {int(year): plain.sel(year=year, drop=True) for year in plain["year"].values}
        total = self.inputs.arrays["population"].sum("municipality").transpose("sex", "age").sel(sex=list(SEXES))
        parts[self.launch] = total.reset_coords(drop=True)
        ages = {part.sizes["age"] for part in parts.values()}
        if len(ages) > 1:
            raise run_error(f"have different numbers of ages ({', '.join(map(str, sorted(ages)))})", code="size",
                            file="population and population_norway")  # fmt: skip
        found = xr.concat([parts[year] for year in sorted(parts)], pd.Index(sorted(parts), name="year"))
        return found.transpose("year", "sex", "age")

    def mortality(self) -> FreshMortality | None:
        """The stored life tables beside the carried table, None where none are stored."""
        if "life-table" not in self.inputs.arrays:
            return None
        names = ("mortality", "fertility", "vital_constants", "migration_profiles")
        carried = vital_rates(self.recipe, {name: self.table(name) for name in names}).mortality
        return fresh_mortality(self.inputs.arrays["life-table"], self.country(), carried, self.settings["mortality"])

    def write(self, name: str, remark: str, rows: Sequence[Sequence[object]], used: Sequence[str], how: str) -> None:
        """Write a table of facts with its origin, and note what it was made of. `rows`: the head first."""
        path = self.folder / f"{name}.csv"
        text = io.StringIO()
        text.write(f"# {remark}\n")
        csv.writer(text, lineterminator="\n").writerows(rows)
        write_text(path, text.getvalue())
        origins = [self.inputs.origins[entry] for entry in used if entry in self.inputs.origins]
        vintages = ", ".join(f"{entry} sha256 {self.inputs.origins[entry]['sha256']}" for entry in used)
        said = {
            "origin": ", ".join(dict.fromkeys(str(origin["origin"]) for origin in origins)),
            "table": ", ".join(dict.fromkeys(str(origin["table"]) for origin in origins)),
            "date": max(str(origin["date"]) for origin in origins),
            "confidence": "; ".join(dict.fromkeys(str(origin["confidence"]) for origin in origins)),
            "derivation": f"{how}; vintages {vintages}", "sha256": file_digest(path),
        }  # fmt: skip
        self.source["files"][path.name] = {**self.source["files"][path.name], **said}
        self.provenance.use(self.inputs.origins, used, name)
