"""A scenario from elsewhere must not reach for files outside its own folder, nor by way of symbolic links."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demosim.baseline.read import data_sets, files_elsewhere
from demosim.files import leads_outside
from demosim.scenario.fiscal_options import FILES
from demosim.scenario.forms import Report


def forbidden_paths(tree: Mapping[str, Any], folder: Path, report: Report) -> None:
    """Report what a scenario of a folder names elsewhere: its data set, a file of it, files of costs and income."""
    for section, key in (("costs", "own"), *(("fiscal", key) for key in FILES)):
        table = tree.get(section)
        own = table.get(key) if isinstance(table, dict) else None
        if isinstance(own, str) and (report.alone or leads_outside(folder, own)):
            what = f'"{own}" lies outside the folder of this file'
            report.add("forbidden_path", (section, key), what, "a file beside this file")
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
