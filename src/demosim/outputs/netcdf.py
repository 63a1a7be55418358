"""Results as NetCDF: one file, the arrays at the root, what they were made from in the group `assumptions`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from demosim._version import __version__
from demosim.errors import DemosimError, run_error, usage_error
from demosim.files import replacing
from demosim.outputs.seal import is_broken, seal
from demosim.variables import describe

KINDS = ("run", "sweep", "fan", "sensitivity", "comparison", "backtest")
FORMAT = 1
Encoding = dict[str, dict[str, object]]
_SIGNATURES = (b"\x89HDF\r\n\x1a\n", b"CDF\x01", b"CDF\x02", b"CDF\x05")


def write_result(
    path: str | Path, dataset: xr.Dataset, kind: str = "run", assumptions: xr.Dataset | None = None
) -> None:
    """Write a result whole or not at all.

    Nothing in the file depends on the clock: the same result gives the same content. Numbers are stored as they are,
    uncompressed, because deflating them costs more than making them.
    """
    root = describe(dataset).assign_attrs(
        Conventions="CF-1.11", demosim_format=FORMAT, demosim_kind=kind, demosim_version=__version__
    )
    _write(Path(path), root, _encoding(root), None if assumptions is None else describe(assumptions))


def _write(path: Path, root: xr.Dataset, encoding: Encoding, assumptions: xr.Dataset | None) -> None:
    with replacing(path) as temporary:
        _plain(root).to_netcdf(temporary, mode="w", engine="netcdf4", encoding=encoding)
        if assumptions is not None:
            _plain(assumptions).to_netcdf(
                temporary, mode="a", engine="netcdf4", group="assumptions", encoding=_encoding(assumptions)
            )
        seal(temporary)


def read_result(path: str | Path, kind: str | None = None) -> xr.Dataset:
    """The arrays of a result file, closed again.

    Raises a `DemosimError` where the file is missing, cut, damaged, not ours, of a newer form or of another kind.
    """
    path = Path(path)
    _check_whole(path)
    dataset = _load(path, None)
    found = dataset.attrs.get("demosim_kind")
    if found is None:
        raise usage_error("is not a result of demosim", file=str(path))
    if dataset.attrs.get("demosim_format") != FORMAT:
        version = dataset.attrs.get("demosim_version", "another version")
        raise usage_error(f"was written by demosim {version} in a form that this version cannot read", file=str(path))
    if kind is not None and found != kind:
        raise usage_error(f"is a result of the kind {found}", file=str(path), allowed=f"a result of the kind {kind}")
    return dataset


def kind_of(dataset: xr.Dataset) -> str:
    """The kind of a result as its file says it; a run that was never stored says nothing."""
    return str(dataset.attrs.get("demosim_kind", "run"))


def run_and_others(results: Sequence[xr.Dataset]) -> tuple[xr.Dataset, list[xr.Dataset]]:
    """The first run among results, and the others in their order; raises a `DemosimError` where there is no run."""
    first = next((at for at, dataset in enumerate(results) if kind_of(dataset) == "run"), None)
    if first is None:
        raise usage_error("none of the files is a result of the kind run", allowed="one run, and others beside it")
    return results[first], [*results[:first], *results[first + 1 :]]


def read_assumptions(path: Path) -> xr.Dataset:
    """The resolved assumptions that a result was made from; raises as `read_result`."""
    _check_whole(path)
    return _load(path, "assumptions")


def _check_whole(path: Path) -> None:
    """Refuse what is no file of ours, or not all of it, before the library sees it."""
    try:
        if path.is_dir():
            raise usage_error("is a folder; give a result file", file=str(path))
        if not path.is_file():
            raise usage_error("there is no such file", file=str(path))
        with path.open("rb") as file:
            if not file.read(8).startswith(_SIGNATURES):
                raise usage_error("is not a NetCDF file", file=str(path))
        if is_broken(path):
            raise _damaged(path)
    except OSError as error:
        raise usage_error(f"cannot be read ({error.strerror})", file=str(path)) from error


def _load(path: Path, group: str | None) -> xr.Dataset:
    try:
        with xr.open_dataset(path, engine="netcdf4", group=group, decode_times=False) as opened:
            return opened.load()
    except (OSError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> DemosimError:
    return run_error("is damaged or cut short; make it again", file=str(path))


def _plain(dataset: xr.Dataset) -> xr.Dataset:
    """Attributes that NetCDF can hold: text and numbers; tables and lists as JSON."""
    plain = dataset.copy()
    plain.attrs = {name: _plain_value(value) for name, value in dataset.attrs.items()}
    for name in plain.variables:
        plain[name].attrs = {key: _plain_value(value) for key, value in dataset[name].attrs.items()}
        plain[name].encoding = {}
    return plain


def _plain_value(value: Any) -> Any:
    if isinstance(value, str | int | float | np.number | np.ndarray) and not isinstance(value, bool):
        return value
    return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)


def _encoding(dataset: xr.Dataset) -> Encoding:
    """No fill values (there is nothing missing), text as UTF-8 characters."""
    return {
        str(name): {"dtype": "S1"} if values.dtype.kind in "UOT" else {"_FillValue": None}
        for name, values in dataset.variables.items()
    }


def export_netcdf(path: Path, dataset: xr.Dataset, made_from: Path) -> None:
    """Write a result for others: compressed, with the attributes that CF and ACDD readers look for.

    The assumptions of the file it was made from come along. `history` holds the command and no time of day, so that
    the same result gives the same file.
    """
    launch = int(dataset["date"].values[0]) if "date" in dataset else None
    extra: dict[str, Any] = {
        "title": dataset.attrs.get("title", ""), "institution": "",
        "source": f"demosim {dataset.attrs.get('demosim_version', __version__)}, data set "
                  f"{dataset.attrs.get('baseline', '')} ({dataset.attrs.get('baseline_digest', '')[:12]})",
        "references": "docs/method.md of demosim; sources in the attributes of the data set (source.toml)",
        "history": f"demosim run; demosim export {made_from.name} --output {path.name}",
        "version": __version__, "seed": dataset.attrs.get("seed", "none: the result is deterministic"),
    }  # fmt: skip
    if launch is not None:
        extra["reference_date"] = f"{launch}-01-01"
    root = describe(dataset).assign_attrs(extra)
    price_year = dataset.attrs.get("price_year")
    for name in root.data_vars:
        if price_year is not None and str(root[name].attrs.get("units", "")).startswith("kr"):
            root[name].attrs.setdefault("price_year", price_year)
    packed = {"zlib": True, "complevel": 4, "shuffle": True}
    encoding = {
        name: {**entry, **(packed if root[name].dtype.kind == "f" and root[name].ndim > 1 else {})}
        for name, entry in _encoding(root).items()
    }
    _write(path, root, encoding, read_assumptions(made_from) if has_assumptions(made_from) else None)


def has_assumptions(path: Path) -> bool:
    """Whether a result file holds what it was made from."""
    import netCDF4

    with netCDF4.Dataset(path) as file:
        return "assumptions" in file.groups
