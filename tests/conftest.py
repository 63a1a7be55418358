"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Solvers that use the threads of BLAS stall when several test runs share a machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the files that are for tests only (`DEMOSIM_SHARED`, by default `../shared/data`)."""
    folder = Path(os.environ.get("DEMOSIM_SHARED", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the test data; set DEMOSIM_SHARED (looked in {folder})")
    return folder


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main scenario, run and stored once."""
    import demosim as ds
    from demosim.outputs.netcdf import write_result

    done = ds.run(ROOT / "scenarios" / "mars2026.toml")
    path = tmp_path_factory.mktemp("results") / "mars2026.nc"
    write_result(path, done.dataset, "run", done.assumptions)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the test works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
