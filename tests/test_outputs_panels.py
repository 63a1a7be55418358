"""The numbers of the figures: for every place, with the digits it needs, and the words beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.costs.adjustment import adjustment_path
from demosim.errors import DemosimError
from demosim.outputs.measures import measures
from demosim.outputs.netcdf import write_result
from demosim.outputs.panels import Panel, fte_panel, path_panel, yearly_panel
from demosim.outputs.panels_all import ORDER, all_panels
from demosim.outputs.panels_others import COMMANDS, fan_panel, record_panel, tornado_panel
from demosim.outputs.panels_scenarios import knob_label, scenarios_panel
from demosim.outputs.plot import plot
from demosim.outputs.rows import chart_rows, describe, number_table
from demosim.outputs.words import Words
from demosim.scenario.cost_options import Adjustment
from made_up_others import fan, sensitivity, sweep
from made_up_result import norway, small, three


def told_of(codes: list[str], run: xr.Dataset) -> xr.Dataset:
    """A sensitivity with tornados of municipalities."""
    effects = np.outer(np.arange(1, len(codes) + 1), [2e4, 1e4])
    return sensitivity(run).assign(
        municipal_effect_low=(("municipality", "assumption"), -effects),
        municipal_effect_high=(("municipality", "assumption"), effects),
    ).assign_coords(municipality=codes)  # fmt: skip


def place(run: xr.Dataset, code: str) -> int:
    return next(at for at, region in enumerate(measures(run).regions) if region.code == code)


def test_the_band_of_a_small_place_is_not_rounded_away() -> None:
    run = norway()
    made = fan(run)
    own = {"region": "1151", "financing": "free_income"}
    made["demographic_expenditure"].loc[own] = np.linspace(-3e5, 3e5, 5)[:, None, None]
    panel = fan_panel(measures(run), made)
    at = place(run, "1151")
    assert panel.decimals[at] == 2
    assert panel.decimals[0] < 2
    assert np.allclose(panel.values[at][:, 0], [-0.3, -0.15, 0.0, 0.15, 0.3])
    assert np.isnan(panel.values[place(run, "size-0")]).all()  # a fan does not tell of classes of size


def test_the_band_of_a_county_is_its_own() -> None:
    run = norway()
    made = fan(run)
    panel = fan_panel(measures(run), made)
    middle = made["demographic_expenditure"].sel(financing="free_income", region="11", quantile=0.5).squeeze()
    at = place(run, "county-11")
    assert np.allclose(panel.values[at][2], middle.values / 1e6, atol=0.5 * 10.0 ** -panel.decimals[at])


def test_a_tornado_is_drawn_for_places_that_are_told_of() -> None:
    run = norway()
    panel = tornado_panel(measures(run), told_of(["1103", "1151"], run))
    assert not panel.whole
    assert panel.points == ("Netto innvandring", "Fertility <1>")
    assert panel.values[0].tolist() == [[-40.0, -3.0], [45.0, 2.0]]
    assert panel.values[place(run, "1151")].tolist() == [[-0.02, -0.04], [0.02, 0.04]]
    assert np.isnan(panel.values[place(run, "0301")]).all()


def test_an_assumption_that_matters_here_alone_is_drawn_here() -> None:
    """Twelve assumptions, of which the country's narrowest is the widest of a municipality."""
    run = norway()
    effects = np.arange(12.0, 0.0, -1.0) * 1e6
    names = [f"a{at}" for at in range(12)]
    own = np.where(np.arange(12) == 11, 9e5, 1e3)
    told = xr.Dataset(
        {
            "low": ("assumption", np.full(12, 0.9)), "high": ("assumption", np.full(12, 1.1)),
            "effect_low": ("assumption", -effects), "effect_high": ("assumption", effects),
            "municipal_effect_low": (("municipality", "assumption"), -own[None]),
            "municipal_effect_high": (("municipality", "assumption"), own[None]),
        },
        coords={"assumption": names, "municipality": ["1151"]}, attrs={"budget_year": 2027},
    )  # fmt: skip
    panel = tornado_panel(measures(run), told)
    at = place(run, "1151")
    assert "a11" in panel.points
    assert np.isfinite(panel.values[at]).all(axis=0).sum() == 10
    assert panel.values[at][1][panel.points.index("a11")] == 0.9
    assert np.isnan(panel.values[0][:, panel.points.index("a11")]).all()
    shown = [row["x"] for row in chart_rows(panel, panel.labels(Words("nb", run)), at, "nb")]
    assert shown[0].startswith("a0") or shown[0].startswith("a11")


