"""Every message exists in every language, with the same fields, and is used somewhere."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import demosim
from demosim.outputs.messages import catalogue, message
from demosim.outputs.numbers import LANGUAGES

SOURCE = Path(demosim.__file__).parent
# "message(lang, 'key'", "heads(lang, 'key'", "words('key'", "word('key'", data-t="key", data-label="key"
CALLS = re.compile(
    r"""(?:(?:message|heads)\(\s*[\w.]*lang,\s*|words\(\s*|\bw\(\s*|self\(\s*|word\(\s*|data-t=|data-label=)["']([a-z_0-9]+)["']"""
)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_says_the_same_messages(lang: str) -> None:
    assert set(catalogue(lang)) == set(catalogue("nb"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_messages_have_the_same_fields_in_every_language(lang: str) -> None:
    differing = [key for key in catalogue("nb") if fields(catalogue(lang)[key]) != fields(catalogue("nb")[key])]
    assert differing == []


def test_no_message_is_empty_and_norwegian_differs_from_english() -> None:
    nb, en = catalogue("nb"), catalogue("en")
    assert all(text.strip() for lang in LANGUAGES for text in catalogue(lang).values())
    long = [key for key, text in nb.items() if len(text) > 40]
    assert [key for key in long if nb[key] == en[key]] == []


def used_keys() -> set[str]:
    found: set[str] = set()
    for pattern in ("*.py", "*.html", "*.js"):
        for path in SOURCE.rglob(pattern):
            found |= set(CALLS.findall(path.read_text(encoding="utf-8")))
    return found


def test_every_message_that_is_called_exists() -> None:
    assert len(used_keys()) > 100
    called = {key for key in used_keys() if not key.endswith("_")}  # those go on with a name
    assert sorted(called - set(catalogue("en"))) == []


def test_every_message_is_used() -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for kind in ("*.py", "*.html", "*.js") for path in SOURCE.rglob(kind)
    )
    made_up = (r'f"([a-z_]+_)\{', r"`([a-z_]+_)\$\{", r'"([a-z_]+_)" \+')
    stems = [stem for pattern in made_up for stem in re.findall(pattern, text)]
    unused = [key for key in catalogue("nb") if key not in text and not key.startswith(tuple(stems))]
    assert unused == []


def test_fields_are_filled_in() -> None:
    assert message("nb", "region_size_below", upper="2 000") == "Under 2 000 innbyggere"
