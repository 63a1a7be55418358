"""The command lines that make an output again, from the scenario on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from demosim.outputs.netcdf import kind_of

MAKES = {
    "run": "run {file} --output {output}",
    "fan": "fan {file} --draws {draws} --seed {seed} --output {output}",
    "sensitivity": "sensitivity {file}{municipalities}{accumulated} --budget-year {budget_year} --output {output}",
}


def commands(
    results: Sequence[tuple[Path, xr.Dataset]], verb: str, output: Path, lang: str, extra: str = ""
) -> list[str]:
    """How each result is made, where its attributes tell, and then the output; names of files without their folders.

    A scenario file is called by the name of the scenario, which is what the example files do.
    """
    made = [line for path, dataset in results if (line := _make(path, dataset)) is not None]
    names = " ".join(path.name for path, _ in results)
    return [*made, f"demosim --lang {lang} {verb} {names} --output {output.name}{extra}"]


def _make(path: Path, dataset: xr.Dataset) -> str | None:
    kind, attrs = kind_of(dataset), dataset.attrs
    if kind not in MAKES or not attrs.get("scenario"):
        return None
    places = dataset["municipality"].values if kind == "sensitivity" and "municipality" in dataset.dims else ()
    line = MAKES[kind].format(
        file=f"{attrs['scenario']}.toml", output=path.name, draws=attrs.get("draws", ""), seed=attrs.get("seed", ""),
        budget_year=attrs.get("budget_year", ""), accumulated=" --accumulated" if attrs.get("accumulated") else "",
        municipalities="".join(f" --municipality {code}" for code in places),
    )  # fmt: skip
    return f"demosim {line}"
