"""Back-test: project from past launches with what was known then, and compare with what was registered later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from demosim.baseline.calibrate.estimates import Calibration, Waves, Windows, calibrate
from demosim.baseline.calibrate.fertility import on_ages
from demosim.baseline.calibrate.flows import Flows, derive_flows, mortality_seen
from demosim.baseline.calibrate.level import LevelVariances
from demosim.baseline.calibrate.national import (
    NationalFlows,
    PathSettings,
    fertility_path,
    migration_path,
    national_flows,
    of_municipalities,
)
from demosim.baseline.calibrate.sizes import SIZE_CUTS
from demosim.errors import usage_error
from demosim.projection import project
from demosim.uncertainty.scores import MEASURES, score

Projected = Callable[[int], np.ndarray]
TREND_YEARS = 10
MALE_BIRTH_SHARE = 0.5135


@dataclass(frozen=True)
class Evidence:
    """All that a back-test may look at, each launch only at what came before it.

    `history`, `mortality`, `fertility`: see `demosim.baseline.calibrate.history`; `nation` (year, sex, age): a longer
    series of the country, or None for the sum of the municipalities; `refugee_profile` (sex, age): shares, or None.
    """

    history: xr.Dataset
    mortality: xr.Dataset
    fertility: xr.DataArray
    nation: xr.DataArray | None = None
    male_birth_share: float = MALE_BIRTH_SHARE
    refugee_profile: np.ndarray | None = None

    @cached_property
    def flows(self) -> Flows:
        """Residual migration and births of every past year."""
        return derive_flows(self.history, self.mortality)

    @cached_property
    def national(self) -> NationalFlows:
        """Net migration of the country, as far back as there is a series."""
        if self.nation is None:
            return of_municipalities(self.flows)
        return national_flows(self.nation, self.mortality)

    @cached_property
    def waves(self) -> Waves | None:
        """What waves of refugees are told by, where there is a profile."""
        return None if self.refugee_profile is None else Waves(self.national, self.refugee_profile)

    @property
    def last_date(self) -> int:
        return int(self.history["year"][-1])

    def registered(self, date: int) -> np.ndarray:
        """Persons on 1 January of a year, (municipality, sex, age)."""
        values: np.ndarray = self.history["population"].sel(year=date).values
        return values


@dataclass(frozen=True)
class Design:
    """What a back-test does: launches, years ahead, size classes, and how estimates are made."""

    launches: Sequence[int]
    ahead: Sequence[int] = (1, 2, 3, 5, 10)
    cuts: tuple[float, ...] = SIZE_CUTS
    windows: Windows = field(default_factory=Windows)
    paths: PathSettings = field(default_factory=PathSettings)
    variances: LevelVariances | None = None


def honest_assumptions(evidence: Evidence, estimates: Calibration, years: int, paths: PathSettings) -> xr.Dataset:
    """Assumptions from what was known on 1 January of the launch year alone, in the engine's form."""
    launch = estimates.launch
    ages = evidence.history.sizes["age"]
    net = migration_path(evidence.national, launch, years, paths)
    rates = fertility_path(evidence.fertility, launch, years, ages, paths)
    wave = estimates.settlement
    known = evidence.national.years < launch
    usual = 0.0 if wave is None else float(wave.persons[known][-paths.memory :].mean())
    return assemble(evidence, estimates, net, rates, np.full(years, usual))


def oracle_assumptions(evidence: Evidence, estimates: Calibration, years: int) -> xr.Dataset:
    """As the honest ones, but with the country's true net migration by sex and age and its true number of births."""
    flows, launch = evidence.flows, estimates.launch
    first = int(np.searchsorted(flows.years, launch))
    pick = slice(first, first + years)
    net = np.moveaxis(flows.net_migration[..., pick].sum(0), -1, 0)
    women = flows.population[:, 1].sum(0)
    mean_women = (women[:, first : first + years] + women[:, first + 1 : first + years + 1]) / 2
    rates = on_ages(evidence.fertility, len(women)).sel(year=flows.years[pick]).values
    newborns = flows.population[:, :, 0, first + 1 : first + years + 1].sum((0, 1))
    share = np.array([evidence.male_birth_share, 1 - evidence.male_birth_share])
    surviving = np.array([mortality_seen(evidence.mortality, launch, k)[1] @ share for k in range(years)])
    births = newborns / surviving
    rates = rates * (births / np.einsum("ta,at->t", rates, mean_women))[:, None]
    wave = estimates.settlement
    settled = [0.0 if wave is None else wave.in_year(launch + k) for k in range(years)]
    return assemble(evidence, estimates, net, rates, np.array(settled))


