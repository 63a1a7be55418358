"""What the tasks of a sweep are made of, and one task: some of its scenarios, from knob values to need."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim._version import __version__
from demosim.costs.unit_costs import derive_unit_cost
from demosim.errors import did_you_mean, run_error, usage_error
from demosim.kernels.layout import Outputs
from demosim.kernels.threads import map_chunks
from demosim.packing import CostTable, pack
from demosim.projection import check_counters
from demosim.scenario.prepare import prepare
from demosim.scenario.resolve import assemble
from demosim.scenario.spec import Spec
from demosim.scenario.vary import with_numbers

PLACES = ("country", "county", "municipality")
SINGLE_BALANCE = 1e-4  # relative; what single precision leaves of the mass balance
ROW = 16  # scenarios in memory at a time in a task


@dataclass(frozen=True)
class Job:
    """All that a task needs to know but its knob values; sent once to every worker.

    `by`: need of the country, each county or each municipality; `region` (municipality,): where its need is added,
    −1 for nowhere; `places`: codes of the regions. `single`: project in single precision (sums are in double).
    `population`: keep persons too.
    """

    baseline: xr.Dataset
    spec: Spec
    paths: tuple[str, ...]
    unit_cost: xr.DataArray
    by: str
    region: np.ndarray
    places: tuple[str, ...]
    single: bool
    population: bool
    version: str = __version__

    @property
    def dates(self) -> np.ndarray:
        """1 Januaries from launch to horizon."""
        step = int(self.baseline.attrs["interval_years"])
        return np.arange(int(self.baseline.attrs["launch_year"]), self.spec.horizon + 1, step)


def make_job(
    spec: Spec, baseline: xr.Dataset, paths: Sequence[str], by: str = "country",
    municipalities: Sequence[str] = (), single: bool = True, population: bool = False,
) -> Job:  # fmt: skip
    """What all tasks of a sweep share. `municipalities`: only these with `by="municipality"`; all where none are named.

    Raises a `DemosimError` (2) for places that are not there.
    """
    if by not in PLACES:
        near = did_you_mean(by, PLACES)
        raise usage_error(f"{by} is no kind of place", path="by", allowed=", ".join(PLACES), suggestion=near)
    codes = [str(code) for code in baseline["municipality"].values]
    if municipalities and by != "municipality":
        raise usage_error("single municipalities need --by municipality", path="municipality")
    if municipalities and population:
        raise usage_error("--population keeps all municipalities", path="municipality", allowed="one or the other")
    missing = [code for code in municipalities if code not in codes]
    if missing:
        near = did_you_mean(missing[0], codes)
        raise usage_error(f"no municipality has the number {', '.join(missing)}", path="municipality", suggestion=near)
    places: tuple[str, ...] = ("country",)
    region = np.zeros(len(codes), np.int64)
    if by == "county":
        own = [str(code) for code in baseline["county"].values]
        places = tuple(sorted(set(own)))
        region = np.array([places.index(code) for code in own])
    elif by == "municipality":
        places = tuple(municipalities) or tuple(codes)
        number = {code: at for at, code in enumerate(places)}
        region = np.array([number.get(code, -1) for code in codes])
    unit_cost = derive_unit_cost(baseline, spec.costs, spec.price_year)
    return Job(baseline, spec, tuple(paths), unit_cost, by, region, places, single, population)


def digest_of_job(job: Job, values: np.ndarray) -> str:
    """sha256 of everything that results hang on: arrays of the scenario, knob values, unit costs, what is kept."""
    prepared = prepare(job.baseline, job.spec, job.paths)
    hashed = hashlib.sha256()
    asked = (job.by, job.places, job.single, job.population)
    settings = (job.version, job.paths, *asked, job.spec.horizon, job.spec.price_year)
    hashed.update(repr(settings).encode())
    knobs = sorted((path, repr(value)) for path, value in job.spec.knobs.items())
    hashed.update(repr(knobs).encode())
    costs = job.unit_cost.transpose("service", "age")
    hashed.update(repr(costs["service"].values.tolist()).encode())
    arrays = [array for _, array in sorted(assemble(prepared, job.spec.knobs)[1].items())]
    for stream in prepared.draft.streams.values():
        arrays += [stream.profile, stream.key, stream.onward_key]
    arrays += [prepared.draft.ordinary_profile, costs.values, values, job.region]
    for array in arrays:
        hashed.update(repr(array.shape).encode())
        hashed.update(np.ascontiguousarray(array, float).tobytes())
    return hashed.hexdigest()




def run_task(job: Job, values: np.ndarray) -> dict[str, np.ndarray]:
    """Results of some scenarios, knob values (scenario, knob), in the order given.

    Returns `expenditure_need` (scenario, service, place, date) in kroner, charged to free income, in single precision
    where it is of counties or municipalities of a sweep in single precision; and `population` (scenario,
    municipality, sex, age, date) where wanted.
    """
    if job.version != __version__:
        raise run_error(f"this worker has demosim {__version__}, the sweep {job.version}; install the same on all")
    prepared = prepare(job.baseline, job.spec, job.paths)
    shared = {
        "birth_share": np.array([prepared.draft.male_birth_share, 1 - prepared.draft.male_birth_share]),
        "interval_years": np.array(float(prepared.draft.interval)),
    }
    scenarios = [
        assemble(prepared, with_numbers(job.spec.knobs, dict(zip(job.paths, row, strict=True))))[1] | shared
        for row in values.tolist()
    ]
    sexes = job.baseline.sizes["sex"]
    table = CostTable.from_unit_cost(job.unit_cost.transpose("service", "age").values, sexes)
    own = job.by == "municipality" and np.array_equal(job.region, np.arange(len(job.region)))
    region = None if own else job.region
    inputs, pick = pack(scenarios, [table], region, np.float32 if job.single else np.float64)
    stored = np.float32 if job.single and job.by != "country" else np.float64

    def use(first: int, last: int, outputs: Outputs) -> dict[str, np.ndarray]:
        check_counters(outputs.counters, SINGLE_BALANCE if job.single else 1e-9)
        kept = {"expenditure_need": np.moveaxis(outputs.need, 1, -1).astype(stored)}
        if job.population:
            kept["population"] = _persons(outputs.population, sexes, len(job.region))
        return kept

    keep = ("population",) if job.population else ()
    parts = map_chunks(use, inputs, pick, len(job.places), keep, chunk=ROW)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _persons(population: np.ndarray, sexes: int, size: int) -> np.ndarray:
    """(scenario, date, sex × age, padded municipality) to (scenario, municipality, sex, age, date)."""
    cube = population.reshape(*population.shape[:2], sexes, -1, population.shape[-1])[..., :size]
    return np.ascontiguousarray(cube.transpose(0, 4, 2, 3, 1))
