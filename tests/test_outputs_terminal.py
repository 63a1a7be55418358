"""Tables on a terminal: within 80 columns, never a number cut; and one JSON document for machines."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from demosim.cli import Settings
from demosim.cli.frames import Frame, print_json, print_table_alone, print_tables
from demosim.costs.trace import trace_derivations, trace_unit_costs
from demosim.outputs.comparison import difference_tables, differing_name
from demosim.outputs.fan import fan_table
from demosim.outputs.netcdf import write_result
from demosim.outputs.numbers import number
from demosim.outputs.published import published_table
from demosim.outputs.summary import fte_table
from demosim.outputs.tables import Table, print_table
from demosim.outputs.trace import derivation_tables, source_table, unit_cost_tables
from demosim.sweep.compare import compare_results
from made_up_others import fan
from made_up_result import norway, small
from test_cli import call

MARS = ROOT / "scenarios" / "mars2026.toml"


def printed(table: Table, lang: str = "nb", width: int = 80) -> str:
    out = io.StringIO()
    print_table(table, lang, out, width)
    return out.getvalue()


def only_json(text: str) -> Any:
    """The document, refusing what JSON does not know."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=14),
    st.lists(st.text("abcdefghij æøå", min_size=1, max_size=40), min_size=14, max_size=14),
)
def test_no_number_is_ever_cut(values: list[int], heads: list[str]) -> None:
    columns = ["label", *heads[: len(values)]]
    text = printed(Table("k", "", columns, [("row", values), ("total", values)], 0, ["total"]))
    assert max(len(line) for line in text.splitlines()) <= 80
    for value in values:
        assert text.count(number(value)) >= 2


def test_columns_without_room_go_on_below_behind_the_labels() -> None:
    values = [float(10**8 + at) for at in range(9)]
    text = printed(Table("k", "Title", ["", *map(str, range(2027, 2036))], [("Care", values), ("Total", values)], 1))
    assert text.count("Care") == 2
    assert text.count("Title") == 1
    heads = " ".join(line for line in text.splitlines() if "20" in line and "Care" not in line)
    assert all(str(year) in heads for year in range(2027, 2036))


def test_a_path_that_is_copied_is_not_broken() -> None:
    rows = [("mortality.life_expectancy", ["a long text " * 5, "years", None])]
    assert "mortality.life_expectancy" in printed(Table("k", "", ["", "what", "unit", "neutral"], rows))


def test_colour_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    table = Table("k", "Title", ["", "x"], [("Sum", [1.0])], 0, ["Sum"])
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Screen()
    print_table(table, "nb", screen, 80)
    assert "\x1b[1m" in screen.getvalue()
    assert "\x1b" not in printed(table)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Screen()
    print_table(table, "nb", plain, 80)
    assert "\x1b[3" not in plain.getvalue()  # no colour; bold is none


def test_frames_are_one_document_and_speak_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"municipality": ["1103"], "need_index": [0.99812], "own_name": [float("nan")]})
    print_tables(Settings(as_json=True), [Frame("a", frame), Frame("b", frame)], ["said"])
    found = only_json(capsys.readouterr().out)
    assert [table["title"] for table in found["tables"]] == ["a", "b"]
    assert found["tables"][0]["rows"] == [{"municipality": "1103", "need_index": 0.99812, "own_name": None}]
    assert found["notes"] == ["said"]
    print_table_alone(Settings(lang="nb"), Frame("T", frame, 3))
    out = capsys.readouterr().out
    assert "Behovsindeks" in out
    assert "0,998" in out
    assert "own" in out  # no words for it: its own name
    print_table_alone(Settings(quiet=True), Frame("T", frame))
    assert capsys.readouterr().out == ""


def test_tables_are_one_document_without_numbers_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("k", "t", ["", "a", "b"], [("r", [float("nan"), 1.5])])
    print_tables(Settings(as_json=True), [table, table], ["note"])
    found = only_json(capsys.readouterr().out)
    assert found["tables"][1]["rows"] == [{"label": "r", "values": [None, 1.5]}]
    assert found["notes"] == ["note"]
    with pytest.raises(ValueError, match="JSON compliant"):
        print_json({"x": float("inf")})