def assemble(
    evidence: Evidence, estimates: Calibration, net: np.ndarray, rates: np.ndarray, settled: np.ndarray
) -> xr.Dataset:
    """The engine's assumptions from estimates, net migration (year, sex, age) and fertility rates (year, age).

    settled: refugees of each year, who are part of the net migration but go by a key of their own where there is one.
    """
    launch, years = estimates.launch, len(net)
    history, table = evidence.history, estimates.dataset
    seen = [mortality_seen(evidence.mortality, launch, k) for k in range(years)]
    half_life = table["deviation_half_life"].values
    fade = 0.5 ** (np.arange(years) / half_life[:, None])
    cohort = ("stream", "year", "sex", "age_end_of_year")
    wave = estimates.settlement
    streams = [] if wave is None or not wave.used else [settled[:, None, None] * wave.profile]
    keys = [wave.key(estimates.population) for _ in streams if wave is not None]
    moved = np.array(streams).reshape(-1, *net.shape)  # in by the key, out by survivors: the country's net is the same
    return xr.Dataset(
        {
            "jump_off_population": (("municipality", "sex", "age"), evidence.registered(launch)),
            "death_prob": (("year", "sex", "age"), np.stack([death_prob for death_prob, _ in seen])),
            "newborn_survival_prob": (("year", "sex"), np.stack([newborn for _, newborn in seen])),
            "fertility_rate": (("year", "age"), rates),
            "fertility_factor": table["fertility_factor"],
            "net_international_migration": (cohort[1:], net),
            "stream_inflow": (cohort, moved),
            "stream_outflow": (cohort, moved),
            "settlement_key": (("stream", "municipality"), np.array(keys).reshape(-1, len(estimates.population))),
            "net_migration_deviation": table["net_migration_deviation"],
            "deviation_fade": (("part", "year"), fade),
            "deviation_band": table["deviation_band"],
        },
        coords={
            "municipality": history["municipality"].values, "sex": ["male", "female"],
            "age": history["age"].values, "age_end_of_year": history["age"].values,
            "year": launch + np.arange(years),
        },
        attrs={"launch_year": launch, "interval_years": 1, "male_birth_share": evidence.male_birth_share},
    )  # fmt: skip


def linear_trend(history: xr.Dataset, launch: int, ahead: int) -> np.ndarray:
    """Each cell goes on with its mean yearly change of the last ten years (fewer at the start), not below zero."""
    first = max(int(history["year"][0]), launch - TREND_YEARS)
    start, now = (history["population"].sel(year=year).values for year in (first, launch))
    result: np.ndarray = np.maximum(now + (now - start) / (launch - first) * ahead, 0)
    return result


def estimates_at(evidence: Evidence, design: Design, launch: int) -> Calibration:
    """Municipal estimates from what was known at a launch."""
    return calibrate(
        evidence.history, evidence.mortality, evidence.fertility, launch, design.windows, design.variances,
        evidence.flows, evidence.waves,
    )  # fmt: skip


def project_launch(evidence: Evidence, design: Design, launch: int) -> dict[str, Projected]:
    """Functions of the years ahead that give the population (municipality, sex, age) by each method."""
    estimates = estimates_at(evidence, design, launch)
    reach = min(max(design.ahead), evidence.last_date - launch)
    projections = {
        "demosim": project(honest_assumptions(evidence, estimates, reach, design.paths)),
        "oracle": project(oracle_assumptions(evidence, estimates, reach)),
    }

    def engine(name: str) -> Projected:
        people = projections[name]["population"].transpose("date", "municipality", "sex", "age").values
        return lambda ahead: np.asarray(people[ahead])

    return {
        "no change": lambda ahead: evidence.registered(launch),
        "linear trend": lambda ahead: linear_trend(evidence.history, launch, ahead),
        "demosim": engine("demosim"),
        "oracle": engine("oracle"),
    }


def backtest(evidence: Evidence, design: Design) -> pd.DataFrame:
    """Errors by launch, years ahead, method, age group and size class, in per cent; one row each.

    Methods: `no change`, `linear trend`, `demosim` (only what was known at the launch), `oracle` (true national net
    migration by sex and age, true births). Launches and years ahead beyond the history are left out.

    Raises a `DemosimError` (2) where no launch can be scored.
    """
    rows: list[dict[str, object]] = []
    for launch in design.launches:
        within = [ahead for ahead in sorted(set(design.ahead)) if 0 < ahead <= evidence.last_date - launch]
        if not within:
            continue
        start = evidence.registered(launch)
        methods = project_launch(evidence, design, launch)
        for ahead in within:
            truth = evidence.registered(launch + ahead)
            for method, at in methods.items():
                labels = {"launch": launch, "ahead": ahead, "method": method}
                rows += [labels | row for row in score(at(ahead), truth, start, design.cuts)]
    if not rows:
        raise usage_error(
            "no launch has an outcome to compare with", path="launch",
            allowed=f"launches before {evidence.last_date}, and years ahead that end by then",
        )  # fmt: skip
    return pd.DataFrame(rows)


def as_dataset(scores: pd.DataFrame) -> xr.Dataset:
    """The scores as labelled arrays: measures by (launch, ahead, method, group, size), per cent."""
    keys = ["launch", "ahead", "method", "group", "size"]
    dataset: xr.Dataset = scores.set_index(keys)[[*MEASURES, "places"]].to_xarray()
    order = {key: list(dict.fromkeys(scores[key])) for key in keys}
    dataset = dataset.sel(order).rename(MAPE="mape", median_APE="median_ape", WAPE="wape")
    for name in ("bias", "mean_error", "mape", "median_ape", "wape", "within_5"):
        dataset[name].attrs["units"] = "%"
    return dataset
