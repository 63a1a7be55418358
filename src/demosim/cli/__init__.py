"""The command line: parse, call, print. No arithmetic."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from demosim._version import __version__
from demosim.errors import DemosimError, run_error

# Command and the module of this package that holds it, which is imported when the command is called.
COMMANDS = {
    "run": "run",
    "check": "scenario",
    "resolve": "scenario",
    "list": "lists",
    "show": "lists",
    "validate": "validate",
    "sweep": "sweep",
    "sensitivity": "sweep",
    "fan": "fan",
    "compare": "compare",
    "groups": "groups",
    "staff": "groups",
    "indicators": "indicators",
    "income": "fiscal",
    "room": "room",
    "refugees": "room",
    "standing": "fiscal",
    "survey": "fiscal",
    "export": "publish",
    "report": "publish",
    "pages": "publish",
    "plot": "publish",
    "calibrate": "history",
    "calibrate-costs": "costs",
    "backtest": "history",
    "data": "data",
    "init": "init",
}


@dataclass(frozen=True)
class Settings:
    """What holds for every command: language of what a reader sees, and how to print."""

    lang: str = "nb"
    as_json: bool = False
    quiet: bool = False
    threads: int | None = None
    debug: bool = False

    @property
    def workers(self) -> int:
        """Threads of a long job: as asked for, else one per core."""
        return self.threads or os.cpu_count() or 1


class LazyGroup(click.Group):
    """Commands whose modules are imported when they are called, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"demosim.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, "list_" if cmd_name == "list" else cmd_name.replace("-", "_"))
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--lang", type=click.Choice(["nb", "nn", "en"]), default="nb", show_default=True,
              help="Language of tables, files and pages; error messages are in English.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print for machines.")
@click.option("--quiet", is_flag=True, help="Print errors only.")
@click.option("--threads", type=click.IntRange(1), help="Threads of sweeps; by default one per core.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="demosim")
@click.pass_context
def cli(ctx: click.Context, /, **settings: object) -> None:
    """What will population change cost? Population, expenditure need and full-time equivalents by municipality."""
    ctx.obj = Settings(**settings)  # type: ignore[arg-type]  # click has checked them


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit code 0, 1 (a run failed), 2 (a request or a file is wrong) or 130 (interrupted)."""
    gc.set_threshold(100_000, 20, 20)  # imports make many objects and no garbage: a tenth of the start-up
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a narrow console shows ? and does not fail
    try:
        code = cli.main(words, prog_name="demosim", standalone_mode=False)
    except DemosimError as error:
        _report(error, "--debug" in words)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        code = 130
    except BrokenPipeError:
        code = 0
    except (OSError, MemoryError) as error:  # of the system, which nothing nearer the place has put in words
        code = _failed_system(error, "--debug" in words)
    sys.exit(code if isinstance(code, int) else 0)


def _failed_system(error: OSError | MemoryError, debug: bool) -> int:
    said = error.strerror if isinstance(error, OSError) else "not enough memory"
    file = str(error.filename) if isinstance(error, OSError) and error.filename else None
    failed = run_error(said or str(error), file=file)
    failed.__cause__ = error
    _report(failed, debug)
    return failed.exit_code


def _report(error: DemosimError, debug: bool) -> None:
    if debug:
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True)
    for problem in error.problems:
        click.echo(str(problem), err=True)
    for note in error.notes:
        click.echo(note, err=True)
