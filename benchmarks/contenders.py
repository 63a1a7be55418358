"""The measurements, each a function from cases to named figures."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.inputs import Case, packed, packer, sweep, tiled, with_ages, with_years
from benchmarks.numpy_model import NumpyModel
from benchmarks.pandas_model import PandasModel
from benchmarks.timing import Timed, once, take_turns
from demosim.costs.need import expenditure
from demosim.gradient import gradient as labelled_gradient
from demosim.gradient import total_weight
from demosim.kernels.adjoint import back_project, scratch_space, zero_adjoint
from demosim.kernels.layout import work_space
from demosim.kernels.project import project
from demosim.kernels.threads import Rooms, empty_outputs, map_chunks, run_scenarios
from demosim.packing import CostTable, Packer, pack, without_costs
from demosim.projection import project as labelled_run

TASK = 16  # scenarios packed at a time
WIDTHS = {"float64": np.float64, "float32": np.float32}
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


def agreement(case: Case) -> dict[str, float]:
    """Largest relative difference of any need from our float64, by contender."""
    inputs, pick = packed(case, [case.arrays], np.float64)
    ours = run_scenarios(inputs, pick, case.size).need[0]
    some = ours > 1
    result = {}
    for name, dtype in WIDTHS.items():
        theirs = NumpyModel(case.arrays, case.unit_cost, dtype).run(case.arrays)
        result[f"NumPy, {name}"] = float(abs(theirs[some] / ours[some] - 1).max())
    inputs, pick = packed(case, [case.arrays], np.float32)
    result["ours, float32"] = float(abs(run_scenarios(inputs, pick, case.size).need[0][some] / ours[some] - 1).max())
    long = PandasModel(case.arrays, case.unit_cost).run().unstack("place")
    result["pandas"] = float(abs(long.to_numpy().reshape(ours.shape)[some] / ours[some] - 1).max())
    return result


def single(case: Case, rounds: int) -> dict[str, Timed]:
    """One run with costs by municipality, service and date; everything prepared beforehand."""
    contenders = {}
    for name, dtype in WIDTHS.items():
        inputs, pick = packed(case, [case.arrays], dtype)
        outputs = empty_outputs(inputs, 1, case.size)
        work = work_space(inputs)
        contenders[f"ours, {name}"] = lambda i=inputs, p=pick, o=outputs, w=work: project(i, p, 0, 1, o, w)
        model = NumpyModel(case.arrays, case.unit_cost, dtype)
        contenders[f"NumPy, {name}"] = lambda m=model: m.run(case.arrays)
        contenders[f"NumPy, {name}, projection only"] = lambda m=model: m.run(case.arrays, costs=False)
    return take_turns(contenders, rounds)


def slow(case: Case) -> dict[str, float]:
    """Contenders that are timed once or twice: pandas, and plain Python beside ours on a small part of the country."""
    import naive

    model = PandasModel(case.arrays, case.unit_cost)
    small = dict(case.arrays)
    for name in ("jump_off_population", "fertility_factor"):
        small[name] = small[name][:4]
    small["settlement_key"] = small["settlement_key"][:, :4]
    small["net_migration_deviation"] = small["net_migration_deviation"][..., :4]
    few = Case(small, case.unit_cost)
    inputs, pick = packed(few, [small], np.float64)
    outputs = empty_outputs(inputs, 1, 4)
    project(inputs, pick, 0, 1, outputs)
    return {
        "pandas": min(once(model.run) for _ in range(2)),
        "plain Python, 4 municipalities": once(lambda: naive.need(naive.project(small)["population"], case.unit_cost)),
        "ours, 4 municipalities": min(once(lambda: project(inputs, pick, 0, 1, outputs)) for _ in range(50)),
    }


def sweeps(case: Case, sizes: tuple[int, ...], threads: tuple[int, ...], rounds: int) -> dict[tuple, Timed]:
    """Seconds per scenario of sweeps, packing of the scenarios included: (contender, scenarios, threads)."""
    result: dict[tuple, Timed] = {}
    models = {
        (n, t): NumpyModel(case.arrays, case.unit_cost, d) for n, d in WIDTHS.items() for t in range(max(threads))
    }
    engines = {name: (packer(case, dtype), Rooms()) for name, dtype in WIDTHS.items()}
    for size in sizes:
        scenarios = sweep(case, min(size, 1000))
        contenders = {}
        for workers in threads:
            for name in WIDTHS:
                contenders["ours, " + name, size, workers] = lambda e=engines[name], w=workers, s=scenarios, n=size: [
                    ours_sweep(*e, s[: min(n - first, 1000)], case.size, w) for first in range(0, n, 1000)
                ]
                if size <= 64:
                    contenders["NumPy, " + name, size, workers] = lambda m=name, w=workers, s=scenarios: numpy_sweep(
                        [models[m, i] for i in range(w)], s
                    )
        times = take_turns(contenders, 2 * rounds if size <= 64 else 2 if size > 1000 else rounds)
        result |= {key: Timed(time.best / size, time.median / size) for key, time in times.items()}
    return result


def ours_sweep(pack_them: Packer, rooms: Rooms, scenarios: list, places: int, threads: int) -> list[np.ndarray]:
    """Tasks over threads, as in `demosim.sweep`: each packs its scenarios and runs them, and of each task the need by
    service and date is kept. What all scenarios share is made at the first call, as in the NumPy model."""

    def run(first: int) -> list[np.ndarray]:
        inputs, pick = pack_them.pack(scenarios[first : first + TASK])
        return map_chunks(lambda begin, end, part: part.need.sum(axis=-1), inputs, pick, places, rooms=rooms)

    with ThreadPoolExecutor(threads) as pool:
        return [need for part in pool.map(run, range(0, len(scenarios), TASK)) for need in part]


def numpy_sweep(models: list[NumpyModel], scenarios: list) -> list[np.ndarray]:
    """The same in NumPy, one model per thread."""
    parts = [scenarios[i :: len(models)] for i in range(len(models))]
    with ThreadPoolExecutor(len(models)) as pool:
        runs = pool.map(
            lambda pair: [pair[0].run(arrays).sum(axis=-1) for arrays in pair[1]], zip(models, parts, strict=True)
        )
        return [need for run in runs for need in run]


def gradients(case: Case, rounds: int) -> dict[str, Timed]:
    """The derivative of ten years' need by everything, beside runs forward."""
    merged = CostTable.from_unit_cost(case.unit_cost.sum(axis=0, keepdims=True), 2)
    inputs, pick = pack([case.arrays], [merged])
    full, _ = packed(case, [case.arrays], np.float64)
    need, stored = empty_outputs(full, 1, case.size), empty_outputs(full, 1, case.size, ("population",))
    weights = np.zeros((need.need.shape[1], 1, inputs.population.shape[2]))
    weights[1:, :, : case.size] = 1
    bare, work, traced = without_costs(inputs), work_space(full), work_space(inputs, traced=True)
    nothing, adjoint, scratch = empty_outputs(bare, 1, 0), zero_adjoint(inputs), scratch_space(inputs)

    def derive() -> None:
        project(bare, pick, 0, 1, nothing, traced)
        back_project(inputs, pick[0], traced, weights, adjoint, scratch)

    result = take_turns(
        {
            "run": lambda: project(full, pick, 0, 1, need, work),
            "run that stores the population": lambda: project(full, pick, 0, 1, stored, work),
            "gradient": derive,
        },
        rounds,
    )
    if case.labelled is None:
        return result
    assumptions, unit_cost = case.labelled
    dates = [int(year) + 1 for year in assumptions["year"].values]
    labelled = {
        "`project` and `expenditure`, labelled": lambda: expenditure(
            labelled_run(assumptions)["population"], unit_cost
        ),
        "`gradient`, labelled": lambda: labelled_gradient(assumptions, unit_cost, total_weight(dates)),
    }
    return result | take_turns(labelled, max(2, rounds // 10))


def growth(case: Case, rounds: int) -> dict[str, dict[int, float]]:
    """Seconds per run over municipalities, ages and years (float64)."""
    places, ages, years = case.size, case.unit_cost.shape[1], len(case.arrays["death_prob"])
    axes = {
        "municipalities": {places * copies: tiled(case, copies) for copies in (1, 10, 100)},
        "ages": {number: with_ages(case, number) for number in (ages // 4, ages // 2, ages, 2 * ages)},
        "years": {number: with_years(case, number) for number in (years // 2, years, 2 * years, 4 * years)},
    }
    result = {}
    for axis, cases in axes.items():
        result[axis] = {}
        for number, grown in cases.items():
            inputs, pick = packed(grown, [grown.arrays], np.float64)
            outputs = empty_outputs(inputs, 1, grown.size)
            turns = rounds if grown.cells < 5e6 else 3
            work = work_space(inputs)
            run = {"": lambda i=inputs, p=pick, o=outputs, w=work: project(i, p, 0, 1, o, w)}
            result[axis][number] = take_turns(run, turns)[""].best
    return result
