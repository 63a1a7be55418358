"""Building a data set: the same bytes each time, what is shipped is what is built, keys and profiles, the engine."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import made_up
from demosim.baseline.build import build_baseline
from demosim.baseline.find import embedded
from demosim.baseline.keys import migration_profile, settlement_by_size
from demosim.baseline.read import read_baseline, read_facts
from demosim.baseline.store import write_netcdf
from demosim.errors import DemosimError
from demosim.projection import project
from nation_ahead import next_year
from plain_assumptions import plain_assumptions

FACTS = embedded("data", "facts")
SHIPPED = embedded("data", "norway2026")


def recipe_folder(folder: Path, last_year: int = 2029) -> Path:
    """A folder with the shipped recipe, cut down to the main alternatives and a last year."""
    folder.mkdir()
    text = (SHIPPED / "recipe.toml").read_text(encoding="utf-8")
    text = text.replace("last_year = 2049", f"last_year = {last_year}").replace('["MMMM", "LLML", "HHMH"]', '["MMMM"]')
    (folder / "recipe.toml").write_text(text, encoding="utf-8")
    return folder


def estimates_for(folder: Path) -> Path:
    """Made-up municipal estimates in the form of the calibration's file, municipalities in another order."""
    codes = read_facts("municipalities")["municipality"].to_numpy(dtype=str)[::-1]
    ages = np.arange(106)
    factor = 0.9 + 0.2 * np.arange(len(codes)) / len(codes)
    dataset = xr.Dataset(
        {
            "fertility_factor": ("municipality", factor),
            "net_migration_deviation": (
                ("part", "band", "municipality"), np.stack([np.outer([0, 1], factor - 1)] * 2).astype(np.float32)
            ),
            "deviation_half_life": ("part", [1000.0, 15.0]),
            "deviation_band": (("sex", "age_end_of_year"), np.stack([(ages > 0).astype(np.int32)] * 2)),
        },
        coords={"municipality": codes, "sex": ["male", "female"], "age_end_of_year": ages,
                "part": ["lasting", "fading"], "band": [0, 1]},
    )  # fmt: skip
    write_netcdf(dataset, folder / "estimates.nc")
    return folder / "estimates.nc"


