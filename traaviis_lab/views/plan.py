"""A layout being worked out: what the chart needs, and the boxes that are done by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from traaviis_lab.machine.chart import Chart

from .labels import Arrow
from .measure import DOT, Face, label_size
from .picture import Path, Point
from .wires import Key, Wiring


@dataclass(frozen=True, slots=True)
class Port:
    """Where a wire crosses a box's border: `x` from the left, at the top or at the bottom."""

    x: float
    top: bool


@dataclass(slots=True)
class Placed:
    """A box whose inside is laid out; all positions count from its own top left corner.

    `stretched` are items drawn larger than they need be, so that parallel regions end together;
    `sides` says where regions stand (as in `Box.side`).
    """

    width: float
    height: float
    items: dict[Key, Point]
    ports: dict[int, Port] = field(default_factory=dict)
    pieces: dict[int, Path] = field(default_factory=dict)
    labels: dict[int, Point] = field(default_factory=dict)
    stretched: dict[Key, tuple[float, float]] = field(default_factory=dict)
    sides: dict[Key, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """The chart, its arrows, what is written where, how wires run, and the boxes placed by now."""

    chart: Chart
    arrows: Sequence[Arrow]
    faces: dict[str, Face]
    wiring: Wiring
    placed: dict[str, Placed] = field(default_factory=dict)

    def size(self, key: Key) -> tuple[float, float]:
        """Width and height of an item."""
        if key[0] == "dot":
            return (DOT, DOT)
        done, face = self.placed.get(key[1]), self.faces[key[1]]
        return (done.width, done.height) if done else (face.width, face.height)

    def head(self, box: str) -> float:
        """The height at the top of a box that its own texts take."""
        return self.faces[box].head if box else 0.0

    def port(self, key: Key, wire: int) -> Port | None:
        """The port a wire has on an item's border; None where it ends there."""
        done = self.placed.get(key[1]) if key[0] == "state" else None
        return done.ports.get(wire) if done else None

    def leaves_at_top(self, wire: int) -> bool:
        """Whether the wire leaves boxes through their top."""
        return self.wiring.sides[wire] == "up"

    def enters_at_top(self, wire: int) -> bool:
        """Whether the wire enters boxes through their top."""
        return self.wiring.sides[wire] == "down"

    def label(self, wire: int) -> tuple[float, float]:
        """The size of the label beside a wire at home: one per arrow, on its first wire."""
        wires = self.wiring.wires
        number = wires[wire].arrow
        if number is None or (wire and wires[wire - 1].arrow == number):
            return (0.0, 0.0)
        return label_size(self.arrows[number])
