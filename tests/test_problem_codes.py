"""Every kind of problem that the source knows is met by a file, an answer or a request that is wrong in that way.

Scenario files have a corpus of their own (`tests/scenarios/invalid`, compared in `test_scenario_files`). Here stand the
others: data sets, tables and declarations of one's own, answers of a server, stores, costs. A new code without a case
fails the last test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import scenario_corpus
import test_sources_files as local
import test_sources_pxweb as pxweb
import test_sources_recode as changes
from conftest import ROOT
from demosim.baseline.read import read_baseline
from demosim.costs.calibrate import Target, calibrate_costs
from demosim.costs.fte import source_year_fte
from demosim.costs.prices import read_deflator
from demosim.costs.services import read_services
from demosim.costs.smooth import smooth_from
from demosim.costs.unit_costs import derive, derive_unit_cost
from demosim.errors import DemosimError
from demosim.scenario.cost_options import CostOptions, OwnCosts
from demosim.sources.build import build_from_files
from demosim.sources.fetch import fetch_table, load_table
from demosim.sources.files import read_file
from demosim.sources.jsonstat import parse
from demosim.sources.pxweb import Selected
from demosim.sources.recode import Recoding, from_changes, recode
from demosim.sources.store import Store
from demosim.sources.tables import find_entries
from demosim.validation.results import single_ages
from demosim.variables import validate
from stub_api import StubApi
from stub_client import client
from sweep_country import scenario_file
from test_costs_spread import HOW, persons
from test_sources_fetch import api, declared, store  # noqa: F401  # fixtures

LONG = local.LONG


def table(text: str, name: str = "a.csv", **more: object) -> Callable[[Path], object]:
    """Reading a table of one's own with this text, under a declaration."""

    def read(folder: Path) -> object:
        return read_file(local.entry(local.write(folder, name, text), **more), folder)

    return read


