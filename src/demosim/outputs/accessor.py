"""`dataset.demosim`: verbs that present a result, on any run that xarray has opened."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from demosim.outputs.export import pick, tables
from demosim.outputs.headline import headline
from demosim.outputs.measures import measures
from demosim.outputs.words import Words


@xr.register_dataset_accessor("demosim")  # type: ignore[no-untyped-call]  # untyped in xarray
class DemosimAccessor:
    """Presentation of a result of the kind run; it computes nothing new. Importing `demosim.outputs.accessor` adds it.

    >>> import demosim.outputs.accessor, xarray as xr
    >>> xr.open_dataset("results/mars2026.nc").demosim.headline("en")  # doctest: +SKIP
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def headline(self, lang: str = "nb") -> str:
        """What the first budget year brings, in one sentence."""
        return headline(measures(self._dataset), Words(lang, self._dataset))[0]

    def tables(self) -> list[str]:
        """Keys of the tables that there are."""
        return list(tables(self._dataset))

    def table(self, name: str, lang: str = "nb") -> pd.DataFrame:
        """A table of the workbook by its key, with its columns' keys; amounts in millions of kr.

        Raises a `DemosimError` that names the tables where there is none of this key.
        """
        sheet = pick(tables(self._dataset, lang=lang), name)
        return pd.DataFrame(sheet.values(), columns=[column.key for column in sheet.columns])

    def report(self, path: str | Path, lang: str = "nb") -> Path:
        """Write the result as one page; returns its path."""
        from demosim.files import write_text
        from demosim.outputs.report import render_report

        write_text(Path(path), render_report(self._dataset, [], lang, []))
        return Path(path)
