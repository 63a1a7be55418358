"""The whole chain on countries that do not exist: nothing in the code knows of a certain country."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import demosim as ds
import made_up
from test_cli import call

SCENARIO = """
name = "abroad"
baseline = "country/"
variant = "1-central"
horizon = 2060
price_year = 2030

[streams.newcomers]
profile = "crisis"
settlement = "quota"
net = { "2030-2040" = 300 }
return_rate = 0.02
"""


def with_unit_costs(country: xr.Dataset) -> xr.Dataset:
    """The made-up country with schools of municipalities and roads of counties, in its own money."""
    ages = country["age"].values
    costs = np.stack([np.where((ages >= 5) & (ages < 15), 90_000.0, 0.0), np.full(len(ages), 2_000.0)])
    unit_cost = xr.DataArray(
        costs, dims=("service", "age"), name="unit_cost", attrs={"price_year": 2030, "transport": 0},
        coords={
            "service": ["school", "roads"], "age": ages, "level": ("service", ["municipal", "county"]),
            "net_share": ("service", [0.9, 0.8]),
            **{f"service_label_{lang}": ("service", ["School", "Roads"]) for lang in ("nb", "nn", "en")},
        },
    )  # fmt: skip
    return country.assign(unit_cost=unit_cost)


@pytest.fixture
def abroad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made_up.write(with_unit_costs(made_up.three_regions()), tmp_path / "country")
    scenario = tmp_path / "abroad.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return scenario


def test_three_regions_with_five_year_ages_from_file_to_table(abroad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "--lang", "en", "run", abroad)
    assert (code, err) == (0, "")
    assert "School" in out
    assert "daler" in out
    assert "2035" in out
    assert "85+" in out or "80+" in out
    assert "Published" not in out
    assert "kr" not in out


def test_its_result_is_labelled_with_its_own_years_and_places(abroad: Path) -> None:
    result = ds.run(abroad)
    assert result.projection["date"].values.tolist() == list(range(2030, 2061, 5))
    assert result.costs["budget_year"].values.tolist() == list(range(2035, 2061, 5))
    assert result.projection["municipality_name"].values.tolist() == ["Nordmark", "Åsby", "Little Haven"]
    arrived = result.projection["net_stream_migration"].sum(("municipality", "sex", "age_end_of_year"))
    assert float(arrived[0]) == pytest.approx(5 * 300, rel=0.01)


def test_its_need_is_counted_by_hand(abroad: Path) -> None:
    result = ds.run(abroad)
    pupils = result.projection["population"].sel(age=[5, 10]).sum(("sex", "age"))
    need = result.costs["expenditure_need"].sel(financing="free_income", service="school")
    np.testing.assert_allclose(need.values, 90_000 * pupils.values, rtol=1e-12)
    every = result.costs["expenditure_need"].sel(financing="all", service="school")
    np.testing.assert_allclose(every.values, need.values / 0.9, rtol=1e-12)


def test_a_county_of_it_is_selected_by_name(abroad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--json", "--lang", "en", "run", abroad, "--county", "south")
    assert "Little Haven" not in out
    assert "South" in json.loads(out)["headline"][0]


def test_prices_other_than_its_own_are_refused(abroad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    abroad.write_text(SCENARIO.replace("price_year = 2030", "price_year = 2026"), encoding="utf-8")
    code, _, err = call(capsys, "run", abroad)
    assert code != 0
    assert "2030" in err


def test_a_damaged_data_file_is_refused_with_its_name(abroad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = abroad.parent / "country" / "baseline.nc"
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    code, _, err = call(capsys, "run", abroad)
    assert code == 1
    assert "baseline.nc" in err
    assert "damaged or changed" in err
