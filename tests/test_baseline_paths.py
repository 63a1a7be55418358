"""National paths: every age group of every round in every year, and components that could be a country's."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr

from demosim.axes import age_bounds
from demosim.baseline.build_paths import population_by_age
from demosim.baseline.mortality import DeclineTable, life_expectancy, to_prob, with_life_expectancy
from demosim.baseline.nation import mean_births, newborns, survivors
from demosim.baseline.paths import NationalPath, Round, Vital, multiplier_curve, national_path
from demosim.baseline.read import read_baseline, read_facts
from demosim.errors import DemosimError
from nation_ahead import next_year

VARIANTS = [f"{launch}-{alternative}" for launch in (2024, 2026) for alternative in ("MMMM", "LLML", "HHMH")]
GROUPS = ["0", "1-5", "6-12", "13-15", "16-18", "16-19", "20-44", "45-66", "67-79", "80-89", "90+", "total"]


@cache
def baseline() -> xr.Dataset:
    return read_baseline("norway2026")


@cache
def projected(variant: str) -> dict[int, np.ndarray]:
    """The country on each 1 January, carried from the round's own launch by what the data set holds."""
    data = baseline().sel(variant=variant)
    launch = int(variant[:4])
    population = population_by_age({"population_norway": read_facts("population_norway")}, launch).values
    result = {launch: population}
    for year in range(launch, int(data["year"].values[-1]) + 1):
        now = data.sel(year=year)
        population = next_year(
            population, now["death_prob"].values, now["newborn_survival_prob"].values,
            (now["total_fertility_rate"] * now["fertility_schedule"]).values,
            now["net_international_migration"].values, data.attrs["male_birth_share"],
        )  # fmt: skip
        result[year + 1] = population
    return result


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_published_group_is_met_in_every_year(variant: str) -> None:
    launch, alternative = variant.split("-")
    table = read_facts("ssb_projections")
    table = table[(table["vintage"] == int(launch)) & (table["alternative"] == alternative)].set_index("year")
    compared = 0
    for date, population in projected(variant).items():
        for label in GROUPS:
            published = table.loc[date, label]
            if date > int(launch) and np.isfinite(published):
                low, high = (0, 105) if label == "total" else age_bounds(label, 105)
                assert abs(population[:, low : high + 1].sum() - published) < (2 if label == "total" else 0.01), label
                compared += 1
    assert compared >= 11 * (len(projected(variant)) - 1)
    assert max(projected(variant)) == 2050


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_wild_profile_and_nothing_odd_among_the_old(variant: str) -> None:
    data = baseline().sel(variant=variant, year=slice(int(variant[:4]), None))
    persons = data["net_international_migration"].sum("sex")
    total = persons.sum("age_end_of_year")
    assert (total > 0).all()
    assert (abs(persons.sel(age_end_of_year=slice(90, None))) < 1e-6).all()
    # Second differences over age, against the highest single age of the year: the ordinary profile's own is 0.2.
    bend = abs(persons.sel(age_end_of_year=slice(1, None)).diff("age_end_of_year", 2)).max("age_end_of_year")
    assert (bend / persons.max("age_end_of_year") < 0.35).all()
    # From one year to the next no age moves by more than a tenth of the peak, but for the fall of 2024-2027.
    later = persons.sel(year=slice(2028, None))
    assert (abs(later.diff("year")) < 0.11 * later.max()).all()
    assert (persons.min(("year", "age_end_of_year")) > -0.17 * persons.max()).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_mortality_rises_with_age_and_falls_smoothly(variant: str) -> None:
    prob = baseline()["death_prob"].sel(variant=variant, year=slice(int(variant[:4]), None))
    old = prob.sel(age=slice(50, None))
    assert (old.diff("age") > 0).all()
    yearly = np.log(prob.sel(age=slice(67, 100))).diff("year")
    assert float(abs(yearly.sel(year=slice(2028, None))).max()) < 0.06
    multiplier = baseline()["death_multiplier"].sel(variant=variant, year=slice(int(variant[:4]), None))
    assert float(multiplier.min()) > 0.6
    assert float(multiplier.max()) < 1.45
    if variant.endswith("MMMM"):
        assert float(abs(multiplier - 1).max()) < 0.1
    for year in (2030, 2049):
        female, male = (prob.sel(sex=sex, year=year) for sex in ("female", "male"))
        assert (female.sel(age=slice(60, 95)) < male.sel(age=slice(60, 95))).all()


