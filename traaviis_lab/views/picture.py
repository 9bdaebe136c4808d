"""A chart laid out: boxes, lines and where their labels stand, in pixels from the top left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .labels import Arrow

Point = tuple[float, float]
Path = tuple[Point, ...]
"""A Bézier path: one starting point, then three points (two controls, one end) per piece."""

Detail = Literal["full", "names", "bare"]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of text inside a box; with an arrow where it is a transition that stays."""

    text: str
    full: str
    arrow: Arrow | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A state's place; `x`, `y` is its top left corner.

    `side` says in words where the box stands among parallel regions: "" (it is none), "first",
    "next" (a border on its left), "below" (a border above it), "over" (a border below it),
    "own" (a border all around).
    """

    state: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    label: str
    rows: tuple[Row, ...] = ()
    side: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn arrow between the same states; `arrow` None: an initial or a default one."""

    arrow: Arrow | None
    paths: tuple[Path, ...]
    label_at: Point | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything there is to draw. `way` says how arrows were led: "routed" or "direct"."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    dots: tuple[Point, ...]
    detail: Detail
    way: Literal["routed", "direct"]


def move(path: Path, dx: float, dy: float) -> Path:
    """The path somewhere else."""
    return tuple((x + dx, y + dy) for x, y in path)


def straight(start: Point, end: Point) -> Path:
    """A straight line as a Bézier path."""
    (x0, y0), (x1, y1) = start, end
    third = ((x0 * 2 + x1) / 3, (y0 * 2 + y1) / 3)
    return (start, third, ((x0 + x1 * 2) / 3, (y0 + y1 * 2) / 3), end)


def join(paths: list[Path]) -> Path:
    """Paths one after the other as one, with straight pieces over the gaps."""
    whole = list(paths[0])
    for path in paths[1:]:
        (x0, y0), (x1, y1) = whole[-1], path[0]
        if abs(x0 - x1) + abs(y0 - y1) > 0.5:
            whole += straight(whole[-1], path[0])[1:]
        whole += path[1:]
    return tuple(whole)


def middle(path: Path) -> Point:
    """A point about half way along the path."""
    piece = (len(path) - 1) // 3 // 2
    a, b, c, d = path[piece * 3 : piece * 3 + 4]
    return ((a[0] + 3 * b[0] + 3 * c[0] + d[0]) / 8, (a[1] + 3 * b[1] + 3 * c[1] + d[1]) / 8)
