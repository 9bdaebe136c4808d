"""Read what a chart says about the data of its events: a small, closed part of JSON Schema."""

from __future__ import annotations

from typing import Any

from .matching import is_reserved
from .names import is_event
from .problems import Path, show
from .reading import SKIP, Desk, anything, read_object, text

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")


def payloads(desk: Desk, value: Any, path: Path) -> Any:
    """`{event: schema}`: what the data of each named event looks like."""
    if not isinstance(value, dict):
        return desk.wrong(path, f"{show(value)} is no mapping.", "Write `event: schema` pairs.")
    normal = {}
    for name, schema in value.items():
        if not is_event(name):
            cure = "Use words without spaces or `*`, joined by dots."
            desk.wrong((*path, name), f"{show(name)} is no event name.", cure)
        elif is_reserved(name):
            cure = "Names that begin with done., error. or after. are the engine's."
            desk.wrong((*path, name), f"{show(name)} never comes from outside.", cure)
        normal[name] = _payload(desk, schema, (*path, name))
    return normal or SKIP


def _payload(desk: Desk, value: Any, path: Path) -> dict[str, Any]:
    keys = {
        "type": _object_word,
        "title": text,
        "description": text,
        "properties": _properties,
        "required": _names,
    }
    normal = read_object(desk, value, path, keys, what="the schema of an event")
    known = normal.get("properties", {})
    for n, name in enumerate(normal.get("required", ())):
        if name not in known:
            cure = f"Describe it: `properties: {{{name}: {{type: string}}}}`."
            desk.wrong((*path, "required", n), f"{show(name)} is no property here.", cure)
    return {"type": "object", **normal}


def _object_word(desk: Desk, value: Any, path: Path) -> Any:
    if value == "object":
        return "object"
    cure = "Write `type: object`."
    return desk.wrong(path, f"the data of an event is an object, not {show(value)}.", cure)


def _names(desk: Desk, value: Any, path: Path) -> Any:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return desk.wrong(path, f"{show(value)} is no list of names.", "Write [name, name].")
    # Required names are a set: their order may not change the hash.
    return sorted(set(value)) or SKIP


def _properties(desk: Desk, value: Any, path: Path) -> Any:
    if not isinstance(value, dict):
        return desk.wrong(path, f"{show(value)} is no mapping.", "Write `name: {type: ...}`.")
    normal = {name: _property(desk, item, (*path, name)) for name, item in value.items()}
    return normal or SKIP


def _property(desk: Desk, value: Any, path: Path) -> dict[str, Any]:
    keys = {
        "type": _type_word,
        "title": text,
        "description": text,
        "enum": _enum,
        "minimum": _number,
        "maximum": _number,
        "default": anything,
    }
    normal = read_object(desk, value, path, keys, what="a property")
    low, high = normal.get("minimum"), normal.get("maximum")
    if low is not None and high is not None and low > high:
        desk.wrong(path, f"minimum {low} is above maximum {high}.", "Change them over.")
    word = normal.get("type")
    for bound in ("minimum", "maximum"):
        if bound in normal and word not in (None, "number", "integer"):
            desk.wrong((*path, bound), f"a {word} has no {bound}.", "Use type: number or integer.")
    for n, choice in enumerate(normal.get("enum", ())):
        if not is_of_type(choice, word):
            desk.wrong((*path, "enum", n), f"{show(choice)} is no {word}.", "Mend one of the two.")
    if "default" in normal:
        _check_default(desk, normal, path)
    return normal


def _check_default(desk: Desk, normal: dict[str, Any], path: Path) -> None:
    value, word = normal["default"], normal.get("type")
    place = (*path, "default")
    if not is_of_type(value, word):
        desk.wrong(place, f"{show(value)} is no {word}.", "Mend one of the two.")
    elif "enum" in normal and value not in normal["enum"]:
        desk.wrong(place, f"{show(value)} is none of enum.", "Add it there, or choose another.")
    elif is_of_type(value, "number") and not (
        normal.get("minimum", value) <= value <= normal.get("maximum", value)
    ):
        desk.wrong(place, f"{show(value)} is out of bounds.", "Choose one within.")


def _type_word(desk: Desk, value: Any, path: Path) -> Any:
    if isinstance(value, str) and value in TYPES:
        return value
    return desk.wrong(path, f"{show(value)} is no type.", f"Types: {', '.join(TYPES)}.")


def _number(desk: Desk, value: Any, path: Path) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return desk.wrong(path, f"{show(value)} is no number.", "Write a number.")


def _enum(desk: Desk, value: Any, path: Path) -> Any:
    if isinstance(value, list) and value:
        return value
    return desk.wrong(path, f"{show(value)} is no list of choices.", "Write [one, another].")


def is_of_type(value: Any, word: str | None) -> bool:
    """Whether a JSON value has the type that JSON Schema calls `word` (None: any)."""
    if word is None:
        return True
    if isinstance(value, bool):
        return word == "boolean"
    if isinstance(value, int | float):
        return word == "number" or (word == "integer" and value == int(value))
    named = {str: "string", dict: "object", list: "array", type(None): "null"}
    return named.get(type(value)) == word
