"""What stands in the tables: sums, signs, units, languages; of one municipality, and of results that hold more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.costs.adjustment import adjustment_path
from demosim.errors import DemosimError
from demosim.outputs.again import commands
from demosim.outputs.csvs import norwegian
from demosim.outputs.export import tables
from demosim.outputs.free_income import with_free_income
from demosim.outputs.measures import measures
from demosim.outputs.origins import changes, confidence
from demosim.outputs.places import free_income_notes, key_figures
from demosim.outputs.sensitivity import moved, tornado_tables
from demosim.outputs.sheets import Entry, Formula, Sheet
from demosim.outputs.sheets_money import difference_sheet, services_sheet
from demosim.outputs.sheets_path import path_sheet
from demosim.outputs.sheets_places import groups_sheet, municipalities_sheet
from demosim.outputs.sheets_sure import band_labels, sensitivity_sheet, uncertainty_sheet
from demosim.outputs.words import Words
from demosim.scenario.cost_options import Adjustment
from made_up_others import fan, sensitivity
from made_up_result import norway, small, three

LANGUAGES = ("nb", "nn", "en")


def value(cell: Entry) -> float:
    """The number that a cell shows."""
    number = cell.value if isinstance(cell, Formula) else cell
    assert isinstance(number, int | float)
    return float(number)


def row_of(sheet: Sheet, label: str) -> list[float]:
    return [value(cell) for cell in next(row for row in sheet.rows if row[0] == label)[1:]]


def with_path(run: xr.Dataset) -> xr.Dataset:
    """A run whose schools and care homes follow with delay, schools at a cost."""
    how = {"school": Adjustment(speed_down=0.5, restructuring=0.2), "care": Adjustment(speed_up=0.6)}
    return run.assign(adjustment_path(run, how).data_vars)


def one_place() -> xr.Dataset:
    return norway().sel(municipality=["1151"])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("run", [small(), three(), one_place()], ids=["small", "three", "one"])
def test_every_table_is_whole_in_every_language(run: xr.Dataset, lang: str) -> None:
    for key, make in tables(run, lang=lang).items():
        sheet = make()
        assert sheet.key == key
        assert sheet.title
        assert len({column.key for column in sheet.columns}) == len(sheet.columns), key
        assert len({column.label for column in sheet.columns}) == len(sheet.columns), key
        assert all(len(row) == len(sheet.columns) for row in sheet.rows), key
        assert all(0 <= number < len(sheet.rows) for number in sheet.totals), key
        flat = [cell for row in sheet.values() for cell in row]
        assert all(np.isfinite(cell) for cell in flat if isinstance(cell, float)), key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_of_money_name_prices_and_financing(lang: str) -> None:
    run, reference = with_path(small()), small().assign_attrs(scenario="other", demosim_kind="run")
    others = [reference, fan(run).assign_attrs(demosim_kind="fan"),
              sensitivity(run).assign_attrs(demosim_kind="sensitivity")]  # fmt: skip
    made = tables(run, others, lang)
    keys = {"yearly_free_income", "accumulated_free_income", "difference", "difference_accumulated", "uncertainty",
            "sensitivity", "path"}  # fmt: skip
    assert keys < set(made)
    for key in keys:
        sheet = made[key]()
        assert "2020" in sheet.subtitle, key
        assert Words(lang, run)("paid_free_income") in sheet.subtitle, key
    assert "2020" in made["groups"]().subtitle
    for column in made["municipalities"]().columns:
        if "per_head" in column.key:
            assert "2020" in column.label


def test_one_municipality_is_its_own_country() -> None:
    run = one_place()
    sheet = municipalities_sheet(measures(run), Words("nb", run))
    assert [row[1] for row in sheet.rows] == ["Utsira"]
    assert sheet.rows[0][-1] == 1
    groups = groups_sheet(measures(run), Words("nb", run))
    assert {row[2] for row in groups.rows} == {1}
    per_head = [column.key for column in groups.columns].index("accumulated_per_head")
    whole = next(row for row in groups.rows if row[0] == "Landet")
    own = services_sheet(measures(run), Words("nb", run), accumulated=True)
    total = value(own.rows[-1][-1])
    assert value(whole[per_head]) == pytest.approx(total * 1e6 / float(run["population"].isel(date=0).sum()), rel=0.1)


def test_median_and_mean_are_those_of_the_members() -> None:
    run = norway()
    seen = measures(run)
    sheet = groups_sheet(seen, Words("nb", run))
    keys = [column.key for column in sheet.columns]
    figures = key_figures(seen)
    own = [at for at, region in enumerate(seen.regions) if region.kind == "municipality"]
    rogaland = next(row for row in sheet.rows if row[1] == "Rogaland")
    inside = run["county_name"].values == "Rogaland"
    per_head = figures.accumulated_per_head[own][inside]
    assert value(rogaland[keys.index("median_per_head")]) == pytest.approx(np.median(per_head))
    assert value(rogaland[keys.index("mean_per_head")]) == pytest.approx(per_head.mean())
    assert rogaland[keys.index("municipalities")] == inside.sum()


@pytest.mark.parametrize("accumulated", [False, True])
def test_difference_is_scenario_minus_reference(accumulated: bool) -> None:
    run = small()
    name = "accumulated_demographic_expenditure" if accumulated else "demographic_expenditure"
    reference = run.assign({name: run[name] * 0.5}).assign_attrs(title="The reference")
    sheet = difference_sheet(measures(run), measures(reference), Words("en", run), accumulated)
    expected = run[name].sel(financing="free_income").sum("municipality") * 0.5 / 1e6
    assert np.allclose(row_of(sheet, "Care"), expected.sel(service="care").values, atol=0.1)
    assert np.allclose(row_of(sheet, "Total"), expected.sum("service").values, atol=0.1)
    assert "A made-up scenario minus The reference" in sheet.subtitle
    parts = [row for number, row in enumerate(sheet.rows) if number not in sheet.totals]
    shown = np.array([[value(cell) for cell in row[1:]] for row in parts])
    assert np.allclose(np.round(shown, 1).sum(0), row_of(sheet, "Total"), atol=1e-9)


def test_path_adds_up_and_is_the_result() -> None:
    run = with_path(small())
    sheet = path_sheet(measures(run), Words("nb", run))
    assert sheet is not None
    free = run.sel(financing="free_income").sum(("service", "municipality"))
    feasible = free["feasible_expenditure"]
    got = row_of(sheet, "Utgifter som følger med etterslep (siden starten)")
    assert np.allclose(got, ((feasible - feasible.isel(date=0)) / 1e6).values[1:], atol=0.1)
    need = row_of(sheet, "Utgiftsbehov, full virkning (siden starten)")
    gap = row_of(sheet, "Utgifter over behovet, alle tjenester")
    assert np.allclose(np.add(need, gap), got, atol=1e-9)
    services = [row for row in sheet.rows if str(row[0]).startswith("Utgifter over behovet:")]
    assert {str(row[0]).partition(": ")[2] for row in services} <= {"School", "Care"}
    assert np.allclose(np.sum([[value(cell) for cell in row[1:]] for row in services], axis=0), gap, atol=1e-9)
    so_far = row_of(sheet, "Tilpasningskostnad samlet")
    assert np.allclose(so_far, free["accumulated_adjustment_cost"].values / 1e6, atol=0.5)
    assert np.allclose(np.diff(so_far), row_of(sheet, "Tilpasningskostnad i året")[1:], atol=1e-9)


def test_a_run_without_delay_has_no_path() -> None:
    assert path_sheet(measures(small()), Words("nb", small())) is None
    assert "path" not in tables(small())


def test_path_follows_need_that_is_not_demography() -> None:
    """Full effect is what spending would be without delay: spending less the gap, whatever the need is made of."""
    run = with_path(small())
    lifted = run.assign(feasible_expenditure=run["feasible_expenditure"] + 1e6 * (run["date"] - 2020))
    rows = [path_sheet(measures(data), Words("nb", data)) for data in (run, lifted)]
    label = "Utgiftsbehov, full virkning (siden starten)"
    assert rows[0] is not None
    assert rows[1] is not None
    cells = run.sizes["service"] * run.sizes["municipality"]
    growth = np.subtract(row_of(rows[1], label), row_of(rows[0], label))
    assert np.allclose(growth, cells * np.arange(1, run.sizes["date"]), atol=0.2)


def test_bands_are_named_by_what_they_hold() -> None:
    assert band_labels([0.1, 0.165, 0.5, 0.9], Words("nb", small())) == [
        "P10 (nedre grense, 80 %)", "P16,5 (nedre grense, 67 %)", "P50 (median)", "P90 (øvre grense, 80 %)",
    ]  # fmt: skip
    assert band_labels([0.165], Words("en", small())) == ["P16.5 (lower end, 67%)"]


def test_uncertainty_rows_rise_and_hold_the_fan() -> None:
    run = small()
    made = fan(run)
    sheet = uncertainty_sheet(made, Words("nb", run))
    cells = np.array([[value(cell) for cell in row] for row in sheet.rows])
    assert cells[:, 0].tolist() == run["budget_year"].values.tolist()
    assert (np.diff(cells[:, 1:], axis=1) > 0).all()
    middle = made["demographic_expenditure"].sel(financing="free_income", region="country", quantile=0.5).squeeze()
    assert np.allclose(cells[:, 3], middle.values / 1e6)
    assert sheet.chart is not None
    assert sheet.chart.by_column
    assert "frø 0" in sheet.notes[0]


def test_sensitivity_is_widest_first_with_units() -> None:
    run = small()
    sheet = sensitivity_sheet(sensitivity(run), Words("nb", run))
    assert [row[:2] for row in sheet.rows] == [
        ["Netto innvandring", "personer per år"], ["Fertility <1>", "ganger"],
    ]  # fmt: skip
    assert [value(cell) for cell in sheet.rows[0][2:]] == [-10_000.0, 12_345.0, -40.0, 45.0]
    assert sheet.form(0, 2) == "integer"
    assert sheet.form(1, 2) == "two"
    assert "budsjettåret 2021" in sheet.notes[0]


def test_ends_of_assumptions_are_said() -> None:
    first, second = moved(sensitivity(small()), "nb")
    assert first.span("nb") == "−10\u00a0000 / +12\u00a0345"
    assert second.span("nb") == "×\u00a00,90–1,10"
    assert second.ends("en") == ("×\u00a00.90", "×\u00a01.10")
    assert first.named("en") == "Netto innvandring, persons per year"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_terminal_tornado_names_values_prices_and_place(lang: str) -> None:
    run = small()
    told = sensitivity(run).assign(
        municipal_effect_low=(("municipality", "assumption"), [[-300.0, -20.0]]),
        municipal_effect_high=(("municipality", "assumption"), [[200.0, 10.0]]),
    ).assign_coords(municipality=["R2"])  # fmt: skip
    whole, own = tornado_tables(told, lang, {"R2": "Place two"})
    assert "2020" in whole.title
    assert "Place two" in own.title
    assert own.rows[0][0] == "Fertility <1>"  # the widest here, though not in the country
    assert own.decimals == 2
    assert len(own.columns) == 6
    assert str(own.rows[0][1][0]).startswith("×")


def test_about_tells_how_it_is_made_from_the_scenario_on() -> None:
    run = small().assign_attrs(demosim_kind="run", scenario="mars")
    band = fan(run).assign_attrs(demosim_kind="fan", scenario="mars")
    told = sensitivity(run).assign_attrs(demosim_kind="sensitivity", scenario="mars", accumulated=1)
    told = told.assign_coords(municipality=["R1"])
    told["x"] = ("municipality", [0.0])
    pairs = [(Path("a/run.nc"), run), (Path("fan.nc"), band), (Path("s.nc"), told)]
    assert commands(pairs, "export", Path("b/out.xlsx"), "nn", " --borders b.json") == [
        "demosim run mars.toml --output run.nc",
        "demosim fan mars.toml --draws 200 --seed 0 --output fan.nc",
        "demosim sensitivity mars.toml --municipality R1 --accumulated --budget-year 2021 --output s.nc",
        "demosim --lang nn export run.nc fan.nc s.nc --output out.xlsx --borders b.json",
    ]
    unknown = small().assign_attrs(scenario="")
    assert len(commands([(Path("r.nc"), unknown)], "report", Path("p.html"), "nb")) == 1


def test_free_income_of_ones_own_gives_the_share(tmp_path: Path) -> None:
    run = small()
    persons = run["population"].isel(date=0).sum(("sex", "age")).values
    lines = [f"R{at};{50_000 + at},5" for at in range(1, 5)]
    path = tmp_path / "income.csv"
    path.write_text("\ufeffmunicipality;free_income_per_inhabitant\n" + "\n".join(lines), encoding="utf-8")
    given = with_free_income(run, path)
    assert np.allclose(given["free_income"].values, persons * (50_000.5 + np.arange(1, 5)))
    figures, seen = key_figures(measures(given)), measures(given)
    at = next(place for place, region in enumerate(seen.regions) if region.code == "R3")
    assert figures.income_share[at] == pytest.approx(figures.accumulated[at] / (persons[2] * 50_003.5))
    assert figures.income_share[0] == pytest.approx(figures.accumulated[0] / float(given["free_income"].sum()))
    assert "income.csv" in free_income_notes(given, Words("nb", given))[0]
    assert np.isnan(key_figures(measures(run)).income_share).all()  # the country's mean is Norway's alone


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("municipality,income\nR1,1", "lacks its columns"), ("municipality,free_income\nR9,1", 'municipality "R9"'),
        ("municipality,free_income\nR1,-5", "not an amount above zero"),
        ("municipality,free_income\nR1,x", '"x" is not an amount'),
        ("municipality,free_income\nR1,1\nR1,2", "stands twice"),
        ("municipality,free_income\nR1,1\nR2,1", "lacks 2 municipalities: R3, R4"), ("", "lacks its columns"),
    ],
)  # fmt: skip
def test_wrong_tables_of_free_income_are_told(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "income.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DemosimError, match=match) as caught:
        with_free_income(small(), path)
    assert caught.value.exit_code == 2
    assert "income.csv" in str(caught.value)


def test_marks_are_said_in_the_language() -> None:
    assert confidence("second hand; non-age criteria rough", "nb") == "annenhånds; kriterier utenom alder: grovt"
    assert confidence("expenditure: rough; net_share: assumed", "nn") == "utgift: grovt; nettodel: anteke"
    assert confidence("age limits inferred by replication", "nb") == "age limits inferred by replication"
    assert confidence("", "nb") == ""


def test_changes_of_the_scenario_are_listed() -> None:
    run = small().assign_attrs(log='{"en": ["net: 5"], "nb": ["netto: 5"]}')
    assert changes(Words("nn", run)) == ["netto: 5"]
    rows = tables(run, lang="en")["assumptions"]().rows
    assert ["Changed by the scenario", "net: 5"] in [list(row[:2]) for row in rows]


def test_norwegian_csv_of_a_path_has_commas_and_no_formulas() -> None:
    run = with_path(small())
    text = norwegian(tables(run)["path"]())
    assert "=" not in text
    assert text.splitlines()[0].startswith("\ufeffHva;2021;")
    assert all(line.count(";") == run.sizes["budget_year"] for line in text.splitlines())
