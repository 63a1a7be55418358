"""All timings in one run, written into docs/performance.md and beside it: `python -m benchmarks.run_all`."""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # threads are ours to count; must be set before NumPy is imported

import argparse  # noqa: E402  # after the number of threads is set
from pathlib import Path  # noqa: E402  # after the number of threads is set

import numpy as np  # noqa: E402  # after the number of threads is set

from benchmarks import contenders, limits, process  # noqa: E402  # after the number of threads is set
from benchmarks.inputs import ROOT, main_case  # noqa: E402  # after the number of threads is set
from benchmarks.plot import bars  # noqa: E402  # after the number of threads is set
from benchmarks.report import Figures, report  # noqa: E402  # after the number of threads is set

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def measure(quick: bool) -> Figures:
    """Everything, in an order that lets contenders take turns."""
    case = main_case()
    rounds = 5 if quick else 60
    sizes = (1, 64) if quick else (1, 64, 1000, 10_000)
    cores = sorted({1, min(2, os.cpu_count() or 1)})
    state = case.arrays["jump_off_population"].size * 8 // 1024
    return Figures(
        case=case,
        agreement=contenders.agreement(case),
        single=contenders.single(case, rounds),
        slow=contenders.slow(case),
        sweeps=contenders.sweeps(case, sizes, tuple(cores), max(2, rounds // 10)),
        gradients=contenders.gradients(case, rounds),
        growth=contenders.growth(case, max(3, rounds // 5)),
        copied={
            (where, threads): limits.copied_per_second(size, threads)
            for where, size in (("a state and its copy", 2 * state), ("main memory", 262_144))
            for threads in cores
        },
        multiplied={(n, t): limits.multiply_adds_per_second(d, t) for n, d in contenders.WIDTHS.items() for t in cores},
        start_up=process.start_up(),
        writing=process.writing(),
        quick=quick,
    )


def write(figures: Figures, page: Path) -> None:
    """Replace the figures on the page, and the plot beside it."""
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    page.write_text(f"{head}{BEGIN}\n{report(figures)}{END}{tail}", encoding="utf-8")
    chart = {
        "demosim, float32, 2 threads": figures.per_scenario("ours, float32", 2),
        "demosim, float64, 2 threads": figures.per_scenario("ours, float64", 2),
        "demosim, single run": figures.single["ours, float64"].best,
        "NumPy, float32, 2 threads": figures.per_scenario("NumPy, float32", 2),
        "NumPy, float64, 2 threads": figures.per_scenario("NumPy, float64", 2),
        "NumPy, single run": figures.single["NumPy, float64"].best,
        "pandas": figures.slow["pandas"],
        "plain Python (scaled up)": figures.slow["plain Python, 4 municipalities"] * figures.case.size / 4,
    }
    title = "Ten years of all municipalities with costs"
    milliseconds = {name: value * 1e3 for name, value in chart.items() if np.isfinite(value)}
    page.with_suffix(".svg").write_text(bars(title, "milliseconds per scenario", milliseconds), encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds and small sweeps, to see that all runs")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "performance.md", help="page to write into")
    options = parser.parse_args()
    figures = measure(options.quick)
    print(report(figures))
    write(figures, options.output)


if __name__ == "__main__":
    main()
