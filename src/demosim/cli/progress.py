"""A bar on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from demosim.cli import Settings


@contextmanager
def progress_bar(settings: Settings) -> Iterator[Callable[[int, int], None] | None]:
    """What a long job tells how many are done and in all: a bar with the time left on stderr, or nothing where nobody
    watches."""
    if settings.quiet or settings.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console, columns = Console(stderr=True), (MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, total=total, completed=done)
