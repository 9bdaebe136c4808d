"""The JSON bodies of facts, put together from pieces that are encoded once.

`{"data": {...}, "step": {"state": [...], "taken": [...], ...}}`: what came in, and what the
machine made of it. `set` holds the data fields the step changed; where they are larger than
`INLINE` bytes only their CRC-32 is kept (`check`), since a replay computes them again.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import orjson

from traaviis_lab.effects.growing.fills import Kept, filler_of, is_constant
from traaviis_lab.errors import JournalError
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart, Event, Snapshot, Step
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.values import Data

from .large import LARGE, say_once
from .weight import is_heavier

INLINE = 1024
SMALL = 1024
"""Bytes of a result that no part of is worth a reference (`large.py`)."""
MAX_TEXTS = 4096
MAX_CHANGE = 64 * 2**20
MAX_ASKED = 4 * MAX_CHANGE
_SCALARS = frozenset({str, int, float, bool, type(None)})
_ABSENT = object()


def admit(data: Data, where: str = "data") -> tuple[dict[str, Any], bytes]:
    """Data from outside as the engine keeps it: JSON values nobody else holds, and their text.

    Raises `JournalError` for what is not JSON, with its path.
    """
    if not data:
        return {}, b"{}"
    body = encode(data, where=where)
    for value in data.values():
        if type(value) not in _SCALARS:
            return orjson.loads(body), body
    return dict(data), body


class Texts:
    """What a chart's facts repeat: each set of active states and of transitions, as JSON."""

    __slots__ = ("_order", "_states", "_taken", "chart", "inline", "listens", "timed")

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self._order = {name: node.order for name, node in chart.states.items()}
        self._states: dict[frozenset[str], tuple[str, bytes]] = {}
        self._taken: dict[tuple[str, ...], bytes] = {}
        self.timed = any(node.timers for node in chart.states.values())
        self.inline = _inline(chart)
        _look_over(chart)
        self.listens = frozenset(
            name
            for transition in chart.transitions.values()
            for name in transition.events
            if name.startswith("done.")
        )

    def state(self, active: frozenset[str]) -> tuple[str, bytes]:
        """The leaf states as the journal's `state` column, and all active ones as a JSON list."""
        found = self._states.get(active)
        if found is None:
            if len(self._states) >= MAX_TEXTS:
                self._states.clear()
            ordered = sorted(active, key=self._order.__getitem__)
            found = self._states[active] = (leaf_text(self.chart, active), orjson.dumps(ordered))
        return found

    def taken(self, ids: tuple[str, ...]) -> bytes:
        """Transition ids as a JSON list."""
        found = self._taken.get(ids)
        if found is None:
            if len(self._taken) >= MAX_TEXTS:
                self._taken.clear()
            found = self._taken[ids] = orjson.dumps(ids)
        return found

    def hears(self, name: str) -> bool:
        """Whether some transition listens for this `done.` event, `*` alone not counted."""
        if name in self.listens:
            return True
        return any(p.endswith(".*") and name.startswith(p[:-1]) for p in self.listens)


def _look_over(chart: Chart) -> None:
    """Know which of a chart's effects are the same each time, so that they are written once."""
    states = chart.states.values()
    asked = [(*node.on_enter, *node.enter, *node.exit) for node in states]
    asked += [transition.do for transition in chart.transitions.values()]
    for effect in chain.from_iterable(asked):
        if not effect.composed:
            filler_of(effect)


def _inline(chart: Chart) -> int:
    """How large the changes of a step may be to be written out: `INLINE`, or what a state's meta
    says under `inline`. Charts whose events say the same anyway ask for less."""
    asked = (node.meta.get("inline") for node in chart.states.values())
    return min((size for size in asked if type(size) is int), default=INLINE)


