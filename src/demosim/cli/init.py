"""`demosim init`: example scenarios to start from."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.options import PATH


@click.command()
@click.argument("folder", type=PATH)
@click.pass_obj
def init(settings: Settings, folder: Path) -> None:
    """Copy the example scenarios into FOLDER. Nothing is overwritten: where one is there already, none is copied."""
    from demosim.baseline.find import embedded
    from demosim.cli.frames import say_written
    from demosim.errors import ProblemGroup
    from demosim.files import write_text

    copies = {folder / source.name: source for source in sorted(embedded("scenarios").glob("*.toml"))}
    problems = ProblemGroup()
    for target in copies:
        if target.exists():
            problems.add("is there already", file=str(target), allowed="name another folder, or move it away")
    problems.raise_if_any()
    for target, source in copies.items():
        write_text(target, source.read_text(encoding="utf-8"))
    say_written(settings, list(copies))
