"""`demosim check` and `demosim resolve`: is a file right, and what does it amount to."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.outputs.messages import message


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--allow-paths", is_flag=True, help="Let the scenario name data outside its own folder.")
@click.pass_obj
def check(settings: Settings, file: Path, allow_paths: bool) -> None:
    """Check a scenario FILE, or a data set (a folder), and report every problem."""
    from demosim.baseline.read import read_baseline
    from demosim.costs.check import check_costs
    from demosim.scenario.prepare import prepare
    from demosim.scenario.read import baseline_location, read_scenario

    if file.is_dir():
        read_baseline(file)
    else:
        spec = read_scenario(file, allow_paths)
        baseline = read_baseline(baseline_location(spec))
        prepare(baseline, spec)
        check_costs(baseline, spec)
    if not settings.quiet:
        click.echo(message(settings.lang, "checked", path=file))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Write the resolved scenario here [default: print it].")
@click.option("--allow-paths", is_flag=True, help="Let the scenario name data outside its own folder.")
@click.pass_obj
def resolve(settings: Settings, file: Path, output: Path | None, allow_paths: bool) -> None:
    """Print a scenario FILE with every value filled in; the result is itself a scenario of the same effect."""
    import json

    from demosim.baseline.read import read_baseline
    from demosim.files import write_text
    from demosim.scenario.document import to_toml
    from demosim.scenario.read import baseline_location, read_scenario
    from demosim.scenario.resolve import resolve as resolve_scenario

    spec = read_scenario(file, allow_paths)
    resolved = resolve_scenario(read_baseline(baseline_location(spec)), spec)
    for line in resolved.log["en" if settings.lang == "en" else "nb"]:
        if not settings.quiet:
            click.echo(line, err=True)
    text = (
        json.dumps(resolved.document, ensure_ascii=False, indent=1) if settings.as_json else to_toml(resolved.document)
    )
    if output is None:
        click.echo(text)
    else:
        write_text(output, text)
