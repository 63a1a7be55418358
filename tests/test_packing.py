"""Packing of assumptions for the kernels, and scenarios over threads."""

from __future__ import annotations

import numpy as np
import pytest

import made_up
from demosim.errors import DemosimError
from demosim.kernels.layout import FIELDS, LINE, ROW, Outputs, empty, row_order
from demosim.kernels.threads import Rooms, empty_outputs, map_chunks, run_scenarios
from demosim.packing import CostTable, Packer, pack, padded
from demosim.projection import assumption_arrays
from plain_assumptions import plain_assumptions


def unit_cost(ages: int) -> np.ndarray:
    """Kroner per person (service, age) of two services, nothing above age 20."""
    cost = np.zeros((2, ages))
    cost[0, :6] = 100.0
    cost[1, 3:20] = np.arange(17) // 4 * 10.0
    return cost


def many_scenarios(dtype: type = np.float64, number: int = 11) -> tuple:
    """Packed scenarios that differ in fertility, and their number of municipalities."""
    arrays = assumption_arrays(plain_assumptions(made_up.small_country(regions=5), streams=2))
    changed = [arrays | {"fertility_rate": arrays["fertility_rate"] * (1 + 0.01 * i)} for i in range(number)]
    ages = arrays["jump_off_population"].shape[2]
    return *pack(changed, [CostTable.from_unit_cost(unit_cost(ages), 2)], dtype=dtype), 5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("threads", "chunk"), [(1, 1), (1, 100), (2, 3), (3, 2)])
def test_law_6_threads_and_chunks_do_not_matter_bit_for_bit(dtype: type, threads: int, chunk: int) -> None:
    inputs, pick, regions = many_scenarios(dtype)
    once = run_scenarios(inputs, pick, regions, keep=("population", "births"))
    again = run_scenarios(inputs, pick, regions, ("population", "births"), threads=threads, chunk=chunk)
    for name in Outputs._fields:
        np.testing.assert_array_equal(getattr(again, name), getattr(once, name), err_msg=name)
    parts = map_chunks(lambda first, last, part: part.need.copy(), inputs, pick, regions, (), threads, chunk)
    np.testing.assert_array_equal(np.concatenate(parts), once.need)


def test_chunks_come_back_in_order_with_their_bounds() -> None:
    inputs, pick, regions = many_scenarios(number=7)
    bounds = map_chunks(lambda first, last, part: (first, last, len(part.need)), inputs, pick, regions, (), 2, 3)
    assert bounds == [(0, 3, 3), (3, 6, 3), (6, 7, 1)]


def test_a_failure_in_a_thread_is_raised() -> None:
    def fail(first: int, last: int, part: Outputs) -> None:
        raise ValueError(f"scenario {first}")

    inputs, pick, regions = many_scenarios(number=4)
    with pytest.raises(ValueError, match="scenario 0"):
        map_chunks(fail, inputs, pick, regions, threads=2, chunk=2)


def test_only_what_is_kept_takes_memory() -> None:
    inputs, pick, regions = many_scenarios()
    outputs = empty_outputs(inputs, len(pick), regions, keep=("births",))
    assert outputs.population.size == outputs.survivors.size == 0
    assert outputs.births.shape == (11, 12, padded(5))


def test_scenarios_share_what_they_have_in_common() -> None:
    inputs, pick, _ = many_scenarios(number=3)
    assert inputs.fertility.shape[0] == 3
    assert inputs.survival.shape[0] == inputs.population.shape[0] == 1
    assert pick[:, FIELDS.index("fertility")].tolist() == [0, 1, 2]


def test_municipalities_are_padded_with_empty_ones() -> None:
    inputs, _, regions = many_scenarios(number=1)
    assert inputs.population.shape[-1] == padded(regions) == 16
    for name in ("population", "deviation", "key", "fallback", "fertility_factor"):
        assert not getattr(inputs, name)[..., regions:].any()


def test_ages_with_equal_costs_share_a_tally() -> None:
    table = CostTable.from_unit_cost(unit_cost(31), 2)
    ages = table.tally.reshape(2, -1)
    assert (ages[0] == ages[1]).all()
    assert (ages[0, 20:] == -1).all()
    assert len(set(ages[0, :3])) == 1
    assert table.service_start.tolist() == [0, 1, 1 + 4]
    rebuilt = np.zeros((2, 31))
    for service in range(2):
        for pair in range(*table.service_start[service : service + 2]):
            rebuilt[service, ages[0] == table.pair_tally[pair]] = table.values[0, pair]
    np.testing.assert_array_equal(rebuilt, unit_cost(31))


