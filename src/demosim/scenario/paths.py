"""A scenario from elsewhere must not reach for files outside its own folder, nor by way of symbolic links."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demosim.baseline.read import data_sets, files_elsewhere
from demosim.errors import did_you_mean
from demosim.files import is_file, leads_outside
from demosim.scenario.fiscal_options import FILES
from demosim.scenario.forms import Report
from demosim.scenario.toml_lines import KeyPath

MOST_LISTED = 12  # files in a message
TABLES = (".csv", ".xlsx")  # of which those that are there are named where one is missing


def forbidden_paths(tree: Mapping[str, Any], report: Report) -> None:
    """Report what a scenario names outside its folder: its data set, a file of it, files of costs and income."""
    folder = report.folder
    for section, key in (("costs", "own"), *(("fiscal", key) for key in FILES)):
        table = tree.get(section)
        own = table.get(key) if isinstance(table, dict) else None
        if isinstance(own, str) and (report.alone or leads_outside(folder, own)):
            named_file(own, (section, key), report)
    baseline = tree.get("baseline")
    if report.alone or not isinstance(baseline, str):
        return
    if leads_outside(folder, baseline) or _in_working_folder(baseline, folder):
        what = f'"{baseline}" lies outside the folder of this file'
        report.add("forbidden_path", ("baseline",), what, "an embedded data set, or a folder beside this file")
    else:
        for name in files_elsewhere(folder / baseline):
            what = f'"{baseline}/{name}" is a link to a place outside that folder'
            report.add("forbidden_path", ("baseline",), what, "copies of the files, or --allow-paths")


def _in_working_folder(name: str, folder: Path) -> bool:
    """Whether a name that means nothing beside the file means something where the program was started."""
    try:
        return name not in data_sets() and not (folder / name).exists() and Path(name).exists()
    except OSError:  # a name that no file can have
        return False


def named_file(name: str, path: KeyPath, report: Report) -> Path | None:
    """The file that a scenario names at a key; None, with the problem noted, where there is none or it may not."""
    if report.alone or (not report.allow_paths and leads_outside(report.folder, name)):
        report.add("forbidden_path", path, f'"{name}" lies outside the folder of this file', "a file beside this file")
    elif not is_file(report.folder / name):
        ending = next((ending for ending in TABLES if name.endswith(ending)), None)
        there = sorted(other.name for other in report.folder.glob(f"*{ending}")) if ending else []
        listed = ", ".join(there[:MOST_LISTED]) or None
        report.add("missing_file", path, f'no file "{name}" beside this one', listed, did_you_mean(name, there))
    else:
        return report.folder / name
    return None
