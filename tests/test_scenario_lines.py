"""On which line each key stands."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenario_corpus as corpus
from conftest import ROOT
from demosim.scenario.syntax import parse_source
from demosim.scenario.toml_lines import scan_lines

TEXT = '''# comment
name = "x"  # [not.a.table]
title = """
one = 1
"""
literal = \'\'\'
[two]\'\'\'
"quoted key".'and another' = 1
[streams."the first"]
net = { 2026 = 1, 2027 = { deep = 2 } }
list = [
  "a",
  # between
  { inside = 1 },
]
[[control]]
ages = "80+"
[[control]]
ages = "0-5"
[control.sub]
x = 1
'''


def test_lines_of_every_form() -> None:
    lines = scan_lines(TEXT)
    expected = {
        ("name",): 2,
        ("title",): 3,
        ("literal",): 6,
        ("quoted key", "and another"): 8,
        ("streams", "the first"): 9,
        ("streams", "the first", "net", "2026"): 10,
        ("streams", "the first", "net", "2027", "deep"): 10,
        ("streams", "the first", "list", 0): 12,
        ("streams", "the first", "list", 1, "inside"): 14,
        ("control", 0): 16,
        ("control", 0, "ages"): 17,
        ("control", 1, "ages"): 19,
        ("control", 1, "sub", "x"): 21,
    }
    assert {path: lines.line(path) for path in expected} == expected
    assert lines.complete
    assert not lines.again


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    lines = scan_lines(TEXT)
    assert lines.line(("streams", "the first", "profile")) == 9
    assert lines.line(("streams",)) == 9
    assert lines.line(("nothing",)) is None


def test_what_is_written_twice_is_noted_with_both_lines() -> None:
    lines = scan_lines("a = 1\n[s.x]\nb = 1\na = 2\n[s.x]\n[t]\nb.c = 1\nb = 2\n")
    assert lines.again == [(("s", "x"), 5), (("t", "b"), 8)]
    assert lines.at["s", "x"] == 2


def test_text_that_is_not_toml_ends_the_scan_where_it_is() -> None:
    lines = scan_lines("a = 1\nb = \n[c")
    assert not lines.complete
    assert lines.at == {("a",): 1, ("b",): 2}
    assert lines.last == 2


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every key path of a tree."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, below in items for found in [(*path, key), *paths_of(below, (*path, key))]]


@pytest.mark.parametrize(
    "file", [*corpus.VALID, *sorted((ROOT / "scenarios").glob("*.toml"))], ids=lambda file: file.stem
)
def test_every_key_of_real_files_has_a_line_on_which_it_stands(file: Path) -> None:
    text = file.read_text(encoding="utf-8-sig")
    written = text.split("\n")
    lines = scan_lines(text)
    for path in paths_of(tomllib.loads(text)):
        assert path in lines.at
        if isinstance(path[-1], str):
            assert path[-1] in written[lines.at[path] - 1]


keys = st.sampled_from(["a", "b-1", '"c d"', "'e.f'", '"\\u00f8"', "7"])
values = st.recursive(
    st.sampled_from(["1", '"x"', "'[y]'", '"""\nz=1\n"""', "1979-05-27", "true", '"#"', "-1e3"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ",\n".join(items) + "\n]")
        | st.dictionaries(keys, inner, max_size=3).map(
            lambda d: "{" + ", ".join(f"{k} = {v}" for k, v in d.items()) + "}"
        )
    ),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(["", "[t1]", "[t2.x]", "[[t3]]"]), keys, values), max_size=8))
def test_whatever_the_reader_takes_the_scanner_places(statements: list[tuple[str, str, str]]) -> None:
    text = "".join(f"{header}\n{key} = {value}\n" for header, key, value in statements)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = scan_lines(text)
    assert lines.complete
    assert set(paths_of(tree)) == set(lines.at)


def test_the_source_keeps_lines_of_the_text_as_written() -> None:
    source = parse_source("\na = 1\n\nb = 2\n", "somewhere.toml")
    assert source.tree == {"a": 1, "b": 2}
    assert (source.lines.line(("a",)), source.lines.line(("b",)), source.file) == (2, 4, "somewhere.toml")
