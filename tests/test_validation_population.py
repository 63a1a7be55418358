"""The country beside the official rounds, municipalities beside published projections of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import made_up
from demosim.baseline.mortality import DeclineTable, life_expectancy
from demosim.baseline.read import read_baseline
from demosim.errors import DemosimError
from demosim.projection import project
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import resolve
from demosim.validation import mortality, population, published
from demosim.variables import validate
from plain_assumptions import plain_assumptions

ROUNDS = ("2024", "2026")
# Where the engine fed with totals only passes the limit up to 2035, per cent as measured; docs/method.md says why.
KNOWN = {
    ("2024-LLML", "6-12"): -2.16, ("2024-LLML", "90+"): -1.40, ("2024-HHMH", "6-12"): -2.14,
    ("2024-HHMH", "6-15"): -2.05, ("2024-HHMH", "13-15"): -2.22, ("2026-HHMH", "6-12"): -2.14,
    ("2026-HHMH", "90+"): 1.20,
}  # fmt: skip


@pytest.fixture(scope="module")
def baseline() -> xr.Dataset:
    return read_baseline("norway2026")


@pytest.fixture(scope="module")
def table(baseline: xr.Dataset) -> pd.DataFrame:
    return population.validate_population(baseline)


def test_every_round_and_alternative_is_there_with_every_published_year(table: pd.DataFrame) -> None:
    assert set(table["variant"]) == {f"{year}-{path}" for year in ROUNDS for path in ("MMMM", "LLML", "HHMH")}
    for variant, part in table.groupby("variant"):
        years = part.loc[part["age_group"] == "total", "year"]
        assert list(years) == list(range(int(str(variant)[:4]), 2051))
    assert table.notna().all().all()
    assert not table.duplicated(["variant", "year", "age_group"]).any()


def test_the_shipped_path_meets_every_published_group(table: pd.DataFrame) -> None:
    assert (table["shipped"] - table["published"]).abs().max() < 0.01
    assert population.worst_by_group(table)["shipped_meets"].all()


def test_the_main_alternatives_of_totals_only_are_within_the_limits_to_2035(table: pd.DataFrame) -> None:
    worst = population.worst_by_group(table)
    main = worst[worst["variant"].str.endswith("MMMM")]
    assert main["within"].all(), main[~main["within"]]
    assert (main["explained_by"] == "").all()
    old = worst[worst["age_group"].isin(["67-79", "80-89"])]
    assert old["unraked_deviation"].abs().max() < 1.0


def test_what_passes_the_limits_is_known_and_explained(table: pd.DataFrame) -> None:
    worst = population.worst_by_group(table).set_index(["variant", "age_group"])
    beyond = worst[worst["unraked_deviation"].abs() > worst["limit"] + 0.005]  # 2026-HHMH at age 0 is 2.00
    assert set(beyond.index) == set(KNOWN)
    for key, deviation in KNOWN.items():
        row = worst.loc[key]
        assert row["unraked_deviation"] == pytest.approx(deviation, abs=0.02), key
        assert row["explained_by"] == ("ages of deaths" if key[1] == "90+" else "ages of migrants")


def test_the_parts_add_up_to_the_deviation(table: pd.DataFrame) -> None:
    parts = table["of_migrant_ages"] + table["of_death_ages"] + table["shipped_deviation"]
    np.testing.assert_allclose(parts, table["unraked_deviation"], atol=1e-9)
    launch = table["year"] == table["variant"].str[:4].astype(int)
    np.testing.assert_allclose(table.loc[launch, ["shipped", "unraked"]].T, [table.loc[launch, "published"]] * 2)


def test_single_rounds_can_be_asked_for(baseline: xr.Dataset) -> None:
    found = population.validate_population(baseline, variants=["2026-MMMM"])
    assert set(found["variant"]) == {"2026-MMMM"}
    with pytest.raises(DemosimError, match="no published round is called 2025-MMMM"):
        population.validate_population(baseline, variants=["2025-MMMM"])


def test_a_row_by_hand(baseline: xr.Dataset, table: pd.DataFrame) -> None:
    """1 January 2026 in the main alternative of 2024: 45 466 aged 90 and over published."""
    row = table.set_index(["variant", "year", "age_group"]).loc[("2024-MMMM", 2026, "90+")]
    assert row["published"] == 45466
    assert row["shipped"] == pytest.approx(45466, abs=0.01)
    assert row["unraked_deviation"] == pytest.approx(100 * (row["unraked"] / 45466 - 1))


# mortality


def test_the_plain_mortality_gives_the_life_expectancy_of_the_round(baseline: xr.Dataset) -> None:
    tables = mortality.read_tables()
    for variant in ("2024-LLML", "2026-MMMM"):
        found = mortality.plain_death_prob(baseline, tables, variant)
        path = baseline.sel(variant=variant, year=found["year"])
        reached = life_expectancy(found.values, path["newborn_survival_prob"].values)
        np.testing.assert_allclose(reached, path["life_expectancy"], atol=1e-6)
    same = mortality.plain_death_prob(baseline, tables, "2024-LLML")
    of_data_set = baseline["plain_death_prob"].sel(variant="2024-LLML")
    np.testing.assert_allclose(same, of_data_set, atol=1e-8)  # nothing registered after the table, nothing moved


def facts(*years: list[list[float]]) -> dict[str, pd.DataFrame]:
    """A table of the country's population with four ages from rows of persons by age for men and women."""
    rows = [[2024 + i, sex, *persons] for i, both in enumerate(years) for sex, persons in zip(SEXES, both, strict=True)]
    return {"population_norway": pd.DataFrame(rows, columns=["year", "sex", "0", "1", "2", "3"])}


