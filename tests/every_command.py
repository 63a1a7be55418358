"""Every command of the command line, with words that it can be called with and a folder that holds what they name.

What holds for all commands (consoles, interruptions, full disks, damaged results) is tested over these. The commands
are asked of the command line itself: one that has no call here fails `test_every_command_has_a_call`.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

import demosim
import made_up
import made_up_history
import sweep_country
import test_sources_docs as atlantis
from commands import CARE
from demosim.baseline.read import read_facts
from demosim.cli import COMMANDS, cli
from demosim.outputs.netcdf import write_result
from demosim.sources.store import Store
from stub_norway import keep

# Names that no Norwegian console of Windows can show: Sami letters that cp1252 lacks, and Chinese ones.
NAMES = ["Čáhcesuolu", "Unjárga – Ŋ", "漢", "=Å−1"]
TITLE = "− – å ∑ 漢"

# Each call as it is typed after the command. The first is the one for faults: it writes, where the command can.
CALLS: dict[str, list[str]] = {
    "run": ["small.toml --output out/r.nc", "small.toml --municipality 漢", "small.toml --continue short.nc"],
    "check": ["small.toml", "country"],
    "resolve": ["small.toml --output out/r.toml", "small.toml"],
    "list": [f"{what} --baseline country" for what in
             ("municipalities", "services", "variants", "profiles", "knobs", "groups", "figures")],
    "show": ["unit-costs", "sources small.nc"],
    "validate results": ["--candidates"],
    "validate june-march": ["--method order"],
    "validate population": [""],
    "sweep": ["small.toml --vary fertility.multiplier=0.9:1.1:0.1 --output out/s.nc"],
    "sensitivity": ["small.toml --output out/t.nc"],
    "fan": ["small.toml --draws 16 --output out/f.nc"],
    "compare": ["small.nc other.nc --explain --output out/c.nc"],
    "groups": ["small.nc --by groups.csv --apart 漢 --output out/g.csv", "small.toml"],
    "staff": ["norway.nc --output out/s.csv"],
    "indicators": ["norway.nc --by county --output out/i.csv"],
    "income": ["norway.nc --since 2027 --year 2030 --output out/i.csv"],
    "room": ["small.nc --growth 0.01 --output out/r.csv", ""],
    "refugees": ["small.toml --stream crisis --rates rates.toml --output out/r.csv"],
    "standing": ["small.nc --output out/s.csv"],
    "survey": ["survey.csv"],
    "export": ["small.nc other.nc --output out/e.xlsx", "small.nc --output out/e.csv", "small.nc --output out/e.nc",
               "small.nc --output out/tables"],
    "report": ["small.nc other.nc --output out/r−.html"],
    "pages": ["small.nc --output out/pages"],
    "plot": ["small.nc --figure yearly --output out/p.svg"],
    "calibrate": ["--history past/history.nc --launch 2016 --cuts 3000,20000 --output out/estimates"],
    "calibrate-costs": ["targets.toml --output out/k.csv"],
    "backtest": ["--history past/history.nc --launch 2014 --ahead 1 --cuts 3000 --output out/b"],
    "data fetch": ["--table towns"],
    "data list": [""],
    "data verify": ["", "--live"],
    "data show": ["DIGEST"],
    "data prune": [""],
    "data recode": ["small.nc --changes changes.csv --output out/new.nc"],
    "data history": ["--output out/history.nc --launch 2016"],
    "data build": ["--from atlantis/atlantis.toml --output out/atlantis"],
    "init": ["out/examples–"],
}  # fmt: skip
OF_THE_STORE = ("data fetch", "data list", "data verify", "data show", "data prune")  # they want tables of their own
NEEDS_NORWAY = ("staff", "income", "indicators")  # services or ages that the made-up country has not
ALSO_WRITE = {"init", "data fetch"}  # without an option for where
TARGETS = """
price_year = 2026
[[target]]
name = "−"
low = 1
high = 2
price_year = 2020
change = "registered 2015"
"""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command as it is typed, those of groups with the group's name before."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())
        else:
            yield name, command


def writes(name: str) -> bool:
    """Whether a command leaves a file: all that are told where, and some that know."""
    return name in ALSO_WRITE or "output" in {parameter.name for parameter in dict(commands())[name].params}


def words(name: str, line: str) -> list[str]:
    """What is typed for a call; `DIGEST` is that of the first vintage in the store."""
    digest = [vintage.digest for vintage in Store().vintages()][:1] if "DIGEST" in line else []
    return [*name.split(), *(digest[0] if word == "DIGEST" else word for word in shlex.split(line))]


def furnish(folder: Path) -> None:
    """Everything that the calls name, but the tables of the store."""
    country = sweep_country.country()
    country["municipality_name"] = ("municipality", NAMES)
    country["municipality_name_official"] = ("municipality", NAMES)
    made_up.write(country, folder / "country")
    small = f'title = "{TITLE}"{sweep_country.SCENARIO}[mortality]\nshock = 1.05\n'
    texts = {
        "small.toml": small, "other.toml": small.replace('"small"', '"other"').replace("1.05", "0.9"),
        "short.toml": small.replace("2026\nprice", "2023\nprice"), "rates.toml": CARE,
        "groups.csv": "municipality,group\nR1,漢\nR2,a\nR3,a\nR4,a\n", "targets.toml": TARGETS,
        "survey.csv": "municipality,stratum,weight,result\n0301,s−,10,1.5\n1101,s−,5,\n",
        "changes.csv": "old,new,name\nR3,R9,漢\nR4,R9,漢\n",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in ("small", "other", "short"):
        done = demosim.run(folder / f"{name}.toml")
        write_result(folder / f"{name}.nc", done.dataset, "run", done.assumptions)
    (folder / "past").mkdir()
    made_up_history.write_files(folder / "past", made_up_history.history(24))
    (folder / "atlantis").mkdir()
    atlantis.files(folder / "atlantis")
    _store(Store(folder / "store"))


def norway(folder: Path) -> None:
    """A result of the shipped main scenario with three municipalities, for what needs its services."""
    done = demosim.run(Path(__file__).resolve().parents[1] / "scenarios" / "mars2026.toml")
    few = {"municipality": ["0301", "1101", "1151"]}
    write_result(folder / "norway.nc", done.dataset.sel(few), "run", done.assumptions)


def _store(store: Store) -> None:
    """A history of a made-up past, its places over and over under the codes that the entry asks for."""
    made = made_up_history.history(24)["population"].reindex(age=range(106), fill_value=0.0)
    towns = [f"K-{code}" for code in read_facts("municipalities")["municipality"]]
    ages = [f"{age:03d}" for age in range(105)] + ["105+"]
    codes = {"Region": towns, "Kjonn": ["1", "2"], "Alder": ages, "ContentsCode": ["Personer1"],
             "Tid": [str(year) for year in made["year"].values]}  # fmt: skip
    values = made.transpose("municipality", "sex", "age", "year").values
    keep(store, "population-history", codes, values[np.arange(len(towns)) % 24][:, :, :, None, :])


def copied(made: Path, folder: Path) -> Path:
    """The furnished folder again, for one test to use up."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
