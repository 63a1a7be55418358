"""Commands about costs, groups and income as a user meets them, with good and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import demosim as ds
from conftest import ROOT
from demosim.baseline.read import read_baseline
from demosim.baseline.store import write_data_set
from demosim.outputs.netcdf import write_result
from test_cli import call

MARS = ROOT / "scenarios" / "mars2026.toml"
CARE = """
[adult]
2 = 100000
3 = 90000
4 = 80000
5 = 70000
[child]
1 = 50000
2 = 40000
3 = 30000
4 = 20000
5 = 10000
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main scenario, run and stored once."""
    done = ds.run(MARS)
    path = tmp_path_factory.mktemp("results") / "mars2026.nc"
    write_result(path, done.dataset, "run", done.assumptions)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tables(out: str) -> dict[str, dict]:
    return {table["key"]: table for table in json.loads(out)["tables"]}


def rows(table: dict) -> dict[str, list]:
    return {row["label"]: row["values"] for row in table["rows"]}


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


def test_room_of_2026_as_published_and_ours(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "--lang", "en", "room")
    found = rows(tables(out)["room"])
    assert found["Growth in free income"] == [8.4, 8.4, 8.4]
    assert found["Demographic expenditure"] == pytest.approx([-2.9, -2.87, -2.34], abs=0.006)
    assert found["Room to manoeuvre"] == pytest.approx([5.5, 5.53, 6.06], abs=0.006)
    assert found["Pension"] == [None] * 3
    _, out, _ = call(capsys, "room", "--pension", 1.5)
    assert "4,00" in out
    assert "ikke med" not in out
    code, _, err = call(capsys, "room", "--budget-year", 2027)
    assert code == 2
    assert "2026, or a scenario FILE" in err
    code, _, err = call(capsys, "room", "--municipality", "Oslo")
    assert "demosim room FILE" in err


def test_room_of_a_scenario(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "--lang", "en", "room", stored, "--growth", 6, "--municipality", "Bergen")
    found = tables(out)
    money = rows(found["room"])
    assert money["Room to manoeuvre"][0] == pytest.approx(6 - 3.268, abs=0.001)
    assert "Bergen" in rows(found["burden"])
    (here / "income.csv").write_text(
        "municipality,free_income,price_year\nBergen,25000000000,2026\n", encoding="utf-8"
    )  # fmt: skip
    call(capsys, "--quiet", "room", stored, "--free-income", "income.csv", "--output", "room.csv")
    table = pd.read_csv(here / "room.csv", dtype={"municipality": str}).set_index(["municipality", "budget_year"])
    with xr.open_dataset(stored) as result:
        money = result["demographic_expenditure"].sel(financing="free_income", municipality="4601", budget_year=2027)
        kroner = float(money[(money["level"] == "municipal").values].sum())
    assert table.loc[("4601", 2027), "per_cent"] == pytest.approx(100 * kroner / 25e9)
    assert np.isnan(table.loc[("0301", 2027), "per_cent"])
    (here / "bad.csv").write_text("municipality,free_income,price_year\nBergn,x,2026\n", encoding="utf-8")
    code, _, err = call(capsys, "room", stored, "--free-income", "bad.csv")
    assert code == 2
    assert 'row 2, free_income: "x" is not a number' in err
    assert 'did you mean "Bergen" (4601)' in err


def test_refugees_ask_for_the_rates_that_have_no_source(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "refugees", MARS)
    assert (code, out) == (2, "")
    asked = [line.split(":")[0] for line in err.splitlines()]
    assert asked == [f"{person}.{year}" for person in ("adult", "child") for year in (2, 3, 4, 5)]
    assert "for which there is no source" in err


def test_refugees_grant_beside_cost_and_need(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "rates.toml").write_text(CARE, encoding="utf-8")
    words = ("refugees", MARS, "--rates", "rates.toml", "--output", "all.csv")
    _, out, _ = call(capsys, "--json", "--lang", "en", *words)
    found = rows(tables(out)["refugees"])
    table = pd.read_csv(here / "all.csv", dtype={"municipality": str})
    assert table["municipality"].nunique() == 357
    assert found["Measured cost"] == pytest.approx([grant / 0.91 for grant in found["Integration grant"]])
    persons, grant = found["Persons in the scheme"][0], found["Integration grant"][0]
    assert 6000 < persons < 6050
    by_hand = ds.run(MARS).assumptions["stream_inflow"].sel(stream="ukraine", year=2026).sum("sex")
    adults = float(by_hand.sel(age_end_of_year=slice(18, None)).sum())
    assert grant == pytest.approx((194400 * adults + 50000 * (float(by_hand.sum()) - adults)) / 1e6, rel=1e-9)
    assert found["Need that free income carries"][0] == pytest.approx(467, abs=20)
    _, out, _ = call(capsys, *words, "--coverage", 1.0, "--municipality", "Vevelstad")
    assert "Vevelstad" in out
    assert "dekningsgrad 1,00 " in " ".join(out.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[adults]\n1 = 3\n", "adults: unknown key; [adult] and [child]"),
        (CARE.replace("2 = 100000", "6 = 1"), '"6" is no year after settlement'),
        (CARE.replace("100000", "-1"), "adult.2: -1 is not an amount of kroner"),
        (CARE.replace("100000", '"mye"'), "adult.2: mye is not an amount"),
        ("adult", "is not valid TOML"),
    ],
)
def test_bad_rates(here: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    (here / "rates.toml").write_text(text, encoding="utf-8")
    code, _, err = call(capsys, "refugees", MARS, "--rates", "rates.toml")
    assert code == 2
    assert message in err


def test_a_stream_that_is_not_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "rates.toml").write_text(CARE, encoding="utf-8")
    code, _, err = call(capsys, "refugees", MARS, "--rates", "rates.toml", "--stream", "ukrain")
    assert code == 2
    assert 'no stream "ukrain"; ukraine; did you mean "ukraine"?' in err
    code, _, err = call(capsys, "refugees", MARS, "--rates", "none.toml")
    assert "none.toml: there is no such file" in err


def test_income_with_tax_of_ones_own_sums_to_zero(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with xr.open_dataset(stored) as result:
        numbers = result["municipality"].values.astype(str)
    tax = pd.DataFrame({"municipality": numbers, "tax_per_inhabitant": np.linspace(25_000, 70_000, len(numbers))})
    tax.to_csv(here / "tax.csv", index=False)
    code, _, err = call(capsys, "--quiet", "income", stored, "--tax", "tax.csv", "--year", 2030, "--since", 2027,
                        "--output", "all.csv")  # fmt: skip
    assert (code, err) == (0, "")
    table = pd.read_csv(here / "all.csv")
    for name in ("expenditure_equalisation", "tax_equalisation", "expenditure_equalisation_change"):
        assert abs(table[name].sum()) < 1e-6 * table[name].abs().sum()
    assert table["tax_equalisation"].iloc[0] > 0 > table["tax_equalisation"].iloc[-1]
    assert table["innbyggertilskudd_change"].sum() > 0


def test_income_says_what_is_held_and_what_is_missing(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = call(capsys, "--lang", "en", "income", stored, "--municipality", "Bergen")
    said = " ".join(out.split())
    assert "29 per cent of the cost key are held at the national share: basis, travel_zone" in said
    assert "Tax equalisation is not included" in said
    assert "income system of counties is not included" in said
    assert "inferred" in said
    (here / "tax.csv").write_text("municipality,tax_per_inhabitant\n0301,50000\n", encoding="utf-8")
    code, _, err = call(capsys, "income", stored, "--tax", "tax.csv")
    assert code == 2
    assert "lacks 356 municipalities: 1101" in err
    (here / "other.csv").write_text("municipality,criterion,value\nOslo,refugee,1\n", encoding="utf-8")
    code, _, err = call(capsys, "income", stored, "--criteria", "other.csv")
    assert 'no criterion is called "refugee"' in err
    code, _, err = call(capsys, "income", stored, "--criteria", "none.csv")
    assert "none.csv: there is no such file" in err


def test_standing_by_group_and_years_that_reserves_last(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "revenue.csv").write_text("municipality,revenue\nBergen,30e9\nUtsira,80e6\n", encoding="utf-8")
    _, out, _ = call(capsys, "--json", "--lang", "en", "standing", stored, "--revenue", "revenue.csv",
                     "--municipality", "Bergen", "--municipality", "Stavanger")  # fmt: skip
    found = tables(out)
    groups = rows(found["standing_groups"])
    assert groups["50000+"] == [1.3, 26.0, 13.4]
    assert groups["Agder/Rogaland"] == [1.9, None, 12.6]
    places = rows(found["standing"])
    assert places["Bergen"][3] == pytest.approx(0.134 * 30e9 / (places["Bergen"][2] * 1e6))
    assert places["Stavanger"][3] is None
    _, out, _ = call(capsys, "standing", stored, "--county", "Rogaland")
    assert max(len(line) for line in out.splitlines()) <= 80


def test_the_scenario_gives_what_no_option_gives(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = "{ 2 = 100000, 3 = 90000, 4 = 80000, 5 = 70000 }"
    fiscal = f"""
