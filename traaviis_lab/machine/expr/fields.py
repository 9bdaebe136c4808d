"""Closures that read: `data.x`, `event.x`, deeper fields, `has()` and `[ ]`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from .source import Source, shorten, suggest
from .values import kind, show, to_key
from .work import ACTIVE, Evaluate


def data_field(source: Source, key: str) -> Evaluate:
    """`data.key`, the commonest expression of all."""

    def read(data: Any, event: Any, active: Any) -> Any:
        try:
            return data[key]
        except KeyError:
            raise no_field(source, data, key, "data") from None

    return read


def event_field(source: Source, key: str) -> Evaluate:
    """`event.key`."""

    def read(data: Any, event: Any, active: Any) -> Any:
        try:
            return event.data[key]
        except KeyError:
            raise no_field(source, event.data, key, "event") from None

    return read


def field(source: Source, operand: Evaluate, key: str, what: str) -> Evaluate:
    """`operand.key`, where `what` is the text of the operand."""

    def read(data: Any, event: Any, active: Any) -> Any:
        value = operand(data, event, active)
        try:
            return value[key]
        except (KeyError, TypeError, IndexError, AttributeError):
            raise no_field(source, value, key, what) from None

    return read


def has_field(source: Source, operand: Evaluate, key: str, what: str) -> Evaluate:
    """`has(operand.key)`."""

    def test(data: Any, event: Any, active: Any) -> bool:
        value = operand(data, event, active)
        if type(value) is dict or isinstance(value, Mapping):
            return key in value
        raise no_field(source, value, key, what)

    return test


def no_field(source: Source, value: Any, key: str, what: str) -> Exception:
    """The error of a field that is not there, or is asked of what has none."""
    if kind(value) != "map":
        return source.fail(f"{what} is {show(value)} and has no field {key!r}.")
    return source.fail(f"There is no field {key!r} in {what}.", _near(source, key, value))


def _near(source: Source, key: str, container: Mapping[Any, Any]) -> str:
    """The name that was probably meant, or those there are."""
    if source.brief:
        return ""
    names = [name for name in islice(container, 100) if isinstance(name, str) and len(name) < 100]
    listed = f"Fields there: {shorten(', '.join(names[:20]), 200)}." if names else ""
    return suggest(key, names) or listed


def index(source: Source, container: Any, key: Any) -> Any:
    """`container[key]`."""
    what = kind(container)
    if what == "map":
        name = to_key(key)
        if name is None:
            raise source.fail(f"{show(key)} cannot be the key of a map.")
        try:
            return container[name]
        except KeyError:
            hint = _near(source, key, container) if isinstance(key, str) else ""
            raise source.fail(f"There is no key {show(key)} in {show(container)}.", hint) from None
    if what != "list":
        raise source.fail(f"[ ] cannot be used on {show(container)}; it needs a list or a map.")
    place = _place(key)
    if place is None:
        raise source.fail(f"The index of a list cannot be {show(key)}.")
    if 0 <= place < len(container):
        return container[place]
    raise source.fail(f"There is no item {place} in a list of {len(container)}; the first is 0.")


def _place(key: Any) -> int | None:
    what = kind(key)
    if what in ("int", "uint"):
        return int(key)
    if what == "double" and abs(key) < 2.0**63 and key == int(key):
        return int(key)
    return None


def indexed(source: Source, operand: Evaluate, key: Evaluate) -> Evaluate:
    """`operand[key]`."""

    def read(data: Any, event: Any, active: Any) -> Any:
        container = operand(data, event, active)
        place = key(data, event, active)
        if type(place) is int and type(container) is list and 0 <= place < len(container):
            return container[place]
        return index(source, container, place)

    return read


def keyed(source: Source, operand: Evaluate, key: str, what: str) -> Evaluate:
    """`operand["key"]`, where `what` is the text of the operand."""

    def read(data: Any, event: Any, active: Any) -> Any:
        container = operand(data, event, active)
        try:
            return container[key]
        except (KeyError, TypeError, IndexError, AttributeError):
            if kind(container) == "map":
                raise no_field(source, container, key, what) from None
            return index(source, container, key)

    return read


def new_map(source: Source, entries: tuple[tuple[Evaluate, Evaluate], ...]) -> Evaluate:
    """`{key: value}`; a key that stands there twice is an error."""

    def make(data: Any, event: Any, active: Any) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key_of, value_of in entries:
            key = key_of(data, event, active)
            name = to_key(key)
            if name is None or type(key) is float:
                raise source.fail(f"{show(key)} cannot be the key of a map.")
            if name in made:
                raise source.fail(f"The key {show(key)} stands twice in this map.")
            made[name] = value_of(data, event, active)
        return made

    return make


def whole_data(data: Any, event: Any, active: Any) -> Any:
    """`data`."""
    return data


def whole_event(data: Any, event: Any, active: Any) -> Any:
    """`event`: the data of the event."""
    return event.data


def result(data: Any, event: Any, active: Any) -> Any:
    """`result`: what an effect brought home, null when nothing."""
    return event.data.get("result")


def _of_scope(name: str) -> Evaluate:
    """A name that means something only within a composed effect: null elsewhere.

    The event's data carries it, under a key that no field of an event has.
    """
    key = scope_key(name)

    def read(data: Any, event: Any, active: Any) -> Any:
        return event.data.get(key)

    return read


def scope_key(name: str) -> str:
    """Under which key of an event's data `item`, `index` and `error` are handed in."""
    return f" {name}"


def state(data: Any, event: Any, active: Any) -> list[str]:
    """`state`: the active states in alphabetical order."""
    return sorted(active)


def state_in_scope(data: Any, event: Any, scope: Any) -> list[str]:
    """`state` in an expression whose work is counted."""
    return sorted(scope[ACTIVE])


NAMES: Final[Mapping[str, Evaluate]] = {
    "data": whole_data,
    "event": whole_event,
    "result": result,
    "state": state,
    "item": _of_scope("item"),
    "index": _of_scope("index"),
    "error": _of_scope("error"),
}


def variable(slot: int) -> Evaluate:
    """The variable of a macro."""

    def read(data: Any, event: Any, scope: Any) -> Any:
        return scope[slot]

    return read


def constant(value: Any) -> Evaluate:
    """A literal."""

    def read(data: Any, event: Any, active: Any) -> Any:
        return value

    return read
