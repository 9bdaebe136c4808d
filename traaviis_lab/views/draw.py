"""Choose how a chart is laid out, by its size, and keep the last pictures in memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from traaviis_lab.errors import LayoutFailed
from traaviis_lab.machine.chart import Chart

from .direct import direct
from .labels import Arrow, arrows
from .picture import Detail, Picture
from .place import route

LABELLED = 90
"""More arrows than this are drawn without labels (they are in the tooltips)."""
ROUTED = 160
"""More arrows than this are drawn as plain curves: leading them around boxes takes seconds."""
CROWDED = 48
"""Boxes with more children than this would be led into a picture many pages high."""
TALLEST = 5_000
"""A led picture higher than this many pixels is nobody's overview: plain curves take its place."""
_KEPT = 64

_cache: OrderedDict[tuple[str, str], Picture] = OrderedDict()


def picture(chart: Chart, detail: Detail | Literal["auto"] = "auto") -> Picture:
    """The laid out chart; the same chart asked for again costs nothing."""
    key = (chart.hash, detail)
    found = _cache.get(key)
    if found is None:
        found = _lay_out(chart, detail)
        _cache[key] = found
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return found


def _lay_out(chart: Chart, detail: Detail | Literal["auto"]) -> Picture:
    drawn = arrows(chart, detail="bare")
    count = sum(1 for arrow in drawn if arrow.targets)
    if detail == "auto":
        detail = "full" if count <= LABELLED else "bare"
    chosen: tuple[Arrow, ...] = arrows(chart, detail=detail)
    crowd = max(len(node.children) for node in (chart.root, *chart.states.values()))
    if count <= ROUTED and crowd <= CROWDED:
        try:
            routed = route(chart, chosen, detail)
        except LayoutFailed:
            # Some graphs are too hard for the layout program; plain curves always work.
            return direct(chart, chosen, detail)
        if routed.height <= TALLEST:
            return routed
    return direct(chart, chosen, detail)
