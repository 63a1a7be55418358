"""`demosim data`: official data in a store of dated vintages, and data sets built from it."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import print_json, say
from demosim.cli.options import PATH
from demosim.errors import DemosimError, usage_error
from demosim.outputs.messages import message


@click.group()
def data() -> None:
    """Fetch official figures, keep their vintages, build data sets."""


@data.command()
@click.option("--table", "tables", multiple=True,
              help="Table or entry; may be repeated. Without it, all but the large.")  # fmt: skip
@click.option("--times", help="Years, comma-separated; by default those of the entry.")
@click.option("--offline", is_flag=True, help="Refuse the network; use what is stored.")
@click.pass_obj
def fetch(settings: Settings, tables: tuple[str, ...], times: str | None, offline: bool) -> None:
    """Fetch tables from Statistics Norway into the store."""
    from demosim.sources.fetch import Figures, fetch_tables
    from demosim.sources.store import Store

    def tell(figures: Figures) -> None:
        say(settings, [f"{figures.entry.name}: {figures.vintage.reference}"])

    found = fetch_tables(list(tables), Store(), times=_years(times), offline=offline, tell=tell)
    if unverified := sum(not figures.vintage.verified for figures in found):
        say(settings, [message(settings.lang, "data_unverified", count=unverified, all=len(found))])


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
        print_json([{key: getattr(vintage, key) for key in keys} for vintage in found])
        return
    if not found:
        nothing = {"folder": store.folder, "table": table}
        say(settings, [message(settings.lang, "data_nothing_of" if table else "data_empty", **nothing)])
    for each in found:
        about = {"entry": each.entry, "reference": each.reference, "fetched": each.fetched, "size": each.size}
        say(settings, [message(settings.lang, "data_vintage", **about)])


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
        for entry, differs in verify_live().items():
            how = "data_differs" if differs else "data_as_declared"
            say(settings, [message(settings.lang, how, entry=entry)])
            problems += differs
    if problems:
        raise DemosimError(problems, 1)
    say(settings, [message(settings.lang, "data_whole", folder=store.folder, count=len(store.vintages()))])


@data.command()
@click.argument("digest")
@click.pass_obj
def show(settings: Settings, digest: str) -> None:
    """What a stored vintage holds."""
    from demosim.sources.fetch import show_vintage

    vintage, figures = show_vintage(digest)
    if settings.as_json:
        print_json(asdict(vintage))
        return
    say(settings, [f"{vintage.entry}: {vintage.reference}"])
    for answer in vintage.answers:
        about = {"digest": answer["sha256"], "size": answer["size"], "url": answer["request"].get("url", "")}
        say(settings, [message(settings.lang, "data_answer", **about)])
    say(settings, [repr(figures)])


@data.command()
@click.option("--keep", type=click.IntRange(1), default=1, show_default=True, help="Vintages of each query to keep.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_obj
def prune(settings: Settings, keep: int, dry_run: bool) -> None:
    """Remove old vintages."""
    from demosim.sources.store import Store

    gone = Store().prune(keep, dry_run)
    say(settings, map(str, gone) if gone else [message(settings.lang, "data_nothing_to_remove")])


@data.command()
@click.argument("result", type=PATH)
@click.option(
    "--changes",
    type=PATH,
    required=True,
    help="Municipal changes (csv: old, new; and weight, since, name where wanted).",
)
@click.option("--output", type=PATH, required=True, help="The result in the new structure (.nc).")
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
    say(settings, [*asked.in_words(), str(output)])


def _years(times: str | None) -> list[str] | None:
    """Years and expressions of `--times`, where commas inside parentheses do not part."""
    if times is None:
        return None
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", times)]
    if not all(parts):
        raise usage_error(f'"{times}" has an empty part', path="--times", allowed="2026, or 2020,2026, or from(2006)")
    return parts


@data.command()
@click.option("--output", type=PATH, required=True, help="The history (.nc).")
@click.option("--launch", type=int, help="Last year of the history; by default the newest that is stored.")
@click.option("--weights", help="How split municipalities are shared: a file (old,new,weight), or by-population.")
@click.pass_obj
def history(settings: Settings, output: Path, launch: int | None, weights: str | None) -> None:
    """Write the stored history as the FILE that calibrate and backtest take.

    Mortality, fertility and the country go beside it, under the names that those commands look for.
    """
    from demosim.sources.command import write_history_files

    say(settings, write_history_files(output, launch, weights))


@data.command()
@click.option("--output", type=PATH, required=True, help="Folder for the data set.")
@click.option("--launch", type=int, help="Launch year; figures come from the store.")
@click.option(
    "--from",
    "declaration",
    type=PATH,
    help="A declaration of local files (toml); with --launch its figures go before those of the store.",
)
@click.option("--history", type=PATH, help="History to calibrate on, instead of the stored one.")
@click.option("--estimates", type=PATH, help="Municipal estimates of `demosim calibrate`.")
@click.option("--weights", help="How split municipalities are shared: a file (old,new,weight), or by-population.")
@click.option("--recipe", type=PATH, help="How national paths are made (toml).")
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
    say(settings, [*said, str(output)])
