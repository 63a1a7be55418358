"""`demosim sweep` and `demosim sensitivity`: many scenarios, and what matters."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.options import ALLOW_PATHS, FILE, PATH
from demosim.cli.progress import progress_bar


@click.command()
@FILE
@click.option("--vary", multiple=True, metavar="PATH=VALUES",
              help="A knob and its values, a:b:step (b included) or a list; may be repeated.")  # fmt: skip
@click.option(
    "--method", type=click.Choice(["grid", "latin", "sobol"]), help="How values are combined [default: grid]."
)
@click.option("--points", type=click.IntRange(1), help="Number of scenarios of latin and sobol.")
@click.option("--seed", type=int, help="Seed of latin and sobol; 0 is a seed.")
@click.option("--by", type=click.Choice(["country", "county", "municipality"]), default="country", show_default=True,
              help="Geography of the need that is stored.")  # fmt: skip
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE", help="Only this municipality.")
@click.option("--population", is_flag=True, help="Store populations too.")
@click.option("--double", is_flag=True, help="Count in float64 instead of float32.")
@click.option("--output", type=PATH, help="Result file [default: results/NAME-sweep.nc].")
@click.option("--chunk", type=click.IntRange(1, 2000), default=250, show_default=True, help="Scenarios per task.")
@click.option("--resume", is_flag=True, help="Go on from the chunks of an interrupted sweep.")
@click.option("--scheduler", help="Address of a distributed scheduler, tcp://host:8786.")
@ALLOW_PATHS
@click.pass_obj
def sweep(
    settings: Settings, /, file: Path, municipalities: tuple[str, ...], output: Path | None, scheduler: str | None,
    allow_paths: bool, **chosen: object,
) -> None:  # fmt: skip
    """Run the scenario FILE at many values of its knobs."""
    import xarray as xr

    from demosim.baseline.read import read_baseline
    from demosim.cli.frames import asked_for, print_tables, told_not_counted
    from demosim.outputs.messages import message
    from demosim.outputs.sweep import sweep_table
    from demosim.scenario.read import baseline_location, read_scenario
    from demosim.sweep.run import SweepOptions, run_sweep

    spec = read_scenario(file, allow_paths)
    path = output or Path("results") / f"{spec.name}-sweep.nc"
    only = tuple(asked_for(read_baseline(baseline_location(spec)), municipalities)) if municipalities else ()
    asked = SweepOptions(municipalities=only, **chosen)  # type: ignore[arg-type]  # click has checked them
    with progress_bar(settings) as bar:
        report = None if bar is None else lambda seen: bar(seen.done, seen.total)
        written = run_sweep(
            spec, path, asked, settings.workers, address=scheduler, report=report, allow_paths=allow_paths
        )
    with xr.open_dataset(written) as stored:
        table = sweep_table(stored, settings.lang)
        notes = [*told_not_counted(settings, stored), message(settings.lang, "written", path=written)]
    print_tables(settings, [table] if table is not None else [], notes)


@click.command()
@FILE
@click.option(
    "--municipality", "municipalities", multiple=True, metavar="PLACE", help="What matters here; may be repeated."
)
@click.option("--budget-year", type=int, help="Budget year that is explained [default: the first].")
@click.option("--accumulated", is_flag=True, help="Explain the change since the launch, not the yearly one.")
@click.option(
    "--sobol", "sobol_points", type=int, default=0, help="Also Sobol' indices, from so many points (a power of 2)."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--output", type=PATH, help="Result file [default: results/NAME-sensitivity.nc].")
@ALLOW_PATHS
@click.pass_obj
def sensitivity(
    settings: Settings, file: Path, municipalities: tuple[str, ...], output: Path | None, budget_year: int | None,
    accumulated: bool, sobol_points: int, seed: int, allow_paths: bool,
) -> None:  # fmt: skip
    """Rank the assumptions of the scenario FILE by what they do to demographic expenditure."""
    from demosim.cli.frames import asked_for, print_tables, read_spec, told_not_counted
    from demosim.outputs.messages import message
    from demosim.outputs.regions import municipality_names
    from demosim.outputs.sensitivity import tornado_tables
    from demosim.sweep.run_sensitivity import run_sensitivity

    spec, baseline = read_spec(file, allow_paths)
    codes = asked_for(baseline, municipalities)
    path = output or Path("results") / f"{spec.name}-sensitivity.nc"
    result = run_sensitivity(spec, path, codes, budget_year, accumulated, sobol_points, seed, settings.workers)
    written = message(settings.lang, "written", path=path)
    notes = [*told_not_counted(settings, result), written]
    print_tables(settings, tornado_tables(result, settings.lang, municipality_names(baseline)), notes)
