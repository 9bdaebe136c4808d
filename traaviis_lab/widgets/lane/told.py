"""What is told of one effect: its document, its answer and its error, each cut to a bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.widgets.portrait import portray_within

MAX_SPEC = 700
"""Characters of a leaf's document, of a result, of a question."""
MAX_OUTLINE = 6_000
"""Characters of a composed effect's document."""
MAX_WORDS = 400
MAX_CHAIN = 5
MAX_CHILDREN = 60
_BELOW = ("effect", "undo", "otherwise")
_MANY = ("effects", "steps")
_DEEPEST = 24


def told_spec(spec: Any) -> Any:
    """An effect's document, as short as is needed to say what it is and what lies below it."""
    if not isinstance(spec, Mapping):
        return {}
    if not any(name in spec for name in (*_BELOW, *_MANY)):
        return portray_within(spec, MAX_SPEC)
    for most in (MAX_CHILDREN, 12, 4):
        outline = _outline(spec, most, _DEEPEST)
        if len(str(outline)) <= MAX_OUTLINE:
            return outline
    return {**_outline(spec, 0, 1), "cut": True}


def told_value(value: Any) -> Any:
    """A result, short."""
    return portray_within(value, MAX_SPEC)


def told_error(error: Any) -> dict[str, Any]:
    """An error with what led to it, each text cut."""
    if not isinstance(error, Mapping):
        return {"kind": "", "message": _words(error)}
    told: dict[str, Any] = {name: _words(error.get(name, "")) for name in ("kind", "message")}
    if error.get("hint"):
        told["hint"] = _words(error["hint"])
    if isinstance(error.get("status"), int):
        told["status"] = error["status"]
    for name in ("chain", "also"):
        if isinstance(listed := error.get(name), list) and listed:
            told[name] = [told_error(one) for one in listed[:MAX_CHAIN]]
    return told


def _words(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_WORDS else f"{text[:MAX_WORDS]}…"


def _outline(spec: Mapping[str, Any], most: int, depth: int) -> dict[str, Any]:
    """The document with what lies below it; of a list the first `most`, and its `count`."""
    told: dict[str, Any] = {}
    for name, value in spec.items():
        if name in _BELOW:
            told[name] = _child(value, most, depth)
        elif name in _MANY and isinstance(value, list):
            told[name] = [_child(one, most, depth) for one in value[:most]]
            told["count"] = len(value)
        elif name != "given":
            told[name] = portray_within(value, 120)
    return told


def _child(value: Any, most: int, depth: int) -> Any:
    if not isinstance(value, Mapping) or depth <= 0:
        return None
    return _outline(value, most, depth - 1)
