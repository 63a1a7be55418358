"""`demosim data`: official data in a store of dated vintages, and data sets built from it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import click

from demosim.cli import Settings
from demosim.errors import DemosimError, usage_error


@click.group()
def data() -> None:
    """Fetch official figures, keep their vintages, build data sets."""


@data.command()
@click.option(
    "--table", "tables", multiple=True, help="Table or entry; may be repeated. Without it, all but the large."
)
@click.option("--times", help="Years, comma-separated; by default those of the entry.")
@click.option("--offline", is_flag=True, help="Refuse the network; use what is stored.")
@click.pass_obj
def fetch(settings: Settings, tables: tuple[str, ...], times: str | None, offline: bool) -> None:
    """Fetch tables from Statistics Norway into the store."""
    from demosim.sources.fetch import Figures, fetch_tables
    from demosim.sources.store import Store

    def tell(figures: Figures) -> None:
        if not settings.quiet:
            click.echo(f"{figures.entry.name}: {figures.vintage.reference}")

    wanted = _years(times)
    found = fetch_tables(list(tables), Store(), times=wanted, offline=offline, tell=tell)
    unverified = [figures.entry.name for figures in found if not figures.vintage.verified]
    if unverified and not settings.quiet:
        click.echo(f"Entries never checked against a real answer: {len(unverified)} of {len(found)}.")


@data.command("list")
@click.option("--table", help="Only this table.")
@click.pass_obj
def list_(settings: Settings, table: str | None) -> None:
    """The vintages in the store."""
    from demosim.sources.fetch import list_vintages
    from demosim.sources.store import Store

    store = Store()
    found = list_vintages(store, table)
    if settings.as_json:
        keys = ("entry", "table", "updated", "fetched", "digest", "size", "licence", "source", "verified")
        click.echo(json.dumps([{key: getattr(v, key) for key in keys} for v in found], ensure_ascii=False, indent=1))
    elif not found:
        what = f"holds nothing of {table}" if table else "is empty"
        click.echo(f"The store {store.folder} {what}; `demosim data fetch` fills it.")
    for vintage in () if settings.as_json else found:
        click.echo(f"{vintage.entry}: {vintage.reference}, fetched {vintage.fetched}, {vintage.size} bytes")


@data.command()
@click.option("--live", is_flag=True, help="Ask the network whether the declared tables are as declared.")
@click.pass_obj
def verify(settings: Settings, live: bool) -> None:
    """Check the store against its digests, or the declared tables against the network."""
    from demosim.sources.fetch import verify_live
    from demosim.sources.store import Store

    store = Store()
    problems = store.verify()
    if live:
        for check in verify_live():
            click.echo(f"{check.entry.name}: {'as declared' if not check.problems else 'differs'}")
            problems += list(check.problems)
    if problems:
        raise DemosimError(problems, 1)
    if not settings.quiet:
        click.echo(f"The store {store.folder} is as it was written: {len(store.vintages())} vintages.")


@data.command()
@click.argument("digest")
@click.pass_obj
def show(settings: Settings, digest: str) -> None:
    """What a stored vintage holds."""
    from demosim.sources.fetch import show_vintage

    vintage, figures = show_vintage(digest)
    if settings.as_json:
        click.echo(json.dumps(asdict(vintage), ensure_ascii=False, indent=1))
        return
    click.echo(f"{vintage.entry}: {vintage.reference}")
    for answer in vintage.answers:
        click.echo(f"answer sha256:{answer['sha256']}, {answer['size']} bytes: {answer['request'].get('url', '')}")
    click.echo(repr(figures))


@data.command()
@click.option("--keep", type=click.IntRange(1), default=1, show_default=True, help="Vintages of each query to keep.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_obj
def prune(settings: Settings, keep: int, dry_run: bool) -> None:
    """Remove old vintages."""
    from demosim.sources.store import Store

    gone = Store().prune(keep, dry_run)
    for path in gone:
        click.echo(str(path))
    if not gone and not settings.quiet:
        click.echo("Nothing to remove.")


@data.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--changes", type=click.Path(path_type=Path), required=True,
              help="Municipal changes (csv: old, new; and weight, since, name where wanted).")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The result in the new structure (.nc).")
@click.pass_obj
def recode(settings: Settings, result: Path, changes: Path, output: Path) -> None:
    """A stored RESULT in another municipal structure: follow a merger within the horizon.

    Counts and amounts of the old municipalities are added, on every date; one that is split needs weights. What the
    result was made from comes along as it was.
    """
    from demosim.outputs.netcdf import has_assumptions, read_assumptions, read_result, write_result
    from demosim.sources.follow import follow, read_changes

    asked = read_changes(changes)
    made = follow(read_result(result, "run"), asked)
    write_result(output, made, "run", read_assumptions(result) if has_assumptions(result) else None)
    if not settings.quiet:
        for line in [*asked.in_words(), str(output)]:
            click.echo(line)


def _years(times: str | None) -> list[str] | None:
    """Years and expressions of `--times`, where commas inside parentheses do not part."""
    if times is None:
        return None
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", times)]
    if not all(parts):
        raise usage_error(f'"{times}" has an empty part', path="--times", allowed="2026, or 2020,2026, or from(2006)")
    return parts


@data.command()
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The history (.nc).")
@click.option("--launch", type=int, help="Last year of the history; by default the newest that is stored.")
@click.option("--weights", help="How split municipalities are shared: a file (old,new,weight), or by-population.")
@click.pass_obj
def history(settings: Settings, output: Path, launch: int | None, weights: str | None) -> None:
    """Write the stored history as the FILE that calibrate and backtest take.

    Mortality, fertility and the country go beside it, under the names that those commands look for.
    """
    from demosim.sources.command import write_history_files

    said = write_history_files(output, launch, weights)
    if not settings.quiet:
        for line in said:
            click.echo(line)


@data.command()
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder for the data set.")
@click.option("--launch", type=int, help="Launch year; figures come from the store.")
@click.option("--from", "declaration", type=click.Path(path_type=Path),
              help="A declaration of local files (toml); with --launch its figures go before those of the store.")
@click.option("--history", type=click.Path(path_type=Path), help="History to calibrate on, instead of the stored one.")
@click.option("--estimates", type=click.Path(path_type=Path), help="Municipal estimates of `demosim calibrate`.")
@click.option("--weights", help="How split municipalities are shared: a file (old,new,weight), or by-population.")
@click.option("--recipe", type=click.Path(path_type=Path), help="How national paths are made (toml).")
@click.option("--embedded", is_flag=True, help="Build the embedded data set anew from its own facts.")
@click.option("--allow-paths", is_flag=True, help="Let the declaration name files outside its own folder.")
@click.pass_obj
def build(
    settings: Settings, output: Path, launch: int | None, declaration: Path | None, history: Path | None,
    estimates: Path | None, weights: str | None, recipe: Path | None, embedded: bool, allow_paths: bool,
) -> None:  # fmt: skip
    """Build a data set: from the store, from local files, or the embedded one anew."""
    from demosim.sources.command import build_data_set

    said = build_data_set(
        output, launch=launch, declaration=declaration, history=history, estimates=estimates, weights=weights,
        recipe=recipe, embedded=embedded, allow_paths=allow_paths,
    )  # fmt: skip
    if not settings.quiet:
        for line in said:
            click.echo(line)
        click.echo(str(output))
