"""A scenario, a data set and a declaration name files of their own folder only, also by way of symbolic links."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import xarray as xr

import made_up
import sweep_country
from demosim.baseline.read import files_elsewhere, read_baseline
from demosim.cli import main
from demosim.continuation import TEXT, stored_scenario
from demosim.errors import DemosimError
from demosim.files import beside, leads_outside
from demosim.outputs.netcdf import write_result
from demosim.run import run
from demosim.scenario.read import read_scenario
from demosim.sources.build import build_from_files
from demosim.validation.targets import read_targets

LINKS = os.name != "nt"  # where links need a right that the user does not have, there is nothing to follow
links = pytest.mark.skipif(not LINKS, reason="symbolic links need a right of their own here")

ELSEWHERE = [
    "/etc/passwd", "..", "../x", "a/../../x", "a/..", r"..\x", r"a\..\..\x", r"C:\x", "C:x", r"\\server\share\x", r"\x",
    "~", "~root/x", "//server/share", "x\0y",
]  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_is_written_as_a_place_elsewhere_leads_outside(tmp_path: Path, name: str) -> None:
    assert leads_outside(tmp_path, name)
    with pytest.raises(DemosimError, match="outside the folder") as caught:
        beside(tmp_path, name)
    assert caught.value.problems[0].code == "forbidden_path"
    assert caught.value.exit_code == 2
    assert beside(tmp_path, name, allow_paths=True) == tmp_path / name


@pytest.mark.parametrize("name", ["x", "./x", "a/b/x.csv", "a b", "..x", "x..", "…", "a~b", "norway2026"])
def test_what_lies_below_does_not(tmp_path: Path, name: str) -> None:
    assert not leads_outside(tmp_path, name)
    assert beside(tmp_path, name) == tmp_path / name


@links
def test_links_are_followed_to_where_they_lead(tmp_path: Path) -> None:
    folder, other = tmp_path / "mine", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (other / "secret.csv").write_text("x\n", encoding="utf-8")
    (folder / "own.csv").write_text("x\n", encoding="utf-8")
    (folder / "out").symlink_to(other)
    (folder / "file").symlink_to(other / "secret.csv")
    (folder / "twice").symlink_to(folder / "file")
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "inside").symlink_to(folder / "own.csv")
    for name in ("out", "out/secret.csv", "file", "twice", "out/not-there"):
        assert leads_outside(folder, name), name
    assert not leads_outside(folder, "inside")
    (tmp_path / "alias").symlink_to(folder)  # a folder that is itself reached by a link is the same folder
    assert not leads_outside(tmp_path / "alias", "own.csv")
    assert not leads_outside(tmp_path / "alias", "inside")


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A scenario in a folder, its data set in another."""
    folder = tmp_path / "mine"
    folder.mkdir()
    path = sweep_country.scenario_file(folder)
    (folder / "country").rename(tmp_path / "country")
    return path


def refused(path: Path) -> str:
    with pytest.raises(DemosimError) as caught:
        read_scenario(path)
    assert {problem.code for problem in caught.value.problems} == {"forbidden_path"}
    assert {problem.line for problem in caught.value.problems} == {3}
    return str(caught.value)


@links
def test_a_data_set_that_is_a_link_to_elsewhere_needs_leave(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (scenario.parent / "country").symlink_to(scenario.parents[1] / "country")
    assert '"country" lies outside the folder of this file' in refused(scenario)
    assert run(scenario, allow_paths=True).name == "small"
    for words, code in ((["check", str(scenario)], 2), (["check", str(scenario), "--allow-paths"], 0)):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert int(end.value.code or 0) == code
    assert "lies outside" in capsys.readouterr().err


@links
@pytest.mark.parametrize("name", ["baseline.nc", "source.toml"])
def test_a_file_of_the_data_set_that_is_a_link_to_elsewhere_needs_leave(scenario: Path, name: str) -> None:
    own, other = scenario.parent / "country", scenario.parents[1] / "country"
    shutil.copytree(other, own)
    assert files_elsewhere(own) == []
    assert run(scenario).name == "small"
    (own / name).unlink()
    (own / name).symlink_to(other / name)
    assert files_elsewhere(own) == [name]
    assert f'"country/{name}" is a link to a place outside' in refused(scenario)
    assert run(scenario, allow_paths=True).name == "small"


def test_a_folder_of_the_working_place_is_not_one_beside_the_file(
    scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scenario.parents[1])
    assert '"country" lies outside the folder of this file' in refused(scenario)
    assert run(scenario, allow_paths=True).name == "small"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "C:\\\\x"])
def test_a_data_set_does_not_name_files_elsewhere(tmp_path: Path, name: str) -> None:
    """Not even to take their digest: whether a file has a certain one would be said in the message."""
    folder = sweep_country.scenario_file(tmp_path).parent / "country"
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    source = folder / "source.toml"
    more = f'\n[files."{name}"]\nsha256 = "{"0" * 64}"\n'
    source.write_text(source.read_text(encoding="utf-8") + more, encoding="utf-8")
    with pytest.raises(DemosimError, match="lies outside the folder of the data set") as caught:
        read_baseline(folder)
    assert "sha256" not in str(caught.value)


