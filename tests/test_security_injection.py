"""Whatever text a user's files hold, it stays text: no formula in a table, no element in a page, no other structure.

Every entry that can hold words holds a trap, and beside it the same country has harmless words of the same length. What
is written from the two must be built alike: the same elements, attributes and cells, whatever the words in them.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
import tomli_w

import made_up
import sweep_country
from demosim.baseline.store import write_data_set
from demosim.cli import main
from demosim.outputs.plot import FIGURES

RISKY = ("=", "+", "-", "@", "\t", "\r")
MARK = "pwn"
PLACES = ("municipality_name", "municipality_name_official", "county", "county_name", "landsdel")
ABOUT = ("title", "country", "currency")
Text = Callable[[], str]


def traps() -> Text:
    """Words that begin a formula, end an attribute, a tag and a script, and fill in a template; each one of its own."""
    number = count()

    def trap() -> str:
        at = next(number)
        begin = f"{RISKY[at % 4]}{MARK}{at}|'/C calc'!A0"
        return f"{begin}\"'><img src=x onerror={MARK}()></script></title>{{{{7*7}}}}&lt;%s"

    return trap


def harmless() -> Text:
    """The same words with letters in the place of signs."""
    make = traps()
    return lambda: "".join(c if c.isalnum() or c in " |" else "x" for c in make())


def write(folder: Path, text: Text) -> None:
    """A country, a scenario and tables, in which every word that a user chooses is one of `text`."""
    country = sweep_country.country(5, last_age=70)  # so that indicators find their ages
    for name in PLACES:
        each = [text() for _ in range(country.sizes["municipality"])]
        if name.startswith("county") or name == "landsdel":
            each[1] = each[0]
        country[name] = ("municipality", each)
    for lang in ("nb", "nn", "en"):
        services = country["unit_cost"].sizes["service"]
        country = country.assign_coords({f"service_label_{lang}": ("service", [text() for _ in range(services)])})
    country = country.assign_attrs({name: text() for name in ABOUT})
    codes = {"variant": ["a-low", text()], "profile": ["ordinary", text()], "settlement": [text(), "population"]}
    country = country.assign_coords({dim: (dim, labels) for dim, labels in codes.items()})
    write_data_set(country, folder / "country", {key: text() for key in made_up.ORIGIN})
    stream = {"profile": codes["profile"][1], "settlement": codes["settlement"][0], "net": {"2020": 40}}
    scenario = {
        "name": "small", "title": text(), "baseline": "country", "variant": "a-low", "horizon": 2026,
        "price_year": 2026, "streams": {"own": stream}, "mortality": {"shock": 1.05},
    }  # fmt: skip
    for name, shock in (("small", 1.05), ("other", 0.9)):
        tree = {**scenario, "name": name, "mortality": {"shock": shock}}
        (folder / f"{name}.toml").write_text(tomli_w.dumps(tree), encoding="utf-8")
    (folder / "borders.json").write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"kommunenummer": f"R{at}", "name": text()}, "geometry": {
            "type": "Polygon", "coordinates": [[[at, 60], [at + 1, 60], [at + 1, 61], [at, 60]]]}}
        for at in range(1, 6)
    ]}), encoding="utf-8")  # fmt: skip
    with (folder / "groups.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(f"R{number}", text()) for number in range(1, 6)]
        csv.writer(file).writerows([("municipality", "group"), *rows])
    with (folder / "changes.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("old", "new", "name"), ("R4", "R9", text()), ("R5", "R9", "")])
    with (folder / "survey.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [("R1", text(), 10, 1.5), ("R2", text(), 20, 3)]
        csv.writer(file).writerows([("municipality", "stratum", "weight", "result"), *rows])


MAKE = [
    "--quiet run small.toml --output small.nc", "--quiet run other.toml --output other.nc",
    "--quiet fan small.toml --draws 16 --output fan.nc", "--quiet sensitivity small.toml --output s.nc",
    "--quiet sweep small.toml --vary fertility.multiplier=0.9:1.1:0.1 --output sweep.nc",
    "--quiet compare small.nc other.nc --output both.nc",
    "--quiet data recode small.nc --changes changes.csv --output new.nc",
]  # fmt: skip
WRITE = {
    "workbook": "export small.nc other.nc fan.nc s.nc --output out.xlsx",
    "workbook of other borders": "export new.nc --output out.xlsx",
    "tables": "export small.nc other.nc fan.nc s.nc --output tables",
    "tables for machines": "export small.nc other.nc fan.nc s.nc --dialect machine --output tables",
    "report": "report small.nc other.nc fan.nc s.nc sweep.nc both.nc --output out.html",
    "report of other borders": "--lang en report new.nc --output out.html",
    "pages": "pages small.nc --output pages",
    "report with borders": "report small.nc --borders borders.json --output out.html",
    "groups": "groups small.nc --by groups.csv --output out.csv",
    "groups of counties": "groups small.nc --by county --output out.csv",
    "another array": "groups small.nc --by landsdel --of births --output out.csv",
    "indicators": "indicators small.nc --by groups.csv --output out.csv",
    "standing": "standing small.nc --output out.csv",
    "room": "room small.nc --growth 0.1 --output out.csv",
}  # fmt: skip
NOT_DRAWN = {"pressure", "path", "fte", "record"}  # of services and records that the made-up country has not
for figure in sorted(set(FIGURES) - NOT_DRAWN):
    more = "--place R2" if figure in ("age_index", "pyramid") else "--borders borders.json"
    WRITE[f"figure {figure}"] = f"plot small.nc other.nc fan.nc s.nc sweep.nc --figure {figure} {more} --output out.svg"
PRINT = [
    "run small.toml --output r.nc", "resolve small.toml", "compare small.nc other.nc --explain",
    "list municipalities --baseline country", "list profiles --baseline country", "list groups --baseline country",
    "show sources country", "show sources small.nc", "survey survey.csv", "sensitivity small.toml --output r.nc",
    "groups small.nc --by groups.csv", "indicators small.nc --by county", "standing small.nc",
    "fan small.toml --draws 16 --municipality R1 --output r.nc",
]  # fmt: skip


def call(line: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(line.split())
    return int(end.value.code or 0)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with results of the country with traps and of the harmless one."""
    folders = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, text in (("traps", traps()), ("harmless", harmless())):
            folders[name] = tmp_path_factory.mktemp(name)
            patch.chdir(folders[name])
            write(folders[name], text)
            for line in MAKE:
                assert call(line) == 0, line
    return folders


