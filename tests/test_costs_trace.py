"""The trace of the unit costs adds up and shows its marks."""

from __future__ import annotations

import numpy as np
import pytest

from demosim.costs.services import read_services
from demosim.costs.trace import BANDS, derivations, relative_range, trace_derivations, trace_unit_costs
from demosim.costs.unit_costs import derive
from demosim.scenario.cost_options import CostOptions

SERVICES = {service.name: service for service in read_services()}


def test_the_trace_adds_up() -> None:
    table = trace_unit_costs()
    assert table.groupby("service").size().eq(len(BANDS)).all()
    for name, rows in table.groupby("service"):
        assert rows["total"].sum() == pytest.approx(derive(SERVICES[str(name)], CostOptions()).amount.value, rel=1e-10)
        assert rows["weight"].sum() == pytest.approx(1, rel=1e-10)
    np.testing.assert_allclose(table["total"], table["kr_per_person"] * table["persons"], rtol=1e-12)
    assert table["ages"].unique().tolist() == [
        "0", "1-5", "6-12", "13-15", "16-18", "19-24", "25-66", "67-74", "75-79", "80-84", "85-89", "90+",
    ]  # fmt: skip


def test_marks_are_carried() -> None:
    table = trace_unit_costs(CostOptions(kostra_year=2025), 2026).set_index(["service", "ages"])
    school = table.loc["grunnskole", "6-12"]
    assert school["confidence"] == "second hand; preliminary"
    assert school["source"].startswith("kostra_expenditure: service = grunnskole, 2025")
    assert school["price_estimate"]
    assert school["price_year"] == 2026
    assert "inferred" in table.loc["fylkestransport", "0"]["confidence"]
    assert table.loc["pleie_omsorg", "90+"]["spread"] == "age_90_plus; mortality; living_alone_67_plus"


def test_prices_multiply_kroner_and_leave_weights() -> None:
    then, now = trace_unit_costs(), trace_unit_costs(price_year=2026)
    school = now["service"] == "grunnskole"
    np.testing.assert_allclose(now["total"][school], 1.047 * 1.041 * then["total"][school], rtol=1e-12)
    np.testing.assert_array_equal(now["weight"], then["weight"])


def test_every_way_to_derive_is_shown_and_one_is_the_default() -> None:
    table = trace_derivations()
    keys = ["profile", "shape", "non_age_spread"]
    ways = table.groupby("service")[keys].apply(lambda rows: len(rows.drop_duplicates()))
    assert ways["pleie_omsorg"] == 2 * 2 + 2  # the key's two spreads and the users, smooth and in steps
    assert ways["barnevern"] == 3
    assert ways["tannhelse"] == 1
    chosen = table[table["chosen"]]
    sizes = chosen.groupby("service").size()
    assert sizes.pop("barnehage") == len(BANDS) + 2  # 1-5 is cut where dearer young ones differ
    assert sizes.eq(len(BANDS)).all()
    default = trace_unit_costs(CostOptions(services={"administrasjon": True})).set_index(["service", "ages"])
    for row in chosen.itertuples():
        band = "1-5" if row.service == "barnehage" and row.ages in ("1", "2", "3-5") else row.ages  # the chosen is even
        assert row.kr_per_person == pytest.approx(default.loc[(row.service, band), "kr_per_person"], rel=1e-12)
    assert set(trace_derivations("sosial")["service"]) == {"sosial"}


def test_the_range_of_the_derivations_by_hand() -> None:
    found = [item.cost[8] for item in derivations(SERVICES["kommunehelse"]).values()]
    assert len(found) == 2
    by_hand = abs(found[0] - found[1]) / (found[0] + found[1])
    assert relative_range(SERVICES["kommunehelse"])[8] == pytest.approx(by_hand, rel=1e-12)
    assert relative_range(SERVICES["grunnskole"])[3] == 0
    assert 0.1 < relative_range(SERVICES["pleie_omsorg"])[77] < 1
