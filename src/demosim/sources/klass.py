"""Code lists: municipal codes at a date, which codes became which, and which belong where.

Source: the Klass API guide of Statistics Norway (data.ssb.no/api/klass/v1/api-guide.html), where classification 131 is
the municipalities; the codelists of PxWebApi 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from demosim.sources.jsonstat import parse, wrong_form

if TYPE_CHECKING:
    from demosim.sources.http import Transport

KLASS = "https://data.ssb.no/api/klass/v1"


def ask_klass(
    transport: Transport, classification: str, what: str, params: Mapping[str, str], base: str = KLASS
) -> tuple[dict[str, Any], bytes, dict[str, Any]]:
    """A list of a classification (codesAt.json, changes.json or correspondsAt.json): request, body, what it says."""
    url = f"{base}/classifications/{classification}/{what}"
    body, said = transport.ask(url, params, lambda raw: parse(raw, url))
    return {"url": url, "params": dict(params)}, body, said


def read_list(said: Mapping[str, Any], place: str = "answer") -> xr.DataArray:
    """A code list as an array of text: names by code, target by code, or old code, new code and date by change.

    The value map of a PxWebApi codelist is a list of changes without a date.
    """
    for key, code, text in (("codes", "code", "name"), ("correspondenceItems", "sourceCode", "targetCode")):
        if key in said:
            texts = {str(item[code]): str(item[text]) for item in _items(said, key, (code, text), place)}
            return xr.DataArray(np.array(list(texts.values())), dims="code", coords={"code": list(texts)}, name=text)
    columns = ["old_code", "new_code", "date"]
    changes = read_value_map(said, place) if "values" in said else read_changes(said, place)
    rows = np.array([[change[column] for column in columns] for change in changes], dtype=np.str_)
    return xr.DataArray(rows.reshape(-1, 3), dims=("change", "column"), coords={"column": columns}, name="changes")


def read_changes(said: Mapping[str, Any], place: str = "answer") -> list[dict[str, str]]:
    """Changes (old_code, new_code, date) of a `changes` body, without codes that appear from or go to nothing."""
    keys = {"old_code": "oldCode", "new_code": "newCode", "date": "changeOccurred"}
    items = _items(said, "codeChanges", tuple(keys.values()), place)
    named = [{name: str(item[key] or "") for name, key in keys.items()} for item in items]
    return [change for change in named if change["old_code"] and change["new_code"]]


def read_value_map(said: Mapping[str, Any], place: str = "answer") -> list[dict[str, str]]:
    """Old and new codes of a codelist with its value map, the prefix of the new codes (`K-`) taken off."""
    found = []
    for item in _items(said, "values", ("code", "valueMap"), place):
        new = re.sub(r"^[A-Z][-_]", "", str(item["code"]))
        found += [{"old_code": str(old), "new_code": new, "date": ""} for old in item["valueMap"] or []]
    return found


def _items(said: Mapping[str, Any], key: str, needed: tuple[str, ...], place: str) -> list[dict[str, Any]]:
    items = said.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) and set(needed) <= set(item) for item in items):
        raise wrong_form(place, f"does not list {key} with {', '.join(needed)}")
    return items
