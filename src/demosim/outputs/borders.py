"""Borders from a user's file, TopoJSON or GeoJSON, to shapes in the plane that a figure can draw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demosim.errors import usage_error

CODE_KEYS = ("kommunenummer", "municipality", "code", "id", "nr")
SIZE = 1000.0  # units of the longer side; coordinates are rounded to whole units
Ring = np.ndarray


def read_borders(path: Path, codes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Geometry of each municipality, in whole units of a plane, by code.

    The file holds one shape for each municipality, longitude and latitude in degrees, with its number as `id` or as a
    property (kommunenummer, municipality, code, nr). Drawn by an equal-area conic projection around the middle.
    Raises a `DemosimError` where the file cannot be read or lacks a municipality.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
        with np.errstate(all="ignore"):  # what overflows is not on earth
            shapes = _topojson(document) if document.get("type") == "Topology" else _geojson(document)
        rings = [ring for polygons in shapes.values() for polygon in polygons for ring in polygon]
        points = np.concatenate(rings)
        on_earth = points.ndim == 2 and bool((np.abs(points) <= [360, 90]).all())
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise usage_error("is not TopoJSON or GeoJSON of municipalities", file=str(path)) from error
    if not on_earth:
        raise usage_error("has points that are not longitude and latitude in degrees", file=str(path))
    lacking = [code for code in codes if code not in shapes]
    if lacking:
        raise usage_error(f"has no borders of {', '.join(lacking[:5])} ({len(lacking)} municipalities)", file=str(path))
    return _in_plane({code: shapes[code] for code in codes})


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _code(feature: dict[str, Any]) -> str:
    """The number of a municipality, with its leading zero."""
    properties = feature.get("properties") or {}
    value = next((properties[key] for key in CODE_KEYS if key in properties), feature.get("id", ""))
    return str(value).zfill(4) if str(value).isdigit() else str(value)


def _geojson(document: dict[str, Any]) -> dict[str, list[list[Ring]]]:
    shapes: dict[str, list[list[Ring]]] = {}
    for feature in document["features"]:
        geometry = feature["geometry"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        rings = [[np.array(ring, dtype=float)[:, :2] for ring in polygon] for polygon in polygons]
        shapes.setdefault(_code(feature), []).extend(rings)
    return shapes


def _topojson(document: dict[str, Any]) -> dict[str, list[list[Ring]]]:
    arcs = _arcs(document)
    shapes: dict[str, list[list[Ring]]] = {}
    for collection in document["objects"].values():
        for feature in collection["geometries"]:
            if feature.get("type") not in ("Polygon", "MultiPolygon"):
                continue
            polygons = [feature["arcs"]] if feature["type"] == "Polygon" else feature["arcs"]
            rings = [[_ring(arcs, numbers) for numbers in polygon] for polygon in polygons]
            shapes.setdefault(_code(feature), []).extend(rings)
    return shapes


def _arcs(document: dict[str, Any]) -> list[Ring]:
    transform = document.get("transform")
    arcs = [np.array(arc, dtype=float) for arc in document["arcs"]]
    if transform is None:
        return arcs
    return [np.cumsum(arc, axis=0) * transform["scale"] + transform["translate"] for arc in arcs]


def _ring(arcs: list[Ring], numbers: Sequence[int]) -> Ring:
    """A ring from its arcs; ~n is arc n backwards, and the joint point is shared."""
    parts = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in numbers]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def _in_plane(shapes: dict[str, list[list[Ring]]]) -> dict[str, dict[str, Any]]:
    """Projected and scaled to whole units; rings that vanish are dropped."""
    everything = np.concatenate([ring for polygons in shapes.values() for polygon in polygons for ring in polygon])
    low, high = everything.min(axis=0), everything.max(axis=0)
    middle = (low + high) / 2
    standard = low[1] + (high[1] - low[1]) * np.array([1 / 6, 5 / 6])
    plane = _albers(everything, middle, standard)
    low, scale = plane.min(axis=0), SIZE / np.ptp(plane, axis=0).max()
    found = {}
    for code, polygons in shapes.items():
        kept = [rings for polygon in polygons if (rings := _whole(polygon, middle, standard, low, scale))]
        found[code] = {"type": "MultiPolygon", "coordinates": kept}
    return found


def _whole(polygon: list[Ring], middle: Ring, standard: Ring, low: Ring, scale: float) -> list[list[list[int]]]:
    rings = []
    for ring in polygon:
        points = np.rint((_albers(ring, middle, standard) - low) * scale).astype(int)
        moved = np.r_[True, (np.diff(points, axis=0) != 0).any(axis=1)]
        points = points[moved]
        if len(points) >= 4:
            rings.append(points.tolist())
    return rings


def _albers(degrees: Ring, middle: Ring, standard: Ring) -> Ring:
    """Albers' equal-area conic projection on the sphere (Snyder 1987, Map projections, USGS 1395, eq. 14-1 to 14-6)."""
    longitude, latitude = np.radians(degrees).T
    origin_longitude, origin_latitude = np.radians(middle)
    first, second = np.radians(standard)
    n = (np.sin(first) + np.sin(second)) / 2 or 1e-9  # around the equator the cone is a cylinder
    c = np.cos(first) ** 2 + 2 * n * np.sin(first)
    rho = np.sqrt(np.maximum(c - 2 * n * np.sin(latitude), 0)) / n
    rho_origin = np.sqrt(c - 2 * n * np.sin(origin_latitude)) / n
    theta = n * (longitude - origin_longitude)
    return np.stack([rho * np.sin(theta), rho_origin - rho * np.cos(theta)], axis=1)
