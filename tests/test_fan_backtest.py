"""Bands against what happened: coverage, both halves, the record of budgets; made-up pasts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import made_up_history
import sweep_country
from demosim.errors import DemosimError
from demosim.uncertainty import fan_backtest
from demosim.uncertainty.fan_backtest import GROUPS, Bands, binomial, coverage, pooled
from demosim.uncertainty.fan_record import budget_record, missed, run_fan_backtest

QUANTILES = np.array(fan_backtest.QUANTILES)


def normal_bands(launches: range, spread: float, places: int = 400) -> list[Bands]:
    """Bands of a standard normal around 1000, ten persons wide, and truths `spread` times as wide."""
    from scipy.stats import norm

    random = np.random.default_rng(2)
    ends = 1000 + 10 * norm.ppf(QUANTILES)
    quantiles = np.broadcast_to(ends[:, None, None], (len(ends), len(GROUPS), places))
    size = np.where(np.arange(places) < places // 2, "0-2000", "2000-5000").astype(object)
    return [
        Bands(launch, 1, quantiles, 1000 + 10 * spread * random.standard_normal((len(GROUPS), places)), size)
        for launch in launches
    ]


def test_right_bands_cover_what_they_say() -> None:
    table = pooled(coverage(normal_bands(range(2011, 2022), 1.0)), (2011, 2021))
    assert set(table["kind"]) == {"total", "age groups", "need"}
    # half a person of slack on ten: a little more than the levels
    assert table["67%"].between(65, 72).all()
    assert table["80%"].between(78, 84.5).all()
    assert missed(table).empty


def test_wrong_bands_are_named_and_the_halves_are_apart() -> None:
    bands = normal_bands(range(2011, 2017), 1.0) + normal_bands(range(2017, 2022), 1.6)
    detail = coverage(bands)
    assert missed(pooled(detail, (2011, 2016))).empty
    wide = pooled(detail, (2017, 2021))
    assert len(missed(wide)) == 6, "every kind and size of the other half"
    assert wide["67%"].between(43, 53).all()
    assert missed(wide, 30).empty


def test_the_share_that_held_has_its_interval() -> None:
    share, low, high = binomial([True] * 9 + [False] * 2)
    assert share == pytest.approx(9 / 11)
    assert (low, high) == pytest.approx((0.482, 0.977), abs=1e-3)


def test_budgets_missed_as_published() -> None:
    record = budget_record()
    assert record["mean_absolute_miss"] == pytest.approx(0.43, abs=0.005)
    assert record["rmse"] == pytest.approx(0.55, abs=0.005)
    assert record["mean_estimate"] == pytest.approx(2.65, abs=0.005)
    assert record["too_high_last_ten"] == 9


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_history.write_files(tmp_path_factory.mktemp("past"), made_up_history.history())


def test_the_whole_back_test(past: Path, tmp_path: Path) -> None:
    costs = sweep_country.unit_cost(np.arange(made_up_history.AGES))
    told: list[tuple[int, int]] = []
    record = run_fan_backtest(
        past, costs, (2013, 2014, 2015), (1,), draws=60, fit=(2013, 2014), test=(2015, 2015), output=tmp_path / "x.csv",
        report=lambda *done: told.append(done),
    )  # fmt: skip
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert record.country["launch"].tolist() == [2013, 2014, 2015]
    assert (record.country["low_80%"] < record.country["high_80%"]).all()
    history = xr.open_dataset(past)["population"].sum(("municipality", "sex")).load()
    change = history.sel(year=2015) - history.sel(year=2014)
    came = float((change * costs.sum("service")).sum())
    assert record.country["came"][1] == pytest.approx(came, rel=1e-9)
    assert record.held["launches"].tolist() == [3, 3]
    assert set(pd.read_csv(tmp_path / "x.csv")["group"]) == set(GROUPS)
    again = run_fan_backtest(past, costs, (2013, 2014, 2015), (1,), 60, fit=(2013, 2014), test=(2015, 2015), threads=2)
    pd.testing.assert_frame_equal(record.detail, again.detail)


def test_both_halves_need_a_launch(past: Path) -> None:
    with pytest.raises(DemosimError, match="no launch in 2017-2021 to test on"):
        run_fan_backtest(past, sweep_country.unit_cost(np.arange(101)), (2014,), fit=(2014, 2014))
