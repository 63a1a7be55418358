"""A bar on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from demosim.cli import Settings

if TYPE_CHECKING:
    from demosim.sweep.run import Progress


@contextmanager
def progress_bar(settings: Settings) -> Iterator[Callable[[Progress], None] | None]:
    """What a long job reports to: a bar with rate and time left on stderr, or nothing where nobody watches."""
    if settings.quiet or settings.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(progress: Progress) -> None:
            words = f"{progress.rate:,.0f}/s, {progress.left:,.0f} s"
            bar.update(task, total=progress.total, completed=progress.done, description=words)

        yield report


@contextmanager
def counted_bar(settings: Settings) -> Iterator[Callable[[int, int], None] | None]:
    """The same for jobs that tell only how many are done and in all; rate and time left are reckoned here."""
    from demosim.sweep.run import Progress

    with progress_bar(settings) as report:
        if report is None:
            yield None
            return
        show, start = report, time.monotonic()

        def tell(done: int, total: int) -> None:
            rate = done / max(time.monotonic() - start, 1e-9)
            show(Progress(done, total, rate, (total - done) / max(rate, 1e-9)))

        yield tell
