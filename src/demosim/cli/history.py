"""`demosim calibrate` and `demosim backtest`: what a history of the population tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from demosim.cli import Settings
from demosim.cli.options import PATH
from demosim.cli.progress import progress_bar
from demosim.cli.ranges import whole_numbers
from demosim.errors import usage_error


def needed(context: click.Context, option: click.Parameter, value: Path | None) -> Path | None:
    """A history, or a word on how to get one."""
    from demosim.baseline.calibrate.history import HOW_HISTORY

    if value is None and not context.resilient_parsing:
        raise usage_error("names no file", path="--history", allowed=HOW_HISTORY)
    return value


HISTORY = click.option(
    "--history", type=PATH, callback=needed,
    help="Population by year, municipality, sex and age (NetCDF); `demosim data history` writes one.  [required]",
)  # fmt: skip
MORTALITY = click.option("--mortality", type=PATH, help="Mortality as known at each launch (csv).")
FERTILITY = click.option("--fertility", type=PATH, help="Fertility rates by year (csv).")
NATION = click.option("--nation", type=PATH, help="The country by single age, longer (csv).")
CUTS = click.option("--cuts", default="2000,5000,10000,30000", show_default=True, help="Size classes, half-open.")
BASELINE = click.option(
    "--baseline", default="norway2026", show_default=True,
    help="Data set that says what refugees are like, and what mortality is like where no file does.",
)  # fmt: skip


@click.command()
@HISTORY
@click.option("--launch", type=int, required=True, help="Year whose 1 January the estimates are made for.")
@click.option("--window", type=int, default=10, show_default=True, help="Years of history used.")
@CUTS
@click.option("--output", type=PATH, required=True, help="Folder for the estimates.")
@MORTALITY
@FERTILITY
@NATION
@BASELINE
@click.pass_obj
def calibrate(
    settings: Settings, history: Path, launch: int, window: int, output: Path, mortality: Path | None,
    fertility: Path | None, nation: Path | None, baseline: str, cuts: str,
) -> None:  # fmt: skip
    """Estimate municipal migration and fertility from a history, with their variances."""
    from demosim.baseline.calibrate.run import run_calibrate
    from demosim.baseline.read import read_baseline
    from demosim.cli.frames import say

    _, text = run_calibrate(
        history, launch, output, window=window, mortality=mortality, fertility=fertility, nation=nation,
        baseline=read_baseline(baseline), cuts=_bounds(cuts),
    )  # fmt: skip
    say(settings, [text])


def _bounds(cuts: str) -> tuple[float, ...]:
    return tuple(float(cut) for cut in whole_numbers(cuts, "--cuts"))


@click.command()
@HISTORY
@click.option("--launch", "launches", default="2011:2021", show_default=True, help="Launch years: a:b:step or a list.")
@click.option("--ahead", help="Years ahead [default: 1,2,3,5,10; with --fan 1,3,5].")
@CUTS
@click.option("--against", type=PATH, help="Published municipal projections (csv).")
@click.option("--fan", is_flag=True, help="Back-test the bands instead: were they as wide as they should be?")
@click.option("--draws", type=int, default=400, show_default=True, help="Draws of each fan, with --fan.")
@click.option("--confirm-from", type=int, default=2017, show_default=True, help="First launch of the confirming half.")
@click.option("--output", type=PATH, help="Write CSV and NetCDF here (a name without suffix).")
@MORTALITY
@FERTILITY
@NATION
@BASELINE
@click.pass_obj
def backtest(
    settings: Settings, history: Path, launches: str, ahead: str | None, cuts: str, against: Path | None, fan: bool,
    draws: int, confirm_from: int, output: Path | None, mortality: Path | None, fertility: Path | None,
    nation: Path | None, baseline: str,
) -> None:  # fmt: skip
    """Project from past launches with what was known then, and compare with what happened."""
    from demosim.baseline.read import read_baseline
    from demosim.uncertainty.run import run_backtest
    from demosim.uncertainty.tables import text

    years = whole_numbers(launches, "--launch")
    if fan:
        asked = {
            "ahead": whole_numbers(ahead or "1,3,5", "--ahead"), "cuts": _bounds(cuts), "draws": draws,
            "fit": (min(*years, confirm_from - 1), confirm_from - 1), "test": (confirm_from, max(*years, confirm_from)),
            "output": output, "mortality": mortality, "fertility": fertility, "nation": nation,
        }  # fmt: skip
        _bands(settings, history, years, baseline, asked)
        return
    result = run_backtest(
        history, years, whole_numbers(ahead or "1,2,3,5,10", "--ahead"), _bounds(cuts), mortality=mortality,
        fertility=fertility, nation=nation, published=against, baseline=read_baseline(baseline), output=output,
    )  # fmt: skip
    if settings.as_json:
        click.echo(result.scores.to_json(orient="records"))
    elif not settings.quiet:
        halves = {"launches used for choices": [y for y in years if y < confirm_from],
                  "confirmation": [y for y in years if y >= confirm_from]}  # fmt: skip
        click.echo(text(result.scores, {name: half for name, half in halves.items() if half}))
        if result.against is not None:
            click.echo(text(result.against))
        for note in result.notes:
            click.echo(note)


def _bands(settings: Settings, history: Path, launches: list[int], name: str, asked: dict[str, Any]) -> None:
    """How the bands of past launches held; asked: options of `run_fan_backtest`."""
    from demosim.baseline.read import read_baseline
    from demosim.cli.frames import Frame, print_tables
    from demosim.costs.unit_costs import KOSTRA_YEAR, derive_unit_cost
    from demosim.scenario.cost_options import CostOptions
    from demosim.uncertainty.fan_record import missed, run_fan_backtest

    baseline = read_baseline(name)
    unit_cost = derive_unit_cost(baseline, CostOptions(), KOSTRA_YEAR)
    with progress_bar(settings) as report:
        record = run_fan_backtest(
            history, unit_cost, launches, baseline=baseline, threads=settings.workers, report=report, **asked
        )  # fmt: skip
    halves = {"launches used for choices": record.fit, "confirmation": record.test, "missed": missed(record.test)}
    shares = ["level", "share", "low", "high"]
    held = record.held.assign(**{name: 100 * record.held[name] for name in shares})
    found = {"next year, country": held, **halves}
    notes = [*record.notes, *(f"{name}: {value:.2f}" for name, value in record.budgets.items())]
    print_tables(settings, [Frame(title, frame.reset_index(drop=True), 1) for title, frame in found.items()], notes)
