"""Numbers of a scenario by their dotted path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import made_up
from demosim.errors import DemosimError
from demosim.scenario.prepare import prepare
from demosim.scenario.read import spec_from
from demosim.scenario.resolve import assemble, resolve
from demosim.scenario.spec import Spec
from demosim.scenario.vary import numeric_paths, split_path, vary, with_numbers

BASELINE = made_up.small_country(regions=3, last_age=20, steps=8)
STREAM = {"profile": "crisis", "settlement": "quota", "net": {"2020": 10, "2021-2023": 5}, "return_from": 2022}


def scenario(**more: Any) -> Spec:
    tree = {
        "name": "test",
        "baseline": "made-up",
        "variant": "a-low",
        "horizon": 2026,
        "price_year": 2020,
        "streams": {"crisis": STREAM},
        "municipalities": {"R2": {}},
        **more,
    }
    return spec_from(tree)


def assumptions(spec: Spec) -> xr.Dataset:
    return resolve(BASELINE, spec).assumptions


def stream_net(spec: Spec) -> list[float]:
    found = assumptions(spec)
    net = (found["stream_inflow"] - found["stream_outflow"]).isel(stream=0).sum(("sex", "age_end_of_year"))
    return [round(value, 9) for value in net.values.tolist()]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("streams.crisis.net", [7, 7, 7, 7, 7, 7]),
        ("streams.crisis.net.2020", [7, 5, 5, 5, 0, 0]),
        ("streams.crisis.net.2022", [10, 5, 7, 5, 0, 0]),
        ("streams.crisis.net.2021-2023", [10, 7, 7, 7, 0, 0]),
        ("streams.crisis.net.2024-2025", [10, 5, 5, 5, 7, 7]),
    ],
)
def test_years_and_ranges_of_a_series(path: str, expected: list[float]) -> None:
    assert stream_net(vary(scenario(), {path: 7})) == expected


def test_a_year_of_a_plain_number_leaves_the_other_years() -> None:
    flat = scenario(streams={"crisis": {**STREAM, "net": 3}})
    assert stream_net(vary(flat, {"streams.crisis.net.2021": 7})) == [3, 7, 3, 3, 3, 3]


def test_what_is_varied_equals_what_is_written() -> None:
    pairs: list[tuple[dict[str, float], dict[str, Any]]] = [
        ({"fertility.tfr": 1.4}, {"fertility": {"tfr": 1.4}}),
        ({"fertility.tfr.2022": 1.4}, {"fertility": {"tfr": {"2022": 1.4}}}),
        ({"mortality.decline": 0.5}, {"mortality": {"decline": 0.5}}),
        ({"mortality.decline.male": 0.5}, {"mortality": {"decline": {"male": 0.5}}}),
        ({"mortality.shock.female.2021": 1.5}, {"mortality": {"shock": {"female": {"2021": 1.5}}}}),
        ({"mortality.shock.2021": 1.5}, {"mortality": {"shock": {"2021": 1.5}}}),
        ({"municipalities.R2.extra_net": 9}, {"municipalities": {"R2": {"extra_net": 9}}}),
        (
            {"migration.net.2021-2022": 90, "migration.deviations": 0},
            {"migration": {"net": {"2021-2022": 90}, "deviations": 0}},
        ),
    ]
    for numbers, tables in pairs:
        varied, written = resolve(BASELINE, vary(scenario(), numbers)), resolve(BASELINE, scenario(**tables))
        assert varied.assumptions.identical(written.assumptions)
        assert varied.digest == written.digest


def test_the_scenario_itself_stays_and_its_neutral_number_gives_its_bits() -> None:
    spec = scenario(fertility={"multiplier": 1.2})
    before = assumptions(spec)
    vary(spec, {"fertility.multiplier": 1.5})
    assert assumptions(spec).identical(before)
    back = vary(vary(spec, {"fertility.multiplier": 1.5}), {"fertility.multiplier": 1.2})
    assert assumptions(back).identical(before)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("fertility.tfrr", 'did you mean "fertility.tfr"?'),
        ("streams.crises.net.2026", 'did you mean "streams.crisis.net.2026"?'),
        ("tfr", 'did you mean "fertility.tfr"?'),
        ("horizon", "no number of the scenario has this path"),
        ("streams.crisis.return_from", "a date, which cannot be varied"),
        ("fertility.tfr.soon", "followed by a year"),
        ("fertility.tfr.2026.2027", "followed by a year"),
        ("mortality.decline.men", "followed by a year"),
        ("streams.crisis.stock.2026", "a number of its own"),
        ("municipalities.R1.extra_net", "no number of the scenario"),
        ("", "no number of the scenario has this path"),
    ],
)
def test_a_wrong_path_is_refused_with_what_was_perhaps_meant(path: str, said: str) -> None:
    with pytest.raises(DemosimError) as caught:
        vary(scenario(), {path: 1.0})
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_every_listed_path_can_be_set() -> None:
    spec = scenario()
    paths = numeric_paths(spec)
    assert {"fertility.tfr", "streams.crisis.net", "municipalities.R2.extra_net", "mortality.decline"} <= set(paths)
    for path in paths:
        assert split_path(spec, path)[2] == ()
        assert vary(spec, {path: 1.0}).knobs[path].only(1.0)  # type: ignore[union-attr]  # it is a series


def test_a_number_out_of_bounds_is_found_when_the_scenario_is_prepared() -> None:
    with pytest.raises(DemosimError, match=r"fertility\.tfr\.2021: 17 is above 5"):
        prepare(BASELINE, vary(scenario(), {"fertility.tfr.2021": 17}))


def test_assembling_many_from_one_preparation_equals_resolving_each() -> None:
    prepared = prepare(BASELINE, scenario())
    for number in (0.0, 4.0, 900.0):
        numbers = {"streams.crisis.net.2021": number, "streams.crisis.return_rate": 0.01}
        _, arrays = assemble(prepared, with_numbers(prepared.spec.knobs, numbers))
        expected = assumptions(vary(prepared.spec, numbers))
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, expected[name].values)


def test_scenarios_of_a_sweep_share_what_they_have_in_common() -> None:
    prepared = prepare(BASELINE, scenario())

    def arrays(**numbers: float) -> dict[str, np.ndarray]:
        paths = {"tfr": "fertility.tfr", "net": "streams.crisis.net", "shock": "mortality.shock"}
        return assemble(prepared, with_numbers(prepared.spec.knobs, {paths[key]: n for key, n in numbers.items()}))[1]

    def different(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> set[str]:
        return {name for name in one if one[name] is not other[name]}

    flows = {"stream_inflow", "stream_outflow"}
    assert different(arrays(), arrays()) == set()
    assert different(arrays(), arrays(net=1)) == flows
    assert different(arrays(net=1), arrays(net=1)) == set()
    assert different(arrays(), arrays(tfr=1.5)) == {"fertility_rate", *flows}
    assert different(arrays(), arrays(shock=1.5)) == {"death_prob", "newborn_survival_prob", *flows}


def test_scenarios_of_a_sweep_have_the_same_streams_whatever_the_numbers() -> None:
    paths = ["municipalities.R2.extra_net.2021", "streams.crisis.onward_rate"]
    prepared = prepare(BASELINE, scenario(), paths)
    shapes = set()
    for numbers in ((0.0, 0.0), (5.0, 0.0), (0.0, 0.2), (5.0, 0.2)):
        knobs = with_numbers(prepared.spec.knobs, dict(zip(paths, numbers, strict=True)))
        names, arrays = assemble(prepared, knobs)
        assert names == ["crisis", "crisis, onward", "net R2", "net R2, others"]
        shapes.add(arrays["stream_inflow"].shape)
        plain = assumptions(vary(scenario(), dict(zip(paths, numbers, strict=True))))
        for stream in plain["stream"].values:
            place = names.index(str(stream))
            np.testing.assert_array_equal(arrays["stream_inflow"][place], plain["stream_inflow"].sel(stream=stream))
        others = [place for place, name in enumerate(names) if name not in plain["stream"].values]
        assert not arrays["stream_inflow"][others].any()
    assert len(shapes) == 1
