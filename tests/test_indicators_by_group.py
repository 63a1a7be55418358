"""Indicators by group and date: by hand in a small country, Norway beside the published, and as a command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import made_up_result
from demosim.baseline.calibrate.history import read_history
from demosim.errors import DemosimError
from demosim.groups import groups_of
from demosim.indicators_by_group import ages_from, at_dates, beside_published, indicators_by_group, with_history
from demosim.outputs.fan import record_table
from demosim.outputs.indicators_tables import indicator_tables
from demosim.outputs.measures import is_norway
from demosim.outputs.netcdf import write_result
from demosim.uncertainty.fan_record import budget_record, next_year_half_width
from made_up_others import fan
from test_cli import call
from test_indicators import by, village

ALL = by(A="all", B="all", C="all")


def past() -> xr.Dataset:
    """The village a year earlier and at its launch: A and C were one tenth larger, B was half."""
    people = village().isel(date=[0, 0]).assign_coords(date=[2029, 2030]).rename(date="year")
    factor = xr.DataArray([1.1, 0.5, 1.1], {"municipality": ["A", "B", "C"]})
    return people.assign(population=people["population"] * xr.where(people["year"] == 2029, factor, 1.0))


def test_every_indicator_of_the_whole_by_hand() -> None:
    found = indicators_by_group(village(), ALL).set_index("date")
    assert found["municipalities"].tolist() == [3, 3]
    np.testing.assert_allclose(found["dependency_ratio"], [93 / 94, 97 / 92])
    # the medians of 1, 0.95, 1.25 and of 1.10, 0.975, 1.25
    np.testing.assert_allclose(found["dependency_ratio_median"], [1.0, 53 / 48])
    assert found[["below_high", "high", "very_high"]].to_numpy().tolist() == [[0, 2, 1], [0, 1, 2]]
    np.testing.assert_allclose(found["high_share"], [2 / 3, 1 / 3])
    assert found["index_0+"].tolist() == [100.0, pytest.approx(100 * 189 / 187)]
    assert found["declining"].tolist()[0] == 0
    assert np.isnan(found["declining_share"][2031])
    assert not {"67+", "80+"} & set(found), "these ages are not made up of the classes"


def test_groups_add_persons_up_and_the_median_is_over_municipalities() -> None:
    groups = by(A="north", B="south", C="north")
    found = indicators_by_group(village(), groups).set_index(["group", "date"])
    assert found["dependency_ratio"]["north", 2030] == pytest.approx(55 / 54)
    assert found["dependency_ratio_median"]["north", 2030] == pytest.approx((1 + 1.25) / 2)
    assert found["very_high_share"]["north", 2030] == 0.5
    assert found["very_high_share"]["south", 2030] == 0
    wide = indicators_by_group(village(), groups, (0, 64)).set_index(["group", "date"])
    assert wide["dependency_ratio"]["south", 2031] == pytest.approx(29 / 50)


def test_a_falling_municipality_is_counted_in_the_year_it_falls() -> None:
    people = village()
    people["population"].loc[{"municipality": "B", "date": 2031}] *= 0.9
    found = indicators_by_group(people, by(A="x", B="y", C="x")).set_index(["group", "date"])
    assert found["declining"][:, 2030].to_dict() == {"x": 0, "y": 1}
    assert found["declining_share"]["y", 2030] == 1


def test_shares_of_the_old_together_and_in_the_median() -> None:
    run = made_up_result.norway()
    groups = groups_of(run, "all")
    found = indicators_by_group(run, groups).set_index("date")
    launch = run["population"].isel(date=0).sum("sex")
    for label, first in (("67+", 67), ("80+", 80)):
        old = launch.where(launch["age"] >= first, 0).sum("age")
        assert found[label].iloc[0] == pytest.approx(float(old.sum() / launch.sum()))
        assert found[f"{label}_median"].iloc[0] == pytest.approx(float((old / launch.sum("age")).median()))


def test_the_past_stands_before_the_projection_with_launch_as_100() -> None:
    found = with_history(village(), past(), ALL)
    assert found[["kind", "date"]].to_numpy().tolist() == [
        ["registered", 2029], ["registered", 2030], ["projected", 2030], ["projected", 2031],
    ]  # fmt: skip
    assert found["index_0+"][0] == pytest.approx(100 * (1.1 * 109 + 0.5 * 78) / 187)
    assert found["declining_share"][0] == pytest.approx(2 / 3)
    assert with_history(village(), None, ALL)["kind"].unique().tolist() == ["projected"]
    later = past().assign_coords(year=[2019, 2020])
    assert with_history(village(), later, ALL)["index_0+"].isna().tolist() == [True, True, False, False]


def test_a_history_of_other_municipalities_is_refused() -> None:
    with pytest.raises(DemosimError, match="--history: has no population of the municipalities C"):
        with_history(village(), past().isel(municipality=[0, 1]), ALL)


def test_dates_are_launch_and_horizon_or_those_asked_for() -> None:
    found = with_history(village(), past(), ALL)
    assert at_dates(found)["date"].tolist() == [2030, 2031]
    chosen = at_dates(found, (2030, 2029, 2029))
    assert chosen[["date", "kind"]].to_numpy().tolist() == [[2029, "registered"], [2030, "projected"]]
    with pytest.raises(DemosimError, match="--date: there is no 1 January 1999, 2050; 2029 to 2031"):
        at_dates(found, (1999, 2030, 2050))
    two = at_dates(with_history(village(), past(), by(A="z", B="b", C="z")))
    assert two["group"].tolist() == ["z", "z", "b", "b"], "groups keep their own order"


def test_spans_of_working_age() -> None:
    assert ages_from("20-64") == (20, 64)
    assert ages_from(" 20–66 ") == (20, 66)
    for wrong in ("20", "64-20", "20-", "a-b", "20-64-70"):
        with pytest.raises(DemosimError, match=r"--working-ages: .* is no span of ages"):
            ages_from(wrong)


def test_only_the_country_that_is_published_has_published_figures() -> None:
    assert beside_published(village()).empty
    assert beside_published(made_up_result.small()).empty
    part = made_up_result.norway().isel(municipality=slice(5)).assign_attrs(baseline="norway2026")
    assert beside_published(part).empty


def test_norway_beside_the_published(shared_data: Path) -> None:
    """Published 54, 15, 29 per cent; 7 per cent and 8 in 2025; 26 per cent in 2035, where ours go lower."""
    run = made_up_result.norway().assign_attrs(baseline="norway2026")
    history = read_history(shared_data / "population_history.nc")
    found = beside_published(run, history).set_index(["item", "year"])
    falls = found.loc["municipalities_with_population_decline"]
    assert falls["published"].tolist() == [54, 15, 29]
    np.testing.assert_allclose(falls["ours"], [53.8, 15.1, 27.7], atol=0.05)
    assert found["ours"]["high_or_very_high", 2025] == pytest.approx(100 * 23 / 357)
    assert found["ours"]["very_high_municipalities", 2025] == 6
    assert found["published"]["high_or_very_high", 2035] == 26
    assert found["ours"]["high_or_very_high", 2035] == pytest.approx(34, abs=1)
    np.testing.assert_allclose(found["deviation"], found["ours"] - found["published"])
    alone = beside_published(run).set_index(["item", "year"])["ours"]
    assert alone.notna().groupby("year").all().to_dict() == {
        2020: False, 2023: False, 2024: False, 2025: False, 2035: True,
    }  # fmt: skip


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_tables_hold_the_numbers_in_every_language(lang: str) -> None:
    found = with_history(village(), past(), ALL)
    made = indicator_tables(found, at_dates(found, (2029, 2031)), beside_published(village()), lang, (20, 64))
    tables = {table.key: table for table in made}
    assert list(tables) == ["dependency_ratio", "dependency_classes", "age_index", "decline"]
    assert all(len(cells) + 1 == len(table.columns) for table in made for _, cells in table.rows)
    assert "20–64" in tables["dependency_ratio"].title
    label, cells = tables["dependency_classes"].rows[1]
    assert label.endswith(", 2031")
    assert cells == [0, 0, 1, pytest.approx(100 / 3), 2, pytest.approx(200 / 3)]
    assert [row[0][:4] for row in tables["decline"].rows] == ["2029", "2030"]
    assert [row[1][0] for row in tables["decline"].rows] == [pytest.approx(200 / 3), 0]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_result(tmp_path / "run.nc", made_up_result.norway().assign_attrs(baseline="norway2026"), "run")
    return tmp_path / "run.nc"


def test_the_command_prints_writes_and_refuses(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = made_up_result.norway().assign_attrs(baseline="norway2026")
    monkeypatch.setattr("demosim.cli.indicators.result_of", lambda path, allow_paths: (run, None))
    code, out, err = call(capsys, "--json", "--lang", "en", "indicators", stored, "--by", "size", "--date", 2036)
    assert (code, err) == (0, "")
    tables = {table["key"]: table for table in json.loads(out)["tables"]}
    assert len(tables["dependency_ratio"]["rows"]) == 6
    assert sum(sum(row["values"][::2]) for row in tables["dependency_classes"]["rows"]) == 357
    assert tables["published"]["notes"][0].startswith("The published figures of 2035")
    code, out, _ = call(capsys, "indicators", stored, "--working-ages", "20-66", "--output", "x.csv")
    assert code == 0
    assert "20–66" in out
    assert max(map(len, out.splitlines())) <= 80
    written = pd.read_csv("x.csv")
    assert written["date"].tolist() == list(range(2026, 2037))
    for words, told in (
        (["--by", "sise"], 'did you mean "size"'), (["--date", 2025], "--history FILE gives the past"),
        (["--working-ages", "20"], "20-64, 20-66"), (["--history", "no.nc"], "there is no such file"),
    ):  # fmt: skip
        code, out, err = call(capsys, "indicators", stored, *words)
        assert (code, out) == (2, "")
        assert told in err


def test_half_of_the_next_years_band_beside_the_record() -> None:
    band = fan(made_up_result.norway())
    ends = band["demographic_expenditure"].sel(financing="all", region="country", service="total").isel(budget_year=0)
    ours = next_year_half_width(band)
    assert ours["ours"] == pytest.approx(float(ends[-1] - ends[0]) / 2e9)
    assert ours["ours_2020"] == pytest.approx(ours["ours"] * 1.191970962425795 / 1.584899076952154)
    assert np.isnan(next_year_half_width(band.assign_attrs(price_year=2050))["ours_2020"])
    record = budget_record()
    assert record["half_width"] == pytest.approx(0.7, abs=0.01)
    assert (record["first"], record["last"], record["years"]) == (2006, 2020, 15)


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_the_record_is_told_with_a_word_where_a_band_is_narrower(lang: str) -> None:
    band, record = fan(made_up_result.norway()), budget_record()
    wide = record_table(band, record, {"ours": 1.5, "ours_2020": 1.1}, lang)
    assert [cells[0] for _, cells in wide.rows] == pytest.approx([0.43, 0.55, 2.65, 0.70, 1.5, 1.1], abs=0.01)
    assert len(wide.notes) == 1
    assert "2027" in wide.title
    narrow = record_table(band, record, {"ours": 0.3, "ours_2020": 0.2}, lang)
    assert len(narrow.notes) == 2
    less = band.assign_attrs(national=1, municipal=1, unit_costs=0, deflator=0)
    reasons = [record_table(data, record, {"ours": 0.3, "ours_2020": 0.2}, lang).notes[1] for data in (band, less)]
    assert "unit-costs, deflator" in reasons[1]
    assert "unit-costs" not in reasons[0], "nothing left out: the scenario's own assumptions"
    unpriced = record_table(band, record, {"ours": 0.3, "ours_2020": float("nan")}, lang)
    assert (len(unpriced.rows), len(unpriced.notes)) == (5, 1)
    assert is_norway(band.assign_attrs(baseline="norway2026"))
    assert not is_norway(band.assign_attrs(baseline="elsewhere"))
