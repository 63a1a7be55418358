"""A store filled with bodies in the form of the API for the whole country, so that a complete build can be made.

Figures are from the test data and from our own projection; nothing of it was ever sent by Statistics Norway.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr

from demosim.baseline.calibrate.flows import mortality_seen
from demosim.baseline.calibrate.history import MORTALITY_FILE, read_mortality
from demosim.baseline.calibrate.national import read_nation
from demosim.baseline.read import read_baseline, read_facts
from demosim.costs.services import read_services
from demosim.sources.fetch import _identity
from demosim.sources.store import Store, now
from demosim.sources.tables import find_entries

AGES = [f"{age:03d}" for age in range(105)] + ["105+"]
ROUNDS = {2024: "projection-2024-counties", 2026: "projection-2026-counties"}


def keep(
    store: Store, name: str, codes: dict[str, list[str]], values: np.ndarray,
    labels: dict[str, list[str]] | None = None, updated: str = "2026-06-20T06:00:00Z",
    missing: str = ".",
) -> None:  # fmt: skip
    """Keep an answer of an entry, built from an array whose axes are `codes`; NaN is a missing cell."""
    entry = find_entries(name)[0]
    given = labels or {}
    dimension = {
        dim: {
            "label": dim,
            "category": {
                "index": {code: at for at, code in enumerate(chosen)},
                "label": dict(zip(chosen, given.get(dim, chosen), strict=True)),
            },
        }
        for dim, chosen in codes.items()
    }
    flat = np.asarray(values, dtype=float).reshape(-1)
    assert flat.size == np.prod([len(chosen) for chosen in codes.values()])
    cells = [None if np.isnan(cell) else int(cell) if cell.is_integer() else cell for cell in flat.tolist()]
    body = {
        "version": "2.0", "class": "dataset", "label": name, "source": "made up for a test", "updated": updated,
        "role": {"time": ["Tid"]}, "id": list(codes), "size": [len(chosen) for chosen in codes.values()],
        "dimension": dimension, "value": cells,
        "status": {str(at): missing for at in np.flatnonzero(np.isnan(flat)).tolist()},
    }  # fmt: skip
    about = {"updated": updated, "fetched": now(), "licence": "CC BY 4.0", "source": "made up for a test"}
    store.put(_identity(entry, None) | about, [({"url": "none"}, json.dumps(body).encode())])


def keep_list(store: Store, name: str, body: object) -> None:
    """Keep a code list."""
    entry = find_entries(name)[0]
    about = {"updated": "", "fetched": now(), "licence": "CC BY 4.0", "source": "made up for a test"}
    store.put(_identity(entry, None) | about, [({"url": "none"}, json.dumps(body).encode())])


def life_tables(years: range, shared: Path) -> np.ndarray:
    """q(x) per thousand between exact ages (sex, exact age, year), from the mortality of the test data."""
    seen = read_mortality(shared / MORTALITY_FILE)
    found = []
    for year in years:
        prob, survival = mortality_seen(seen, year + 3, -3)
        exact = np.array([np.interp(np.arange(107), np.arange(106) + 0.5, row) for row in prob])
        exact[:, 0] = 1 - survival * (1 - prob[:, 0] / 2)
        found.append(1000 * exact)
    return np.moveaxis(np.array(found), 0, -1)


def projected(launch: int) -> tuple[list[int], xr.DataArray]:
    """Persons (variant, year, sex, age) of the carried round, projected by its own rates."""
    from nation_ahead import next_year

    data = read_baseline("norway2026")
    names = [str(name) for name in data["variant"].values if str(name).startswith(str(launch))]
    country = read_facts("population_norway")
    start = np.stack(
        [country[(country["year"] == launch) & (country["sex"] == sex)].iloc[0, 2:].to_numpy(float)
         for sex in ("male", "female")]
    )  # fmt: skip
    paths = []
    for name in names:
        path, row = data.sel(variant=name), [start]
        for year in range(launch, 2050):
            rates = path.sel(year=year)
            fertility = float(rates["total_fertility_rate"]) * rates["fertility_schedule"].values
            row.append(
                next_year(row[-1], rates["death_prob"].values, rates["newborn_survival_prob"].values, fertility,
                          rates["net_international_migration"].values, float(data.attrs["male_birth_share"]))
            )  # fmt: skip
        paths.append(np.array(row))
    years = list(range(launch, 2051))
    coords = {"variant": [name[5:] for name in names], "year": years}
    return years, xr.DataArray(np.array(paths), coords, ("variant", "year", "sex", "age"))


def fill(store: Store, shared: Path, only: tuple[str, ...] = ()) -> None:
    """Fill a store with everything that a complete build asks for, or with some entries."""
    for name, make in MAKERS.items():
        if not only or name in only:
            make(store, shared)


def registered(shared: Path) -> xr.DataArray:
    """Persons (municipality, sex, age, year) of the test data."""
    data = xr.load_dataset(shared / "population_history.nc")["population"]
    return data.transpose("municipality", "sex", "age", "year")


def _population(store: Store, shared: Path) -> None:
    data = registered(shared)
    towns = [f"K-{code}" for code in data["municipality"].values]
    common = {"Kjonn": ["1", "2"], "Alder": AGES, "ContentsCode": ["Personer1"]}
    newest = data.sel(year=[2026])
    keep(store, "population-country", {"Region": ["0"], **common, "Tid": ["2026"]},
         newest.sum("municipality").values[None, :, :, None, :])  # fmt: skip
    keep(store, "population", {"Region": towns, **common, "Tid": ["2026"]}, newest.values[:, :, :, None, :])


def _history(store: Store, shared: Path) -> None:
    data = registered(shared)
    towns = [f"K-{code}" for code in data["municipality"].values]
    years = [str(year) for year in data["year"].values]
    codes = {"Region": towns, "Kjonn": ["1", "2"], "Alder": AGES, "ContentsCode": ["Personer1"], "Tid": years}
    keep(store, "population-history", codes, data.values[:, :, :, None, :])


def _country(store: Store, shared: Path) -> None:
    nation = read_nation(shared / "population_norway_1986_2026.csv").transpose("sex", "age", "year")
    years = [str(year) for year in nation["year"].values]
    codes = {"Region": ["0"], "Kjonn": ["1", "2"], "Alder": AGES, "ContentsCode": ["Personer1"], "Tid": years}
    keep(store, "population-country-history", codes, nation.values[None, :, :, None, :])


def _life(store: Store, shared: Path) -> None:
    years = range(2001, 2026)
    codes = {
        "Kjonn": ["1", "2"], "AlderX": [f"{age:03d}" for age in range(107)], "ContentsCode": ["Dodssannsynlighet"],
        "Tid": [str(year) for year in years],
    }  # fmt: skip
    keep(store, "life-table", codes, life_tables(years, shared)[:, :, None, :])


def _fertility(store: Store, shared: Path) -> None:
    rates = np.genfromtxt(shared / "fertility_rates_by_year.csv", delimiter=",", names=True)
    years = [name for name in rates.dtype.names if name != "age"]
    totals = np.array([[rates[year].sum() for year in years], [1.9] * len(years)])
    keep(store, "fertility", {"Region": ["0", "03"], "ContentsCode": ["SamletFrukt"], "Tid": years},
         totals[:, None, :])  # fmt: skip


def _immigration(store: Store, shared: Path) -> None:
    labels = {"ContentsCode": ["Innvandring", "Utvandring", "Nettoinnvandring"]}
    codes = {"ContentsCode": ["Inn", "Ut", "Netto"], "Tid": ["2023", "2024", "2025"]}
    keep(store, "immigration", codes, np.array([[86000, 66000, 62000], [34000, 33000, 41000], [52000, 33000, 21000.0]]),
         labels)  # fmt: skip


def _rounds(store: Store, shared: Path) -> None:
    counties = sorted(set(read_facts("municipalities")["county"]))
    names = {"MMMM": "Personer", "LLML": "Personer1", "HHMH": "Personer2"}
    for launch, entry in ROUNDS.items():
        years, persons = projected(launch)
        chosen = [names[str(name)] for name in persons["variant"].values]
        values = persons.transpose("sex", "age", "variant", "year").values
        share = np.linspace(1, 2, len(counties)) / np.linspace(1, 2, len(counties)).sum()
        codes = {"Region": counties, "Kjonn": ["1", "2"], "Alder": AGES, "ContentsCode": chosen,
                 "Tid": [str(year) for year in years]}  # fmt: skip
        labels = {"ContentsCode": [f"Et alternativ ({name})" for name in persons["variant"].values]}
        keep(store, entry, codes, share[:, None, None, None, None] * values[None], labels)


def kostra(factor: float = 1.0) -> tuple[list[str], list[str], np.ndarray]:
    """Functions, years and amounts (function, year), 1000 kroner, that add up to the carried spending by service."""
    table = read_facts("kostra_expenditure").set_index("service")
    years = [str(year) for year in range(2020, 2026)]
    inhabitants = table.loc["inhabitants_31_dec", years].to_numpy(float)
    functions, rows = [], []
    for service in read_services():
        for at, code in enumerate(service.kostra_functions):
            part = 0.5 if at == 0 else 0.5 / (len(service.kostra_functions) - 1)
            functions.append(code)
            rows.append(factor * part * table.loc[service.name, years].to_numpy(float) * inhabitants / 1000)
    return functions, years, np.array(rows)


def _kostra(store: Store, shared: Path, factor: float = 1.0) -> None:
    functions, years, amounts = kostra(factor)
    one = {"KOKkommuneregion0000": ["EAK"]}
    keep(store, "kostra-functions",
         {**one, "KOKregnskapsomfa0000": ["A"], "KOKfunksjon0000": functions, "KOKart0000": ["AGD2"],
          "ContentsCode": ["KOSbelop0000"], "Tid": years}, amounts[None, None, :, None, None, :])  # fmt: skip
    keep(store, "kostra-services",
         {**one, "KOKfunksjon0000": functions, "KOKart0000": ["AGD2"], "ContentsCode": ["KOSbelop0000"], "Tid": years},
         amounts[None, :, None, None, :])  # fmt: skip


def _lists(store: Store, shared: Path) -> None:
    table = read_facts("municipalities")
    rows = [(str(code), str(name), str(county)) for code, name, county in
            zip(table["municipality"], table["name_official"], table["county"], strict=True)]  # fmt: skip
    keep_list(store, "municipality-codes", {"codes": [{"code": code, "name": name} for code, name, _ in rows]})
    items = [{"sourceCode": code, "targetCode": county} for code, _, county in rows]
    keep_list(store, "municipality-counties", {"correspondenceItems": items})


MAKERS = {
    "population": _population, "population-history": _history, "population-country-history": _country,
    "life-table": _life, "fertility": _fertility, "immigration": _immigration, "rounds": _rounds, "kostra": _kostra,
    "lists": _lists,
}  # fmt: skip
