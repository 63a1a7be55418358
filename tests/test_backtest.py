"""Back-tests: nothing of the future leaks in, the oracle is one, and the published goals on real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from demosim.baseline.calibrate.estimates import calibrate
from demosim.baseline.read import read_baseline
from demosim.errors import DemosimError
from demosim.projection import project
from demosim.uncertainty.against import OFFICIAL_PATH, against, read_published
from demosim.uncertainty.backtest import (
    Design,
    Evidence,
    as_dataset,
    backtest,
    linear_trend,
    oracle_assumptions,
    project_launch,
)
from demosim.uncertainty.run import BacktestResult, run_backtest
from demosim.uncertainty.tables import age_table, size_table, text, total_table
from made_up_history import LAST, fertility, history, mortality, write_files


def evidence(places: int = 24, noise: float = 0.2, level: float = 0.0) -> Evidence:
    trend = np.linspace(-level, level, places)[:, None] * np.ones(LAST - 2000)
    return Evidence(history(places, noise, trend), mortality(), fertility())


def test_nothing_later_than_the_launch_changes_an_honest_projection() -> None:
    here = evidence()
    changed = here.history.copy(deep=True)
    changed["population"].loc[{"year": slice(2013, None)}] *= 1.3
    rates = fertility().copy(deep=True)
    rates.loc[{"year": slice(2012, None)}] *= 2
    other = Evidence(changed, mortality(), rates)
    design = Design((2012,), (3,))
    first = project_launch(here, design, 2012)
    second = project_launch(other, design, 2012)
    for method in ("demosim", "linear trend", "no change"):
        np.testing.assert_array_equal(first[method](3), second[method](3), err_msg=method)
    assert not np.array_equal(first["oracle"](3), second["oracle"](3))


def test_oracle_meets_the_country_in_every_sex_and_age() -> None:
    here = evidence()
    estimates = calibrate(here.history, here.mortality, here.fertility, 2010)
    result = project(oracle_assumptions(here, estimates, 5))["population"].sum("municipality")
    truth = here.history["population"].sel(year=2015).sum("municipality")
    guess = result.sel(date=2015)
    np.testing.assert_allclose(guess.values, truth.values, rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(guess.sel(age=0).sum().item(), truth.sel(age=0).sum().item(), rtol=1e-6)


def test_linear_trend_of_a_straight_line_is_exact() -> None:
    made = history(4)
    line = xr.DataArray(np.arange(made.sizes["year"]), dims="year")
    made["population"] = made["population"].isel(year=0, drop=True) * (1 + 0.01 * line)
    made["population"] = (
        made["population"].transpose("year", "municipality", "sex", "age").assign_coords(year=history(4)["year"])
    )
    np.testing.assert_allclose(linear_trend(made, 2010, 5), made["population"].sel(year=2015))


def test_lasting_differences_are_projected_better_than_no_change() -> None:
    scores = backtest(evidence(noise=0.02, level=0.01), Design((2010, 2011), (1, 5)))
    total = total_table(scores, 5, (2010, 2011))
    assert total.loc["demosim", "MAPE"] < 0.5 * total.loc["no change", "MAPE"]
    assert total.loc["oracle", "MAPE"] <= total.loc["demosim", "MAPE"] + 0.3


def test_launches_without_outcome_are_left_out_or_refused() -> None:
    here = evidence(8)
    scores = backtest(here, Design((2012, 2015), (1, 4)))
    assert set(zip(scores["launch"], scores["ahead"], strict=True)) == {(2012, 1), (2012, 4), (2015, 1)}
    with pytest.raises(DemosimError, match="no launch has an outcome"):
        backtest(here, Design((LAST,), (1,)))


def test_scores_as_dataset_and_tables() -> None:
    scores = backtest(evidence(8), Design((2012, 2013), (1, 2), cuts=(3000.0,)))
    data = as_dataset(scores)
    assert data["mape"].dims == ("launch", "ahead", "method", "group", "size")
    row = scores.iloc[7]
    keys = {key: row[key] for key in ("launch", "ahead", "method", "group", "size")}
    assert float(data["wape"].sel(keys)) == pytest.approx(row["WAPE"])
    assert list(age_table(scores, 2, (2012,)).columns) == ["total", "0-5", "6-15", "16-18", "67-79", "80+"]
    assert list(size_table(scores, 2, (2012,)).columns) == ["all", "0-3000", "3000+"]
    assert "2 years ahead, all launches" in text(scores)


def published_table(here: Evidence, factor: float) -> pd.DataFrame:
    truth = here.history["population"].sum(("sex", "age"))
    return pd.DataFrame(
        [
            {"vintage": 2013, "alternative": "MMMM", "region_code": str(code), "year": year, "age_group": "total",
             "value": float(truth.sel(year=min(year, LAST), municipality=code)) * factor}
            for code in here.history["municipality"].values[:5]
            for year in (2013, 2014, 2015, 2030)
        ]
    )  # fmt: skip


def test_published_projection_stands_beside_ours_on_its_own_places() -> None:
    here = evidence(8)
    rows = against(here, Design((2013,)), published_table(here, 1.02))
    total = rows[(rows["size"] == "all") & (rows["method"] == "published")]
    assert total["ahead"].tolist() == [1, 2]
    assert total["places"].unique().tolist() == [5]
    assert total["MAPE"].to_numpy() == pytest.approx(2.0)
    assert set(rows["method"]) == {"published", "no change", "linear trend", "demosim", "oracle"}


def test_published_projection_that_cannot_be_compared(tmp_path: Path) -> None:
    here = evidence(8)
    with pytest.raises(DemosimError, match="no round of the alternative LLML"):
        against(here, Design((2013,)), published_table(here, 1.0), "LLML")
    path = tmp_path / "p.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DemosimError, match="lacks the columns vintage"):
        read_published(path)
    with pytest.raises(DemosimError, match="no such file"):
        read_published(tmp_path / "none.csv")


def test_whole_of_backtest_writes_both_forms(tmp_path: Path) -> None:
    here = evidence(8)
    path = write_files(tmp_path, here.history)
    table = published_table(here, 1.02)
    table.to_csv(tmp_path / "published.csv", index=False)
    output = tmp_path / "out" / "scores.csv"
    found = run_backtest(path, (2012, 2013), (1, 2), published=tmp_path / "published.csv", output=output)
    assert any("--nation" in note for note in found.notes)
    assert sorted(file.name for file in output.parent.iterdir()) == [
        "scores-against.csv", "scores-against.nc", "scores.csv", "scores.nc",
    ]  # fmt: skip
    assert len(pd.read_csv(output)) == len(found.scores)
    stored = xr.load_dataset(output.with_suffix(".nc"))
    assert stored.sizes["launch"] == 2


@pytest.fixture(scope="module")
def norway(shared_data: Path) -> BacktestResult:
    return run_backtest(
        shared_data / "population_history.nc", range(2011, 2022), (1, 5), baseline=read_baseline("norway2026"),
        published=shared_data / "ssb_projections_municipal.csv.gz",
    )  # fmt: skip


def test_confirmation_half_with_the_true_national_path(norway: BacktestResult) -> None:
    total = total_table(norway.scores, 5, range(2017, 2022)).loc["oracle"]
    assert total["MAPE"] <= 2.30
    assert total["WAPE"] <= 1.55
    assert total["within_5"] >= 90


def test_both_halves_are_as_documented(norway: BacktestResult) -> None:
    documented = {  # MAPE, WAPE five years ahead, docs/accuracy.md
        ("demosim", 2011): (2.19, 1.69), ("oracle", 2011): (2.07, 1.52),
        ("demosim", 2017): (2.70, 1.74), ("oracle", 2017): (2.21, 1.47),
    }  # fmt: skip
    for (method, first), (mape, wape) in documented.items():
        launches = range(first, 2017 if first == 2011 else 2022)
        total = total_table(norway.scores, 5, launches).loc[method]
        assert total["MAPE"] == pytest.approx(mape, abs=0.02)
        assert total["WAPE"] == pytest.approx(wape, abs=0.02)


def test_beside_the_official_municipal_projection(norway: BacktestResult) -> None:
    beside = norway.against
    assert beside is not None
    for ahead in (1, 2):
        total = total_table(beside, ahead, (2024,))
        assert total.loc["demosim", "MAPE"] < 0.8 * total.loc["published", "MAPE"]
        assert total.loc[OFFICIAL_PATH, "WAPE"] < total.loc["published", "WAPE"]


def test_no_change_is_as_in_the_reference(norway: BacktestResult) -> None:
    total = total_table(norway.scores, 5, range(2017, 2022)).loc["no change"]
    assert total["MAPE"] == pytest.approx(3.61, abs=0.005)
    assert total["WAPE"] == pytest.approx(4.27, abs=0.005)
