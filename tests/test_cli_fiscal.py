"""Income, room to manoeuvre, refugees and standing on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import demosim as ds
from commands import CARE, MARS, rows, tables
from test_cli import call


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
