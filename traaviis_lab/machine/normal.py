"""Read a document key by key into its normal form: one way to write each chart."""

from __future__ import annotations

from typing import Any

from .mixing.reading import hooks_reader, uses
from .names import is_state_id
from .problems import Path, show
from .reader_effects import effects
from .reader_payloads import payloads
from .reading import (
    ID_CURE,
    MAX_STATES,
    SKIP,
    Desk,
    duration,
    flag,
    formula,
    guard,
    json_object,
    listened,
    one_or_more,
    read_object,
    short_text,
    single,
    state_ids,
    text,
)

SPEC = "traaviis/1"
VERSION = "1.0.0"


def read_document(desk: Desk, value: Any) -> dict[str, Any]:
    """The normal form of a document, as far as it can be read; mistakes are on the desk's pile."""
    normal = read_object(desk, value, (), TOP, required=("spec", "name", "states"), what="a chart")
    return {"spec": SPEC, "name": "", "version": VERSION, "states": {}, **normal}


def _spec(desk: Desk, value: Any, path: Path) -> Any:
    if value == SPEC:
        return SPEC
    return desk.wrong(path, f"{show(value)} is a format nobody here reads.", f"Write {SPEC}.")


def _states(desk: Desk, value: Any, path: Path) -> Any:
    if not isinstance(value, dict):
        return desk.wrong(path, f"{show(value)} is no mapping.", "Write `state: {...}` pairs.")
    if not value and path == ("states",):
        return desk.wrong(path, "a chart needs a state.", "Add one: `states: {here: {}}`.")
    normal: dict[str, Any] = {}
    for name, state in value.items():
        place = (*path, name)
        if len(desk.paths) >= MAX_STATES:
            desk.wrong(
                path, f"there are more than {MAX_STATES:,} states.", "Make two charts of it."
            )
            return normal
        if not is_state_id(name):
            desk.wrong(place, f"{show(name)} is no state id.", ID_CURE)
        if name in desk.paths:
            other = ".".join(str(part) for part in desk.paths[name])
            cure = f"Ids are unique in the whole chart, and {other} has it; rename one."
            desk.wrong(place, f"there are two states {name!r}.", cure)
            continue
        desk.paths[name] = place
        normal[name] = read_object(
            desk, {} if state is None else state, place, STATE, what="a state"
        )
    return normal


def _history(desk: Desk, value: Any, path: Path) -> Any:
    if value in ("shallow", "deep"):
        return value
    cure = "Write shallow (the child it was in) or deep (all the way down)."
    return desk.wrong(path, f"{show(value)} is no kind of history.", cure)


def _order(desk: Desk, value: Any, path: Path) -> Any:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return value
    return desk.wrong(path, f"{show(value)} is no list of state ids.", "Write [one, another].")


def _assign(desk: Desk, value: Any, path: Path) -> Any:
    if not isinstance(value, dict):
        return desk.wrong(path, f"{show(value)} is no mapping.", "Write `field: expression`.")
    normal = {}
    for name, item in value.items():
        if not name:
            desk.wrong(path, "a field of the data needs a name.", "Write `field: expression`.")
        read = formula(desk, item, (*path, name))
        if read is not SKIP:
            normal[name] = read
    return normal or SKIP


def _many(keys: dict[str, Any], what: str, required: tuple[str, ...] = ()) -> Any:
    """A reader of a list of such mappings, or of one; the normal form is the list."""

    def read(desk: Desk, value: Any, path: Path) -> Any:
        return [
            read_object(
                desk,
                item,
                (*path, n) if isinstance(value, list) else path,
                keys,
                required=required,
                what=what,
            )
            for n, item in enumerate(one_or_more(value))
        ] or SKIP

    return read


def _outcome(desk: Desk, value: Any, path: Path) -> Any:
    read = _many(ARROW, "a transition")(desk, value, path)
    return read if read is SKIP else single(read)


def _meta(desk: Desk, value: Any, path: Path) -> Any:
    read = json_object(desk, value, path)
    for key in ("title", "notes"):
        if read is not SKIP and key in read:
            text(desk, read[key], (*path, key))
    return read


ARROW = {
    "to": state_ids,
    "when": guard,
    "assign": _assign,
    "do": effects,
    "internal": flag,
}
TRANSITION = {"on": listened, **ARROW}
AFTER = {"delay": duration, **ARROW}
CHECK = {"on": listened, "when": guard, "reason": text}
STATE = {
    "meta": _meta,
    "final": flag,
    "history": _history,
    "default": state_ids,
    "parallel": flag,
    "order": _order,
    "initial": state_ids,
    "on_enter": effects,
    "enter": effects,
    "exit": effects,
    "transitions": _many(TRANSITION, "a transition"),
    "after": _many(AFTER, "an `after`", ("delay",)),
    "on_success": _outcome,
    "on_error": _outcome,
    "validate": _many(CHECK, "a check", ("when", "reason")),
    "states": _states,
}
TOP = {
    "spec": _spec,
    "name": short_text,
    "version": short_text,
    "title": text,
    "notes": text,
    "data": json_object,
    "events": payloads,
    "parallel": flag,
    "order": _order,
    "initial": state_ids,
    "states": _states,
    "hooks": hooks_reader(_assign),
    "components": uses,
    "layout": json_object,
}


def tidy(spec: dict[str, Any], keys: dict[str, Any]) -> None:
    """Put the keys of a state into their usual order, in place."""
    ordered = {key: spec[key] for key in keys if key in spec}
    spec.clear()
    spec.update(ordered)
