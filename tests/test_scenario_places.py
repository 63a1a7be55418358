"""Municipalities and counties as people write them."""

from __future__ import annotations

import pytest
import xarray as xr

import made_up
from demosim.errors import DemosimError, Problem
from demosim.scenario.places import Gazetteer, find_municipality, select_places
from scenario_corpus import baseline


@pytest.fixture(scope="module")
def norway() -> xr.Dataset:
    return baseline("norway2026")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4601", "4601"),
        ("Bergen", "4601"),
        ("  bergen ", "4601"),
        ("BERGEN", "4601"),
        ("Oslo-Oslove", "0301"),
        ("oslove", "0301"),
        ("Guovdageaidnu", "5612"),
        ("Guovdageaidnu - Kautokeino", "5612"),
        ("Storfjord-Omasvuotna-Omasvuono", "5538"),
        ("omasvuono", "5538"),
        ("Herøy (Nordland)", "1818"),
        ("herøy (15)", "1515"),
        ("Herøy (1818)", "1818"),
        ("Herøy  (møre og romsdal)", "1515"),
        ("nore og uvdal", "3338"),
    ],
)
def test_a_name_in_any_form_finds_its_number(norway: xr.Dataset, text: str, number: str) -> None:
    assert find_municipality(norway, text) == number


def test_every_municipality_is_found_by_number_and_every_unshared_name_by_name(norway: xr.Dataset) -> None:
    names = Gazetteer(norway)
    shared = {name for name in names.name.values() if list(names.name.values()).count(name) > 1}
    assert shared == {"Herøy", "Våler"}
    for number, name in names.name.items():
        assert names.candidates(number) == [number]
        assert number in names.candidates(name)
        assert names.candidates(f"{name} ({names.county_name[names.county[number]]})") == [number]
        assert name in shared or names.candidates(name) == [number]


def message(baseline: xr.Dataset, text: str, find=find_municipality) -> str:
    with pytest.raises(DemosimError) as caught:
        find(baseline, text)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_an_ambiguous_name_lists_its_candidates(norway: xr.Dataset) -> None:
    assert message(norway, "våler") == (
        'more than one municipality is called "våler"; "3114" (Våler, Østfold), "3419" (Våler, Innlandet)'
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [("Bergem", '"Bergen" (4601)'), ("301", '"0301" (Oslo)'), ("Heroy", '"Herøy" (1515) or "Herøy" (1818)')],
)
def test_an_unknown_name_gets_the_nearest(norway: xr.Dataset, text: str, meant: str) -> None:
    assert message(norway, text).endswith(f"did you mean {meant}?")


@pytest.mark.parametrize("text", ["", "9999", "Xyzzy", "Herøy (Agder)", "()", "("])
def test_what_is_near_nothing_gets_no_guess(norway: xr.Dataset, text: str) -> None:
    assert "no municipality is called" in message(norway, text)


def test_counties_by_number_and_name(norway: xr.Dataset) -> None:
    names = Gazetteer(norway)
    assert {names.county_number(text) for text in ("18", "nordland", " Nordland ")} == {"18"}
    assert 'did you mean "Nordland"?' in str(names.county_number("Nordlnad"))


def test_another_country() -> None:
    country = made_up.three_regions()
    assert find_municipality(country, "Aasbie") == "N2"
    assert find_municipality(country, "little haven") == "S1"
    assert Gazetteer(country).county_number("North") == "N"


def test_places_are_chosen_singly_and_by_county_in_the_order_of_the_data_set(norway: xr.Dataset) -> None:
    everywhere = norway["municipality"].values.tolist()
    assert select_places(norway) == (everywhere, [])
    oslo, names = select_places(norway, ["Bergen", "Herøy (Nordland)", "herøy (15)"], ["Oslo", "Agder"])
    assert oslo[0] == "0301"
    assert oslo == sorted(oslo, key=everywhere.index)
    assert {number[:2] for number in oslo} == {"03", "15", "18", "42", "46"}
    assert [number for number in oslo if number[:2] in ("15", "18", "46")] == ["1515", "1818", "4601"]
    assert sum(number.startswith("42") for number in oslo) == sum(number.startswith("42") for number in everywhere)
    assert names == ["Bergen", "Herøy (Nordland)", "Herøy (Møre og Romsdal)", "Oslo", "Agder"]


def test_all_places_that_are_not_found_are_said_at_once(norway: xr.Dataset) -> None:
    with pytest.raises(DemosimError) as caught:
        select_places(norway, ["Bergem", "Oslo", "våler"], ["Nordlnad"])
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["unknown_municipality", "ambiguous_place", "unknown_county"]
    assert caught.value.exit_code == 2


def test_two_counties_of_one_name_are_told_apart_by_number() -> None:
    country = made_up.three_regions()
    codes = sorted(set(country["county"].values.tolist()))
    country["county_name"] = country["county"].copy(data=["Same"] * country.sizes["municipality"])
    found = Gazetteer(country).county_number("Same")
    assert isinstance(found, Problem)
    assert 'more than one county is called "Same"' in found.what
    assert all(code in str(found.allowed) for code in codes)
    assert Gazetteer(country).county_number(codes[0]) == codes[0]
