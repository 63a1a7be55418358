"""From sample to all, as published and by hand; the standing of groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from demosim.costs.need import expenditure
from demosim.errors import DemosimError
from demosim.fiscal.survey import estimate_all, read_survey, standing
from made_up_costs import school_and_roads


@pytest.mark.parametrize(
    ("sample", "rest", "total"), [(0.73, 1.16, 0.81), (0.734, 1.459, 0.87)], ids=["by income", "by size"]
)
def test_the_published_totals_imply_the_same_weight(sample: float, rest: float, total: float) -> None:
    share = (total - rest) / (sample - rest)
    assert share == pytest.approx(0.813, abs=0.002)  # 83 per cent of the population answered
    weight = 0.813 - 0.5  # one stratum answered all, the other has the rest's ratio and one who answered
    other = (0.813 * sample - weight * rest) / 0.5
    answers = pd.DataFrame({
        "municipality": ["a", "b", "c"], "stratum": ["s", "t", "t"], "weight": [0.5, weight, 1 - 0.813],
        "result": [other, rest, np.nan],
    })  # fmt: skip
    found = estimate_all(answers).set_index("stratum").loc["all"]
    assert found["sample"] == pytest.approx(sample)
    assert found["rest"] == pytest.approx(rest)
    assert round(float(found["total"]), 2) == total


def test_a_survey_by_hand() -> None:
    survey = pd.DataFrame(
        {
            "municipality": ["a", "b", "c", "d", "e"], "stratum": ["small", "small", "small", "large", "large"],
            "weight": [10.0, 30, 20, 100, 40], "result": [2.0, 4, np.nan, 1, np.nan],
        }
    )  # fmt: skip
    table = estimate_all(survey).set_index("stratum")
    assert table.loc["small", "sample"] == pytest.approx(3.5)  # (20 + 120) / 40
    assert table.loc["small", "rest"] == pytest.approx(3.5)
    assert table.loc["all", "sample"] == pytest.approx(240 / 140)
    assert table.loc["all", "rest"] == pytest.approx((20 * 3.5 + 40 * 1) / 60)
    assert table.loc["all", "total"] == pytest.approx((60 * 3.5 + 140 * 1) / 200)
    assert table.loc["all", "weight_share"] == pytest.approx(0.7)
    assert table.loc["all", "answered"] == 3


def test_a_survey_that_all_answered_has_no_rest() -> None:
    survey = pd.DataFrame({"municipality": ["a", "b"], "stratum": ["s", "t"], "weight": [1.0, 3], "result": [1.0, 5]})
    whole = estimate_all(survey).set_index("stratum").loc["all"]
    assert whole["total"] == pytest.approx(4)
    assert np.isnan(whole["rest"])


def test_a_stratum_without_answers_is_refused() -> None:
    survey = pd.DataFrame({"municipality": ["a", "b"], "stratum": ["s", "t"], "weight": [1, 3], "result": [1, np.nan]})
    with pytest.raises(DemosimError, match="nobody answered in t"):
        estimate_all(survey)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text("municipality,stratum,weight,result\n0301,s,10,1.5\n1101,s,5,\n", encoding="utf-8")
    table = read_survey(path)
    assert table["municipality"].tolist() == ["0301", "1101"]
    assert estimate_all(table)["total"].iloc[-1] == pytest.approx(1.5)
    path.write_text("municipality,stratum,weight,result\n0301,s,0,much\n0301,s,5,\n", encoding="utf-8")
    with pytest.raises(DemosimError) as caught:
        read_survey(path)
    said = ('row 2, result: "much" is not a number', "weight: must be above zero", "0301: stands more than once")
    for wanted in said:
        assert wanted in str(caught.value)
    path.write_text("municipality\n0301\n", encoding="utf-8")
    with pytest.raises(DemosimError, match="result: has no such column"):
        read_survey(path)
    with pytest.raises(DemosimError, match="no such file"):
        read_survey(tmp_path / "none.csv")
    path.write_text("municipality,stratum,weight,result\n0301,s,,1\n1101,s,inf,1\n", encoding="utf-8")
    with pytest.raises(DemosimError, match=r'row 2, weight: "nan" is not a number\n.*row 3, weight: "inf" is not'):
        read_survey(path)


def test_standing() -> None:
    people = xr.DataArray(
        np.array([[1500.0, 1600, 1700], [3000, 2900, 2800]])[:, None, None] * np.ones((1, 2, 1, 1)),
        dims=("municipality", "sex", "age", "date"),
        coords={
            "municipality": ["A", "B"], "sex": ["male", "female"], "age": [0], "date": [2026, 2027, 2028],
            "landsdel": ("municipality", ["Nord-Norge", "Østlandet"]),
        },
    )  # fmt: skip
    unit_cost = school_and_roads(100.0, 1.0)
    costs = expenditure(people, unit_cost)
    revenue = pd.DataFrame({"municipality": ["A", "B"], "revenue": [1e6, 1e6]})
    table = standing(people.to_dataset(name="population"), costs, revenue).set_index("municipality")
    assert table["size_class"].tolist() == ["3000-5000", "5000-10000"]  # 3 000 belongs to the class above
    assert table.loc["A", ["result_size", "result_landsdel", "reserves_landsdel"]].tolist() == [3.2, -2.7, 7.4]
    assert table.loc["B", "negative_size"] == 47
    assert table.loc["A", "demographic_expenditure"] == pytest.approx(20_000)
    assert table.loc["A", "years_carried"] == pytest.approx(0.132 * 1e6 / 20_000)
    assert np.isnan(table.loc["B", "years_carried"])  # its need falls
    assert "years_carried" not in standing(people.to_dataset(name="population"), costs)
