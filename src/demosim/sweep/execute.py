"""Tasks over workers: threads of this machine, any executor, or an existing distributed scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import numpy as np

from demosim.errors import DemosimError, run_error
from demosim.sweep.job import Job, run_task

RETRIES = 3
AHEAD = 2  # tasks waiting for every task that runs
Results = dict[str, np.ndarray]


@contextmanager
def threads(number: int) -> Iterator[tuple[Executor, int]]:
    """Threads of this machine: executor and how many tasks run at a time. Tasks not begun are dropped at the end."""
    pool = ThreadPoolExecutor(max(number, 1))
    try:
        yield pool, max(number, 1)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def scheduler(address: str) -> Iterator[tuple[Any, int]]:
    """A client of a running scheduler (`tcp://host:8786`) and how many tasks it runs at a time.

    Needs the extra `cluster`. Raises a `DemosimError` (1) where the extra is missing or nobody answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise run_error("needs the extra: pip install 'demosim[cluster]'", path="scheduler") from error
    try:
        client: Any = Client(address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]  # untyped library
    except (OSError, TimeoutError, ValueError) as error:
        raise run_error(f"no scheduler answers ({error})", path=f"scheduler {address}") from error
    try:
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        yield client, max(sum(worker["nthreads"] for worker in workers), 1)
    finally:
        client.close()


def run_tasks(
    executor: Any, width: int, job: Job, tasks: Sequence[tuple[int, np.ndarray]], done: Callable[[int, Results], None]
) -> None:
    """Run tasks (number, knob values) and hand each result to `done`, in whatever order they end.

    executor: a `concurrent.futures` executor, or a `distributed.Client`, to which the job is sent once. At most three
    times as many tasks as run at a time are under way, so that results do not pile up. A task that fails on a lost
    worker is tried again; an error of the model is raised at once.
    """
    is_client = hasattr(executor, "scatter")
    sent = executor.scatter(job, broadcast=True) if is_client else job
    pool = executor.get_executor(pure=False, retries=RETRIES) if is_client else executor
    waiting = list(reversed(tasks))
    tried: dict[int, int] = {}
    running: dict[Future[Results], tuple[int, np.ndarray]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < width * (1 + AHEAD):
                task = waiting.pop()
                running[pool.submit(run_task, sent, task[1])] = task
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                error = future.exception()
                if error is None:
                    done(task[0], future.result())
                    continue
                tried[task[0]] = tried.get(task[0], 0) + 1
                if isinstance(error, DemosimError | BrokenExecutor) or tried[task[0]] > RETRIES:
                    raise _failed(error)
                waiting.append(task)
    finally:
        for future in running:
            future.cancel()


def _failed(error: BaseException) -> DemosimError:
    if isinstance(error, DemosimError):
        return error
    lost = isinstance(error, BrokenExecutor)
    what = "the workers are gone" if lost else f"a task failed {RETRIES + 1} times ({type(error).__name__}: {error})"
    failed = run_error(what, path="sweep")
    failed.__cause__ = error
    return failed
