"""Unit costs as derived: totals, signs by age, options, other data sets."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.costs.figures import persons
from demosim.costs.prices import read_deflator
from demosim.costs.services import read_services
from demosim.costs.unit_costs import TBU_BANDS, derive, derive_all, derive_unit_cost
from demosim.errors import DemosimError
from demosim.scenario.cost_options import CostOptions

SINGLE_AGES = xr.Dataset(coords={"age": np.arange(106)})
EVERY_SERVICE = CostOptions(services={"administrasjon": True})
OPTIONS = [
    EVERY_SERVICE, CostOptions(profile="users"), CostOptions(care_shape="step"), CostOptions(bands=list(TBU_BANDS)),
    CostOptions(older_pupils=0.3), CostOptions(kostra_year=2023), CostOptions(kostra_year=2025),
    CostOptions(non_age_spread={"barnevern": "proportional", "sosial": "criteria", "kommunehelse": "target"}),
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_unit_costs_of_the_year_reproduce_its_spending(options: CostOptions) -> None:
    for item in derive_all(options):
        assert item.cost @ item.number == pytest.approx(item.amount.value, rel=1e-10), item.service.name
        assert (item.cost >= 0).all()


def test_prices_are_those_asked_for() -> None:
    in_2024 = derive_unit_cost(SINGLE_AGES, CostOptions(), 2024)
    in_2026 = derive_unit_cost(SINGLE_AGES, CostOptions(), 2026)
    np.testing.assert_allclose(in_2026, in_2024 * read_deflator().factor(2024, 2026), rtol=1e-12)
    assert in_2026.attrs["price_year"] == 2026
    assert in_2026.attrs["estimated_price_years"] == "2026"
    assert in_2024.attrs["estimated_price_years"] == ""
    assert "videregaende: rough" in in_2024.attrs["confidence"]


def test_a_hand_worked_unit_cost() -> None:
    school = derive_unit_cost(SINGLE_AGES, CostOptions(), 2025).sel(service="grunnskole")
    per_head = 18206 * 5594340 * 0.6227 / 0.9003 / persons(2024)[6:13].sum() * 1.047
    np.testing.assert_allclose(school.sel(age=slice(6, 12)), per_head, rtol=1e-12)
    assert not school.sel(age=slice(0, 5)).any()
    assert not school.sel(age=slice(16, None)).any()


def test_who_costs_what() -> None:
    cost = derive_unit_cost(SINGLE_AGES, CostOptions(), 2026)
    assert {str(s): str(level) for s, level in zip(cost["service"].values, cost["level"].values, strict=True)} == {
        "barnehage": "municipal", "grunnskole": "municipal", "kommunehelse": "municipal", "pleie_omsorg": "municipal",
        "barnevern": "municipal", "sosial": "municipal", "videregaende": "county", "tannhelse": "county",
        "fylkestransport": "county",
    }  # fmt: skip
    total = cost.sum("service")
    assert 150_000 < float(total.sel(age=10)) < 250_000
    assert float(total.sel(age=95)) > 5 * float(total.sel(age=70))
    assert float(cost.sel(service="videregaende", age=17)) > 10 * float(cost.sel(service="videregaende", age=20))


def test_switches_of_the_options() -> None:
    assert "fylkestransport" not in derive_unit_cost(SINGLE_AGES, CostOptions(transport=False), 2026)["service"]
    assert derive_unit_cost(SINGLE_AGES, CostOptions(transport=False), 2026).attrs["transport"] == 0
    assert "administrasjon" in derive_unit_cost(SINGLE_AGES, EVERY_SERVICE, 2026)["service"]
    step = derive_unit_cost(SINGLE_AGES, CostOptions(care_shape="step"), 2026).sel(service="pleie_omsorg")
    assert len(np.unique(step.sel(age=slice(80, 89)))) == 1
    older = derive_unit_cost(SINGLE_AGES, CostOptions(older_pupils=0.0), 2026).sel(service="videregaende")
    assert not older.sel(age=slice(19, None)).any()


def test_banded_costs_are_even_within_the_bands() -> None:
    cost = derive_unit_cost(SINGLE_AGES, CostOptions(bands=list(TBU_BANDS)), 2026)
    changes = set((np.flatnonzero(np.diff(cost.sum("service").values)) + 1).tolist())
    assert changes <= set(TBU_BANDS)


def test_the_ages_of_a_five_year_country_get_means_by_persons() -> None:
    country = made_up.three_regions()
    wide = derive_unit_cost(country, CostOptions(), 2026)
    single = derive_unit_cost(SINGLE_AGES, CostOptions(), 2026)
    np.testing.assert_array_equal(wide["age"], country["age"])
    number = persons(2024)
    for lower, upper in ((0, 5), (15, 20), (85, 106)):
        inside = slice(lower, upper)
        by_hand = (single.sel(service="pleie_omsorg").values * number)[inside].sum() / number[inside].sum()
        assert float(wide.sel(service="pleie_omsorg", age=lower)) == pytest.approx(by_hand, rel=1e-12)


def test_a_data_set_with_costs_of_its_own_is_taken_at_its_word() -> None:
    country = made_up.small_country()
    own = xr.DataArray(
        np.ones((1, 31)), dims=("service", "age"),
        coords={"service": ["school"], "age": country["age"], "net_share": ("service", [0.9])},
        attrs={"price_year": 2020},
    )  # fmt: skip
    country["unit_cost"] = own
    xr.testing.assert_identical(derive_unit_cost(country, CostOptions(), 2020), country["unit_cost"])
    with pytest.raises(DemosimError, match=r"in prices of 2020.*price_year = 2020"):
        derive_unit_cost(country, CostOptions(), 2026)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (CostOptions(kostra_year=2019), "no column 2019"),
        (CostOptions(services={"barnehag": True}), 'no service is called "barnehag"'),
        (CostOptions(non_age_spread={"sosial": "even"}), 'sosial has no alternative "even"'),
    ],
)
def test_options_that_do_not_exist(options: CostOptions, message: str) -> None:
    with pytest.raises(DemosimError, match=message) as caught:
        derive_unit_cost(SINGLE_AGES, options, 2026)
    assert caught.value.exit_code == 2


def test_a_spread_for_a_service_that_is_not_there_is_refused() -> None:
    with pytest.raises(DemosimError, match='no service is called "skole"'):
        derive_all(CostOptions(non_age_spread={"skole": "target"}))


def test_every_service_says_where_its_numbers_stand() -> None:
    for service in read_services():
        item = derive(service, CostOptions())
        assert item.amount.source
        assert item.amount.confidence
        assert item.net_share.source
        assert 0.7 < item.net_share.value <= 1
        assert item.year in (2024, 2025)
