"""Code lists of Klass: codes, changes and what belongs where, in the form of its guide."""

from __future__ import annotations

import pytest

from demosim.errors import DemosimError
from demosim.sources.klass import read_changes, read_list
from demosim.sources.recode import from_changes

CHANGES = {
    "codeChanges": [
        {"oldCode": "1507", "newCode": "1508", "newName": "Ålesund", "changeOccurred": "2024-01-01"},
        {"oldCode": "1507", "newCode": "1580", "newName": "Haram", "changeOccurred": "2024-01-01"},
        {"oldCode": None, "newCode": "9999", "changeOccurred": "2024-01-01"},
    ]
}


def test_codes_targets_and_changes() -> None:
    codes = read_list({"codes": [{"code": "1508", "parentCode": None, "level": "1", "name": "Ålesund"}]})
    assert dict(zip(codes["code"].values, codes.values, strict=True)) == {"1508": "Ålesund"}
    pairs = read_list({"correspondenceItems": [{"sourceCode": "1508", "targetCode": "15", "targetName": "Møre"}]})
    assert str(pairs.sel(code="1508").item()) == "15"
    changes = read_list(CHANGES)
    assert changes.values.tolist() == [["1507", "1508", "2024-01-01"], ["1507", "1580", "2024-01-01"]]
    assert read_list({"codeChanges": []}).shape == (0, 3)
    mapped = read_list(
        {"values": [{"code": "K-0110", "valueMap": ["0101", "0102"]}, {"code": "K-0201", "valueMap": None}]}
    )
    assert mapped.values.tolist() == [["0101", "0110", ""], ["0102", "0110", ""]]


def test_changes_make_a_recoding() -> None:
    recoding = from_changes(read_changes(CHANGES), {"1507": {"1508": 0.9, "1580": 0.1}})
    assert recoding.splits == {"1507": {"1508": 0.9, "1580": 0.1}}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"codeChanges": "none"},
        {"codeChanges": [{"oldCode": "1"}]},
        {"codes": [{}]},
        {"values": [{"code": "1"}]},
        {"correspondenceItems": [1]},
    ],
)
def test_another_form_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DemosimError, match="does not list"):
        read_list(wrong)
