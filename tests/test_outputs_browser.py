"""The pages as a person uses them, in a headless Chromium; and what axe-core says of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from demosim.outputs.browser import Tab, browser_tab, find_browser
from demosim.outputs.measures import measures
from demosim.outputs.netcdf import write_result
from demosim.outputs.pages import pages
from demosim.outputs.panels import age_index_panel
from demosim.outputs.report import report
from demosim.outputs.rows import describe
from demosim.outputs.words import Words
from made_up_others import fan, sensitivity, sweep
from made_up_result import norway

SCRIPT = "<script>document.body.dataset.evil = 'yes'</script><img src=x onerror=\"document.body.dataset.evil='yes'\">"
TITLE = f"Hovedalternativet {SCRIPT}"

pytestmark = pytest.mark.skipif(find_browser() is None, reason="needs Chromium (Debian: apt install chromium)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the whole country with hostile words everywhere, and two single pages."""
    folder = tmp_path_factory.mktemp("browser")
    run = norway().assign_attrs(title=TITLE, notes=SCRIPT, log={"nb": [SCRIPT]})
    names = run["municipality_name"].values.astype(object)
    names[3] = SCRIPT
    run = run.assign_coords(municipality_name=("municipality", names.astype(str)))
    write_result(folder / "run.nc", run)
    write_result(folder / "fan.nc", fan(run), "fan")
    write_result(folder / "sensitivity.nc", sensitivity(run, SCRIPT), "sensitivity")
    write_result(folder / "sweep.nc", sweep(run), "sweep")
    results = [folder / name for name in ("run.nc", "fan.nc", "sensitivity.nc", "sweep.nc")]
    report(results, folder / "page.html")
    pages(folder / "run.nc", folder / "pages", municipalities=["1103", "1106", "1151"])
    for lang in ("nn", "en"):
        pages(folder / "run.nc", folder / lang, lang=lang, municipalities=["1103", "1151"])
    return folder


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with browser_tab() as opened:
        for domain in ("Runtime", "Log", "Network"):
            opened.call(f"{domain}.enable")
        yield opened


def wait(tab: Tab) -> None:
    """Until every figure is drawn."""
    deadline = time.monotonic() + 60
    while tab.evaluate("document.body.dataset.ready") != "yes":
        assert time.monotonic() < deadline, "the page is not drawn"
        time.sleep(0.05)


def open_page(tab: Tab, path: Path) -> None:
    tab.events.clear()
    tab.open(path)
    if path.name == "page.html":
        wait(tab)


def complaints(tab: Tab, path: Path) -> list[str]:
    """Errors on the console and requests to anything but the page itself."""
    tab.evaluate("0")
    found = []
    for event in tab.events:
        method, said = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown" or (method == "Log.entryAdded" and said["entry"]["level"] == "error"):
            found.append(str(said))
        if method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning"):
            found.append(str(said))
        if method == "Network.requestWillBeSent" and not said["request"]["url"].startswith(("data:", "blob:")):
            url = said["request"]["url"].split("#")[0]
            if url != path.resolve().as_uri():
                found.append(url)
    return found


def pick(tab: Tab, name: str) -> None:
    tab.evaluate(f"""(() => {{
        const select = document.getElementById("place");
        select.value = [...select.options].find((option) => option.textContent === {name!r}).value;
        select.dispatchEvent(new Event("change"));
    }})()""")
    wait(tab)


def search(tab: Tab, words: str) -> None:
    tab.evaluate(f"""(() => {{ const box = document.getElementById("search"); box.value = {words!r};
        box.dispatchEvent(new Event("input")); }})()""")


def first_column(tab: Tab) -> list[str]:
    found: list[str] = tab.evaluate(
        "[...document.querySelectorAll('#municipalities tbody th')].map((cell) => cell.textContent)"
    )
    return found


