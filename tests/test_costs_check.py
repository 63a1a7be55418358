"""What is wrong with the costs of a scenario is said before it runs, all at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

import made_up
from demosim.costs.check import check_costs, municipalities_of
from demosim.errors import DemosimError
from demosim.scenario.cost_options import OwnCosts
from demosim.scenario.read import read_scenario, spec_from

TEXT = """name = "x"
baseline = "made-up/small"
variant = "a-low"
horizon = 2024
price_year = 2026
"""
SINGLE_AGES = made_up.small_country(last_age=105, steps=8)


def problems(folder: Path, text: str, baseline: object = SINGLE_AGES) -> list[str]:
    path = folder / "a.toml"
    path.write_text(TEXT + text, encoding="utf-8")
    with pytest.raises(DemosimError) as caught:
        check_costs(baseline, read_scenario(path))  # type: ignore[arg-type]  # a data set
    assert caught.value.exit_code == 2
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_all_problems_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    said = problems(tmp_path, """[costs]
services = { skole = true }
[costs.adjustment.sosiale]
speed_up = 0.5
[costs.pressure.growth.a]
service = "barnehagen"
growth = 1
ages = "x"
[costs.own]
price_year = 2026
barnehage = { "0-4" = 1 }
""")  # fmt: skip
    assert [line.split(": ")[0] for line in said] == [f"a.toml:{line}" for line in (7, 8, 11, 13, 16)]
    assert [line.split(": ")[1] for line in said] == [
        "costs.services.skole", "costs.adjustment.sosiale", "costs.pressure.growth.a.service",
        "costs.pressure.growth.a.ages", "costs.own.barnehage",
    ]  # fmt: skip
    assert said[1].endswith('did you mean "sosial"?')
    assert "ages 5+ have no cost" in said[-1]


def test_problems_of_a_file_of_costs_name_that_file(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'price_year = 2026\n[barnehage]\n"0-5" = 1\n["R9".sosial]\n"0+" = 1\n', encoding="utf-8"
    )
    said = problems(tmp_path, '[costs]\nown = "own.toml"\n')
    assert len(said) == 2
    assert said[0].startswith('own.toml: R9: no municipality is called "R9"')
    assert said[1] == 'own.toml: barnehage: ages 6+ have no cost; write "6+" = 0 where there is none'


def test_years_without_prices_or_accounts_have_their_line(tmp_path: Path) -> None:
    (later,) = problems(tmp_path, "[costs]\nkostra_year = 1999\n")
    assert later.startswith("a.toml:7: costs.kostra_year: ")
    (beyond,) = problems(tmp_path, "[costs]\nnon_age_spread = { barnevern = 'x' }\n")
    assert beyond.startswith('a.toml:7: costs.non_age_spread.barnevern: barnevern has no alternative "x"')


def test_prices_beyond_the_deflator_have_the_line_of_the_price_year() -> None:
    spec = spec_from({"name": "x", "baseline": "b", "variant": "a-low", "horizon": 2024, "price_year": 2027})
    with pytest.raises(DemosimError, match="price_year: the price index does not cover 2027"):
        check_costs(SINGLE_AGES, spec)


def test_ages_in_classes(tmp_path: Path) -> None:
    wide = made_up.three_regions()
    said = problems(tmp_path, """[costs.pressure]
healthier_ageing = 0.5
[costs.own]
price_year = 2026
barnehage = { "0-5" = 1, "6+" = 0 }
""", wide)  # fmt: skip
    assert said[0] == "a.toml:7: costs.pressure.healthier_ageing: needs single years of age"
    assert 'costs.own.barnehage: "0-5" cuts an age class of 5 years in two; bounds that are multiples of 5' in said[1]


def test_a_data_set_with_unit_costs_of_its_own_has_its_own_services(tmp_path: Path) -> None:
    from made_up_result import unit_costs

    own = SINGLE_AGES.assign(unit_cost=unit_costs(SINGLE_AGES["age"].values, 2026))
    said = problems(tmp_path, "[costs.adjustment.barnehage]\nspeed_up = 0.5\n", own)
    assert "nursery, school, care, health, college, dentist" in said[0]
    spec = spec_from({"name": "x", "baseline": "b", "variant": "a-low", "horizon": 2024, "price_year": 2026,
                      "costs": {"adjustment": {"school": {"speed_up": 0.5}}}})  # fmt: skip
    check_costs(own, spec)


def test_municipalities_by_number_and_name() -> None:
    cost = {"sosial": {"0+": 1.0}}
    found = municipalities_of(SINGLE_AGES, OwnCosts(price_year=2026, cost={"R1": cost, "region 2": cost, "": cost}))
    assert found == {"R1": "R1", "region 2": "R2"}
    with pytest.raises(DemosimError, match=r"costs\.own\.Region 1: Region 1 .* stands twice"):
        municipalities_of(SINGLE_AGES, OwnCosts(price_year=2026, cost={"R1": cost, "Region 1": cost}))
