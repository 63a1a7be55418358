"""Full-time equivalents: each rule by hand, sums, and the published ten-year changes beside ours."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.costs.figures import registered
from demosim.costs.fte import (
    fte_per_krone,
    full_time_equivalents,
    labour_balance,
    labour_supply,
    source_year_fte,
    ten_year_change,
)
from demosim.costs.need import expenditure
from demosim.costs.services import read_services
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.scenario.cost_options import CostOptions
from demosim.validation.results import DATA_SET, country_path, one_region, single_ages, ukraine_stream

SERVICES = {service.name: service for service in read_services()}
OPTIONS = CostOptions()


def population(by_age: np.ndarray, dates: list[int]) -> xr.DataArray:
    """One municipality from persons (date, age), half of each sex."""
    values = np.stack([by_age.T / 2] * 2)[None]
    return xr.DataArray(
        values, dims=("municipality", "sex", "age", "date"),
        coords={
            "municipality": ["N"], "sex": ["male", "female"], "age": np.arange(by_age.shape[1]), "date": dates,
        },
    )  # fmt: skip


def need_of(people: xr.DataArray) -> xr.DataArray:
    return expenditure(people, derive_unit_cost(single_ages(), OPTIONS, 2026))["expenditure_need"]


def test_each_rule_by_hand() -> None:
    end_of_2025 = registered()[2026].sum(axis=0)
    counts = {name: source_year_fte(SERVICES[name])[0] for name in SERVICES if SERVICES[name].fte}
    assert counts["pleie_omsorg"] == pytest.approx(325.1e-4 * end_of_2025.sum(), rel=1e-12)
    assert counts["grunnskole"] == pytest.approx(637051 / 11.6, rel=1e-12)
    assert counts["barnehage"] == pytest.approx(end_of_2025[1:6].sum() * 0.945 / 5.7, rel=1e-12)
    assert counts["videregaende"] == 34000
    with pytest.raises(DemosimError, match="no source says how many work in sosial"):
        source_year_fte(SERVICES["sosial"])


def test_the_source_year_gives_its_own_count_back() -> None:
    people = population(np.stack([registered()[year].sum(axis=0) for year in (2017, 2024, 2026)]), [2017, 2024, 2026])
    found = full_time_equivalents(need_of(people), OPTIONS).sel(municipality="N")
    assert float(found.sel(service="videregaende", date=2017)) == pytest.approx(34000, rel=1e-12)
    assert float(found.sel(service="grunnskole", date=2024)) == pytest.approx(637051 / 11.6, rel=1e-12)
    assert float(found.sel(service="pleie_omsorg", date=2026)) == pytest.approx(
        source_year_fte(SERVICES["pleie_omsorg"])[0], rel=1e-12
    )
    assert "sosial" in found.attrs["without_source"].split()
    assert "videregaende: 2016" in found.attrs["source_years"]
    assert set(found["service"].values) == {"barnehage", "grunnskole", "pleie_omsorg", "videregaende"}


def test_services_without_source_have_none() -> None:
    table = fte_per_krone(OPTIONS, 2026)
    assert np.isnan(table.loc["sosial", "fte"])
    assert table.loc["grunnskole", "note"].startswith("teachers only")
    assert table.loc["grunnskole", "confidence"] == "second hand"
    later = fte_per_krone(OPTIONS, 2025)
    ratio = later["fte_per_krone"] / table["fte_per_krone"]
    np.testing.assert_allclose(ratio.dropna(), 1.041, rtol=1e-12)  # the count does not depend on the prices


def test_municipal_sums_equal_the_country() -> None:
    random = np.random.default_rng(4).uniform(0, 100, (5, 2, 106, 3))
    people = xr.DataArray(
        random, dims=("municipality", "sex", "age", "date"),
        coords={"municipality": list("ABCDE"), "sex": ["male", "female"], "age": np.arange(106), "date": [1, 2, 3]},
    )  # fmt: skip
    whole = people.sum("municipality").expand_dims(municipality=["all"])
    apart = full_time_equivalents(need_of(people), OPTIONS).sum("municipality")
    together = full_time_equivalents(need_of(whole), OPTIONS).isel(municipality=0, drop=True)
    xr.testing.assert_allclose(apart, together, rtol=1e-12)


def test_ten_years_beside_the_published_change() -> None:
    """Upper secondary and care come out near the published; school differs because only teachers are counted."""
    data = read_baseline(DATA_SET)
    country = one_region(data, data["population"].sum("municipality").values, 2026)
    path = country_path(country, ukraine_stream(6000))
    people = population(path, list(range(2026, 2037)))
    table = ten_year_change(full_time_equivalents(need_of(people), OPTIONS)).set_index("service")
    assert table.loc["grunnskole", "published"] == -8000
    assert table.loc["pleie_omsorg", "published"] == 34000
    assert np.isnan(table.loc["barnehage", "published"])
    assert table.loc["videregaende", "change"] == pytest.approx(-2800, abs=500)
    assert table.loc["grunnskole", "change"] == pytest.approx(-8000 * 54.9 / 107, rel=0.2)
    assert table.loc["pleie_omsorg", "change"] == pytest.approx(34000 * 183 / 130, rel=0.1)
    row = table.loc["grunnskole"]
    assert row["implied_base"] * row["growth"] == pytest.approx(-8000, rel=1e-12)


def test_a_run_of_less_than_ten_years_has_no_ten_year_change() -> None:
    people = population(np.ones((2, 106)), [2026, 2027])
    with pytest.raises(DemosimError, match="no 1 January 2036"):
        ten_year_change(full_time_equivalents(need_of(people), OPTIONS))


def test_supply_and_balance_by_hand() -> None:
    people = population(np.ones((1, 106)) * 2, [2026])
    supply = labour_supply(people)
    assert supply.sel(working_ages="20-64").item() == 90
    assert supply.sel(working_ages="20-66").item() == 94
    fte = full_time_equivalents(need_of(people), OPTIONS)
    row = labour_balance(fte, people).iloc[0]
    assert row["full_time_equivalents"] == pytest.approx(float(fte.sum()), rel=1e-12)
    assert row["share_20_64"] == pytest.approx(float(fte.sum()) / 90, rel=1e-12)
    assert row["share_20_66"] == pytest.approx(float(fte.sum()) / 94, rel=1e-12)
    with pytest.raises(DemosimError, match="ages 20-64 are not made up"):
        labour_supply(people.isel(age=slice(0, 50)))
