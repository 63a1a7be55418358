"""`demosim calibrate-costs`: the smallest change of the unit costs that meets targets, and what it does to others."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings
from demosim.cli.frames import print_tables, write_frame
from demosim.cli.options import PATH


@click.command("calibrate-costs")
@click.argument("file", type=PATH, required=False)
@click.option("--profile", type=click.Choice(["cost-key", "users"]), default="cost-key", show_default=True)
@click.option("--only", multiple=True, metavar="YEAR", help="Without FILE: meet the figures of this year.")
@click.option("--output", type=PATH, help="Write the unit costs as costs of your own (.csv).")
@click.option("--allow-paths", is_flag=True, help="Let FILE name results outside its own folder.")
@click.pass_obj
def calibrate_costs(
    settings: Settings, file: Path | None, profile: str, only: tuple[str, ...], output: Path | None, allow_paths: bool
) -> None:
    """Change the derived unit costs least, weighted by their uncertainty, so that the targets of FILE (toml) are met.

    Without FILE: the example of why nothing shipped rests on this. The published figures of 2026 and 2027 can be met,
    and the outcomes of 2007-2020, which are held out, get worse.
    """
    from demosim.costs.calibrate import as_own_costs, calibrate_costs, cell_uncertainty
    from demosim.costs.figures import single_ages
    from demosim.costs.unit_costs import derive_unit_cost
    from demosim.outputs.calibration_tables import calibration_tables
    from demosim.scenario.cost_options import CostOptions
    from demosim.validation.candidates import example_targets
    from demosim.validation.targets import read_targets

    options = CostOptions.model_validate({"profile": profile})
    targets, price_year = read_targets(file, allow_paths) if file is not None else example_targets(only)
    unit_cost = derive_unit_cost(single_ages(), options, price_year)
    found = calibrate_costs(unit_cost, targets, cell_uncertainty(options))
    labels = {str(key): str(text) for key, text in unit_cost[f"service_label_{settings.lang}"].to_series().items()}
    print_tables(settings, calibration_tables(found, price_year, settings.lang, labels))
    if output is not None:
        write_frame(settings, output, as_own_costs(found.unit_cost))
