"""Data sets and facts: found by name or folder, digests checked, every damage reported in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import xarray as xr

import made_up
from demosim.baseline.find import embedded
from demosim.baseline.read import data_sets, read_baseline, read_facts, read_source
from demosim.baseline.store import file_digest, sign, write_data_set, write_sources
from demosim.errors import DemosimError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made_up.write(made_up.three_regions(), tmp_path / "three")


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    copy = tmp_path / "facts"
    copy.mkdir()
    for name in ("refugees.csv", "source.toml"):
        shutil.copyfile(embedded("data", "facts", name), copy / name)
    return copy


@pytest.mark.parametrize("country", [made_up.three_regions(), made_up.small_country(), made_up.small_country(2, 5, 1)])
def test_what_is_written_is_read(country: xr.Dataset, tmp_path: Path) -> None:
    read = read_baseline(made_up.write(country, tmp_path / "set"))
    told = json.loads(read.attrs["sources"])
    assert [row["what"] for row in told] == ["baseline.nc"]
    added = {key: read.attrs[key] for key in ("digest", "sources")}
    xr.testing.assert_identical(read, country.assign_attrs(added))
    assert type(read.attrs["launch_year"]) is int
    assert type(read.attrs["male_birth_share"]) is float


def test_equal_content_gives_equal_bytes_and_the_digest_follows_the_content(tmp_path: Path) -> None:
    country = made_up.small_country()
    first, second = (made_up.write(country, tmp_path / name) for name in ("a", "b"))
    for name in ("baseline.nc", "source.toml"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert not list(first.glob("*.part"))
    other = made_up.write(country.assign(population=country["population"] + 1), tmp_path / "c")
    assert read_baseline(first).attrs["digest"] == read_baseline(second).attrs["digest"]
    assert read_baseline(first).attrs["digest"] != read_baseline(other).attrs["digest"]


def test_the_embedded_data_set_is_found_by_name() -> None:
    assert "norway2026" in data_sets()
    baseline = read_baseline("norway2026")
    xr.testing.assert_identical(baseline, read_baseline(embedded("data", "norway2026")))


def test_the_profile_of_refugees_stands_in_the_source_file_and_not_in_the_data(tmp_path: Path) -> None:
    country = made_up.small_country()
    plain = made_up.write(country, tmp_path / "plain")
    named = made_up.write(country.assign_attrs(refugee_profile="crisis"), tmp_path / "named")
    assert read_baseline(named).attrs["refugee_profile"] == "crisis"
    assert "refugee_profile" not in read_baseline(plain).attrs
    assert (plain / "baseline.nc").read_bytes() == (named / "baseline.nc").read_bytes()
    source = (named / "source.toml").read_text(encoding="utf-8")
    (named / "source.toml").write_text(source.replace("crisis", "crises"), encoding="utf-8")
    with pytest.raises(DemosimError, match=r"no profile 'crises'.*did you mean \"crisis\"") as caught:
        read_baseline(named)
    assert caught.value.exit_code == 1


def test_signing_keeps_the_profile_of_refugees(tmp_path: Path) -> None:
    folder = made_up.write(made_up.small_country().assign_attrs(refugee_profile="ordinary"), tmp_path / "set")
    before = (folder / "source.toml").read_text(encoding="utf-8")
    sign(folder)
    assert (folder / "source.toml").read_text(encoding="utf-8") == before


def damage(folder: Path, how: str) -> None:
    file = folder / "baseline.nc"
    content = file.read_bytes()
    match how:
        case "one byte":
            file.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
        case "cut short":
            file.write_bytes(content[: len(content) // 2])
        case "empty":
            file.write_bytes(b"")
        case "longer":
            file.write_bytes(content + b"0")
        case "missing":
            file.unlink()


@pytest.mark.parametrize("how", ["one byte", "cut short", "empty", "longer", "missing"])
def test_a_damaged_file_is_named_with_what_to_do(folder: Path, how: str) -> None:
    damage(folder, how)
    with pytest.raises(DemosimError) as caught:
        read_baseline(folder)
    assert caught.value.exit_code == 1
    message = str(caught.value)
    assert message.startswith(str(folder / "baseline.nc"))
    assert ("missing" if how == "missing" else "damaged or changed") in message
    assert "restore the file" in message


def test_all_damaged_files_are_reported_together(folder: Path) -> None:
    shutil.copyfile(folder / "source.toml", folder / "notes.txt")
    entry = {"origin": "x", "sha256": "0" * 64}
    write_sources(folder / "source.toml", {"name": "x"}, {"baseline.nc": entry, "notes.txt": entry})
    with pytest.raises(DemosimError) as caught:
        read_baseline(folder)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "cannot be read"),
        ('name = "x"', "names no file"),
        ("files = 3", "names no file"),
        ('[files."baseline.nc"]\norigin = "x"', "files.baseline.nc: no sha256"),
        ('[files."other.nc"]\nsha256 = "0"', "says nothing about baseline.nc"),
    ],
)
def test_a_broken_source_file(folder: Path, text: str, message: str) -> None:
    (folder / "source.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DemosimError, match=message) as caught:
        read_baseline(folder)
    assert "source.toml" in str(caught.value)


def test_a_file_that_is_no_netcdf_but_has_its_digest(folder: Path) -> None:
    (folder / "baseline.nc").write_bytes(b"not a NetCDF file")
    sign(folder)
    with pytest.raises(DemosimError, match="not a readable NetCDF file"):
        read_baseline(folder)


def test_signing_changes_nothing_but_digests(facts: Path) -> None:
    shutil.copyfile(facts / "source.toml", facts / "before.toml")
    for path in embedded("data", "facts").glob("*.csv"):
        shutil.copyfile(path, facts / path.name)
    sign(facts)
    assert (facts / "source.toml").read_bytes() == (facts / "before.toml").read_bytes()
    (facts / "refugees.csv").write_text("table,key,value\nnew,03,1\n", encoding="utf-8")
    sign(facts)
    assert read_facts("refugees", facts)["key"].tolist() == ["03"]
    assert file_digest(facts / "refugees.csv") in (facts / "source.toml").read_text(encoding="utf-8")


def test_wrong_content_is_reported_with_the_file(folder: Path) -> None:
    country = made_up.three_regions()
    made_up.write(country.drop_vars("county").assign(fertility_factor=country["fertility_factor"] - 5), folder)
    with pytest.raises(DemosimError, match=r"baseline.nc: county: missing"):
        read_baseline(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("norway2062", 'did you mean "norway2026"'),
        ("/nowhere/at/all", "no data set or folder"),
        ("facts", "no data set"),
    ],
)
def test_an_unknown_data_set(name: str, message: str) -> None:
    with pytest.raises(DemosimError, match=message) as caught:
        read_baseline(name)
    assert caught.value.exit_code == 2
    assert "norway2026" in str(caught.value)


def test_a_folder_without_source_and_a_file_instead_of_a_folder(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DemosimError, match=r"has no source\.toml"):
        read_baseline(tmp_path)
    with pytest.raises(DemosimError, match="give the folder"):
        read_baseline(folder / "baseline.nc")


def test_every_table_of_facts_is_signed_and_says_where_it_comes_from() -> None:
    tables = sorted(path.stem for path in embedded("data", "facts").glob("*.csv"))
    assert len(tables) > 20
    for name in tables:
        table = read_facts(name)
        assert len(table) > 0, name
        for key in ("origin", "licence", "date", "confidence", "derivation"):
            assert table.attrs[key], (name, key)


def test_facts_keep_codes_as_text_and_marks() -> None:
    municipalities = read_facts("municipalities.csv")
    assert municipalities["municipality"].iloc[0] == "0301"
    assert set(read_facts("refugees").query("table == 'settled_2022_2024'")["key"]) <= set(municipalities["county"])
    assert "rough" in read_facts("county_services").attrs["confidence"]
    assert "inferred" in read_facts("national_paths").attrs["confidence"]


def test_a_changed_or_unknown_table_of_facts(facts: Path) -> None:
    assert len(read_facts("refugees", facts)) > 0
    with pytest.raises(DemosimError, match='did you mean "refugees"'):
        read_facts("refuges", facts)
    with pytest.raises(DemosimError, match=r"mortality.csv: missing"):
        read_facts("mortality", facts)
    with (facts / "refugees.csv").open("a", encoding="utf-8") as file:
        file.write("more\n")
    with pytest.raises(DemosimError, match=r"refugees.csv: damaged or changed"):
        read_facts("refugees", facts)


def test_vintages_and_what_was_carried_stand_in_the_source_and_in_the_data_set(tmp_path: Path) -> None:
    country = made_up.small_country()
    vintages = {"people": {"table": "1", "sha256": "a" * 64, "answers": ["b" * 64, "c" * 64]}}
    carried = {"births": {"origin": "elsewhere", "derivation": 'said "so"'}}
    write_data_set(country, tmp_path / "set", made_up.ORIGIN, further={"vintages": vintages, "carried": carried})
    source = read_source(tmp_path / "set")
    assert source["vintages"] == vintages
    assert source["carried"] == carried
    rows = {row["what"]: row for row in json.loads(read_baseline(tmp_path / "set").attrs["sources"])}
    assert rows["vintage: people"]["digest"] == "a" * 64
    assert rows["carried: births"] == {"what": "carried: births", "digest": "", "origin": "elsewhere"}
    before = read_baseline(tmp_path / "set").attrs["digest"]
    sign(tmp_path / "set")
    assert read_source(tmp_path / "set") == source
    assert read_baseline(tmp_path / "set").attrs["digest"] == before
    plain = write_data_set(country, tmp_path / "plain", made_up.ORIGIN)
    assert read_baseline(plain).attrs["digest"] != before