def test_a_second_build_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (recipe_folder(tmp_path / name) for name in ("a", "b"))
    for folder in (first, second):
        build_baseline(FACTS, None, folder)
    for name in ("baseline.nc", "source.toml"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert sorted(path.name for path in first.iterdir()) == ["baseline.nc", "recipe.toml", "source.toml"]
    built = read_baseline(first)
    assert list(built["variant"].values) == ["2024-MMMM", "2026-MMMM"]
    assert "neutral" in built["fertility_factor"].attrs["confidence"]


def test_what_is_shipped_is_what_is_built(tmp_path: Path) -> None:
    """The main alternatives only, for time; the last digits may differ between processors."""
    folder = recipe_folder(tmp_path / "again", last_year=2049)
    estimates = SHIPPED / "estimates.nc"
    if estimates.exists():
        estimates = Path(shutil.copyfile(estimates, folder / "estimates.nc"))
    build_baseline(FACTS, estimates if estimates.exists() else None, folder)
    built, shipped = read_baseline(folder), read_baseline("norway2026")
    xr.testing.assert_allclose(built, shipped.sel(variant=built["variant"]), rtol=1e-6, atol=1e-6)
    sources = [tomllib.loads((place / "source.toml").read_text(encoding="utf-8")) for place in (folder, SHIPPED)]
    for source in sources:
        for name in ("baseline.nc", "recipe.toml"):
            del source["files"][name]["sha256"]
    assert sources[0] == sources[1]
    assert (SHIPPED / "baseline.nc").stat().st_size < 3e6


def test_estimates_are_taken_in_by_municipality(tmp_path: Path) -> None:
    folder = recipe_folder(tmp_path / "set")
    build_baseline(FACTS, estimates_for(folder), folder)
    built = read_baseline(folder)
    assert float(built["fertility_factor"].isel(municipality=-1)) == pytest.approx(0.9)
    assert built["net_migration_deviation"].dtype == np.float64
    assert built["deviation_band"].values[0, :3].tolist() == [0, 1, 1]
    source = tomllib.loads((folder / "source.toml").read_text(encoding="utf-8"))
    assert source["files"]["estimates.nc"]["confidence"] == "estimated"


def test_estimates_that_miss_a_municipality_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = recipe_folder(tmp_path / "set")
    estimates = estimates_for(folder)
    some = xr.load_dataset(estimates).isel(municipality=slice(3, None))
    write_netcdf(some, estimates)
    with pytest.raises(DemosimError, match="fertility_factor: 3 cells without a number"):
        build_baseline(FACTS, estimates, folder)
    assert not (folder / "baseline.nc").exists()


def test_the_jump_off_population_meets_groups_and_country() -> None:
    baseline = read_baseline("norway2026")
    population = baseline["population"]
    country = read_facts("population_norway").query("year == 2026").set_index("sex").drop(columns="year")
    for sex in ("male", "female"):
        np.testing.assert_allclose(population.sel(sex=sex).sum("municipality"), country.loc[sex], atol=1e-6)
    groups = read_facts("population_groups").set_index(["municipality", "sex"])
    for code in ("0301", "1151", "5636"):
        for sex in ("male", "female"):
            here = population.sel(municipality=code, sex=sex)
            for label, low, high in (("0", 0, 0), ("7-9", 7, 9), ("45-49", 45, 49), ("95+", 95, 105)):
                assert float(here.sel(age=slice(low, high)).sum()) == pytest.approx(groups.loc[(code, sex), label])


def test_settlement_follows_size_within_and_history_between_counties() -> None:
    baseline = read_baseline("norway2026")
    key = baseline["settlement_key"].sel(settlement="refugees")
    assert float(key.sum()) == pytest.approx(1)
    settled = read_facts("refugees").query("table == 'settled_2022_2024'").set_index("key")["value"]
    shares = key.groupby(baseline["county"]).sum()
    for county, persons in settled.items():
        assert float(shares.sel(county=county)) == pytest.approx(persons / settled.sum())
    rate = key / baseline["population"].sum(("sex", "age"))
    nordland = rate[baseline["county"] == "18"]
    large = baseline["population"].sum(("sex", "age"))[baseline["county"] == "18"] > 20_000
    assert float(nordland[large].max()) < float(nordland[~large].min())
    assert "suppressed" in baseline["settlement_key"].attrs["confidence"]


def test_settlement_by_size_at_the_limits_of_a_class() -> None:
    rates = pd.Series([10.0, 5.0], index=["0-1000", "1000+"])
    counties = pd.Series([30.0, 10.0], index=["A", "B"])
    population, county = np.array([999.0, 1000.0, 500.0]), np.array(["A", "A", "B"])
    key = settlement_by_size(rates, counties, population, county)
    np.testing.assert_allclose(key, [0.75 * 9990 / 14990, 0.75 * 5000 / 14990, 0.25])
    with pytest.raises(DemosimError, match="county C"):
        settlement_by_size(rates, counties, population, np.array(["A", "A", "C"]))


def test_profiles_sum_to_one_and_keep_their_negative_cells() -> None:
    table = read_facts("migration_profiles")
    for name in ("ordinary", "ukraine"):
        profile = migration_profile(table, name)
        assert profile.sum() == pytest.approx(1, abs=1e-12)
        assert (profile < 0).any()
    women = migration_profile(table, "ukraine")[1].sum()
    assert women == pytest.approx(0.54, abs=0.01)


@pytest.mark.parametrize("country", ["small", "norway"])
def test_the_engine_gives_the_nation_what_the_path_says(country: str) -> None:
    """One region without streams or deviations, and Norway with all municipalities, against the equations here."""
    baseline = made_up.small_country(1, scale=5000) if country == "small" else read_baseline("norway2026")
    if country == "norway":
        baseline = baseline.sel(year=slice(2026, 2035))
    neutral = {"fertility_factor": 1 + 0 * baseline["fertility_factor"]}
    assumptions = plain_assumptions(baseline.assign(neutral), streams=1).isel(stream=slice(0, 0))
    population = baseline["population"].sum("municipality").values
    result = project(assumptions)["population"].sum("municipality")
    for number, year in enumerate(baseline["year"].values):
        now = assumptions.sel(year=year)
        population = next_year(
            population, now["death_prob"].values, now["newborn_survival_prob"].values, now["fertility_rate"].values,
            now["net_international_migration"].values, baseline.attrs["male_birth_share"],
        )  # fmt: skip
        np.testing.assert_allclose(result.isel(date=number + 1).values, population, rtol=1e-9, atol=1e-6)
