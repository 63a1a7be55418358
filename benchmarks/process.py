"""Start-up time and memory, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.inputs import ROOT

PEAK = """
from pathlib import Path
status = Path("/proc/self/status")
if status.exists():  # the other figure is not reset when a process starts another
    print(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
else:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
MAIN_JOB = """
from benchmarks.inputs import *
from demosim.run import run
result = run(ROOT / "scenarios" / "mars2026.toml")
"""


def seconds(code: str, rounds: int = 5) -> float:
    """Least time that a new interpreter takes for the code."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - begin)
    return best


def peak_megabytes(code: str) -> float | None:
    """Most memory that a new interpreter holds while it runs the code; None where the system does not say."""
    if sys.platform == "win32":
        return None
    found = subprocess.run(
        [sys.executable, "-c", f"{code}\n{PEAK}"], check=True, cwd=ROOT, capture_output=True, text=True
    )
    scale = 1024**2 if sys.platform == "darwin" else 1024
    return int(found.stdout.split()[-1]) / scale


def start_up() -> dict[str, float | None]:
    """Seconds and megabytes of starting, importing and running the main scenario."""
    libraries = "import xarray, numba, netCDF4"
    return {
        "bare interpreter, s": seconds("pass"),
        "import demosim, s": seconds("import demosim"),
        f"{libraries}, MB": peak_megabytes(libraries),
        "main scenario, MB": peak_megabytes(MAIN_JOB),
    }