SEXES = ("male", "female")


def test_registered_deaths_over_those_of_the_table_by_hand() -> None:
    half = DeclineTable(2024, np.full((2, 4), 0.5), np.zeros((2, 4)), np.ones(2))
    start = [[100.0, 100.0, 100.0, 100.0]] * 2
    end = [[0.0, 50.0, 60.0, 80.0]] * 2  # of age 2 at the end 40 of 100 are lost, of age 3 and over 120 of 200
    ratio = mortality.registered_ratio(facts(start, end), half, 2025, ["2", "3+"])
    np.testing.assert_allclose(ratio, [40 / 50, 120 / 100])
    later = mortality.registered_ratio(facts(start, end), half, 2024, ["2", "3+"])
    np.testing.assert_array_equal(later, [1.0, 1.0])


# the country as one place


@pytest.mark.parametrize("country", [made_up.small_country, made_up.three_regions])
def test_the_country_as_one_place_is_the_sum_of_its_municipalities(country: object) -> None:
    data = country()  # type: ignore[operator]  # a parameter of the test
    variant = str(data["variant"].values[0])
    together = population.national_assumptions(data, variant, data["population"].sum("municipality"))
    assert validate(together) == []
    apart = project(plain_assumptions(data, streams=0))["population"].sum("municipality")
    found = project(together)["population"].sum("municipality")
    np.testing.assert_allclose(found, apart, rtol=1e-9)


def test_ordinary_ages_keep_the_total_of_net_migration() -> None:
    data, variant = made_up.small_country(), "a-high"
    start = data["population"].sum("municipality")
    found = population.national_assumptions(data, variant, start, ordinary_ages=True)["net_international_migration"]
    own = data["net_international_migration"].sel(variant=variant)
    np.testing.assert_allclose(found.sum(("sex", "age_end_of_year")), own.sum(("sex", "age_end_of_year")))
    profile = data["migration_profile"].sel(profile="ordinary")
    np.testing.assert_allclose(found.isel(year=0), float(own.isel(year=0).sum()) * profile)


# municipalities


def written(folder: Path, rows: list[tuple[object, ...]], columns: tuple[str, ...] | None = None) -> Path:
    names = columns or ("vintage", "alternative", "region_code", "year", "age_group", "value")
    path = folder / "published.csv"
    pd.DataFrame(rows, columns=list(names)).to_csv(path, index=False)
    return path


def two_places() -> xr.Dataset:
    persons = np.array([[[[100.0, 110], [50, 40]]], [[[10, 10], [0, 5]]]])
    coords = {"municipality": ["0301", "1101"], "sex": ["male"], "age": [0, 80], "date": [2026, 2027]}
    return xr.Dataset({"population": (("municipality", "sex", "age", "date"), persons)}, coords)