def test_a_tornado_of_the_country_alone_is_shown_whatever_is_picked() -> None:
    run = norway()
    panel = tornado_panel(measures(run), sensitivity(run))
    assert panel.whole
    labels = panel.labels(Words("nb", run))
    assert labels.points == [
        "Netto innvandring, personer per år (−10\u00a0000 / +12\u00a0345)", "Fertility <1> (×\u00a00,90–1,10)",
    ]  # fmt: skip
    rows = chart_rows(panel, labels, place(run, "1151"), "nb")
    assert [row["v"] for row in rows] == [-40.0, -3.0, 45.0, 2.0]
    assert rows[0]["t"] == "−40,0"


def test_a_figure_that_is_not_counted_for_a_place_says_so(tmp_path: Path) -> None:
    run = norway()
    write_result(tmp_path / "run.nc", run)
    write_result(tmp_path / "s.nc", told_of(["1103"], run), "sensitivity")
    files = [tmp_path / "run.nc", tmp_path / "s.nc"]
    with pytest.raises(DemosimError, match="not counted for Utsira; demosim sensitivity FILE"):
        plot(files, "tornado", tmp_path / "t.svg", place="Utsira")
    assert not (tmp_path / "t.svg").exists()
    _, text = plot(files, "tornado", tmp_path / "t.svg", place="Stavanger")
    assert "Stavanger" in text.read_text(encoding="utf-8")


def test_scenarios_of_a_sweep_are_named_by_values_and_knob() -> None:
    run = norway()
    swept = sweep(run).rename({"migration.multiplier": "streams.ukraine.net.2026"})
    swept = swept.assign_coords({"streams.ukraine.net.2026": ("scenario", [0.0, 5000.0, 10_000.0, 15_000.0, 20_000.0])})
    panel = scenarios_panel(measures(run), [swept])
    assert panel is not None
    assert panel.whole
    labels = panel.labels(Words("nb", run))
    assert list(labels.series) == ["0", "5\u00a0000", "10\u00a0000", "15\u00a0000", "20\u00a0000"]
    assert "netto ankomster i strømmen, ukraine, 2026" in labels.note
    assert "5 av 5" in labels.note
    english = panel.labels(Words("en", run))
    assert english.series[-1] == "20,000"
    assert "net arrivals of the stream" in english.note


@pytest.mark.parametrize(
    ("path", "said"),
    [("fertility.tfr", "samlet fruktbarhetstall"), ("mortality.decline.2030-2034", "nedgang i dødsrater"),
     ("no.such.knob", "no.such.knob")],
)  # fmt: skip
def test_knobs_are_said_in_words(path: str, said: str) -> None:
    assert said in knob_label(path, Words("nb", small()))


def test_scenarios_of_runs_follow_the_place() -> None:
    run = norway()
    other = run.assign(demographic_expenditure=run["demographic_expenditure"] * 2).assign_attrs(scenario="double")
    panel = scenarios_panel(measures(run), [run, other])
    assert panel is not None
    assert not panel.whole
    assert panel.series == ("mmmm", "double")
    yearly = yearly_panel(measures(run))
    for code in ("country", "county-11", "1103", "0301", "1151"):
        at = place(run, code)
        parts = np.nansum(yearly.values[at], axis=0)
        near = 10.0 ** -min(panel.decimals[at], yearly.decimals[at])
        assert np.allclose(panel.values[at][0], parts, atol=2 * near), code
        assert np.allclose(panel.values[at][1], 2 * parts, atol=4 * near), code


