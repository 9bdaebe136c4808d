"""The door for graphviz: it alone starts the program that decides where boxes and arrows go.

The `graphviz-pure` wheel brings that program into the environment's script folder, so nothing
from the operating system is needed and PATH does not matter. Nodes, ports and edges go in under
numbers only: what an author called a state never reaches another program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import metadata
from typing import Any

from traaviis_lab.errors import LayoutFailed, NotInstalled

_CURE = "pip install graphviz graphviz-pure"
_WHEEL = "graphviz-pure"
LONGEST = 20.0
"""Seconds after which a layout is given up; size classes keep it far below."""


@cache
def program() -> str:
    """The path of the layout program: the wheel's own, else what PATH has under its name."""
    try:
        files = metadata.distribution(_WHEEL).files or ()
    except metadata.PackageNotFoundError:
        return _WHEEL
    for file in files:
        if file.name in (_WHEEL, f"{_WHEEL}.exe"):
            return str(file.locate().resolve())  # type: ignore[attr-defined]  # a Path in fact
    return _WHEEL


def lay_out(graphs: Sequence[str], *, engine: str = "dot") -> list[dict[str, Any]]:
    """Each DOT graph with positions (graphviz's `json0`), all of them by one call of the program.

    Raises `NotInstalled` where there is no graphviz, `LayoutFailed` where it cannot draw this.
    """
    if not graphs:
        return []
    answer = _run(("-K" + engine, "-Tjson0"), "\n".join(graphs).encode())
    found = list(_values(answer.decode("utf-8", "replace")))
    if len(found) != len(graphs):
        raise LayoutFailed(f"{len(graphs)} graphs went into the layout, {len(found)} came out.")
    return found


def draw(dot: str, *, format: str = "svg", engine: str = "dot") -> str:
    """DOT text drawn by graphviz itself, in its own style (`svg`, `json`, `plain`, `canon`).

    Raises `NotInstalled` where there is no graphviz, `LayoutFailed` where it cannot draw this.
    """
    return _run(("-K" + engine, "-T" + format), dot.encode()).decode("utf-8", "replace")


def _run(options: tuple[str, ...], source: bytes) -> bytes:
    try:
        from graphviz.backend import execute
    except ImportError as error:
        raise NotInstalled("Diagrams need the graphviz package.", hint=_CURE) from error
    try:
        done = execute.run_check(
            [program(), *options], input=source, capture_output=True, quiet=True, timeout=LONGEST
        )
    except (execute.ExecutableNotFound, OSError) as error:
        raise NotInstalled(
            f"Diagrams need the layout program {program()!r}, and it cannot be started.", hint=_CURE
        ) from error
    except Exception as error:
        # CalledProcessError and TimeoutExpired: their classes live in subprocess, which the
        # pure floors may not import. Both mean the same here: this graph was too hard.
        raise LayoutFailed(
            f"The layout program gave up ({type(error).__name__}).",
            hint="Ask for less detail: to_svg(chart, detail='bare').",
        ) from error
    return bytes(done.stdout)


def _values(text: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), 0
    text = text.rstrip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        while at < len(text) and text[at].isspace():
            at += 1
