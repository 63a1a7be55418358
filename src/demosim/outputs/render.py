"""Charts to pictures without a browser: SVG and PNG by vl-convert."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from demosim.outputs.charts import Spec
from demosim.outputs.library import needs
from demosim.outputs.look import locale
from demosim.outputs.rows import Row

VERSION = "6.4"  # of Vega-Lite


def with_rows(spec: Spec, rows: list[Row], width: int, height: int, title: Any = None) -> Spec:
    """A chart with its numbers and a size; a facet's size is that of its cells. The legend names what there is."""
    names = list(dict.fromkeys(row["s"] for row in rows))
    sized = {**_fitted(spec, names, width), "data": {"name": "rows", "values": rows}}
    if "facet" not in spec:
        sized |= {"width": width, "height": height}
    return sized | ({"title": title} if title else {})


def _fitted(spec: Any, names: list[str], width: int) -> Any:
    """The description fitted to a width: columns of the legend, labels inside the figure, and only series there are.

    The page's script does the same; the colours stay those of all series.
    """
    if isinstance(spec, list):
        return [_fitted(part, names, width) for part in spec]
    if not isinstance(spec, dict):
        return spec
    fitted = {key: _fitted(part, names, width) for key, part in spec.items()}
    if isinstance(spec.get("legend"), dict) and "scale" in spec:
        values = [name for name in spec["scale"]["domain"] if name in names]
        fitted["legend"] = {**spec["legend"], "values": values, "columns": max(1, width // _legend_width(values))}
    if spec.get("labelAlign") == "left":
        fitted["labelLimit"] = width - 12
    return fitted


def _legend_width(names: list[str]) -> int:
    """Pixels that the longest name with its symbol takes."""
    return 42 + round(6.4 * max((len(name) for name in names), default=0))


def svg(spec: Spec, lang: str) -> str:
    """The chart as SVG."""
    text: str = needs("vl_convert").vega_to_svg(_compiled(spec), format_locale=locale(lang))
    return text


def png(spec: Spec, lang: str, scale: float = 2.0) -> bytes:
    """The chart as PNG."""
    data: bytes = needs("vl_convert").vega_to_png(_compiled(spec), scale=scale, format_locale=locale(lang))
    return data


def _compiled(spec: Spec) -> dict[str, Any]:
    """The chart as Vega, its numbers put in afterwards: hundreds of pages have the same charts but for these."""
    rows = spec["data"]["values"]
    vega: dict[str, Any] = json.loads(_vega(json.dumps({**spec, "data": {"name": "rows"}}, sort_keys=False)))
    for source in vega["data"]:
        if source["name"] == "rows":
            source["values"] = rows
    return vega


@cache
def _vega(text: str) -> str:
    return json.dumps(needs("vl_convert").vegalite_to_vega(json.loads(text), vl_version=VERSION))


@cache
def javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, for a page without a network (BSD-3-Clause)."""
    bundle: str = needs("vl_convert").javascript_bundle(vl_version=VERSION)
    return "(() => {" + bundle.replace("</script", "<\\/script") + "})();"  # its names stay its own
