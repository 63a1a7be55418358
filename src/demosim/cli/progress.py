"""A bar on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from demosim.cli import Settings


@contextmanager
def progress_bar(settings: Settings) -> Iterator[Callable[[int, int], None] | None]:
    """What a long job tells how many are done and in all: a bar with rate and time left, or nothing where nobody looks.

    The bar is drawn on stderr.
    """
    if settings.quiet or settings.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Scenarios, draws or pages a second, of the last half minute."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0:,.0f}/s")

    console = Console(stderr=True)
    columns = (MofNCompleteColumn(), BarColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, total=total, completed=done)