def data_set(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """Reading a data set after a change of its folder."""

    def read(folder: Path) -> object:
        place = scenario_file(folder).parent / "country"
        change(place)
        return read_baseline(place)

    return read


def without_an_array(place: Path) -> None:
    from demosim.baseline.store import sign, write_netcdf

    write_netcdf(xr.load_dataset(place / "baseline.nc").drop_vars("death_prob"), place / "baseline.nc")
    sign(place)


def declaration(folder: Path) -> object:
    (folder / "own.toml").write_text("unknown = 1\n", encoding="utf-8")
    return build_from_files(folder / "own.toml")


def damaged(folder: Path) -> object:
    kept = Store(folder / "kept")
    about = dict.fromkeys(("entry", "table", "updated", "fetched", "licence", "source"), "x")
    kept.put({**about, "query": {}, "verified": False}, [({"url": "x"}, b"{}")])
    (body,) = (folder / "kept" / "bodies").rglob("*.json")
    body.write_bytes(b"[]")
    return kept.read(kept.vintages()[0])


def services(folder: Path) -> object:
    (folder / "a.toml").write_text("name =\n", encoding="utf-8")
    return read_services(folder)


def service(name: str, **options: object) -> object:
    return derive(next(one for one in read_services() if one.name == name), CostOptions(**options))


def without_fte() -> object:
    return [source_year_fte(one) for one in read_services()]


def held_out() -> object:
    ages = single_ages()
    cost = derive_unit_cost(ages, CostOptions(), 2026)
    return calibrate_costs(cost, [Target("a", np.ones(cost.sizes["age"]), 1, 2, hold_out=True)])


def of_one_place() -> object:
    own = OwnCosts(price_year=2026, cost={"0301": {"barnehage": {"0+": 1.0}}})
    return derive_unit_cost(single_ages(), CostOptions(own=own), 2026)


FILES: dict[str, Callable[[Path], object]] = {
    "codes": table(LONG.replace(",f,", ",x,")),
    "columns": table(LONG.replace("gender", "sex")),
    "damaged": damaged,
    "data-file": data_set(lambda place: (place / "baseline.nc").write_bytes(b"x")),
    "data-set": data_set(without_an_array),
    "declaration": declaration,
    "missing": table(re.sub(r",\d+$", ",", LONG, flags=re.MULTILINE), checks={"complete": False}),
    "negative": table(LONG.replace(",112", ",-112")),
    "no-file": lambda folder: read_file(local.entry("nowhere.csv"), folder),
    "not-json": lambda _: parse(b"{"),
    "range": table(LONG, checks={"range": [0, 1]}),
    "size": table(LONG, checks={"size": {"sex": 3}}),
    "suffix": table("x", "a.xls"),
    "twice": table(LONG + "\n02,f,10+,5"),
    "unreadable": table("x", "a.xlsx"),
    "wrong-form": table(LONG.replace(",112", ",many")),
    "service-file": services,
}
REQUESTS: dict[str, Callable[[], object]] = {
    "recoding": lambda: recode(changes.counts({"9999": [1.0]}), from_changes([], {}), ["1508"]),
    "split": lambda: from_changes(changes.CHANGES),
    "weights": lambda: Recoding({"1507": {"1508": 0.5}}),
    "table": lambda: find_entries("twons"),
    "price-year": lambda: read_deflator().factor(1900, 2026),
    "kostra-year": lambda: service("barnehage", kostra_year=1990),
    "non-age-spread": lambda: service("barnevern", non_age_spread={"barnevern": "nothing"}),
    "no-fte": without_fte,
    "no-target": held_out,
    "municipal-costs": of_one_place,
    "not-rising": lambda: smooth_from(np.repeat((12.0, 0.0, 5.0, 9.0), [67, 13, 10, 16]), persons(2024), HOW),
}
ANSWERS = {
    "network": "stall", "refused": "404", "too-large": "bomb", "other-codes": "edit other-code",
    "control": "edit one-more",
}  # fmt: skip
ARRAYS = {
    "unregistered": xr.Dataset({"nothing": 1.0}), "dims": xr.Dataset({"population": ("x", [1.0])}),
    "bounds": xr.Dataset({"population": (("municipality", "sex", "age", "date"), np.full((1, 1, 1, 1), -1.0))}),
    "not_finite": xr.Dataset({"population": (("municipality", "sex", "age", "date"), np.full((1, 1, 1, 1), np.nan))}),
    "price_year": xr.Dataset({"unit_cost": (("service", "age"), [[1.0]])}),
}  # fmt: skip
APART = {"not-in-store", "codelist", "moved"}


def codes_of(act: Callable[[], object]) -> set[str]:
    with pytest.raises(DemosimError) as caught:
        act()
    return {problem.code for problem in caught.value.problems}


@pytest.mark.parametrize("code", FILES)
def test_a_file_that_is_wrong(code: str, tmp_path: Path) -> None:
    assert codes_of(lambda: FILES[code](tmp_path)) == {code}


@pytest.mark.parametrize("code", REQUESTS)
def test_a_request_that_cannot_be_met(code: str) -> None:
    assert codes_of(REQUESTS[code]) == {code}


@pytest.mark.parametrize("code", ANSWERS)
def test_an_answer_that_is_wrong(api: StubApi, declared: Path, store: Store, code: str) -> None:  # noqa: F811  # fixtures
    api.trouble = ["", ANSWERS[code]] if code == "control" else [ANSWERS[code]] * 6
    assert codes_of(lambda: fetch_table("towns", store, api=client(api, most_bytes=2_000_000))) == {code}


def test_a_table_that_is_not_as_was_asked(api: StubApi, declared: Path, store: Store) -> None:  # noqa: F811  # fixtures
    assert codes_of(lambda: load_table("towns", store)) == {"not-in-store"}
    api.config["maxDataCells"], api.trouble = 18, ["edit updated"]
    assert codes_of(lambda: client(api).fetch("07459", pxweb.QUERY)) == {"moved"}
    other = {**pxweb.QUERY, "Region": Selected(("*",), "agg_Kommuner")}
    assert codes_of(lambda: client(api).fetch("07459", other)) == {"codelist"}


@pytest.mark.parametrize("code", ARRAYS)
def test_an_array_that_is_not_as_registered(code: str) -> None:
    assert {problem.code for problem in validate(ARRAYS[code])} == {code}


def in_source() -> set[str]:
    """Every code that the source gives a problem."""
    files = sorted((ROOT / "src" / "demosim").rglob("*.py"))
    return {found for path in files for found in re.findall(r'\bcode="([a-z_-]+)"', path.read_text(encoding="utf-8"))}


def test_every_code_of_the_source_has_a_case() -> None:
    corpus = {scenario_corpus.first_line(path).split(": ")[1] for path in scenario_corpus.INVALID}
    here = {*FILES, *REQUESTS, *ANSWERS, *ARRAYS, *APART}
    assert in_source() - corpus - here == set()
    assert here - in_source() == set()
