"""Rules of the house that a reading of the source can check: reasons, encodings, what Windows has, no litter."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from conftest import ROOT
from house import BENCHMARKS, PACKAGE, SOURCE, TESTS, calls, code_lines, comments, imports, name, tracked, tree

EVERY = [*SOURCE, *TESTS, *BENCHMARKS]

# What only POSIX has, as attributes and as modules. A use is allowed where the line before it asks for the system.
POSIX_CALLS = {
    "os.fork", "os.getuid", "os.geteuid", "os.getgid", "os.setsid", "os.kill", "os.killpg", "os.chown", "os.mkfifo",
    "os.symlink", "os.link", "os.nice", "os.getloadavg", "os.sched_getaffinity", "os.uname", "os.umask",
    "os.O_DIRECTORY", "signal.SIGKILL", "signal.alarm", "signal.SIGALRM", "time.tzset",
}  # fmt: skip
POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix", "crypt"}
GUARDED = {"outputs/browser.py": {"os.getuid"}}  # behind `os.name == "nt" or`
TEST_RATIO = 1.0


def exceptions(path: Path) -> list[tuple[int, str]]:
    """Comments that turn a check off, from the mark on."""
    if not re.search("noqa|type: ?ignore|pragma", path.read_text(encoding="utf-8")):
        return []  # reading tokens is slow
    marks = r"#\s*(?:noqa|type:\s*ignore|pragma:).*"
    return [(line, found[0]) for line, text in comments(path) if (found := re.search(marks, text))]


def test_every_exception_from_a_check_has_its_reason_beside_it() -> None:
    bare = [
        f"{name(path)}:{line}: {text}"
        for path in EVERY
        for line, text in exceptions(path)
        if not re.search(r"\]?\s+#\s*\w.{5,}", text)
    ]
    assert bare == []


def test_every_exception_names_what_it_lets_through() -> None:
    sweeping = [
        f"{name(path)}:{line}: {text}"
        for path in EVERY
        for line, text in exceptions(path)
        if not re.match(r"#\s*(?:noqa: [A-Z]+\d+|type: ignore\[[a-z-]+\]|pragma: no cover)", text)
    ]
    assert sweeping == []


def test_every_exception_in_the_settings_has_its_reason_beside_it() -> None:
    bare = []
    for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        if re.match(r'\s*("[A-Z]+\d+"|\w+ = false|ignore_\w+ = true|omit)', line) and "#" not in line:
            bare.append(line)
    assert bare == []


def test_every_text_file_is_opened_with_its_encoding_named() -> None:
    """A Windows console's own encoding is not UTF-8."""
    silent = []
    for path in EVERY:
        for called, node in calls(path):
            if not _is_text(called, node):
                continue
            words = {keyword.arg for keyword in node.keywords}
            if "encoding" not in words and None not in words:
                silent.append(f"{name(path)}:{node.lineno}: {called}")
    assert silent == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("open('a')", True), ("path.open()", True), ("path.open('rb')", False), ("path.open(mode='w')", True),
        ("a.b().open('rb+')", False), ("path.read_text()", True), ("tab.open(page)", False),
        ("webbrowser.open()", False),
    ],
)  # fmt: skip
def test_what_opens_text_is_told_from_what_does_not(code: str, text: bool, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(code, encoding="utf-8")
    assert next(_is_text(*call) for call in calls(file)) is text


def _is_text(called: str, node: ast.Call) -> bool:
    """Whether a call opens, reads or writes a text file (or runs a program and reads its text)."""
    last = called.rpartition(".")[2]
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if last in ("read_text", "write_text"):
        return isinstance(node.func, ast.Attribute)
    if last != "open" or called in ("webbrowser.open", "os.open"):
        return False
    modes = [*node.args, *([keywords["mode"]] if "mode" in keywords else [])]
    words = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
    mode = [word for word in words if re.fullmatch("[rwaxbt+]{1,3}", word)]
    return "b" not in mode[0] if mode else not node.args or called == "open"


# Where files are written that no reader sees yet.
UNSEEN = {
    "outputs/seal.py": "adds to a file that is not in its place yet",
    "sources/fresh_tables.py": "facts for one build, thrown away after it",
    "sources/history.py": "made in a folder of its own, from which `replacing` takes them",
}  # fmt: skip
WRITING = {"write_text", "write_bytes", "to_netcdf", "to_csv", "copyfile", "copy2", "copytree", "savez"}


def unguarded(path: Path) -> list[str]:
    """Calls that write a file outside a block of `replacing` or `replacing_folder`."""
    inside: set[ast.AST] = set()
    for block in ast.walk(tree(path)):
        if isinstance(block, ast.With) and any("replacing" in ast.unparse(item.context_expr) for item in block.items):
            inside |= set(ast.walk(block))
    found = []
    for called, node in calls(path):
        last = called.rpartition(".")[2]
        modes = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        opens = last == "open" and any(re.fullmatch("[wax]b?", mode) for mode in modes)
        own = called == "write_text"  # that of `files`, which replaces
        text = last == "to_csv" and not node.args  # gives the text back
        if (last in WRITING or opens) and node not in inside and not own and not text:
            found.append(f"{name(path)}:{node.lineno}: {called}")
    return found


def test_every_file_is_written_beside_and_moved_into_place() -> None:
    found = {path.relative_to(PACKAGE).as_posix(): unguarded(path) for path in SOURCE}
    assert {place: calls for place, calls in found.items() if calls and place not in UNSEEN} == {}
    assert all(found[place] for place in UNSEEN), "an exception that nothing needs"


@pytest.mark.parametrize(("code", "caught"), [
    ("path.write_text('a')", True), ("with replacing(path) as new:\n    new.write_text('a')", False),
    ("frame.to_csv(path)", True), ("frame.to_csv(index=False)", False), ("open(path, 'wb')", True),
    ("write_text(path, 'a')", False), ("with replacing_folder(a, 'b') as new:\n    copyfile(x, new)", False),
])  # fmt: skip
def test_what_writes_in_the_open_is_told_from_what_does_not(
    code: str, caught: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.py"
    file.write_text(code, encoding="utf-8")
    monkeypatch.setitem(globals(), "name", lambda path: path.name)
    assert bool(unguarded(file)) is caught


def test_nothing_is_asked_that_only_posix_has() -> None:
    asked = []
    for path in SOURCE:
        used = {
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        used = (used & POSIX_CALLS) - GUARDED.get(path.relative_to(PACKAGE).as_posix(), set())
        modules = {module.split(".")[0] for module in imports(path)} & POSIX_MODULES
        asked += [f"{name(path)}: {word}" for word in used | modules]
    assert asked == []


def test_the_guard_of_a_posix_call_stands_on_its_line() -> None:
    for place, names in GUARDED.items():
        lines = (PACKAGE / place).read_text(encoding="utf-8").splitlines()
        for word in names:
            assert all('os.name == "nt" or' in line for line in lines if word in line), place


def test_paths_go_by_pathlib() -> None:
    joined = [
        f"{name(path)}:{node.lineno}: {called}"
        for path in SOURCE
        for called, node in calls(path)
        if called.startswith(("os.path.", "glob."))
    ]
    assert joined == []


def test_every_module_and_every_public_function_says_what_it_does() -> None:
    """But for the compiled inner functions, whose module says it, and knobs, whose label says it."""
    silent = []
    for path in SOURCE:
        if not ast.get_docstring(tree(path)):
            silent.append(name(path))
        if "kernels" in path.parts or path.name.startswith("knobs"):
            continue
        silent += [
            f"{name(path)}: {node.name}"
            for node in tree(path).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_" and not ast.get_docstring(node)
        ]
    assert silent == []


def test_the_tests_are_as_long_as_they_were() -> None:
    """Code of the tests per code of the package, without docstrings, comments and empty lines; one is asked for."""
    ratio = sum(code_lines(path) for path in TESTS) / sum(code_lines(path) for path in SOURCE)
    assert ratio >= TEST_RATIO


def test_no_file_has_the_marks_of_a_merge() -> None:
    marks = re.compile(rb"^(<{7} |>{7} |={7}\r?$)", re.MULTILINE)
    assert [name(path) for path in tracked() if marks.search(path.read_bytes())] == []


def test_no_file_tells_of_the_machine_it_was_made_on() -> None:
    """Paths of one computer say nothing to others; `/tmp`, `/dev` and `/proc` are everywhere."""
    local = re.compile(rb"(?<![\w./:-])/(?:home|Users|root|work|builds|workspace)/[\w.-]+|[A-Z]:\\Users\\")
    told = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8000] and path != Path(__file__).resolve():
            told += [f"{name(path)}: {found!r}" for found in local.findall(content)]
    assert told == []


FOR_TESTS_ONLY = {
    "population_history.nc", "population_norway_1986_2026.csv", "mortality_by_launch_year.csv.gz",
    "fertility_rates_by_year.csv", "ssb_projections_norway.csv", "ssb_projections_municipal.csv.gz",
    "reference_backtest_error_by_size.csv", "municipalities_small.topojson", "07459_2026_all.json.gz",
}  # fmt: skip


def test_no_file_is_one_that_is_for_tests_only(request: pytest.FixtureRequest) -> None:
    """By name, and where the data are at hand by content too."""
    assert [name(path) for path in tracked() if path.name in FOR_TESTS_ONLY] == []
    shared: Path = request.getfixturevalue("shared_data")
    sizes = {path.stat().st_size: path for path in shared.rglob("*") if path.is_file() and "pxweb" not in path.parts}
    twins = [(path, sizes.get(path.stat().st_size)) for path in tracked() if path.stat().st_size]
    assert [name(path) for path, other in twins if other and other.read_bytes() == path.read_bytes()] == []


def test_no_tracked_file_is_large() -> None:
    assert [name(path) for path in tracked() if path.stat().st_size > 2_000_000] == []


def test_no_test_is_marked_to_fail_or_skipped_without_a_word() -> None:
    silent = []
    for path in TESTS:
        for called, node in calls(path):
            if called in ("pytest.skip", "pytest.mark.skip", "pytest.xfail", "pytest.mark.xfail") and not (
                node.args or node.keywords
            ):
                silent.append(f"{name(path)}:{node.lineno}")
    assert silent == []
