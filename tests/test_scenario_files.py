"""Scenario files as people write them: the corpus of wrong ones, of right ones, and those that are shipped."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import scenario_corpus as corpus
from conftest import ROOT
from demosim.errors import DemosimError
from demosim.scenario.document import to_toml
from demosim.scenario.read import baseline_location, read_scenario, spec_from
from demosim.scenario.resolve import resolve
from demosim.scenario.syntax import parse_source

SHIPPED = sorted((ROOT / "scenarios").glob("*.toml"))
CODE = re.compile(
    r'(?:(?:report|wrong)\.add\(|refused\(|yield)\s*\(?\s*"([a-z_]+)"|code="([a-z_]+)"|return "([a-z_]+)", '
)


@pytest.mark.parametrize("path", corpus.INVALID, ids=lambda path: path.stem)
def test_a_wrong_file_gives_the_problem_on_its_first_line_and_no_other(path: Path) -> None:
    problems = corpus.problems_of(path)
    assert [corpus.said(problem) for problem in problems] == [corpus.first_line(path)]


def test_every_code_has_a_file_and_every_file_a_code() -> None:
    files = [*(ROOT / "src/demosim/scenario").glob("*.py")]
    files += [ROOT / "src/demosim/costs" / f"{name}.py" for name in ("check", "own", "spread")]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    in_source = {next(filter(None, found)) for found in CODE.findall(source)}
    in_corpus = {corpus.first_line(path).split(": ")[1] for path in corpus.INVALID}
    assert in_source == in_corpus


@pytest.mark.parametrize("path", [*corpus.VALID, *SHIPPED], ids=lambda path: path.stem)
def test_a_right_file_resolves_and_its_resolved_form_is_a_scenario_of_the_same_effect(path: Path) -> None:
    spec = read_scenario(path)
    resolved = resolve(corpus.baseline(spec.baseline), spec)
    again = resolve(corpus.baseline(spec.baseline), spec_from(tomllib.loads(to_toml(resolved.document))))
    assert again.assumptions.identical(resolved.assumptions)
    assert again.digest == resolved.digest
    assert again.document == resolved.document
    assert len(resolved.log["en"]) == len(resolved.log["nb"]) >= 1


def test_the_shipped_scenarios_are_those_promised_and_named_as_their_files() -> None:
    names = {"mars2026", "mmmm2026", "no-ukraine", "ukraine-return", "high", "low"}
    assert {path.stem for path in SHIPPED} == names
    assert {read_scenario(path).name for path in SHIPPED} == names


def test_the_main_scenario_adds_six_thousand_and_changes_nothing_else() -> None:
    def assumptions(name: str):
        spec = read_scenario(ROOT / "scenarios" / f"{name}.toml")
        return resolve(corpus.baseline(spec.baseline), spec).assumptions

    main, without = assumptions("mars2026"), assumptions("no-ukraine")
    stream = (main["stream_inflow"] - main["stream_outflow"]).sel(stream="ukraine").sum(("sex", "age_end_of_year"))
    assert stream.values[0] == pytest.approx(6000.0)
    assert not stream.values[1:].any()
    unchanged = [name for name in without.data_vars if "stream" not in without[name].dims]
    assert all(main[name].identical(without[name]) for name in unchanged)
    assert len(unchanged) == 9
    assert without.sizes["stream"] == 0


def test_all_problems_of_a_pass_are_reported_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    text = (ROOT / "scenarios" / "mars2026.toml").read_text(encoding="utf-8")
    wrong = (
        text.replace("horizon = 2036", "horizon = '2036'")
        .replace("2026 = 6000", "2026 = true")
        .replace("profile", "prof")
    )
    path.write_text(wrong + "\n[fertility]\ntfr = nan\n", encoding="utf-8")
    with pytest.raises(DemosimError) as caught:
        read_scenario(path)
    assert caught.value.exit_code == 2
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["wrong_type", "missing_key", "unknown_key", "wrong_type", "not_finite"]
    lines = [problem.line for problem in caught.value.problems]
    assert lines == sorted(lines)


def test_several_syntax_errors_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    path.write_text('a = 1,5\nb = "x"\nb = "y"\nc = 6 000\n[s\nd = 0301\n[t]\n[t]\n', encoding="utf-8")
    with pytest.raises(DemosimError) as caught:
        read_scenario(path)
    found = [(problem.line, problem.code) for problem in caught.value.problems]
    assert found == [
        (1, "number_form"),
        (3, "duplicate_key"),
        (4, "number_form"),
        (5, "syntax"),
        (6, "unquoted_number"),
        (8, "duplicate_key"),
    ]


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    shutil.copy(ROOT / "scenarios" / "low.toml", tmp_path)
    with pytest.raises(DemosimError, match=r"no such file; in .*: low\.toml"):
        read_scenario(tmp_path / "lo.toml")


def test_an_empty_file_and_one_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_bytes(b"")
    (tmp_path / "large.toml").write_bytes(b"#" * 2_000_001)
    for name, code in (("empty", "empty"), ("large", "binary")):
        with pytest.raises(DemosimError) as caught:
            read_scenario(tmp_path / f"{name}.toml")
        assert caught.value.problems[0].code == code


@pytest.mark.parametrize("written", ["/data/norway", "../norway", "a/../../b", r"C:\data", r"\\server\share", "~/x"])
def test_a_baseline_elsewhere_needs_leave(tmp_path: Path, written: str) -> None:
    path = tmp_path / "elsewhere.toml"
    text = (ROOT / "scenarios" / "low.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('"norway2026"', f"'{written}'"), encoding="utf-8")
    with pytest.raises(DemosimError, match="outside the folder"):
        read_scenario(path)
    assert read_scenario(path, allow_paths=True).baseline == written


def test_a_baseline_is_a_name_or_a_folder_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    text = (ROOT / "scenarios" / "low.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("norway2026", "own-data"), encoding="utf-8")
    assert baseline_location(read_scenario(path)) == "own-data"
    (tmp_path / "own-data").mkdir()
    assert baseline_location(read_scenario(path)) == tmp_path / "own-data"
    path.write_text(text.replace("norway2026", "./own-data"), encoding="utf-8")
    assert baseline_location(read_scenario(path)) == tmp_path / "own-data"


@pytest.mark.parametrize("depth", [21, 200, 480, 3000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ("{a = ", "}")])
def test_nesting_without_end_is_refused(depth: int, begin: str, end: str) -> None:
    with pytest.raises(DemosimError, match="nested too deep"):
        parse_source(f"deep = {begin * depth}1{end * depth}\n")


def test_a_table_that_stands_in_two_places_is_read_in_both() -> None:
    stream = {"profile": "ukraine", "settlement": "refugees", "net": 10}
    tree = {"name": "x", "baseline": "norway2026", "variant": "2024-MMMM", "horizon": 2030, "price_year": 2026}
    spec = spec_from({**tree, "streams": {"one": stream, "two": stream}})
    assert spec.knobs.keys() == {"streams.one.net", "streams.two.net"}
    assert stream["net"] == 10


TEXTS = [path.read_text(encoding="utf-8-sig") for path in [*SHIPPED, *corpus.VALID]]
SCRAPS = [
    "[",
    "]",
    "{",
    "}",
    "=",
    '"',
    "'",
    '"""',
    ",",
    ".",
    "\n",
    "#",
    "nan",
    "-",
    "1e999",
    "0301",
    "true",
    "[[",
    "\\",
    "ø",
    "2026",
    "x",
    " ",
    "_",
    "\t",
    "\r",
    "\x00",
    "\ud7ff",
    "[streams]\n",
    "[costs]\n",
    "net = 5\n",
    "1979-05-27T07:32:00Z",
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A good scenario file with pieces cut out, doubled, moved and put in."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        other = draw(st.integers(0, len(text)))
        change = draw(st.sampled_from(["cut", "double", "move", "put", "put"]))
        piece = text[start:end]
        if change == "put":
            text = text[:start] + draw(st.sampled_from(SCRAPS)) + text[start:]
        elif change == "double":
            text = text[:other] + piece + text[other:]
        else:
            text = text[:start] + text[end:]
            if change == "move":
                text = text[:other] + piece + text[other:]
    return text


def error_of(path: Path) -> DemosimError | None:
    """What reading and resolving a file gives, other than success."""
    try:
        resolve(corpus.baseline("norway2026"), read_scenario(path))
    except DemosimError as error:
        return error
    return None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=damaged())
def test_a_damaged_file_gives_problems_and_never_a_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "damaged.toml"
    path.write_bytes(text.encode("utf-8"))
    error = error_of(path)
    if error is None:
        return
    assert error.exit_code == 2
    assert error.problems
    for problem in error.problems:
        assert problem.file == str(path)
        assert problem.code != "error"
        assert "\n" not in str(problem)
        assert problem.line is None or 1 <= problem.line <= text.count("\n") + 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_give_problems_and_never_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bytes.toml"
    path.write_bytes(content)
    with pytest.raises(DemosimError):
        read_scenario(path)
