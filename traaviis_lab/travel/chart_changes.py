"""What of a chart is otherwise in another version of it: by state and by transition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Spec = Mapping[str, Any]
_ARROWS = ("transitions", "after", "on_success", "on_error")
_INSIDE = {*_ARROWS, "states", "meta"}
_BESIDE = {"spec", "name", "version", "title", "notes", "meta"}
_SHOWN = 60


class Change(NamedTuple):
    """A state or transition that differs: its id, whose state it is, and how it differs."""

    place: str
    state: str
    text: str


def chart_changes(old: Spec, new: Spec) -> list[Change]:
    """What differs between two specs in normal form and can matter to a run, in document order.

    The chart itself has the place and state `""`. Titles, notes and layout are left out. An arrow
    that only moved up or down in its state's list is no change.
    """
    before, after = _states(old), _states(new)
    found = list(_fields("", before.pop(""), after.pop("")))
    for state in dict.fromkeys((*after, *before)):
        if state not in after:
            found.append(Change(state, state, f"state {state} is gone"))
        elif state not in before:
            found.append(Change(state, state, f"state {state} is new"))
        else:
            found += _fields(state, before[state], after[state])
            found += _arrows(state, before[state], after[state])
    return found


def _states(spec: Spec) -> dict[str, Spec]:
    """Every state's own spec by id; the chart's under ""."""
    found: dict[str, Spec] = {"": {k: v for k, v in spec.items() if k not in _BESIDE}}
    waiting = list(spec.get("states", {}).items())
    while waiting:
        name, own = waiting.pop(0)
        found[name] = own
        waiting = [*own.get("states", {}).items(), *waiting]
    return found


def _fields(state: str, old: Spec, new: Spec) -> Iterator[Change]:
    name = f"state {state}" if state else "the chart"
    was, now = ({k: v for k, v in side.items() if k not in _INSIDE} for side in (old, new))
    for text in _otherwise(name, was, now):
        yield Change(state, state, text)


def _otherwise(name: str, old: Spec, new: Spec, inside: str = "") -> Iterator[str]:
    """A sentence per field that differs, the innermost one named."""
    for key in dict.fromkeys((*new, *old)):
        was, now, field = old.get(key), new.get(key), f"{inside}{key}"
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from _otherwise(name, was, now, f"{field}.")
        elif was != now:
            yield f"`{field}` of {name} {_was(was, now)}"


def _arrows(state: str, old: Spec, new: Spec) -> Iterator[Change]:
    before, after = _listed(old), _listed(new)
    gone = {n: arrow for n, arrow in enumerate(before) if arrow not in after}
    come = {n: arrow for n, arrow in enumerate(after) if arrow not in before}
    for n in sorted({*gone, *come}):
        place = f"{state}#{n}"
        if n not in come:
            yield Change(place, state, f"transition {place} ({_said(gone[n])}) is gone")
        elif n not in gone:
            yield Change(place, state, f"transition {place} ({_said(come[n])}) is new")
        else:
            for text in _otherwise(place, gone[n], come[n]):
                yield Change(place, state, text)


def _listed(own: Spec) -> list[Spec]:
    """A state's arrows as they are numbered."""
    found: list[Spec] = []
    for key in _ARROWS:
        listed = own.get(key, [])
        found += listed if isinstance(listed, list) else [listed]
    return found


def _was(old: Any, new: Any) -> str:
    if old is None:
        return f"is new: {_said(new)}"
    return f"is gone; it was {_said(old)}" if new is None else f"is {_said(new)}, was {_said(old)}"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        value = ", ".join(f"{key}: {_said(item)}" for key, item in value.items())
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
