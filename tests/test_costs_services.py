"""Services as files: a new one is a file, a bad one says all that is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.baseline.find import embedded
from demosim.costs.need import expenditure
from demosim.costs.services import chosen_services, read_services
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.scenario.cost_options import CostOptions

TOY = """
name = "bibliotek"
order = 11
level = "municipal"
label = { nb = "Bibliotek", nn = "Bibliotek", en = "Libraries" }
expenditure = { amount = 1000000000.0, year = 2024, source = "made up" }
net_share = { amount = 0.5, source = "made up" }
spread = { method = "cost-key", column = "administrasjon" }
"""
SINGLE_AGES = xr.Dataset(coords={"age": np.arange(106)})


@pytest.fixture
def services(tmp_path: Path) -> Path:
    return Path(shutil.copytree(embedded("data", "services"), tmp_path / "services"))


def test_a_new_service_is_a_file_and_nothing_else(services: Path) -> None:
    (services / "bibliotek.toml").write_text(TOY, encoding="utf-8")
    cost = derive_unit_cost(SINGLE_AGES, CostOptions(), 2024, services)
    assert cost["service"].values[-1] == "bibliotek"
    assert cost["service_label_en"].values[-1] == "Libraries"
    people = xr.DataArray(
        np.ones((1, 2, 106, 2)), dims=("municipality", "sex", "age", "date"),
        coords={"municipality": ["A"], "sex": ["male", "female"], "age": np.arange(106), "date": [2024, 2025]},
    )  # fmt: skip
    need = expenditure(people, cost)["expenditure_need"].sel(service="bibliotek", municipality="A", date=2024)
    assert float(need.sel(financing="all")) == pytest.approx(2 * float(need.sel(financing="free_income")), rel=1e-12)
    key = (0, 1), (1, 5), (6, 12), (13, 15), (16, 22), (23, 24), (25, 66), (67, 79), (80, 89), (90, 105)
    assert set(np.flatnonzero(np.diff(cost.sel(service="bibliotek").values)) + 1) <= {lower for lower, _ in key}


def test_all_problems_of_all_files_are_reported_at_once(services: Path) -> None:
    (services / "a.toml").write_text(TOY.replace('"municipal"', '"state"') + "enabeld = false\n", encoding="utf-8")
    (services / "b.toml").write_text("name = ", encoding="utf-8")
    (services / "c.toml").write_bytes(b'name = "\xe6"')
    (services / "d.toml").write_text('name = "d"\norder = 1\nlevel = "county"\n', encoding="utf-8")
    with pytest.raises(DemosimError) as caught:
        read_services(services)
    text = str(caught.value)
    assert caught.value.exit_code == 1
    assert "a.toml: level: Input should be 'municipal' or 'county'" in text
    assert 'a.toml: enabeld: Extra inputs are not permitted; did you mean "enabled"?' in text
    assert "b.toml: is not valid TOML" in text
    assert "c.toml: is not valid TOML" in text
    for key in ("label", "expenditure", "spread", "net_share"):
        assert f"d.toml: {key}: Field required" in text
    assert len(caught.value.problems) == 8


def test_a_figure_that_points_nowhere_and_a_key_without_column_are_refused(services: Path) -> None:
    broken = TOY.replace('{ amount = 0.5, source = "made up" }', '{ source = "made up" }')
    broken = broken.replace(', column = "administrasjon"', "")
    (services / "broken.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(DemosimError) as caught:
        read_services(services)
    assert "net_share: Value error, needs facts and column, or an amount" in str(caught.value)
    assert "spread: Value error, a cost key needs a column of its table" in str(caught.value)


@pytest.mark.parametrize(
    ("method", "needs"),
    [
        ("per-inhabitant", "rate"), ("per-user", "users and users_per_fte"), ("coverage", "coverage and users_per_fte"),
        ("total", "total"),
    ],
)  # fmt: skip
def test_staff_that_cannot_be_counted_is_refused_with_what_is_missing(services: Path, method: str, needs: str) -> None:
    broken = f'{TOY}\n[fte]\nmethod = "{method}"\nyear = 2024\n'
    (services / "broken.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(DemosimError, match=f"broken.toml: fte: Value error, {method} needs {needs}$") as caught:
        read_services(services)
    assert caught.value.exit_code == 1


def test_two_services_of_one_name_are_refused(services: Path) -> None:
    (services / "again.toml").write_text(TOY.replace("bibliotek", "barnehage"), encoding="utf-8")
    with pytest.raises(DemosimError, match='2 services are called "barnehage"'):
        read_services(services)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="holds no service"):
        read_services(tmp_path)


def test_the_embedded_services_in_their_order() -> None:
    found = read_services()
    assert [service.name for service in found] == [
        "barnehage", "grunnskole", "kommunehelse", "pleie_omsorg", "barnevern", "sosial", "administrasjon",
        "videregaende", "tannhelse", "fylkestransport",
    ]  # fmt: skip
    for service in found:
        assert set(service.label) == {"nb", "nn", "en"}
        assert service.sources
        assert service.spread.confidence


def test_what_is_counted_unless_the_scenario_says_otherwise() -> None:
    found = read_services()
    usual = [service.name for service in chosen_services(found, {}, {"transport": True})]
    assert "administrasjon" not in usual
    assert "fylkestransport" in usual
    without = [service.name for service in chosen_services(found, {"administrasjon": True}, {"transport": False})]
    assert "administrasjon" in without
    assert "fylkestransport" not in without


def test_every_unknown_service_is_named_with_what_was_perhaps_meant() -> None:
    with pytest.raises(DemosimError) as caught:
        chosen_services(read_services(), {"barnehager": True, "zzz": False}, {})
    assert caught.value.exit_code == 2
    assert 'no service is called "barnehager"' in str(caught.value)
    assert 'did you mean "barnehage"?' in str(caught.value)
    assert 'no service is called "zzz"' in str(caught.value)
