"""Print a run: for readers, or for machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import xarray as xr

from demosim.cli import Settings
from demosim.cli.frames import print_json
from demosim.outputs import summary
from demosim.outputs.messages import message
from demosim.outputs.published import published_table
from demosim.outputs.summary_costs import cost_tables
from demosim.outputs.tables import Table, print_table, print_text


def print_run(settings: Settings, result: xr.Dataset, places: Sequence[str], path: Path) -> None:
    """Headline, tables, notes, and where the result was written."""
    lang = settings.lang
    found = [
        summary.service_table(result, lang), summary.service_table(result, lang, accumulated=True),
        summary.age_table(result, lang), *cost_tables(result, lang), summary.fte_table(result, lang),
        None if places else published_table(result, lang),
    ]  # fmt: skip
    tables = [table for table in found if table is not None]
    words = summary.headline(result, lang, places)
    said = summary.notes(result, lang)
    if settings.as_json:
        print_json(_for_machines(result, tables, words, said, path))
    elif not settings.quiet:
        for paragraph in words:
            print_text(paragraph)
        click.echo()
        for table in tables:
            print_table(table, lang)
        for note in said:
            print_text(note)
        print_text(message(lang, "written", path=path))


def _for_machines(
    result: xr.Dataset, tables: Sequence[Table], words: Sequence[str], said: Sequence[str], path: Path
) -> dict[str, object]:
    told = {name: result.attrs.get(name) for name in ("scenario", "digest", "price_year")}
    shown = [table.as_data() for table in tables]
    return {**told, "headline": list(words), "tables": shown, "notes": list(said), "written": str(path)}
