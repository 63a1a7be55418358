"""`demosim fan` and `backtest --fan` as a user types them: the record beside the band, reasons, seeds, launches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import made_up_history
import sweep_country
from demosim.cli import main
from demosim.outputs.netcdf import read_result

MARCH = Path(__file__).parents[1] / "scenarios" / "mars2026.toml"
ALL = [word for name in ("national", "municipal", "unit-costs", "deflator") for word in ("--without", name)]


def call(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(str(ended.value.code))


def test_the_record_stands_beside_the_fan_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--lang", "en", "fan", MARCH, "--draws", "10", "--seed", "0", "--output", tmp_path / "f.nc")
    assert call(*words, "--municipality", "Kvitsøy") == 0
    said = capsys.readouterr().out
    for part in ("The record of budget estimates", "0.43", "0.55", "2.65", "9 of the last 10 years", "(Kvitsøy)"):
        assert part in said
    assert "left out of the draws" not in said
    assert call(*words, *ALL[4:], "--without", "national") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "narrower than the record. The reason: left out of the draws are national, unit-costs, deflator." in said
    stored = read_result(tmp_path / "f.nc", "fan")
    assert [stored.attrs[name] for name in ("seed", "national", "waves", "municipal", "deflator")] == [0, 0, 0, 1, 0]


def test_machines_get_the_record_and_other_countries_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--draws", "10", "--output", tmp_path / "f.nc")
    assert call("--json", "fan", MARCH, *words, *ALL) == 0
    tables = {table["key"]: table for table in json.loads(capsys.readouterr().out)["tables"]}
    assert list(tables) == ["fan_country", "fan_record"]
    assert tables["fan_record"]["rows"][-1]["values"][0] == pytest.approx(0, abs=1e-6), "nothing varies"
    assert call("--json", "fan", sweep_country.scenario_file(tmp_path), *words) == 0
    assert [table["key"] for table in json.loads(capsys.readouterr().out)["tables"]] == ["fan_country"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--draws", "9"), "10 to 20000"),
        (("--seed", "-1"), "0, 1, 2"),
        (("--without", "costs"), "'unit-costs'"),
        (("--municipality", "Regon 3"), 'did you mean "Region 3"'),
    ],
)
def test_wrong_requests_say_what_is_allowed(
    words: tuple[str, str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = sweep_country.scenario_file(tmp_path)
    assert call("fan", scenario, *words, "--output", tmp_path / "f.nc") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "f.nc").exists()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_history.write_files(tmp_path_factory.mktemp("past"), made_up_history.history())


def asked_of(past: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, object]:
    """What the command asks of the back-test."""
    from demosim.uncertainty import fan_record

    found: dict[str, object] = {}

    def run(history: Path, unit_cost: object, launches: list[int], **options: object) -> None:
        found.update(options, launches=launches, history=history)
        raise KeyboardInterrupt

    monkeypatch.setattr(fan_record, "run_fan_backtest", run)
    assert call("backtest", "--fan", "--history", past, *words) != 0
    return found


def test_halves_and_years_ahead_are_those_asked_for(past: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = asked_of(past, monkeypatch)
    assert (usual["fit"], usual["test"]) == ((2011, 2016), (2017, 2021))
    assert (usual["ahead"], usual["draws"], usual["launches"]) == ([1, 3, 5], 400, list(range(2011, 2022)))
    other = asked_of(past, monkeypatch, "--launch", "2010:2014", "--confirm-from", "2013", "--ahead", "1,2",
                     "--cuts", "3000", "--draws", "50")  # fmt: skip
    assert (other["fit"], other["test"], other["ahead"]) == ((2010, 2012), (2013, 2014), [1, 2])
    assert (other["cuts"], other["draws"]) == ((3000.0,), 50)


def test_a_half_without_launches_is_refused(past: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("backtest", "--fan", "--history", past, "--launch", "2013,2014") == 2
    assert "no launch in 2017" in capsys.readouterr().err
