"""The part of the JSON Schema of the chart spec that is about hooks and components."""

from __future__ import annotations

from typing import Any

from traaviis_lab.machine.names import ID_PATTERN

from .component import PREFIX_PATTERN

HOOKED_PATTERN = rf"^\*$(?!\n)|{ID_PATTERN}"
_NAMES = {"type": "string", "pattern": HOOKED_PATTERN}
_NO_ASSIGN = {"properties": {"assign": False}}


def _said(name: str, meaning: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}", "description": meaning}


def _one_or_many(name: str) -> dict[str, Any]:
    ref = {"$ref": f"#/$defs/{name}"}
    return {"title": f"{name}s: a list, or one", "anyOf": [ref, {"type": "array", "items": ref}]}


_HOOK = {
    "title": "hook",
    "type": "object",
    "properties": {
        "on_enter": _said("hooked", "The states that are entered; `*`: all the machine's own."),
        "on_exit": _said("hooked", "The states that are left; `*`: all the machine's own."),
        "before": _said("listened", "The events of the arrows; `do` comes before theirs."),
        "after": _said("listened", "The events of the arrows; `do` comes after theirs."),
        "do": _said("effects", "Asked for there. `$state` and `$event` in texts are the names."),
        "assign": _said("assign", "New values for fields of the data; on arrows only."),
    },
    "additionalProperties": False,
    "oneOf": [
        {"required": ["on_enter"], **_NO_ASSIGN},
        {"required": ["on_exit"], **_NO_ASSIGN},
        {"required": ["before"]},
        {"required": ["after"]},
    ],
    "anyOf": [{"required": ["do"]}, {"required": ["assign"]}],
}
_COMPONENT = {
    "title": "component",
    "type": "object",
    "properties": {
        "use": _said("line", "The component's name."),
        "prefix": {
            "title": "word",
            "type": "string",
            "pattern": PREFIX_PATTERN,
            "description": "What its states and fields begin with; absent: the component's name.",
        },
        "with": {**_said("object", "Values for its parameters."), "default": {}},
    },
    "required": ["use"],
    "additionalProperties": False,
}
MIXING: dict[str, Any] = {
    "hook": _HOOK,
    "hooks": _one_or_many("hook"),
    "component": _COMPONENT,
    "components": _one_or_many("component"),
    "hooked": {
        "title": "state id, or a list of them; `*` too",
        "anyOf": [_NAMES, {"type": "array", "items": _NAMES, "minItems": 1}],
    },
}
"""Definitions for `$defs`; they lean on others there: `listened`, `effects`, `assign`, ..."""
