"""The population in the middle of each year hangs together with the stocks at both ends and the flows between."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.axes import closing, opening
from demosim.projection import project
from demosim.variables import REGISTRY
from plain_assumptions import plain_assumptions

MIGRATION = ("net_ordinary_migration", "net_deviation_migration", "net_stream_migration", "floor_adjustment")
COUNTRIES = {
    "yearly": project(plain_assumptions(made_up.small_country(), streams=2)),
    "five": project(plain_assumptions(made_up.three_regions(), streams=2)),
}


@pytest.fixture(params=COUNTRIES)
def projection(request: pytest.FixtureRequest) -> xr.Dataset:
    return COUNTRIES[request.param]


def test_it_is_the_start_and_half_of_what_the_year_brings(projection: xr.Dataset) -> None:
    """Persons on 1 January + (births - deaths + all net migration) / 2, in every municipality."""
    migration = sum(projection[name].sum(("sex", "age_end_of_year")) for name in MIGRATION)
    births, deaths = projection["births"].sum("sex"), projection["deaths"].sum(("sex", "age_end_of_year"))
    start = opening(projection["population"]).sum(("sex", "age"))
    found = projection["population_mid_year"].sum(("sex", "age"))
    xr.testing.assert_allclose(found, start + (births - deaths + migration) / 2, rtol=1e-9)


def test_it_lies_midway_between_both_ends_at_every_completed_age(projection: xr.Dataset) -> None:
    population, middle = projection["population"], projection["population_mid_year"]
    assert middle.dims == REGISTRY["population_mid_year"].dims
    both = (opening(population) + closing(population)) / 2
    np.testing.assert_array_equal(middle.values, both.transpose(*middle.dims).values)


def test_cohorts_that_follow_each_other_evenly_have_their_exact_middle() -> None:
    """Where sizes of cohorts lie on a line, those of completed age on 1 July are the mean of both 1 Januaries.

    On 1 July half of those who were of age a - 1 and half of those of age a on 1 January are of completed age a, each
    cohort midway between its sizes at both ends: (P[a-1] + P[a] + P'[a] + P'[a+1]) / 4 with P' the later date.
    """
    ages = np.arange(20)
    before, growth = 500.0 - 7 * ages, 1.0
    after = before + 7 * growth  # cohorts are 7 persons larger each year, and nobody dies or moves
    at_middle = (before[:-2] + before[1:-1] + after[1:-1] + after[2:]) / 4
    np.testing.assert_allclose(at_middle, (before + after)[1:-1] / 2)
