"""Services of a country of one's own: who runs each, what share is net, what it is called, prices of which year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from demosim.errors import ProblemGroup, usage_error
from demosim.files import beside, read_csv

LEVELS = ("municipal", "county")
LANGUAGES = ("nb", "nn", "en")


@dataclass(frozen=True)
class Services:
    """Rows of a table of services in the order of the unit costs, and the year of their prices."""

    table: pd.DataFrame
    price_year: int

    def attach(self, dataset: xr.Dataset) -> xr.Dataset:
        """The data set with what the rows say beside its unit costs."""
        rows = self.table.loc[[str(name) for name in dataset["unit_cost"]["service"].values]]
        coords: dict[str, Any] = {
            "level": ("service", rows["level"].to_numpy(dtype=np.str_)),
            "net_share": ("service", rows["net_share"].to_numpy(dtype=float)),
        }
        for lang in LANGUAGES:
            label = f"label_{lang}" if f"label_{lang}" in rows else "label"
            coords[f"service_label_{lang}"] = ("service", rows[label].to_numpy(dtype=np.str_))
        cost = dataset["unit_cost"].assign_coords(coords).assign_attrs(price_year=self.price_year)
        return dataset.assign(unit_cost=cost)


def read_services_of(
    said: Mapping[str, Any], arrays: Mapping[str, xr.DataArray], declaration: Path, allow_paths: bool = False
) -> Services | None:
    """The table of services that a declaration names; None where it gives no unit costs.

    The table is a CSV file with the columns `service`, `level` (municipal or county), `net_share`, and `label` or
    `label_nb`, `label_nn`, `label_en`. Raises with everything that is wrong, and where one is there without the other.
    """
    asked = said.get("services")
    if asked is None and "unit_cost" not in arrays:
        return None
    if not isinstance(asked, dict) or "unit_cost" not in arrays:
        what = "services need their unit costs" if isinstance(asked, dict) else "unit costs need a table of services"
        allowed = "[services] with path and price_year, and [files.unit_cost]"
        raise usage_error(what, file=str(declaration), path="services", allowed=allowed)
    year = asked.get("price_year")
    if not isinstance(year, int) or isinstance(year, bool):
        what = f"should be a year, not {year!r}"
        raise usage_error(what, file=str(declaration), path="services.price_year", code="declaration")
    path = beside(declaration.parent, str(asked.get("path", "")), allow_paths)
    table = read_csv(path, ("service", "level", "net_share"), dtype=str, keep_default_na=False)
    return Services(_checked(table, arrays["unit_cost"], path), year)


def _checked(table: pd.DataFrame, unit_cost: xr.DataArray, path: Path) -> pd.DataFrame:
    problems = ProblemGroup(path)
    if not any(column in table for column in ("label", *(f"label_{lang}" for lang in LANGUAGES))):
        problems.add("has no such column", path="label", allowed="label, or label_nb, label_nn and label_en")
    problems.raise_if_any()
    if "label" not in table:
        table = table.assign(label=table[next(c for c in table if str(c).startswith("label_"))])
    rows = table.set_index("service", drop=False)
    wanted = {str(name) for name in unit_cost["service"].values} if "service" in unit_cost.dims else set()
    for name in sorted(wanted ^ set(rows.index)):
        problems.add("stands in one of services and unit costs only", path=str(name))
    if rows.index.duplicated().any():
        problems.add("stands more than once", path=str(rows.index[rows.index.duplicated()][0]))
    for name, level, share in rows[["service", "level", "net_share"]].itertuples(index=False):
        if level not in LEVELS:
            problems.add(f'is of the level "{level}"', path=str(name), allowed=" or ".join(LEVELS))
        try:
            outside = not 0 < float(share) <= 1
        except ValueError:
            outside = True
        if outside:
            problems.add(f'has the net share "{share}"', path=str(name), allowed="above 0, at most 1")
    problems.raise_if_any()
    return rows
