"""Read effects from documents: the kind picks the words, the words say what may stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from traaviis_lab.errors import DefinitionError, LabError

from .effect import (
    MOST_NESTED,
    VOCABULARY,
    Effect,
    default_of,
    is_hidden,
    names_in,
    shape_of,
    word_of,
)
from .matching import is_reserved
from .names import did_you_mean, has_template, is_event, parse_duration
from .plain import plain_copy
from .problems import Path, Problems, show
from .reading import DURATION_CURE, SKIP, Desk, formula, one_or_more


def effects(desk: Desk, value: Any, path: Path) -> Any:
    """A list of effects, or one; the normal form is the list."""
    found = []
    for n, item in enumerate(one_or_more(value)):
        effect = effect_of(desk, item, (*path, n) if isinstance(value, list) else path)
        if effect is not None:
            found.append(effect.to_spec())
    return found or SKIP


def read_one_effect(document: Mapping[str, Any]) -> Effect:
    """The effect that a document describes. Raises DefinitionError with all that is wrong in it."""
    problems = Problems()
    effect = None
    try:
        plain = plain_copy(document, problems)
        if not problems:
            effect = effect_of(Desk(problems), plain, ())
    except DefinitionError:
        pass
    if effect is None or problems:
        raise problems.to_error("The effect")
    return effect


def effect_of(desk: Desk, value: Any, path: Path) -> Effect | None:
    """The effect that a plain document describes, or None and problems on the pile."""
    if not isinstance(value, dict):
        desk.wrong(path, f"{show(value)} is no effect.", "Write {kind: log, message: hello}.")
        return None
    kind = value.get("kind")
    known = [name for name, word in VOCABULARY.items() if not word.internal]
    if not isinstance(kind, str) or kind not in known:
        if "kind" not in value:
            desk.wrong(path, "an effect needs its kind.", f"Kinds: {', '.join(known)}.")
        else:
            cure = did_you_mean(kind if isinstance(kind, str) else "", known, "Kinds")
            desk.wrong((*path, "kind"), f"there is no effect {show(kind)}.", cure)
        return None
    before = len(desk.problems.found) + desk.problems.more
    made = _fields(desk, VOCABULARY[kind], value, path)
    if len(desk.problems.found) + desk.problems.more > before:
        return None
    try:
        return VOCABULARY[kind](**made).spelled_out()
    except (LabError, TypeError, ValueError) as error:
        desk.wrong(path, f"{kind} cannot be made: {error}")
        return None


def _fields(desk: Desk, kind: type[Effect], value: dict[str, Any], path: Path) -> dict[str, Any]:
    listed: tuple[Field[Any], ...] = fields(kind)  # type: ignore[arg-type]
    words = {word_of(field): field for field in listed if not is_hidden(field)}
    made: dict[str, Any] = {}
    for key in value:
        if key not in words and key != "kind":
            cure = did_you_mean(key, words, "Its fields")
            desk.wrong((*path, key), f"{kind.kind} has no field {show(key)}.", cure)
    for key, field in words.items():
        if key in value:
            made[field.name] = _field(desk, field, value[key], (*path, key))
        elif default_of(field) is MISSING:
            desk.wrong(path, f"{kind.kind} needs {key!r}.", f"Add `{key}: ...`.")
    return made


def _field(desk: Desk, field: Field[Any], value: Any, path: Path) -> Any:
    shape = shape_of(field)
    if shape == "expression":
        read = formula(desk, value, path)
        return "" if read is SKIP else read
    if shape in ("effect", "effects", "steps"):
        return _below(desk, field, value, path)
    if shape == "names":
        return tuple(one_or_more(value))
    _check_template(desk, value, path)
    if shape == "value" or has_template(value):
        return value
    fault = _fault(field, value)
    if fault:
        desk.wrong(path, *fault)
    return value


def _below(desk: Desk, field: Field[Any], value: Any, path: Path) -> Any:
    """The effect or effects that an effect is put together from."""
    if value is None and default_of(field) is None:
        return None
    if desk.depth >= MOST_NESTED:
        return desk.wrong(path, f"effects are nested more than {MOST_NESTED} deep.")
    outside = desk.names
    desk.names, desk.depth = (*outside, *names_in(field)), desk.depth + 1
    try:
        if shape_of(field) == "effect":
            return effect_of(desk, value, path)
        items = value if isinstance(value, list) else [value]
        if shape_of(field) == "steps":
            items = [_step(item) for item in items]
        return tuple(effect_of(desk, item, (*path, n)) for n, item in enumerate(items))
    finally:
        desk.names, desk.depth = outside, desk.depth - 1


def _step(item: Any) -> Any:
    """A step may leave the kind out where it says how it is undone."""
    if isinstance(item, dict) and "kind" not in item and "effect" in item:
        return item["effect"] if set(item) == {"effect"} else {"kind": "with_compensation", **item}
    return item


def _check_template(desk: Desk, value: Any, path: Path) -> None:
    if not _mentions_template(value):
        return
    from .expr.formula import NAMES
    from .template import compile_template

    try:
        compile_template(value, names=(*NAMES, *desk.names))
    except LabError as error:
        desk.wrong(path, error.message, error.hint)


def _mentions_template(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_mentions_template(item) for item in value.values())
    if isinstance(value, list):
        return any(_mentions_template(item) for item in value)
    return has_template(value)


def _fault(field: Field[Any], value: Any) -> tuple[str, str] | None:
    """What is wrong with a value without templates in it, and the cure; None where nothing is."""
    match shape_of(field):
        case "object" if not isinstance(value, dict):
            return f"{show(value)} is no mapping.", "Write `key: value` pairs."
        case "duration" if parse_duration(value) is None:
            return f"{show(value)} is no duration.", DURATION_CURE
        case "number" if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{show(value)} is no number.", "Write a number."
        case "flag" if not isinstance(value, bool):
            return f"{show(value)} is neither true nor false.", "Write true or false."
        case "text" | "name" | "event" | "choice":
            return _text_fault(field, value)
    return None


def _text_fault(field: Field[Any], value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return f"{show(value)} is no text.", "Put it in quotes."
    match shape_of(field):
        case "name" if not value.strip():
            return "this is empty.", "Write a name."
        case "event" if not is_event(value):
            return f"{show(value)} is no event name.", "Use words without spaces or `*`."
        case "event" if is_reserved(value):
            cure = "Names that begin with done., error. or after. are the engine's; choose another."
            return f"{show(value)} cannot be raised.", cure
        case "choice" if value not in field.metadata["choices"]:
            cure = did_you_mean(value, field.metadata["choices"], "Choices")
            return f"{show(value)} is none of its words.", cure
    return None
