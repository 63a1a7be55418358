"""What tests of commands share: the main scenario, rates and a target of a user, tables read back from JSON."""

from __future__ import annotations

import json

from conftest import ROOT

MARS = ROOT / "scenarios" / "mars2026.toml"
CARE = """
[adult]
2 = 100000
3 = 90000
4 = 80000
5 = 70000
[child]
1 = 50000
2 = 40000
3 = 30000
4 = 20000
5 = 10000
"""


TARGET = """price_year = 2026
[[target]]
name = "a"
low = 1.0
high = 2.0
price_year = 2020
change = "registered 2015"
hold_out = false
"""


def tables(out: str) -> dict[str, dict]:
    return {table["key"]: table for table in json.loads(out)["tables"]}


def rows(table: dict) -> dict[str, list]:
    return {row["label"]: row["values"] for row in table["rows"]}
