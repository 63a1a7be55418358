"""Places, what is counted for them, key figures, maps and borders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from demosim.errors import DemosimError
from demosim.indicators import dependency_ratio
from demosim.outputs.borders import read_borders
from demosim.outputs.maps import class_labels, map_panels, nice_cuts
from demosim.outputs.measures import age_group_cuts, group_labels, measures
from demosim.outputs.places import key_figures, mean_free_income
from demosim.outputs.regions import list_regions, municipality_names, size_class_of
from demosim.outputs.tiles import tile_layout
from demosim.outputs.words import Words, money_decimals
from made_up_result import norway, small, three


def test_regions_of_a_country() -> None:
    regions = list_regions(norway())
    kinds = [region.kind for region in regions]
    assert (kinds[0], kinds.count("county"), kinds.count("landsdel"), kinds.count("municipality")) == (
        "country",
        15,
        5,
        357,
    )
    assert len({region.code for region in regions}) == len(regions)
    labels = [region.label("nb") for region in regions if region.kind == "size"]
    assert labels[0] == "Under 3\u00a0000 innbyggere"
    assert labels[1] == "3\u00a0000–4\u00a0999 innbyggere"
    assert labels[-1] == "50\u00a0000 innbyggere og over"


def test_a_division_with_one_part_is_left_out() -> None:
    assert "landsdel" not in {region.kind for region in list_regions(small())}


def test_names_that_two_share_carry_the_county() -> None:
    names = municipality_names(norway()).values()
    assert {"Herøy (Nordland)", "Herøy (Møre og Romsdal)", "Våler (Østfold)", "Våler (Innlandet)"} <= set(names)
    assert len(set(names)) == 357


def test_names_are_the_numbers_where_a_result_has_none() -> None:
    bare = small().drop_vars(["municipality_name", "county_name", "county", "landsdel"], errors="ignore")
    names = municipality_names(bare)
    assert list(names) == list(names.values()) == bare["municipality"].values.tolist()


def test_without_counties_every_municipality_pays_for_all_services() -> None:
    bare = norway().drop_vars(["county", "county_name", "landsdel"])
    seen = measures(bare)
    own = np.array([region.kind == "municipality" for region in seen.regions])
    assert seen.owns_county_services[own].all()
    own = np.array([region.kind == "municipality" for region in measures(norway()).regions])
    assert measures(norway()).owns_county_services[own].sum() == 1  # Oslo is both


def test_size_classes_hold_everybody_once() -> None:
    run = norway()
    codes = size_class_of(run)
    oslo, utsira = (run["municipality"].values.tolist().index(code) for code in ("0301", "1151"))
    assert (codes[oslo], codes[utsira]) == ("size-50000", "size-0")


@pytest.mark.parametrize("run", [small(), three(), norway()], ids=["small", "three", "norway"])
def test_parts_of_the_country_add_up(run: xr.Dataset) -> None:
    seen = measures(run)
    persons = seen.population.values
    for kind in ("county", "landsdel", "size", "municipality"):
        rows = [at for at, region in enumerate(seen.regions) if region.kind == kind]
        if rows:
            assert np.allclose(persons[rows].sum(0), persons[0], rtol=1e-12)
    assert np.allclose(seen.age_groups.sum("group").values, persons, rtol=1e-12)
    assert np.allclose(seen.pyramid.sum(("sex", "group")).values, persons[:, [0, -1]], rtol=1e-12)


def test_counties_pay_for_county_services_and_municipalities_do_not() -> None:
    seen = measures(norway())
    place = {region.code: at for at, region in enumerate(seen.regions)}
    college = seen.yearly().sel(service="college").values
    counties = [at for code, at in place.items() if code.startswith("county-")]
    assert np.allclose(college[counties].sum(0), college[place["country"]], rtol=1e-9)
    assert np.isfinite(college[place["0301"]]).all()  # a municipality that is a county
    assert np.isnan(college[place["1103"]]).all()
    assert np.isnan(college[place["size-0"]]).all()


def test_dependency_ratio_is_that_of_the_indicators() -> None:
    seen = measures(norway())
    own = [at for at, region in enumerate(seen.regions) if region.kind == "municipality"]
    assert np.allclose(seen.dependency_ratio.values[own], dependency_ratio(norway())["dependency_ratio"].values)


def test_age_groups_follow_the_ages_of_the_data() -> None:
    assert age_group_cuts(three()) == [0, 20, 45, 80]
    assert group_labels([0, 20, 45, 80], 85) == ["0–19", "20–44", "45–79", "80+"]
    assert group_labels(age_group_cuts(norway()), 105)[:3] == ["0", "1–5", "6–12"]


def test_key_figures_rank_and_share() -> None:
    seen = measures(norway())
    figures = key_figures(seen)
    own = np.array([region.kind == "municipality" for region in seen.regions])
    assert sorted(figures.rank[own]) == list(range(1, 358))
    assert set(figures.rank[~own]) == {0}
    best = int(np.flatnonzero(figures.rank == 1)[0])
    assert figures.accumulated_per_head[best] == figures.accumulated_per_head[own].max()
    assert figures.income_share[best] == pytest.approx(figures.accumulated_per_head[best] / (78_932 * 1.041), rel=1e-12)


def test_free_income_is_for_norway_only_and_in_the_price_year() -> None:
    assert mean_free_income(small()) is None
    assert mean_free_income(norway().assign_attrs(price_year=2024)) == pytest.approx(78_932 / 1.047)
    assert mean_free_income(norway().assign_attrs(price_year=2050)) is None
    assert np.isnan(key_figures(measures(small())).income_share).all()


def test_own_free_income_is_used_where_it_is_known() -> None:
    run = small()
    income = xr.DataArray(np.full(4, 1e6), {"municipality": run["municipality"].values})
    figures = key_figures(measures(run.assign(free_income=income)))
    assert figures.income_share[0] == pytest.approx(figures.accumulated[0] / 4e6)


def test_tiles_keep_neighbours_near() -> None:
    """Every municipality has a square of its own, and the five nearest lie within two squares on the average."""
    codes = [str(code) for code in norway()["municipality"].values]
    layout = tile_layout(codes)
    assert len(set(layout.values())) == 357
    from demosim.baseline.read import read_facts

    points = read_facts("municipality_points").set_index("municipality").loc[codes]
    east = points["longitude"].to_numpy() * np.cos(np.radians(65))
    true = np.hypot(
        east[:, None] - east, np.subtract.outer(points["latitude"].to_numpy(), points["latitude"].to_numpy())
    )
    squares = np.array([layout[code] for code in codes], dtype=float)
    apart = np.hypot(*(np.subtract.outer(squares[:, at], squares[:, at]) for at in (0, 1)))
    near = np.argsort(true, axis=1)[:, 1:6]
    assert np.take_along_axis(apart, near, axis=1).mean() < 1.6
    assert layout["0301"][1] > layout["5601"][1]  # Oslo lies south of Alta


def test_places_that_are_not_known_have_no_map() -> None:
    assert tile_layout(["R1"]) == {}
    assert map_panels(measures(small())) == []


def test_classes_of_the_maps() -> None:
    panels = {panel.key: panel for panel in map_panels(measures(norway()))}
    high = panels["map_dependency_first"]
    ratio = dependency_ratio(norway())["dependency_class"].isel(date=0).values
    assert np.array_equal(high.classes, ratio)
    cost = panels["map_cost"]
    assert len(set(cost.classes.tolist())) >= 4
    labels = cost.labels(Words("nb", norway()))
    assert len(labels.series) == max(cost.classes) + 1


@pytest.mark.parametrize(
    ("values", "cuts"),
    [
        ([0, 100], [20.0, 40.0, 60.0, 80.0]),
        ([-1500, 11_000], [0.0, 2000.0, 4000.0, 6000.0, 8000.0, 10_000.0]),
        ([7.0], [7.0]),
    ],
)
def test_cuts_are_round(values: list[float], cuts: list[float]) -> None:
    assert nice_cuts(np.array(values, dtype=float)) == pytest.approx(cuts)


def test_class_labels_use_the_language() -> None:
    assert class_labels([0.95, 1.05], 2, Words("nb", norway()), "figure_class_over") == [
        "Under 0,95", "0,95 til 1,05", "Over 1,05",
    ]  # fmt: skip


def test_money_has_fewer_decimals_the_larger() -> None:
    assert [money_decimals(np.array([value])) for value in (0.1, 50.0, 5000.0, np.nan)] == [2, 1, 0, 2]


SQUARE = [[10.0, 60.0], [11.0, 60.0], [11.0, 61.0], [10.0, 61.0], [10.0, 60.0]]
EAST = [[11.0, 60.0], [12.0, 60.0], [12.0, 61.0], [11.0, 61.0], [11.0, 60.0]]


def geojson() -> dict[str, object]:
    """Two squares, one of them named by a number without its leading zero."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"kommunenummer": 301},
                "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
            },
            {"type": "Feature", "id": "1103", "geometry": {"type": "MultiPolygon", "coordinates": [[EAST]]}},
        ],
    }