class Structure(HTMLParser):
    """Elements with the names of their attributes, in order; scripts and styles by what kind they are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.words: list[str] = []
        self.data: list[str] = []
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(f"<{tag} {' '.join(name for name, _ in attrs)}>")
        self.inside = tag
        for name, value in attrs:
            assert not name.startswith("on"), (tag, attrs)
            assert name not in ("src", "href", "action") or MARK not in (value or ""), (tag, attrs)
        assert tag not in ("iframe", "object", "embed", "base", "form"), tag

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(f"</{tag}>")
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.data.append(data)
        self.words.append(data)


def of_page(path: Path) -> list[str]:
    page = Structure(path.read_text(encoding="utf-8"))
    assert MARK in "".join(page.words), "no entry of ours is shown"
    for data in page.data:
        if MARK in data:
            json.loads(data)  # words of users come into scripts as data only
    return page.elements


def of_xml(path: Path) -> list[str]:
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    assert MARK in "".join(root.itertext())
    return [f"{element.tag} {sorted(element.attrib)}" for element in root.iter()]


def of_table(path: Path) -> list[str]:
    """Which cells of a table hold words, and that none begins a formula."""
    text = path.read_text(encoding="utf-8-sig")
    kinds = []
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.split("\n")[0] else ","):
        for cell in row:
            if not is_number(cell):
                assert not cell.startswith(RISKY), cell
        kinds.append(" ".join("number" if is_number(cell) else "words" for cell in row))
    return kinds


def is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def of_workbook(path: Path) -> list[str]:
    """Kinds of the cells; no formula holds a user's words, nothing leads out of the book, every part is well formed."""
    kinds: list[str] = []
    seen = False
    for sheet in openpyxl.load_workbook(path):
        kinds.append(sheet.title)
        assert MARK not in sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                kinds.append(cell.data_type)
                words = MARK in str(cell.value)
                seen = seen or words
                assert not (words and cell.data_type != "s"), cell.value
                assert cell.hyperlink is None
    assert seen
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            assert "externalLink" not in name
            root = ElementTree.fromstring(book.read(name))
            if name.endswith(".rels"):
                assert not [entry for entry in root if entry.get("TargetMode") == "External"], name
            kinds += [f"{name} {element.tag}" for element in root.iter() if MARK not in (element.text or "")]
    return kinds


KINDS = {".xlsx": of_workbook, ".csv": of_table, ".html": of_page, ".svg": of_xml}


def built(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in KINDS:
            yield path.relative_to(folder).as_posix(), KINDS[path.suffix](path)


@pytest.mark.parametrize("name", WRITE)
def test_words_of_users_change_nothing_but_words(
    both: dict[str, Path], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for kind, folder in both.items():
        out = tmp_path / kind
        out.mkdir()
        monkeypatch.chdir(folder)
        *words, output = WRITE[name].split()
        assert call(" ".join([*words, str(out / output)])) == 0
        found[kind] = dict(built(out))
    assert found["traps"]
    assert found["traps"].keys() == found["harmless"].keys()
    for file, structure in found["traps"].items():
        assert structure == found["harmless"][file], file


@pytest.mark.parametrize("line", PRINT)
def test_words_of_users_steer_no_terminal_and_break_no_json(
    both: dict[str, Path], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(both["traps"])
    assert call(line) == 0
    said = capsys.readouterr().out
    assert all(letter.isprintable() or letter in "\n\u00a0\u202f" for letter in said)
    assert call(f"--json {line}") == 0
    assert json.loads(capsys.readouterr().out)
