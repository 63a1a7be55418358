"""How national paths miss: correlated first-order autoregressive processes of migration, fertility and mortality."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

import numpy as np
import xarray as xr

from demosim.baseline.find import embedded
from demosim.uncertainty.fan_history import SERIES

FILE = ("data", "uncertainty", "national.toml")


@dataclass(frozen=True)
class National:
    """Processes of the national series, in the order of `SERIES`.

    `kept`: share of a deviation that is left a year later; `sd`: of the yearly innovation; `correlation` of the
    innovations; `trend_sd`: of the error in the yearly trend that the path follows. Units: net migrants per
    inhabitant, log fertility, log death rate.
    """

    kept: np.ndarray
    sd: np.ndarray
    correlation: np.ndarray
    trend_sd: np.ndarray

    def draw(self, random: np.random.Generator, years: int) -> np.ndarray:
        """Deviations from the central path (series, year), of which nothing is known at the launch.

        z[t] = kept × z[t − 1] + innovation[t], z[−1] = 0, plus a trend error of its own for each draw.
        """
        shocks = random.standard_normal((years, len(SERIES))) @ np.linalg.cholesky(self.correlation).T * self.sd
        trend = random.standard_normal(len(SERIES)) * self.trend_sd
        deviation = np.zeros((years, len(SERIES)))
        last = np.zeros(len(SERIES))
        for t in range(years):
            last = self.kept * last + shocks[t]
            deviation[t] = last
        result: np.ndarray = (deviation + np.arange(1, years + 1)[:, None] * trend).T
        return result


def estimate_national(series: xr.DataArray) -> National:
    """The processes from a past of the country, see `fan_history.national_series`.

    Least squares of each series on its own last value; mortality about a straight trend, whose standard error is the
    error of the trend ahead. A series is taken to forget nothing at most (kept ≤ 1).
    """
    kept, errors, trend_sd = [], [], []
    for name in SERIES:
        values = series.sel(series=name).values
        residual, slope_error = _detrended(values) if name == "mortality" else (values - values.mean(), 0.0)
        before, after = residual[:-1], residual[1:]
        share = float(np.clip(before @ after / (before @ before), 0.0, 1.0))
        kept.append(share)
        errors.append(after - share * before)
        # a straight line through correlated points is less sure than least squares says
        trend_sd.append(slope_error * float(np.sqrt((1 + min(share, 0.9)) / (1 - min(share, 0.9)))))
    innovations = np.stack(errors)
    spread = innovations.std(axis=1, ddof=2)
    return National(np.array(kept), spread, np.corrcoef(innovations), np.array(trend_sd))


def read_national() -> National:
    """The embedded estimate for the country, of 1986–2026."""
    with embedded(*FILE).open("rb") as file:
        about = tomllib.load(file)
    kept, sd, trend = (np.array([about[name][part] for name in SERIES]) for part in ("kept", "sd", "trend_sd"))
    return National(kept, sd, np.array(about["correlation"]), trend)


def national_toml(national: National, note: str) -> str:
    """An estimate as the text of the embedded file."""
    lines = [f"# {line}" for line in note.splitlines()]
    rows = ", ".join("[" + ", ".join(f"{value:.3f}" for value in row) + "]" for row in national.correlation)
    lines += [f"# correlation: of the innovations of {', '.join(SERIES)}", f"correlation = [{rows}]"]
    for at, name in enumerate(SERIES):
        lines += [
            f"[{name}]", f"kept = {national.kept[at]:.3f}", f"sd = {national.sd[at]:.3g}",
            f"trend_sd = {national.trend_sd[at]:.3g}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _detrended(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Residuals from a straight line, and the standard error of its slope."""
    time = np.arange(len(values)) - (len(values) - 1) / 2
    slope = time @ (values - values.mean()) / (time @ time)
    residual = values - values.mean() - slope * time
    return residual, float(np.sqrt(residual @ residual / (len(values) - 2) / (time @ time)))
