"""Our figures beside published ones and beside what happened, for the page on validation.

    demosim backtest --history FILE --launch 2011:2021 --output scores
    python docs/_ext/validation.py scores.csv

keeps the scores that the page shows in docs/backtest.csv.
"""

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

from demosim.baseline.read import read_baseline
from demosim.outputs.published import population_table, validation_tables
from demosim.outputs.tables import Table, cell_text
from demosim.validation.population import validate_population, worst_by_group
from demosim.validation.results import compare_results
from markup import table

SCORES = Path(__file__).resolve().parents[1] / "backtest.csv"
HALVES = {"2011–2016": range(2011, 2017), "2017–2021": range(2017, 2022)}
COLUMNS = ("launch", "ahead", "method", "group", "size", "bias", "MAPE", "WAPE", "within_5")
METHODS = ("no change", "linear trend", "demosim", "oracle")


def results() -> str:
    """What `demosim validate results` prints."""
    return "\n".join(_as_markdown(part) for part in validation_tables(compare_results(), "en"))


def population() -> str:
    """What `demosim validate population` prints."""
    return _as_markdown(population_table(worst_by_group(validate_population(read_baseline("norway2026"))), "en"))


def _as_markdown(shown: Table) -> str:
    rows = ([label, *(cell_text(cell, shown.decimals, "en") for cell in cells)] for label, cells in shown.rows)
    return "\n\n".join([f"**{shown.title}**", table(shown.columns, rows), *shown.notes, ""])


def backtest() -> str:
    """The stored scores of past launches: means over the two halves."""
    years = ((str(ahead), ahead) for ahead in (1, 2, 3, 5, 10))
    text = "### Years ahead\n\n" + _halves([(name, "total", "all", ahead) for name, ahead in years])
    groups = ("0-5", "6-15", "16-18", "67-79", "80+")
    text += "\n### Age groups, five years ahead\n\n" + _halves([(name, name, "all", 5) for name in groups])
    sizes = {row["size"]: None for row in read_scores() if row["size"] != "all"}
    text += "\n### Size at the launch, five years ahead\n\n" + _halves([(name, "total", name, 5) for name in sizes])
    return text


def _halves(asked: list[tuple[str, str, str, int]]) -> str:
    scores, rows = read_scores(), []
    for label, group, size, ahead in asked:
        for half, launches in HALVES.items():
            for method in METHODS:
                fit = [row for row in scores
                       if (row["method"], row["group"], row["size"], row["ahead"]) == (method, group, size, str(ahead))
                       and int(row["launch"]) in launches]  # fmt: skip
                if fit:
                    means = (f"{fmean(float(row[score]) for row in fit):.2f}" for score in ("MAPE", "WAPE", "within_5"))
                    rows.append([label, half, len(fit), method, *means])
    return table(["", "launches", "number", "method", "MAPE", "WAPE", "within 5 %"], rows)


def read_scores() -> list[dict[str, str]]:
    """The rows of the stored scores: launch, ahead, method, group, size and the errors in per cent."""
    with SCORES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def kept(row: dict[str, str]) -> bool:
    """Scores that are stored: totals of all places; and, five years ahead, age groups and size classes."""
    total, everywhere = row["group"] == "total", row["size"] == "all"
    return (total and everywhere) or (row["ahead"] == "5" and (total or everywhere))


def keep(scores: Path) -> None:
    """Store the scores of a back-test that the page shows."""
    with scores.open(encoding="utf-8", newline="") as file:
        rows = [{name: row[name] for name in COLUMNS} for row in csv.DictReader(file) if kept(row)]
    with SCORES.open("w", encoding="utf-8", newline="") as file:
        file.write("# Errors of past projections, per cent: demosim backtest, then docs/_ext/validation.py.\n")
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


MAKERS: dict[str, Callable[[], str]] = {maker.__name__: maker for maker in (results, population, backtest)}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    keep(Path(sys.argv[1]))
