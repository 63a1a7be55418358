"""`export`: a result as a workbook, CSV or NetCDF; the suffix decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import xarray as xr

from demosim.errors import did_you_mean, usage_error
from demosim.outputs.again import commands
from demosim.outputs.csvs import DIALECTS, write_csv
from demosim.outputs.free_income import with_free_income
from demosim.outputs.headline import headline
from demosim.outputs.iamc import iamc_sheet
from demosim.outputs.measures import ALL, Measures, measures
from demosim.outputs.netcdf import export_netcdf, kind_of, read_result
from demosim.outputs.sheets import Sheet
from demosim.outputs.sheets_about import about_sheet, assumptions_sheet, fte_sheet
from demosim.outputs.sheets_ages import age_groups_sheet, ages_sheet, own_ages_sheet
from demosim.outputs.sheets_money import difference_sheet, headline_sheet, services_sheet
from demosim.outputs.sheets_path import path_sheet
from demosim.outputs.sheets_places import groups_sheet, municipalities_sheet
from demosim.outputs.sheets_pressure import pressure_sheet
from demosim.outputs.sheets_sure import sensitivity_sheet, uncertainty_sheet
from demosim.outputs.words import Words
from demosim.outputs.xlsx import write_workbook

SUFFIXES = (".xlsx", ".csv", ".nc")


def export(
    result: Path, output: Path, others: Sequence[Path] = (), lang: str = "nb", table: str = "iamc",
    dialect: str | None = None, free_income: Path | None = None,
) -> list[Path]:  # fmt: skip
    """Write a result for others to use; returns the files written.

    `result`: a result of the kind run. `others`: a reference run (differences), a fan (band), a sensitivity.
    `output`: `.xlsx` (a workbook with all tables), `.csv` (one table, named by `table`), `.nc` (NetCDF with full
    attributes, compressed), or a folder (every table as CSV). `dialect`: of CSV, `norwegian` or `machine`; by default
    Norwegian for nb and nn, machine for en. `free_income`: a table of the municipalities' own (see
    `outputs.free_income`). Raises a `DemosimError` where a file is wrong or a suffix is not known.
    """
    chosen = dialect or ("machine" if lang == "en" else "norwegian")
    if chosen not in DIALECTS:
        raise usage_error(f"no dialect of CSV is called {chosen}", allowed=", ".join(DIALECTS))
    if output.suffix and output.suffix not in SUFFIXES:
        what = f"{output.suffix} is not a form that export writes"
        raise usage_error(what, file=str(output), allowed=", ".join(SUFFIXES))
    dataset = with_free_income(read_result(result, "run"), free_income)
    if output.suffix == ".nc":
        export_netcdf(output, dataset, result)
        return [output]
    beside = [read_result(other) for other in others]
    all_of_them = [(result, dataset), *zip(others, beside, strict=True)]
    extra = "" if free_income is None else f" --free-income {free_income.name}"
    made = tables(dataset, beside, lang, commands(all_of_them, "export", output, lang, extra))
    if output.suffix == ".xlsx":
        write_workbook(output, [make() for key, make in made.items() if key != "iamc"], Words(lang, dataset))
        return [output]
    if output.suffix == ".csv":
        write_csv(output, pick(made, table), chosen)
        return [output]
    written = {output / f"{key}.csv": make for key, make in made.items()}
    for path, make in written.items():
        write_csv(path, make(), chosen)
    return list(written)


def tables(
    dataset: xr.Dataset, others: Sequence[xr.Dataset] = (), lang: str = "nb", again: Sequence[str] = ()
) -> dict[str, Callable[[], Sheet]]:
    """All tables of a result by key, made when called; `others`: reference, fan, sensitivity, told by their kind."""
    words, seen = Words(lang, dataset), measures(dataset)
    by_kind = {kind_of(other): other for other in others}
    found: dict[str, Callable[[], Sheet]] = {
        "headline": lambda: headline_sheet(seen, words, *headline(seen, words, by_kind.get("fan"))),
        "yearly_free_income": lambda: services_sheet(seen, words),
        "accumulated_free_income": lambda: services_sheet(seen, words, accumulated=True),
    }
    if ALL in dataset["financing"].values:
        found["yearly_all"] = lambda: services_sheet(seen, words, financing=ALL)
        found["accumulated_all"] = lambda: services_sheet(seen, words, accumulated=True, financing=ALL)
    found["age_groups"] = lambda: age_groups_sheet(seen, words)
    found["ages"] = lambda: ages_sheet(seen, words)
    found |= _held({"ages_own": own_ages_sheet(seen, words)})
    found["municipalities"] = lambda: municipalities_sheet(seen, words)
    found["groups"] = lambda: groups_sheet(seen, words)
    found |= _held({
        "pressure_yearly": pressure_sheet(seen, words),
        "pressure_accumulated": pressure_sheet(seen, words, accumulated=True),
        "fte": fte_sheet(seen, words),
        "path": path_sheet(seen, words),
    })  # fmt: skip
    found |= _from_others(seen, words, by_kind)
    found["assumptions"] = lambda: assumptions_sheet(words)
    found["about"] = lambda: about_sheet(words, again)
    found["iamc"] = lambda: iamc_sheet(seen, words)
    return found


def _held(sheets: dict[str, Sheet | None]) -> dict[str, Callable[[], Sheet]]:
    """The tables that only some results fill, those that this one does."""
    return {key: partial(lambda made: made, sheet) for key, sheet in sheets.items() if sheet is not None}


def _from_others(seen: Measures, words: Words, by_kind: dict[str, xr.Dataset]) -> dict[str, Callable[[], Sheet]]:
    found: dict[str, Callable[[], Sheet]] = {}
    if "run" in by_kind:
        reference = measures(by_kind["run"])
        _same_grid(seen.dataset, reference.dataset)
        found["difference"] = lambda: difference_sheet(seen, reference, words)
        found["difference_accumulated"] = lambda: difference_sheet(seen, reference, words, accumulated=True)
    if "fan" in by_kind:
        found["uncertainty"] = lambda: uncertainty_sheet(by_kind["fan"], words)
    if "sensitivity" in by_kind:
        found["sensitivity"] = lambda: sensitivity_sheet(by_kind["sensitivity"], words)
    return found


def _same_grid(dataset: xr.Dataset, reference: xr.Dataset) -> None:
    """Only results over the same services and years, in prices of the same year, can be subtracted."""
    for name in ("service", "budget_year"):
        if dataset[name].values.tolist() != reference[name].values.tolist():
            raise usage_error(f"the reference covers another {name.replace('_', ' ')}s than the result")
    if dataset["municipality"].values.tolist() != reference["municipality"].values.tolist():
        raise usage_error("the reference has other municipalities than the result",
                          allowed="both in one structure: demosim data recode")  # fmt: skip
    if dataset.attrs["price_year"] != reference.attrs["price_year"]:
        raise usage_error("the reference is in prices of another year than the result")


def pick(made: dict[str, Callable[[], Sheet]], table: str) -> Sheet:
    """A table by key; raises a `DemosimError` that names the ones there are."""
    if table not in made:
        raise usage_error(f"no table is called {table}", allowed=", ".join(made), suggestion=did_you_mean(table, made))
    return made[table]()
