"""`demosim income` and `demosim survey`: the income system, and a sample of accounts."""

from __future__ import annotations

from pathlib import Path

import click

from demosim.cli import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--year", type=int, help="Year of the grants [default: the second after the launch].")
@click.option("--criteria", type=click.Path(path_type=Path), help="Other criteria by municipality (csv).")
@click.option("--municipality", "municipalities", multiple=True, metavar="PLACE", help="Show only this one.")
@click.option("--output", type=click.Path(path_type=Path), help="Write all municipalities (.csv).")
@click.option("--allow-paths", is_flag=True, help="Let the scenario name data outside its own folder.")
@click.pass_obj
def income(
    settings: Settings, file: Path, year: int | None, criteria: Path | None, municipalities: tuple[str, ...],
    output: Path | None, allow_paths: bool,
) -> None:  # fmt: skip
    """Need index, grant per inhabitant and equalisation of every municipality under the scenario FILE."""
    import pandas as pd

    from demosim.cli.frames import Frame, print_frames
    from demosim.files import write_text
    from demosim.fiscal.income import income_system
    from demosim.run import run
    from demosim.scenario.places import select_places

    projection = run(file, allow_paths).projection
    asked = year or int(projection["year"].values[0]) + 1
    other = None if criteria is None else pd.read_csv(criteria, dtype={"municipality": str}, encoding="utf-8")
    table = income_system(projection, asked, other)
    if output is not None:
        write_text(output, table.to_csv(index=False))
    codes, _ = select_places(projection, municipalities)
    shown = [name for name in table if name in ("municipality", "need_index") or str(name).endswith("_per_inhabitant")]
    notes = [f"{key}: {said}" for key, said in table.attrs.items()]
    print_frames(settings, [Frame(str(asked), table.loc[table["municipality"].isin(codes), shown], 3)], notes)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def survey(settings: Settings, file: Path) -> None:
    """From the municipalities that answered (FILE, csv) to all: a stratified ratio estimate."""
    from demosim.cli.frames import print_frame
    from demosim.fiscal.survey import estimate_all, read_survey

    print_frame(settings, file.name, estimate_all(read_survey(file)))