def test_the_2024_round_against_what_statistics_norway_published() -> None:
    """Net migration, total fertility and life expectancy at both ends (the last of 2050); not used in the path."""
    main = baseline().sel(variant="2024-MMMM")
    net = main["net_international_migration"].sum(("sex", "age_end_of_year"))
    for year, published in ((2024, 41_093), (2030, 16_482), (2049, 13_275)):
        assert abs(float(net.sel(year=year)) / published - 1) < 0.02, year
    for year, published in ((2024, 1.42), (2030, 1.57), (2049, 1.66)):
        assert abs(float(main["total_fertility_rate"].sel(year=year)) - published) < 0.035, year
    found = life_expectancy(
        main["death_prob"].sel(year=[2024, 2049]).values, main["newborn_survival_prob"].sel(year=[2024, 2049]).values
    )
    assert abs(found - np.array([[81.59, 84.80], [86.0, 88.3]])).max() < 0.2


def test_the_main_alternatives_agree_with_what_others_inferred() -> None:
    """Not the low and high ones: their inversion kept the deaths of the main one, and net migration took the rest."""
    table = read_facts("national_paths")
    for launch in (2024, 2026):
        rows = table[(table["vintage"] == launch) & (table["alternative"] == "MMMM")].set_index("year")
        data = baseline().sel(variant=f"{launch}-MMMM", year=rows.index)
        net = data["net_international_migration"].sum(("sex", "age_end_of_year"))
        assert float(abs(net / rows["net_migration_implied"].to_numpy() - 1).max()) < 0.06
        assert float(abs(data["total_fertility_rate"] - rows["tfr_implied"].to_numpy()).max()) < 0.03


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_round_without_raking_comes_near(variant: str) -> None:
    """Total fertility, total net migration in the plain profile, life expectancy, and nothing else, to 2035."""
    data, launch = baseline().sel(variant=variant), int(variant[:4])
    profile = data["migration_profile"].sel(profile="ordinary").values
    population = projected(variant)[launch]
    for year in range(launch, 2035):
        now = data.sel(year=year)
        population = next_year(
            population, now["plain_death_prob"].values, now["newborn_survival_prob"].values,
            (now["total_fertility_rate"] * now["fertility_schedule"]).values,
            float(now["net_international_migration"].sum()) * profile, data.attrs["male_birth_share"],
        )  # fmt: skip
        lived = life_expectancy(now["plain_death_prob"].values, now["newborn_survival_prob"].values)
        np.testing.assert_allclose(lived, now["life_expectancy"].values, atol=1e-6)
        for label in (*GROUPS[:4], *GROUPS[5:]):
            low, high = (0, 105) if label == "total" else age_bounds(label, 105)
            official = projected(variant)[year + 1][:, low : high + 1].sum()
            bound = {"67-79": 1, "80-89": 0.5, "total": 0.15}.get(label, 2.3)
            assert abs(population[:, low : high + 1].sum() / official - 1) * 100 < bound, (label, year)


def test_alternatives_lie_in_order() -> None:
    data = baseline()
    for launch in (2024, 2026):
        low, main, high = (
            data.sel(variant=f"{launch}-{name}", year=slice(2028, None)) for name in ("LLML", "MMMM", "HHMH")
        )
        for name in ("total_fertility_rate", "net_international_migration"):
            dims = [dim for dim in data[name].dims if dim not in ("variant", "year")]
            assert (low[name].sum(dims) < main[name].sum(dims)).all()
            assert (main[name].sum(dims) < high[name].sum(dims)).all()
        assert (low["death_prob"].sel(age=80) > main["death_prob"].sel(age=80)).all()
        assert (main["death_prob"].sel(age=80) > high["death_prob"].sel(age=80)).all()


def small_vital(ages: int) -> Vital:
    """A short-lived country: last age `ages`, mothers 10-19, migrants about 15."""
    age = np.arange(ages + 1)
    death_prob = np.stack([np.minimum(0.002 * np.exp(0.14 * age), 0.6)] * 2)
    table = DeclineTable(2000, death_prob, np.full((2, ages + 1), 0.01), np.array([0.99, 0.99]))
    schedule = np.where((age >= 10) & (age < 20), 0.1, 0)
    profile = np.stack([np.exp(-(((age - 15) / 5) ** 2))] * 2)
    other = np.stack([np.exp(-(((age - 6) / 6) ** 2))] * 2)
    return Vital(table, schedule, profile / profile.sum(), other / other.sum(), 0.51)


def small_round(ages: int, years: int, vital: Vital, groups: list[str]) -> tuple[Round, NationalPath]:
    """Groups made by a known path, for which the raking must find one that meets them."""
    population = np.stack([np.linspace(900, 150, ages + 1)] * 2)
    start, rows, components = population, [], []
    for year in range(2000, 2000 + years):
        tfr, factor = 1.9 + 0.01 * (year - 2000), 1 + 0.02 * (year - 2000)
        prob = to_prob(vital.mortality.hazard(year) * np.exp(0.1 * multiplier_curve(["25-39", "40+"], ages).sum(0)))
        survival = vital.mortality.newborn_survival_prob(year)
        migration = 60 * factor * vital.lasting_profile
        migration[:, 40:] = 0
        population = next_year(population, prob, survival, tfr * vital.fertility_schedule, migration, 0.51)
        bounds = [age_bounds(label, ages) for label in groups]
        rows.append([population[:, low : high + 1].sum() for low, high in bounds])
        components.append((tfr, migration.sum()))
    table = dict(zip(groups, np.array(rows).T, strict=True))
    found = Round(2000, start, table, "0", ["1-9", "10-24"], [], ["25-39", "40+"], [2000])
    return found, national_path(found, vital)