def test_differences_add_up_and_name_what_differs(tmp_path: Path) -> None:
    run = norway()
    other = run.assign(demographic_expenditure=run["demographic_expenditure"] * 1.003)
    write_result(tmp_path / "a.nc", run)
    write_result(tmp_path / "b.nc", other.assign_attrs(scenario="b", horizon=2040, demosim_version="x"))
    table = difference_tables(compare_results([tmp_path / "a.nc", tmp_path / "b.nc"]), "nb")[0]
    rows = {label: np.array(cells, dtype=float) for label, cells in table.rows}
    assert np.allclose(rows["Kommuner"] + rows["Fylkeskommuner"], rows["Sum"])
    services = [label for label in rows if label not in table.totals]
    shown = np.sum([np.round(rows[label], table.decimals) for label in services], axis=0)
    assert np.allclose(shown, rows["Sum"], atol=1e-9)
    total = run["demographic_expenditure"].sel(financing="free_income").sum(("service", "municipality")).values * 3e-9
    assert np.allclose(rows["Sum"], total, atol=10.0**-table.decimals)
    assert "2026-kroner" in table.title
    assert table.notes == ["Forutsetninger som er ulike: Siste 1. januar (2036 → 2040)"]


@pytest.mark.parametrize(
    ("item", "lang", "said"),
    [
        ({"name": "settlement_key"}, "nb", "Bosettingsnøkkel"), ({"name": "settlement_key"}, "en", "Settlement key"),
        ({"name": "transport", "from": "1", "to": "0"}, "nn", "Fylkestransport med (1 → 0)"),
        ({"name": "title", "from": "a", "to": "b"}, "nb", ""), ({"name": "demosim_version"}, "nb", ""),
    ],
)  # fmt: skip
def test_what_differs_is_said_in_words(item: dict[str, str], lang: str, said: str) -> None:
    assert differing_name(item, lang) == said


def test_fte_and_their_changes_add_up_and_nothing_stays_nothing() -> None:
    run = norway()
    need = run["expenditure_need"].sel(financing="free_income", drop=True) / 800_123.0
    people = need.where(need["service"] != "dentist")
    table = fte_table(run.assign(full_time_equivalents=people), "nb")
    assert table is not None
    rows = dict(table.rows)
    assert all(np.isnan(float(cell)) for cell in rows["Dentist"] if not isinstance(cell, str) and cell is not None)
    counted = np.array([cells for label, cells in table.rows if label not in ("Dentist", *table.totals)], dtype=float)
    total = np.array(rows[table.totals[0]], dtype=float)
    assert np.array_equal(counted, np.round(counted))
    assert np.array_equal(counted.sum(axis=0), total)
    assert np.array_equal(counted[:, 1] - counted[:, 0], counted[:, 2])
    assert abs(total[0] - float(people.isel(date=0).sum())) <= 0.5


def test_published_figures_stand_beside_parts_that_add_up() -> None:
    run = norway().assign_attrs(baseline="norway2026", scenario="mars2026")
    table = published_table(run, "nb")
    assert table is not None
    ours = {label: float(cells[1]) for label, cells in table.rows}  # type: ignore[arg-type]  # numbers
    parts = [value for label, value in ours.items() if ", frie inntekter" in label and "begge" not in label]
    whole = next(value for label, value in ours.items() if "begge, frie inntekter" in label)
    assert len(parts) == 2
    assert round(sum(parts), 2) == whole


@pytest.mark.parametrize(("scale", "decimals"), [(1.0, 0), (1e-4, 2)])
def test_a_fan_has_digits_for_a_small_place(scale: float, decimals: int) -> None:
    made = fan(norway()) * scale
    made.attrs = fan(norway()).attrs
    table = fan_table(made.assign_attrs(currency="kr"), "nb", "0301")
    assert "P16,5" in table.columns
    assert "2026-kroner" in table.title
    assert table.decimals >= decimals
    cells = np.array([cells for _, cells in table.rows], dtype=float)
    assert (np.diff(cells, axis=1) > 0).all()


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_unit_costs_are_told_by_level_in_numbers_that_add_up(lang: str) -> None:
    traced = trace_unit_costs(price_year=2026)
    labels = {"barnehage": "Nursery schools"}
    tables = unit_cost_tables(traced, lang, labels)
    assert [table.key for table in tables] == ["unit_costs_municipal", "unit_costs_county"]
    assert "Nursery schools" in tables[0].columns
    for table in tables:
        cells = np.array([cells for _, cells in table.rows], dtype=float)
        assert np.array_equal(cells[:, :-1].sum(axis=1), cells[:, -1])
        assert "2026" in table.title
        assert max(len(line) for line in printed(table, lang).splitlines()) <= 80
    sources = source_table(traced, lang, labels)
    assert sources.rows[0][0] == "Nursery schools"
    assert max(len(line) for line in printed(sources, lang).splitlines()) <= 80


