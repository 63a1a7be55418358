"""Files that `[fiscal]` names, put in the place of their names, so that a resolved scenario needs no other file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from demosim.errors import ProblemGroup, did_you_mean
from demosim.scenario.fiscal_options import FILES, FiscalOptions, FreeIncome
from demosim.scenario.forms import Report
from demosim.scenario.paths import named_file
from demosim.scenario.places import Gazetteer
from demosim.scenario.shares import municipality_number
from demosim.scenario.toml_lines import KeyPath

if TYPE_CHECKING:
    import pandas as pd

# key: columns of numbers, and columns that tell rows of a municipality apart
COLUMNS: dict[str, tuple[list[str], list[str]]] = {
    "criteria": (["value"], ["criterion"]),
    "tax": (["tax_per_inhabitant"], []),
    "free_income": (["free_income", "price_year"], []),
    "revenue": (["revenue"], []),
}


def take_fiscal_files(tree: dict[str, Any], report: Report) -> None:
    """Put what stands in a file in the place of its name under `[fiscal]`.

    No file is read once something is wrong with the paths of the scenario.
    """
    fiscal = tree.get("fiscal")
    if not isinstance(fiscal, dict):
        return
    for key in FILES:
        name = fiscal.get(key)
        if not isinstance(name, str):
            continue
        del fiscal[key]
        file = None if report.group.problems else named_file(name, ("fiscal", key), report)
        if file is None:
            continue
        with report.group.collecting():
            fiscal[key] = _as_written(key, file, report)


def _as_written(key: str, path: Path, report: Report) -> dict[str, Any] | None:
    """The form in which a scenario writes what a file holds; None, with the problem noted, where it cannot."""
    from demosim.fiscal.read import read_columns  # slow to import, and few scenarios name such a file

    numbers, texts = COLUMNS[key]
    table = read_columns(path, numbers, texts)
    problems = ProblemGroup(path)
    repeated = table[table.duplicated(["municipality", *texts])]
    for row, place in zip(repeated.index, repeated["municipality"], strict=True):
        problems.add(f"municipality {place} stands more than once", path=f"row {row + 2}", code="repeated_municipality")
    problems.raise_if_any()
    if key == "criteria":
        return {str(name): _by_place(rows, "value") for name, rows in table.groupby("criterion", sort=False)}
    if key != "free_income":
        return _by_place(table, numbers[0])
    years = table["price_year"].unique()
    if len(years) != 1:
        at = (str(path), None)
        report.add("wrong_type", ("price_year",), "all rows must name one and the same year", at=at)
        return None
    return {"price_year": int(years[0]), "kr": _by_place(table, "free_income")}


def _by_place(table: pd.DataFrame, column: str) -> dict[str, float]:
    return dict(zip(table["municipality"].astype(str), table[column].astype(float), strict=True))


def tables_of(fiscal: FiscalOptions, *keys: str) -> dict[KeyPath, dict[str, float]]:
    """Tables by municipality with their key paths in the scenario: those of some keys, or all."""
    found: dict[KeyPath, dict[str, float]] = {}
    for key in keys or FILES:
        given = getattr(fiscal, key)
        if key == "criteria":
            found |= {("fiscal", key, name): table for name, table in (given or {}).items()}
        elif isinstance(given, FreeIncome):
            found["fiscal", key, "kr"] = given.kr
        elif given is not None:
            found["fiscal", key] = given
    return found


def check_fiscal(fiscal: FiscalOptions, names: Gazetteer, report: Report) -> None:
    """Municipalities and criteria that `[fiscal]` names; each criterion and the tax for every municipality."""
    known: list[str] = []
    if fiscal.criteria:
        from demosim.fiscal.income import own_criteria

        known = own_criteria()
        for name in [name for name in fiscal.criteria if name not in known]:
            what = f'no criterion is called "{name}"'
            report.add("unknown_key", ("fiscal", "criteria", name), what, ", ".join(known), did_you_mean(name, known))
    for path, table in tables_of(fiscal).items():
        seen: dict[str, str] = {}
        for text in table:
            number = municipality_number(names, text, (*path, text), report)
            if number is not None and number in seen:
                report.add("repeated_municipality", (*path, text), f"{names.label(number)} is named twice")
            seen[number or text] = text
        missing = [number for number in names.numbers if number not in seen]
        if missing and (path[1] == "tax" or path[-1] in known):
            listed = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
            what = f"lacks {len(missing)} municipalities: {listed}"
            report.add("missing_key", path, what, f"all {len(names.numbers)}, since they share one sum")


def with_numbers_of_places(fiscal: FiscalOptions, names: Gazetteer) -> dict[str, Any]:
    """`[fiscal]` as the resolved form has it: municipalities by number, what is left out left out."""
    document = fiscal.model_dump(exclude_none=True)
    for path, table in tables_of(fiscal).items():
        *above, last = path[1:]
        inner = document
        for part in above:
            inner = inner[str(part)]
        inner[str(last)] = {str(names.municipality(text)): value for text, value in table.items()}
    document["refugees"] = {key: value for key, value in document["refugees"].items() if value != {}}
    return {key: value for key, value in document.items() if value != {}}
