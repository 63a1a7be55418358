"""The measured figures as Markdown tables: ratios first, since absolute times are of one machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

from benchmarks.inputs import Case
from benchmarks.timing import Timed

MOVED = 2 * 8  # bytes of a cell and year: it is read and written once


@dataclass(frozen=True)
class Figures:
    """Everything that was measured in one run."""

    case: Case
    agreement: dict[str, float]
    single: dict[str, Timed]
    slow: dict[str, float]
    sweeps: dict[tuple, Timed]
    gradients: dict[str, Timed]
    growth: dict[str, dict[int, float]]
    copied: dict[tuple[str, int], float]
    multiplied: dict[tuple[str, int], float]
    start_up: dict[str, float | None]
    writing: dict[str, tuple[float, float]]
    quick: bool

    def per_scenario(self, contender: str, threads: int) -> float:
        """Best seconds per scenario over all sizes of sweep; NaN where it was not measured."""
        times = [t.best for (name, _, workers), t in self.sweeps.items() if name == contender and workers == threads]
        return min(times, default=float("nan"))


def report(figures: Figures) -> str:
    """All tables."""
    return "\n".join(
        [*_setting(figures), *_single(figures), *_sweeps(figures), *_gradient(figures), *_growth(figures),
         *_limits(figures), *_start_up(figures), *_writing(figures), ""]
    )  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [
        "",
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
        *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows),
        "",
    ]


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f}".replace(",", " ")


def _setting(figures: Figures) -> list[str]:
    shape = figures.case.arrays["jump_off_population"].shape
    bands = figures.case.arrays["net_migration_deviation"].shape[1]
    kind = "A quick run with few rounds; do not quote. " if figures.quick else ""
    years = len(figures.case.arrays["death_prob"])
    return [
        f"{kind}{shape[0]} municipalities × {shape[1]} sexes × {shape[2]} ages × {years} years, "
        f"{len(figures.case.unit_cost)} services, {bands} bands of deviations. {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, numba {numba.__version__}. "
        "Microseconds; least (median) of rounds in which contenders take turns.",
    ]


def _single(figures: Figures) -> list[str]:
    reference = figures.single["NumPy, float64"].best
    rows = [
        (name, f"{_us(time.best)} ({_us(time.median)})", f"{reference / time.best:.2f}")
        for name, time in figures.single.items()
    ]
    pandas, plain = figures.slow["pandas"], figures.slow["plain Python, 4 municipalities"]
    small = figures.slow["ours, 4 municipalities"]
    rows += [
        ("pandas, float64", _us(pandas), f"{reference / pandas:.4f}"),
        (
            "plain Python, 4 municipalities",
            _us(plain),
            f"1/{plain / small:,.0f} of ours on the same 4".replace(",", " "),
        ),
    ]
    differences = "; ".join(f"{name} {value:.0e}" for name, value in figures.agreement.items())
    return [
        "", "### Single run", *_table(("contender", "time", "times as fast as NumPy float64"), rows),
        f"Largest relative difference of any need from ours in float64: {differences}.",
    ]  # fmt: skip


def _sweeps(figures: Figures) -> list[str]:
    reference = figures.per_scenario("NumPy, float64", 1)
    rows = [
        (
            name,
            f"{size:,}".replace(",", " "),
            threads,
            f"{_us(time.best)} ({_us(time.median)})",
            f"{reference / time.best:.1f}",
        )
        for (name, size, threads), time in sorted(figures.sweeps.items(), key=lambda item: (item[0][0], item[0][1:]))
    ]
    head = ("contender", "scenarios", "threads", "per scenario", "times as fast as NumPy float64 on one thread")
    return ["", "### Sweeps, packing of the scenarios included", *_table(head, rows)]


def _gradient(figures: Figures) -> list[str]:
    run = figures.gradients["run"].best
    rows = [(name, f"{_us(t.best)} ({_us(t.median)})", f"{t.best / run:.2f}") for name, t in figures.gradients.items()]
    return ["", "### Gradient, float64", *_table(("", "time", "runs"), rows)]


def _growth(figures: Figures) -> list[str]:
    rows = []
    for axis, times in figures.growth.items():
        numbers = list(times)
        for number in numbers:
            relative = times[number] / number / (times[numbers[0]] / numbers[0])
            moved = ""
            if axis == "municipalities":
                cells = figures.case.cells * number / figures.case.size
                moved = f"{MOVED * cells / times[number] / figures.copied['main memory', 1]:.0%}"
            rows.append((axis, f"{number:,}".replace(",", " "), _us(times[number]), f"{relative:.2f}", moved))
    head = ("over", "number", "time", "time per one, first = 1", "state read and written, of what main memory allows")
    return ["", "### Growth, float64", *_table(head, rows)]


def _limits(figures: Figures) -> list[str]:
    rows: list[tuple[object, ...]] = [
        (f"copying {where}, {threads} thread(s)", f"{rate / 1e9:.1f} GB/s")
        for (where, threads), rate in figures.copied.items()
    ]
    rows += [
        (f"multiply-adds, {name}, {threads} thread(s)", f"{rate / 1e9:.1f} × 10⁹/s")
        for (name, threads), rate in figures.multiplied.items()
    ]
    moved = MOVED * figures.case.cells
    time = figures.single["ours, float64"].best
    limit = figures.copied["a state and its copy", 1]
    rows.append(("share of the copying rate that reading and writing the state reaches", f"{moved / time / limit:.0%}"))
    work = 5 * figures.case.cells
    rate = figures.multiplied["float64", 1]
    rows.append(("share of the multiply-add rate (five per cell and year)", f"{work / time / rate:.0%}"))
    return ["", "### The machine in the same run", *_table(("limit", "value"), rows)]


def _start_up(figures: Figures) -> list[str]:
    rows = [(name, "not known" if value is None else f"{value:.2f}") for name, value in figures.start_up.items()]
    return ["", "### Start-up and memory", *_table(("", "value"), rows)]


def _writing(figures: Figures) -> list[str]:
    rows = [(name, f"{seconds * 1e3:.0f} ms", f"{size:.1f} MB") for name, (seconds, size) in figures.writing.items()]
    return ["", "### Writing the result of the main scenario", *_table(("NetCDF", "time", "file"), rows)]
