"""Blocks of styled terminal lines: stack them, stand them side by side, frame and paint them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .text import columns


class Span(NamedTuple):
    """A piece of a line, and what it is: "active", "taken", "soft" ...; "" for nothing special."""

    text: str
    style: str = ""


Block = list[list[Span]]

_ANSI = {
    "active": "1;36",
    "visited": "34",
    "taken": "1;33",
    "title": "1",
    "soft": "2",
    "off": "2",
}

ASCII = str.maketrans(
    {
        **dict.fromkeys("╭╮╰╯┏┓┗┛", "+"),
        **dict.fromkeys("─━╌", "-"),
        **dict.fromkeys("│┃┆", "|"),
        "═": "=",
        "▶": ">",
        "●": "*",
        "○": "o",
        "◉": "@",
        "↺": "~",
        "→": ">",
        "ε": "e",
        "…": "~",
    }
)
"""What stands for the drawing signs where there is only ASCII."""


def width_of(line: Iterable[Span]) -> int:
    """The columns a line takes."""
    return sum(columns(span.text) for span in line)


def wide(block: Block) -> int:
    """The columns the longest line of a block takes."""
    return max(map(width_of, block), default=0)


def stack(blocks: Sequence[Block], *, rule: int = 0) -> Block:
    """Blocks one below the other; `rule`: with a dashed line of that many columns between."""
    lines: Block = []
    for number, block in enumerate(blocks):
        if rule and number:
            lines.append([Span("╌" * rule, "soft")])
        lines += block
    return lines


def beside(blocks: Sequence[Block]) -> Block:
    """Blocks side by side, with a dashed line between."""
    widths = [wide(block) for block in blocks]
    lines: Block = []
    for row in range(max(map(len, blocks))):
        line: list[Span] = []
        for number, block in enumerate(blocks):
            if number:
                line.append(Span(" ┆ ", "soft"))
            part = block[row] if row < len(block) else []
            line += [*part, Span(" " * (widths[number] - width_of(part)))]
        lines.append(line)
    return lines


def frame(block: Block, title: list[Span], style: str, width: int) -> Block:
    """A box around a block with a title in its upper border; at least `width` columns wide."""
    signs = "┏━┓┃┗┛" if style else "╭─╮│╰╯"
    look = "active" if style else ""
    room = max(wide(block) + 2, width_of(title) + 4, width - 2)
    rest = room - width_of(title) - 3
    lines: Block = [
        [
            Span(signs[0] + signs[1] + " ", look),
            *title,
            Span(" " + signs[1] * rest + signs[2], look),
        ]
    ]
    for line in block:
        gap = Span(" " * (room - 1 - width_of(line)))
        lines.append([Span(signs[3] + " ", look), *line, gap, Span(signs[3], look)])
    return [*lines, [Span(signs[4] + signs[1] * room + signs[5], look)]]


def paint(line: Sequence[Span], color: bool) -> str:
    """The line as text; with ANSI codes where `color` asks for them."""
    if not color:
        return "".join(span.text for span in line)
    return "".join(
        f"\x1b[{_ANSI[span.style]}m{span.text}\x1b[0m" if span.style and span.text else span.text
        for span in line
    )
