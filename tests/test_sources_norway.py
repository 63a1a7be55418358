"""A complete data set of the whole country from a filled store: every part of it, its provenance, and a run on it."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.baseline.find import embedded
from demosim.baseline.read import read_baseline, read_facts
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import DemosimError
from demosim.outputs.netcdf import read_result, write_result
from demosim.outputs.origins import origins
from demosim.run import run
from demosim.scenario.cost_options import CostOptions
from demosim.sources.build import BuildInputs, build_from_store
from demosim.sources.command import build_data_set, read_weights
from demosim.sources.facts import _final, _recipe, build_fresh
from demosim.sources.fresh_tables import prepare_facts
from demosim.sources.store import Store
from stub_norway import AGES, MAKERS, fill, keep, registered

DIGEST = re.compile(r"^[0-9a-f]{64}$")


@pytest.fixture(scope="session")
def filled(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("norway") / "store")
    fill(store, shared_data)
    return store


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded recipe with a single national path, which is quicker."""
    text = embedded("data", "norway2026", "recipe.toml").read_text(encoding="utf-8")
    text = re.sub(r"^20\d\d = \[.*\n", "", text, flags=re.MULTILINE).replace("[rounds]", '[rounds]\n2024 = ["MMMM"]')
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def built(filled: Store, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A data set built from the store by what the command calls, and the lines that it prints."""
    output = tmp_path_factory.mktemp("sets") / "mine"
    return output, build_data_set(output, launch=2026, recipe=recipe, store=filled)


@pytest.fixture(scope="session")
def inputs(filled: Store) -> BuildInputs:
    return build_from_store(2026, filled)


def test_every_array_is_there_and_fit_for_use(built: tuple[Path, list[str]]) -> None:
    data = read_baseline(built[0])
    carried = read_baseline("norway2026")
    for name in carried.data_vars:
        assert name in data
    assert data.attrs["launch_year"] == 2026
    assert data["variant"].values.tolist() == ["2024-MMMM"]
    assert data["part"].values.tolist() == ["shape", "lasting", "fading"]


def test_the_jump_off_population_is_the_registered_one(built: tuple[Path, list[str]], shared_data: Path) -> None:
    data = read_baseline(built[0])["population"]
    wanted = registered(shared_data).sel(year=2026, municipality=data["municipality"].values)
    np.testing.assert_allclose(data.values, wanted.transpose("municipality", "sex", "age").values, atol=1e-6)


def test_the_national_path_is_that_of_the_stored_round(built: tuple[Path, list[str]]) -> None:
    """The stored round was projected by the carried rates: the rates that come back are near those."""
    data, carried = read_baseline(built[0]), read_baseline("norway2026").sel(variant=["2024-MMMM"])
    years = slice(2026, 2049)
    ours, theirs = (each.sel(year=years) for each in (data, carried))
    np.testing.assert_allclose(ours["total_fertility_rate"], theirs["total_fertility_rate"], atol=0.01)
    net = [each["net_international_migration"].sum(("sex", "age_end_of_year")).values for each in (ours, theirs)]
    np.testing.assert_allclose(net[0], net[1], rtol=0.08)
    old = {"age": slice(70, 95)}
    np.testing.assert_allclose(ours["death_prob"].sel(old), theirs["death_prob"].sel(old), rtol=0.06)


def test_the_municipal_estimates_are_those_of_the_calibration_on_the_stored_history(
    built: tuple[Path, list[str]],
) -> None:
    data, carried = read_baseline(built[0]), read_baseline("norway2026")
    for name in ("fertility_factor", "net_migration_deviation"):
        ours, theirs = data[name].values.ravel(), carried[name].values.ravel()
        assert np.corrcoef(ours, theirs)[0, 1] > 0.98
        assert not np.array_equal(ours, theirs)
    assert "estimated from registered population" in tomllib.loads(
        (built[0] / "source.toml").read_text(encoding="utf-8")
    )["files"]["estimates.nc"]["origin"]  # fmt: skip


def test_unit_costs_rest_on_the_stored_accounts(built: tuple[Path, list[str]]) -> None:
    """Twice the spending in the store is twice the unit cost; the newest accounts that are final are taken."""
    data, carried = read_baseline(built[0]), read_baseline("norway2026")
    assert data["accounts"].attrs["preliminary"] == ""
    options = CostOptions(kostra_year=2024)
    ours, theirs = (derive_unit_cost(each, options, 2026) for each in (data, carried))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)
    newest = derive_unit_cost(data, CostOptions(), 2026)
    of_2025 = derive_unit_cost(carried, CostOptions(kostra_year=2025), 2026)
    municipal = newest["level"].values == "municipal"
    np.testing.assert_allclose(newest[municipal], of_2025[municipal], rtol=1e-3)
    doubled = data.assign(accounts=(2 * data["accounts"]).assign_attrs(data["accounts"].attrs))
    twice = derive_unit_cost(doubled, options, 2026)
    np.testing.assert_allclose(twice[municipal], 2 * ours[municipal])
    np.testing.assert_allclose(twice[~municipal], ours[~municipal])


def test_preliminary_accounts_are_told_and_not_taken(inputs: BuildInputs, recipe: Path, tmp_path: Path) -> None:
    assert _final("2026-06-20", 2025, "06-01")
    assert not _final("2026-03-15", 2025, "06-01")
    assert not _final("", 2025, "06-01")
    march = {**inputs.origins["kostra-functions"], "date": "2026-03-16T07:00:00Z"}
    early = {**inputs.origins, "kostra-functions": march}
    arrays = {name: array for name, array in inputs.arrays.items() if name not in ("population_history", "life-table")}
    made = build_fresh(2026, tmp_path / "early", inputs=BuildInputs(arrays, early, {}, inputs.about), recipe=recipe)
    data = read_baseline(tmp_path / "early")
    assert data["accounts"].attrs["preliminary"] == "2025"
    plain, of_2024 = (derive_unit_cost(data, CostOptions(kostra_year=year), 2026) for year in (None, 2024))
    np.testing.assert_array_equal(plain, of_2024)
    of_2025 = derive_unit_cost(data, CostOptions(kostra_year=2025), 2026)
    assert "grunnskole: published; the entry was never checked against a real answer; preliminary" in (
        of_2025.attrs["confidence"]
    )  # fmt: skip
    assert made.carried["municipal estimates"]["derivation"].startswith("no history is stored or given")
    assert "no life table is stored" in str(made.carried["mortality"]["derivation"])


def test_the_source_names_every_vintage_with_the_digest_of_each_answer(
    built: tuple[Path, list[str]], filled: Store
) -> None:
    source = tomllib.loads((built[0] / "source.toml").read_text(encoding="utf-8"))
    named = source["vintages"]
    assert {
        "population", "population_history", "population-country-history", "life-table", "fertility", "immigration",
        "projection-2024-counties", "kostra-functions", "kostra-services", "municipality-codes",
    } <= set(named)  # fmt: skip
    for entry in named.values():
        vintage = filled.get(entry["sha256"])
        assert entry["answers"] == [answer["sha256"] for answer in vintage.answers]
        assert all(DIGEST.match(answer) for answer in entry["answers"])
        assert "never checked against a real answer" in entry["confidence"]
        assert entry["used_for"]
    assert {"mortality_decline", "refugees", "cost_keys", "fertility_schedule"} <= set(source["carried"])
    assert "municipal estimates" not in source["carried"]


def test_what_was_used_and_what_was_carried_is_printed(built: tuple[Path, list[str]]) -> None:
    said = "\n".join(built[1])
    assert "from life-table: table 07902, updated 2026-06-20T06:00:00Z: mortality" in said
    assert "carried over: cost_keys:" in said
    assert "from immigration: table 05426, updated 2026-06-20T06:00:00Z: comparison with the residual" in said


def test_a_run_stores_what_it_was_made_from_and_tells_it_when_the_data_set_is_gone(
    built: tuple[Path, list[str]], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(built[0], tmp_path / "mine"))
    text = embedded("scenarios", "mars2026.toml").read_text(encoding="utf-8")
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(text.replace('baseline = "norway2026"', 'baseline = "mine"'), encoding="utf-8")
    result = run(scenario)
    population = result.projection["population"].sel(date=2036)
    embedded_run = run(embedded("scenarios", "mars2026.toml"))
    shift = float(population.sum() / embedded_run.projection["population"].sel(date=2036).sum() - 1)
    assert abs(shift) < 0.004
    write_result(tmp_path / "result.nc", result.dataset, "run", result.assumptions)
    shutil.rmtree(folder)
    told = origins(read_result(tmp_path / "result.nc"))
    source = tomllib.loads((built[0] / "source.toml").read_text(encoding="utf-8"))
    by_name = {origin.what: origin for origin in told}
    assert by_name["mine/baseline.nc"].digest == source["files"]["baseline.nc"]["sha256"]
    for name, entry in source["vintages"].items():
        assert by_name[f"mine/vintage: {name}"].digest == entry["sha256"]
        assert by_name[f"mine/vintage: {name}"].date == entry["date"]
    assert "mine/carried: refugees" in by_name
    assert any(origin.what.startswith("facts/") for origin in told)
    stored = json.loads(read_result(tmp_path / "result.nc").attrs["sources"])
    assert len(stored) == sum(len(source[group]) for group in ("files", "vintages", "carried"))


def test_the_embedded_data_set_is_named_in_its_results_too() -> None:
    result = run(embedded("scenarios", "mars2026.toml"))
    rows = json.loads(result.assumptions.attrs["sources"])
    assert {"baseline.nc", "estimates.nc", "recipe.toml"} == {row["what"] for row in rows}
    assert all(DIGEST.match(row["digest"]) for row in rows)


def test_another_vintage_is_another_digest(built: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(built[0], tmp_path / "mine"))
    before = read_baseline(folder).attrs["digest"]
    source = (folder / "source.toml").read_text(encoding="utf-8")
    digest = tomllib.loads(source)["vintages"]["life-table"]["sha256"]
    (folder / "source.toml").write_text(source.replace(digest, "0" * 64), encoding="utf-8")
    assert read_baseline(folder).attrs["digest"] != before


def test_klass_must_have_the_same_municipalities_and_counties(inputs: BuildInputs, tmp_path: Path) -> None:
    codes = inputs.arrays["municipality-codes"]
    fewer = BuildInputs({**inputs.arrays, "municipality-codes": codes[codes["code"] != "0301"]}, inputs.origins, {},
                        inputs.about)  # fmt: skip
    with pytest.raises(DemosimError, match=r"Klass 131 and the carried table differ on 0301 \(1\)"):
        prepare_facts(fewer, tmp_path / "a")
    counties = inputs.arrays["municipality-counties"].copy()
    counties[counties["code"] == "1103"] = "99"
    moved = BuildInputs({**inputs.arrays, "municipality-counties": counties}, inputs.origins, {}, inputs.about)
    with pytest.raises(DemosimError, match="puts 1103 into another county"):
        prepare_facts(moved, tmp_path / "b")


def test_a_round_without_an_alternative_of_the_recipe_is_refused(inputs: BuildInputs, tmp_path: Path) -> None:
    entry = "projection-2024-counties"
    arrays = {**inputs.arrays, entry: inputs.arrays[entry].sel(variant=["Personer"])}
    with pytest.raises(DemosimError, match="has no alternative LLML, HHMH"):
        prepare_facts(BuildInputs(arrays, inputs.origins, {}, inputs.about), tmp_path)


def test_facts_are_the_published_figures(inputs: BuildInputs, tmp_path: Path, shared_data: Path) -> None:
    made = prepare_facts(inputs, tmp_path)
    country = read_facts("population_norway", made.folder)
    assert country["year"].min() == 1986
    groups = read_facts("ssb_projections", made.folder)
    carried = read_facts("ssb_projections")
    for launch in (2024, 2026):
        key = ["vintage", "alternative", "year"]
        ours, theirs = (
            table[table["vintage"] == launch].set_index(key).sort_index()[["67-79", "90+", "total"]]
            for table in (groups, carried)
        )
        np.testing.assert_allclose(ours.to_numpy(float), theirs.loc[ours.index].to_numpy(float), rtol=2e-4, atol=60)
    fertility = read_facts("fertility", made.folder)["fertility_rate"].sum()
    rates = np.genfromtxt(shared_data / "fertility_rates_by_year.csv", delimiter=",", names=True)
    assert fertility == pytest.approx(rates["2025"].sum(), rel=1e-6)
    constants = read_facts("vital_constants", made.folder)
    newborn = constants[constants["item"] == "newborn_survival_prob"]
    assert newborn["year"].tolist() == [2025, 2025]
    assert newborn["value"].between(0.99, 1).all()
    profile = read_facts("migration_profiles", made.folder)
    for name in ("ordinary", "ukraine"):
        ours, theirs = (t[[f"{name}_male", f"{name}_female"]].to_numpy() for t in (profile, carried_profiles()))
        assert ours.sum() == pytest.approx(theirs.sum())
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.95


def carried_profiles() -> object:
    return read_facts("migration_profiles")


def test_rounds_of_later_years_are_left_out_and_none_at_all_is_refused(tmp_path: Path) -> None:
    assert list(_recipe(None, 2025, "mine")["rounds"]) == ["2024"]
    assert _recipe(None, 2026, "mine")["first_year"] == 2024
    with pytest.raises(DemosimError, match="no round of projections starts by 2023; rounds 2024, 2026"):
        _recipe(None, 2023, "mine")


def test_the_store_alone_is_not_needed_where_files_give_the_population(
    filled: Store, recipe: Path, tmp_path: Path, shared_data: Path
) -> None:
    """A local file in place of table 07459, and a history file in place of the stored one."""
    data = registered(shared_data).sel(year=2026, drop=True)
    frame = data.rename("value").to_dataframe()[["value"]].reset_index()
    frame.to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "local.toml").write_text(
        "[files.population]\ntitle = \"Own register\"\nunit = \"persons\"\nsource = \"Our own\"\nlicence = \"none\"\n"
        "file = { path = \"people.csv\" }\n[files.population.axes]\nmunicipality = { dim = \"municipality\" }\n"
        "sex = { dim = \"sex\" }\nage = { dim = \"age\", kind = \"age\" }\n",
        encoding="utf-8",
    )  # fmt: skip
    empty = Store(tmp_path / "empty")
    said = build_data_set(
        tmp_path / "own", launch=2026, declaration=tmp_path / "local.toml", recipe=recipe, store=empty,
        history=shared_data / "population_history.nc",
    )  # fmt: skip
    assert any(line.startswith("from population: table people.csv") for line in said)
    assert any("read from population_history.nc, not from the store" in line for line in said)
    built = read_baseline(tmp_path / "own")
    assert float(built["population"].sum()) == pytest.approx(float(data.sum()))
    assert float(abs(built["net_migration_deviation"]).max()) > 0
    rows = json.loads(built.attrs["sources"])
    assert any(row["what"] == "vintage: population" and row["origin"] == "Our own" for row in rows)


def test_an_empty_store_says_what_to_fetch_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="demosim data fetch --table population"):
        build_data_set(tmp_path / "mine", launch=2026, store=Store(tmp_path / "empty"))
    assert not (tmp_path / "mine").exists()
    assert [path.name for path in tmp_path.iterdir()] == []


def test_every_maker_of_the_store_is_one_that_the_build_asks_for(inputs: BuildInputs) -> None:
    assert not inputs.absent.keys() & {"life-table", "fertility", "immigration", "kostra-functions"}
    assert set(MAKERS) == {
        "population", "population-history", "population-country-history", "life-table", "fertility", "immigration",
        "rounds", "kostra", "lists",
    }  # fmt: skip


def split_store(filled: Store, shared: Path, folder: Path) -> Store:
    """A store in which 1508 and 1580 are not known before 2024, when they were 1507."""
    store = Store(folder)
    for name in ("population",):
        MAKERS[name](store, shared)
    data = registered(shared).astype(float)
    both = data.sel(municipality=["1508", "1580"]).sum("municipality")
    early = data["year"] < 2024
    holes = data.where(~(early & data["municipality"].isin(["1508", "1580"])))
    years = [str(year) for year in data["year"].values]
    common = {"Kjonn": ["1", "2"], "Alder": AGES, "ContentsCode": ["Personer1"], "Tid": years}
    towns = [str(code) for code in data["municipality"].values]
    keep(store, "population-history", {"Region": [f"K-{code}" for code in towns], **common},
         holes.transpose("municipality", "sex", "age", "year").values[:, :, :, None, :])  # fmt: skip
    old = both.where(early).transpose("sex", "age", "year").values
    by_code = np.concatenate([holes.transpose("municipality", "sex", "age", "year").values, old[None]])
    keep(store, "population-by-code", {"Region": [*towns, "1507"], **common}, by_code[:, :, :, None, :])
    changes = [{"oldCode": "1507", "newCode": new, "changeOccurred": "2024-01-01"} for new in ("1508", "1580")]
    from stub_norway import keep_list

    keep_list(store, "municipality-changes", {"codeChanges": changes})
    return store


def test_aalesund_and_haram_in_the_whole_country(filled: Store, shared_data: Path, tmp_path: Path) -> None:
    store = split_store(filled, shared_data, tmp_path / "split")
    with pytest.raises(DemosimError, match="1507: is split between 1508, 1580; nothing says how"):
        build_from_store(2026, store)
    weights = read_weights("by-population", 2026, store)
    people = registered(shared_data).sel(year=2026).sum(("sex", "age"))
    share = float(people.sel(municipality="1580") / people.sel(municipality=["1508", "1580"]).sum())
    assert weights["1507"]["1580"] == pytest.approx(share)
    history = build_from_store(2026, store, weights=weights).arrays["population_history"]
    assert not bool(history.isnull().any())
    data = registered(shared_data)
    np.testing.assert_allclose(history.sum("municipality").transpose("sex", "age", "year"), data.sum("municipality"))
    ours = float(history.sel(municipality="1580", year=2023).sum())
    whole = float(data.sel(municipality=["1508", "1580"], year=2023).sum())
    assert ours == pytest.approx(share * whole)
    xr.testing.assert_allclose(
        history.sel(municipality="0301").transpose("sex", "age", "year").drop_vars("municipality"),
        data.sel(municipality="0301").astype(float).drop_vars(["municipality", "municipality_name", "county"]),
        check_dim_order=True,
    )  # fmt: skip
