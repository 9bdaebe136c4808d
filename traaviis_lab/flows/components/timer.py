"""Timer: an event is raised when a machine takes too long, or is not heard of for too long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.mixing.component import Component, Fragment
from traaviis_lab.machine.mixing.parameters import Parameter


def _expand(values: Mapping[str, Any], prefix: str) -> Fragment:
    for name in ("heartbeat", "until"):
        if "*" in values[name]:
            raise DefinitionError(f"parameter {name!r}: '*' is too much.", hint="Name them.")
    running, expired, stopped = f"{prefix}_running", f"{prefix}_expired", f"{prefix}_stopped"
    over = " || ".join(f'"{state}" in state' for state in values["until"])
    still = [
        *([{"when": over, "to": stopped}] if over else []),
        *([{"on": values["heartbeat"], "to": running}] if values["heartbeat"] else []),
    ]
    line = {"kind": "log", "message": f"{prefix}: {values['limit']} are over", "level": "warning"}
    ring = {"kind": "raise", "event": values["raises"] or f"{prefix}.expired"}
    again = running if values["repeat"] else expired
    states: dict[str, Any] = {
        running: {
            "transitions": still,
            "after": [{"delay": values["limit"], "to": again, "do": [line, ring]}],
        }
    }
    if not values["repeat"]:
        states[expired] = {"transitions": still}
    if not over:
        return {"initial": running, "states": states}
    states[stopped] = {"transitions": [{"when": f"!({over})", "to": running}]}
    # A hook that asks for nothing: it only has the names of the states looked up.
    known = {"on_enter": values["until"], "do": []}
    return {"initial": running, "states": states, "hooks": [known]}


Timer = Component(
    "timer",
    "When the machine is not done after `limit`, an event is raised in it.",
    _expand,
    (
        Parameter("limit", "duration", "How long it may take.", least=0.001),
        Parameter("raises", "event", "What is raised; as usual `<prefix>.expired`.", None),
        Parameter("heartbeat", "events", "Events with which the time begins anew.", []),
        Parameter("until", "states", "While one of these is active no time runs.", []),
        Parameter("repeat", "flag", "Whether it is raised again and again.", False),
    ),
)
"""A time limit, or with `heartbeat` a watch over something that should be heard of."""
