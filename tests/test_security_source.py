"""Nothing in the package runs code from a file: no pickle, no eval, no shell; the network from one room only."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

from conftest import ROOT
from house import PACKAGE, SOURCE, calls, imports, name, tree

RUNS_CODE = {
    "pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib", "code", "codeop", "runpy", "yaml",
    "xml", "lxml", "ctypes", "cffi",
}  # fmt: skip
CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "np.fromregex", "pd.read_pickle", "pd.eval",
    "builtins.eval", "subprocess.getoutput", "subprocess.getstatusoutput", "os.execv", "os.spawnv", "input",
}  # fmt: skip
METHODS = {"to_pickle", "read_pickle", "query", "eval", "dumps_pickle", "create_subprocess_shell"}
NETWORK = {"requests", "urllib3", "socket", "http", "ftplib", "smtplib", "telnetlib", "aiohttp", "httpx"}


def test_nothing_that_runs_code_from_data_is_imported() -> None:
    found = [(name(path), word) for path in SOURCE for word in imports(path) if word.split(".")[0] in RUNS_CODE]
    assert found == []


def test_nothing_that_runs_code_from_text_is_called() -> None:
    found = []
    for path in SOURCE:
        for called, node in calls(path):
            last = called.rpartition(".")[2]
            if called in CALLS or ("." in called and last in METHODS):
                found.append(f"{name(path)}:{node.lineno}: {called}")
    assert found == []


def test_modules_are_imported_by_names_that_the_package_fixes() -> None:
    """`import_module` of a name that a user writes would run what lies in the way."""
    places = {
        path.relative_to(PACKAGE).as_posix()
        for path in SOURCE
        for called, _ in calls(path)
        if called.endswith("import_module")
    }
    assert places == {"__init__.py", "cli/__init__.py", "outputs/library.py"}
    for place, table in (("__init__.py", "_PUBLIC"), ("cli/__init__.py", "COMMANDS")):
        text = (PACKAGE / place).read_text(encoding="utf-8")
        assert "not in " + table in text, "names are looked up in a fixed table first"
    for path in SOURCE:
        for called, node in calls(path):
            if called == "needs":
                assert isinstance(node.args[0], ast.Constant), name(path)


def test_numpy_never_unpickles() -> None:
    """`np.load` and `np.save` say so each time; an array of objects cannot come in."""
    found = []
    for path in SOURCE:
        for called, node in calls(path):
            if called in ("np.load", "np.save", "np.savez", "numpy.load"):
                said = {keyword.arg: keyword.value for keyword in node.keywords}.get("allow_pickle")
                if not (isinstance(said, ast.Constant) and said.value is False):
                    found.append(f"{name(path)}:{node.lineno}")
    assert found == []


def test_programs_are_started_without_a_shell_and_in_one_place() -> None:
    places = [path.relative_to(PACKAGE).as_posix() for path in SOURCE if "subprocess" in imports(path)]
    assert places == ["outputs/browser.py"]
    for path in SOURCE:
        for called, node in calls(path):
            if not called.startswith("subprocess."):
                continue
            words = {keyword.arg: keyword.value for keyword in node.keywords}
            assert "shell" not in words, name(path)


def test_the_network_is_used_by_the_sources_only() -> None:
    """But for the browser, which is spoken to on this machine."""
    rooms = {
        path.relative_to(PACKAGE).parts[0]
        for path in SOURCE
        if {module.split(".")[0] for module in imports(path)} & NETWORK
    }
    assert rooms <= {"sources"}
    speaks = [path.relative_to(PACKAGE).as_posix() for path in SOURCE if "urllib.request" in imports(path)]
    assert speaks == ["outputs/browser.py"]
    addresses = [
        node.value
        for node in ast.walk(tree(PACKAGE / "outputs" / "browser.py"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "://" in node.value
    ]
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)


def test_certificates_are_always_checked() -> None:
    for path in SOURCE:
        for _, node in calls(path):
            for keyword in node.keywords:
                if keyword.arg in ("verify", "check_hostname") and isinstance(keyword.value, ast.Constant):
                    assert keyword.value.value is not False, name(path)
        assert "CERT_NONE" not in path.read_text(encoding="utf-8"), name(path)


def test_pages_are_filled_in_with_escaping_on() -> None:
    made = [
        (path, node) for path in SOURCE for called, node in calls(path) if called.rpartition(".")[2] == "Environment"
    ]
    assert made
    for path, node in made:
        words = {keyword.arg: keyword.value for keyword in node.keywords}
        said = words.get("autoescape")
        assert isinstance(said, ast.Constant), name(path)
        assert said.value is True, name(path)


# Style, picture and the page's own script and data (`embedded_json` escapes them); nothing that a user wrote as it is.
MARKED = {"outputs/municipality_page.py": 2, "outputs/report.py": 1}


def test_what_is_passed_by_the_escaping_is_counted() -> None:
    """Each `Markup` and `|safe` lets text into a page as it is; a new one must be looked at and counted here."""
    texts = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in SOURCE}
    marked = {place: text.count(".Markup") for place, text in texts.items()}
    assert {place: number for place, number in marked.items() if number} == MARKED
    for path in PACKAGE.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape\s+false", text), path.name


def test_an_array_of_objects_is_refused_where_chunks_are_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    from demosim.sweep.store import Store

    folder = tmp_path_factory.mktemp("chunks")
    store = Store(folder, "0" * 64, 1, 64)
    np.save(store.path(0, "need"), np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        store.load(0, "need")


def test_the_page_on_security_is_short_and_says_how_to_report() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    for word in ("Report", "--allow-paths", "pickle", "symbolic link", "sha256"):
        assert word in text
