"""What is released: a wheel and a source archive that hold all they need, and run away from the checkout."""

from __future__ import annotations

import email
import hashlib
import importlib.metadata as metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import demosim
from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
PACKED = "demosim/_packaged/"


@dataclass(frozen=True)
class Built:
    """The two archives of a release."""

    wheel: Path
    source: Path

    def names(self) -> list[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return archive.namelist()

    def text(self, ending: str) -> str:
        with zipfile.ZipFile(self.wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(ending))
            return archive.read(name).decode("utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The source archive built from the checkout, and the wheel built from the source archive; no network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, source)


def carried(folder: str) -> dict[str, str]:
    """Digest of every file below a folder of the checkout."""
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("folder", ["data", "scenarios"])
def test_the_wheel_holds_every_file_that_is_carried(built: Built, folder: str) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        packed = {
            name.removeprefix(PACKED): hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name.startswith(f"{PACKED}{folder}/")
        }
    assert packed == carried(folder)
    assert len(packed) > 5


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "demosim").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"demosim-{demosim.__version__}.dist-info/"
    inside = {name for name in built.names() if not name.startswith((info, PACKED))}
    assert inside == sources
    licences = [name for name in built.names() if name.startswith(f"{info}licenses/")]
    assert sorted(licences) == [f"{info}licenses/LICENSE", f"{info}licenses/data/LICENSE.md"]


def test_the_source_archive_can_be_worked_with(built: Built) -> None:
    with tarfile.open(built.source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in ("pyproject.toml", "constraints.txt", "Makefile", "CITATION.cff", "CHANGELOG.md", "docs/conf.py",
                   "docs/notebooks/xarray.ipynb", "tests/conftest.py", "data/norway2026/baseline.nc"):  # fmt: skip
        assert needed in names
    assert not [name for name in names if name.startswith((".venv", "results", "site", "dist", ".git/"))]
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_one_version(built: Built) -> None:
    """The version is written in `_version.py`; what else names it agrees."""
    assert "version" in PROJECT["dynamic"]
    assert "version" not in PROJECT
    assert re.fullmatch(r"\d+\.\d+\.\d+", demosim.__version__)
    assert re.findall(r"^version: (.+)$", CITATION, re.MULTILINE) == [demosim.__version__]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] in (demosim.__version__, "Unreleased")
    assert built.wheel.name == f"demosim-{demosim.__version__}-py3-none-any.whl"
    assert built.source.name == f"demosim-{demosim.__version__}.tar.gz"
    assert email.message_from_string(built.text("METADATA"))["Version"] == demosim.__version__


def core_requirements(built: Built) -> list[Requirement]:
    """What the wheel asks for without any extra."""
    asked = email.message_from_string(built.text("METADATA")).get_all("Requires-Dist", [])
    return [found for found in map(Requirement, asked) if not found.marker or found.marker.evaluate({"extra": ""})]


def test_the_wheel_asks_for_what_pyproject_says(built: Built) -> None:
    core = {canonicalize_name(found.name) for found in core_requirements(built)}
    assert core == {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    about = email.message_from_string(built.text("METADATA"))
    assert about["Requires-Python"] == PROJECT["requires-python"]
    assert set(about.get_all("Provides-Extra", [])) == set(PROJECT["optional-dependencies"])


def test_every_dependency_is_pinned_once() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    names = [canonicalize_name(pin.partition("==")[0]) for pin in pins]
    assert all("==" in pin for pin in pins)
    assert len(set(names)) == len(names)
    asked = [*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)]
    wanted = {canonicalize_name(Requirement(text).name) for text in asked} - {"demosim"}
    assert wanted <= set(names)
    for text in asked:
        requirement = Requirement(text)
        if requirement.name != "demosim":
            pinned = pins[names.index(canonicalize_name(requirement.name))].partition("==")[2]
            assert requirement.specifier.contains(pinned), text


def closure(requirements: list[Requirement]) -> Iterator[metadata.Distribution]:
    """The distributions that are needed, and those that they need, as installed here."""
    seen: set[str] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        found = metadata.distribution(requirement.name)
        assert requirement.specifier.contains(found.version, prereleases=True), requirement
        waiting += [Requirement(text) for text in found.requires or []]
        yield found


@dataclass(frozen=True)
class Away:
    """An environment with the wheel and what it asks for, and an empty folder far from the checkout."""

    programs: Path
    folder: Path

    def call(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the folder, with no path of the checkout in sight."""
        hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "NUMBA_CACHE_DIR")
        environment: Mapping[str, str] = {
            **{name: value for name, value in os.environ.items() if name not in hidden},
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", **more,
        }  # fmt: skip
        program = shutil.which(words[0], path=environment["PATH"])
        assert program is not None
        return subprocess.run(
            [program, *words[1:]], cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
            encoding="utf-8",
        )  # fmt: skip


@pytest.fixture(scope="module")
def away(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Away:
    """An empty environment, the core's dependencies linked from those installed here, the wheel by pip."""
    folder = tmp_path_factory.mktemp("away")
    builder = venv.EnvBuilder(symlinks=os.name != "nt")
    context = builder.ensure_directories(folder / "env")
    builder.create(folder / "env")
    # the folder of packages that the new interpreter itself names
    asked = [context.env_exe, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    for found in closure(core_requirements(built)):
        for top in {file.parts[0] for file in found.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            source, target = Path(str(found.locate_file(top))), packages / top
            if source.exists() and not target.exists():
                target.symlink_to(source)
    install = [sys.executable, "-m", "pip", "--python", str(context.env_exe), "install", "--quiet", "--no-index",
               "--no-deps", "--disable-pip-version-check", str(built.wheel)]  # fmt: skip
    subprocess.run(install, check=True, capture_output=True, text=True)
    (folder / "work").mkdir()
    return Away(Path(context.bin_path), folder / "work")


@pytest.fixture(scope="module")
def printed(away: Away) -> str:
    """What the run of an example prints there, for machines; the result is stored in results/mars2026.nc."""
    assert away.call("demosim", "init", "my").returncode == 0
    done = away.call("demosim", "--json", "run", "my/mars2026.toml")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_data_are_those_of_the_installed_package(away: Away) -> None:
    assert away.call("demosim", "--version").stdout.strip() == f"demosim, version {demosim.__version__}"
    where = away.call("python", "-c", "import demosim.baseline.find as f; print(f.embedded('data'))").stdout.strip()
    assert Path(where).parts[-3:] == ("demosim", "_packaged", "data")
    assert ROOT not in Path(where).parents


def test_it_runs_from_the_wheel_far_from_the_checkout(away: Away, printed: str) -> None:
    """The figures are those of the checkout: a run that compiles and one that does not differ by the last bit."""
    ours = demosim.run(ROOT / "scenarios" / "mars2026.toml").costs["accumulated_demographic_expenditure"]
    last = float(ours.sel(financing="free_income").sum("municipality").isel(budget_year=-1).sum("service")) / 1e9
    table = next(table for table in json.loads(printed)["tables"] if table["key"] == "accumulated")
    assert table["rows"][-1]["values"][-1] == pytest.approx(last, abs=0.006)
    stored = demosim.read_result(away.folder / "results" / "mars2026.nc")[ours.name]
    np.testing.assert_allclose(stored.transpose(*ours.dims).values, ours.values, rtol=1e-12, atol=1e-4)


def test_it_runs_as_a_module(away: Away) -> None:
    done = away.call("python", "-m", "demosim", "--json", "list", "services")
    assert done.returncode == 0, done.stderr
    assert "barnehage" in done.stdout


def test_what_an_extra_brings_is_named_where_it_is_missing(away: Away, printed: str) -> None:
    """Nothing but the core's dependencies is installed there."""
    assert away.call("python", "-c", "import altair").returncode == 1
    done = away.call("demosim", "plot", "results/mars2026.nc", "--figure", "yearly", "--output", "yearly.svg")
    assert done.returncode in (1, 2)
    assert "[report]" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(away.folder.glob("yearly*"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_ask_for_its_completion(away: Away, shell: str) -> None:
    done = away.call("demosim", _DEMOSIM_COMPLETE=f"{shell}_source")
    assert done.returncode == 0
    assert "_DEMOSIM_COMPLETE" in done.stdout
    given = {"COMP_WORDS": "demosim val", "COMP_CWORD": "val" if shell == "fish" else "1"}
    found = away.call("demosim", _DEMOSIM_COMPLETE=f"{shell}_complete", **given)
    assert "validate" in found.stdout
    assert "calibrate" not in found.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands_options_and_choices(away: Away) -> None:
    script = (
        'eval "$(_DEMOSIM_COMPLETE=bash_source demosim)"; complete -p demosim >/dev/null || exit 9;'
        'ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=();'
        ' _demosim_completion demosim; echo "${COMPREPLY[@]}"; };'
        "ask demosim sens; ask demosim run --muni; ask demosim list kn; ask demosim --lang n"
    )
    done = away.call("bash", "--norc", "-c", script)
    assert done.stdout.splitlines() == ["sensitivity", "--municipality", "knobs", "nb nn"], done.stderr
