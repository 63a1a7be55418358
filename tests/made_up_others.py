"""Made-up results of the other kinds, in the form that their commands store: fan, sensitivity, sweep."""

from __future__ import annotations

import numpy as np
import xarray as xr

QUANTILES = [0.1, 0.165, 0.5, 0.835, 0.9]


def fan(run: xr.Dataset) -> xr.Dataset:
    """A band around a run: country, counties and municipalities; two standard normal widths at the ends."""
    total = run["demographic_expenditure"].sum("service").transpose("financing", "municipality", "budget_year")
    codes = [str(code) for code in run["municipality"].values]
    counties = sorted(set(run["county"].values.tolist()))
    sums = [total.sum("municipality").values]
    sums += [total.values[:, run["county"].values == county].sum(1) for county in counties]
    sums += [total.values[:, at] for at in range(len(codes))]
    middle = np.stack(sums, axis=1)
    spread = 0.2 * np.abs(middle).mean()
    values = np.stack([middle + spread * width for width in (-1.28, -0.97, 0.0, 0.97, 1.28)], axis=1)
    return xr.Dataset(
        {
            "demographic_expenditure": (
                ("financing", "quantile", "service", "region", "budget_year"),
                values[:, :, None],
                {"units": "kr", "price_year": run.attrs["price_year"]},
            )
        },
        coords={
            "financing": run["financing"].values, "quantile": QUANTILES, "service": ["total"],
            "region": ["country", *counties, *codes], "budget_year": run["budget_year"].values,
        },
        attrs={"draws": 200, "seed": 0, "price_year": run.attrs["price_year"], "scenario": run.attrs["scenario"]},
    )  # fmt: skip


def sensitivity(run: xr.Dataset, label: str = "Fertility") -> xr.Dataset:
    """Two assumptions, the wider one last, so that order is tested."""
    labels = [f"{label} <1>, ganget med", "Netto innvandring, endret med"]
    return xr.Dataset(
        {
            "low": ("assumption", [0.9, -10_000.0]), "high": ("assumption", [1.1, 12_345.0]),
            "effect_low": ("assumption", [-3e6, -40e6], {"units": "kr"}),
            "effect_high": ("assumption", [2e6, 45e6], {"units": "kr"}),
        },
        coords={
            "assumption": ["fertility.tfr", "migration.net"], "unit": ("assumption", ["times", "persons per year"]),
            **{f"label_{lang}": ("assumption", labels) for lang in ("nb", "nn", "en")},
        },
        attrs={"value": 1e6, "budget_year": int(run["budget_year"].values[0]), "price_year": run.attrs["price_year"]},
    )  # fmt: skip


def sweep(run: xr.Dataset, scenarios: int = 5) -> xr.Dataset:
    """The run's expenditure times a factor for each scenario, which is also the knob that is varied."""
    country = run["demographic_expenditure"].sel(financing="free_income").sum("municipality")
    factor = xr.DataArray(np.linspace(0.5, 1.5, scenarios), dims="scenario", coords={"scenario": np.arange(scenarios)})
    data = (country * factor).transpose("scenario", "service", "budget_year").drop_vars("financing")
    return (
        data.rename("demographic_expenditure")
        .to_dataset()
        .assign_coords({"migration.multiplier": ("scenario", factor.values)})
    )
