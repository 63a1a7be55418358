"""The page: whole, escaped, within its size, and true to the result; what a browser does with it is tested apart."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import ROOT
from demosim.errors import DemosimError
from demosim.outputs.measures import measures
from demosim.outputs.netcdf import write_result
from demosim.outputs.origins import changes
from demosim.outputs.report import embedded_json, report
from demosim.outputs.words import Words
from demosim.run import run as run_scenario
from made_up_others import fan, sensitivity, sweep
from made_up_result import norway, small, three

SCRIPT = "<script>alert('x')</script>"


def data_of(path: Path) -> Any:
    """What the page carries."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the whole country with every kind of result."""
    folder = tmp_path_factory.mktemp("country")
    run = norway()
    write_result(folder / "run.nc", run)
    write_result(folder / "fan.nc", fan(run), "fan")
    write_result(folder / "sensitivity.nc", sensitivity(run), "sensitivity")
    write_result(folder / "sweep.nc", sweep(run), "sweep")
    results = [folder / name for name in ("run.nc", "fan.nc", "sensitivity.nc", "sweep.nc")]
    return report(results, folder / "page.html")


def test_the_whole_country_is_under_three_megabytes(country: Path) -> None:
    assert country.stat().st_size < 3_000_000


def test_nothing_is_fetched(country: Path) -> None:
    """No address of another place in what a browser would load; the policy forbids every other."""
    text = country.read_text(encoding="utf-8")
    head = html.unescape(text[: text.index("<style>")])
    assert "default-src 'none'" in head
    outside = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', outside)
    assert "@import" not in outside
    assert "url(" not in outside


def test_every_figure_is_there(country: Path) -> None:
    data = data_of(country)
    assert [panel["key"] for panel in data["panels"]] == [
        "yearly", "accumulated", "age_index", "pyramid", "fan", "record", "tornado", "scenarios",
    ]  # fmt: skip
    assert [panel["key"] for panel in data["maps"]] == ["map_cost", "map_dependency_first", "map_dependency_last"]
    assert len(data["municipalities"]) == 357
    assert {region["kind"] for region in data["regions"]} == {"country", "landsdel", "county", "size", "municipality"}


def test_figures_hold_the_numbers_of_the_result(country: Path) -> None:
    data, run = data_of(country), norway()
    yearly = data["panels"][0]
    at = next(place for place, region in enumerate(data["regions"]) if region["code"] == "4601")
    own = run["demographic_expenditure"].sel(financing="free_income", municipality="4601", service="care") / 1e6
    shown = np.array(yearly["values"][at][yearly["series"].index("care")])
    assert np.allclose(shown, own.values, atol=10.0 ** -yearly["decimals"][at])
    assert yearly["values"][at][yearly["series"].index("college")] == [None] * 10  # the county pays
    oslo = next(place for place, region in enumerate(data["regions"]) if region["code"] == "0301")
    assert None not in yearly["values"][oslo][yearly["series"].index("college")]  # both municipality and county


def test_rounded_parts_add_to_the_rounded_total(country: Path) -> None:
    yearly = data_of(country)["panels"][0]
    total = measures(norway()).yearly().sum("service").values / 1e6
    for at, place in enumerate(yearly["values"]):
        decimals = yearly["decimals"][at]
        parts = np.nansum(np.array(place, dtype=float), axis=0)
        assert np.allclose(parts, total[at], atol=10.0**-decimals), at


