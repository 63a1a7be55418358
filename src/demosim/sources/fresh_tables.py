"""The tables of facts that stored figures give, one after the other; what none gives is named as carried."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from demosim.axes import SEXES
from demosim.baseline.nation import survivors
from demosim.baseline.store import SOURCE_FILE, write_sources
from demosim.errors import run_error
from demosim.sources.build import BuildInputs
from demosim.sources.fresh_country import country_rows, profile_table, round_rows, whole
from demosim.sources.fresh_facts import COUNTRY, FreshFacts
from demosim.sources.fresh_mortality import FreshMortality


def prepare_facts(
    inputs: BuildInputs, folder: Path, recipe: dict[str, Any] | None = None, facts: Path | None = None
) -> FreshFacts:
    """A folder of facts in which everything that the stored figures give is made of them.

    Population by single age (every age a group of its own, so that `build_baseline` takes the registered figures as
    they are), the country's years, the published rounds, mortality, fertility and profiles of migrants. The rest is
    that of `facts` (the embedded ones where nothing is said), and named in `provenance.carried`.
    Raises where a municipality of the facts has no figures, or a figure contradicts another.
    """
    made = FreshFacts.of(inputs, recipe, facts, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in made.source["files"]:
        shutil.copyfile(made.facts / name, folder / name)
    _population(made)
    _rounds(made)
    _mortality(made)
    _fertility(made)
    for subject, why in made.settings["carried"].items():
        made.provenance.carry(subject, why)
    write_sources(folder / SOURCE_FILE, {"name": made.source["name"], "title": made.source["title"]},
                  made.source["files"])  # fmt: skip
    return made


def _population(made: FreshFacts) -> None:
    """Groups of the launch year, an age each, and the country in all years that are known."""
    population = made.inputs.arrays["population"].transpose("municipality", "sex", "age").sel(sex=list(SEXES))
    listed = [str(code) for code in made.table("municipalities")["municipality"]]
    missing = sorted(set(listed) - set(map(str, population["municipality"].values)))
    if missing:
        raise run_error(f"no population for {', '.join(missing[:8])} ({len(missing)})", code="codes", file="population")
    _check_codes(made, listed)
    ages = [str(age) for age in population["age"].values]
    head = ["year", "municipality", "sex", *ages[:-1], f"{ages[-1]}+"]
    rows = [
        [made.launch, code, sex, *whole(population.sel(municipality=code, sex=sex).values)]
        for code in listed
        for sex in SEXES
    ]
    remark = "Registered population on 1 January by municipality, sex and age. persons."
    made.write("population_groups", remark, [head, *rows], ["population"], f"1 January {made.launch}")
    remark = "Registered population of the country on 1 January. persons."
    stored = [name for name in ("population", COUNTRY) if name in made.inputs.origins]
    if COUNTRY not in stored:
        made.provenance.carry("country in other years", f"{COUNTRY} is not stored: population_norway.csv is carried")
    years = country_rows(made.country())
    made.write("population_norway", remark, [["year", "sex", *ages], *years], stored, "the country by year")


def _check_codes(made: FreshFacts, listed: Sequence[str]) -> None:
    """Raise where Klass has other municipalities, or puts them into other counties, than the carried table."""
    codes = made.inputs.arrays.get("municipality-codes")
    if codes is not None:
        in_force = {str(code) for code in codes["code"].values} - {"9999"}
        if in_force != set(listed):
            odd = sorted(in_force ^ set(listed))
            raise run_error(f"Klass 131 and the carried table differ on {', '.join(odd[:8])} ({len(odd)})",
                            code="codes", file="municipality-codes")  # fmt: skip
        made.provenance.use(made.inputs.origins, ["municipality-codes"], "comparison with the carried municipalities")
    counties = made.inputs.arrays.get("municipality-counties")
    if counties is not None:
        said = dict(zip(map(str, counties["code"].values), map(str, counties.values), strict=True))
        table = made.table("municipalities")
        wrong = [
            str(code) for code, county in zip(table["municipality"], table["county"], strict=True)
            if said.get(str(code), str(county)) != str(county)
        ]  # fmt: skip
        if wrong:
            raise run_error(f"Klass 131 puts {', '.join(wrong[:8])} into another county", code="codes",
                            file="municipality-counties")  # fmt: skip
        made.provenance.use(made.inputs.origins, ["municipality-counties"], "comparison with the carried counties")


def _rounds(made: FreshFacts) -> None:
    """The published rounds that the recipe asks for, as far as they are stored."""
    table = made.table("ssb_projections")
    groups = [str(column) for column in table.columns[4:-1]]
    asked, codes = made.settings["projections"], made.settings["projections"]["codes"]
    used: list[str] = []
    for launch in map(int, made.recipe["rounds"]):
        entry = next((name for name in asked.get(str(launch), []) if name in made.inputs.arrays), None)
        if entry is None:
            made.provenance.carry(f"round {launch}", "not stored: its age groups are those of ssb_projections.csv")
            continue
        number = str(made.inputs.origins[entry]["table"])
        fresh = round_rows(made.inputs.arrays[entry], launch, number, codes, groups)
        lacking = [name for name in made.recipe["rounds"][str(launch)] if name not in set(fresh["alternative"])]
        if lacking:
            raise run_error(f"has no alternative {', '.join(lacking)}", path="variant", code="codes", file=entry)
        table = pd.concat([table[table["vintage"] != launch], fresh], ignore_index=True)
        used.append(entry)
    if used:
        remark = "Population of Norway on 1 January by age group in Statistics Norway's rounds. persons."
        made.write("ssb_projections", remark, _rows(table), used, "sums of the places by age group")


def _mortality(made: FreshFacts) -> None:
    """Mortality of the newest years and the profiles of migrants, which need it."""
    mortality = made.mortality()
    if mortality is None:
        made.provenance.carry("mortality", "no life table is stored: mortality.csv and its constants are carried")
        made.provenance.carry("migration profiles", "they are made with the life table, which is not stored")
        return
    year, prob, survival = mortality.newest()
    table = made.table("mortality")
    for s, sex in enumerate(SEXES):
        table[f"death_prob_{sex}"] = prob[s]
    remark = f"Probability that a person aged x on 1 January {year} dies in the year, and the yearly log decline."
    how = f"life tables {year - mortality.pool + 1} to {year} beside the carried table, smoothed over age"
    made.write("mortality", remark, _rows(table), ["life-table"], how)
    constants = made.table("vital_constants")
    for s, sex in enumerate(SEXES):
        row = (constants["item"] == "newborn_survival_prob") & (constants["sex"] == sex)
        constants.loc[row, ["year", "value"]] = [year, float(survival[s])]
    lost = "newborn survival by deaths in the first year of life"
    made.write("vital_constants", "Constants of births and deaths.", _rows(constants), ["life-table"], lost)
    carried = made.table("migration_profiles")
    table = profile_table(made.country(), mortality.in_year(), carried, made.settings["profiles"])
    used = [name for name in (COUNTRY, "life-table") if name in made.inputs.origins]
    remark = "Share of net international migration by sex and age at the end of the year."
    how = f"registered country less expected survivors{_against(made, mortality)}"
    made.write("migration_profiles", remark, _rows(table), used, how)


def _rows(table: pd.DataFrame) -> list[list[object]]:
    """The head and the rows of a table; what is whole stays whole, and what is missing is empty."""
    cells: list[list[object]] = table.astype(object).where(table.notna(), "").values.tolist()
    return [list(map(str, table.columns)), *cells]


def _against(made: FreshFacts, mortality: FreshMortality) -> str:
    """How the residual of the last years stands beside published net immigration, in words."""
    published = made.inputs.arrays.get("immigration")
    component = _component(published, "netto") if published is not None else None
    if component is None:
        made.provenance.carry("net immigration", "not compared: table 05426 is not stored or names no net immigration")
        return ""
    country, prob = made.country(), mortality.in_year()
    told = []
    for year in sorted(set(map(int, component["year"].values)) & set(mortality.years)):
        if year + 1 in country["year"].values:
            before, after = (country.sel(year=at).transpose("sex", "age").values for at in (year, year + 1))
            net = (after - survivors(before, prob.sel(year=year).values))[:, 1:].sum()
            told.append((year, net, float(component.sel(year=year))))
    made.provenance.use(made.inputs.origins, ["immigration"], "comparison with the residual net migration")
    return "; " + ", ".join(f"{year}: {net:.0f} where {given:.0f} is published" for year, net, given in told[-3:])


def _component(data: xr.DataArray, word: str) -> xr.DataArray | None:
    """The one component of a table whose code or label has a word in it."""
    labels = data["component_label"].values if "component_label" in data.coords else data["component"].values
    names = zip(map(str, data["component"].values), map(str, labels), strict=True)
    found = [code for code, label in names if word in f"{code} {label}".casefold()]
    return data.sel(component=found[0]).dropna("year") if len(found) == 1 else None


def total_fertility(inputs: BuildInputs) -> dict[int, float]:
    """Total fertility of the country by year, from the stored table; empty where it is not there."""
    data = inputs.arrays.get("fertility")
    if data is None or "0" not in data["region"].values:
        return {}
    country = data.sel(region="0")
    chosen = country.isel(component=0) if country.sizes["component"] == 1 else _component(country, "samlet")
    if chosen is None:
        return {}
    known = chosen.dropna("year")
    return dict(zip(map(int, known["year"].values), map(float, known.values), strict=True))


def _fertility(made: FreshFacts) -> None:
    """The carried schedule at the published total of the newest year."""
    totals = total_fertility(made.inputs)
    if not totals:
        made.provenance.carry("fertility", "table 04232 is not stored or has no country: fertility.csv is carried")
        return
    table = made.table("fertility")
    newest = max(totals)
    table["fertility_rate"] *= totals[newest] / table["fertility_rate"].sum()
    remark = f"Age-specific fertility rates {newest}, births per woman-year by completed age."
    how = "the carried schedule at the published total"
    made.write("fertility", remark, _rows(table), ["fertility"], how)
