"""Assumptions to the kernel's arrays: transposed, padded, and each version of an array stored once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demosim.errors import usage_error
from demosim.kernels.layout import FIELDS, PAD, Inputs, empty
from demosim.moves import move_inputs

Arrays = Mapping[str, np.ndarray]
BY_PLACE = ("population", "deviation", "key", "fertility_factor")


@dataclass(frozen=True)
class CostTable:
    """Unit costs as the kernel wants them: ages with the same costs in every service share a tally.

    `values` (dates or 1, pairs) holds kroner per person for each pair of a service and a tally that costs anything.
    """

    tally: np.ndarray
    service_start: np.ndarray
    pair_tally: np.ndarray
    values: np.ndarray

    @staticmethod
    def from_unit_cost(unit_cost: np.ndarray, sexes: int) -> CostTable:
        """From kroner per person (service, age), or (date, service, age) where they change over time."""
        by_date = unit_cost if unit_cost.ndim == 3 else unit_cost[None]
        dates, services, ages = by_date.shape
        columns, member = np.unique(by_date.reshape(dates * services, ages), axis=1, return_inverse=True)
        used = columns.any(axis=0)
        number = np.where(used, np.cumsum(used) - 1, -1)
        table = columns[:, used].reshape(dates, services, -1)
        service, tally = np.nonzero(table.any(axis=0))
        start = np.searchsorted(service, np.arange(services + 1))
        tallies = np.tile(number[member.ravel()], sexes)
        return CostTable(tallies, start.astype(np.int64), tally.astype(np.int64), table[:, service, tally])


NO_COSTS = CostTable(np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0, np.int64), np.empty((1, 0)))


def padded(size: int) -> int:
    """Municipalities after padding."""
    return -(-size // PAD) * PAD


def _pad(values: np.ndarray) -> np.ndarray:
    wide = np.zeros((*values.shape[:-1], padded(values.shape[-1])))
    wide[..., : values.shape[-1]] = values
    return wide


def _cells(values: np.ndarray) -> np.ndarray:
    """(…, sex, age) to (…, sex × age)."""
    flat: np.ndarray = values.reshape(*values.shape[:-2], values.shape[-2] * values.shape[-1])
    return flat


# Each of the kernel's inputs from the assumptions that it is made of, one version of it.


def _population(jump_off: np.ndarray) -> np.ndarray:
    return _pad(_cells(jump_off).T)


def _newborn(survival: np.ndarray, birth_share: np.ndarray) -> np.ndarray:
    alive: np.ndarray = survival * birth_share
    return alive


def _fertility(rate: np.ndarray, interval: np.ndarray) -> np.ndarray:
    return rate * (interval / 2)


def _net(net: np.ndarray, outflow: np.ndarray) -> np.ndarray:
    if len(outflow) == 0:
        return _cells(net)
    return _cells(net - (outflow[0] if len(outflow) == 1 else outflow.sum(axis=0)))


_MADE_OF: dict[str, tuple[tuple[str, ...], Callable[..., np.ndarray]]] = {
    "population": (("jump_off_population",), _population),
    "survival": (("death_prob",), lambda prob: _cells(1 - prob)),
    "newborn": (("newborn_survival_prob", "birth_share"), _newborn),
    "fertility": (("fertility_rate", "interval_years"), _fertility),
    "fertility_factor": (("fertility_factor",), _pad),
    "net": (("net_international_migration", "stream_outflow"), _net),
    "fade": (("deviation_fade",), np.transpose),
    "deviation": (("net_migration_deviation",), _pad),
    "inflow": (("stream_inflow",), lambda inflow: _cells(np.moveaxis(inflow, 0, 1))),
    "key": (("settlement_key",), _pad),
}


def _versions(scenarios: Sequence[Arrays], sources: tuple[str, ...]) -> tuple[list[int], list[Arrays]]:
    """Which version of what is made of these arrays each scenario uses; a scenario that has each of them."""
    keys: list[object] = [id(arrays[sources[0]]) for arrays in scenarios]
    for source in sources[1:]:
        others = {id(arrays[source]) for arrays in scenarios}
        if len(others) > 1:  # what all share tells none of them apart
            keys = [(key, id(arrays[source])) for key, arrays in zip(keys, scenarios, strict=True)]
    if len(set(keys)) == 1:
        return [0] * len(keys), [scenarios[0]]
    first = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))
    versions = sorted(first.values())
    number = {keys[at]: n for n, at in enumerate(versions)}
    return [number[key] for key in keys], [scenarios[at] for at in versions]


def _stacked(name: str, versions: list[Arrays], dtype: type[np.floating]) -> np.ndarray:
    """All versions of one of the kernel's inputs, made one after another while they are in the cache."""
    sources, make = _MADE_OF[name]
    result = np.empty(0)
    for number, arrays in enumerate(versions):
        made = make(*[arrays[source] for source in sources])
        if number == 0:
            shape = (len(versions), *made.shape)
            result = empty(shape, dtype) if name in BY_PLACE else np.empty(shape, dtype)
        result[number] = made
    return result


