"""Lay shades and labels over the states of a drawn chart: what cost most is darkest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from traaviis_lab.machine.chart import Chart

from .draw import picture
from .picture import Box
from .svg import to_svg
from .text import one_line, xml

CHAR = 6.3
"""About how wide a character of a label is."""
TALL = 16.0
_DEEPEST, _FAINTEST = 0.5, 0.06


class Shade(NamedTuple):
    """How dark a state is, from 0 to 1, and what stands at its lower edge."""

    share: float
    label: str = ""


def shaded_svg(chart: Chart, shades: Mapping[str, Shade], *, standalone: bool = True) -> str:
    """The chart as SVG with shades over its states. Raises `NotInstalled` without graphviz."""
    svg = to_svg(chart, standalone=standalone)
    boxes = {box.state: box for box in picture(chart, "auto").boxes}
    laid = [_over(boxes[state], shade) for state, shade in shades.items() if state in boxes]
    group = f'<g class="tl-shades" style="pointer-events:none">{"".join(laid)}</g>'
    return f"{svg.rstrip().removesuffix('</svg>')}{group}</svg>"


def _over(box: Box, shade: Shade) -> str:
    share = min(1.0, max(0.0, shade.share))
    deep = _FAINTEST + (_DEEPEST - _FAINTEST) * share if share else 0.0
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    tint = f'<rect {place} rx="9" style="fill:#e8830c;fill-opacity:{deep:.3f}"/>' if deep else ""
    if not shade.label:
        return tint
    text = one_line(shade.label)
    wide = CHAR * len(text) + 12
    x, y = box.x + box.width / 2, box.y + box.height
    return (
        f'{tint}<rect x="{x - wide / 2:.1f}" y="{y - TALL / 2:.1f}" width="{wide:.1f}" '
        f'height="{TALL:.0f}" rx="8" style="fill:var(--tl-bg);stroke:#c76a00"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" style="text-anchor:middle;font-size:11px">'
        f"{xml(text)}</text>"
    )
