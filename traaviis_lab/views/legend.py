"""The legend below a picture that compares two runs."""

from __future__ import annotations

from typing import NamedTuple

from .measure import LABEL_SIZE
from .text import pixels, shorten, xml

_HIGH = 34.0
_LINE = 34.0
_GAP = 22.0
_BOLD = 1.1
_LONGEST = 36


class Legend(NamedTuple):
    """A legend as SVG, and the room it takes."""

    svg: str
    width: float
    height: float


def place_legend(sides: tuple[str, str], top: float) -> Legend:
    """The legend in which `sides` name the left and the right run, from `top` on."""
    left, right = (
        shorten(side, _LONGEST) or word for side, word in zip(sides, _WORDS, strict=True)
    )
    if left == right:
        left, right = f"{left} (left)", f"{right} (right)"
    x, y = 16.0, top + _HIGH / 2 - 3
    parts = []
    for word, text in (("both", "both"), ("left", f"only {left}"), ("right", f"only {right}")):
        parts.append(
            f'<g class="tl-key tl-{word}"><path d="M{x:.1f} {y:.1f}H{x + _LINE:.1f}"/>'
            f'<text x="{x + _LINE + 7:.1f}" y="{y + LABEL_SIZE * 0.36:.1f}">{xml(text)}</text></g>'
        )
        x += _LINE + 7 + pixels(text, LABEL_SIZE) * _BOLD + _GAP
    return Legend(f'<g class="tl-legend">{"".join(parts)}</g>', x, _HIGH)


_WORDS = ("left", "right")