@pytest.mark.parametrize(("sexes", "ages"), [(1, 2), (2, 2), (2, 3), (2, 106), (3, 5)])
def test_rows_are_made_downwards_in_age_each_once(sexes: int, ages: int) -> None:
    order = row_order(sexes, ages)
    assert sorted(order[:, ROW]) == list(range(sexes * ages))
    place = {row: at for at, row in enumerate(order[:, ROW])}
    for at, (row, source, following) in enumerate(order):
        youngest, oldest = row % ages == 0, row % ages == ages - 1
        if youngest or oldest:
            assert source == row // ages  # of what is born or joins
            assert youngest == (at >= sexes * ages - sexes)
        else:
            assert source == row - 1
            assert place[row] < place[source]  # its source is not written over before
        assert following == (row if oldest else row + 1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_arrays_begin_with_a_line_of_the_cache(dtype: type) -> None:
    for shape in ((0, 3), (1, 16), (7, 48), (2, 3, 16)):
        array = empty(shape, dtype)
        assert array.shape == shape
        assert array.size == 0 or array.ctypes.data % LINE == 0
        assert array.flags.c_contiguous


def test_chunks_use_their_arrays_again_and_leave_nothing_behind() -> None:
    inputs, pick, regions = many_scenarios(number=9)
    seen: list[int] = []

    def use(first: int, last: int, part: Outputs) -> np.ndarray:
        seen.append(part.need.__array_interface__["data"][0])
        counted = part.counters.copy()
        part.counters[:] = np.inf
        return counted

    counters = np.concatenate(map_chunks(use, inputs, pick, regions, chunk=2))
    assert len(set(seen)) == 1
    np.testing.assert_array_equal(counters, run_scenarios(inputs, pick, regions).counters)


def country(**changes: object) -> dict:
    """Plain arrays of a small country with streams."""
    return assumption_arrays(plain_assumptions(made_up.small_country(regions=5, **changes), streams=2))


@pytest.mark.parametrize(("ages", "sexes"), [(30, 2), (31, 1), (32, 2)])
def test_unit_costs_of_other_ages_or_sexes_never_reach_the_kernel(ages: int, sexes: int) -> None:
    with pytest.raises(DemosimError, match=f"unit costs are of {ages * sexes} sexes and ages .* has 62"):
        pack([country()], [CostTable.from_unit_cost(unit_cost(ages), sexes)])


def test_a_packer_makes_what_scenarios_share_once_and_anew_where_it_is_another() -> None:
    arrays = country()
    table = CostTable.from_unit_cost(unit_cost(arrays["jump_off_population"].shape[2]), 2)
    scenarios = [arrays | {"fertility_rate": arrays["fertility_rate"] * (1 + 0.01 * i)} for i in range(3)]
    packer = Packer([table])
    (one, _), (two, pick) = packer.pack(scenarios[:2]), packer.pack(scenarios)
    for name in ("population", "deviation", "fallback", "tally", "lowest", "survival"):
        assert getattr(one, name) is getattr(two, name), name
    assert len(one.fertility) == 2
    assert pick[:, FIELDS.index("fertility")].tolist() == [0, 1, 2]
    grown = [scenario | {"jump_off_population": arrays["jump_off_population"] * 2} for scenario in scenarios]
    for packed, expected in (
        (packer.pack(scenarios), pack(scenarios, [table])),
        (packer.pack(grown), pack(grown, [table])),
    ):
        for name in one._fields:
            np.testing.assert_array_equal(getattr(packed[0], name), getattr(expected[0], name), err_msg=name)
        np.testing.assert_array_equal(packed[1], expected[1])


def test_versions_of_what_two_arrays_make_are_told_apart_by_both() -> None:
    arrays = country()
    more = arrays["net_international_migration"] + 1.0
    less = arrays["stream_outflow"] * 0.5
    scenarios = [arrays, arrays | {"net_international_migration": more}, arrays | {"stream_outflow": less}, arrays]
    inputs, pick = pack(scenarios)
    assert pick[:, FIELDS.index("net")].tolist() == [0, 1, 2, 0]
    expected = arrays["net_international_migration"] - less.sum(axis=0)
    np.testing.assert_array_equal(inputs.net[2], expected.reshape(len(expected), -1))


def test_rooms_are_used_again_for_the_same_country_and_not_for_another() -> None:
    arrays, packer, rooms = country(), Packer(), Rooms()
    packer = Packer([CostTable.from_unit_cost(unit_cost(arrays["jump_off_population"].shape[2]), 2)])
    other = arrays | {"jump_off_population": arrays["jump_off_population"] * 3}
    calm = arrays | {"net_migration_deviation": arrays["net_migration_deviation"] * 0}
    seen = []

    def use(first: int, last: int, outputs: Outputs) -> np.ndarray:
        seen.append(outputs.need.ctypes.data)
        return outputs.need.copy()

    for scenario in (arrays, arrays, other, calm, arrays):
        inputs, pick = packer.pack([scenario, scenario])
        found = np.concatenate(map_chunks(use, inputs, pick, 5, rooms=rooms))
        np.testing.assert_array_equal(found, run_scenarios(inputs, pick, 5).need)
    assert seen[0] == seen[1]
    inputs, pick = packer.pack([arrays] * 3)
    short = map_chunks(use, inputs, pick, 5, (), 1, 1, rooms)
    np.testing.assert_array_equal(np.concatenate(short), run_scenarios(inputs, pick, 5).need)