DECLARED = made_up.DATA_SET + """[files.population]
title = "x"
unit = "persons"
axes = { region = { dim = "municipality" } }
file = { path = '%s' }
"""


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", r"C:\x.csv", "link.csv"])
def test_a_declaration_names_files_beside_it_only(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("region,value\n01,5\n", encoding="utf-8")
    if name == "link.csv":
        if not LINKS:
            pytest.skip("symbolic links need a right of their own here")
        (folder / name).symlink_to(tmp_path / "secret.csv")
    declaration = folder / "own.toml"
    declaration.write_text(DECLARED % name, encoding="utf-8")
    with pytest.raises(DemosimError, match="outside the folder of the file that names it") as caught:
        build_from_files(declaration)
    assert "5" not in str(caught.value).replace(name, "")
    if name in ("../secret.csv", "link.csv"):
        inputs = build_from_files(declaration, allow_paths=True)
        assert inputs.arrays["population"].values.tolist() == [5.0]


def test_the_names_of_a_declaration_lie_beside_it_too(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "names.csv").write_text("municipality,county\n01,a\n", encoding="utf-8")
    (tmp_path / "mine" / "a.csv").write_text("region,value\n01,5\n", encoding="utf-8")
    declaration = tmp_path / "mine" / "own.toml"
    declaration.write_text(DECLARED % "a.csv" + '[names]\npath = "../names.csv"\n', encoding="utf-8")
    with pytest.raises(DemosimError, match="outside the folder"):
        build_from_files(declaration)
    assert build_from_files(declaration, allow_paths=True).arrays["county"].values.tolist() == ["a"]


@pytest.mark.parametrize("name", ["../costs.toml", "/etc/passwd", "link.toml", "link.xlsx"])
def test_a_file_of_costs_lies_beside_the_scenario(scenario: Path, name: str) -> None:
    costs = scenario.parents[1] / f"costs{Path(name).suffix}"
    costs.write_text('price_year = 2026\n[school]\n"0+" = 5\n', encoding="utf-8")
    if name.startswith("link"):
        if not LINKS:
            pytest.skip("symbolic links need a right of their own here")
        (scenario.parent / name).symlink_to(costs)
    (scenario.parents[1] / "country").rename(scenario.parent / "country")
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(f'{text}\n[costs]\nown = "{name}"\n', encoding="utf-8")
    with pytest.raises(DemosimError, match="lies outside the folder of this file") as caught:
        read_scenario(scenario)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "named",
    ['[costs]\nown = "costs.toml"', '[fiscal]\ntax = "tax.csv"', '[fertility]\nrate = "rates.csv"',
     '[costs]\nown = "/etc/passwd"', '[fiscal]\ncriteria = "../criteria.csv"'],
)  # fmt: skip
def test_the_scenario_inside_a_result_names_no_file(
    tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run stores what stood in its files: a name of one was put there by somebody else, and nothing is read."""
    path = sweep_country.scenario_file(tmp_path)
    done = run(path)
    text = f"{done.assumptions.attrs[TEXT].partition('[')[0]}variant = 'a-low'\n{named}\n"
    write_result(tmp_path / "made.nc", done.dataset, "run", done.assumptions.assign_attrs({TEXT: text}))
    for name in ("costs.toml", "tax.csv", "rates.csv"):
        (tmp_path / name).write_text("secret", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    later = path.read_text(encoding="utf-8").replace("horizon = 2026", "horizon = 2027")
    path.write_text(later, encoding="utf-8")
    for words in (["groups", "made.nc"], ["room", "made.nc"], ["run", "small.toml", "--continue", "made.nc"]):
        with pytest.raises(SystemExit) as end:
            main(words)
        said = capsys.readouterr().err
        assert end.value.code == 2, words
        assert said.count("lies outside the folder of this file") == len(said.splitlines()) == 1, words


@pytest.mark.parametrize("text", ["", "x =", "horizon = 3", 'name = "a"', "[[name]]", "\x00"])
def test_the_scenario_inside_a_result_is_none(tmp_path: Path, text: str) -> None:
    assumptions = xr.Dataset(attrs={TEXT: text})
    with pytest.raises(DemosimError) as caught:
        stored_scenario(assumptions)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["../run.nc", "/etc/passwd", "link.nc"])
def test_targets_name_results_beside_them_only(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "run.nc").write_bytes(b"x")
    if name == "link.nc":
        if not LINKS:
            pytest.skip("symbolic links need a right of their own here")
        (tmp_path / "mine" / name).symlink_to(tmp_path / "run.nc")
    path = tmp_path / "mine" / "targets.toml"
    change = f'{{ result = "{name}", budget_year = 2027 }}'
    path.write_text(
        f'price_year = 2026\n[[target]]\nname = "a"\nlow = 1\nhigh = 2\nprice_year = 2026\nchange = {change}\n',
        encoding="utf-8",
    )
    with pytest.raises(DemosimError, match="lies outside the folder of the file that names it"):
        read_targets(path)
    with pytest.raises(DemosimError, match=r"NetCDF|no such file"):
        read_targets(path, allow_paths=True)