ROWS: list[tuple[object, ...]] = [
    (2026, "MMMM", "0301", 2026, "total", 150), (2026, "MMMM", "0301", 2027, "total", 120),
    (2026, "MMMM", "1101", 2027, "total", 20), (2026, "MMMM", "1101", 2027, "80+", 5),
    (2026, "MMMM", "9999", 2027, "total", 7), (2026, "MMMM", "0301", 2040, "total", 7),
    (2026, "MMMM", "0301", 2027, "6-15", 7), (2024, "MMMM", "0301", 2027, "total", 1),
]  # fmt: skip


def test_municipalities_beside_a_published_projection_by_hand(tmp_path: Path) -> None:
    found = published.beside_published(two_places(), published.read_published(written(tmp_path, ROWS)), "2026-MMMM")
    assert list(found["municipality"]) == ["0301", "0301", "1101", "1101"]
    np.testing.assert_allclose(found["ours"], [150, 150, 15, 5])
    np.testing.assert_allclose(found["deviation"], [0, 25, -25, 0])
    size = published.summary(found).set_index(["age_group", "year"])
    assert size.loc[("total", 2027), "mape"] == pytest.approx(25)
    assert size.loc[("total", 2027), "wape"] == pytest.approx(100 * 35 / 140)
    assert size.loc[("total", 2027), "bias"] == pytest.approx(100 * 25 / 140)
    assert size.loc[("total", 2026), "municipalities"] == 1
    worst = published.worst_places(found, 2027, number=1)
    assert list(worst["municipality"]) == ["0301"]
    with pytest.raises(DemosimError, match="no 2022-MMMM"):
        published.beside_published(two_places(), published.read_published(written(tmp_path, ROWS)), "2022-MMMM")
    other_ages = published.read_published(written(tmp_path, [(2026, "MMMM", "0301", 2027, "6-15", 7)]))
    with pytest.raises(DemosimError, match="in common"):
        published.beside_published(two_places(), other_ages, "2026-MMMM")
    written(tmp_path, ROWS)
    elsewhere = two_places().assign_coords(municipality=["A", "B"])
    with pytest.raises(DemosimError, match="in common"):
        published.beside_published(elsewhere, published.read_published(tmp_path / "published.csv"), "2026-MMMM")


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ([(1, 2)], ("vintage", "value"), "region_code: has no such column"),
        ([(2026, "MMMM", "0301", 2026, "old", 7)], None, '"old" is no age group'),
        ([*ROWS, ROWS[0]], None, "more than one figure"),
        ([(2026, "MMMM", "0301", "soon", "total", 1)], None, 'row 2, year: "soon" is not a number'),
        ([(2026, "MMMM", "0301", 2026, "total", "?")], None, 'row 2, value: "[?]" is not a number'),
    ],
)
def test_a_file_of_another_form_is_refused(
    rows: list[tuple[object, ...]], columns: tuple[str, ...] | None, said: str, tmp_path: Path
) -> None:
    with pytest.raises(DemosimError, match=said) as caught:
        published.read_published(written(tmp_path, rows, columns))
    assert caught.value.exit_code == 2


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="no such file"):
        published.read_published(tmp_path / "none.csv")
    whole = gzip.compress(b"vintage,value" * 1000)
    for content in (b"no gzip at all", whole[:30], whole[:12] + b"x" + whole[13:]):
        (tmp_path / "broken.csv.gz").write_bytes(content)
        with pytest.raises(DemosimError, match="not a readable CSV"):
            published.read_published(tmp_path / "broken.csv.gz")


@pytest.mark.parametrize(("variant", "places", "most"), [("2026-MMMM", 97, 0.01), ("2024-MMMM", 357, 6.0)])
def test_our_municipalities_beside_the_official_ones(
    baseline: xr.Dataset, shared_data: Path, variant: str, places: int, most: float
) -> None:
    """At launch the round of the same year has the registered population; that of 2024 has its error of two years."""
    table = published.read_published(shared_data / "ssb_projections_municipal.csv.gz")
    spec = {"name": "n", "baseline": "norway2026", "variant": variant, "horizon": 2031, "price_year": 2026}
    projection = project(resolve(baseline, spec_from(spec)).assumptions)
    found = published.beside_published(projection, table, variant)
    totals = published.summary(found[found["age_group"] == "total"]).set_index("year")
    assert totals.loc[2026, "municipalities"] == places
    assert totals.loc[2026, "mape"] < most
    assert totals["mape"].is_monotonic_increasing
    assert totals.loc[2031, "wape"] < 5
    assert len(published.worst_places(found, 2031)) == 10