def test_a_reader_picks_sorts_searches_switches_and_prints(folder: Path, tab: Tab) -> None:
    page = folder / "page.html"
    open_page(tab, page)
    assert tab.evaluate("document.querySelectorAll('.drawing svg').length") == 11
    before = tab.evaluate("document.querySelector('#figure-yearly .drawing').innerHTML")

    pick(tab, "Utsira")
    assert tab.evaluate("document.getElementById('key-heading').textContent") == "Utsira"
    assert tab.evaluate("location.hash") == "#1151"
    assert tab.evaluate("document.querySelector('#figure-yearly .drawing').innerHTML") != before
    assert "Utsira" in tab.evaluate("document.querySelector('#figure-yearly .chart').getAttribute('aria-label')")

    tab.evaluate("document.querySelectorAll('#municipalities thead button')[2].click()")
    smallest = first_column(tab)
    assert (len(smallest), smallest[0]) == (357, "Utsira")
    assert tab.evaluate("document.querySelectorAll('#municipalities th[aria-sort=ascending]').length") == 1
    assert tab.evaluate("document.activeElement.closest('th').cellIndex") == 2
    tab.evaluate("document.querySelectorAll('#municipalities thead button')[2].click()")
    assert first_column(tab)[0] == "Oslo"

    search(tab, "herøy")
    assert sorted(first_column(tab)) == ["Herøy (Møre og Romsdal)", "Herøy (Nordland)"]
    assert tab.evaluate("document.getElementById('found').textContent") == "2 av 357 kommuner vises."

    tab.evaluate("document.querySelector('[data-set=en]').click()")
    wait(tab)
    assert tab.evaluate("document.documentElement.lang") == "en"
    heading = tab.evaluate("document.querySelector('#figure-pyramid h3').textContent")
    assert heading == "Population pyramid 2026 and 2036"
    assert tab.evaluate("getComputedStyle(document.querySelector('header [data-lang=nb]')).display") == "none"
    tab.evaluate("document.querySelector('[data-set=nb]').click()")
    wait(tab)

    pdf = tab.pdf()
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 50_000
    assert complaints(tab, page) == []


def test_every_figure_is_redrawn_for_every_kind_of_place(folder: Path, tab: Tab) -> None:
    open_page(tab, folder / "page.html")
    redrawn = "['yearly', 'accumulated', 'age_index', 'pyramid']"
    drawings = f"{redrawn}.map((key) => document.querySelector(`#figure-${{key}} .drawing`).innerHTML)"
    seen = [tab.evaluate(drawings)]
    for name in ("Stavanger", "Rogaland", "Trøndelag", "3\xa0000–4\xa0999 innbyggere"):
        pick(tab, name)
        now = tab.evaluate(drawings)
        assert all(one != other for before in seen for one, other in zip(before, now, strict=True)), name
        seen.append(now)
        heads = "[...document.querySelectorAll('#figures figure .note')].map((note) => note.textContent)"
        assert sum(name in head for head in tab.evaluate(heads)) >= 5
        assert tab.evaluate("document.getElementById('key-heading').textContent") == name
    fan = tab.evaluate("document.querySelector('#figure-fan').innerText")
    assert "Ikke beregnet for 3\xa0000–4\xa0999 innbyggere." in fan


def test_the_print_repeats_a_header_with_words_on_every_page(folder: Path, tab: Tab) -> None:
    open_page(tab, folder / "page.html")
    tab.call("Emulation.setEmulatedMedia", media="print")
    head = "document.querySelector('#municipalities thead th:nth-child(3)')"
    assert tab.evaluate(f"getComputedStyle({head}.querySelector('button')).display") == "none"
    assert tab.evaluate(f"getComputedStyle({head}.querySelector('span')).display") == "inline"
    assert tab.evaluate(f"{head}.innerText") == "Personer 1.1.2026"
    tab.call("Emulation.setEmulatedMedia", media="")


