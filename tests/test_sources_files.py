"""Local files in every format give the same array, and every fault of a file is said with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from demosim.errors import DemosimError
from demosim.sources.files import read_file
from demosim.sources.px import read_px
from demosim.sources.tables import Entry

LONG = "region,gender,age,value\n" + "\n".join(
    f"{region},{sex},{age},{100 * place + 10 * number + order}"
    for place, region in enumerate(("01", "02"))
    for number, sex in enumerate(("m", "f"))
    for order, age in enumerate(("0-4", "5-9", "10+"))
)
AXES = {
    "region": {"dim": "municipality", "width": 2}, "gender": {"dim": "sex", "codes": {"m": "male", "f": "female"}},
    "age": {"dim": "age", "kind": "age"},
}  # fmt: skip
CODES = [["01", "02"], ["m", "f"], ["0-4", "5-9", "10+"]]
VALUES = [0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112]
PX = """CHARSET="ANSI";
AXIS-VERSION="2010";
CODEPAGE="utf-8";
LANGUAGE="no";
TITLE="Befolkning; etter region, "
"kjønn og alder";
TITLE[en]="Population";
UNITS="persons";
STUB="region","kjønn";
HEADING="alder";
VARIABLECODE("region")="region";
VARIABLECODE("kjønn")="gender";
VARIABLECODE("alder")="age";
VALUES("region")="Åsby","Bø";
VALUES("kjønn")="menn","kvinner";
VALUES("alder")="0-4 år","5-9 år","10 år +";
CODES("region")="01","02";
CODES("kjønn")="m","f";
CODES("alder")="0-4","5-9","10+";
LAST-UPDATED="20260224 08:00";
SOURCE="Statistics Stubland";
DATA=
0 1 2
10 11 12
100 101 102
110 111 112;
"""


def entry(path: str, **more: Any) -> Entry:
    declared: dict[str, Any] = {
        "name": "population", "variable": "population", "kind": "file", "title": "Population",
        "unit": "persons", "axes": AXES,
    }  # fmt: skip
    layout = {"path": path, **more.pop("file", {})}
    return Entry.model_validate({**declared, **more, "file": layout})


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> str:
    (folder / name).write_text(text, encoding=encoding)
    return name


def wide_rows() -> list[list[str]]:
    return [["region", "gender", *CODES[2]]] + [
        [region, sex, *[str(value) for value in VALUES[6 * i + 3 * j : 6 * i + 3 * j + 3]]]
        for i, region in enumerate(CODES[0])
        for j, sex in enumerate(CODES[1])
    ]


def test_every_format_gives_the_same_array(tmp_path: Path) -> None:
    category = [{"category": {"index": codes}} for codes in CODES]
    stat = {
        "class": "dataset", "id": list(AXES), "size": [2, 2, 3], "value": VALUES,
        "dimension": dict(zip(AXES, category, strict=True)),
    }  # fmt: skip
    book = openpyxl.Workbook()
    sheet = book.create_sheet("people")
    for row in [
        ["a title"],
        ["region", "gender", "age", "value"],
        *(line.split(",") for line in LONG.splitlines()[1:]),
    ]:
        sheet.append([int(cell) if cell.isdecimal() else cell for cell in row])
    book.save(tmp_path / "long.xlsx")
    book.close()
    wide = "\n".join(";".join(row) for row in wide_rows())
    declared = [
        entry(write(tmp_path, "long.csv", "# a remark\n" + LONG)),
        entry(write(tmp_path, "wide.csv", wide), file={"wide": "age", "separator": ";"}),
        entry(write(tmp_path, "wide.tsv", wide.replace(";", "\t")), file={"wide": "age"}),
        entry("long.xlsx", file={"sheet": "people", "skip": 1}),
        entry(write(tmp_path, "stat.json", json.dumps(stat))),
        entry(write(tmp_path, "cube.px", PX)),
    ]
    arrays = [read_file(one, tmp_path) for one in declared]
    for array, one in zip(arrays, declared, strict=True):
        assert array.dims == ("municipality", "sex", "age"), one.file
        assert array["municipality"].values.tolist() == ["01", "02"]
        assert array["sex"].values.tolist() == ["male", "female"]
        assert array["age"].values.tolist() == [0, 5, 10]
        np.testing.assert_array_equal(array.values, arrays[0].values)
        assert len(array.attrs["digest"]) == 64
        assert array.attrs["unit"] == "persons"
    assert arrays[0].values.ravel().tolist() == VALUES
    assert arrays[-1]["municipality_label"].values.tolist() == ["Åsby", "Bø"]
    assert arrays[-1].attrs["label"] == "Befolkning; etter region, kjønn og alder"


def test_symbols_spaces_and_decimal_commas(tmp_path: Path) -> None:
    text = LONG.replace(",0\n", ",-\n").replace(",12\n", ",:\n").replace(",101\n", ",\n").replace(",", ";")
    text = text.replace(";100\n", ";1 234,5\n")
    path = write(tmp_path, "symbols.csv", text, "latin-1")
    layout = {"separator": ";", "decimal": ",", "encoding": "latin-1"}
    data = read_file(entry(path, file=layout, checks={"complete": False}), tmp_path)
    assert data.values.ravel().tolist()[:2] == [0, 1]
    assert data.sel(municipality="02", sex="male", age=0) == 1234.5
    assert data["status"].values.ravel().tolist().count(":") == 1
    assert data["status"].values.ravel().tolist().count("null") == 1
    assert int(data.isnull().sum()) == 2
    with pytest.raises(DemosimError, match="1 cells are missing"):
        read_file(entry(path, file=layout), tmp_path)


def test_a_combination_without_a_row_is_missing_not_zero(tmp_path: Path) -> None:
    path = write(tmp_path, "holes.csv", "\n".join(LONG.splitlines()[:-1]))
    with pytest.raises(DemosimError, match="1 cells are missing"):
        read_file(entry(path), tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("twice.csv", LONG + "\n02,f,10+,5", "more than one figure for region 02, gender f, age 10+"),
        ("columns.csv", LONG.replace("gender", "sex"), "has no column gender; region, sex, age, value"),
        ("word.csv", LONG.replace(",112", ",many"), "is no number"),
        ("inf.csv", LONG.replace(",112", ",inf"), 'has the figure "inf"'),
        ("nan.csv", LONG.replace(",112", ",nan"), 'has the figure "nan"'),
        ("comma.csv", LONG.replace(",112", ',"1,5"'), "is no number"),
        ("sex.csv", LONG.replace(",f,", ",x,"), 'has the code "x"; known are m, f'),
        ("age.csv", LONG.replace("10+", "old"), 'has the code "old", which is no age'),
        ("negative.csv", LONG.replace(",112", ",-112"), "has negative figures (-112 at municipality 02"),
        ("same.csv", LONG.replace("5-9", "0"), "age: has codes that become the same"),
        ("empty.csv", "", "cannot be read"),
        ("binary.csv", "\x00\x01", "has no column"),
        ("stat.json", "{}", "is not a JSON-stat 2.0 data set"),
        ("stat.json", '{"class": ', "is not JSON, or was cut off"),
        ("cut.px", PX[:-30], "cut off"),
        ("few.px", PX.replace("110 111 112", "110 111"), "should have 12 figures and has 11"),
        ("codes.px", PX.replace('"01","02"', '"01"'), 'has 1 codes for 2 values of "region"'),
        ("word.px", PX.replace("112;", "many;"), 'has the figure "many"'),
        ("keys.px", PX.replace("DATA=", 'KEYS("region")=CODES;\nDATA='), 'KEYS says nothing about "kjønn"'),
        ("no.px", "hello", "has no keyword"),
        ("quote.px", PX.replace('"persons";', '"persons;'), ""),
        ("old.xls", "", "has the suffix .xls"),
        ("no.xlsx", "not a workbook", "is not an xlsx workbook"),
    ],
)
def test_a_fault_is_said_with_the_file(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(DemosimError) as raised:
        read_file(entry(write(tmp_path, name, text)), tmp_path)
    assert says in str(raised.value)
    assert name in str(raised.value)


def test_a_file_that_is_not_there_or_not_named(tmp_path: Path) -> None:
    with pytest.raises(DemosimError, match=r"nowhere.csv: there is no such file"):
        read_file(entry("nowhere.csv"), tmp_path)
    with pytest.raises(DemosimError, match="names no file"):
        read_file(entry("x.csv").model_copy(update={"file": None}), tmp_path)
    openpyxl.Workbook().save(tmp_path / "empty.xlsx")
    with pytest.raises(DemosimError, match="empty sheet"):
        read_file(entry("empty.xlsx"), tmp_path)
    with pytest.raises(DemosimError, match="has no sheet"):
        read_file(entry("empty.xlsx", file={"sheet": "people"}), tmp_path)


def test_declared_dims_must_be_those_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "cube.px", PX)
    few = {name: AXES[name] for name in ("region", "gender")}
    with pytest.raises(DemosimError, match='says nothing about the dimension "age"'):
        read_file(entry(path, axes={**few, "month": {"dim": "month"}}), tmp_path)
    with pytest.raises(DemosimError, match="has 3 values of age where one is expected"):
        read_file(entry(path, axes={**few, "age": {}}), tmp_path)
    with pytest.raises(DemosimError, match="codes that become the same"):
        read_file(entry(path, axes={**AXES, "gender": {"dim": "sex", "codes": {"m": "all", "f": "all"}}}), tmp_path)


def test_figures_can_be_scaled_and_bounded(tmp_path: Path) -> None:
    path = write(tmp_path, "long.csv", LONG)
    data = read_file(entry(path, scale=0.001, checks={"range": [0, 1]}), tmp_path)
    assert float(data.max()) == pytest.approx(0.112)
    with pytest.raises(DemosimError, match=r"figures from 0 to 112, outside \[0.0, 1.0\]"):
        read_file(entry(path, checks={"range": [0, 1]}), tmp_path)


def test_px_symbols_and_code_pages(tmp_path: Path) -> None:
    text = PX.replace("0 1 2", '"-" "." ".."', 1).replace('CODEPAGE="utf-8";\n', "")
    (tmp_path / "old.px").write_bytes(text.encode("latin-1"))
    data = read_px(tmp_path / "old.px")
    assert data["status"].values[0, 0].tolist() == ["-", ".", ".."]
    assert data.values[0, 0, 0] == 0
    assert np.isnan(data.values[0, 0, 1:]).all()
    assert data["region_label"].values.tolist() == ["Åsby", "Bø"]
    (tmp_path / "marked.px").write_bytes(b"\xef\xbb\xbf" + PX.replace('CODEPAGE="utf-8";\n', "").encode())
    assert read_px(tmp_path / "marked.px").attrs["source"] == "Statistics Stubland"
    (tmp_path / "odd.px").write_bytes(PX.replace('"utf-8"', '"utf-99"').encode())
    with pytest.raises(DemosimError, match="cannot be read"):
        read_px(tmp_path / "odd.px")


SPARSE = PX.split("DATA=")[0] + """KEYS("region")=CODES;
KEYS("kjønn")=VALUES;
DATA=
"02","kvinner",110 111 ".."
"01","menn",0 1 2;
"""


def test_a_sparse_px_file_leaves_out_rows_that_are_missing_until_one_says_that_they_are_zero(tmp_path: Path) -> None:
    path = tmp_path / write(tmp_path, "sparse.px", SPARSE)
    data = read_px(path)
    assert data.dims == ("region", "gender", "age")
    assert data.sel(region="01", gender="m").values.tolist() == [0, 1, 2]
    assert data.sel(region="02", gender="f").values[:2].tolist() == [110, 111]
    assert data["status"].sel(region="02", gender="f").values.tolist() == ["", "", ".."]
    assert np.isnan(data.sel(region="01", gender="f").values).all()
    assert set(data["status"].sel(region="01", gender="f").values.tolist()) == {"null"}
    zero = read_px(path, "zero")
    assert zero.sel(region="01", gender="f").values.tolist() == [0, 0, 0]
    assert np.isnan(float(zero.sel(region="02", gender="f", age="10+")))
    with pytest.raises(DemosimError, match=r"6 cells are missing \(null\)"):
        read_file(entry("sparse.px"), tmp_path)
    write(tmp_path, "sparse.px", SPARSE.replace('".."', "112"))
    read = read_file(entry("sparse.px", file={"absent": "zero"}), tmp_path)
    assert float(read.sum()) == 0 + 1 + 2 + 110 + 111 + 112


def test_a_sparse_file_that_is_whole_is_the_file_that_is_not_sparse(tmp_path: Path) -> None:
    rows = [f'"{region}","{sex}" ' for region in CODES[0] for sex in CODES[1]]
    lines = PX.split("DATA=")[1].strip().rstrip(";").splitlines()
    body = "\n".join(key + line for key, line in zip(reversed(rows), reversed(lines), strict=True))
    text = PX.split("DATA=")[0] + f'KEYS("region")=CODES;\nKEYS("kjønn")=CODES;\nDATA=\n{body};\n'
    sparse, dense = (read_px(tmp_path / write(tmp_path, name, each)) for name, each in (("s.px", text), ("d.px", PX)))
    xr.testing.assert_identical(sparse, dense)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"01","menn"', '"07","menn"', 'a row with the key "07"'),
        ('"01","menn"', '"01","m"', 'a row with the key "m"'),
        ('"01","menn",0 1 2', '"02","kvinner",0 1 2', "has the row 02, kvinner twice"),
        ('"01","menn",0 1 2', '"01","menn",0 1', "has 9 keys and figures, which are no rows of 2 keys and 3 figures"),
        ('"01","menn",0 1 2', '"01","menn",0 x 2', 'has the figure "x"'),
        ("=VALUES;", "=NAMES;", 'KEYS says nothing about "kjønn"'),
    ],
)
def test_a_sparse_px_file_that_is_wrong_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / write(tmp_path, "sparse.px", SPARSE.replace(old, new))
    with pytest.raises(DemosimError, match=re.escape(says)):
        read_px(path)


@settings(max_examples=25, deadline=None)
@given(figures=st.lists(st.floats(0, 1e9).map(lambda x: round(x, 3)), min_size=12, max_size=12))
def test_long_and_wide_say_the_same(tmp_path_factory: pytest.TempPathFactory, figures: list[float]) -> None:
    folder = tmp_path_factory.mktemp("files")
    cells = xr.DataArray(
        np.reshape(figures, (2, 2, 3)), dims=list(AXES), coords=dict(zip(AXES, CODES, strict=True)), name="value"
    )
    cells.to_dataframe().reset_index().to_csv(folder / "long.csv", index=False, encoding="utf-8")
    cells.to_dataframe()["value"].unstack("age").reset_index().to_csv(
        folder / "wide.csv", index=False, encoding="utf-8"
    )
    long = read_file(entry("long.csv"), folder)
    wide = read_file(entry("wide.csv", file={"wide": "age"}), folder)
    np.testing.assert_array_equal(long.values, wide.sel(age=long["age"]).values)
