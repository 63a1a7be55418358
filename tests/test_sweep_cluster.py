"""A sweep on a real local cluster of two workers, one of which is killed: the same bits as on one thread."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

import sweep_country
from demosim.errors import DemosimError
from demosim.sweep.run import Progress, SweepOptions, run_sweep

distributed = pytest.importorskip("distributed", reason="needs the extra cluster")
pytestmark = pytest.mark.filterwarnings("ignore")  # of other people's sockets and versions, not ours
VARIED = ("fertility.tfr=1.3:1.9:0.1", "streams.crisis.net.2020=0:100:10", "migration.multiplier=0.5,1,2")


def test_a_killed_worker_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "src"))
    scenario = sweep_country.scenario_file(tmp_path)
    options = SweepOptions(VARIED, chunk=7)
    alone = run_sweep(scenario, tmp_path / "alone.nc", options).read_bytes()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        victim = next(iter(cluster.workers.values())).pid
        killed: list[int] = []

        def kill(progress: Progress) -> None:
            if not killed and progress.done >= 21:
                os.kill(victim, 9 if os.name == "posix" else 15)
                killed.append(progress.done)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = run_sweep(
                scenario, tmp_path / "cluster.nc", options, address=cluster.scheduler_address, report=kill
            )
    assert killed
    assert killed[0] < 231, "tasks were left when the worker died"
    assert output.read_bytes() == alone


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = sweep_country.scenario_file(tmp_path)
    with pytest.raises(DemosimError, match="no scheduler answers") as caught:
        run_sweep(scenario, tmp_path / "x.nc", SweepOptions(VARIED), address="tcp://127.0.0.1:9")
    assert caught.value.exit_code == 1
