"""Assumptions to a labelled projection: population on dates, births, deaths and migration by year."""

from __future__ import annotations

import numpy as np
import xarray as xr

from demosim.errors import run_error
from demosim.kernels.layout import COUNTERS, Inputs, Outputs, Work, work_space
from demosim.kernels.project import project as run_kernel
from demosim.mid_year import mid_year
from demosim.moves import has_moves, move_flows
from demosim.packing import Arrays, launch_share, pack

BALANCE_TOLERANCE = 1e-9


def assumption_arrays(assumptions: xr.Dataset) -> dict[str, np.ndarray]:
    """The plain arrays of resolved assumptions, in the order of axes that the engine expects."""
    male = float(assumptions.attrs["male_birth_share"])
    arrays = {str(name): values.values for name, values in assumptions.data_vars.items()}
    arrays["birth_share"] = np.array([male, 1 - male])
    arrays["interval_years"] = np.array(float(assumptions.attrs["interval_years"]))
    return arrays


def project(assumptions: xr.Dataset) -> xr.Dataset:
    """Project the population of every municipality by sex and age.

    Cohort-component in discrete intervals; see `demosim.kernels.project`.

    assumptions: resolved assumptions, see `demosim.scenario`.

    Returns persons: `population` (municipality, sex, age, date), `population_mid_year` (…, year); flows of each year
    by age at its end: `births` (municipality, sex, year), `deaths`, `net_ordinary_migration`,
    `net_deviation_migration`, `net_stream_migration` and `floor_adjustment` (municipality, sex, age_end_of_year,
    year); `out_moves`, `in_moves` and `net_internal_migration` where the data set has gross moves. Raises a
    `DemosimError` where the kernel reports numbers that are not finite or do not add up.
    """
    arrays = assumption_arrays(assumptions)
    inputs, pick = pack([arrays])
    years = inputs.survival.shape[1]
    shape = inputs.population.shape[1:]
    outputs = Outputs(
        need=np.empty((1, years + 1, 0, 0)),
        population=np.empty((1, years + 1, *shape)),
        survivors=np.empty((1, years, *shape)),
        births=np.empty((1, years, shape[1])),
        counters=np.zeros((1, len(COUNTERS))),
    )
    outputs.population[0, 0] = inputs.population[0]
    work = work_space(_alone(inputs, 0, outputs))  # the same for every year: new memory is slow
    for y in range(years):
        _project_one_year(inputs, pick, y, outputs, work)
    counters = check_counters(outputs.counters)
    return _labelled(assumptions, arrays, outputs, counters)


def _alone(inputs: Inputs, y: int, outputs: Outputs) -> Inputs:
    """Year y as a run of its own."""
    year = slice(y, y + 1)
    by_year = ("survival", "newborn", "fertility", "net", "fade", "inflow")
    return inputs._replace(
        population=outputs.population[:, y], **{name: getattr(inputs, name)[:, year] for name in by_year}
    )


def _project_one_year(inputs: Inputs, pick: np.ndarray, y: int, outputs: Outputs, work: Work) -> None:
    """Fill one year of the outputs from the stock at its start.

    The kernel is started anew for every year. It may sum over the country in another order in the year in which it
    starts than in later ones; this way the last bit does not depend on where a run begins, and one that is stopped
    and continued is the run at once.
    """
    year = slice(y, y + 1)
    work.made_for[:] = -1
    run_kernel(
        _alone(inputs, y, outputs), pick, 0, 1,
        outputs._replace(
            need=outputs.need[:, y : y + 2], population=outputs.population[:, y : y + 2],
            survivors=outputs.survivors[:, year], births=outputs.births[:, year],
        ), work,
    )  # fmt: skip


def check_counters(counters: np.ndarray, tolerance: float = BALANCE_TOLERANCE) -> dict[str, float]:
    """Sums of the kernel's counters (scenario, counter); raises where a projection went wrong.

    Floored cells are reported, not refused; numbers that are not finite and a lost mass balance are.
    """
    total = dict(zip(COUNTERS, counters.sum(axis=0).tolist(), strict=True))
    total["mass_balance"] = float(counters[:, COUNTERS.index("mass_balance")].max())
    if total["non_finite"]:
        raise run_error("the projection gives numbers that are not finite; look for extreme values in the scenario")
    if total["mass_balance"] > tolerance:
        raise run_error(f"the projection loses persons (relative error {total['mass_balance']:.1e})")
    return total


