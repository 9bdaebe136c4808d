"""What of a chart never changes while it runs: its drawing, and what its events carry."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from traaviis_lab.machine import Chart
from traaviis_lab.views import to_svg

RESERVED = ("done.", "error.", "after.")


@lru_cache(maxsize=32)
def drawing(chart: Chart) -> str:
    """The chart as SVG, without any run's place in it; computed once per chart."""
    return to_svg(chart, standalone=False)


def is_internal(event: str) -> bool:
    """Whether only the engine sends this event."""
    return event.startswith(RESERVED)


def titles(chart: Chart) -> dict[str, str]:
    """What states are called in the drawing, where that is not their id."""
    found = {name: node.meta.get("title") for name, node in chart.states.items()}
    return {name: title for name, title in found.items() if isinstance(title, str) and title}


def known_events(chart: Chart) -> list[str]:
    """The names a person may send, as far as the chart writes them out, sorted."""
    heard = {name for one in chart.transitions.values() for name in one.events}
    names = heard | set(chart.events)
    return sorted(name for name in names if "*" not in name and not is_internal(name))


def chart_words(chart: Chart) -> dict[str, Any]:
    """The part of a run's face that its chart decides."""
    title = chart.spec.get("title")
    return {
        "machine": chart.name,
        "title": title if isinstance(title, str) else "",
        "titles": titles(chart),
        "svg": drawing(chart),
        "events": {name: dict(schema) for name, schema in chart.events.items()},
        "known": known_events(chart),
    }