def topojson() -> dict[str, object]:
    """The same squares with a shared border, quantized and by differences."""
    arcs = [
        [[100, 0], [0, 100]],
        [[100, 100], [-100, 0], [0, -100], [100, 0]],
        [[100, 100], [100, 0], [0, -100], [-100, 0]],
    ]
    shapes = [
        {"type": "Polygon", "id": "0301", "arcs": [[0, 1]]},
        {"type": "Polygon", "properties": {"id": "1103"}, "arcs": [[-1, -3]]},
    ]
    return {
        "type": "Topology", "arcs": arcs, "transform": {"scale": [0.01, 0.01], "translate": [10.0, 60.0]},
        "objects": {"m": {"type": "GeometryCollection", "geometries": shapes}},
    }  # fmt: skip


def test_borders_of_both_forms_are_the_same(tmp_path: Path) -> None:
    for name, document in (("geo.json", geojson()), ("topo.json", topojson())):
        (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")
    first = read_borders(tmp_path / "geo.json", ["0301", "1103"])
    second = read_borders(tmp_path / "topo.json", ["0301", "1103"])
    for code in ("0301", "1103"):
        points = [{tuple(point) for point in shape[code]["coordinates"][0][0]} for shape in (first, second)]
        assert points[0] == points[1]
        assert len(points[0]) == 4
    everything = np.array([point for shape in first.values() for point in shape["coordinates"][0][0]])
    assert np.ptp(everything, axis=0).max() == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "not TopoJSON or GeoJSON"),
        ('{"type": "FeatureCollection"}', "not TopoJSON"),
        (json.dumps(geojson()), "1106"),
    ],
)
def test_wrong_borders_are_told(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "b.json").write_text(text, encoding="utf-8")
    with pytest.raises(DemosimError, match=match) as caught:
        read_borders(tmp_path / "b.json", ["0301", "1106"])
    assert caught.value.exit_code == 2


def test_published_borders_hold_every_municipality(shared_data: Path) -> None:
    codes = [str(code) for code in norway()["municipality"].values]
    shapes = read_borders(shared_data / "borders" / "municipalities_small.topojson", codes)
    assert len(shapes) == 357
    assert all(shape["coordinates"] for shape in shapes.values())
    panels = map_panels(measures(norway()), shapes)
    assert panels[0].places[0]["geometry"]["type"] == "MultiPolygon"
