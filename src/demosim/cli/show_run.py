"""Print a run: for readers, or for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import xarray as xr

from demosim.cli import Settings
from demosim.outputs import summary
from demosim.outputs.messages import message
from demosim.outputs.published import published_table
from demosim.outputs.summary_costs import cost_tables
from demosim.outputs.tables import Table, print_table, print_text


def print_run(settings: Settings, result: xr.Dataset, places: Sequence[str], path: Path) -> None:
    """Headline, tables, notes, and where the result was written."""
    lang = settings.lang
    tables = [
        summary.service_table(result, lang),
        summary.service_table(result, lang, accumulated=True),
        summary.age_table(result, lang),
    ]
    tables += cost_tables(result, lang)
    people = summary.fte_table(result, lang)
    if people is not None:
        tables.append(people)
    beside = None if places else published_table(result, lang)
    if beside is not None:
        tables.append(beside)
    words = summary.headline(result, lang, places)
    said = summary.notes(result, lang)
    if settings.as_json:
        click.echo(json.dumps(_for_machines(result, tables, words, said, path), ensure_ascii=False, indent=1))
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
    return {
        "scenario": result.attrs.get("scenario"),
        "digest": result.attrs.get("digest"),
        "price_year": result.attrs.get("price_year"),
        "headline": list(words),
        "tables": [table.as_data() for table in tables],
        "notes": list(said),
        "written": str(path),
    }
