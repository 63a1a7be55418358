"""Groups, staff and indicators on the command line, from a stored result or a scenario."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from commands import CARE, MARS, rows, tables
from test_cli import call

READERS = {
    "groups": [], "staff": [], "indicators": [], "income": [], "room": [], "standing": [],
    "refugees": ["--rates", "rates.toml"], "show unit-costs": [],
}  # fmt: skip


def test_groups_add_up_to_the_country(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {}
    for by in ("county", "landsdel", "size", "all"):
        code, _, err = call(capsys, "--quiet", "groups", stored, "--by", by, "--output", f"{by}.csv")
        assert (code, err) == (0, "")
        found[by] = pd.read_csv(here / f"{by}.csv")
    whole = found["all"].iloc[0]
    assert whole["municipalities"] == 357
    for table in found.values():
        for column in ("municipalities", "persons", "municipal", "county"):
            assert table[column].sum() == pytest.approx(whole[column], rel=1e-9)
    assert found["county"]["group"].tolist()[0] == "Oslo"
    assert found["size"]["group"].tolist() == [
        "0-2999", "3000-4999", "5000-9999", "10000-19999", "20000-49999", "50000+",
    ]  # fmt: skip
    with xr.open_dataset(stored) as result:
        money = result["accumulated_demographic_expenditure"].sel(financing="free_income", budget_year=2036)
    total = float(money.sum())
    assert whole["municipal"] + whole["county"] == pytest.approx(total, rel=1e-9)


def test_oslo_stands_apart_by_name(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "--lang", "en", "groups", stored, "--by", "size", "--apart", "oslo",
                     "--budget-year", 2027)  # fmt: skip
    found = tables(out)
    sums, typical = rows(found["groups"]), rows(found["groups_typical"])
    assert list(sums)[-1] == "Oslo"
    assert sums["Oslo"][0] == "1"
    assert typical["Oslo"][0] == typical["Oslo"][1] == typical["Oslo"][2]
    assert "2026–2027" in found["groups"]["title"]
    assert sum(int(row[0]) for row in sums.values()) == 357


def test_groups_of_the_users_own(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "mine.csv").write_text("municipality,group\n4601,West\n1103,West\n0301,East\n", encoding="utf-8")
    _, out, _ = call(capsys, "groups", stored, "--by", "mine.csv")
    assert "West" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    (here / "bad.csv").write_text("municipality,group\n301,East\n9999,East\n", encoding="utf-8")
    code, _, err = call(capsys, "groups", stored, "--by", "bad.csv")
    assert code == 2
    assert 'no municipality "301"' in err
    assert 'no municipality "9999"' in err
    for words, message in (
        (["--by", "lansdel"], 'did you mean "landsdel"'), (["--by", "none.csv"], "none.csv"),
        (["--apart", "Oslow"], 'did you mean "Oslo"'), (["--budget-year", 2026], "no budget year 2026; 2027 to 2036"),
        (["--of", "births"], "--output groups.csv"),
        (["--of", "deathss", "--output", "x.csv"], 'did you mean "deaths"?'),
    ):  # fmt: skip
        code, out, err = call(capsys, "groups", stored, *words)
        assert (code, out) == (2, "")
        assert message in err
    assert not (here / "x.csv").exists()


def test_any_array_by_group(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "groups", stored, "--by", "landsdel", "--of", "full_time_equivalents", "--output", "x.csv")
    table = pd.read_csv(here / "x.csv")
    assert {"service", "date", "group", "sum", "median", "mean", "municipalities"} == set(table)
    with xr.open_dataset(stored) as result:
        care = result["full_time_equivalents"].sel(service="pleie_omsorg", date=2036)
    ours = table[(table["service"] == "pleie_omsorg") & (table["date"] == 2036)]
    assert ours["sum"].sum() == pytest.approx(float(care.sum()), rel=1e-9)


def test_staff_beside_labour_and_published_changes(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = call(capsys, "--json", "--lang", "en", "staff", stored, "--output", "staff.csv")
    found = tables(out)
    decade = rows(found["ten_years"])
    assert [decade[name][3] for name in decade] == [None, -8000, 34000, -2800]
    for start, growth, change, told, base in decade.values():
        assert change == pytest.approx(start * growth / 100)
        assert told is None or told == pytest.approx(base * growth / 100)
    labour = rows(found["labour"])
    with xr.open_dataset(stored) as result:
        people = result["population"].sum(("municipality", "sex"))
        assert labour["Persons 20–66"][:2] == pytest.approx(
            [float(people.sel(date=date, age=slice(20, 66)).sum()) for date in (2026, 2036)]
        )
    shares = rows(found["labour_share"])
    assert shares["FTE per 100 aged 20–64"][0] == pytest.approx(
        100 * labour["FTE, services with a source"][0] / labour["Persons 20–64"][0]
    )
    written = pd.read_csv(here / "staff.csv", dtype={"municipality": str})
    assert len(written) == 357 * 11
    assert written[written["date"] == 2036]["full_time_equivalents"].sum() == pytest.approx(
        labour["FTE, services with a source"][1], rel=1e-9
    )
    _, out, _ = call(capsys, "staff", stored, "--municipality", "Utsira")
    assert "Utsira: Personer 20–64 år" in out
    assert "Publisert" not in out


def test_a_scenario_can_stand_for_a_stored_result(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = MARS.read_text(encoding="utf-8").replace("horizon = 2036", "horizon = 2028")
    (here / "short.toml").write_text(short, encoding="utf-8")
    code, out, _ = call(capsys, "--json", "groups", "short.toml", "--by", "all")
    assert code == 0
    assert rows(tables(out)["groups"])["Alle"][0] == "357"
    code, out, _ = call(capsys, "--json", "staff", "short.toml")
    assert set(tables(out)) == {"labour", "labour_share"}
    assert not (here / "results").exists()


@pytest.mark.parametrize("command", READERS)
def test_data_outside_the_folder_of_a_scenario_need_leave(
    here: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Every command that reads a scenario asks for the same leave, and takes it."""
    (here / "inner").mkdir()
    (here / "rates.toml").write_text(CARE, encoding="utf-8")
    short = MARS.read_text(encoding="utf-8").replace("horizon = 2036", "horizon = 2028")
    revenue = "municipality,revenue\nUtsira,60000000\n"
    (here / "revenue.csv").write_text(revenue, encoding="utf-8")
    scenario = here / "inner" / "own.toml"
    scenario.write_text(f'{short}\n[fiscal]\nrevenue = "../revenue.csv"\n', encoding="utf-8")
    words = [*command.split(), scenario, *READERS[command]]
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert "lies outside the folder" in err
    code, out, err = call(capsys, *words, "--allow-paths")
    assert (code, err) == (0, "")
    assert out.strip()


def test_places_of_one_name_are_told_apart(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("staff", "standing", "income"):
        code, out, _ = call(capsys, "--json", command, stored, "--municipality", "Herøy (Nordland)")
        labels = [row["label"] for table in json.loads(out)["tables"] for row in table["rows"]]
        assert code == 0
        assert any(label.startswith("Herøy (Nordland)") for label in labels), command


def test_classes_of_size_stand_in_their_order(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "standing", stored)
    labels = [row["label"] for row in tables(out)["standing_groups"]["rows"]]
    assert labels[:6] == ["0-3000", "3000-5000", "5000-10000", "10000-20000", "20000-50000", "50000+"]


def test_numbers_in_notes_are_written_as_the_language_does(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "rates.toml").write_text(CARE, encoding="utf-8")
    said = {lang: call(capsys, "--lang", lang, "refugees", MARS, "--rates", "rates.toml")[1] for lang in ("nb", "en")}
    assert "dekningsgrad 0,91" in said["nb"]
    assert "0.91" in said["en"]
    text = call(capsys, "calibrate-costs")[1]
    assert "delt på standardavvik: 1,8." in " ".join(text.split())
