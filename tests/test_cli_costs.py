"""Commands about costs as a user meets them, with good and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import demosim as ds
from commands import MARS, TARGET, rows, tables
from demosim.baseline.read import read_baseline
from demosim.baseline.store import write_data_set
from test_cli import call


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
    (here / "bad.toml").write_text(TARGET.replace(old, new, 1), encoding="utf-8")
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
