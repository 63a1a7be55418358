"""Municipal estimates for a fresh data set: the calibration, from the stored history or from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from demosim.baseline.build import ESTIMATES_FILE
from demosim.baseline.calibrate.history import FERTILITY_FILE, MORTALITY_FILE, SEXES, read_history
from demosim.baseline.calibrate.national import NATION_FILE
from demosim.baseline.calibrate.run import run_calibrate
from demosim.baseline.keys import migration_profile
from demosim.baseline.read import read_baseline, read_facts
from demosim.baseline.store import REFUGEE_PROFILE
from demosim.sources.fresh_facts import CARRIED, COUNTRY, FreshFacts, total_fertility

WINDOW = 15  # years back from the launch that calibration looks at


def calibrated(made: FreshFacts, work: Path, history: Path | None) -> Path | None:
    """Estimates of the launch in `work`, from a file of the history or the stored one; None where there is neither.

    Mortality by launch year comes from the stored life tables, fertility from the carried schedule at the published
    totals, the long series of the country from the store; where one of them is not there, a file of the usual name
    beside the history is used, else what the calibration does without it.
    """
    source = history or _history(made, work)
    if source is None:
        return None
    years = read_history(source)["year"].values
    run_calibrate(
        source, made.launch, work / "estimates", baseline=_profiles(made),
        mortality=_mortality(made, work, years) or _beside(source, MORTALITY_FILE),
        fertility=_beside(source, FERTILITY_FILE) or _fertility(made, work),
        nation=_nation(made, work) or _beside(source, NATION_FILE),
    )  # fmt: skip
    used = [name for name in ("population_history", "life-table", "fertility", COUNTRY) if name in made.inputs.origins]
    if history is not None:
        used = [name for name in used if name != "population_history"]
        made.provenance.carry("population history", f"read from {history.name}, not from the store")
    made.provenance.use(made.inputs.origins, used, "municipal estimates")
    return work / "estimates" / ESTIMATES_FILE


def _history(made: FreshFacts, work: Path) -> Path | None:
    """The stored history as a file in the form that calibration reads; None where it is not there or too short."""
    stored = made.inputs.arrays.get("population_history")
    if stored is None or stored.sizes["year"] < 4 or made.launch not in stored["year"].values:
        return None
    table = read_facts("municipalities", made.facts).set_index("municipality")
    codes = [str(code) for code in stored["municipality"].values]
    plain = stored.reset_coords(drop=True).transpose("year", "municipality", "sex", "age").sel(sex=list(SEXES))
    data = xr.Dataset({"population": plain.astype(float)}).assign_coords(
        county=("municipality", np.array([str(table.loc[code, "county"]) for code in codes])),
        municipality_name=("municipality", np.array([str(table.loc[code, "name_nb"]) for code in codes])),
    )
    data["population"].attrs = {}
    path = work / "history.nc"
    data.to_netcdf(path, engine="netcdf4")
    return path


def _mortality(made: FreshFacts, work: Path, years: np.ndarray) -> Path | None:
    mortality = made.mortality()
    if mortality is None:
        return None
    path = work / "mortality.csv"
    mortality.by_launch(range(int(years[0]), made.launch + 1)).to_csv(path, index=False, encoding="utf-8")
    return path


def _fertility(made: FreshFacts, work: Path) -> Path:
    """Rates by year: the carried schedule, at the published total of each year where it is stored."""
    table = read_facts("fertility", made.facts)
    shape = table["fertility_rate"] / table["fertility_rate"].sum()
    totals = total_fertility(made.inputs) or dict.fromkeys(range(made.launch - WINDOW, made.launch), 1.0)
    rates = {str(year): shape * total for year, total in sorted(totals.items())}
    if not total_fertility(made.inputs):
        made.provenance.carry("fertility by year", "the carried schedule stands for all years: ratios to it are kept")
    path = work / "fertility.csv"
    pd.DataFrame({"age": table["age"], **rates}).to_csv(path, index=False, encoding="utf-8")
    return path


def _nation(made: FreshFacts, work: Path) -> Path | None:
    """The long series of the country as a file, None where it is not stored."""
    if COUNTRY not in made.inputs.arrays:
        return None
    country = made.country()
    frame = country.stack(row=("year", "sex")).transpose("row", "age").to_pandas()
    path = work / "country.csv"
    frame.to_csv(path, encoding="utf-8")
    return path


def _profiles(made: FreshFacts) -> xr.Dataset:
    """The embedded data set with the profile of refugees that was made; it stands in where mortality is not stored."""
    data = read_baseline(CARRIED)
    refugees = data.attrs[REFUGEE_PROFILE]
    fresh = data["migration_profile"].copy()
    fresh.loc[{"profile": refugees}] = migration_profile(read_facts("migration_profiles", made.folder), refugees)
    return data.assign(migration_profile=fresh)


def _beside(history: Path, name: str) -> Path | None:
    path = history.parent / name
    return path if path.is_file() else None
