"""`demosim check` and `demosim resolve`: is a file right, and what does it amount to."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import read_spec, say
from demosim.cli.options import ALLOW_PATHS, FILE, PATH
from demosim.outputs.messages import message


@click.command()
@FILE
@ALLOW_PATHS
@click.pass_obj
def check(settings: Settings, file: Path, allow_paths: bool) -> None:
    """Check a scenario FILE, or a data set (a folder), and report every problem."""
    from demosim.baseline.read import read_baseline
    from demosim.costs.check import check_costs
    from demosim.scenario.prepare import prepare

    if file.is_dir():
        read_baseline(file)
    else:
        spec, baseline = read_spec(file, allow_paths)
        prepare(baseline, spec)
        check_costs(baseline, spec)
    say(settings, [message(settings.lang, "checked", path=file)])


@click.command()
@FILE
@click.option("--output", type=PATH, help="Write the resolved scenario here [default: print it].")
@ALLOW_PATHS
@click.pass_obj
def resolve(settings: Settings, file: Path, output: Path | None, allow_paths: bool) -> None:
    """Print a scenario FILE with every value filled in; the result is itself a scenario of the same effect."""
    import json

    from demosim.files import write_text
    from demosim.scenario.document import to_toml
    from demosim.scenario.resolve import resolve as resolve_scenario

    spec, baseline = read_spec(file, allow_paths)
    resolved = resolve_scenario(baseline, spec)
    for line in () if settings.quiet else resolved.log["en" if settings.lang == "en" else "nb"]:
        click.echo(line, err=True)
    document = resolved.document
    text = json.dumps(document, ensure_ascii=False, indent=1) if settings.as_json else to_toml(document)
    if output is None:
        click.echo(text)
    else:
        write_text(output, text)
