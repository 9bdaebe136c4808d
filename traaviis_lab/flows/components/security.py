"""Security: after so many failures in a row events are refused for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.matching import matches
from traaviis_lab.machine.mixing.component import Component, Fragment
from traaviis_lab.machine.mixing.parameters import Parameter


def _expand(values: Mapping[str, Any], prefix: str) -> Fragment:
    _check_release(values)
    count, locked = f"{prefix}_failures", f"{prefix}_locked"
    free, suspicious = f"{prefix}_free", f"{prefix}_suspicious"
    clear = {count: 0, locked: False}
    warning = f"{prefix}: locked for {values['lockout']} after {{{{ data.{count} }}}} failures"
    failures: list[dict[str, Any]] = [
        {
            "on": values["failure"],
            "when": f"data.{count} + 1 >= {values['attempts']}",
            "to": locked,
            "assign": {count: f"data.{count} + 1", locked: True},
        },
        {"on": values["failure"], "to": suspicious, "assign": {count: f"data.{count} + 1"}},
    ]
    return {
        "data": clear,
        "initial": free,
        "states": {
            free: {"transitions": failures},
            suspicious: {
                "transitions": [{"when": f"data.{count} == 0", "to": free}, *failures],
                "after": [{"delay": values["window"], "to": free, "assign": clear}],
            },
            locked: {
                "enter": [{"kind": "log", "message": warning, "level": "warning"}],
                "transitions": _on(values["release"], {"to": free, "assign": clear}),
                "after": [{"delay": values["lockout"], "to": free, "assign": clear}],
            },
        },
        # A success that the machine itself refuses is none: only an arrow that is taken clears.
        "hooks": [{"after": values["success"], "assign": {count: 0}}] if values["success"] else [],
        "guards": {
            event: {"when": f"!data.{locked}", "reason": values["reason"]}
            for event in values["guard"]
        },
    }


def _on(events: list[str], arrow: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"on": events, **arrow}] if events else []


def _check_release(values: Mapping[str, Any]) -> None:
    for event in values["release"]:
        for guarded in values["guard"]:
            if matches(guarded, event):
                raise DefinitionError(
                    f"parameter 'release': {event!r} would be refused, as `guard` has {guarded!r}.",
                    hint="Name the events to guard without it.",
                )


Security = Component(
    "security",
    "After `attempts` failures, events are refused for `lockout`, with a reason.",
    _expand,
    (
        Parameter("attempts", "integer", "So many failures lock.", 3, least=1, most=1_000_000),
        Parameter("lockout", "duration", "How long it stays locked.", "5m", least=0.001),
        Parameter(
            "window", "duration", "Failures are forgotten this long after the latest.", "15m",
            least=0.001,
        ),
        Parameter("failure", "events", "The events that tell of a failure.", "failure"),
        Parameter("success", "events", "The events after which nothing is held against you.", []),
        Parameter("guard", "events", "The events refused while locked.", "*"),
        Parameter("release", "events", "The events that unlock at once.", []),
        Parameter(
            "reason", "text", "What whoever sends one is told.",
            "Locked after too many failures; try again later.",
        ),
    ),
)  # fmt: skip
"""Counts failures in `data.<prefix>_failures`; `data.<prefix>_locked` says whether it is locked."""
