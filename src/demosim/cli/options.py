"""Arguments and options that several commands share, so that they are written and explained alike."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)
FILE = click.argument("file", type=PATH)
RESULTS = click.argument("results", nargs=-1, required=True, type=PATH)
ALLOW_PATHS = click.option("--allow-paths", is_flag=True, help="Let the scenario name data outside its own folder.")
BASELINE = click.option("--baseline", default="norway2026", show_default=True, help="Data set: a name or a folder.")
BORDERS = click.option("--borders", type=PATH, help="TopoJSON or GeoJSON of the municipalities, for the maps.")
METHOD = click.option("--method", type=click.Choice(["shapley", "order"]), default="shapley", show_default=True,
                      help="Mean over all orders, or one after the other in the stated order.")  # fmt: skip
MUNICIPALITIES = click.option("--municipality", "municipalities", multiple=True, metavar="PLACE",
                              help="Show this one, or these.")  # fmt: skip
ONLY = click.option("--municipality", "municipalities", multiple=True, metavar="PLACE", help="Show only this one.")
COUNTIES = click.option("--county", "counties", multiple=True, metavar="PLACE", help="Show those of this county.")