def _by_municipality(values: np.ndarray, sexes: int, size: int) -> np.ndarray:
    """(time, sex × age, padded municipality) to (municipality, sex, age, time)."""
    cube = values.reshape(values.shape[0], sexes, -1, values.shape[-1])
    return cube[..., :size].transpose(3, 1, 2, 0)


def _labelled(assumptions: xr.Dataset, arrays: Arrays, outputs: Outputs, counters: dict[str, float]) -> xr.Dataset:
    size, sexes, _ = arrays["jump_off_population"].shape
    population = _by_municipality(outputs.population[0], sexes, size)
    survivors = _by_municipality(outputs.survivors[0], sexes, size)
    births = outputs.births[0][:, :size].T
    moves = move_flows(outputs.survivors[0], arrays) if has_moves(arrays) else {}
    moved = {name: _by_municipality(values, sexes, size) for name, values in moves.items()}
    flows = _flows(arrays, population, survivors, births, moved)
    years = assumptions["year"].values
    dates = np.append(years, years[-1] + int(assumptions.attrs["interval_years"]))
    places = [name for name in assumptions.coords if assumptions[name].dims == ("municipality",)]
    cohort = ("municipality", "sex", "age_end_of_year", "year")
    return xr.Dataset(
        {
            "population": (("municipality", "sex", "age", "date"), population),
            "population_mid_year": (("municipality", "sex", "age", "year"), mid_year(population, arrays)),
            "births": (("municipality", "sex", "year"), births[:, None] * arrays["birth_share"][:, None]),
            **{name: (cohort, values) for name, values in flows.items()},
        },
        coords={
            **{name: assumptions[name] for name in places},
            "sex": assumptions["sex"],
            "age": assumptions["age"],
            "age_end_of_year": ("age_end_of_year", assumptions["age"].values),
            "date": dates,
            "year": years,
        },
        attrs={**assumptions.attrs, **counters},
    )


def _flows(
    arrays: Arrays, population: np.ndarray, survivors: np.ndarray, births: np.ndarray, moves: Arrays
) -> dict[str, np.ndarray]:
    """Deaths and the kinds of migration by cohort, from their own equations and not as what is left over."""
    start = np.empty_like(survivors)
    start[:, :, 1:] = population[:, :, :-1, :-1]
    start[:, :, -1] += population[:, :, -1, :-1]
    start[:, :, 0] = births[:, None] * arrays["birth_share"][:, None]
    country = survivors.sum(axis=0)
    net = arrays["net_international_migration"] - arrays["stream_outflow"].sum(axis=0)
    empty = country <= 0
    share = np.divide(survivors, country, where=~empty, out=np.zeros_like(survivors))
    share[:, empty] = launch_share(arrays)[:, None]
    fade, parts = arrays["deviation_fade"], arrays["net_migration_deviation"]
    # sums of plain products: the last bit of `einsum` hangs on the number of years
    deviation = np.zeros((*parts.shape[1:], fade.shape[1]))
    for part, left in zip(parts, fade, strict=True):
        deviation += part[:, :, None] * left
    moved = np.moveaxis(deviation[arrays["deviation_band"]], 2, 0) * survivors
    moved -= moved.sum(axis=0) * np.where(empty, 0, share)
    inflow, key = np.moveaxis(arrays["stream_inflow"], 1, -1), arrays["settlement_key"]
    streams = np.zeros_like(survivors)
    for persons, share_of in zip(inflow, key, strict=True):
        streams += share_of[:, None, None, None] * persons
    flows = {
        "deaths": start - survivors,
        "net_ordinary_migration": np.moveaxis(net, 0, -1) * share,
        "net_deviation_migration": moved,
        "net_stream_migration": streams,
        **moves,
    }
    expected = survivors + flows["net_ordinary_migration"]
    expected += moved
    expected += streams
    if moves:
        expected += moves["net_internal_migration"]
    flows["floor_adjustment"] = np.zeros_like(survivors)
    floored = (expected < 0).any(axis=0)
    if floored.any():
        below, end = expected[:, floored], population[..., 1:][:, floored]
        flows["floor_adjustment"][:, floored] = np.where(below < 0, -below, end - below)
    return flows
