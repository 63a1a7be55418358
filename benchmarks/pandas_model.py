"""Our full model in pandas: long tables, merges on keys, sums by group. Only where no cell falls below zero."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

CELL = ["sex", "age"]


def table(values: np.ndarray, names: list[str], column: str) -> pd.DataFrame:
    """An array as a long table."""
    index = pd.MultiIndex.from_product([range(length) for length in values.shape], names=names)
    return pd.DataFrame({column: values.ravel()}, index=index).reset_index()


class PandasModel:
    """Tables of a scenario, and its projection and need."""

    def __init__(self, arrays: Mapping[str, np.ndarray], unit_cost: np.ndarray) -> None:
        self.last = arrays["death_prob"].shape[2] - 1
        self.years = len(arrays["death_prob"])
        self.start = table(arrays["jump_off_population"], ["place", *CELL], "persons")
        self.survival = table(1 - arrays["death_prob"], ["year", *CELL], "survival")
        self.newborn = table(arrays["newborn_survival_prob"] * arrays["birth_share"], ["year", "sex"], "survival")
        self.fertility = table(arrays["fertility_rate"] * arrays["interval_years"] / 2, ["year", "age"], "rate")
        net = arrays["net_international_migration"] - arrays["stream_outflow"].sum(axis=0)
        self.net = table(net, ["year", *CELL], "net")
        yearly = np.einsum("jt,jbm->tbm", arrays["deviation_fade"], arrays["net_migration_deviation"])
        self.deviation = table(yearly, ["year", "band", "place"], "deviation")
        self.band = table(arrays["deviation_band"], CELL, "band")
        self.factor = table(arrays["fertility_factor"], ["place"], "factor")
        self.inflow = table(arrays["stream_inflow"], ["stream", "year", *CELL], "inflow").query("inflow != 0")
        self.key = table(arrays["settlement_key"], ["stream", "place"], "share")
        self.unit_cost = table(unit_cost, ["service", "age"], "cost").query("cost != 0")

    def run(self) -> pd.Series:
        """Need by date, service and municipality."""
        persons = self.start
        need = [self._need(persons)]
        for year in range(self.years):
            persons = self._year(persons, year)
            need.append(self._need(persons))
        return pd.concat(need, keys=range(self.years + 1), names=["date"])

    def _year(self, persons: pd.DataFrame, year: int) -> pd.DataFrame:
        alive = persons.merge(self.survival[self.survival.year == year].drop(columns="year"), on=CELL)
        alive["persons"] *= alive["survival"]
        alive["age"] = (alive["age"] + 1).clip(upper=self.last)
        alive = alive.groupby(["place", *CELL], as_index=False, sort=False)["persons"].sum()
        older = self._migrate(alive, year)
        births = self._births(persons, older, year)
        newborn = births.merge(self.newborn[self.newborn.year == year], how="cross")
        newborn["persons"] = newborn["births"] * newborn["survival"]
        newborn["age"] = 0
        return pd.concat([self._migrate(newborn[["place", *CELL, "persons"]], year), older], ignore_index=True)

    def _migrate(self, alive: pd.DataFrame, year: int) -> pd.DataFrame:
        rows = alive.merge(self.net[self.net.year == year].drop(columns="year"), on=CELL).merge(self.band, on=CELL)
        yearly = self.deviation[self.deviation.year == year].drop(columns="year")
        rows = rows.merge(yearly, on=["band", "place"])
        rows["drift"] = rows["persons"] * rows["deviation"]
        country = rows.groupby(CELL, as_index=False).agg(country=("persons", "sum"), drift=("drift", "sum"))
        rows = rows.drop(columns="drift").merge(country, on=CELL)
        rows["persons"] *= 1 + rows["deviation"] + (rows["net"] - rows["drift"]) / rows["country"]
        arriving = self.inflow[self.inflow.year == year].merge(self.key, on="stream")
        if len(arriving):
            arriving["persons"] = arriving["inflow"] * arriving["share"]
            rows = pd.concat([rows, arriving[arriving.age.isin(alive.age.unique())]])
            return rows.groupby(["place", *CELL], as_index=False, sort=False)["persons"].sum()
        return rows[["place", *CELL, "persons"]]

    def _births(self, start: pd.DataFrame, end: pd.DataFrame, year: int) -> pd.DataFrame:
        women = pd.concat([start[start.sex == 1], end[end.sex == 1]])
        women = women.merge(self.fertility[self.fertility.year == year], on="age")
        women["births"] = women["persons"] * women["rate"]
        births = women.groupby("place", as_index=False)["births"].sum().merge(self.factor, on="place")
        weighted = births["births"] * births["factor"]
        births["births"] = weighted * births["births"].sum() / weighted.sum()
        return births[["place", "births"]]

    def _need(self, persons: pd.DataFrame) -> pd.Series:
        by_age = persons.groupby(["place", "age"], as_index=False)["persons"].sum().merge(self.unit_cost, on="age")
        by_age["need"] = by_age["persons"] * by_age["cost"]
        return by_age.groupby(["service", "place"])["need"].sum()