[fiscal]
growth = 8.4
pension = 1.5
revenue = {{ Bergen = 30e9 }}
free_income = {{ price_year = 2026, kr = {{ Bergen = 25e9 }} }}
[fiscal.refugees]
coverage = 1.0
adult = {later}
child = {later}
"""
    text = MARS.read_text(encoding="utf-8").replace("horizon = 2036", "horizon = 2028")
    (here / "with.toml").write_text(text + fiscal, encoding="utf-8")

    def ask(command: str, *words: object) -> dict[str, dict]:
        code, out, err = call(capsys, "--json", "--lang", "en", command, "with.toml", *words)
        assert (code, err) == (0, "")
        return tables(out)

    room = list(ask("room", "--municipality", "Bergen").values())
    said = json.dumps(room)
    assert 8.4 in [cell for row in room[0]["rows"] for cell in row["values"]]
    assert -1.5 in [cell for row in room[0]["rows"] for cell in row["values"]]
    other = list(ask("room", "--growth", 9.4, "--municipality", "Bergen").values())
    assert 9.4 in [cell for row in other[0]["rows"] for cell in row["values"]]
    assert json.dumps(other[1:]) in said.replace(json.dumps(room[0]) + ", ", "")
    assert rows(ask("standing", "--municipality", "Bergen")["standing"])["Bergen"][3] is not None
    refugees = rows(ask("refugees")["refugees"])
    assert refugees["Measured cost"] == pytest.approx(refugees["Integration grant"])
    refugees = rows(ask("refugees", "--coverage", 0.5)["refugees"])
    assert refugees["Measured cost"] == pytest.approx([2 * grant for grant in refugees["Integration grant"]])


def test_the_example_of_over_fitting(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "--lang", "en", "calibrate-costs", "--output", "own.csv")
    found = tables(out)
    targets = rows(found["targets"])
    assert [row[-1] for row in targets.values()].count("yes") == 14
    assert all(row[4] == pytest.approx(0, abs=1e-5) for row in targets.values() if row[-1] == "no")
    error = rows(found["hold_out"])
    assert error["Root mean square error"] == pytest.approx([0.78, 0.83], abs=0.006)
    assert "gets worse" in found["hold_out"]["notes"][0]
    cells = rows(found["cells"])
    assert cells["Long-term care 75-79"][0] == pytest.approx(42, abs=1)
    own = pd.read_csv(here / "own.csv")
    assert set(own["price_year"]) == {2025}
    scenario = MARS.read_text(encoding="utf-8").replace("horizon = 2036", "horizon = 2027")
    (here / "fitted.toml").write_text(f'{scenario}\n[costs]\nown = "own.csv"\n', encoding="utf-8")
    fitted = ds.run(here / "fitted.toml").costs["demographic_expenditure"].sel(financing="free_income")
    assert float(fitted.sum()) / 1e9 == pytest.approx(2.91, abs=0.03)


def test_targets_of_the_users_own(stored: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"""
price_year = 2026
[[target]]
name = "from a run"
low = 3.1
high = 3.2
price_year = 2026
change = {{ result = "{stored}", budget_year = 2027 }}
[[target]]
name = "kindergarten children"
low = 0.3
high = 0.4
price_year = 2025
sector = "municipal"
financing = "all"
change = {{ "1-5" = 1000 }}
[[target]]
name = "2010"
low = 2.4
high = 2.6
price_year = 2020
financing = "all"
change = "registered 2010"
hold_out = true
"""
    (here / "targets.toml").write_text(text, encoding="utf-8")
    words = ("--json", "--lang", "en", "calibrate-costs", "targets.toml")
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert 'target "from a run"' in err
    assert "lies outside the folder of the file that names it; a file in that folder, or --allow-paths" in err
    code, out, err = call(capsys, *words, "--allow-paths")
    assert (code, err) == (0, "")
    found = rows(tables(out)["targets"])
    assert found["from a run"][2:5] == pytest.approx([3.27, 3.2, 0], abs=0.005)
    assert 0.299 < found["kindergarten children"][3] < 0.401
    one = text.replace("budget_year = 2027 }", 'budget_year = 2027, municipality = "bergen" }')
    (here / "targets.toml").write_text(one.replace("low = 3.1\nhigh = 3.2", "low = 0.0\nhigh = 0.5"), encoding="utf-8")
    code, out, err = call(capsys, *words, "--allow-paths")
    assert (code, err) == (0, "")
    assert 0 < rows(tables(out)["targets"])["from a run"][2] < 0.5
    assert found["2010"][-1] == "yes"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("low = 1.0", "low = 9.0", "low 9 is above high 2"),
        ('"registered 2015"', '"registred 2015"', 'did you mean "registered 2015"'),
        ('"registered 2015"', '{ "young" = 3 }', '"young" is no age band'),
        ('"registered 2015"', '{ result = "none.nc", budget_year = 2027 }', "no such file"),
        ('"registered 2015"', '{ result = "../x.nc", budget_year = 2027 }', '"../x.nc" lies outside the folder'),
        ("price_year = 2020", "price_year = 1900", "price index does not cover 1900"),
        ("hold_out = false", "hold_out = true", "no target is to be met"),
        ("high = 2.0", 'high = "two"', "bad.toml:5: target.0.high"),
        ("[[target]]", "[target]", "valid list"),
    ],
)
def test_bad_targets(here: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str) -> None:
    text = """price_year = 2026