def test_one_scenario_alone_is_no_figure_and_many_are_thinned() -> None:
    run = small()
    assert scenarios_panel(measures(run), [run]) is None
    panel = scenarios_panel(measures(run), [sweep(run, 40)])
    assert panel is not None
    assert len(panel.series) == 12
    assert panel.series[0] == "0"
    assert panel.series[-1] == "39"
    assert "12 of 40" in panel.labels(Words("en", run)).note


def test_the_path_begins_together_and_ends_apart() -> None:
    run = small()
    path = adjustment_path(run, {"care": Adjustment(speed_up=0.5, speed_down=0.5)})
    delayed = run.assign(path.data_vars)
    panel = path_panel(measures(delayed))
    assert panel is not None
    assert (panel.values[:, :, 0] == 0).all()
    gap = delayed["adjustment_gap"].sel(financing="free_income").sum(("service", "municipality")).values / 1e6
    assert np.allclose(panel.values[0][1] - panel.values[0][0], gap, atol=1.1 * 10.0 ** -panel.decimals[0])
    assert path_panel(measures(run)) is None


def test_fte_are_an_index_beside_persons_of_working_age() -> None:
    run = small()
    assert fte_panel(measures(run)) is None
    need = run["expenditure_need"].sel(financing="free_income", drop=True)
    people = run.assign(full_time_equivalents=(need / 1e6).assign_attrs(without_source="dentist"))
    panel = fte_panel(measures(people))
    assert panel is not None
    assert (panel.values[:, :, 0] == 100).all()
    total = need.sum(("service", "municipality")).values
    assert np.allclose(panel.values[0][0], 100 * total / total[0], atol=0.05)
    persons = run["population"].sel(age=slice(20, 66)).sum(("municipality", "sex", "age")).values
    assert np.allclose(panel.values[0][1], 100 * persons / persons[0], atol=0.05)
    assert "Dentist" in panel.labels(Words("en", people)).note


def test_the_record_is_the_published_one_and_norways_alone() -> None:
    assert record_panel(measures(three())) is None
    panel = record_panel(measures(norway()))
    assert panel is not None
    assert panel.whole
    assert panel.points[0] == "2006"
    assert panel.values.shape == (1, 2, len(panel.points))
    assert "2020" in panel.labels(Words("nb", norway())).unit


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_every_figure_names_its_unit_and_is_told_in_words(lang: str) -> None:
    run = norway()
    others = [fan(run).assign_attrs(demosim_kind="fan"), sensitivity(run).assign_attrs(demosim_kind="sensitivity"),
              sweep(run).assign_attrs(demosim_kind="sweep")]  # fmt: skip
    panels, left_out = all_panels(measures(run), others)
    assert {panel.key for panel in panels} | {key for key, _ in left_out} == set(ORDER)
    assert [key for key, _ in left_out] == ["pressure", "path", "fte"]
    words = Words(lang, run)
    for panel in panels:
        labels = panel.labels(words)
        check_words(panel, words)
        assert labels.unit[0] == labels.unit[0].lower() or labels.unit[0].isdigit()
        if panel.key not in ("age_index", "pyramid", "record"):
            assert "2026" in labels.unit, panel.key


def check_words(panel: Panel, words: Words) -> None:
    """Text alternative and table of numbers say the same numbers as the chart, in the language."""
    labels = panel.labels(words)
    text = describe(panel, labels, 0, "X", words.lang, words("total"))
    assert labels.title in text
    assert labels.unit in text
    table = number_table(panel, labels, 0, words("total"))
    assert [label for label, _ in table.rows] == list(labels.points)
    assert all(len(cells) == len(table.columns) - 1 for _, cells in table.rows)
    if panel.sums:
        for _, cells in table.rows:
            numbers = [float(cell) for cell in cells if not isinstance(cell, str) and cell is not None]
            assert round(sum(numbers[:-1]), 6) == round(numbers[-1], 6)
    shown = {row["t"] for row in chart_rows(panel, labels, 0, words.lang)}
    assert not any("nan" in text or "-" in text for text in shown)


def test_commands_of_figures_left_out_exist() -> None:
    from demosim.cli import COMMANDS as CLI

    assert {command.split()[1] for command in COMMANDS.values()} <= set(CLI)
