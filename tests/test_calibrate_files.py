"""Reading histories and their companions, with one message for everything that is wrong; the whole of calibrate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.baseline.calibrate.estimates import calibrate, write_estimates
from demosim.baseline.calibrate.history import (
    MORTALITY_FILE,
    YEARS_TO_LAUNCH,
    read_fertility,
    read_history,
    read_mortality,
    rough_mortality,
)
from demosim.baseline.calibrate.report import shape_table, signal_table, step_table, text
from demosim.baseline.calibrate.run import refugee_profile, run_calibrate
from demosim.baseline.read import read_baseline
from demosim.errors import DemosimError
from made_up_history import FIRST, LAST, fertility, history, mortality, national_table, write_files

BROKEN = {
    "5-year ages": (lambda d: d.isel(age=slice(None, None, 5)), "single years of age"),
    "gap": (lambda d: d.drop_sel(year=2005), "without gaps"),
    "no county": (lambda d: d.drop_vars("county"), "county of each municipality"),
    "no population": (lambda d: d.rename(population="persons"), "needs persons by these dims"),
    "negative": (lambda d: d.assign(population=d["population"] - 1e6), "negative"),
    "sexes": (lambda d: d.assign_coords(sex=["m", "f"]), "male and female"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_history_of_another_form_is_refused(name: str, tmp_path: Path) -> None:
    change, words = BROKEN[name]
    path = tmp_path / "history.nc"
    change(history(4)).to_netcdf(path, engine="netcdf4")
    with pytest.raises(DemosimError, match=words) as caught:
        read_history(path)
    assert caught.value.exit_code == 2
    assert str(path) in str(caught.value)


def test_missing_files_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="data fetch"):
        read_history(tmp_path / "none.nc")
    with pytest.raises(DemosimError, match="--mortality"):
        read_mortality(tmp_path / "none.csv")
    with pytest.raises(DemosimError, match="--fertility"):
        read_fertility(tmp_path / "none.csv")


def test_something_else_than_netcdf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.nc"
    path.write_text("not this", encoding="utf-8")
    with pytest.raises(DemosimError, match="cannot be read as NetCDF"):
        read_history(path)


def test_companions_are_read_as_written(tmp_path: Path) -> None:
    path = write_files(tmp_path, history(4))
    np.testing.assert_allclose(read_history(path)["population"], history(4)["population"])
    table = read_mortality(tmp_path / MORTALITY_FILE)
    xr.testing.assert_allclose(table, mortality())
    xr.testing.assert_allclose(read_fertility(tmp_path / "fertility_rates_by_year.csv"), fertility())


@pytest.mark.parametrize("content", ["age,then\n15,1\n", "year,2010\n1,2\n", ""])
def test_broken_fertility_files(tmp_path: Path, content: str) -> None:
    path = tmp_path / "f.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DemosimError, match=r"f\.csv"):
        read_fertility(path)


def test_mortality_with_gaps(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    mortality().to_dataframe().reset_index().iloc[:-7].to_csv(path, index=False)
    with pytest.raises(DemosimError, match="has gaps"):
        read_mortality(path)
    path.write_text("launch_year,sex\n2001,male\n", encoding="utf-8")
    with pytest.raises(DemosimError, match="age: has no such column; columns launch_year, sex, age"):
        read_mortality(path)


def test_rough_mortality_meets_the_data_set_at_its_start() -> None:
    baseline = read_baseline("norway2026")
    start = int(baseline.isel(variant=0, drop=True)["death_prob"].dropna("year")["year"][0])
    table = rough_mortality(baseline, range(2006, start + YEARS_TO_LAUNCH + 1))
    at = table["death_prob"].sel(launch_year=start + YEARS_TO_LAUNCH)
    np.testing.assert_allclose(at, baseline["death_prob"].isel(variant=0).sel(year=start), atol=1e-9)
    assert "rough" in table.attrs["confidence"]
    assert float(table["death_prob"].sel(launch_year=2006, age=80, sex="male")) > float(at.sel(age=80, sex="male"))


def test_estimates_sum_to_zero_and_are_written_the_same_twice(tmp_path: Path) -> None:
    made = history(24)
    found = calibrate(made, mortality(), fertility(), LAST)
    again = calibrate(made, mortality(), fertility(), LAST)
    assert found.dataset.equals(again.dataset)
    deviation = found.dataset["net_migration_deviation"]
    alive = made["population"].sel(year=LAST).values[:, :, :-1] * (1 - mortality()["death_prob"].values[0, :, :-1])
    exposure = np.zeros((24, 2, 101))
    exposure[:, :, 1:] = alive
    last = made["population"].sel(year=LAST).values[:, :, -1] * (1 - mortality()["death_prob"].values[0, :, -1])
    exposure[:, :, -1] += last
    total = (deviation.values * found.bands.sums(exposure[..., None])[..., 0]).sum(-1)
    np.testing.assert_allclose(total, 0, atol=1e-6)
    for name in ("a.nc", "b.nc"):
        write_estimates(found, tmp_path / name, "made up")
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    stored = xr.load_dataset(tmp_path / "a.nc")
    np.testing.assert_allclose(stored["net_migration_deviation"], deviation, atol=1e-7)
    assert stored.attrs["note"] == "made up"


def test_report_names_variances_signal_and_steps() -> None:
    jump = np.zeros((24, LAST - FIRST))
    jump[5, 9] = 0.2
    made = history(24, 0.05, jump)
    found = calibrate(made, mortality(), fertility(), LAST)
    words = text(found, made, ("A note.",))
    assert "fading variance between municipalities" in words
    assert words.endswith("A note.\n")
    assert step_table(found, made).iloc[0]["municipality"] == "M05"
    signal = signal_table(found)
    assert signal["places"].iloc[0] == 24
    assert signal["yearly_signal"].between(0, 1).all()
    assert "0-4000" in text(found, made, cuts=(4000.0,))
    assert "0-2000" not in text(found, made, cuts=(4000.0,))


def test_report_on_the_age_shape_covers_every_age_of_both_sexes_once() -> None:
    found = calibrate(history(24, 0.05), mortality(), fertility(), LAST)
    table = shape_table(found)
    for sex in ("male", "female"):
        own = table[table["sex"].isin([sex, "both"])]
        ages = [age for low, high in zip(own["from_age"], own["to_age"], strict=True) for age in range(low, high + 1)]
        assert sorted(ages) == list(range(1, 101))
    assert table["signal_share"].between(0, 1).all()
    # all ages of the made-up country move alike: every band follows the level one to one, and nothing else is there
    np.testing.assert_allclose(table["response"], 1, atol=0.05)
    assert table[["noise", "signal"]].max(axis=None) < 1e-4


def test_whole_of_calibrate_with_and_without_mortality(tmp_path: Path) -> None:
    path = write_files(tmp_path, history(24))
    found, words = run_calibrate(path, LAST, tmp_path / "out")
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == ["calibration.txt", "estimates.nc", "steps.csv"]
    assert "not kept apart" in words
    assert found.launch == LAST
    (tmp_path / MORTALITY_FILE).unlink()
    with pytest.raises(DemosimError, match="--mortality"):
        run_calibrate(path, LAST)


def test_committed_estimates_are_those_of_the_code(shared_data: Path) -> None:
    found, _ = run_calibrate(shared_data / "population_history.nc", 2026, baseline=read_baseline("norway2026"))
    stored = xr.load_dataset(Path(__file__).parents[1] / "data" / "norway2026" / "estimates.nc")
    assert set(stored.data_vars) == set(found.dataset.data_vars)
    for name in stored.data_vars:
        slack = 0.0 if stored[name].ndim == 0 else 2e-6  # single numbers are variances, smaller than that themselves
        np.testing.assert_allclose(stored[name], found.dataset[name], rtol=2e-3, atol=slack, err_msg=str(name))
    assert "demosim calibrate" in stored.attrs["note"]


def test_a_national_file_beside_the_history_is_used(tmp_path: Path) -> None:
    made = history(24)
    path = write_files(tmp_path, made)
    nation = national_table(made, tmp_path / "nation.csv")
    small = xr.Dataset(
        {"migration_profile": (("profile", "sex", "age_end_of_year"), np.full((1, 2, 101), 1 / 202))},
        coords={"profile": ["crisis"]}, attrs={"refugee_profile": "crisis"},
    )  # fmt: skip
    found, words = run_calibrate(path, LAST, nation=nation, baseline=small)
    assert found.settlement is not None
    assert "Waves of refugees lean" in words
    unnamed, words = run_calibrate(path, LAST, nation=nation, baseline=small.drop_attrs())
    assert unnamed.settlement is None
    assert "names a refugee_profile" in words


def test_refugees_of_a_profile_are_a_distribution_without_newborns_and_returns() -> None:
    profile = np.full((2, 2, 4), 0.125)
    profile[1] = [[0.3, 0.2, 0.4, -0.1], [0.1, 0.1, 0.1, -0.1]]
    baseline = xr.Dataset(
        {"migration_profile": (("profile", "sex", "age_end_of_year"), profile)},
        coords={"profile": ["ordinary", "crisis"]}, attrs={"refugee_profile": "crisis"},
    )  # fmt: skip
    shares = refugee_profile(baseline)
    assert shares is not None
    np.testing.assert_allclose(shares, np.array([[0, 0.2, 0.4, 0], [0, 0.1, 0.1, 0]]) / 0.8)
    assert refugee_profile(None) is None
