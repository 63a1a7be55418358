"""What a sweep runs: ranges, grids, spread points, the [sweep] table, and every way to ask wrongly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import sweep_country
from demosim.errors import DemosimError
from demosim.scenario.read import read_scenario
from demosim.scenario.spec import Spec
from demosim.sweep.design import Design, make_design, read_axis


@pytest.fixture(scope="module")
def country() -> xr.Dataset:
    return sweep_country.country()


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    return read_scenario(sweep_country.scenario_file(tmp_path))


def with_table(folder: Path, table: str) -> Spec:
    return read_scenario(sweep_country.scenario_file(folder, table))


def test_ranges_include_their_end() -> None:
    assert read_axis("streams.crisis.net.2020=0:20000:500").values == tuple(500.0 * np.arange(41))
    assert read_axis("fertility.tfr=1.3:1.9:0.1").values == (1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9)
    assert read_axis("x=3:1:-1").values == (3, 2, 1)
    assert read_axis("x=5:5:1").values == (5,)
    assert read_axis("x=1e6:1.2e6:1e5").values == (1e6, 1.1e6, 1.2e6)


@given(st.integers(-1000, 1000), st.integers(0, 50), st.decimals("0.001", "9", places=3))
def test_a_range_has_its_ends_and_even_steps(first: int, count: int, step: object) -> None:
    width = float(str(step))
    values = read_axis(f"x={first}:{first + count * width!r}:{step}").values
    assert len(values) == count + 1
    assert values[0] == first
    assert values[-1] == pytest.approx(first + count * width, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fertility.tfr", "does not say which values"),
        ("x=1:2:0.3", "do not meet 2"),
        ("x=1:2:-1", "do not lead"),
        ("x=1:2:0", "do not lead"),
        ("x=1,a", '"a" is not a number'),
        ("x=nan", "not a finite number"),
        ("x=2:1", "is not below"),
        ("x=1,1", "names a value twice"),
        ("x=1:2:3:4", "are no values"),
    ],
)
def test_a_range_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(DemosimError, match=said) as caught:
        read_axis(text)
    assert caught.value.exit_code == 2


def test_a_grid_has_all_combinations(spec: Spec, country: xr.Dataset) -> None:
    design = make_design(spec, country, ["fertility.tfr=1.5,1.7", "streams.crisis.net.2020=0:40:20"])
    assert design.paths == ("fertility.tfr", "streams.crisis.net.2020")
    assert design.values.tolist() == [[1.5, 0], [1.5, 20], [1.5, 40], [1.7, 0], [1.7, 20], [1.7, 40]]
    assert design.numbers(4) == {"fertility.tfr": 1.7, "streams.crisis.net.2020": 20.0}


@pytest.mark.parametrize("method", ["latin", "sobol"])
def test_points_are_spread_and_seeded(method: str, spec: Spec, country: xr.Dataset) -> None:
    varied = ["fertility.tfr=1.2:2.0", "mortality.decline=0.5:1.5"]

    def points(seed: int) -> Design:
        return make_design(spec, country, varied, method, 64, seed)

    values = points(0).values
    assert values.shape == (64, 2)
    for column, (low, width) in enumerate([(1.2, 0.8), (0.5, 1.0)]):
        stratum = np.floor((values[:, column] - low) / width * 64).astype(int)
        assert sorted(stratum) == list(range(64)), "one point in each of 64 strips"
    assert np.array_equal(points(0).values, values)
    assert not np.array_equal(points(1).values, values)


def test_the_table_of_the_file_is_used(tmp_path: Path, country: xr.Dataset) -> None:
    table = '[sweep]\nmethod = "latin"\npoints = 5\nseed = 3\n[sweep.vary]\n"fertility.tfr" = "1:2"\n'
    spec = with_table(tmp_path, table)
    design = make_design(spec, country)
    assert (design.method, design.seed, design.values.shape) == ("latin", 3, (5, 1))
    beside = make_design(spec, country, ["fertility.tfr=1,2"], "grid")
    assert beside.values.tolist() == [[1], [2]], "the request comes before the file"
    assert len(make_design(spec, country, points=7).values) == 7


def test_the_table_is_checked(tmp_path: Path, country: xr.Dataset) -> None:
    spec = with_table(tmp_path, '[sweep]\npoint = 5\nseed = 0.5\nvary = "x"\n')
    with pytest.raises(DemosimError) as caught:
        make_design(spec, country)
    text = str(caught.value)
    assert 'sweep.point: unknown key' in text
    assert 'did you mean "points"?' in text
    assert "sweep.seed: 0.5 is not a whole number" in text
    assert "sweep.vary: is not a table" in text


@pytest.mark.parametrize(
    ("varied", "method", "points", "said"),
    [
        (["fertility.tfrr=1,2"], None, None, 'did you mean "fertility.tfr"?'),
        (["fertility.tfr=1,17"], None, None, "17 is above"),
        (["fertility.tfr.2099=1,2"], None, None, "2099"),
        (["fertility.tfr=1,2", "fertility.multiplier=1,2"], None, None, "fertility"),
        (["fertility.tfr=1,2", "fertility.tfr=1,3"], None, None, "varied twice"),
        (["fertility.tfr=1:2"], None, None, "a range without a step"),
        (["fertility.tfr=1.5"], "latin", 4, "a single value is no range"),
        (["fertility.tfr=1:2"], "latin", None, "needs a number of points"),
        (["fertility.tfr=1:2"], "sobol", 100, 'did you mean "128"?'),
        (["fertility.tfr=1:2"], "latn", 4, 'did you mean "latin"?'),
        (["fertility.tfr=1,2"], None, 5, "a grid has no number of points"),
        ([], None, None, "nothing is varied"),
        (["streams.crisis.return_from=1"], None, None, "a date, which cannot be varied"),
    ],
)
def test_wrong_requests_are_refused(
    varied: list[str], method: str | None, points: int | None, said: str, spec: Spec, country: xr.Dataset
) -> None:
    with pytest.raises(DemosimError) as caught:
        make_design(spec, country, varied, method, points)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_all_problems_come_at_once(spec: Spec, country: xr.Dataset) -> None:
    with pytest.raises(DemosimError) as caught:
        make_design(spec, country, ["fertility.tfrr=1,2", "migration.nett=1,2"])
    assert len(caught.value.problems) == 2


def test_targets_that_are_fitted_are_refused(tmp_path: Path, country: xr.Dataset) -> None:
    spec = with_table(tmp_path, '[municipalities."R1"]\nnet = 5\n')
    with pytest.raises(DemosimError, match="only `run` takes it"):
        make_design(spec, country, ["fertility.tfr=1,2"])


def test_too_many_scenarios_are_refused(spec: Spec, country: xr.Dataset) -> None:
    varied = [f"streams.crisis.net.{year}=0:1000:1" for year in (2020, 2021, 2022)]
    with pytest.raises(DemosimError, match="too many"):
        make_design(spec, country, varied)
