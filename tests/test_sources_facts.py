"""Fresh figures built into a data set: the country of the published form, and a made-up one from files alone."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim import files
from demosim.baseline.find import embedded
from demosim.baseline.read import read_baseline, read_facts
from demosim.errors import DemosimError
from demosim.sources.build import BuildInputs
from demosim.sources.declare import declare
from demosim.sources.facts import build_declared, build_embedded, build_fresh
from demosim.sources.fresh_tables import prepare_facts
from demosim.sources.jsonstat import parse, read_jsonstat
from demosim.sources.store import Store
from demosim.sources.tables import find_entries
from made_up import three_regions

ORIGIN = {
    "origin": "Statistics Norway", "table": "07459", "licence": "CC BY 4.0", "date": "2026-02-24",
    "confidence": "published",
    "derivation": "1 January 2026", "sha256": "f" * 64,
}  # fmt: skip


@pytest.fixture(scope="session")
def fresh(shared_data: Path) -> BuildInputs:
    """The population of 2026 in the published form, with one person more in Utsira, so that it can be told apart."""
    body = gzip.decompress((shared_data / "pxweb" / "07459_2026_all.json.gz").read_bytes())
    population = declare(read_jsonstat(parse(body)), find_entries("population")[0], "body").sel(year=2026, drop=True)
    population.loc[{"municipality": "1151", "sex": "female", "age": 30}] += 1
    return BuildInputs({"population": population}, {"population": ORIGIN}, {}, {"launch_year": 2026})


def test_facts_with_a_fresh_population(fresh: BuildInputs, tmp_path: Path) -> None:
    made = prepare_facts(fresh, tmp_path / "facts")
    folder = made.folder
    groups, country = read_facts("population_groups", folder), read_facts("population_norway", folder)
    assert len(groups) == 357 * 2
    assert groups.columns[-1] == "105+"
    assert int(groups.drop(columns=["year", "municipality", "sex"]).to_numpy().sum()) == 5_627_401
    latest = country[country["year"] == 2026].drop(columns=["year", "sex"]).to_numpy().sum()
    assert int(latest) == 5_627_401
    assert country["year"].min() == 2006
    assert "vintages population sha256 ffff" in groups.attrs["derivation"]
    assert groups.attrs["origin"] == "Statistics Norway"
    assert read_facts("mortality", folder).equals(read_facts("mortality"))
    carried = made.provenance.carried
    assert {"mortality", "fertility", "round 2024", "country in other years", "refugees"} <= set(carried)
    assert "no life table is stored" in carried["mortality"]["derivation"]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The embedded recipe with a single national path, which is quicker."""
    text = embedded("data", "norway2026", "recipe.toml").read_text(encoding="utf-8")
    text = re.sub(r"^20\d\d = \[.*\n", "", text, flags=re.MULTILINE).replace("[rounds]", '[rounds]\n2024 = ["MMMM"]')
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    return tmp_path / "recipe.toml"


def test_a_baseline_takes_the_registered_single_ages_as_they_are(
    fresh: BuildInputs, recipe: Path, tmp_path: Path
) -> None:
    build_fresh(2026, tmp_path / "mine", inputs=fresh, recipe=recipe)
    built = read_baseline(tmp_path / "mine")
    registered = fresh.arrays["population"].transpose("municipality", "sex", "age")
    registered = registered.sel(municipality=built["municipality"].values, sex=built["sex"].values)
    np.testing.assert_allclose(built["population"].values, registered.values, atol=1e-6)
    assert built.attrs["name"] == "mine"
    assert built.attrs["launch_year"] == 2026


