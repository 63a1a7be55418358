"""The reference, written from what is declared: arrays, knobs, services, data, commands, names in Python."""

import ast
import inspect
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click

import demosim
from demosim.baseline.find import embedded
from demosim.cli import cli
from demosim.costs.figures import look_up
from demosim.costs.services import Service, Spread, read_services
from demosim.scenario.cost_keys import cost_rows
from demosim.scenario.describe import knob_rows, table_of
from demosim.scenario.forms import grouped
from demosim.scenario.knobs import list_knobs
from demosim.variables import REGISTRY, Variable
from markup import code, table

PACKAGE = Path(demosim.__file__).parent


def variables() -> str:
    """Every array of a data set, of the assumptions and of a result."""
    heads = ["name", "meaning", "dims", "unit", "kind", "bounds", "age"]
    return table(heads, ([f"`{name}`", *_variable(entry)] for name, entry in REGISTRY.items()))


def _variable(entry: Variable) -> list[object]:
    low, high = ("" if bound is None else f"{bound:g}" for bound in (entry.lower, entry.upper))
    bounds = f"{low} to {high}" if high else f"{low} and up" if low else ""
    return [f"{entry.label} – *{entry.label_nb}*", code(entry.dims), entry.unit, entry.kind, bounds, entry.age]


def knobs() -> str:
    """Every knob, in the order in which they act."""
    rows = []
    for knob, english, norwegian in zip(list_knobs(), knob_rows("en"), knob_rows("nb"), strict=True):
        neutral = "the baseline's" if english.neutral is None else f"{english.neutral:g}"
        bounds = ["" if bound is None else grouped(bound) for bound in (english.low, english.high)]
        apart = code(knob.excludes)
        rows.append([f"`{english.path}`", english.text, norwegian.text, english.unit, neutral, *bounds, apart])
    return table(["key", "what", "Norwegian", "unit", "neutral", "from", "to", "not with"], rows)


def cost_keys() -> str:
    """Every number below `[costs]`."""
    return table_of(cost_rows())


def services() -> str:
    """Every service: what it is, what it costs, on whom it is laid, and how sure that is."""
    return "\n".join(_service(service) for service in read_services())


def _service(service: Service) -> str:
    net, spending = look_up(service.net_share), service.expenditure
    state = "on" if service.enabled else "off unless asked for"
    where = code([f"{key} = {value}" for key, value in spending.where.items()])
    rows: list[tuple[str, object]] = [
        ("Norwegian", " / ".join(dict.fromkeys([service.label["nb"], service.label["nn"]]))),
        ("level", f"{service.level}, {state}" + (f"; switch `costs.{service.switch}`" if service.switch else "")),
        ("KOSTRA functions", ", ".join(service.kostra_functions)),
        ("spending", f"`{spending.facts}`: {where}, {spending.unit}; {spending.confidence}"),
        ("laid on ages", _spread(service.spread)),
        *((f"with `profile = \"{name}\"`", _spread(spread)) for name, spread in service.profiles.items()),
        ("net share", f"{net.value:.3f}; {net.confidence or service.net_share.confidence}"),
        ("full-time equivalents", f"{service.fte.note or service.fte.method}; {service.fte.year}; "
                                  f"{service.fte.confidence}" if service.fte else "no source"),
        ("sources", "; ".join(service.sources)),
    ]  # fmt: skip
    text = f"## {service.label['en']}\n\n`{service.name}`\n\n" + table(["", ""], rows)
    if service.non_age_spread:
        ways = service.non_age_spread.alternatives.items()
        chosen = service.non_age_spread.chosen
        text += "\nCriteria that are not ages (`non_age_spread`):\n\n" + table(
            ["alternative", "how", ""],
            ([f"`{name}`", way.note, "default" if name == chosen else ""] for name, way in ways),
        )
    return text


def _spread(spread: Spread) -> str:
    column = f", `{spread.column}`" if spread.column else ""
    return f"{spread.method}: `{spread.facts}`{column}; {spread.confidence or 'as its table'}"


def facts() -> str:
    """Every file that is carried, with its origin."""
    text = ""
    for path in sorted(embedded("data").glob("*/source.toml")):
        source = tomllib.loads(path.read_text(encoding="utf-8"))
        said = ("origin", "date", "confidence", "derivation", "licence")
        rows = ([f"`{name}`", *map(file.get, said)] for name, file in source["files"].items())
        text += f"## `data/{path.parent.name}/`\n\n{source['title']}\n\n"
        text += table(["file", *said], rows) + "\n"
    return text


def commands() -> str:
    """Every command with its help, as it prints it."""
    return "\n".join(_command(cli, click.Context(cli, info_name="demosim", max_content_width=88, terminal_width=88)))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    title = "Options of every command" if command is cli else f"`{context.command_path}`"
    yield f"## {title}\n\n```text\n{command.get_help(context)}\n```\n"
    for name in command.list_commands(context) if isinstance(command, click.Group) else []:
        inner = command.get_command(context, name)  # type: ignore[attr-defined]  # it is a group
        assert inner is not None
        yield from _command(inner, click.Context(inner, parent=context, info_name=name, terminal_width=88))


def python() -> str:
    """The public names with signature and docstring."""
    parts = []
    for name in sorted(demosim.__all__, key=str.lower):
        thing = getattr(demosim, name)
        if callable(thing):
            signature = f"{'class ' if inspect.isclass(thing) else ''}{name}{_signature(thing)}"
            parts.append(f"## `{name}`\n\n```python\n{signature}\n```\n\n{inspect.getdoc(thing)}\n")
    return "\n".join(parts)


def _signature(thing: Callable[..., object]) -> str:
    try:
        return str(inspect.signature(thing)).replace("demosim.", "").replace("xarray.core.dataset.", "xr.")
    except ValueError:
        return "(…)"


def modules() -> str:
    """Every module with its sentence, and its public functions and classes with theirs."""
    parts = []
    for path in sorted(PACKAGE.rglob("*.py"), key=lambda path: (len(path.parts), path)):
        names = path.relative_to(PACKAGE).with_suffix("").parts
        if any(part.startswith("_") and part != "__init__" for part in names):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        rows = [(f"`{node.name}`", _first(node)) for node in tree.body
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")]  # fmt: skip
        if rows or _first(tree):
            title = ".".join(["demosim", *names]).removesuffix(".__init__")
            parts.append(f"## `{title}`\n\n{_first(tree)}\n\n" + (table(["", ""], rows) if rows else ""))
    return "\n".join(parts)


def _first(node: ast.Module | ast.FunctionDef | ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")


MAKERS: dict[str, Callable[[], str]] = {
    maker.__name__: maker for maker in (variables, knobs, cost_keys, services, facts, commands, python, modules)
}