def leaf_text(chart: Chart, active: frozenset[str]) -> str:
    """The active leaves in document order, joined by commas."""
    states = chart.states
    leaves = [
        name for name in states if name in active and active.isdisjoint(states[name].children)
    ]
    return ",".join(leaves)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields that `after` has and `before` has not, or has otherwise."""
    if before is after:
        return None
    new = {
        key: value
        for key, value in after.items()
        if (old := before.get(key, _ABSENT)) is not value and old != value
    }
    return new or None


def changes_text(fields: Mapping[str, Any]) -> bytes:
    """Changed fields as JSON, by name. Raises `JournalError` for what is not JSON, or too much."""
    if is_heavier(fields.values(), MAX_CHANGE):
        raise _too_much(f"more than {MAX_CHANGE:,} bytes of data", fields)
    text = encode({name: fields[name] for name in sorted(fields)} if len(fields) > 1 else fields)
    if len(text) > MAX_CHANGE:
        raise _too_much(f"{len(text):,} bytes of data", fields)
    return text


def _too_much(what: str, fields: Mapping[str, Any]) -> JournalError:
    return JournalError(
        f"One step changed {what} ({', '.join(sorted(fields))}); "
        f"at most {MAX_CHANGE:,} bytes are taken.",
        hint="Look for an assignment that makes its own field larger each time.",
    )


def step_body(texts: Texts, before: Data, step: Step) -> bytes:
    """What a step did, as JSON."""
    active, taken = step.snapshot.active, step.taken
    parts = [b'{"state":', texts.state(active)[1], b',"taken":', texts.taken(taken)]
    new = changed(before, step.snapshot.data)
    if new is not None:
        text = changes_text(new)
        if len(text) <= texts.inline:
            parts += (b',"set":', text)
        else:
            parts.append(b',"check":"%08x"' % zlib.crc32(text))
    if step.effects:
        parts.append(_effects_text(step.effects, step.snapshot.data))
    if step.raised:
        raised = [{"name": e.name, "data": e.data} for e in step.raised]
        if is_heavier(raised, MAX_ASKED):
            raise JournalError(
                f"One step raised events of more than {MAX_ASKED:,} bytes.",
                hint="Look for an event that carries what it was raised by.",
            )
        parts += (b',"raised":', encode(raised, where="raised"))
    parts.append(b"}")
    return b"".join(parts)


def _effects_text(effects: Sequence[Effect], data: Data) -> bytes:
    """The effects a step asked for, as fields of its JSON; what the data says is not repeated."""
    known = [spec_text(effect) for effect in effects]
    if None not in known:
        return b',"effects":[' + b",".join(known) + b"]"  # type: ignore[arg-type]
    specs = [effect.to_spec() for effect in effects]
    if is_heavier(specs, MAX_ASKED):
        raise JournalError(
            f"One step asked for effects of more than {MAX_ASKED:,} bytes "
            f"({', '.join(sorted({effect.kind for effect in effects}))}).",
            hint="Hand on what they need and not the whole of it.",
        )
    text = encode(specs, where="effects")
    if len(text) <= LARGE:
        return b',"effects":' + text
    return b"," + encode(say_once({"effects": specs}, data), where="effects")[1:-1]


def lean_body(body: Mapping[str, Any], data: Data, where: str = "body") -> bytes:
    """The body of an effect's fact as JSON; a large one says once what it says (`large.py`).

    `data` is the run's as the fact finds it.
    """
    text = encode(body, where=where)
    return text if len(text) <= LARGE else encode(say_once(body, data), where=where)


def spec_text(effect: Effect) -> bytes | None:
    """An effect's spec as JSON, made once; None where it may be another each time."""
    found: bytes | None = _SPECS.known(effect)
    if found is None and is_constant(effect):
        found = _SPECS.of(effect)
    return found


_SPECS = Kept(lambda effect: encode(effect.to_spec(), where=effect.kind))


def started_text(path: str, owner: str, effect: Effect) -> bytes | None:
    """The body of `effect.started`, for an effect that is the same each time it is asked for."""
    spec: bytes | None = _SPECS.known(effect) or spec_text(effect)
    if spec is None:
        return None
    return started_with(path, owner, spec)


def started_with(path: str, owner: str, spec: bytes) -> bytes:
    """The same, where the effect is JSON already."""
    return b'{"path":"%b","owner":"%b","effect":%b}' % (path.encode(), owner.encode(), spec)


def completed_text(path: str, owner: str, result: bytes) -> bytes:
    """The body of `effect.completed`, for a result that is JSON already and less than `SMALL`."""
    return b'{"path":"%b","owner":"%b","result":%b}' % (path.encode(), owner.encode(), result)


def came_in(kind: str, name: str, body: Mapping[str, Any]) -> Event | None:
    """The event of a fact that moved the machine; None if the fact moved nothing.

    `run.started` moved it too, but by being entered: it has no event.
    """
    if "step" not in body or kind == "run.started":
        return None
    if kind == "event":
        return Event(name, body["data"])
    return Event("", {}, body["patch"])


def started_body(chart: Chart, data: bytes, step: bytes, extra: bytes = b"") -> bytes:
    """The body of `run.started`."""
    head = orjson.dumps({"machine": chart.name, "version": chart.version, "chart": chart.hash})
    return head[:-1] + b',"data":' + data + b',"step":' + step + extra + b"}"


def keep_body(snapshot: Snapshot, timers: Mapping[str, int], more: Mapping[str, Any]) -> bytes:
    """A run's whole state as a kept snapshot."""
    return encode(
        {
            "active": sorted(snapshot.active),
            "data": snapshot.data,
            "history": {k: list(v) for k, v in snapshot.history.items()},
            "done": snapshot.done,
            "timers": dict(timers),
            **more,
        },
        where="snapshot",
    )


def kept_snapshot(body: Mapping[str, Any]) -> Snapshot:
    """The snapshot in a kept body."""
    return Snapshot(
        frozenset(body["active"]),
        body["data"],
        {k: tuple(v) for k, v in body["history"].items()},
        body["done"],
    )
