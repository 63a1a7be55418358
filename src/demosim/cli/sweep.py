"""`demosim sweep` and `demosim sensitivity`: many scenarios, and what matters."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.progress import progress_bar


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
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
@click.option("--output", type=click.Path(path_type=Path), help="Result file [default: results/NAME-sweep.nc].")
@click.option("--chunk", type=click.IntRange(1, 2000), default=250, show_default=True, help="Scenarios per task.")
@click.option("--resume", is_flag=True, help="Go on from the chunks of an interrupted sweep.")
@click.option("--scheduler", help="Address of a distributed scheduler, tcp://host:8786.")
@click.option("--allow-paths", is_flag=True, help="Let the scenario name data outside its own folder.")
@click.pass_obj
def sweep(
    settings: Settings, /, file: Path, municipalities: tuple[str, ...], output: Path | None, scheduler: str | None,
    allow_paths: bool, **chosen: object,
) -> None:  # fmt: skip
    """Run the scenario FILE at many values of its knobs."""
    import xarray as xr

    from demosim.baseline.read import read_baseline
    from demosim.cli.frames import print_tables, told_not_counted
    from demosim.outputs.messages import message
    from demosim.outputs.sweep import sweep_table
    from demosim.scenario.places import find_municipality
    from demosim.scenario.read import baseline_location, read_scenario
    from demosim.sweep.run import SweepOptions, run_sweep

    spec = read_scenario(file, allow_paths)
    if municipalities:
        baseline = read_baseline(baseline_location(spec))
        municipalities = tuple(find_municipality(baseline, text) for text in municipalities)
    path = output or Path("results") / f"{spec.name}-sweep.nc"
    with progress_bar(settings) as report:
        written = run_sweep(
            spec, path, SweepOptions(municipalities=municipalities, **chosen),  # type: ignore[arg-type]  # click has checked them
            settings.workers, address=scheduler, report=report, allow_paths=allow_paths,
        )  # fmt: skip
    with xr.open_dataset(written) as stored:
        table = sweep_table(stored, settings.lang)
        notes = [*told_not_counted(settings, stored), message(settings.lang, "written", path=written)]
    print_tables(settings, [table] if table is not None else [], notes)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--municipality", "municipalities", multiple=True, metavar="PLACE", help="What matters here; may be repeated."
)
@click.option("--budget-year", type=int, help="Budget year that is explained [default: the first].")
@click.option("--accumulated", is_flag=True, help="Explain the change since the launch, not the yearly one.")
@click.option(
    "--sobol", "sobol_points", type=int, default=0, help="Also Sobol' indices, from so many points (a power of 2)."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Result file [default: results/NAME-sensitivity.nc].")
@click.option("--allow-paths", is_flag=True, help="Let the scenario name data outside its own folder.")
@click.pass_obj
def sensitivity(
    settings: Settings, file: Path, municipalities: tuple[str, ...], output: Path | None, budget_year: int | None,
    accumulated: bool, sobol_points: int, seed: int, allow_paths: bool,
) -> None:  # fmt: skip
    """Rank the assumptions of the scenario FILE by what they do to demographic expenditure."""
    from demosim.baseline.read import read_baseline
    from demosim.cli.frames import print_tables, told_not_counted
    from demosim.outputs.messages import message
    from demosim.outputs.sensitivity import tornado_tables
    from demosim.scenario.places import find_municipality
    from demosim.scenario.read import baseline_location, read_scenario
    from demosim.sweep.run_sensitivity import run_sensitivity

    spec = read_scenario(file, allow_paths)
    baseline = read_baseline(baseline_location(spec))
    codes = [find_municipality(baseline, text) for text in municipalities]
    path = output or Path("results") / f"{spec.name}-sensitivity.nc"
    result = run_sensitivity(spec, path, codes, budget_year, accumulated, sobol_points, seed, settings.workers)
    names = dict(zip(baseline["municipality"].values, baseline["municipality_name"].values, strict=True))
    written = message(settings.lang, "written", path=path)
    notes = [*told_not_counted(settings, result), written]
    print_tables(settings, tornado_tables(result, settings.lang, names), notes)
