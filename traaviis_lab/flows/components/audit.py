"""Audit: who did what, as a list in the run's data or as lines in its history."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.mixing.component import Component, Fragment
from traaviis_lab.machine.mixing.parameters import Parameter

_SECRET = re.compile(
    r"pass(word|wd|phrase)?$|passw|secret|token|credential|api_?key|private_?key|auth(orization)?$"
    r"|(^|_)(pin|cvv|cvc|ssn|iban)($|_)|card_?n",
    re.IGNORECASE,
)


def _expand(values: Mapping[str, Any], prefix: str) -> Fragment:
    fields = [*([values["who"]] if values["who"] else []), *values["fields"]]
    _refuse_secrets(fields)
    said = {field: f'"{field}" in event ? event["{field}"] : null' for field in fields}
    if values["into"] == "log":
        shown = "".join(f" {field}={{{{ {value} }}}}" for field, value in said.items())
        line = {"kind": "log", "message": f"{prefix}: $event{shown}", "level": "info"}
        return {"hooks": [{"before": values["events"], "do": [line]}]}
    trail, count = f"{prefix}_trail", f"{prefix}_count"
    listed = {"n": f"data.{count} + 1", "event": "$event", **said}
    entry = ", ".join(f'"{key}": {value}' for key, value in listed.items())
    kept = f"data.{trail}.filter(note, note.n > data.{count} + 1 - {values['keep']})"
    assign = {count: f"data.{count} + 1", trail: f"{kept} + [{{{entry}}}]"}
    return {
        "data": {trail: [], count: 0},
        "hooks": [{"before": values["events"], "assign": assign}],
    }


def _refuse_secrets(fields: list[str]) -> None:
    for field in fields:
        if field in ("n", "event"):
            raise DefinitionError(
                f"parameter 'fields': {field!r} is there already.", hint="Drop it."
            )
        if _SECRET.search(field):
            raise DefinitionError(
                f"parameter 'fields': {field!r} sounds like a secret, and audits are read.",
                hint="Have the event carry an id beside it, and note that.",
            )


Audit = Component(
    "audit",
    "Notes which events were taken, and the fields of their data that you name.",
    _expand,
    (
        Parameter("events", "events", "Which events are noted.", "*"),
        Parameter("who", "name", "The field of an event's data that says who sent it.", None),
        Parameter("fields", "names", "More fields of the event's data to note.", []),
        Parameter("into", "text", "A list in the data, or lines.", "data", choices=("data", "log")),
        Parameter(
            "keep", "integer", "So many notes are kept in the list.", 100, least=1, most=10_000
        ),
    ),
)
"""Notes such as `{n: 1, event: paid, user_id: u1}` in `data.<prefix>_trail`, oldest first."""
