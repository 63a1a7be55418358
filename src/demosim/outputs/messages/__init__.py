"""What a reader sees, by id and language: one catalogue in TOML for each language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All messages of a language by id."""
    return tomllib.loads(files(__name__).joinpath(f"{lang}.toml").read_text(encoding="utf-8"))


def message(lang: str, key: str, **values: object) -> str:
    """A message in a language, its fields filled in.

    >>> message("en", "total")
    'Total'
    """
    return catalogue(lang)[key].format(**values)


def heads(lang: str, key: str, **values: object) -> list[str]:
    """The heads of a table's columns: a message that parts them by a bar."""
    return message(lang, key, **values).split("|")