def test_the_embedded_set_is_built_anew_by_the_recipe_that_lies_there(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "anew"
    folder.mkdir()
    shutil.copyfile(recipe, folder / "recipe.toml")
    built = read_baseline(build_embedded(folder))
    assert built["variant"].values.tolist() == ["2024-MMMM"]
    again = folder / "estimates.nc"
    assert read_baseline(build_embedded(folder, again)).attrs["digest"] == built.attrs["digest"]  # its own estimates
    assert sorted(path.name for path in folder.iterdir()) == [
        "baseline.nc", "estimates.nc", "recipe.toml", "source.toml",
    ]  # fmt: skip


def test_a_build_of_the_embedded_set_that_fails_changes_nothing(recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "anew"
    folder.mkdir()
    shutil.copyfile(recipe, folder / "recipe.toml")
    (folder / "estimates.nc").write_text("kept", encoding="utf-8")
    broken = tmp_path / "broken.nc"
    broken.write_text("no NetCDF", encoding="utf-8")
    with pytest.raises((DemosimError, OSError)):
        build_embedded(folder, broken)
    with pytest.raises((DemosimError, OSError)):
        build_embedded(tmp_path / "other", broken)
    assert sorted(path.name for path in folder.iterdir()) == ["estimates.nc", "recipe.toml"]
    assert (folder / "estimates.nc").read_text(encoding="utf-8") == "kept"
    assert not (tmp_path / "other").exists()


def test_a_build_that_fails_leaves_no_folder(fresh: BuildInputs, recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="no population for 1 January 2031"):
        build_fresh(2031, tmp_path / "mine", store=Store(tmp_path / "store"), recipe=recipe)
    fewer = BuildInputs(
        {"population": fresh.arrays["population"].drop_sel(municipality="0301")}, fresh.origins, {}, fresh.about
    )
    with pytest.raises(DemosimError, match="no population for 0301"):
        build_fresh(2026, tmp_path / "mine", inputs=fewer, recipe=recipe)
    assert not (tmp_path / "mine").exists()


def test_a_municipality_without_figures_is_refused(fresh: BuildInputs, tmp_path: Path) -> None:
    fewer = fresh.arrays["population"].drop_sel(municipality="0301")
    with pytest.raises(DemosimError, match="no population for 0301"):
        prepare_facts(BuildInputs({"population": fewer}, fresh.origins, {}, fresh.about), tmp_path)


def write_declared(country: xr.Dataset, folder: Path) -> Path:
    """A made-up country as plain CSV files with their declaration."""
    folder.mkdir()
    keys = ("name", "title", "country", "currency", "language", "launch_year", "interval_years", "male_birth_share")
    about = {"language": "en", **country.attrs}
    text = [
        "[data_set]",
        *(f"{key} = {about[key]!r}".replace("'", '"') for key in keys),
        "[names]",
        'path = "names.csv"',
    ]
    names = [name for name in country.data_vars if country[name].dtype.kind == "U"]
    country[names].to_dataframe().to_csv(folder / "names.csv", encoding="utf-8")
    for name in country.data_vars:
        if name in names:
            continue
        array = country[name]
        array.rename("value").to_dataframe()[["value"]].reset_index().to_csv(folder / f"{name}.csv", index=False)
        low = "checks = { non_negative = false }"
        text += [
            f"[files.{name}]",
            f'title = "{name}"',
            'unit = "as declared"',
            'source = "made up"',
            'licence = "MIT"',
            low,
        ]
        text += [f'file = {{ path = "{name}.csv" }}', f"[files.{name}.axes]"]
        for dim in array.dims:
            kind = {"year": "year"}.get(str(dim), "age" if country[dim].dtype.kind == "i" else "text")
            text.append(f'{dim} = {{ dim = "{dim}", kind = "{kind}" }}')
    (folder / "country.toml").write_text("\n".join(text) + "\n", encoding="utf-8")
    return folder / "country.toml"


def test_a_country_from_files_alone_is_the_country_it_was(tmp_path: Path) -> None:
    country = three_regions()
    built = read_baseline(build_declared(write_declared(country, tmp_path / "files"), tmp_path / "out"))
    for name in country.data_vars:
        if country[name].dtype.kind == "U":
            assert built[name].values.tolist() == country[name].values.tolist()
        else:
            xr.testing.assert_allclose(
                built[name].drop_attrs(), country[name].transpose(*built[name].dims).drop_attrs(), rtol=1e-12
            )
    assert {key: built.attrs[key] for key in ("country", "launch_year", "interval_years")} == {
        key: country.attrs[key] for key in ("country", "launch_year", "interval_years")
    }  # fmt: skip


def test_a_data_set_that_does_not_hold_is_not_written(tmp_path: Path) -> None:
    country = three_regions()
    country["settlement_key"] = country["settlement_key"] * 2
    with pytest.raises(DemosimError, match="settlement_key"):
        build_declared(write_declared(country, tmp_path / "files"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_interrupted_build_leaves_the_data_set_that_was_there_or_one_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a second build of a folder stops, by an interruption or by a halt of the machine."""
    declaration, folder, put = write_declared(three_regions(), tmp_path / "files"), tmp_path / "out", files._put
    first = read_baseline(build_declared(declaration, folder)).attrs["digest"]
    text = declaration.read_text(encoding="utf-8").replace("title = ", 'title = "Another" # ', 1)
    declaration.write_text(text, encoding="utf-8")
    for moves in range(4):
        done: list[Path] = []

        def stops(temporary: Path, path: Path, most: int = moves, done: list[Path] = done) -> None:
            if path.parent == folder or path.parent.name == "kept":
                if len(done) == most:
                    shutil.copytree(folder, tmp_path / f"halted{most}")
                    done.append(path)
                    raise KeyboardInterrupt
                done.append(path)
            put(temporary, path)

        monkeypatch.setattr(files, "_put", stops)
        with pytest.raises(KeyboardInterrupt):
            build_declared(declaration, folder)
        assert read_baseline(folder).attrs["digest"] == first
        if moves:
            with pytest.raises(DemosimError, match=r"is not a data set: it has no source\.toml"):
                read_baseline(tmp_path / f"halted{moves}")
    monkeypatch.undo()
    assert read_baseline(build_declared(declaration, folder)).attrs["digest"] != first
