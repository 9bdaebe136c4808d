"""What a saved notebook shows of a debugger: the chart where the run ended, and its last steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.journal import Fact
from traaviis_lab.views import Marks, to_svg
from traaviis_lab.widgets.lane import still_lines, under_picture

from .reading import facts_between

if TYPE_CHECKING:
    from traaviis_lab.lab import Recording, Run

MAX_STATIC = 2_000_000
"""A picture above this many characters is left out of the notebook's file."""
STEPS = 12
_LOOKED_AT = 200


def static_picture(run: Run | Recording) -> dict[str, Any]:
    """MIME type to content: a text, and an SVG where it is not too large."""
    trail = run.trail
    last = trail.seq
    facts = facts_between(trail.journal, run.id, max(0, last - _LOOKED_AT), last)
    moved = [fact for fact in facts if b'"step":' in fact.body]
    bundle = {"text/plain": _text(run, last, moved[-STEPS:])}
    svg = to_svg(run.chart, _marks(run, last, moved))
    svg = under_picture(svg, still_lines(trail.journal, run.id, last))
    return {**bundle, "image/svg+xml": svg} if len(svg) <= MAX_STATIC else bundle


def _marks(run: Run | Recording, last: int, moved: list[Fact]) -> Marks:
    here = run.trail.at(last)
    taken = orjson.loads(moved[-1].body)["step"].get("taken", ()) if moved else ()
    return Marks(active=here.snapshot.active, visited=here.visited, taken=frozenset(taken))


def _text(run: Run | Recording, last: int, steps: list[Fact]) -> str:
    lines = [f"<Debugger of run {run.id} of {run.chart.name}: {last:,} facts>"]
    wide = max((len(_came(fact)) for fact in steps), default=0)
    for fact in steps:
        state = fact.state.replace(",", " & ")
        lines.append(f"{fact.seq:>8}  {_came(fact):{wide}}  {state}".rstrip())
    return "\n".join(lines)


def _came(fact: Fact) -> str:
    if fact.kind == "run.started":
        return "(start)"
    return fact.name if fact.kind == "event" else f"{fact.name} {fact.kind.removeprefix('effect.')}"
