"""Spending laid on ages: small examples worked by hand, and the tables as they are."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demosim.costs.care_users import care_user_parts
from demosim.costs.figures import Part, deaths, facts, look_up, persons, registered
from demosim.costs.services import Figure, Service, Smooth, read_services
from demosim.costs.smooth import smooth_from
from demosim.costs.spread import averaged, kroner_per_person, older_users, parts_of
from demosim.costs.unit_costs import derive
from demosim.errors import DemosimError
from demosim.scenario.cost_options import CostOptions

SERVICES = {service.name: service for service in read_services()}


def share_of(parts: list[Part], reason: str) -> float:
    return sum(part.share for part in parts if part.reason == reason)


def test_each_part_is_even_over_the_persons_of_its_ages() -> None:
    number = np.array([10.0, 20.0, 30.0])
    cost = kroner_per_person(1200.0, [Part(0, 1, 0.25, "a"), Part(1, 2, 0.75, "b")], number)
    # 300 kr over 30 persons of ages 0-1, 900 kr over 50 of ages 1-2
    np.testing.assert_allclose(cost, [10.0, 28.0, 18.0], rtol=1e-15)
    assert cost @ number == pytest.approx(1200.0, rel=1e-15)


def test_banding_takes_the_mean_by_persons() -> None:
    cost = averaged(np.array([10.0, 28.0, 18.0]), np.array([10.0, 20.0, 30.0]), [0, 2])
    np.testing.assert_allclose(cost, [22.0, 22.0, 18.0], rtol=1e-15)  # (100 + 560) / 30


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(0, 1e6), min_size=6, max_size=6),
    st.lists(st.floats(1, 1e5), min_size=6, max_size=6),
    st.sets(st.integers(1, 5)),
)
def test_banding_keeps_the_total(cost: list[float], number: list[float], cuts: set[int]) -> None:
    n = np.array(number)
    shaped = averaged(np.array(cost), n, [0, *sorted(cuts)])
    assert shaped @ n == pytest.approx(np.array(cost) @ n, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("column", ["grunnskole", "barnehage", "pleie_omsorg", "kommunehelse", "barnevern", "sosial"])
def test_the_weights_of_a_sub_cost_key_sum_to_one(column: str) -> None:
    assert facts("cost_keys")[column].sum() == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
def test_shares_sum_to_one_under_every_alternative_and_profile(service: Service) -> None:
    spread = service.non_age_spread
    alternatives = [None] if spread is None else [None, *spread.alternatives]
    for profile in ("cost-key", *service.profiles):
        for alternative in alternatives:
            parts = parts_of(service, profile, alternative, 2024)
            assert sum(part.share for part in parts) == pytest.approx(1, rel=1e-12)
            assert all(part.share > 0 and 0 <= part.lower <= part.upper <= 105 for part in parts)


def test_a_proportional_alternative_scales_the_age_criteria_up() -> None:
    parts = {(p.lower, p.upper): p.share for p in parts_of(SERVICES["grunnskole"], "cost-key", "proportional", 2024)}
    assert parts == pytest.approx({(6, 12): 0.6227 / 0.9003, (13, 15): 0.2776 / 0.9003}, rel=1e-12)


def test_a_target_alternative_adds_the_rest_as_a_part_of_its_own() -> None:
    parts = parts_of(SERVICES["grunnskole"], "cost-key", "target", 2024)
    rest = 0.0211 + 0.0219 + 0.0219 + 0.0348
    assert parts[-1].lower == 6
    assert parts[-1].upper == 15
    assert parts[-1].share == pytest.approx(rest / (0.9003 + rest), rel=1e-12)


def test_a_replacing_alternative_leaves_the_key_out() -> None:
    parts = parts_of(SERVICES["barnehage"], "cost-key", "young-dearer", 2024)
    assert [(p.lower, p.upper, round(p.share, 3)) for p in parts] == [(1, 1, 0.246), (2, 2, 0.281), (3, 5, 0.473)]


def test_named_criteria_go_to_their_ages_and_the_others_to_the_rest() -> None:
    parts = parts_of(SERVICES["sosial"], "cost-key", "criteria", 2024)
    total = sum(facts("cost_keys")["sosial"])
    assert share_of(parts, "living_alone_30_66") == pytest.approx(0.2918 / total, rel=1e-12)
    refugees = next(part for part in parts if part.reason == "refugees")
    assert (refugees.lower, refugees.upper) == (18, 55)
    assert share_of(parts, "criteria that are not ages") == pytest.approx((0.2113 + 0.0870) / total, rel=1e-12)


def test_an_unknown_alternative_lists_the_known_ones() -> None:
    with pytest.raises(DemosimError, match='grunnskole has no alternative "even"; proportional, target'):
        parts_of(SERVICES["grunnskole"], "cost-key", "even", 2024)


def test_mortality_is_laid_on_ages_by_expected_deaths() -> None:
    parts = [p for p in parts_of(SERVICES["pleie_omsorg"], "cost-key", None, 2024) if p.reason == "mortality"]
    died = deaths(2024)
    assert [(p.lower, p.upper) for p in parts] == [(25, 66), (67, 79), (80, 89), (90, 105)]
    assert parts[3].share / parts[1].share == pytest.approx(died[90:].sum() / died[67:80].sum(), rel=1e-12)
    prob = facts("mortality").set_index("age")
    by_hand = registered()[2024][0, 70] * prob["death_prob_male"][70]
    by_hand += registered()[2024][1, 70] * prob["death_prob_female"][70]
    assert died[70] == pytest.approx(by_hand, rel=1e-12)


def test_older_pupils_take_the_share_that_is_asked_for_and_keep_their_proportions() -> None:
    parts = [Part(16, 18, 0.8, ""), Part(19, 24, 0.15, ""), Part(25, 66, 0.05, "")]
    moved = older_users(parts, 18, 0.4)
    assert [part.share for part in moved] == pytest.approx([0.6, 0.3, 0.1])


def test_persons_of_a_year_are_the_mean_of_its_two_ends() -> None:
    both = registered()
    assert persons(2024)[40] == (both[2024][:, 40].sum() + both[2025][:, 40].sum()) / 2
    with pytest.raises(DemosimError, match="the population of 2026 and 2027 is needed"):
        persons(2026)


def test_amounts_per_inhabitant_are_multiplied_up() -> None:
    amount = look_up(SERVICES["grunnskole"].expenditure, 2024)
    assert amount.value == 18206 * 5594340
    assert (amount.year, amount.confidence) == (2024, "second hand")
    assert look_up(SERVICES["grunnskole"].expenditure, 2025).confidence == "second hand; preliminary"
    transport = look_up(SERVICES["fylkestransport"].expenditure)
    assert transport.value == pytest.approx(7900 * persons(2025).sum(), rel=1e-12)
    assert look_up(SERVICES["videregaende"].expenditure, 2024).value == pytest.approx(43.2e9)


def test_a_year_without_accounts_is_refused_with_the_years_there_are() -> None:
    with pytest.raises(DemosimError, match="no column 2019; 2020, 2021, 2022, 2023, 2024, 2025"):
        look_up(SERVICES["grunnskole"].expenditure, 2019)


def test_a_figure_that_fits_more_than_one_row_is_refused() -> None:
    with pytest.raises(DemosimError, match="2 different figures"):
        look_up(Figure(facts="county_services", where={"unit": "bn kr"}, column="net"))


def test_an_assumed_amount_stands_for_itself() -> None:
    amount = look_up(SERVICES["administrasjon"].net_share)
    assert (amount.value, amount.source, amount.confidence) == (1.0, "assumed: no income of its own", "assumed")


def test_care_users_shares() -> None:
    spread = SERVICES["pleie_omsorg"].profiles["users"]
    parts = care_user_parts(spread, 2024)
    assert [(p.lower, p.upper) for p in parts] == [(67, 79), (80, 89), (90, 105), (0, 17), (18, 49), (50, 66)]
    assert sum(part.share for part in parts) == pytest.approx(1, rel=1e-12)
    number = persons(2024)
    hours = {"0-17": 1.7 * 19.4, "18-49": 3.7 * 16.4, "50-66": 4.7 * 12.0}
    ages = (("0-17", 0, 17), ("18-49", 18, 49), ("50-66", 50, 66))
    weighted = [hours[group] * number[a : b + 1].sum() for group, a, b in ages]
    shares = [part.share for part in parts[3:]]
    np.testing.assert_allclose(np.array(shares) / sum(shares), np.array(weighted) / sum(weighted), rtol=1e-12)


def test_institutions_alone_follow_residents() -> None:
    """With all spending in institutions, 80-89 and 90+ stand as 9.5 to 34 per 100 and a quarter falls below 80."""
    spread = SERVICES["pleie_omsorg"].profiles["users"]
    table = facts("care_users")
    before = table.loc[table["item"].str.startswith("cost_share"), "value"].copy()
    try:
        table.loc[table["item"] == "cost_share_institution", "value"] = 1.0
        table.loc[table["item"] == "cost_share_acute", "value"] = 0.0
        share = {(p.lower, p.upper): p.share for p in care_user_parts(spread, 2024)}
    finally:
        table.loc[before.index, "value"] = before
    number = persons(2024)
    ratio = share[90, 105] / number[90:].sum() / (share[80, 89] / number[80:90].sum())
    assert ratio == pytest.approx(34 / 9.5, rel=1e-12)
    assert share[80, 89] + share[90, 105] == pytest.approx(0.75, rel=1e-12)


HOW = Smooth.model_validate({"from": 67, "anchor": 62, "bands": [67, 80, 90]})


@pytest.mark.parametrize("levels", [(12.0, 55.0, 172.0, 499.0), (10.0, 30.0, 170.0, 560.0)])
def test_a_smooth_curve_keeps_band_totals_and_rises(levels: tuple[float, ...]) -> None:
    number = persons(2024)
    cost = np.repeat(levels, [67, 13, 10, 16])
    curve = smooth_from(cost, number, HOW)
    for band in (slice(67, 80), slice(80, 90), slice(90, None)):
        assert curve[band] @ number[band] == pytest.approx(cost[band] @ number[band], rel=1e-12)
    np.testing.assert_array_equal(curve[:67], cost[:67])
    assert (np.diff(curve[66:]) >= 0).all()
    assert (np.diff(curve[67:95]) > 0).all()


@pytest.mark.parametrize(
    "levels", [(12.0, 55.0, 56.0, 499.0), (12.0, 14.0, 300.0, 310.0), (12.0, 100.0, 90.0, 500.0), (12.0, 0.0, 5.0, 9.0)]
)
def test_bands_that_allow_no_rising_curve_are_refused(levels: tuple[float, ...]) -> None:
    """A knot at each mean would leave a dent between them; the message says how to go on."""
    with pytest.raises(DemosimError, match="no smoothly rising cost") as caught:
        smooth_from(np.repeat(levels, [67, 13, 10, 16]), persons(2024), HOW)
    assert 'care_shape = "step"' in str(caught.value)


@pytest.mark.parametrize("profile", ["cost-key", "users"])
@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_every_derivation_of_care_rises_from_67(profile: Literal["cost-key", "users"], year: int) -> None:
    for alternative in ("criteria", "proportional"):
        options = CostOptions(profile=profile, kostra_year=year, non_age_spread={"pleie_omsorg": alternative})
        assert (np.diff(derive(SERVICES["pleie_omsorg"], options).cost[66:]) >= 0).all()


def test_a_flat_cost_stays_flat() -> None:
    number = np.ones(106)
    np.testing.assert_allclose(smooth_from(np.full(106, 7.0), number, HOW), 7.0, rtol=1e-12)


def test_above_the_last_mean_age_the_slope_is_halved_and_ends_after_six_years() -> None:
    curve = smooth_from(np.repeat([12.0, 55.0, 172.0, 499.0], [67, 13, 10, 16]), persons(2024), HOW)
    log = np.diff(np.log(curve))
    assert log[95] == pytest.approx(log[88] / 2, rel=1e-6)
    np.testing.assert_allclose(curve[99:], curve[99], rtol=1e-12)