def test_a_derivation_that_moves_cost_inside_a_band_is_seen() -> None:
    """Dearer young ones in kindergarten leave the mean of 1-5 as it is: the band is cut where they differ."""
    ways = trace_derivations("barnehage")
    table = derivation_tables(ways, "nb", {})[0]
    cells = {label: [float(cell) for cell in row] for label, row in table.rows}  # type: ignore[arg-type]  # numbers
    assert list(cells) == ["1", "2", "3-5"]
    assert cells["1"][0] == pytest.approx(cells["3-5"][0], rel=1e-12)
    assert cells["2"][1] > cells["2"][0] > cells["3-5"][1]
    others = trace_derivations("grunnskole")
    assert {"6-12", "13-15"} <= set(others["ages"])  # where means differ the bands stay


def a_result(folder: Path, name: str, run: xr.Dataset) -> Path:
    write_result(folder / name, run)
    return folder / name


@pytest.mark.parametrize(
    "words",
    [
        ["show", "unit-costs"], ["list", "knobs"], ["list", "services"], ["list", "variants"], ["list", "profiles"],
        ["list", "municipalities"], ["validate", "results"], ["run", MARS], ["income", MARS, "--municipality", "1103"],
        ["sensitivity", MARS, "--municipality", "1151"], ["fan", MARS, "--draws", "20", "--municipality", "1151"],
    ],
    ids=lambda words: "-".join(map(str, words[:2])).replace("/", "_")[-30:],
)  # fmt: skip
def test_every_command_that_prints_tables_prints_json_and_80_columns(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[object]
) -> None:
    code, out, err = call(capsys, "--json", *words)
    assert (code, err) == (0, "")
    assert only_json(out)
    code, out, _ = call(capsys, *words)
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 80
    assert not re.search(r"\b(nan|None)\b", out)


def test_published_projections_that_lack_a_path_are_compared_all_the_same(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["vintage,alternative,region_code,year,age_group,value", "2024,MMMM,1103,2030,total,155000",
            "2024,MMMM,1151,2030,total,210"]  # fmt: skip
    (here / "p.csv").write_text("\n".join(rows), encoding="utf-8")
    code, out, _ = call(capsys, "--json", "validate", "population", "--published", "p.csv")
    assert code == 0
    assert [table["title"] for table in only_json(out)["tables"]] == ["population", "2024-MMMM", "2024-MMMM 2030"]


def test_what_is_published_says_what_it_wrote(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = a_result(here, "run.nc", small())
    made = (("export", "t.csv"), ("report", "p.html"), ("pages", "pages"), ("plot", "f.svg"))
    for command, output in made:
        words = [command, run, "--output", output, *(["--figure", "pyramid"] if command == "plot" else [])]
        code, out, err = call(capsys, "--json", *words)
        assert (code, err) == (0, "")
        written = only_json(out)["written"]
        assert written
        assert all((here / path).exists() for path in written)
        code, out, _ = call(capsys, "--quiet", *words)
        assert (code, out) == (0, "")
        code, out, _ = call(capsys, *words)
        assert out.startswith("Skrevet: ")


def test_a_table_of_free_income_is_taken_by_every_publisher(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = a_result(here, "run.nc", small())
    lines = ["municipality;free_income", *(f"R{at};1000000" for at in range(1, 5))]
    (here / "income.csv").write_text("\n".join(lines), encoding="utf-8")
    own = ["--free-income", "income.csv"]
    assert call(capsys, "export", run, "--output", "t.csv", "--table", "municipalities", *own)[0] == 0
    text = (here / "t.csv").read_text(encoding="utf-8-sig")
    head, first = (line.split(";") for line in text.splitlines()[:2])
    share = first[head.index("Samlet, prosent av frie inntekter")]
    total = small()["accumulated_demographic_expenditure"].sel(financing="free_income", municipality="R1")
    expected = float(total.isel(budget_year=-1).where(total["level"] == "municipal").sum()) / 1e4
    assert share == number(expected, 1, "nb").replace("−", "-").replace("\u00a0", "")
    assert call(capsys, "report", run, "--output", "p.html", *own)[0] == 0
    assert "--free-income income.csv" in (here / "p.html").read_text(encoding="utf-8")
    assert call(capsys, "pages", run, "--output", "pages", *own)[0] == 0
    assert "income.csv" in (here / "pages" / "R1.html").read_text(encoding="utf-8")
