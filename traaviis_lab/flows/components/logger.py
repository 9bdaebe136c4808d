"""Logger: a line in the run's history where states are entered and left, and events are taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.machine.mixing.component import Component, Fragment
from traaviis_lab.machine.mixing.parameters import Parameter

LEVELS = ("debug", "info", "warning", "error")


def _expand(values: Mapping[str, Any], prefix: str) -> Fragment:
    said = {"on_enter": "entered $state", "on_exit": "left $state", "before": "took $event"}
    where = {"on_enter": values["enter"], "on_exit": values["exit"], "before": values["events"]}
    return {
        "hooks": [
            {
                word: what,
                "do": [
                    {
                        "kind": "log",
                        "message": f"{prefix}: {said[word]}",
                        "level": values["level"],
                    }
                ],
            }
            for word, what in where.items()
            if what
        ]
    }


Logger = Component(
    "logger",
    "Writes lines into the run's history; the machine does what it did without.",
    _expand,
    (
        Parameter("enter", "states", "Which states, when they are entered.", "*"),
        Parameter("exit", "states", "Which states, when they are left.", []),
        Parameter("events", "events", "Which events, when an arrow on them is taken.", []),
        Parameter("level", "text", "How much the lines matter.", "info", choices=LEVELS),
    ),
)
"""Lines such as `log: entered paying`; the prefix begins them."""
