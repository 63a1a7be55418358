"""A scenario file, read and checked for names and types. References to the baseline are for `check`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from demosim.errors import did_you_mean
from demosim.scenario import cost_options, fiscal_options
from demosim.scenario.fiscal_files import take_fiscal_files
from demosim.scenario.forms import Report, Value, dotted, parse_value, shown, unquoted
from demosim.scenario.knobs import list_knobs
from demosim.scenario.own_costs import take_own_costs
from demosim.scenario.paths import forbidden_paths
from demosim.scenario.read_tables import parse_table
from demosim.scenario.spec import TAGS, Bands, Control, Municipality, Spec, Stream, Variant
from demosim.scenario.syntax import read_source
from demosim.scenario.toml_lines import KeyPath, Lines

NOTES = "resolved"  # what `demosim resolve` adds for a reader; passed over when it is read again
_TYPES = {
    "string_type": "text in quotes", "int_type": "a whole number", "int_from_float": "a whole number",
    "float_type": "a number", "bool_type": "true or false", "dict_type": "a table", "model_type": "a table",
    "list_type": "a list", "model_attributes_type": "a table", "union_tag_not_found": "a name, or a table",
    "int_parsing_size": "a whole number of reasonable size",
}  # fmt: skip


def read_scenario(path: str | Path, allow_paths: bool = False) -> Spec:
    """A scenario from its file, syntax, names and types checked.

    `allow_paths`: whether the baseline may be an absolute folder or one above the file's.
    Raises a `DemosimError` (2) with every problem of the first pass that has any.
    """
    source = read_source(Path(path))
    return spec_from(source.tree, allow_paths, source.file, source.lines)


def spec_from(
    tree: Mapping[str, Any], allow_paths: bool = False, file: str | None = None, lines: Lines | None = None,
    alone: bool = False,
) -> Spec:  # fmt: skip
    """A scenario from a tree of plain values such as `tomllib` gives; names and types checked.

    `alone`: it stands in a result and names no file but its data set, wherever that lies.
    """
    report = Report(file, lines, allow_paths, alone)
    rest = {key: _own(value) for key, value in tree.items()}
    rest.pop(NOTES, None)
    if not allow_paths:
        forbidden_paths(rest, report)
    take_own_costs(rest, report)
    take_fiscal_files(rest, report)
    values = _take_knobs(rest, report)
    for section in _knob_sections():
        if section not in Spec.model_fields and section in rest:
            _leftover(rest.pop(section), section, report)
    try:
        spec = Spec.model_validate(rest)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _explain(detail, report)
        report.raise_if_any()
        raise  # not reached: what is explained is a problem
    report.raise_if_any()
    return spec.model_copy(update={"knobs": values}).placed(file, lines)


def _own(value: Any) -> Any:
    """A copy of tables and lists that shares nothing, also where the same table stands in several places."""
    if isinstance(value, dict):
        return {key: _own(inner) for key, inner in value.items()}
    return [_own(inner) for inner in value] if isinstance(value, list) else value


def baseline_location(spec: Spec) -> str | Path:
    """What `read_baseline` takes: the name of an embedded data set, or a folder seen from the scenario file."""
    beside = (Path(spec.file).parent if spec.file else Path()) / spec.baseline
    written_as_path = "/" in spec.baseline or "\\" in spec.baseline
    return beside if written_as_path or beside.is_dir() else spec.baseline


def _take_knobs(tree: dict[str, Any], report: Report) -> dict[str, Value]:
    """Remove the knobs from a tree and return their values by dotted path."""
    values: dict[str, Value] = {}
    for knob in list_knobs():
        for path, table in knob.tables(tree):
            if knob.key() in table:
                raw = table.pop(knob.key())
                of_ages = knob.form == "table"
                value = parse_table(raw, path, report) if of_ages else parse_value(knob.form, raw, path, report)
                if value is not None:
                    values[dotted(path)] = value
    return values


def _knob_sections() -> list[str]:
    return list(dict.fromkeys(knob.path.split(".")[0] for knob in list_knobs()))


def _leftover(table: object, section: str, report: Report) -> None:
    """Report what stands in a table of knobs and is none."""
    if not isinstance(table, dict):
        report.add("wrong_type", (section,), f"{shown(table)} is not a table", f"write [{section}] and keys below it")
        return
    for key in table:
        _unknown((section, key), report)


def _explain(detail: ErrorDetails, report: Report) -> None:
    """One finding of the type checker as a problem."""
    path = tuple(part for part in detail["loc"] if part not in TAGS and part != "[key]")
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        _unknown(path, report)
    elif kind == "missing":
        report.add("missing_key", path, "is missing", _expected(path))
    elif kind == "finite_number":
        report.add("not_finite", path, f"{detail['input']} is not a finite number", "a number")
    elif kind in ("greater_than_equal", "less_than_equal"):
        side, bound = ("below", context["ge"]) if "ge" in context else ("above", context["le"])
        report.add("out_of_bounds", path, f"{detail['input']} is {side} {bound:g}")
    elif kind == "greater_than":
        report.add("out_of_bounds", path, f"{detail['input']} is not above {context['gt']:g}")
    elif kind == "literal_error":
        choices = str(context["expected"]).replace("'", '"')
        words = [word.strip(' "') for word in choices.replace(" or ", ",").split(",")]
        near = did_you_mean(str(detail["input"]), words)
        report.add("bad_choice", path, f"{shown(detail['input'])} is not a choice", choices, near)
    elif "what" in context:
        report.add(kind, path, str(context["what"]), str(context["allowed"]))
    else:
        allowed = _TYPES.get(kind, detail["msg"])
        what = f"{shown(detail['input'])} is not {allowed}" if kind in _TYPES else "is not of the right form"
        example = _EXAMPLES.get(str(path[-1]) if path else "")
        report.add("wrong_type", path, what, example, _meant(kind, detail["input"]))


def _meant(kind: str, given: object) -> str | None:
    """The value that was perhaps meant by one of the wrong type."""
    if kind == "string_type" and isinstance(given, int | float) and not isinstance(given, bool):
        return f'"{given}"'
    if kind in ("int_type", "int_from_float") and isinstance(given, float) and given.is_integer():
        return str(int(given))
    if kind == "bool_type" and str(given).lower() in ("true", "false", "yes", "no", "1", "0"):
        return "true" if str(given).lower() in ("true", "yes", "1") else "false"
    return unquoted(given) if kind in ("int_type", "float_type") else None


def _unknown(path: KeyPath, report: Report) -> None:
    """Report an unknown key: what the table has, what is near, or where the key belongs."""
    key, known = str(path[-1]), _known_keys(path[:-1])
    allowed = ", ".join(known)
    near = did_you_mean(key, known)
    if len(path) > 1 and key in _known_keys(()):
        allowed = f"{key} belongs at the top of the file, above the first [table]"
    elif near is None:
        homes = [knob.path for knob in list_knobs() if knob.key() == key]
        near = homes[0] if homes else None
    report.add("unknown_key", path, "unknown key", allowed, near)


def _known_keys(table: KeyPath) -> list[str]:
    """The keys that a table may have."""
    tables: dict[KeyPath, type[BaseModel]] = {
        (): Spec, ("variant",): Variant, ("streams",): Stream, ("control",): Control,
        ("municipalities",): Municipality,
    }  # fmt: skip
    model: type[BaseModel] | None = Bands if table[2:] == ("profile",) else tables.get(table[:1])
    if table[:1] in (("costs",), ("fiscal",)):
        options = cost_options if table[0] == "costs" else fiscal_options
        model = options.table_at(table[1:])
        return [] if model is None else list(model.model_fields)
    keys = [] if model is None else [key for key in model.model_fields if key != "knobs"]
    if not table:
        return list(dict.fromkeys([*keys, *_knob_sections()]))
    if table[2:]:
        return keys
    starred = table[0] if len(table) == 1 else f"{table[0]}.*"
    return keys + [knob.key() for knob in list_knobs() if knob.path == f"{starred}.{knob.key()}"]


_EXAMPLES = {
    "variant": 'variant = "2024-MMMM", or [variant] with fertility, mortality and migration',
    "horizon": "horizon = 2036, the last 1 January",
    "price_year": "price_year = 2026",
    "name": 'name = "mars2026"',
    "baseline": 'baseline = "norway2026"',
    "profile": 'profile = "ukraine", or a table with male and female by age band',
    "criteria": 'criteria = "criteria.csv", or [fiscal.criteria.NAME] with values by municipality',
    "tax": 'tax = "tax.csv", or [fiscal.tax] with kr per inhabitant by municipality',
    "free_income": 'free_income = "income.csv", or a table with price_year and kr by municipality',
    "revenue": 'revenue = "revenue.csv", or [fiscal.revenue] with kr by municipality',
    "settlement": 'settlement = "refugees", or a table of municipalities and weights',
}


def _expected(path: KeyPath) -> str | None:
    example = _EXAMPLES.get(str(path[-1]))
    return f"write {example}" if example else None