def test_a_known_path_is_found_again() -> None:
    vital = small_vital(50)
    published, path = small_round(50, 8, vital, ["0", "1-9", "10-24", "25-39", "40+"])
    population = published.population
    for year in range(8):
        population = next_year(
            population, path.death_prob[year], path.newborn_survival_prob[year],
            path.total_fertility_rate[year] * vital.fertility_schedule, path.net_migration[year], 0.51,
        )  # fmt: skip
        for label, persons in published.groups.items():
            low, high = age_bounds(label, 50)
            assert abs(population[:, low : high + 1].sum() - persons[year]) < 1e-5
    np.testing.assert_allclose(path.total_fertility_rate, 1.9 + 0.01 * np.arange(8), atol=0.01)
    np.testing.assert_allclose(path.net_migration.sum((1, 2)), 60 * (1 + 0.02 * np.arange(8)), rtol=0.1)
    np.testing.assert_allclose(path.death_multiplier, np.exp(0.1), rtol=0.06)


def test_groups_that_no_country_could_have_are_refused() -> None:
    vital = small_vital(50)
    published, _ = small_round(50, 4, vital, ["0", "1-9", "10-24", "25-39", "40+"])
    impossible = {**published.groups, "40+": published.groups["40+"] * 3}
    with pytest.raises(DemosimError, match="no path meets the published age groups"):
        national_path(
            Round(2000, published.population, impossible, "0", ["1-9", "10-24"], [], ["25-39", "40+"], []), vital
        )


def test_one_year_of_the_nation_balances() -> None:
    population = np.array([[10.0, 20.0, 30.0, 5.0], [11.0, 21.0, 31.0, 6.0]])
    prob = np.array([[0.1, 0.2, 0.3, 0.5]] * 2)
    migration = np.array([[1.0, 2.0, -3.0, 0.0]] * 2)
    after = next_year(population, prob, np.array([0.9, 0.8]), np.array([0, 0.5, 0.5, 0]), migration, 0.5)
    alive = survivors(population, prob)
    np.testing.assert_allclose(alive[0], [0, 9, 16, 21 + 2.5])
    births = mean_births(population[1], alive[1] + migration[1], np.array([0, 0.5, 0.5, 0]))
    assert births == pytest.approx(0.5 * ((21 + 9.9 + 2) / 2 + (31 + 16.8 - 3) / 2))
    np.testing.assert_allclose(after[:, 0], newborns(births, 0.5, np.array([0.9, 0.8])) + 1)
    np.testing.assert_allclose(after[:, 1:], (alive + migration)[:, 1:])


def test_life_expectancy_and_decline() -> None:
    constant = np.full((1, 200), 1 - np.exp(-0.02))
    assert life_expectancy(constant, np.array([np.exp(-0.01)]))[0] == pytest.approx(50, abs=0.01)
    table = small_vital(50).mortality
    np.testing.assert_allclose(to_prob(table.hazard(2000)), table.death_prob)
    early, late = (life_expectancy(to_prob(table.hazard(y)), table.newborn_survival_prob(y)) for y in (2000, 2030))
    assert (late > early).all()
    hazard, survival = table.hazard(2030), table.newborn_survival_prob(2030)
    moved = with_life_expectancy(hazard, survival, late + 0.5)
    assert life_expectancy(moved, survival) == pytest.approx(late + 0.5, abs=1e-6)
    np.testing.assert_allclose(np.diff(np.log1p(-moved) / hazard, axis=1), 0, atol=1e-12)


def test_life_expectancy_by_the_trapezoid_rule_over_half_ages() -> None:
    """A person aged x on 1 January is x + 1/2 years old; in the open age they die at its constant rate."""
    prob, newborn = np.array([[0.1, 0.2, 0.4]] * 2), np.array([0.9, 0.8])
    alive = newborn[:, None] * np.array([1.0, 0.9, 0.72])
    by_hand = (1 + newborn) / 4 + alive.sum(1) - newborn / 2 + alive[:, -1] * (1 / 0.4 - 1)
    np.testing.assert_allclose(life_expectancy(prob, newborn), by_hand, rtol=1e-14)


def test_the_multiplier_curve_passes_through_the_bands() -> None:
    curve = multiplier_curve(["67-79", "80-89", "90+"], 105)
    assert curve.shape == (3, 106)
    np.testing.assert_allclose(curve[:, 60:].sum(0), 1)
    np.testing.assert_allclose(curve[:, :41], 0)
    assert curve[0, 73] == 1
    assert curve[2, 95] == curve[2, 105] == 1
