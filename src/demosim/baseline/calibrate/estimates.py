"""Municipal estimates of a launch: net migration deviations in the engine's form and fertility factors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.calibrate.fertility import Factors, estimate_fertility_factor
from demosim.baseline.calibrate.flows import Flows, derive_flows, mortality_seen
from demosim.baseline.calibrate.level import Level, LevelVariances, estimate_level
from demosim.baseline.calibrate.national import NationalFlows
from demosim.baseline.calibrate.noise import noise_ages, noise_covariance
from demosim.baseline.calibrate.settlement import Settlement, estimate_settlement, settled
from demosim.baseline.calibrate.shape import Bands, Shape, estimate_shape, make_bands
from demosim.baseline.calibrate.wander import Wander, estimate_wander
from demosim.baseline.nation import survivors
from demosim.files import replacing

PARTS = ("shape", "lasting", "fading")
SHAPE_HALF_LIFE = 1000.0  # years: a shape that fades makes the errors at ages 0-5 larger, see docs/accuracy.md
SHAPE_WINDOW = 10
LEVEL_WINDOW = 15
FERTILITY_WINDOW = 3


@dataclass(frozen=True)
class Calibration:
    """Estimates and what they rest on. `dataset`: in the engine's form, see `estimates_dataset`."""

    launch: int
    dataset: xr.Dataset
    shape: Shape
    level: Level
    bands: Bands
    population: np.ndarray  # persons at the launch, (municipality,)
    settlement: Settlement | None = None
    shape_years: int = SHAPE_WINDOW  # that the age shape looks back on


@dataclass(frozen=True)
class Waves:
    """What waves of refugees are told by: the country's flows over many years and a profile (sex, age) of refugees."""

    nation: NationalFlows
    profile: np.ndarray


@dataclass(frozen=True)
class Windows:
    """Years before the launch that each estimate looks back on."""

    shape: int = SHAPE_WINDOW
    level: int = LEVEL_WINDOW
    fertility: int = FERTILITY_WINDOW


def calibrate(
    history: xr.Dataset,
    mortality: xr.Dataset,
    fertility: xr.DataArray,
    launch: int,
    windows: Windows | None = None,
    variances: LevelVariances | None = None,
    flows: Flows | None = None,
    waves: Waves | None = None,
) -> Calibration:
    """Estimate municipal net migration and fertility from what was registered before 1 January of the launch year.

    history, mortality, fertility: see `history`; variances: of the level, estimated where none are given; flows: those
    of the whole history where they are at hand already (back-tests); waves: what refugees are told by, or None to
    leave them in the deviations.

    Returns the estimates. Raises a `DemosimError` (2) where the history does not reach the launch or is too short.
    """
    windows = windows or Windows()
    known = derive_flows(history, mortality) if flows is None else flows
    bands = make_bands(known.population.shape[2])
    long = known.before(launch, windows.level)
    wave = None if waves is None else estimate_settlement(long, waves.nation, launch, waves.profile, variances)
    if wave is not None and wave.used:
        known = known.before(launch)
        known = known.less(settled(known, wave))
        long = known.before(launch, windows.level)
    recent = known.before(launch, windows.shape)
    shape = estimate_shape(recent, bands)
    level = estimate_level(long, variances)
    factor = estimate_fertility_factor(known.before(launch, windows.fertility), fertility)
    death_prob, _ = mortality_seen(mortality, launch, 0)
    exposure = bands.sums(survivors(recent.population[..., -1], death_prob)[..., None])[..., 0]
    noise, wander = noise_covariance(recent), estimate_wander(long, recent, fertility)
    dataset = estimates_dataset(history, launch, bands, shape, level, factor, exposure, noise, wander)
    persons = recent.population[..., -1].sum((1, 2))
    return Calibration(launch, dataset, shape, level, bands, persons, wave, len(recent.years))


def estimates_dataset(
    history: xr.Dataset, launch: int, bands: Bands, shape: Shape, level: Level, factor: Factors,
    exposure: np.ndarray, noise: np.ndarray, wander: Wander,
) -> xr.Dataset:  # fmt: skip
    """The estimates as labelled arrays; deviations sum to zero over municipalities in every band, by survivors.

    Deviation of a band in year k after the launch: sum over parts of 0.5 ** (k / half-life) times the part.
    """
    deviation = np.stack([shape.rate, shape.spread(level.lasting), shape.spread(level.fading)])
    weight = exposure / np.maximum(exposure.sum(1, keepdims=True), 1e-9)
    deviation -= (deviation * weight).sum(2, keepdims=True)
    deviation[:, 0] = 0.0
    v = level.variances
    place = ("municipality",)
    ages = np.arange(bands.index.shape[1], dtype=np.int32)
    return xr.Dataset(
        {
            "net_migration_deviation": (("part", "band", "municipality"), deviation),
            "deviation_half_life": ("part", [SHAPE_HALF_LIFE, v.lasting_half_life, v.fading_half_life]),
            "deviation_band": (("sex", "age_end_of_year"), bands.index),
            "fertility_factor": (place, factor.factor),
            "fertility_factor_variance": (place, factor.variance),
            "fertility_step_variance": ((), wander.fertility),
            "level_response": ("band", shape.response),
            "level_lasting_variance": (place, level.lasting_variance),
            "level_fading_variance": (place, level.fading_variance),
            "level_part_covariance": (place, level.part_covariance),
            "level_county_variance": (place, level.county_variance),
            "level_noise_variance": (place, level.noise_variance),
            "level_process_variance": ("part", [0.0, v.lasting, v.fading]),
            "level_pull_variance": ((), wander.pull),
            "shape_variance": (("band", "municipality"), shape.variance),
            "noise_covariance": (("noise_age", "noise_age_other"), noise),
        },
        coords={
            "municipality": history["municipality"].values.astype(str), "part": list(PARTS),
            "band": np.arange(bands.size, dtype=np.int32), "sex": list(SEXES), "age_end_of_year": ages,
            "noise_age": noise_ages(ages), "noise_age_other": noise_ages(ages),
        },
        attrs={"launch_year": launch},
    )  # fmt: skip


def write_estimates(calibration: Calibration, path: Path, note: str) -> None:
    """Write the estimates as a small NetCDF file, the same bytes for the same estimates; whole or not at all."""
    dataset = calibration.dataset.assign_attrs(note=note)
    rates = {name: {"zlib": True, "complevel": 9, "dtype": "float32"} for name in dataset.data_vars}
    rates |= {name: {"zlib": True} for name in ("deviation_band", "deviation_half_life", "fertility_factor")}
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="netcdf4", encoding=rates)
