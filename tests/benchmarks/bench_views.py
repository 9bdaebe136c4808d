"""How long a picture takes: laid out and drawn for the first time, and drawn again."""

from __future__ import annotations

import sys
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.reader import read_spec
from traaviis_lab.views import to_svg
from traaviis_lab.views.draw import _cache, picture

SIZES = ((10, 30, 0), (30, 90, 0), (100, 300, 10), (300, 900, 10), (300, 900, 0))
TARGET = "< 2,000 ms"
"""What the picture of 300 states may take."""


def large(states: int, transitions: int, nest: int) -> Chart:
    """A chart of this size; `nest`: so many states to a box, 0 for none."""
    chance = Random(7)
    flat: dict[str, Any] = {f"state_{n}": {"transitions": []} for n in range(states)}
    for n in range(transitions):
        source = n if n < states else chance.randrange(states)
        near = source + chance.randint(-6, 6) if chance.random() < 0.7 else chance.randrange(states)
        target = (source + 1) % states if n < states else min(states - 1, max(0, near))
        arrow = {"on": f"event_{n % 37}", "to": f"state_{target}"}
        flat[f"state_{source}"]["transitions"].append(arrow)
    names = list(flat)
    boxes = {
        f"group_{at}": {"states": {one: flat[one] for one in names[at : at + nest]}}
        for at in range(0, states if nest else 0, nest or 1)
    }
    document = {"spec": "traaviis/1", "name": "Large", "version": "1.0.0", "states": boxes or flat}
    return read_spec(document)


def rows(rounds: int = 5) -> list[dict[str, Any]]:
    """Two rows a size: milliseconds for the first picture, and for the next ones beside it."""
    found = []
    for states, transitions, nest in SIZES:
        chart = large(states, transitions, nest)
        first, again = [], []
        for _ in range(rounds):
            _cache.clear()
            start = perf_counter()
            svg = to_svg(chart)
            first.append((perf_counter() - start) * 1000)
            start = perf_counter()
            to_svg(chart)
            again.append((perf_counter() - start) * 1000)
        size = f"{states} states, {transitions} transitions" + (", nested" if nest else "")
        way = f"{picture(chart).way}, {len(svg) // 1000} kB"
        found.append(_row(f"picture of {size} ({way})", median(first)))
        found.append(_row("the same again", median(again), "first", median(again) / median(first)))
    return found


def _row(what: str, value: float, beside: str = "", ratio: float | None = None) -> dict[str, Any]:
    target = "" if beside else TARGET
    return {
        "what": what, "value": value, "unit": "ms", "target": target, "beside": beside, "ratio": ratio,
    }  # fmt: skip


def main() -> None:
    """Print the table."""
    for row in rows():
        sys.stdout.write(f"{row['what']:<70} {row['value']:>8.1f} {row['unit']}\n")


if __name__ == "__main__":
    main()
