"""The registry and the check against it."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.projection import project
from demosim.variables import REGISTRY, describe, validate
from plain_assumptions import plain_assumptions

KINDS = {"stock", "flow", "rate", "prob", "ratio", "share", "level", "index", "code"}


@pytest.mark.parametrize("name", REGISTRY)
def test_every_entry_is_complete(name: str) -> None:
    entry = REGISTRY[name]
    assert entry.kind in KINDS
    assert entry.unit
    assert entry.label != entry.label_nb
    assert isinstance(entry.dims, tuple)
    assert ("age_end_of_year" in entry.dims or "age" in entry.dims) <= (entry.age is not None)
    assert entry.lower is None or entry.upper is None or entry.lower < entry.upper


def test_stocks_lie_on_dates_and_flows_on_years() -> None:
    for name, entry in REGISTRY.items():
        time = set(entry.dims) & {"date", "year", "budget_year"}
        if entry.kind == "flow":
            assert time <= {"year", "budget_year"}, name
        if entry.kind == "stock" and name not in ("jump_off_population", "population_mid_year"):
            assert time == {"date"}, name


def test_a_projection_and_its_assumptions_are_in_order() -> None:
    assumptions = plain_assumptions(made_up.small_country(scale=3000))
    assert validate(assumptions) == []
    assert validate(project(assumptions)) == []


def test_descriptions_are_added_and_the_data_left_alone() -> None:
    data = xr.Dataset({"births": (("municipality", "sex", "year"), np.ones((1, 2, 1)))})
    described = describe(data)
    assert described["births"].attrs["units"] == "persons"
    assert data["births"].attrs == {}


@pytest.mark.parametrize(
    ("values", "code"), [(np.full((1, 2, 1), np.nan), "not_finite"), (np.full((1, 2, 1), -1.0), "bounds")]
)
def test_bad_numbers_are_found(values: np.ndarray, code: str) -> None:
    problems = validate(xr.Dataset({"births": (("municipality", "sex", "year"), values)}))
    assert [problem.code for problem in problems] == [code]


def test_all_problems_are_reported_at_once() -> None:
    data = xr.Dataset(
        {
            "birhts": ("year", np.ones(1)),
            "death_prob": (("year", "age"), np.full((1, 3), 2.0)),
            "unit_cost": (("service", "age"), np.ones((1, 3))),
        }
    )
    codes = sorted(problem.code for problem in validate(data))
    assert codes == ["bounds", "dims", "price_year", "unregistered"]
