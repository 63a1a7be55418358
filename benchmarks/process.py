"""Start-up time and memory, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.inputs import ROOT
from demosim.run import run as run_main

MAIN = ROOT / "scenarios" / "mars2026.toml"

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
    with tempfile.TemporaryDirectory() as folder:
        command = ["--quiet", "run", str(MAIN), "--output", str(Path(folder) / "result.nc")]
        run = seconds(f"from demosim.cli import main; main({command!r})")
    importing = seconds(libraries)
    held, used = peak_megabytes(libraries), peak_megabytes(MAIN_JOB)
    return {
        "bare interpreter, s": seconds("pass"),
        "import demosim, s": seconds("import demosim"),
        f"{libraries}, s": importing,
        "`demosim run` of the main scenario but the first, s": run,
        "the run as a multiple of the imports": run / importing,
        f"{libraries}, MB": held,
        "main scenario, MB": used,
        "the main scenario as a multiple of the imports": used / held if used and held else None,
    }


def writing(rounds: int = 5) -> dict[str, tuple[float, float]]:
    """Seconds and megabytes of writing the main result: as it is, and deflated a little after shuffling its bytes."""
    dataset = run_main(MAIN).dataset.drop_attrs()
    deflated = {name: {"zlib": True, "complevel": 1, "shuffle": True} for name in dataset.data_vars}
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.nc"
        for name, encoding in (("as it is", {}), ("zlib 1 with shuffle", deflated)):
            plain = {key: value for key, value in encoding.items() if dataset[key].dtype.kind in "fi"}
            best = float("inf")
            for _ in range(rounds):
                begin = time.perf_counter()
                dataset.to_netcdf(path, engine="netcdf4", encoding=plain)
                best = min(best, time.perf_counter() - begin)
            result[name] = (best, path.stat().st_size / 1024**2)
    return result
