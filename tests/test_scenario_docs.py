"""The documentation of scenario files says what the code does.

    python tests/test_scenario_docs.py --write

puts the present table of knobs into it.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from demosim.scenario.describe import knob_rows, knob_table
from demosim.scenario.knobs import list_knobs
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import resolve
from scenario_corpus import baseline

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "scenario-files.md"
KNOBS = re.compile(r"(?<=<!-- knobs -->\n).*?(?=<!-- end of knobs -->)", re.DOTALL)
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
TOP = {"name": "example", "baseline": "norway2026", "variant": "2024-MMMM", "horizon": 2037, "price_year": 2026}


def test_the_table_of_knobs_is_the_present_one() -> None:
    found = KNOBS.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == knob_table()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_scenario(example: str) -> None:
    spec = spec_from({**TOP, **tomllib.loads(example)})
    assert resolve(baseline(spec.baseline), spec).digest


def test_every_knob_is_listed_in_both_languages() -> None:
    for lang in ("en", "nb"):
        rows = knob_rows(lang)
        assert [row.path for row in rows] == [knob.path for knob in list_knobs()]
        assert all(row.text for row in rows)
    tfr = next(row for row in knob_rows("nb") if row.path == "fertility.tfr")
    assert (tfr.path, tfr.unit, tfr.neutral, tfr.low, tfr.high) == ("fertility.tfr", "barn per kvinne", None, 0.3, 5.0)
    dates = [row for row in knob_rows() if row.unit == "date"]
    assert all(row.low is None and row.high is None for row in dates)
    assert [row.absent for row in dates] == ["at once", "never"]
    assert [row.absent for row in knob_rows("nb") if row.unit == ""] == ["straks", "aldri"]
    assert (tfr.absent, knob_rows()[0].absent) == ("datasettets", "the baseline's")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    DOCUMENT.write_text(KNOBS.sub(knob_table(), DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