def test_absent_results_are_named_with_their_command(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", small())
    text = report([tmp_path / "run.nc"], tmp_path / "page.html", "en").read_text(encoding="utf-8")
    for command in ("demosim fan FILE", "demosim sensitivity FILE", "demosim sweep FILE"):
        assert f"<code>{command}" in text
    assert "demosim --lang en report run.nc --output page.html" in text


def test_two_runs_stand_beside_each_other(tmp_path: Path) -> None:
    write_result(tmp_path / "a.nc", small())
    write_result(tmp_path / "b.nc", small().assign_attrs(scenario="other"))
    data = data_of(report([tmp_path / "a.nc", tmp_path / "b.nc"], tmp_path / "page.html"))
    assert data["panels"][-1]["series"] == ["made-up", "other"]


def test_five_year_ages_and_no_known_places(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", three())
    data = data_of(report([tmp_path / "run.nc"], tmp_path / "page.html"))
    assert data["maps"] == []
    assert data["panels"][0]["words"]["en"]["unit"] == "m 2030 daler"


def test_whatever_a_scenario_says_is_escaped(tmp_path: Path) -> None:
    run = small().assign_attrs(title=SCRIPT, scenario=SCRIPT, notes=SCRIPT, baseline=SCRIPT, log={"nb": [SCRIPT]})
    run = run.assign_coords(municipality_name=("municipality", [SCRIPT, "B", "C", "D"]))
    run = run.assign_coords(service_label_nb=("service", [SCRIPT, *run["service_label_nb"].values[1:]]))
    write_result(tmp_path / "run.nc", run)
    write_result(tmp_path / "s.nc", sensitivity(run, SCRIPT), "sensitivity")
    text = report([tmp_path / "run.nc", tmp_path / "s.nc"], tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert text.count("<script") == 3


def test_borders_are_named_and_squares_are_said_to_be_squares(tmp_path: Path) -> None:
    run = norway().sel(municipality=["0301", "1103"])
    write_result(tmp_path / "run.nc", run)
    ring = [[5.0, 58.0], [6.0, 58.0], [6.0, 59.0], [5.0, 58.0]]
    features = [
        {"type": "Feature", "id": code, "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for code in ("0301", "1103")
    ]
    borders = tmp_path / "<b>.json"
    borders.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    with_borders = report([tmp_path / "run.nc"], tmp_path / "a.html", "en", borders).read_text(encoding="utf-8")
    squares = report([tmp_path / "run.nc"], tmp_path / "b.html", "en").read_text(encoding="utf-8")
    assert "Borders from &lt;b&gt;.json" in with_borders
    assert "--borders &lt;b&gt;.json" in with_borders
    shown = [text.partition('<script type="application/json"')[0] for text in (squares, with_borders)]
    assert ["equally large" in text for text in shown] == [True, False]


def test_the_page_holds_the_scenario_and_the_commands_that_make_it_again(tmp_path: Path) -> None:
    run = small().assign_attrs(document='name = "made-up"\ntitle = "</pre><script>"\n', log='{"en": ["net: 5"]}')
    write_result(tmp_path / "run.nc", run)
    write_result(tmp_path / "fan.nc", fan(run), "fan")
    text = report([tmp_path / "run.nc", tmp_path / "fan.nc"], tmp_path / "p.html", "en").read_text(encoding="utf-8")
    assert "<code>demosim run made-up.toml --output run.nc</code>" in text
    assert "<code>demosim fan made-up.toml --draws 200 --seed 0 --output fan.nc</code>" in text
    assert "Save the text as made-up.toml" in text
    assert "&lt;/pre&gt;&lt;script&gt;" in text
    assert "net: 5" in text


def test_what_a_run_stores_is_a_scenario_of_the_same_digest(tmp_path: Path) -> None:
    done = run_scenario(ROOT / "scenarios" / "ukraine-return.toml")
    dataset = done.dataset
    (tmp_path / "again.toml").write_text(dataset.attrs["document"], encoding="utf-8")
    again = run_scenario(tmp_path / "again.toml")
    assert again.digest == done.digest
    assert np.array_equal(again.dataset["population"].values, dataset["population"].values)
    said = changes(Words("nb", dataset))
    assert any("ukraine" in line for line in said)
    assert any("2024-MMMM" in line for line in said)


def test_json_cannot_end_its_element() -> None:
    text = embedded_json({"a": "</script><!--\u2028"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--\u2028"}


def test_page_and_python_use_the_same_languages(country: Path) -> None:
    data = data_of(country)
    assert set(data["words"]) == {"nb", "nn", "en"}
    assert set(data["words"]["nb"]) == set(data["words"]["en"])


@pytest.mark.parametrize(("name", "match"), [("page.pdf", "ends in .html"), ("page.html", "kind run")])
def test_wrong_requests_are_told(tmp_path: Path, name: str, match: str) -> None:
    write_result(tmp_path / "fan.nc", fan(small()), "fan")
    with pytest.raises(DemosimError, match=match):
        report([tmp_path / "fan.nc"], tmp_path / name)
    assert not (tmp_path / name).exists()
