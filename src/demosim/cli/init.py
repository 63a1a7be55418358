"""`demosim init`: example scenarios to start from."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.outputs.messages import message


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def init(settings: Settings, folder: Path) -> None:
    """Copy the example scenarios into FOLDER; files that are there already are left alone."""
    from demosim.baseline.find import embedded
    from demosim.files import write_text

    for source in sorted(embedded("scenarios").glob("*.toml")):
        target = folder / source.name
        if not target.exists():
            write_text(target, source.read_text(encoding="utf-8"))
            if not settings.quiet:
                click.echo(message(settings.lang, "written", path=target))
