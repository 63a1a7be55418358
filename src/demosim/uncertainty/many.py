"""What a scenario that is run many times cannot have in it, and what of it does not count there."""

from __future__ import annotations

from demosim.errors import DemosimError, Problem
from demosim.scenario.forms import Report
from demosim.scenario.spec import Spec
from demosim.scenario.toml_lines import KeyPath

ONE_RUN = "is met by running again and again until it fits: only `run` takes it"
WAYS = {
    "control": "leave [[control]] out; to move persons, vary municipalities.*.extra_net",
    "net": "write extra_net, which adds persons; or one `run` for each value, and `compare`",
    "own": "leave the place out; what matters for it can be had from `run` and `compare`",
}
BESIDE = ("pressure", "adjustment")  # options of costs that act beside the need of the population, in a run alone


def refused_in_many(spec: Spec) -> list[Problem]:
    """Everything in a scenario that sweeps, fans and sensitivities cannot take, with the line and a way out."""
    report = Report(spec.file, spec.lines)

    def add(path: KeyPath, what: str, way: str) -> None:
        report.add("only_in_a_run", path, what, WAYS[way])

    for number in range(len(spec.control)):
        add(("control", number), ONE_RUN, "control")
    for path in spec.knobs:
        if path.startswith("municipalities.") and path.endswith(".net"):
            place = path.removeprefix("municipalities.").removesuffix(".net")
            add(("municipalities", place, "net"), ONE_RUN, "net")
    if spec.costs.own is not None:
        for place in spec.costs.own.places:
            add(("costs", "own", place), "has unit costs of its own, which only `run` counts", "own")
    return list(report.group.problems)


def refuse_in_many(spec: Spec) -> None:
    """Raises a `DemosimError` (2) with all of `refused_in_many`."""
    found = refused_in_many(spec)
    if found:
        raise DemosimError(found, 2)


def not_counted(spec: Spec) -> tuple[str, ...]:
    """Cost options of a scenario that sweeps, fans and sensitivities leave out, as they are of the population alone."""
    return tuple(f"costs.{name}" for name in BESIDE if getattr(spec.costs, name))


def said_not_counted(spec: Spec) -> dict[str, str]:
    """What is left out as an attribute of a result, `not_counted`; none where nothing is."""
    left = ", ".join(not_counted(spec))
    return {"not_counted": left} if left else {}