def launch_share(arrays: Arrays) -> np.ndarray:
    """Where migrants go to whose sex and age nobody in the country has: shares of the population at launch.

    A continued run brings the shares of its first launch along as `launch_share`.
    """
    if "launch_share" in arrays:
        return arrays["launch_share"]
    persons = arrays["jump_off_population"].sum(axis=(1, 2))
    total = persons.sum()
    share: np.ndarray = persons / total if total > 0 else np.full(len(persons), 1 / len(persons))
    return share


class Packer:
    """Packs scenarios of one country, maybe many times: arrays that all scenarios of a call share are made once.

    `costs` is one table for all scenarios or one for each, all with the same tallies. `region` (municipality) is where
    need is added up, −1 for none; by default every municipality is its own.
    """

    def __init__(
        self,
        costs: Sequence[CostTable] = (NO_COSTS,),
        region: np.ndarray | None = None,
        dtype: type[np.floating] = np.float64,
    ) -> None:
        self._costs, self._region, self._dtype = costs, region, dtype
        self._kept: dict[str, tuple[tuple[np.ndarray, ...], np.ndarray]] = {}
        self._unit_cost = np.ascontiguousarray(np.stack([table.values for table in costs]), dtype)

    def pack(self, scenarios: Sequence[Arrays]) -> tuple[Inputs, np.ndarray]:
        """Kernel inputs for many scenarios, and which version of each array a scenario uses.

        Arrays are told apart by identity, so that what scenarios share is stored once.
        """
        first = scenarios[0]
        stacked: dict[str, np.ndarray] = {}
        pick = np.zeros((len(scenarios), len(FIELDS)), np.int64)
        for column, name in enumerate(FIELDS[:-1]):
            pick[:, column], versions = _versions(scenarios, _MADE_OF[name][0])
            stacked[name] = self._stacked(name, versions)
        if len(self._costs) > 1:
            pick[:, -1] = np.arange(len(self._costs))
        jump_off, band = first["jump_off_population"], first["deviation_band"]
        share = (first["launch_share"],) if "launch_share" in first else (jump_off,)
        inputs = Inputs(
            **stacked,
            unit_cost=self._unit_cost,
            lowest=self._once("lowest", (stacked["deviation"],), lambda values: values.min(axis=-1)),
            band=self._once("band", (band,), lambda values: values.ravel().astype(np.int64)),
            fallback=self._once("fallback", share, lambda _: _pad(launch_share(first)[None]).astype(self._dtype)),
            tally=self._once("tally", (band,), lambda values: _tally(self._costs[0], values.size)),
            service_start=self._costs[0].service_start,
            pair_tally=self._costs[0].pair_tally,
            region=self._once("region", (jump_off,), lambda values: _region(self._region, len(values))),
            **_moves(first, stacked["population"].shape[-1], self._dtype),
        )
        return inputs, pick

    def _stacked(self, name: str, versions: list[Arrays]) -> np.ndarray:
        """All versions of one of the kernel's inputs."""
        sources = _MADE_OF[name][0]
        if len(versions) > 1:
            return _stacked(name, versions, self._dtype)
        made_of = tuple([versions[0][source] for source in sources])
        return self._once(name, made_of, lambda *_: _stacked(name, versions, self._dtype))

    def _once(self, name: str, made_of: tuple[np.ndarray, ...], make: Callable[..., np.ndarray]) -> np.ndarray:
        """What was made of the same arrays last time, else what is made of them now."""
        kept = self._kept.get(name)
        if kept is None or any(now is not then for now, then in zip(made_of, kept[0], strict=True)):
            kept = self._kept[name] = (made_of, make(*made_of))
        return kept[1]


def pack(
    scenarios: Sequence[Arrays],
    costs: Sequence[CostTable] = (NO_COSTS,),
    region: np.ndarray | None = None,
    dtype: type[np.floating] = np.float64,
) -> tuple[Inputs, np.ndarray]:
    """`Packer.pack` of scenarios that are packed a single time."""
    return Packer(costs, region, dtype).pack(scenarios)


def _moves(arrays: Arrays, width: int, dtype: type[np.floating]) -> dict[str, np.ndarray]:
    made = move_inputs(arrays, width)
    return {name: values if values.dtype.kind == "i" else values.astype(dtype) for name, values in made.items()}


def without_costs(inputs: Inputs) -> Inputs:
    """The same inputs for a projection that counts no need."""
    nothing = np.empty(0, np.int64)
    return inputs._replace(
        tally=np.zeros_like(inputs.tally), service_start=np.zeros(1, np.int64), pair_tally=nothing
    )  # fmt: skip


def _tally(costs: CostTable, cells: int) -> np.ndarray:
    """The tally of each cell; cells that cost nothing share the last one."""
    if costs.tally.size == 0:
        return np.zeros(cells, np.int64)
    if costs.tally.size != cells:
        raise usage_error(f"unit costs are of {costs.tally.size} sexes and ages where the population has {cells}")
    return np.where(costs.tally < 0, costs.tally.max() + 1, costs.tally)


def _region(region: np.ndarray | None, size: int) -> np.ndarray:
    """The region of each municipality, padded; nothing where each is its own."""
    if region is None:
        return np.empty(0, np.int64)
    return np.concatenate([region, np.full(padded(size) - size, -1)]).astype(np.int64)
