"""Files that went wrong: good ones with values, keys, tables and bytes changed at random, the same for a seed."""

from __future__ import annotations

import copy
import datetime
import json
import math
import random
from collections.abc import Iterator
from typing import Any

import tomli_w

SCALARS: list[Any] = [
    0, 1, -1, 2, 17, 100, 2026, 2020, -5.5, 0.0, -0.0, 0.5, 1e-320, 1e308, -1e308, math.nan, math.inf, -math.inf,
    2**31, 2**63, 10**40, True, False, "", " ", "x", "0", "0301", "R1", "R2", "C1", "all", "2020", "2020-2024",
    "2024-2020",
    "0+", "1-5", "5-1", "67+", "crisis", "quota", "population", "a-low", "norway2026", "../x", "/etc/passwd",
    "x" * 300, "æøå",
    "\u202e", "a\nb", "=1+1", "<b>", "{0}", "%s", "nan", "\ud7ff", "12,5", "1e5",
    datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1, 12), datetime.time(12), [], {}, [[]], [{}], {"": 1},
    [1, "x"], {"2020": 1}, {"male": 1}, {"male": {"2020": 1.5}}, [1.0, 2.0], {"2020-2024": [1, 2]}, ["R1"], {"R1": 1.0},
]  # fmt: skip
KEYS = [
    "name", "title", "baseline", "variant", "horizon", "price_year", "streams", "municipalities", "control", "costs",
    "sweep", "fertility", "mortality", "migration", "tfr", "multiplier", "mean_age", "decline", "life_expectancy",
    "shock", "net", "deviations", "stock", "timing", "return_rate", "return_from", "return_until", "onward_rate",
    "onward_key", "extra_net", "take_from_others", "profile", "settlement", "population", "ages", "county", "own",
    "bands", "services",
    "price_growth", "adjustment", "male", "female", "2020", "2020-2022", "0+", "R1", "crisis", "path", "file", "axes",
    "checks", "", "x.y", "æ", "__class__", "0",
]  # fmt: skip
SCRAPS = [
    "[", "]", "{", "}", "=", '"', "'", '"""', "'''", ",", ".", "\n", "#", "nan", "inf", "-", "1e999", "0301", "true",
    "[[", "]]", "\\", "ø", "2026", " ", "_", "\t", "\r", "\x00", "\x7f", "\ud7ff", "\ufeff", "\u2028",
    "1979-05-27T07:32:00Z",
    "0x1f", "0b1", ";", "null", "NaN", "<", "&", "99999999999999999999", "\\u0000", "\\ud800",
]  # fmt: skip


def trees(good: list[dict[str, Any]], number: int, seed: int) -> Iterator[dict[str, Any]]:
    """Trees of tables, each a good one with one to four changes."""
    chance = random.Random(seed)
    for _ in range(number):
        tree = copy.deepcopy(chance.choice(good))
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            _change(tree, chance)
        yield tree


def texts(good: list[str], number: int, seed: int) -> Iterator[str]:
    """Texts, each a good one with pieces cut out, doubled, moved, exchanged and put in."""
    chance = random.Random(seed)
    for _ in range(number):
        text = chance.choice(good)
        for _ in range(chance.choice([1, 1, 2, 5])):
            start = chance.randint(0, len(text))
            end = min(len(text), start + chance.choice([0, 1, 1, 5, 40]))
            other, piece = chance.randint(0, len(text)), text[start:end]
            match chance.randrange(5):
                case 0:
                    text = text[:start] + text[end:]
                case 1:
                    text = text[:other] + piece + text[other:]
                case 2:
                    text = text[:start] + chance.choice(SCRAPS) + text[end:]
                case 3:
                    text = text[:start] + chance.choice(SCRAPS) * chance.choice([1, 1, 3, 50]) + text[start:]
                case _:
                    text = text[:end]
        yield text


def binaries(good: list[bytes], number: int, seed: int) -> Iterator[bytes]:
    """Bytes, each of a good file with some changed, cut out or put in."""
    chance = random.Random(seed)
    for _ in range(number):
        content = bytearray(chance.choice(good))
        for _ in range(chance.choice([1, 1, 3, 10])):
            at = chance.randrange(len(content) or 1)
            match chance.randrange(4):
                case 0:
                    content[at : at + 1] = bytes([chance.randrange(256)])
                case 1:
                    del content[at : at + chance.choice([1, 10, 1000])]
                case 2:
                    content[at:at] = chance.randbytes(chance.choice([1, 10]))
                case _:
                    del content[at:]
        yield bytes(content)


def toml(tree: dict[str, Any]) -> str:
    """A tree as TOML; what TOML cannot hold becomes text."""
    return tomli_w.dumps(_plain(tree))


def as_json(tree: dict[str, Any]) -> str:
    """A tree as JSON, with the constants that only Python reads."""
    return json.dumps(tree, default=str, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value if isinstance(value, bool | int | float | datetime.date | datetime.time) else str(value)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with every key or index of it, the inner ones included."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            found.append((value, key))
            found += _places(value[key])
    return found


def _change(tree: dict[str, Any], chance: random.Random) -> None:
    places = _places(tree)
    if not places:
        tree[chance.choice(KEYS)] = chance.choice(SCALARS)
        return
    holder, key = chance.choice(places)
    other_holder, other_key = chance.choice(places)
    match chance.randrange(8):
        case 0 | 1 | 2:
            holder[key] = copy.deepcopy(chance.choice(SCALARS))
        case 3:
            del holder[key]
        case 4:
            holder[key] = copy.deepcopy(other_holder[other_key]) if other_holder is not holder else [holder[key]]
        case 5:
            holder[key] = {chance.choice(KEYS): holder[key]}
        case 6:
            tables = [tree, *(h[k] for h, k in places if isinstance(h[k], dict))]
            chance.choice(tables)[chance.choice(KEYS)] = copy.deepcopy(chance.choice(SCALARS))
        case _:
            if isinstance(holder, dict):
                holder[chance.choice(KEYS)] = holder.pop(key)
            elif isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
                holder[key] = holder[key] * chance.choice([-1, 100, 1e9])