def test_a_click_on_the_map_picks(folder: Path, tab: Tab) -> None:
    open_page(tab, folder / "page.html")
    place = tab.evaluate("""(() => {
        const mark = document.querySelectorAll('#figure-map_cost .mark-shape path')[5];
        mark.scrollIntoView({ block: "center" });
        const box = mark.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    })()""")
    for kind in ("mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)
    wait(tab)
    assert tab.evaluate("location.hash") not in ("", "#")


def test_the_keyboard_reaches_every_municipality(folder: Path, tab: Tab) -> None:
    open_page(tab, folder / "page.html")
    tab.evaluate("document.querySelectorAll('#municipalities tbody button')[2].focus()")
    for kind in ("rawKeyDown", "char", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    wait(tab)
    assert tab.evaluate("document.getElementById('key-heading').textContent") == "Stavanger"


def test_a_link_opens_the_page_at_a_place(folder: Path, tab: Tab) -> None:
    linked = folder / "page.html"
    tab.call("Page.enable")
    tab.call("Page.navigate", url="about:blank")
    tab.call("Page.navigate", url=linked.resolve().as_uri() + "#county-11")
    time.sleep(1)
    wait(tab)
    assert tab.evaluate("document.getElementById('key-heading').textContent") == "Rogaland"


def test_words_of_a_scenario_do_nothing(folder: Path, tab: Tab) -> None:
    for page in (folder / "page.html", folder / "pages" / "1106.html", folder / "pages" / "index.html"):
        open_page(tab, page)
        if page.name == "page.html":
            tab.evaluate("document.querySelector('[data-set=nn]').click()")
            wait(tab)
        assert tab.evaluate("document.body.dataset.evil") is None
        assert tab.evaluate("document.body.innerText").count("<script>") >= 1
        assert complaints(tab, page) == []


def test_text_alternatives_are_the_same_in_the_page_and_in_python(folder: Path, tab: Tab) -> None:
    open_page(tab, folder / "page.html")
    pick(tab, "Rogaland")
    seen = measures(norway())
    at = next(place for place, region in enumerate(seen.regions) if region.code == "county-11")
    panel, words = age_index_panel(seen), Words("nb", norway())
    ours = describe(panel, panel.labels(words), at, "Rogaland", "nb", words("total"))
    assert tab.evaluate("document.querySelector('#figure-age_index .chart').getAttribute('aria-label')") == ours


def test_a_phone_shows_it_without_scrolling_sideways(folder: Path, tab: Tab) -> None:
    tab.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    for page in (folder / "page.html", folder / "pages" / "1103.html"):
        open_page(tab, page)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.call("Emulation.clearDeviceMetricsOverride")


def axe_source() -> str:
    pytest.importorskip("axe_core_python", reason="needs axe-core (pip install axe-core-python)")
    return files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "lang"),
    [
        ("page.html", "nb"), ("page.html", "nn"), ("page.html", "en"), ("pages/1151.html", "nb"),
        ("pages/index.html", "nb"), ("nn/1103.html", "nn"), ("en/1151.html", "en"),
    ],
)  # fmt: skip
def test_axe_finds_no_barrier(folder: Path, tab: Tab, name: str, lang: str) -> None:
    open_page(tab, folder / name)
    if name == "page.html" and lang != "nb":
        tab.evaluate(f"document.querySelector('[data-set={lang}]').click()")
        wait(tab)
    assert tab.evaluate("document.documentElement.lang") == lang
    tab.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    if name == "page.html":  # a few rows tell as much as 357
        search(tab, "herøy")
    tab.evaluate(axe_source() + "; 0")
    rules = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']"
    run = f"axe.run({{ runOnly: {rules} }})"
    found = tab.evaluate(run + ".then((r) => r.violations.map((v) => v.id + v.nodes[0].html))")
    assert found == []


def test_every_single_page_prints_on_one_sheet(folder: Path) -> None:
    written = pages(folder / "run.nc", folder / "pdf", form="pdf", municipalities=["0301", "1103", "1151"])
    for path in written:
        assert path.read_bytes().count(b"/Type /Page\n") + path.read_bytes().count(b"/Type /Page ") == 1, path.name
