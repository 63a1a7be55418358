"""Single pages and single figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demosim.errors import DemosimError
from demosim.outputs.export import tables
from demosim.outputs.measures import measures
from demosim.outputs.municipality_page import Comparison, render_page, what_matters
from demosim.outputs.netcdf import write_result
from demosim.outputs.pages import pages
from demosim.outputs.plot import FIGURES, SHAPES, plot
from demosim.outputs.words import Words
from made_up_costs import with_path, with_pressure
from made_up_others import fan, sensitivity, sweep
from made_up_result import norway, small

PNG_SIZE = slice(16, 24)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("results")
    run = with_path(with_pressure(norway(), {"care_under_50": 1.3, "digital": -0.4}))
    staff = run["expenditure_need"].sel(financing="free_income", drop=True) / 800_000
    run = run.assign(full_time_equivalents=staff)
    made = {"run": run, "fan": fan(run), "sensitivity": sensitivity(run), "sweep": sweep(run)}
    for kind, dataset in made.items():
        write_result(folder / f"{kind}.nc", dataset, kind)
    return [folder / f"{kind}.nc" for kind in made]


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_drawn_with_its_text(results: list[Path], tmp_path: Path, figure: str) -> None:
    picture, text = plot(results, figure, tmp_path / "f.svg", place="Stavanger")
    svg = picture.read_text(encoding="utf-8")
    said = text.read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert 'role="img"' in svg
    assert "<desc>" in svg
    assert len(said) > 40
    assert "None" not in said
    assert "nan" not in said


@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize("figure", ["yearly", "map_cost", "scenarios", "pyramid", "path", "fte", "pressure"])
def test_pictures_have_their_shape(results: list[Path], tmp_path: Path, shape: str, figure: str) -> None:
    picture, _ = plot(results, figure, tmp_path / "f.png", shape=shape)
    width, height = np.frombuffer(picture.read_bytes()[PNG_SIZE], dtype=">u4").tolist()
    wanted = SHAPES[shape][0] / SHAPES[shape][1]
    assert width / height == pytest.approx(wanted, rel=0.01)
    assert width >= 1500


def test_a_picture_carries_its_note_and_tells_every_assumption(results: list[Path], tmp_path: Path) -> None:
    picture, _ = plot(results, "pyramid", tmp_path / "f.svg")
    assert "Omriss: 2026" in picture.read_text(encoding="utf-8")
    _, text = plot(results, "tornado", tmp_path / "t.svg")
    said = text.read_text(encoding="utf-8")
    assert "Netto innvandring, personer per år (−10\xa0000 / +12\xa0345): −40,0 (Virkning av lav), 45,0" in said
    assert "Fertility <1>" in said


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"figure": "pyramide"}, 'did you mean "pyramid"'), ({"place": "Stavangr"}, 'did you mean "stavanger"'),
        ({"shape": "round"}, "not drawn round"), ({"output": "f.gif"}, "not a form"),
        ({"figure": "scenarios"}, "do not fill"),
    ],
)  # fmt: skip
def test_wrong_figures_are_told(results: list[Path], tmp_path: Path, keys: dict[str, str], match: str) -> None:
    asked = {"figure": "yearly", "place": "country", "shape": "wide", "output": "f.svg", **keys}
    output = tmp_path / asked.pop("output")
    with pytest.raises(DemosimError, match=match) as caught:
        plot(results[:1], asked.pop("figure"), output, **asked)  # type: ignore[arg-type]  # names are options
    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_lacks_its_result_names_the_command(results: list[Path], tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match="demosim fan FILE"):
        plot(results[:1], "fan", tmp_path / "f.svg")


def test_pages_are_taken_up_where_they_ended(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", small())
    seen: list[tuple[int, int]] = []
    first = pages(tmp_path / "run.nc", tmp_path / "out", progress=lambda *said: seen.append(said))
    assert [path.name for path in first] == ["R1.html", "R2.html", "R3.html", "R4.html"]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    (tmp_path / "out" / "R3.html").unlink()
    (tmp_path / "out" / "R2.html").write_text("kept", encoding="utf-8")
    for name in (".R3.html-abc123.part", ".R4.pdf-abc123.html", ".mine.txt-x.part"):  # of a run that was killed
        (tmp_path / "out" / name).write_text("half", encoding="utf-8")
    pages(tmp_path / "run.nc", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").glob(".*")) == [".mine.txt-x.part", ".pages"]
    assert (tmp_path / "out" / "R2.html").read_text(encoding="utf-8") == "kept"
    assert (tmp_path / "out" / "R3.html").exists()
    assert 'href="R4.html"' in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("change", ["lang", "result"])
def test_pages_of_something_else_are_made_anew(tmp_path: Path, change: str) -> None:
    write_result(tmp_path / "run.nc", small())
    pages(tmp_path / "run.nc", tmp_path / "out")
    (tmp_path / "out" / "R2.html").write_text("old", encoding="utf-8")
    for name in ("notes.txt", "mine.html", "9999.html"):
        (tmp_path / "out" / name).write_text("mine", encoding="utf-8")
    if change == "result":
        write_result(tmp_path / "run.nc", small().assign_attrs(title="Another"))
    pages(tmp_path / "run.nc", tmp_path / "out", lang="nn" if change == "lang" else "nb")
    assert (tmp_path / "out" / "R2.html").read_text(encoding="utf-8") != "old"
    for name in ("notes.txt", "mine.html", "9999.html"):
        assert (tmp_path / "out" / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_a_page_compares_with_class_and_country(lang: str) -> None:
    run = norway()
    comparison = Comparison(measures(run), Words(lang, run))
    text = render_page(comparison, "1151")
    assert f'<html lang="{lang}">' in text
    assert Words(lang, run)("page_matters") in text
    assert text.count("<svg") == 3
    for kind in ("size-0", "country"):
        assert comparison.measures.regions[comparison.numbers[kind]].label(lang) in text
    assert "−" in text


def test_what_matters_names_the_largest_services() -> None:
    run = norway()
    comparison = Comparison(measures(run), Words("en", run))
    at = comparison.numbers["1103"]
    lines = what_matters(comparison, at)
    total = measures(run).accumulated().isel(region=at, budget_year=-1)
    largest = str(total["service"].values[int(np.nanargmax(np.abs(total.values)))])
    assert lines[0].startswith(largest.title())
    assert any("grows most" in line for line in lines)


def test_a_sensitivity_says_what_matters_here(tmp_path: Path) -> None:
    run = norway()
    moved = sensitivity(run).assign(
        municipal_effect_low=(("municipality", "assumption"), [[-1e6, -2e6]]),
        municipal_effect_high=(("municipality", "assumption"), [[1e6, 2.5e6]]),
    )
    comparison = Comparison(measures(run), Words("en", run), moved.assign_coords(municipality=["1103"]))
    lines = what_matters(comparison, comparison.numbers["1103"])
    assert (
        "Sensitive to Netto innvandring, persons per year (−10,000 / +12,345): −2.00 to +2.50 m 2026 NOK in 2027."
        in lines
    )
    assert not any("Sensitive" in line for line in what_matters(comparison, comparison.numbers["1151"]))
    assert "Sensitive to Netto innvandring" in render_page(comparison, "1103")


@pytest.mark.parametrize(
    ("keys", "match"), [({"form": "docx"}, "not written as docx"), ({"municipalities": ["R9"]}, "no municipality")]
)
def test_wrong_pages_are_told(tmp_path: Path, keys: dict[str, object], match: str) -> None:
    write_result(tmp_path / "run.nc", small())
    with pytest.raises(DemosimError, match=match):
        pages(tmp_path / "run.nc", tmp_path / "out", **keys)  # type: ignore[arg-type]  # names are options


def test_every_table_speaks_every_language() -> None:
    for lang in ("nb", "nn", "en"):
        made = {key: make() for key, make in tables(small(), lang=lang).items()}
        assert all(len(row) == len(sheet.columns) for sheet in made.values() for row in sheet.rows)
        assert "2020" in made["yearly_free_income"].subtitle  # prices are always named
