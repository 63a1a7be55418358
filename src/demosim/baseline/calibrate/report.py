"""What a calibration found, as tables and text: variances, share of signal by size, steps, settlement."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.calibrate.estimates import Calibration
from demosim.baseline.calibrate.sizes import SIZE_CUTS, size_classes

MOST_STEPS = 15  # in the text; the table has all


def variance_table(calibration: Calibration) -> pd.DataFrame:
    """Estimated parameters of the level, with unit."""
    level = calibration.level
    v = level.variances
    rows: list[tuple[str, float, str]] = [
        ("lasting variance between municipalities", v.lasting, "squared yearly rate"),
        ("lasting variance between counties", v.county, "squared yearly rate"),
        ("half-life of both", v.lasting_half_life, "years"),
        ("fading variance between municipalities", v.fading, "squared yearly rate"),
        ("its half-life", v.fading_half_life, "years"),
        ("yearly noise variance times persons", v.noise, "squared yearly rate × persons"),
        ("gradient per standard deviation of log population", float(level.gradient[1:2].sum()), "yearly rate"),
        ("restricted log likelihood", level.log_likelihood, ""),
    ]
    wave = calibration.settlement
    if wave is not None:
        rows += [
            ("settlement: rise of the rate as log population falls by one", wave.tilt, "share"),
            ("its standard error", wave.tilt_error, "share"),
        ]
    return pd.DataFrame(rows, columns=["quantity", "value", "unit"])


def shape_table(calibration: Calibration) -> pd.DataFrame:
    """Variances of the age shape, one row for each band of sex and age (at the end of the year).

    `response`: how much the band's rate moves when the whole rate moves by one; `noise`: yearly noise variance times
    survivors; `signal`: variance between municipalities, squared yearly rate; `signal_share`: share of the variance of
    a mean over the window that is signal, where the band has its median number of survivors.
    """
    shape, index = calibration.shape, calibration.bands.index
    rows = []
    for band in range(1, calibration.bands.size):
        sexes, ages = np.nonzero(index == band)
        sex = "both" if len(set(sexes)) > 1 else SEXES[int(sexes[0])]
        noise = shape.noise[band] / max(float(np.median(shape.exposure[band])), 1.0) / calibration.shape_years
        share = shape.signal[band] / (shape.signal[band] + noise)
        row = (sex, int(ages.min()), int(ages.max()), shape.response[band], shape.noise[band], shape.signal[band])
        rows.append((*row, float(share)))
    columns = ["sex", "from_age", "to_age", "response", "noise", "signal", "signal_share"]
    return pd.DataFrame(rows, columns=columns)


def signal_table(calibration: Calibration, cuts: tuple[float, ...] = SIZE_CUTS) -> pd.DataFrame:
    """Share of signal by size class (half-open, population at the launch).

    `yearly_signal`: share of the variance of one year's level that is not noise; `known`: share of a municipality's
    own lasting and fading variance that the years before the launch have settled.
    """
    level, v = calibration.level, calibration.level.variances
    own = v.lasting + v.fading
    yearly = (own + v.county) / (own + v.county + level.noise_variance)
    open_ = level.lasting_variance + level.fading_variance + 2 * level.part_covariance
    known = 1 - open_ / own
    rows = [
        (name, int(member.sum()), float(yearly[member].mean()), float(known[member].mean()))
        for name, member in size_classes(calibration.population, cuts).items()
        if member.any()
    ]
    return pd.DataFrame(rows, columns=["size", "places", "yearly_signal", "known"])


def step_table(calibration: Calibration, history: xr.Dataset) -> pd.DataFrame:
    """Years far from a municipality's median that were pulled in, largest first, with the weight they kept."""
    codes = history["municipality"].values.astype(str)
    names = history["municipality_name"].values.astype(str) if "municipality_name" in history.coords else codes
    rows = [
        (codes[s.municipality], names[s.municipality], s.year, round(s.persons), s.deviations, s.weight)
        for s in calibration.level.steps
    ]
    columns = ["municipality", "name", "year", "persons", "standard_deviations", "weight"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("weight", kind="stable").reset_index(drop=True)


def text(
    calibration: Calibration, history: xr.Dataset, notes: tuple[str, ...] = (),
    cuts: tuple[float, ...] = SIZE_CUTS,
) -> str:  # fmt: skip
    """The calibration in words and tables, for a terminal or a file."""
    table = step_table(calibration, history)
    wave = calibration.settlement
    lines = [f"Municipal estimates for the launch 1 January {calibration.launch}", ""]
    lines += [variance_table(calibration).to_string(index=False, float_format="{:.4g}".format), ""]
    if wave is not None:
        state = "kept apart from the deviations" if wave.used else "within three standard errors of none: not used"
        lines += [f"Waves of refugees lean towards small municipalities: {state}.", ""]
    lines += ["Share of signal by size of municipality"]
    lines += [signal_table(calibration, cuts).to_string(index=False, float_format="{:.2f}".format), ""]
    lines += ["Age shape: variances by band, and the share of signal in a municipality of median size"]
    lines += [shape_table(calibration).to_string(index=False, float_format="{:.3g}".format), ""]
    lines += [f"{len(table)} years far from their municipality's median (moved borders, receptions): brought to three"]
    lines += ["standard deviations, none left out. Those with the least weight:"]
    lines += [table.head(MOST_STEPS).to_string(index=False, float_format="{:.2f}".format), *notes]
    return "\n".join(lines) + "\n"
