"""Municipal estimates for a fresh data set: the calibration, from the stored history or from a file."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from demosim.baseline.build import ESTIMATES_FILE
from demosim.baseline.calibrate.history import FERTILITY_FILE, MORTALITY_FILE, read_history
from demosim.baseline.calibrate.national import NATION_FILE
from demosim.baseline.calibrate.run import run_calibrate
from demosim.baseline.keys import migration_profile
from demosim.baseline.read import read_baseline, read_facts
from demosim.baseline.store import REFUGEE_PROFILE
from demosim.sources.fresh_facts import CARRIED, COUNTRY, FreshFacts
from demosim.sources.history import fertility_file, history_file, mortality_file, nation_file


def calibrated(made: FreshFacts, work: Path, history: Path | None) -> Path | None:
    """Estimates of the launch in `work`, from a file of the history or the stored one; None where there is neither.

    Mortality by launch year comes from the stored life tables, fertility from the carried schedule at the published
    totals, the long series of the country from the store; where one of them is not there, a file of the usual name
    beside the history is used, else what the calibration does without it.
    """
    source = history or history_file(made, work / "history.nc")
    if source is None:
        return None
    years = read_history(source)["year"].values
    run_calibrate(
        source, made.launch, work / "estimates", baseline=_profiles(made),
        mortality=mortality_file(made, work / "mortality.csv", years) or _beside(source, MORTALITY_FILE),
        fertility=_beside(source, FERTILITY_FILE) or fertility_file(made, work / "fertility.csv"),
        nation=nation_file(made, work / "country.csv") or _beside(source, NATION_FILE),
    )  # fmt: skip
    used = [name for name in ("population_history", "life-table", "fertility", COUNTRY) if name in made.inputs.origins]
    if history is not None:
        used = [name for name in used if name != "population_history"]
        made.provenance.carry("population history", f"read from {history.name}, not from the store")
    made.provenance.use(made.inputs.origins, used, "municipal estimates")
    return work / "estimates" / ESTIMATES_FILE


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