[[target]]
name = "a"
low = 1.0
high = 2.0
price_year = 2020
change = "registered 2015"
hold_out = false
"""
    (here / "bad.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    code, out, err = call(capsys, "calibrate-costs", "bad.toml")
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_published_figures_of_one_year_only(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "calibrate-costs", "--only", "2026")
    met = [label for label, row in rows(tables(out)["targets"]).items() if row[-1] == "nei"]
    assert met
    assert all("2026" in label for label in met)
    code, _, err = call(capsys, "calibrate-costs", "--only", "2030")
    assert code == 2
    assert "no figures of 2030 are published; 2026, 2027" in err


def test_why_june_became_march(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for method in ("shapley", "order"):
        _, out, _ = call(capsys, "--json", "--lang", "en", "validate", "june-march", "--method", method)
        found = tables(out)
        causes, beside = rows(found["explanation"]), rows(found["june_march"])
        assert sum(row[2] for row in causes.values()) == pytest.approx(2 * causes["Total"][2], rel=1e-9)
        assert causes["Total"][0] / 1000 == pytest.approx(beside["Municipalities"][0], rel=1e-9)
        assert beside["Municipalities"] == pytest.approx([-0.6, -0.7], abs=0.006)
        assert beside["Counties"] == pytest.approx([0.08, 0.1], abs=0.006)
    assert "39 400" in found["june_march"]["notes"][0]


def test_the_causes_of_june_and_march_add_up_as_they_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "--lang", "en", "validate", "june-march", "--method", "order")[1]
    lines = [line.replace("\u2212", "-").rsplit(maxsplit=3)[1:] for line in said.split("\n\n")[0].splitlines()]
    numbers = np.array([[float(word) for word in words] for words in lines if len(words) == 3 and "." in words[-1]
                        and words[0].lstrip("-")[0].isdigit()])  # fmt: skip
    assert len(numbers) == 3
    np.testing.assert_allclose(numbers[:-1].sum(axis=0), numbers[-1], atol=1e-9)
    np.testing.assert_allclose(numbers[:, :2].sum(axis=1), numbers[:, 2], atol=1e-9)


def test_the_candidates_stand_with_the_results(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "validate", "results", "--candidates")
    table = json.loads(out)[-1]
    assert table["key"] == "candidates"
    found = rows(table)
    assert found["newborns of the last year not carried on, in 2027"][3] == pytest.approx(-0.42, abs=0.006)
    _, out, _ = call(capsys, "--json", "validate", "results")
    assert all("key" not in row for row in json.loads(out))


def test_a_scenario_can_stand_for_a_stored_result(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = MARS.read_text(encoding="utf-8").replace("horizon = 2036", "horizon = 2028")
    (here / "short.toml").write_text(short, encoding="utf-8")
    code, out, _ = call(capsys, "--json", "groups", "short.toml", "--by", "all")
    assert code == 0
    assert rows(tables(out)["groups"])["Alle"][0] == "357"
    code, out, _ = call(capsys, "--json", "staff", "short.toml")
    assert set(tables(out)) == {"labour", "labour_share"}
    assert not (here / "results").exists()


READERS = {
    "groups": [], "staff": [], "indicators": [], "income": [], "room": [], "standing": [],
    "refugees": ["--rates", "rates.toml"], "show unit-costs": [],
}  # fmt: skip


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


def test_unit_costs_of_a_scenario_its_data_set_and_a_result(
    stored: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = call(capsys, "show", "unit-costs")[1]
    assert call(capsys, "show", "unit-costs", MARS)[1] == plain
    assert call(capsys, "show", "unit-costs", stored)[1] == plain
    assert call(capsys, "show", "unit-costs", "norway2026")[1] == plain
    users = MARS.read_text(encoding="utf-8").replace("price_year = 2026", "price_year = 2025")
    own = '[costs.own]\nprice_year = 2025\n[costs.own.barnehage]\n"0" = 0\n"1-5" = 200000\n"6+" = 0\n'
    (here / "own.toml").write_text(f'{users}\n[costs]\nprofile = "users"\n{own}', encoding="utf-8")
    code, said, _ = call(capsys, "show", "unit-costs", "own.toml")
    assert code == 0
    assert "2025-kroner" in said
    assert "Scenariet har egne enhetskostnader" in said
    asked = call(capsys, "show", "unit-costs", "--profile", "users", "--price-year", "2025")[1]
    assert said.startswith(asked[: asked.index("Der kostnadene") if "Der kostnadene" in asked else 2000])


def test_unit_costs_from_the_accounts_of_a_data_set(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The accounts that a data set carries go before the embedded ones, here as in a run."""
    data = read_baseline("norway2026")
    accounts = xr.DataArray(
        [[9e10]], {"account_service": ["barnehage"], "account_year": [2024]}, ("account_service", "account_year"),
        attrs={"source": "own accounts", "confidence": "own", "preliminary": ""},
    )  # fmt: skip
    write_data_set(data.assign(accounts=accounts), here / "mine", {"origin": "a test", "confidence": "made up"})
    _, out, _ = call(capsys, "--json", "show", "unit-costs", "mine", "--service", "barnehage", "--price-year", "2024")
    found = pd.DataFrame(json.loads(out)["unit_costs"])
    assert found["total"].sum() == pytest.approx(9e10)
    assert set(found["source"]) == {"own accounts"}
    short = MARS.read_text(encoding="utf-8").replace('"norway2026"', '"mine"')
    (here / "own.toml").write_text(short, encoding="utf-8")
    _, out, _ = call(capsys, "--json", "show", "unit-costs", "own.toml", "--service", "barnehage")
    assert set(pd.DataFrame(json.loads(out)["unit_costs"])["source"]) == {"own accounts"}


def test_a_data_set_with_unit_costs_of_its_own_has_none_to_trace(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = read_baseline("norway2026")
    cost = xr.DataArray(np.ones((1, data.sizes["age"])), {"service": ["school"], "age": data["age"].values},
                        ("service", "age"), attrs={"price_year": 2026})  # fmt: skip
    labels = {f"service_label_{lang}": ("service", ["School"]) for lang in ("nb", "nn", "en")}
    cost = cost.assign_coords(level=("service", ["municipal"]), net_share=("service", [0.9]), **labels)
    write_data_set(data.assign(unit_cost=cost), here / "mine", {"origin": "a test", "confidence": "made up"})
    code, out, err = call(capsys, "show", "unit-costs", "mine")
    assert (code, out) == (2, "")
    assert "gives its unit costs itself" in err
