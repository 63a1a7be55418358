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

from demosim.costs.check import check_costs
from demosim.costs.pressure import observed_growth
from demosim.errors import DemosimError
from demosim.scenario.cost_keys import cost_rows
from demosim.scenario.cost_options import Adjustment, OwnGrowth, Pressure
from demosim.scenario.describe import KnobRow, knob_rows, table_of
from demosim.scenario.fiscal_options import FiscalOptions, RefugeeRates
from demosim.scenario.knobs import list_knobs
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import resolve
from scenario_corpus import baseline

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "scenario-files.md"
KNOBS = re.compile(r"(?<=<!-- knobs -->\n).*?(?=<!-- end of knobs -->)", re.DOTALL)
COSTS = re.compile(r"(?<=<!-- cost keys -->\n).*?(?=<!-- end of cost keys -->)", re.DOTALL)
FISCAL = re.compile(r"(?<=<!-- fiscal keys -->\n).*?(?=<!-- end of fiscal keys -->)", re.DOTALL)
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
TOP = {"name": "example", "baseline": "norway2026", "variant": "2024-MMMM", "horizon": 2037, "price_year": 2026}


def test_the_table_of_knobs_is_the_present_one() -> None:
    found = KNOBS.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == table_of(knob_rows())


def test_the_table_of_cost_keys_is_the_present_one() -> None:
    found = COSTS.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == table_of(cost_rows())


def test_the_table_of_fiscal_keys_names_every_key() -> None:
    found = FISCAL.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found is not None
    keys = [name for name in FiscalOptions.model_fields if name != "refugees"]
    keys += [f"refugees.{name}" for name in RefugeeRates.model_fields]
    assert re.findall(r"^\| `fiscal\.([\w.]+)` \| .+ \| .+ \| `demosim \w+` \|$", found[0], re.MULTILINE) == keys


NAMES = {"SERVICE": "grunnskole", "YEAR": "2027", "NAME": "mine"}
TOGETHER = {
    "places": {"kr_per_place": 1.0}, "kr_per_place": {"places": 1.0}, "growth": {"service": "grunnskole"},
    "share": {"service": "grunnskole", "growth": 1.0}, "special_education": {"special_education_share": 0.2},
}  # fmt: skip


def with_cost(path: str, value: float) -> dict[str, object]:
    """A scenario in which the number at a path of the table of cost keys is this one."""
    parts = [NAMES.get(part, part) for part in path.split(".")]
    number = int(value) if parts[-1] == "care_anchor" and value == int(value) else value
    table: dict[str, object] = {parts[-1]: number, **TOGETHER.get(parts[-1], {})}
    for part in reversed(parts[:-1]):
        table = {part: table}
    return {**TOP, **table}


@pytest.mark.parametrize("row", cost_rows(), ids=lambda row: row.path)
def test_the_bounds_of_cost_keys_are_those_of_the_table(row: KnobRow) -> None:
    """What stands in the table is taken, what lies beyond is refused."""
    above_zero = row.low == 0 and row.path.endswith(("places", "kr_per_place", "net_share.SERVICE"))
    for value in (row.low, row.high, row.neutral):
        if value is not None and not (above_zero and value == 0):
            spec_from(with_cost(row.path, float(value)))
    for bound, step in ((row.low, -0.01), (row.high, 0.01)):
        if bound is not None:
            with pytest.raises(DemosimError, match=r"is (below|above|not above|not a whole)"):
                spec_from(with_cost(row.path, bound + step))
    if above_zero:
        with pytest.raises(DemosimError, match="is not above 0"):
            spec_from(with_cost(row.path, 0.0))


def test_every_number_of_the_cost_models_stands_in_the_table() -> None:
    listed = {row.path for row in cost_rows()}
    for model, prefix in (
        (Adjustment, "costs.adjustment.SERVICE."), (Pressure, "costs.pressure."),
        (OwnGrowth, "costs.pressure.growth.NAME."),
    ):  # fmt: skip
        for name in model.model_fields:
            if name not in ("service", "ages", "unit_cost", "growth") or (model is OwnGrowth and name == "growth"):
                assert f"{prefix}{name}" in listed
    assert {"costs.pressure.unit_cost.SERVICE", "costs.pressure.growth.NAME.growth"} <= listed


def test_what_was_observed_stands_beside_the_keys() -> None:
    texts = {row.path.rpartition(".")[2]: row.text for row in cost_rows("en")}
    for item in observed_growth(0.2):
        assert texts[item.kind].endswith(f"{item.yearly * 100:.1f}".replace("-", "−")), item.kind
    both = [cost_rows(lang) for lang in ("en", "nb")]
    assert [row.path for row in both[0]] == [row.path for row in both[1]]
    assert all(one.text != other.text for one, other in zip(*both, strict=True))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_scenario(example: str) -> None:
    spec = spec_from({**TOP, **tomllib.loads(example)})
    assert resolve(baseline(spec.baseline), spec).digest
    check_costs(baseline(spec.baseline), spec)


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
    text = KNOBS.sub(table_of(knob_rows()), DOCUMENT.read_text(encoding="utf-8"))
    DOCUMENT.write_text(COSTS.sub(table_of(cost_rows()), text), encoding="utf-8")
