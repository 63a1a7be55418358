"""CSV in two dialects, the long table, and NetCDF for others."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import demosim.outputs.accessor  # noqa: F401  # adds the accessor
from demosim.errors import DemosimError
from demosim.outputs.csvs import machine, norwegian
from demosim.outputs.export import export
from demosim.outputs.iamc import COLUMNS
from demosim.outputs.netcdf import read_assumptions, read_result, write_result
from demosim.outputs.sheets import Column, Sheet
from made_up_result import small, three

SHEET = Sheet(
    "k", "Tittel", "kr",
    [Column("name", "Navn", "text"), Column("value", "Verdi", "one"), Column("share", "Prosent", "percent")],
    [["Å;b", -1234.56, 0.0271], ["=1+1", None, None]],
)  # fmt: skip


def test_norwegian_csv() -> None:
    text = norwegian(SHEET)
    assert text == '\ufeffNavn;Verdi;Prosent\n"Å;b";-1234,6;2,7\n\'=1+1;;\n'


def test_machine_csv_has_keys_and_all_digits() -> None:
    assert machine(SHEET) == "name,value,share\nÅ;b,-1234.56,0.0271\n'=1+1,,\n"


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_dialect_follows_the_language(tmp_path: Path, lang: str) -> None:
    write_result(tmp_path / "run.nc", small())
    export(tmp_path / "run.nc", tmp_path / "t.csv", lang=lang, table="yearly_free_income")
    raw = (tmp_path / "t.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") == (lang != "en")
    assert (b";" in raw) == (lang != "en")


def test_long_table_is_the_result(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", small())
    export(tmp_path / "run.nc", tmp_path / "long.csv", dialect="machine")
    with (tmp_path / "long.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    found = {(r["Region"], r["Variable"], int(r["Year"])): float(r["Value"]) for r in rows}
    population = small()["population"].sum(("sex", "age"))
    own = float(population.sel(municipality="R1", date=2030))
    assert found["R1", "Population", 2030] == pytest.approx(own, rel=1e-12)
    school = small()["demographic_expenditure"].sel(financing="all", service="school", budget_year=2021).sum()
    key = ("The whole country", "Demographic Expenditure|All Financing|school", 2021)
    assert found[key] == pytest.approx(float(school) / 1e6, rel=1e-12)
    assert {r["Unit"] for r in rows if r["Variable"].startswith("Expenditure")} == {"million mark 2020"}


def test_municipalities_have_no_county_services(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", small())
    export(tmp_path / "run.nc", tmp_path / "long.csv", dialect="machine")
    text = (tmp_path / "long.csv").read_text(encoding="utf-8")
    assert ",R1,Demographic Expenditure|Free Income|care," in text
    assert ",R1,Demographic Expenditure|Free Income|college," not in text
    assert ",County 1,Demographic Expenditure|Free Income|college," in text


def test_a_folder_takes_every_table(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", three())
    written = export(tmp_path / "run.nc", tmp_path / "tables")
    assert {path.stem for path in written} >= {"headline", "ages", "municipalities", "iamc", "about"}
    assert all(path.stat().st_size > 20 for path in written)


@pytest.mark.parametrize(
    ("output", "keys", "match"),
    [("x.pdf", {}, "pdf is not a form"), ("x.csv", {"table": "municipality"}, "did you mean \"municipalities\""),
     ("x.csv", {"dialect": "excel"}, "no dialect")],
)  # fmt: skip
def test_wrong_requests_are_told(tmp_path: Path, output: str, keys: dict[str, str], match: str) -> None:
    write_result(tmp_path / "run.nc", small())
    with pytest.raises(DemosimError, match=match) as caught:
        export(tmp_path / "run.nc", tmp_path / output, **keys)  # type: ignore[arg-type]  # keys are options
    assert caught.value.exit_code == 2
    assert not (tmp_path / output).exists()


def test_netcdf_for_others(tmp_path: Path) -> None:
    run = small()
    write_result(tmp_path / "run.nc", run, assumptions=xr.Dataset({"x": ("i", [1.0])}))
    export(tmp_path / "run.nc", tmp_path / "out.nc")
    opened = read_result(tmp_path / "out.nc", "run")
    for name in ("title", "source", "references", "history", "version", "digest", "seed", "reference_date"):
        assert name in opened.attrs, name
    assert opened.attrs["reference_date"] == "2020-01-01"
    need = opened["expenditure_need"]
    assert (need.attrs["units"], int(need.attrs["price_year"])) == ("kr", 2020)
    assert need.attrs["long_name"]
    assert np.array_equal(need.values, run["expenditure_need"].values)
    assert read_assumptions(tmp_path / "out.nc")["x"].values.tolist() == [1.0]
    with xr.open_dataset(tmp_path / "out.nc") as raw:
        assert raw["population"].encoding["zlib"]
    assert (tmp_path / "out.nc").stat().st_size < (tmp_path / "run.nc").stat().st_size


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    write_result(tmp_path / "run.nc", small())
    for name in ("a.nc", "b.nc"):
        export(tmp_path / "run.nc", tmp_path / name)
    first, second = (read_result(tmp_path / name) for name in ("a.nc", "b.nc"))
    assert first.drop_attrs().identical(second.drop_attrs())


def test_accessor_presents() -> None:
    shown = small().demosim
    assert "2021" in shown.headline("en")
    assert "municipalities" in shown.tables()
    table = shown.table("municipalities")
    assert table["municipality"].tolist() == ["R1", "R2", "R3", "R4"]
    with pytest.raises(DemosimError, match="no table is called nothing"):
        shown.table("nothing")


def test_accessor_writes_a_page(tmp_path: Path) -> None:
    path = small().demosim.report(tmp_path / "page.html")
    assert "<!doctype html>" in path.read_text(encoding="utf-8")
