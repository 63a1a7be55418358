"""A sweep from beginning to end: design, tasks over workers, chunks on disk, one result file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from demosim.baseline.read import read_baseline
from demosim.errors import DemosimError, usage_error
from demosim.scenario.read import baseline_location, read_scenario
from demosim.scenario.spec import Spec
from demosim.sweep.design import make_design
from demosim.sweep.execute import Results, run_tasks, scheduler, threads
from demosim.sweep.job import digest_of_job, make_job
from demosim.sweep.store import open_store
from demosim.sweep.write import write_sweep
from demosim.uncertainty.many import said_not_counted

CHUNK, LEAST_CHUNK, MOST_CHUNK = 250, 1, 2000


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: scenarios done and in all, scenarios per second of this run, seconds that are left."""

    done: int
    total: int
    rate: float
    left: float


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class SweepOptions:
    """What of a sweep is asked for.

    `vary`, `method`, `points`, `seed`: see `design.make_design`. `by`: country, county or municipality, of which
    `municipalities` keeps some. `population`: keep persons too. `double`: project in double precision. `chunk`:
    scenarios per task. `resume`: go on with what an interrupted sweep left. `keep_parts`: do not throw the chunks away.
    """

    vary: Sequence[str] = ()
    method: str | None = None
    points: int | None = None
    seed: int | None = None
    by: str = "country"
    municipalities: Sequence[str] = ()
    population: bool = False
    double: bool = False
    chunk: int = CHUNK
    resume: bool = False
    keep_parts: bool = False


def parts_folder(output: Path) -> Path:
    """Where the chunks of a sweep are kept until it is done: beside the result."""
    return output.with_name(f"{output.name}.parts")


def run_sweep(
    scenario: str | Path | Spec,
    output: Path,
    options: SweepOptions | None = None,
    workers: int = 1,
    executor: Any = None,
    address: str | None = None,
    report: Report | None = None,
    allow_paths: bool = False,
) -> Path:
    """Run a scenario at many values of its knobs and write need by scenario, service, place and date.

    scenario: a file, or one already read. output: a NetCDF file; chunks are kept beside it until it is whole.
    workers: threads of this machine; or executor: any `concurrent.futures` executor or `distributed.Client`; or
    address: of a distributed scheduler. report: called after every chunk.

    Results do not depend on workers, chunks or interruptions, bit for bit. Returns the path of the result. Raises a
    `DemosimError` with all problems of the request (2), or where the disk is full, which `resume` goes on from (1).
    """
    asked = options or SweepOptions()
    if not LEAST_CHUNK <= asked.chunk <= MOST_CHUNK:
        raise usage_error(f"{asked.chunk} scenarios per task", path="chunk", allowed=f"{LEAST_CHUNK} to {MOST_CHUNK}")
    spec = scenario if isinstance(scenario, Spec) else read_scenario(scenario, allow_paths)
    baseline = read_baseline(baseline_location(spec))
    design = make_design(spec, baseline, asked.vary, asked.method, asked.points, asked.seed)
    job = make_job(spec, baseline, design.paths, asked.by, asked.municipalities, not asked.double, asked.population)
    digest = digest_of_job(job, design.values)
    store = open_store(parts_folder(output), digest, len(design.values), asked.chunk, asked.resume)
    missing = store.missing()
    tasks = [(number, design.values[store.rows(number)]) for number in missing]
    tell = _teller(report, len(design.values), sum(len(values) for _, values in tasks))

    def done(number: int, results: Results) -> None:
        store.save(number, results)
        tell(len(design.values[store.rows(number)]))

    try:
        with _workers(executor, address, workers) as (pool, width):
            run_tasks(pool, width, job, tasks, done)
        write_sweep(output, store, job, design, _attrs(spec, baseline, digest, design.method, design.seed))
    except DemosimError as error:
        if not store.done:
            store.remove()
            raise
        raise error if error.notes else store.stopped(error) from error
    if not asked.keep_parts:
        store.remove()
    return output


def _workers(executor: Any, address: str | None, workers: int) -> Any:
    if executor is not None:
        width = getattr(executor, "_max_workers", None) or 4
        return nullcontext((executor, int(width)))
    return threads(workers) if address is None else scheduler(address)


def _attrs(spec: Spec, baseline: xr.Dataset, digest: str, method: str, seed: int | None) -> dict[str, object]:
    attrs: dict[str, object] = {
        "scenario": spec.name, "title": spec.title, "price_year": spec.price_year, "horizon": spec.horizon,
        "launch_year": int(baseline.attrs["launch_year"]), "interval_years": int(baseline.attrs["interval_years"]),
        "baseline": str(baseline.attrs.get("name", spec.baseline)),
        "baseline_digest": str(baseline.attrs.get("digest", "")), "digest": digest, "method": method,
    }  # fmt: skip
    attrs |= said_not_counted(spec)
    return attrs if seed is None else attrs | {"seed": seed}


def _teller(report: Report | None, total: int, left: int) -> Callable[[int], None]:
    """Counts scenarios as they are done and passes on rate and time left."""
    start, before, now = time.monotonic(), total - left, 0

    def tell(scenarios: int) -> None:
        nonlocal now
        now += scenarios
        if report is not None:
            rate = now / max(time.monotonic() - start, 1e-9)
            report(Progress(before + now, total, rate, (left - now) / rate))

    return tell
